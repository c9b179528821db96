"""What a pack claims about its version, each held against the rest of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters import keys, modelfile
from adapters.opinions import made_with
from governance import digest, opinions, registration, reviewed, subject
from governance.approvals import Approvals
from governance.attestation import Attestations
from governance.catalogue import Declarations
from governance.changeset import Opinion
from governance.confirmation import confirmation
from governance.decision import SignedOpinions, unbacked
from governance.effect import EffectKind
from governance.evidence import of_model
from governance.finding import Finding, Place
from governance.pack import CARD, INDEX, Index
from governance.records import Approval, Attestation, Decision
from governance.registry import Registry
from governance.roles import Roles
from governance.version import Version
from pipelines.inputs import Refused
from pipelines.pack_made import made, publics

_REGISTERS: Final[frozenset[EffectKind]] = frozenset({"registers-version"})
_ASK: Final = "ask for the pack again, and find out who changed it"


@dataclass(slots=True)
class Report:
    """What was found in a pack; `lines` say what was checked and holds."""

    index: Index | None = None
    findings: list[Finding] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def tell(self, path: str, problem: str, fix: str = _ASK) -> None:
        """Adds a finding."""
        self.findings.append(Finding(Place(path), problem, fix))


@dataclass(frozen=True, slots=True)
class Case:
    """A pack whose files are whole, with the law it is judged by."""

    files: Mapping[str, bytes]
    index: Index
    own: Declarations
    version: Version
    path: str
    roles: Roles
    policy: Approvals
    registry: Registry


def entry(case: Case, report: Report) -> None:
    """The entry fits the index, its own list of files, and the evidence that is packed."""
    version, index, before = case.version, case.index, len(report.findings)
    if (version.model, version.version, version.digest) != (
        index.model, index.version, index.digest,
    ):  # fmt: skip
        report.tell(INDEX, f"names another model than {case.path}")
    if registration.root(version.files) != version.digest:
        report.tell(case.path, "its files do not make its digest")
    for stem, seen in version.evidence.items():
        path = of_model(version.model, stem)
        if path not in case.files:
            report.tell(path, "the entry names it, and it is missing")
        elif digest.of_bytes(case.files[path]) != seen:
            report.tell(path, f"is not the evidence of {index.subject}")
    if len(report.findings) == before:
        count = len(version.evidence)
        short = digest.short(version.digest)
        report.lines.append(f"entry: model {short}, {count} evidence files as it names them")


def _subject(case: Case) -> str:
    entry = digest.of_bytes(case.files[case.path])
    return subject.of_version(case.version, entry, None, {})


def spoken(case: Case, now: datetime) -> tuple[Opinion, ...]:
    """What people signed about the version; the packed records stood on the branch already."""
    signed = [opinions.statement_of(record) for record in case.own.all(Approval)]
    about = [s for s in signed if s.statement is None or s.statement.about == case.index.subject]
    made_by = made_with(about, case.roles, keys.Verifier().verify_many)
    heard = [
        opinions.recorded(
            item, made_by[item.record.path], roles=case.roles, policy=case.policy,
            branch=item.statement.predicate.branch if item.statement else "", now=now, settled=True,
        )
        for item in about
    ]  # fmt: skip
    return tuple(opinion for opinion in heard if opinion is not None)


def approved(case: Case, said: tuple[Opinion, ...], report: Report) -> None:
    """The people the policy asks said yes to this entry, when the last of them spoke."""
    seen = _subject(case)
    if seen != case.index.subject_digest:
        report.tell(INDEX, "names another digest of the version than its entry has")
    for opinion in said:
        if opinion.invalid is not None:
            report.tell(opinion.source, f"counts for nothing: {opinion.invalid}")
    found = confirmation(
        case.index.subject, seen, said, policy=case.policy, roles=case.roles,
        now=case.index.as_of.astimezone(UTC), by=(case.version.registered_by,), kinds=_REGISTERS,
    )  # fmt: skip
    if not found.satisfied:
        report.tell(case.path, f"is not approved: {'; '.join(found.lacking)}", found.fix)
        return
    people = ", ".join(found.people)
    report.lines.append(f"approvals: {people}, by policies/approvals.yaml {case.policy.version}")


def reviews(
    case: Case, statements: Attestations, said: tuple[Opinion, ...], report: Report
) -> None:
    envelopes = {
        record.path: digest.of_bytes(record.value.envelope.encode())
        for record in case.own.all(Attestation)
    }
    settled = _settled(case, said)
    before = len(report.findings)
    for doubt in reviewed.doubts(case.version, statements, envelopes, settled=settled):
        report.tell(case.path, doubt.problem, doubt.fix)
    if len(report.findings) == before:
        results = {one.path: one.predicate.get("result") for one in statements.valid}
        named = [f"{name} {results[r.record]}" for name, r in case.version.reviews.items()]
        report.lines.append(f"reviews: {', '.join(named)}{'; the board decided' * settled}")
    by = ", ".join(sorted({one.by for one in statements.valid}))
    if statements.valid:
        report.lines.append(f"statements: {len(statements.valid)}, signed by {by}")


def _settled(case: Case, said: tuple[Opinion, ...]) -> bool:
    seen = _subject(case)
    decisions = [d.value for d in case.own.all(Decision)]
    about = [d for d in decisions if (d.subject, d.digest) == (case.index.subject, seen)]
    if not reviewed.settled(case.index.subject, seen, about):
        return False
    last = max(about, key=lambda decision: decision.at)
    return not any(unbacked(last, SignedOpinions(said, case.roles)))


def derived(case: Case, statements: Attestations, report: Report) -> None:
    """Card, bill of materials and model signature are what the other files make them."""
    try:
        known = publics(case.roles, case.registry)
        expected = dict(made(dict(case.files), case.version, statements, known))
    except Refused as refusal:
        report.tell(CARD, f"cannot be held against the evidence: {refusal}")
        return
    wrong = [name for name, data in expected.items() if case.files.get(name) != data]
    for name in wrong:
        report.tell(name, "is not what the evidence beside it makes")
    if not wrong:
        report.lines.append(f"made from them: {', '.join(sorted(expected))}")


def folder(case: Case, model: Path, report: Report) -> None:
    seen, facts = modelfile.digest(model)
    if seen == case.version.digest:
        report.lines.append(f"model: {len(facts)} files, the registered bytes")
        return
    listed = {file.path: file.sha256 for file in case.version.files}
    here = {fact.path: fact.sha256 for fact in facts}
    for path in sorted(listed.keys() | here.keys()):
        if listed.get(path) != here.get(path):
            what = "is missing" if path not in here else "was never registered"
            both = path in here and path in listed
            report.tell(path, "holds other bytes than were registered" if both else what,
                        "fetch the version again: charter registry get")  # fmt: skip
