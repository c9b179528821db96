"""Packing: all that speaks for a registered version, in one file that can be checked offline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters import container, git, versions
from adapters.git import Revision
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import catalogue, digest, jsontext, subject
from governance.attestation import Attestations
from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.evidence import ROOT, SNAPSHOTS, of_dataset, of_model
from governance.model import Model
from governance.opinions import statement_of
from governance.pack import FORMAT, INDEX, Index
from governance.records import Approval, Attestation, Decision, Incident, Landing
from governance.reviewed import configured, newest
from governance.version import Version
from pipelines import registry_entry
from pipelines.attest import said
from pipelines.confirmed import Base, base
from pipelines.inputs import Refused
from pipelines.pack_made import made, publics
from pipelines.registry_entry import Entry

POLICIES: Final = (
    "roles", "approvals", "gates", "registry", "release", "reviews", "monitoring", "privacy",
    "retention", "approved_tools",
)  # fmt: skip
"""Policies of the governed branch that are packed, roles with their public keys among them."""
_DATA: Final = ("validation", "preparation", "privacy", "bias")


@dataclass(frozen=True, slots=True)
class _Found:
    """Where everything is looked for."""

    root: Path
    law: Base
    entry: Entry
    own: Declarations
    statements: Attestations

    @property
    def version(self) -> Version:
        return self.entry.value


def pack(root: Path, model: str, version: str, now: datetime) -> tuple[Index, bytes]:
    """The pack of a version: its index, and the bytes of the file; the same ones every time.

    Args:
        root: top of the repository.
        model: the model.
        version: its version.
        now: the moment of packing; statements from after it do not count.

    Raises:
        Refused: there is no such version, or evidence it names is nowhere in Git.
        CouldNotJudge: the law does not load.
    """
    law = base(root)
    entry = registry_entry.entry(root, law, model, version)
    own = Reading(Worktree(root)).declarations
    what = _Found(root, law, entry, own, said(root, now, law))
    files = dict(_files(what))
    known = publics(law.roles, registry_entry.policy(law))
    files |= dict(made(files, entry.value, what.statements, known))
    return _indexed(what, files)


def _indexed(what: _Found, files: dict[str, bytes]) -> tuple[Index, bytes]:
    value: dict[str, Any] = {
        "format": FORMAT,
        "model": what.version.model,
        "version": what.version.version,
        "digest": what.version.digest,
        "subject": what.entry.name,
        "subject_digest": subject.of_version(what.version, what.entry.digest, None, {}),
        "law": _law(what),
        "as_of": f"{_as_of(what):%Y-%m-%dT%H:%M:%SZ}",
        "files": {
            name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in sorted(files.items())
        },
        "seal": f"sha256:{'0' * 64}",
    }
    blank = Index.model_validate_json(json.dumps(value), strict=True)
    index = blank.model_copy(update={"seal": blank.sealed()})
    text = jsontext.dump(index.model_dump(mode="json"))
    return index, container.write({INDEX: text, **files})


def _law(what: _Found) -> str:
    """The commit of the governed branch in which the policies became what they are."""
    return git.run(
        what.root, "log", "-1", "--format=%H", what.law.commit, "--", ":(top,literal)policies"
    ).decode().strip()  # fmt: skip


def _as_of(what: _Found) -> datetime:
    """The last moment at which a person spoke about the version: approvals must stand then."""
    moments = [what.version.registered_at]
    moments += [record.value.at for record in _approvals(what)]
    moments += [d.value.at for d in _decisions(what)]
    return max(moment.astimezone(UTC) for moment in moments)


def _files(what: _Found) -> Iterator[tuple[str, bytes]]:
    """Everything that is packed as it stands in the repository.

    Raises:
        Refused: evidence the entry names is nowhere.
    """
    version, root = what.version, what.root
    there = Revision(root, what.law.commit)
    dataset = _model(what).dataset
    wanted = {kind.only_path for kind in catalogue.KINDS if kind.name in POLICIES}
    wanted.add(f"policies/datasets/{dataset}.yaml")
    yield from there.read_many(sorted(path for path in there.entries() if path in wanted))
    yield what.entry.path, _bytes(what, what.entry.path)
    sums = {of_model(version.model, stem): seen for stem, seen in version.evidence.items()}
    sums |= {
        path: seen
        for one in newest(what.statements, version.model, version.digest).values()
        for path, seen in configured(one.predicate).items()
        if path.startswith((f"models/{version.model}/", f"{ROOT}/")) and path not in sums
    }
    yield from _named(root, sums)
    declared = f"models/{version.model}/model.yaml"
    if declared not in sums:  # no review that counts says which declaration it saw
        yield declared, _bytes(what, declared)
    for stem in _DATA:
        path = of_dataset(dataset, stem)
        if path not in sums and _of_dataset(root / path, version.dataset_digest):
            yield path, (root / path).read_bytes()
    for file in sorted((root / SNAPSHOTS / version.model).glob("*.json")):
        yield file.relative_to(root).as_posix(), file.read_bytes()
    for path in sorted({record.path for record in _records(what, dataset)}):
        yield path, _bytes(what, path)


def _bytes(what: _Found, path: str) -> bytes:
    here = what.root / path
    if here.is_file() and not here.is_symlink():
        return here.read_bytes()
    return Revision(what.root, what.law.commit).read(path)


def _model(what: _Found) -> Model:
    name = what.version.model
    both = (what.own, what.law.declarations)
    found = [m.value for side in both for m in side.all(Model) if m.value.name == name]
    if not found:
        msg = f"models/{name}/model.yaml is missing or does not load"
        raise Refused(f"{msg}\n  fix: see `charter check`")
    return found[0]


def _named(root: Path, sums: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Files by path and digest, from the work tree or any commit that ever held them."""
    open_ = dict(sums)
    for path, seen in sums.items():
        file = root / path
        if file.is_file() and digest.of_bytes(data := file.read_bytes()) == seen:
            del open_[path]
            yield path, data
    if not open_:
        return
    known = versions.everywhere(root, *(f":(top,literal){path}" for path in open_))
    texts = dict(versions.texts(root, dict.fromkeys(found.id for found in known)))
    for found in known:
        data = texts[found.id]
        if open_.get(found.path) == digest.of_bytes(data):
            del open_[found.path]
            yield found.path, data
    if open_:
        raise Refused(*(
            f"{path}: the bytes {digest.short(seen)} are in no commit of this clone\n"
            "  fix: commit the evidence, or fetch the branch that holds it"
            for path, seen in open_.items()
        ))  # fmt: skip


def _of_dataset(path: Path, seen: str) -> bool:
    try:
        value = jsontext.load(path.read_bytes())
    except (FileNotFoundError, jsontext.Ambiguous):
        return False
    return isinstance(value, dict) and value.get("dataset_digest") == seen


def _approvals(what: _Found) -> list[Declared[Approval]]:
    return [
        record
        for record in what.own.all(Approval)
        if (found := statement_of(record).statement) and found.about == what.entry.name
    ]


def _decisions(what: _Found) -> list[Declared[Decision]]:
    return [d for d in what.own.all(Decision) if d.value.subject == what.entry.name]


def _records(what: _Found, dataset: str) -> Iterator[Declared[Any]]:
    """Records that speak of the version, its bytes, its model's incidents or its data."""
    version = what.version
    yield from _approvals(what)
    yield from _decisions(what)
    yield from (i for i in what.own.all(Incident) if i.value.model == version.model)
    yield from (i for i in what.own.all(Landing) if i.value.dataset == dataset)
    named = {found.record for found in version.reviews.values()}
    about = {one.path for one in what.statements.valid if version.digest in one.subjects.values()}
    yield from (a for a in what.own.all(Attestation) if a.path in named | about)
