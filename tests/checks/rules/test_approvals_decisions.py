"""Decisions whose votes nobody signed, and those that stand."""

from __future__ import annotations

import signing
from cases import Green, Red, Table, keeps_quiet, rows, tells
from proposed import Proposed
from world import World, world

D, A = "records/decisions/d-1.yaml", "records/approvals/a-1.yaml"
MODEL, SEEN = "model:credit@1.0.0", f"sha256:{'a' * 64}"


def said(by: str, role: str = "board", **more: str) -> str:
    """The record of one person's word on the decided version."""
    subject, seen = more.pop("subject", MODEL), more.pop("of", SEEN)
    return signing.record("a-1", by, role, subject, seen, **more)


def instead(by: str, role: str = "board", **more: str) -> Red:
    """A world in which this stands where the vote's signature stood."""
    told = (D, "votes", f"nobody can prove the yes of boris on {MODEL} at aaaaaaaaaaaa: ")
    words = more.pop("words")
    return Red(lambda w: w.put(A, said(by, role, **more)), (*told[:2], told[2] + words))


def voted(w: World, outcome: str, **votes: str) -> World:
    return w.set(D, ("votes",), votes).set(D, ("decision",), outcome)


LEFT = "2026-11-21"

RED: Table = {
    "approvals/decisions": {
        "nobody signed": Red(lambda w: w.remove(A), (D, "votes", "yes of boris")),
        "signed by another": instead("rita", words="no record"),
        "signed with another's key": instead(
            "boris", key="rita", words="the signature is by no key of theirs"
        ),
        "signed for another purpose": instead(
            "boris", namespace="git", words="the signature is by no key of theirs"
        ),
        "signed no": instead("boris", said="reject", words="signed no"),
        "withdrawn": instead("boris", said="withdraw", words="withdrawn"),
        "signed in no role of a board": instead("lea", "legal", words="no record"),
        "signed another digest": instead(
            "boris", of=f"sha256:{'0' * 64}", words="saw 000000000000, decided on is aaaaaaaaaaaa"
        ),
        "signed another version": instead("boris", subject="model:credit@1.0.1", words="no record"),
        "signed afterwards": instead(
            "boris", at="2026-11-20T08:30:00Z", words="signed after the decision"
        ),
        "signed for another repository": instead(
            "boris", repository="a/fork", words="signed for the repository a/fork"
        ),
        "one vote too many": Red(
            lambda w: voted(w, "approve", boris="yes", rita="yes"),
            (D, "rita", "yes of rita on model:credit@1.0.0 at aaaaaaaaaaaa: no record"),
        ),
        "a tie": Red(
            lambda w: voted(w, "approve", boris="yes", rita="no").put(
                "records/approvals/a-2.yaml", said("rita", said="reject").replace("a-1", "a-2")
            ),
            (D, "decision", "decides to approve with 1 yes and 1 no"),
        ),
        "nobody but abstainers": Red(
            lambda w: voted(w, "approve", boris="abstain"), (D, "decision", "with 0 yes and 0 no")
        ),
        "no reason": Red(
            lambda w: w.set(D, ("rationale",), "..."), (D, "rationale", "says nothing")
        ),
        "keys the change brings itself": Red(
            lambda w: w.put(A, said("boris", key="lea")).edit(
                "policies/roles.yaml", signing.public("boris"), signing.public("lea")
            ),
            (D, "votes", "the signature is by no key of theirs"),
            base=lambda w: w.remove(A, D),
            proposal=Proposed(),
            only=True,
        ),
    },
}
GREEN = {
    "approvals/decisions": {
        "none": Green(lambda w: w.remove(D)),
        "rejected": Green(
            lambda w: voted(w.put(A, said("boris", said="reject")), "reject", boris="no")
        ),
        "deferred": Green(lambda w: voted(w, "defer", boris="yes", rita="abstain")),
    },
}


@rows(RED)
def test_a_violation_is_told_where_it_is(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_what_is_in_order_is_not_told(rule: str, case: Green) -> None:  # noqa: ARG001
    keeps_quiet(case)


def member(**days: str) -> World:
    """Boris sits on the board on some days only."""
    (day, value), *_ = days.items()
    return world().set("policies/roles.yaml", ("roles", "board", "members", 0, day), value)


def test_a_vote_stays_when_its_member_leaves() -> None:
    assert not member(valid_until=LEFT).judge(["approvals/decisions"]).findings


def test_who_joins_later_had_no_vote() -> None:
    judgement = member(valid_from=LEFT).judge(["approvals/decisions"])
    assert [finding.at.path for _, finding in judgement.findings] == [D]
