"""A recorded vote is worth what its member signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from world import world

from adapters.reading import Reading
from governance.changeset import Opinion
from governance.decision import SignedOpinions, carried, unbacked
from governance.records import Decision
from governance.roles import Roles

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEEN = f"sha256:{'a' * 64}"
BORIS = Opinion(
    source="records/approvals/x.yaml", at=AT - timedelta(days=1), person="boris", who="boris",
    said="approve", subject="model:credit@1.0.0", digest=SEEN, role="board", rationale="it helps",
)  # fmt: skip
DECIDED = Decision.model_validate(
    {
        "id": "d", "at": AT, "subject": "model:credit@1.0.0", "digest": SEEN,
        "decision": "approve", "rationale": "it helps", "votes": {"boris": "yes"},
    }
)  # fmt: skip


def signed(*opinions: Opinion) -> SignedOpinions:
    roles = Reading(world()).declarations.one(Roles, "roles").value
    return SignedOpinions(opinions, roles)


def found(decision: Decision, *opinions: Opinion) -> list[tuple[str, str]]:
    return list(unbacked(decision, signed(*opinions)))


def test_a_signed_vote_stands():
    assert found(DECIDED, BORIS) == []


UNBACKED = {
    "no record": ((), "no record"),
    "a no": ((replace(BORIS, said="reject"),), "signed no"),
    "another digest": ((replace(BORIS, digest=f"sha256:{'0' * 64}"),), "saw 000000000000, decided"),
    "bytes unknown": ((replace(BORIS, digest=None),), "saw other bytes"),
    "another subject": ((replace(BORIS, subject="model:credit@1.0.1"),), "no record"),
    "another person": ((replace(BORIS, person="rita", who="rita"),), "no record"),
    "another role": ((replace(BORIS, role="legal"),), "signed as legal, not as a member"),
    "a bad signature": ((replace(BORIS, invalid="by no key of theirs"),), "by no key of theirs"),
    "a bot": ((replace(BORIS, bot=True),), "a bot"),
    "before the time": ((replace(BORIS, at=AT.replace(year=2025)),), "signed as board, not as a"),
    "after the decision": ((replace(BORIS, at=AT + timedelta(hours=1)),), "signed after the dec"),
    "an emergency": ((replace(BORIS, said="break-glass"),), "no record"),
    "withdrawn": ((BORIS, replace(BORIS, said="withdraw", at=AT)), "withdrawn"),
    "withdrawn at once": ((replace(BORIS, said="withdraw"), BORIS), "withdrawn"),
}


@pytest.mark.parametrize(("opinions", "instead"), UNBACKED.values(), ids=UNBACKED)
def test_a_vote_without_its_signature_is_told(opinions, instead):
    ((person, words),) = found(DECIDED, *opinions)
    assert person == "boris"
    assert words.startswith(instead)


def test_withdrawing_later_does_not_undo_a_decision():
    later = replace(BORIS, said="withdraw", at=AT + timedelta(days=1))
    assert found(DECIDED, BORIS, later) == []


def test_approvals_in_two_roles_stand_side_by_side():
    assert found(DECIDED, BORIS, replace(BORIS, role="legal", at=AT)) == []


def test_abstaining_needs_no_signature():
    votes = {"boris": "yes", "rita": "abstain"}
    assert found(DECIDED.model_copy(update={"votes": votes}), BORIS) == []


def test_a_no_is_proved_by_an_objection():
    decided = DECIDED.model_copy(update={"votes": {"boris": "no"}, "decision": "reject"})
    assert found(decided, replace(BORIS, said="reject")) == []
    assert found(decided, BORIS) == [("boris", "signed yes")]


@pytest.mark.parametrize(
    ("votes", "answer"),
    [
        ({"a": "yes"}, True),
        ({"a": "abstain"}, False),
        ({"a": "yes", "b": "abstain"}, True),
        ({"a": "yes", "b": "no"}, False),
        ({"a": "yes", "b": "yes", "c": "no"}, True),
    ],
)
def test_a_majority(votes, answer):
    assert carried(votes) is answer


def test_every_reason_is_told():
    twice = (replace(BORIS, invalid="by no key of theirs"), replace(BORIS, said="withdraw"))
    assert found(DECIDED, *twice) == [("boris", "by no key of theirs; withdrawn")]
