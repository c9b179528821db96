"""Whether a version may go into the bucket: its reviews, the approvals, what the board decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from governance import catalogue, digest, reviewed, subject
from governance.confirmation import Confirmation
from governance.decision import SignedOpinions, unbacked
from governance.declaration import Declared
from governance.effect import EffectKind
from governance.evidence import Metadata, of_model
from governance.records import Attestation, Decision
from governance.replayed import lacks
from pipelines import inputs
from pipelines.approve import Matter, spoken
from pipelines.attest import said
from pipelines.confirmed import Base, standing
from pipelines.registry_entry import Entry, policy

REGISTERS: Final[frozenset[EffectKind]] = frozenset({"registers-version"})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a version stands with those who let it in.

    `digest` is what people approve it by; `lacking` says what is missing, with how to get it;
    `undecided` are reviews the board has to decide on.
    """

    digest: str
    lacking: tuple[str, ...]
    undecided: tuple[str, ...]
    approval: Confirmation

    @property
    def approved(self) -> bool:
        """Whether nothing is missing."""
        return not self.lacking


def standing_of(root: Path, law: Base, entry: Entry, now: datetime) -> Standing:
    """How a version stands, by the records of the work tree and the law of the governed branch.

    Raises:
        CouldNotJudge: the law, a record or a signature cannot be read.
    """
    version, seen = entry.value, subject_digest(root, entry)
    approval = standing(root, entry.name, seen, now, by=(version.registered_by,), kinds=REGISTERS)
    settled = decided(root, law, entry.name, seen, now)
    claims = said(root, now, law)
    found = list(reviewed.doubts(version, claims, envelopes(root), settled=settled))
    lines = [f"{doubt.problem}\n  fix: {doubt.fix}" for doubt in found]
    asked = "replay" in policy(law).demands
    lines += [
        f"{problem}\n  fix: charter replay {version.model}"
        for problem, _ in lacks(version.digest, claims, demanded=asked)
    ]
    if not approval.satisfied:
        words = "; ".join(approval.lacking)
        lines.append(
            "\n".join([
                f"{entry.name} at {digest.short(seen)} is not approved: {words}",
                *(f"  ignored: {ignored}" for ignored in approval.ignored),
                f"  fix: {approval.fix}",
            ])
        )  # fmt: skip
    undecided = tuple(doubt.problem for doubt in found if doubt.undecided)
    return Standing(seen, tuple(lines), undecided, approval)


def subject_digest(root: Path, entry: Entry) -> str:
    """The digest people approve a version by, as `charter approvals` computes it."""
    model = entry.value.model
    current = None
    if (root / of_model(model, "metadata")).is_file():
        current = inputs.read(of_model(model, "metadata"), Metadata, root).training_hash
    found = {
        path: digest.of_bytes((root / path).read_bytes())
        for path in (of_model(model, stem) for stem in entry.value.evidence)
        if (root / path).is_file()
    }
    return subject.of_version(entry.value, entry.digest, current, found)


def envelopes(root: Path) -> dict[str, str]:
    """Digest of the envelope in each attestation record of the work tree, by path."""
    return {
        record.path: digest.of_bytes(record.value.envelope.encode())
        for record in _records(root, "attestations")
        if isinstance(record.value, Attestation)
    }


def decided(root: Path, law: Base, name: str, seen: str, now: datetime) -> bool:
    """Whether the newest decision about these very bytes approves, by votes that were signed."""
    about = [
        found.value
        for found in _records(root, "decisions")
        if isinstance(found.value, Decision)
        and (found.value.subject, found.value.digest) == (name, seen)
    ]
    if not reviewed.settled(name, seen, about):
        return False
    newest = max(about, key=lambda decision: decision.at)
    matter = Matter(name, seen, law.commit, "", law.roles, law.policy, law.settled)
    signed = SignedOpinions(spoken(root, matter, now), law.roles)
    return newest.at <= now and not any(unbacked(newest, signed))


def _records(root: Path, kind: str) -> list[Declared[object]]:
    found = []
    for file in sorted((root / "records" / kind).glob("*.yaml")):
        path = f"records/{kind}/{file.name}"
        if file.is_symlink() or catalogue.kind_of(path) is None:
            continue
        value, _, _ = catalogue.read(path, file.read_bytes())
        if value is not None:
            found.append(Declared(path, value))
    return found
