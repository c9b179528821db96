"""Facts that stand in the judged tree: declarations, DVC files, evidence, schemas."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from adapters import files
from adapters.parses import Parses, language
from adapters.reading import Reading
from adapters.tree import Tree
from checks.situation import Situation
from governance import catalogue, digest, document, evidence, jsontext, pipeline, schema
from governance.catalogue import Declarations, Law
from governance.facts import (
    Change,
    Contents,
    DataBytes,
    Evidence,
    Files,
    Locked,
    Now,
    Pipeline,
    Published,
    Refusals,
    Sections,
)
from governance.finding import Finding, Place
from governance.index import Index

_LOCK_BYTES = 64 << 20


def reading(situation: Situation) -> Reading:
    """Declarations of the judged tree with their refusals, read once for both facts below."""
    return Reading(situation.tree, situation.parses)


def declarations(read: Reading) -> Declarations:
    """Declarations of the judged tree."""
    return read.declarations


def refusals(read: Reading) -> Refusals:
    """What the loader refused in the judged tree."""
    return Refusals(tuple(read.refused))


def law(situation: Situation, own: Declarations) -> Law:
    """Policies of the base when one was named, else those of the tree itself."""
    if situation.base is None:
        return Law(own)
    found = replace(Reading(situation.base, None).declarations, of_base=True)
    return Law(found, situation.base.commit)


def change(situation: Situation, law: Law) -> Change | None:
    """What stood at the base."""
    base = situation.base
    if base is None:
        return None
    return Change(law.declarations, base.name, _digests(base), _digests(situation.tree))


def _digests(tree: Tree) -> dict[str, str]:
    paths = [
        path
        for path, entry in tree.entries().items()
        if catalogue.is_declaration(path) and entry.mode in {"file", "executable"}
    ]
    return {path: hashlib.sha256(data).hexdigest() for path, data in tree.read_many(paths)}


def now(situation: Situation) -> Now:
    """The clock, read once by the shell."""
    return Now(situation.now)


def listing(situation: Situation) -> Files:
    """Every file of the judged tree."""
    return Files({path: entry.mode for path, entry in situation.tree.entries().items()})


def dvc(situation: Situation) -> Pipeline:
    """DVC's files as they stand in the judged tree."""
    tree = situation.tree
    problems: list[Finding] = []
    parsed: dict[str, dict[str, Any]] = {}
    for path, tool in (("dvc.yaml", False), ("dvc.lock", True), ("datasets.dvc", False)):
        parsed[path] = {}
        if path not in tree.entries():
            continue
        loaded, findings = document.load(
            path, tree.read(path), max_bytes=_LOCK_BYTES if tool else document.MAX_BYTES, tool=tool
        )
        problems += findings
        if loaded is not None and isinstance(loaded.value, dict):
            parsed[path] = loaded.value
        elif loaded is not None:
            problems.append(
                Finding(Place(path, line=1), "not a mapping of keys", "restore the file")
            )
    steps = parsed["dvc.yaml"].get("stages")
    variables = parsed["dvc.yaml"].get("vars")
    locked = parsed["dvc.lock"].get("stages")
    return Pipeline(
        steps=steps if isinstance(steps, dict) else {},
        variables=tuple(variables) if isinstance(variables, list) else (),
        others=tuple(sorted(parsed["dvc.yaml"].keys() - {"stages", "vars"})),
        lock=locked if isinstance(locked, dict) else {},
        pointer=parsed["datasets.dvc"],
        config=_config(tree, problems),
        ignore=_ignored(tree),
        problems=tuple(problems),
    )


