"""Who must say yes to what: the rules themselves, the records, and one change under them."""

from __future__ import annotations

from typing import Any

import signing
from cases import Green, Red, keeps_quiet, rows, tells
from proposed import Proposed, commit
from world import World, world

APPROVALS = "policies/approvals.yaml"
CASE = "policies/cases/two-yes.yaml"
GATES = "policies/gates.yaml"
RECORD = "records/approvals/a-1.yaml"
WAIVER = "records/waivers/w-1.yaml"
LOANS = f"sha256:{'b' * 64}"


def same(w: World) -> World:
    """The world as it is, for the base."""
    return w


def lowered(w: World) -> World:
    """A threshold is lowered, as the rules for policies ask."""
    w.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").edit(
        GATES, "version: 1.0.0", "version: 1.0.1"
    )
    return w.edit(GATES, 'effective: "2026-11-01"', 'effective: "2026-11-22"')


def approved(*people: tuple[str, str], **more: Any) -> Any:
    """The lowered threshold with signed approvals."""

    def change(w: World) -> World:
        lowered(w)
        for by, role in people:
            w.approve(by, role, **more)
        return w

    return change


def spent(w: World) -> World:
    """A base that holds the approvals of the lowered threshold, as after a merge and its revert."""
    seen = lowered(world()).tally().change.digest
    return w.approve("lea", "legal", of=seen).approve("boris", "board", of=seen)


RED = {
    "approvals/required": {
        "nobody said yes": Red(
            lowered,
            (GATES, "id: gates", "policy-change is MISSING: legal 0 of 1; board 0 of 1"),
            base=same, proposal=Proposed(),
        ),
        "one of two said yes": Red(
            approved(("lea", "legal")),
            (GATES, "id: gates", "policy-change is MISSING: board 0 of 1"),
            base=same, proposal=Proposed(),
        ),
        "the author said yes": Red(
            approved(("lea", "legal"), ("boris", "board")),
            (GATES, "id: gates", "policy-change is SOD-VIOLATION: board 0 of 1"),
            base=same, proposal=Proposed(written=(commit("boris"),)),
        ),
        "somebody objects": Red(
            lambda w: approved(("lea", "legal"), ("boris", "board"))(w).approve(
                "rita", "board", said="reject", because="too low"
            ),
            (GATES, "id: gates", "policy-change is REJECTED: rita objects: too low"),
            base=same, proposal=Proposed(),
        ),
        "yes to other bytes": Red(
            approved(("lea", "legal"), ("boris", "board"), of=LOANS),
            (GATES, "id: gates", "policy-change is STALE"),
            base=same, proposal=Proposed(),
        ),
        "what was reverted is proposed again": Red(
            lambda w: lowered(spent(w)),
            (GATES, "id: gates", "policy-change is MISSING: legal 0 of 1; board 0 of 1"),
            base=spent, proposal=Proposed(),
        ),
        "yes in another role": Red(
            approved(("lea", "board"), ("boris", "board")),
            (GATES, "id: gates", "policy-change is MISSING: legal 0 of 1"),
            base=same, proposal=Proposed(),
        ),
        "a path no rule speaks of": Red(
            lambda w: w.put("notes.txt", "hello\n"),
            ("notes.txt", "hello", "otherwise is MISSING: mlops 0 of 1"),
            base=same, proposal=Proposed(),
        ),
    },
    "approvals/satisfiable": {
        "B07 more seats than people": Red(
            lambda w: w.set(APPROVALS, ("rules", 0, "require", 0, "count"), 3),
            (APPROVALS, "require:", "policy-change can never be met: too few people for legal"),
            only=True,
        ),
        "the only holder writes the change": Red(
            lambda w: w.set(APPROVALS, ("otherwise", 0, "role"), "privacy-office"),
            (APPROVALS, "otherwise:", "for privacy-office when priya wrote the change"),
            only=True,
        ),
        "one person for two seats": Red(
            lambda w: w.set(
                APPROVALS, ("otherwise",), [{"role": "privacy-office", "count": 1}] * 2
            ),
            (APPROVALS, "otherwise:", "otherwise can never be met"),
            only=True,
        ),
        "a way out nobody can take": Red(
            lambda w: w.set(
                APPROVALS, ("break_glass",),
                {"require": [{"role": "privacy-office", "count": 2}], "due_within": "P3D"},
            ),
            (APPROVALS, "require:", "break_glass can never be met"),
        ),
    },
    "approvals/reach": {
        "B09 a mistyped path": Red(
            lambda w: w.edit(APPROVALS, "paths: [policies/**]", "paths: [policy/**]"),
            (APPROVALS, "policy/**", "policy/** matches none of"),
            only=True,
        ),
        "B06 the judges are freed": Red(
            lambda w: w.edit(APPROVALS, "paths: [docs/**]", 'paths: ["checks/**"]').put(
                "checks/engine.py", "# judges\n"
            ),
            (APPROVALS, "checks/**", "checks/** frees nothing"),
            only=True,
        ),
    },
    "approvals/records": {
        "B28 a file written by hand": Red(
            lambda w: w.set(RECORD, ("statement",), '{"by": "boris"}'),
            (RECORD, "statement", "its statement cannot be read"),
            only=True,
        ),
        "another moment than was signed": Red(
            lambda w: w.set(RECORD, ("at",), "2026-11-21T08:00:00Z"),
            (RECORD, "at:", "another moment than the one that was signed"),
            only=True,
        ),
        "one statement in two records": Red(
            lambda w: w.put(
                "records/approvals/a-2.yaml", w.text(RECORD).replace("id: a-1", "id: a-2")
            ),
            ("records/approvals/a-2.yaml", "statement", f"holds the statement of {RECORD}"),
        ),
        "an objection is taken out again": Red(
            approved(("lea", "legal"), ("boris", "board")),
            ("records/approvals/no.yaml", "", "a later one took it out"),
            base=same,
            proposal=Proposed(
                gone=(
                    (
                        "records/approvals/no.yaml",
                        signing.record(
                            "no", "mina", "mlops", "change", LOANS, said="reject"
                        ).encode(),
                    ),
                )
            ),
        ),
    },
    "approvals/cases": {
        "a rule asks for less than its case": Red(
            lambda w: w.edit(
                APPROVALS, "      - {role: legal, count: 1}\n", "      - {role: mlops, count: 1}\n"
            ),
            (CASE, "expect", "expected APPROVED, the answer is MISSING"),
            (CASE, "expect", "expected policy-change to be APPROVED, it is MISSING"),
            only=True,
        ),
    },
    "approvals/waivers": {
        "B11 an exception for good": Red(
            lambda w: w.set(WAIVER, ("until",), "9999-12-31"),
            (WAIVER, "until", "longer than P90D allows"),
        ),
        "B11 given on a day to come": Red(
            lambda w: w.set(WAIVER, ("at",), "9998-12-31T00:00:00Z").set(
                WAIVER, ("until",), "9999-01-31"
            ),
            (WAIVER, "at:", "still to come"),
        ),
    },
}  # fmt: skip

GREEN = {
    "approvals/required": {
        "both said yes": Green(
            approved(("lea", "legal"), ("boris", "board")), base=same, proposal=Proposed()
        ),
        "words for people": Green(
            lambda w: w.put("docs/more.md", "More.\n"), base=same, proposal=Proposed()
        ),
        "nothing is touched": Green(same, base=same, proposal=Proposed()),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_what_is_in_order_is_quiet(rule: str, case: Green) -> None:
    keeps_quiet(case)
    assert rule
    assert world()
