"""Do the approval rules answer as their cases say?"""

from __future__ import annotations

from typing import Any

from cases import Green, Red, keeps_quiet, rows, tells
from world import World, world

APPROVALS = "policies/approvals.yaml"
CASE = "policies/cases/two-yes.yaml"
MORE = "policies/cases/more.yaml"
ASKS = "      - {role: board, count: 1}\n"
HOLDS = """\
  - id: hold
    because: the world says so
    when: {changes: [lifts-hold]}
    require: [{role: legal, count: 1}]
"""
LIFTED = """\
about: A hold is lifted by legal.
now: "2026-11-22T12:00:00Z"
change:
  by: [ann]
  edited: [docs/guide.md]
  meanings: [{kind: lifts-hold, path: docs/guide.md}]
opinions: [{by: lea}]
expect: {standing: APPROVED, rules: {hold: APPROVED}, skipped: [policy-change]}
"""
PLAIN = """\
about: Words for people.
now: "2026-11-22T12:00:00Z"
change: {by: [ann], edited: [docs/guide.md]}
expect: {standing: APPROVED, skipped: [hold]}
"""
UNSAID = """\
about: Nobody has said anything.
now: "2026-11-22T12:00:00Z"
change: {by: [ann], edited: [policies/gates.yaml]}
expect: {standing: MISSING, open: {policy-change: [board, legal]}}
"""


def added(w: World) -> World:
    """One rule more."""
    return w.put(APPROVALS, w.text(APPROVALS) + HOLDS)


def expected(route: tuple[str, ...], value: Any) -> Any:
    return lambda w: w.set(CASE, ("expect", *route), value)


RED = {
    "approvals/cases": {
        "a rule asks for somebody else": Red(
            lambda w: w.edit(APPROVALS, ASKS, "      - {role: mlops, count: 1}\n"),
            (CASE, "standing: APPROVED", "expected APPROVED, the answer is MISSING"),
            (CASE, "policy-change", "expected policy-change to be APPROVED, it is MISSING"),
            only=True,
        ),
        "a rule asks for less than the case shows": Red(
            lambda w: expected(("open",), {"policy-change": ["board"]})(
                expected(("standing",), "MISSING")(
                    expected(("rules",), {})(w.drop(CASE, "opinions", 1))
                )
            ).edit(APPROVALS, ASKS, ""),
            (CASE, "MISSING", "expected MISSING, the answer is APPROVED"),
            (CASE, "policy-change", "to wait for board; it waits for nobody"),
            only=True,
        ),
        "who said yes left the role": Red(
            lambda w: w.edit(
                "policies/roles.yaml",
                '{person: boris, function: risk, valid_from: "2026-01-01"}',
                '{person: boris, function: risk, valid_from: "2026-01-01", '
                'valid_until: "2026-11-21"}',
            ),
            (CASE, "standing: APPROVED", "the answer is MISSING"),
            (CASE, "policy-change", "it is MISSING"),
            only=True,
        ),
        "a rule that applies though it must not": Red(
            lambda w: expected(("skipped",), ["policy-change"])(expected(("rules",), {})(w)),
            (CASE, "policy-change", "policy-change must not apply, but does"),
        ),
        "a rule that does not apply though it must": Red(
            expected(("rules", "otherwise"), "APPROVED"),
            (CASE, "otherwise", "expected otherwise to apply, but it does not"),
        ),
        "a rule that is not there": Red(
            expected(("rules", "policy-chnage"), "APPROVED"),
            (CASE, "policy-chnage", "has no rule policy-chnage"),
        ),
        "a rule that is not there, skipped": Red(
            expected(("skipped",), ["no-such-rule"]),
            (CASE, "no-such-rule", "has no rule no-such-rule"),
        ),
        "a branch that is not governed": Red(
            lambda w: w.set(CASE, ("change", "branch"), "side"),
            (CASE, "branch: side", "side is no governed branch"),
        ),
        "a rule that no case shows": Red(
            added, (APPROVALS, "id: hold", "no case in policies/cases shows what hold demands")
        ),
        "a rule that one case only skips": Red(
            lambda w: added(w).put(MORE, PLAIN),
            (APPROVALS, "id: hold", "no case in policies/cases shows what hold demands"),
        ),
    },
}  # fmt: skip

GREEN = {
    "approvals/cases": {
        "a rule that a case shows": Green(lambda w: added(w).put(MORE, LIFTED)),
        "seats that are open, in any order": Green(lambda w: w.put(MORE, UNSAID)),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_no_case_is_nothing_to_judge() -> None:
    (result,) = (
        world().remove(CASE, "policies/cases/landing.yaml").judge(["approvals/cases"]).results
    )
    assert (result.verdict, result.reason) == ("not applicable", "policies/cases holds no case")


def test_a_case_that_does_not_load_hides_no_other() -> None:
    changed = added(world()).put(MORE, LIFTED.replace("about:", "abuot:"))
    changed.set(CASE, ("expect", "standing"), "MISSING")
    (result,) = changed.judge(["approvals/cases"]).results
    (found,) = result.findings
    assert found.at.path == CASE
    assert found.problem == "expected MISSING, the answer is APPROVED"


def test_a_broken_policy_is_waited_for() -> None:
    (result,) = world().edit(APPROVALS, "rules:", "rulse:").judge(["approvals/cases"]).results
    assert result.waits


def test_the_notes_say_why() -> None:
    changed = world().edit(APPROVALS, ASKS, "      - {role: mlops, count: 1}\n")
    (result,) = changed.judge(["approvals/cases"]).results
    assert result.findings[0].notes == (
        "policy-change: legal is filled by lea",
        "policy-change: mlops 0 of 1",
        "policy-change: ignored boris (holds no seat here)",
    )