def _config(tree: Tree, problems: list[Finding]) -> dict[str, dict[str, str]]:
    """Sections of DVC's settings, in the one spelling that every reader takes alike."""
    path = ".dvc/config"
    if path not in tree.entries():
        return {}
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    lines = tree.read(path).decode(errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        head, setting = _SECTION.fullmatch(line), _SETTING.fullmatch(line)
        if head and head["name"] not in found:
            section = found.setdefault(head["name"], {})
        elif setting and found and setting["key"] not in section:
            section[setting["key"]] = setting["value"]
        elif line.strip() and not line.startswith("#"):
            fix = "write [section] at the margin and `key = value` below it, each once"
            problem = "a line that programs may read differently"
            problems.append(Finding(Place(path, line=number), problem, fix))
    return found


_SECTION = re.compile(r"\[(?P<mark>'?)(?P<name>[a-z]+|remote \"[a-z0-9_-]+\")(?P=mark)\]")
_SETTING = re.compile(r"[ \t]*(?P<key>[a-z_]+) = (?P<value>[^\s'\"#\[][^'\"#]*)")


def _ignored(tree: Tree) -> tuple[tuple[int, str], ...]:
    if ".dvcignore" not in tree.entries():
        return ()
    lines = tree.read(".dvcignore").decode(errors="replace").splitlines()
    return tuple(
        (number, line.strip())
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def contents(situation: Situation) -> Contents:
    """Digests of the Git-kept files the pipeline depends on or writes."""
    tree = situation.tree
    wanted = [
        path
        for path, entry in tree.entries().items()
        if entry.mode in {"file", "executable"}
        and (path.startswith((f"{evidence.ROOT}/", "records/landings/")) or path in _CODE)
    ]
    sha256, md5 = {}, {}
    for path, data in tree.read_many(wanted):
        sha256[path] = hashlib.sha256(data).hexdigest()
        md5[path] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    return Contents(sha256, md5)


_CODE = frozenset(pipeline.code_files())


def sections(situation: Situation, read: Reading) -> Sections:
    """Plain values of the files that the stages of the index take parameters from."""
    tree = situation.tree
    listed = [found.value.model_dump() for found in read.declarations.all(Index)]
    wanted = {
        file
        for index in listed
        for stage in pipeline.stages(index["datasets"], index["models"])
        for file, _ in stage.params
    }
    documents = {path: json.loads(read.texts[path]) for path in wanted & read.texts.keys()}
    refused = [
        path
        for path in sorted(wanted - documents.keys())
        if path in tree.entries() and tree.entries()[path].mode in {"file", "executable"}
    ]
    for path, data in tree.read_many(refused):
        loaded, _ = document.load(path, data)
        if loaded is not None and isinstance(loaded.value, dict):
            documents[path] = loaded.value
    return Sections(documents)


def data_bytes(situation: Situation) -> DataBytes:
    """Digests of the data files that lie in the work tree."""
    folder = situation.root / pipeline.DATA
    if situation.tree.commit is not None or not situation.read_data or not folder.is_dir():
        return DataBytes({})
    return DataBytes(
        {
            path.name: files.digests(path)
            for path in sorted(folder.iterdir())
            if path.is_dir() and not path.is_symlink()
        }
    )


def evidence_files(situation: Situation) -> Evidence:
    """Evidence read strictly and held against its JSON Schema."""
    tree = situation.tree
    paths = [
        path
        for path, entry in tree.entries().items()
        if evidence.kind_of(path) and entry.mode in {"file", "executable"}
    ]
    found, digests, problems = {}, {}, []
    if "dvc.lock" in tree.entries():
        digests["dvc.lock"] = digest.of_bytes(tree.read("dvc.lock"))
    for path, data in tree.read_many(sorted(paths)):
        kind = evidence.kind_of(path)
        digests[path] = digest.of_bytes(data)
        try:
            value = jsontext.load(data)
        except jsontext.Ambiguous as error:
            problems.append(Finding(Place(path, line=1), str(error), "run the step again"))
            continue
        wrong = list(schema.mismatches(path, kind, value)) if kind else []
        if kind and not wrong:
            try:
                found[path] = kind.model_validate_json(data, strict=True)
            except ValidationError as error:  # 1.0 for a count, a moment that is none
                wrong = list(_refused(path, error))
        problems += wrong
    return Evidence(found, digests, tuple(problems))


def _refused(path: str, error: ValidationError) -> Iterator[Finding]:
    for problem in error.errors(include_url=False):
        place = Place(path, problem["loc"])
        words = f"{place.pointer}: {problem['msg'].lower()}"
        yield Finding(place, words, "run the step that writes it again: `charter retrain`")


def published(situation: Situation) -> Published:
    """The schemas of the tree beside those the kinds describe."""
    tree = situation.tree
    paths = [path for path in tree.entries() if path.startswith("schemas/")]
    expected = _expected(situation) if paths else {}
    return Published(dict(tree.read_many(paths)), expected)


def _expected(situation: Situation) -> Mapping[str, bytes]:
    """The schemas as the kinds describe them, kept beside the parses: they take long to make."""
    parses = situation.parses
    if parses is None or parses.path is None:
        return schema.published()
    kept = Parses(parses.path.with_name("schemas"))
    key = kept.key(language())
    text = kept.get(key)
    if text is None:
        text = json.dumps({path: data.decode() for path, data in schema.published().items()})
        kept.put(key, text)
        kept.save()
    return {path: data.encode() for path, data in json.loads(text).items()}


def locked(situation: Situation) -> Locked:
    """Versions in the runtime lock."""
    path = "locks/runtime.txt"
    if path not in situation.tree.entries():
        return Locked({})
    text = situation.tree.read(path).decode(errors="replace")
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*([^\\\n]*))?", text, re.MULTILINE)
    versions: dict[str, str] = {}
    for name, version, marker in pins:
        known = versions.get(name)
        versions[name] = f"{known}|{version}" if known and marker else version
    return Locked(versions)
