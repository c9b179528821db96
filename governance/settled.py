"""Questions that data leave open, and the recorded decisions that settle them."""

from __future__ import annotations

from collections.abc import Iterable

from governance.decision import SignedOpinions, carried, unbacked
from governance.declaration import Declared
from governance.evidence import Metadata, of_model
from governance.facts import Evidence, Subjects
from governance.records import Decision
from governance.version import Version


def settles(
    decisions: Iterable[Declared[Decision]], signed: SignedOpinions, subject: str, digest: str
) -> Declared[Decision] | None:
    """The decision that lets a subject through as it stands, or None.

    The newest word on a subject holds: it has to approve exactly this digest, with more yes than
    no, and every vote has to be signed.
    """
    about = [found for found in decisions if found.value.subject == subject]
    newest = max(about, key=lambda found: (found.value.at, found.path), default=None)
    if newest is None or newest.value.decision != "approve" or newest.value.digest != digest:
        return None
    decision = newest.value
    return newest if carried(decision.votes) and not any(unbacked(decision, signed)) else None


def by_version(  # noqa: PLR0913 - what is asked about, and the facts that answer
    model: str, versions: Iterable[Declared[Version]], decisions: Iterable[Declared[Decision]],
    signed: SignedOpinions, known: Subjects, evidence: Evidence,
) -> Declared[Decision] | None:  # fmt: skip
    """The decision on the version whose evidence lies in the tree now, or None.

    A version of an earlier training, or one whose metrics are not those in the tree, settles
    nothing.
    """
    metadata = evidence.files.get(of_model(model, "metadata"))
    metrics = evidence.digests.get(of_model(model, "metrics"))
    if not isinstance(metadata, Metadata) or metrics is None:
        return None
    for version in versions:
        value = version.value
        if value.model != model or value.training_hash != metadata.training_hash:
            continue
        if value.evidence.get("metrics") != metrics:
            continue
        subject = f"model:{model}@{value.version}"
        if found := settles(decisions, signed, subject, known.digests[subject]):
            return found
    return None
