"""Every version of every dataset and model that Git remembers, whichever branch it is on.

`datasets.dvc` names what was landed, `dvc.lock` what steps made of it. Old ones stand in commits,
so what they name can be asked for again at any time, and has to be found when it is to be erased.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import yaml

from adapters import git
from adapters import history as commits
from adapters.ledger import Objects
from adapters.store.place import Place
from governance.evidence import ROOT
from governance.pipeline import DATA

VersionKind = Literal["landed", "prepared", "model", "other"]
_FILES: Final = ("datasets.dvc", "dvc.lock")
_ENTRY: Final = re.compile(
    rb"^ *(?:- )?path: ([^\s'\"]+)\n(?: +hash: md5\n)? +md5: ([0-9a-f]{32}(?:\.dir)?)$",
    re.MULTILINE,
)
"""An entry as DVC writes it."""
_MD5: Final = re.compile(rb"\b[0-9a-f]{32}(?![0-9a-f])(?:\.dir)?")
_HOMES: Final[tuple[tuple[VersionKind, re.Pattern[str]], ...]] = (
    ("landed", re.compile(rf"{DATA}/([^/]+)")),
    ("prepared", re.compile(rf"{ROOT}/datasets/([^/]+)/prepared")),
    ("model", re.compile(rf"{ROOT}/models/([^/]+)/model")),
)


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """What DVC keeps under one name: a dataset as landed or prepared, a model, another output.

    `name` is the dataset or model, for others the path. `commit` is the oldest one that says so;
    none where only the work tree or the index does.
    """

    name: str
    kind: VersionKind
    md5: str
    commit: str | None


class Seen(NamedTuple):
    """A file in a commit: its path, the id of its bytes, the commit that brought them."""

    path: str
    id: str
    commit: str


def everywhere(root: Path, *paths: str) -> list[Seen]:
    """Every version of some files in any commit of any ref, stash or reflog, newest first.

    Args:
        root: the repository.
        paths: pathspecs.

    Raises:
        CouldNotJudge: the clone is shallow or partial, so versions may be missing.
    """
    commits.refuse_partial(root)
    listing = git.run(
        root, "log", "--all", "--reflog", "--full-history", "-m", "--root", "--raw", "-z",
        "--no-abbrev", "--no-renames", "--no-show-signature", "--no-notes", "--format=%H", "--",
        *paths,
    )  # fmt: skip
    found = []
    parts = iter(listing.split(b"\0"))
    commit = ""
    for raw in parts:
        part = raw.lstrip(b"\n")
        if part.startswith(b":"):
            fields, path = part.decode("ascii").split(), os.fsdecode(next(parts))
            if fields[1].startswith("100"):
                found.append(Seen(path, fields[3], commit))
        elif part:
            commit = part.decode("ascii")
    return found


def texts(root: Path, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The bytes of Git objects in the order asked for, each once."""
    wanted = list(ids)
    with Objects(root) as objects:
        for oid, data in objects.each(wanted, frozenset(wanted)):
            yield oid, data or b""


def history(root: Path) -> tuple[DatasetVersion, ...]:
    """Every version that a commit, the index or the work tree names, each once.

    Raises:
        CouldNotJudge: the clone is shallow or partial.
    """
    oldest: dict[str, str] = {}
    for seen in reversed(everywhere(root, *_FILES)):
        oldest.setdefault(seen.id, seen.commit)
    staged = [
        line.split()[1].decode()
        for line in git.run(root, "ls-files", "--stage", "-z", "--", *_FILES).split(b"\0")
        if line
    ]
    named: dict[tuple[str, str], str | None] = {}
    for oid, text in texts(root, [*oldest, *staged]):
        for pair in entries(text):
            named.setdefault(pair, oldest.get(oid))
    for path in _FILES:
        with contextlib.suppress(FileNotFoundError):
            for pair in entries((root / path).read_bytes()):
                named.setdefault(pair, None)
    return tuple(
        DatasetVersion(*home(path), md5=md5, commit=commit)
        for (path, md5), commit in sorted(named.items())
    )


def current(root: Path) -> tuple[DatasetVersion, ...]:
    """What the current commit names; before the first one, what the work tree does."""
    commit = git.head(root)
    found: set[tuple[str, str]] = set()
    if commit is None:
        for path in _FILES:
            with contextlib.suppress(FileNotFoundError):
                found |= set(entries((root / path).read_bytes()))
    else:
        tree = git.Revision(root, commit)
        for _, text in tree.read_many([path for path in _FILES if path in tree.entries()]):
            found |= set(entries(text))
    return tuple(DatasetVersion(*home(path), md5, commit) for path, md5 in sorted(found))


def home(path: str) -> tuple[str, VersionKind]:
    """Whose bytes lie at a path, and what they are."""
    for kind, pattern in _HOMES:
        if match := pattern.fullmatch(path):
            return match[1], kind
    return path, "other"


def entries(text: bytes) -> Iterator[tuple[str, str]]:
    """Path and MD5 of everything a pointer or a lock names.

    The form DVC writes is found by its pattern, for a history holds thousands of locks; a text in
    which that misses an MD5 is parsed. One that does not parse still names its MD5 sums.
    """
    found = {(os.fsdecode(path), md5.decode()) for path, md5 in _ENTRY.findall(text)}
    loose = {word.decode() for word in _MD5.findall(text)} - {md5 for _, md5 in found}
    if loose:
        try:
            found |= set(_walked(yaml.load(text, yaml.CSafeLoader)))
        except (yaml.YAMLError, RecursionError, ValueError):
            found |= {("?", md5) for md5 in loose}
    yield from sorted(found)


def _walked(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        path, md5 = value.get("path"), str(value.get("md5"))
        if isinstance(path, str) and _MD5.fullmatch(md5.encode()):
            yield path, md5
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _walked(part)


def files(md5: str, places: Sequence[Place]) -> dict[str, str] | None:
    """MD5 by path of the files in a folder DVC keeps; none when its list is nowhere.

    A list whose bytes do not fit its name is passed over: who corrupted it could hide files.
    """
    for place in places:
        try:
            data = b"".join(place.blocks(md5))
        except FileNotFoundError:
            continue
        name = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if name != md5.removesuffix(".dir"):
            continue
        with contextlib.suppress(ValueError, TypeError, KeyError):
            return {entry["relpath"]: entry["md5"] for entry in json.loads(data)}
    return None


class Use(NamedTuple):
    """Who names an object: a version of a dataset or model, and the path inside."""

    kind: VersionKind
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every object that some version names, and the versions whose list of files is nowhere."""

    uses: dict[str, set[Use]] = field(default_factory=dict)
    unlisted: list[DatasetVersion] = field(default_factory=list)


def inventory(versions: Iterable[DatasetVersion], places: Sequence[Place]) -> Inventory:
    """Objects by MD5, with who names them; a folder's own list has the empty path."""
    found = Inventory()
    for version in versions:
        found.uses.setdefault(version.md5, set()).add(Use(version.kind, version.name, ""))
        if not version.md5.endswith(".dir"):
            continue
        listed = files(version.md5, places)
        if listed is None:
            found.unlisted.append(version)
        for path, md5 in (listed or {}).items():
            found.uses.setdefault(md5, set()).add(Use(version.kind, version.name, path))
    return found
