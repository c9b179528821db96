"""Verifying a pack of evidence with nothing but public keys: no network and no repository."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from adapters import attest as machines
from adapters import container
from adapters.container import Damaged
from adapters.reading import Reading
from adapters.tree import Entry, Tree
from governance import jsontext, registration
from governance.approvals import Approvals
from governance.catalogue import Law
from governance.finding import Blocked, CouldNotJudge
from governance.pack import INDEX, Index
from governance.registry import Registry
from governance.roles import Roles
from governance.version import Version
from pipelines import verify_claims as claims
from pipelines.verify_claims import Case, Report


class _Pack(Tree):
    """The files of a pack as a tree, with the law they are judged by in its place."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.name, self.commit, self.files = "pack", None, files

    def entries(self) -> Mapping[str, Entry]:
        return {path: Entry("file", len(data)) for path, data in sorted(self.files.items())}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            yield path, self.files[path]


def verify(
    data: bytes, now: datetime, *, law: Path | None = None, model: Path | None = None
) -> Report:
    """Everything that is wrong with a pack.

    Args:
        data: its bytes.
        now: the moment of verifying; statements from after it do not count.
        law: `roles.yaml`, or a folder with policies, to judge by instead of those in the pack.
        model: a model's folder that should hold the registered bytes.

    Raises:
        CouldNotJudge: the law given cannot be read, or ssh-keygen is missing.
    """
    report = Report()
    try:
        files = container.read(data)
    except Damaged as damaged:
        for name, problem in damaged.problems:
            report.tell(name, problem)
        return report
    report.index = _index(files, report)
    if report.index is None:
        return report
    _listed(files, report.index, report)
    case = _case(files, report.index, _given(law), report)
    if case is None:
        return report
    if law is None:
        note = "people and keys are those of the pack itself: name those you trust with --keys"
        report.notes.append(note)
    statements = machines.verified(case.own, Law(case.own), now)
    report.findings += statements.problems
    claims.entry(case, report)
    said = claims.spoken(case, now)
    claims.approved(case, said, report)
    claims.reviews(case, statements, said, report)
    claims.derived(case, statements, report)
    if model is not None:
        claims.folder(case, model, report)
    return report


def _index(files: Mapping[str, bytes], report: Report) -> Index | None:
    try:
        jsontext.load(files[INDEX])
        index = Index.model_validate_json(files[INDEX], strict=True)
    except KeyError:
        report.tell(INDEX, "is missing: this is no pack of evidence")
        return None
    except (jsontext.Ambiguous, ValidationError):
        report.tell(INDEX, "cannot be read as the index of a pack")
        return None
    if index.seal != index.sealed():
        report.tell(INDEX, "its seal does not hold: it was changed after packing")
    return index


def _listed(files: Mapping[str, bytes], index: Index, report: Report) -> None:
    before = len(report.findings)
    for name in sorted(files.keys() | index.files.keys()):
        packed = index.files.get(name)
        if name == INDEX:
            continue
        if name not in files:
            report.tell(name, "is listed, and missing")
        elif packed is None:
            report.tell(name, "is not listed in the index")
        elif hashlib.sha256(files[name]).hexdigest() != packed.sha256:
            report.tell(name, "holds other bytes than were packed")
    if len(report.findings) == before:
        report.lines.append(f"files: {len(index.files)}, each as the index lists it")


def _given(law: Path | None) -> dict[str, bytes]:
    """Policies to judge by, by their place in a repository.

    Raises:
        CouldNotJudge: there are none.
    """
    if law is None:
        return {}
    names = ("roles.yaml", "approvals.yaml", "registry.yaml") if law.is_dir() else (law.name,)
    folder = law if law.is_dir() else law.parent
    found = {f"policies/{n}": (folder / n).read_bytes() for n in names if (folder / n).is_file()}
    if "policies/roles.yaml" not in found and law.is_dir():
        msg = f"{law} holds no roles.yaml\n  fix: name that file, or the folder of the policies"
        raise CouldNotJudge(msg)
    if not law.is_dir():
        return {"policies/roles.yaml": law.read_bytes()}
    return found


def _case(
    files: Mapping[str, bytes], index: Index, given: Mapping[str, bytes], report: Report
) -> Case | None:
    for path, data in given.items():
        if files.get(path) != data:
            report.notes.append(f"{path} of the pack differs from yours; judged by yours")
    reading = Reading(_Pack({**files, **given}))
    report.findings += reading.refused
    own = reading.declarations
    path = registration.entry_path(index.model, index.version)
    version = next((v.value for v in own.all(Version) if v.path == path), None)
    if version is None:
        report.tell(path, "the version's entry is missing or does not load")
        return None
    try:
        return Case(
            files, index, own, version, path, own.one(Roles, "roles").value,
            own.one(Approvals, "approvals").value, own.one(Registry, "registry").value,
        )  # fmt: skip
    except Blocked as blocked:
        report.tell(str(blocked), "does not load: there is no law to judge by")
        return None
