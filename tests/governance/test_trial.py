"""Cases of approval rules: what a case can say, and that ours notice what is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from world import dump, world

import governance
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import catalogue, trial
from governance.approvals import Approvals, Choice
from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.policy_case import PolicyCase
from governance.roles import Roles
from governance.tally import Standing
from governance.trial import Trial

TOP = Path(governance.__file__).parents[1]
CASE = "policies/cases/a-case.yaml"
APPROVALS = "policies/approvals.yaml"


def case(**more: Any) -> dict[str, Any]:
    """A case that is met: legal and the board approve an edit of a policy."""
    value = {
        "about": "a case",
        "now": "2026-11-22T12:00:00Z",
        "change": {"by": ["ann"], "edited": ["policies/gates.yaml"]},
        "opinions": [{"by": "lea"}, {"by": "boris"}],
        "expect": {"standing": "APPROVED"},
    }
    return value | more


def read(value: dict[str, Any]) -> Declared[PolicyCase]:
    found, _, findings = catalogue.read(CASE, dump(value).encode())
    assert isinstance(found, PolicyCase), findings
    return Declared(CASE, found)


def tried(value: dict[str, Any], *edits: tuple[str, str]) -> Trial:
    """The answer of the world's rules, after edits of their text."""
    new = world()
    for old, text in edits:
        new.edit(APPROVALS, old, text)
    found = Reading(new).declarations
    policy = found.one(Approvals, "approvals").value
    return trial.trial(read(value), policy, found.one(Roles, "roles").value)


def standing(value: dict[str, Any], *edits: tuple[str, str]) -> Standing:
    return tried(value, *edits).tally.standing


def change(**more: Any) -> dict[str, Any]:
    return {"by": ["ann"], "edited": ["policies/gates.yaml"]} | more


ONE = ("lea", "boris")
SPOKEN = {
    "both said yes": (case(), "APPROVED"),
    "one said yes": (case(opinions=[{"by": "lea"}]), "MISSING"),
    "an author said yes": (case(change=change(by=["boris"])), "SOD-VIOLATION"),
    "a co-author said yes": (case(change=change(by=["ann", "boris"])), "SOD-VIOLATION"),
    "a stranger wrote it": (case(change=change(by=["nobody"])), "UNATTRIBUTED"),
    "nothing shows who wrote it": (case(change=change(verified=False)), "MISSING"),
    "a stranger said yes": (case(opinions=[{"by": "nobody"}, {"by": "lea"}]), "MISSING"),
    "for other bytes": (
        case(opinions=[{"by": "lea"}, {"by": "boris", "stale": True}]), "STALE"
    ),
    "with a key that counts for nothing": (
        case(opinions=[{"by": "lea"}, {"by": "boris", "invalid": "the key expired"}]), "INVALID"
    ),
    "taken back": (
        case(opinions=[{"by": "lea"}, {"by": "boris"}, {"by": "boris", "said": "withdraw"}]),
        "MISSING",
    ),
    "taken back before it was said": (
        case(opinions=[{"by": "lea"}, {"by": "boris", "said": "withdraw"}, {"by": "boris"}]),
        "APPROVED",
    ),
    "taken back a day ago": (
        case(opinions=[
            {"by": "lea"}, {"by": "boris"}, {"by": "boris", "said": "withdraw", "days_ago": 1}
        ]),
        "APPROVED",
    ),
    "an objection": (
        case(opinions=[{"by": "lea"}, {"by": "boris"}, {"by": "rita", "said": "reject"}]),
        "REJECTED",
    ),
    "before joining the role": (
        case(opinions=[{"by": "lea"}, {"by": "boris", "days_ago": 400}]), "MISSING"
    ),
    "words for people": (
        case(change={"by": ["ann"], "edited": ["docs/a.md"]}, opinions=[]), "APPROVED"
    ),
    "a path no rule speaks of": (
        case(change={"by": ["ann"], "added": ["a.txt"]}, opinions=[]), "MISSING"
    ),
    "a path that is gone": (
        case(change={"by": ["ann"], "removed": ["policies/gates.yaml"]}), "APPROVED"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("value", "answer"), SPOKEN.values(), ids=SPOKEN)
def test_a_case_says_who_said_what(value: dict[str, Any], answer: str) -> None:
    assert standing(value) == answer


WHEN = "when: {any: [{paths: [policies/**]}, {changes: [changes-policy]}]}"
REQUIRE = "    require:\n      - {role: legal"
LABEL = (WHEN, "when: {labels: [urgent]}")
MOVES = {"kind": "promotes-to-production", "path": "policies/gates.yaml"}
OF = {**MOVES, "subject": "model:credit@1.0.0"}
CONDITIONS = {
    "a label": ((LABEL,), change(labels=["urgent"]), True),
    "another label": ((LABEL,), change(labels=["later"]), False),
    "no label": ((LABEL,), change(labels=[]), False),
    "labels nobody knows": ((LABEL,), change(), True),
    "a meaning that is given": (
        ((WHEN, "when: {changes: [promotes-to-production]}"),), change(meanings=[MOVES]), True
    ),
    "a meaning that is not": (
        ((WHEN, "when: {changes: [promotes-to-production]}"),), change(), False
    ),
    "a meaning that follows from the place": (
        ((WHEN, "when: {changes: [touches-code]}"),), change(edited=["cli/main.py"]), True
    ),
    "a large one": (
        ((WHEN, "when: {size: {lines_above: 99}}"),), change(lines=100), True
    ),
    "a small one": (((WHEN, "when: {size: {lines_above: 99}}"),), change(lines=99), False),
    "an author": (((WHEN, "when: {author_role: [model-owner]}"),), change(), True),
    "another author": (
        ((WHEN, "when: {author_role: [model-owner]}"),), change(by=["lars"]), False
    ),
}  # fmt: skip


@pytest.mark.parametrize(("edits", "what", "applies"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_case_says_what_the_change_is(
    edits: tuple[tuple[str, str], ...], what: dict[str, Any], *, applies: bool
) -> None:
    assert ("policy-change" in tried(case(change=what), *edits).demanded) is applies


def test_approvals_of_a_version_count_for_it_alone() -> None:
    edit = (WHEN, "when: {changes: [promotes-to-production]}")
    value = case(
        change=change(meanings=[OF]),
        opinions=[
            {"by": "lea", "role": "legal", "subject": "model:credit@1.0.0"},
            {"by": "boris", "role": "board", "subject": "model:credit@1.0.0"},
        ],
    )
    assert standing(value, edit) == "APPROVED"
    both = (WHEN, "when: {any: [{paths: [policies/**]}, {changes: [promotes-to-production]}]}")
    assert standing(value, both) == "MISSING"


def test_time_to_read_is_counted_from_the_push() -> None:
    edit = (REQUIRE, f"    reading_minutes: 30\n{REQUIRE}")
    said = [{"by": by, "minutes_after_push": 40} for by in ONE]
    assert standing(case(opinions=said), edit) == "APPROVED"
    said[0]["minutes_after_push"] = 20
    assert standing(case(opinions=said), edit) == "INVALID"
    assert standing(case(), edit) == "INVALID"


def test_a_reason_can_be_left_out() -> None:
    edit = (REQUIRE, f"    rationale_required: true\n{REQUIRE}")
    assert standing(case(), edit) == "APPROVED"
    said = [{"by": "lea", "because": ""}, {"by": "boris"}]
    assert standing(case(opinions=said), edit) == "INVALID"


def test_an_objection_can_be_lifted() -> None:
    said = [{"by": "lars", "said": "reject"}, *case()["opinions"]]
    lift = {"by": "rita", "said": "lift", "of": "lars"}
    lifts = ("rules:\n", "lifts: [board]\nrules:\n")
    assert standing(case(opinions=said), lifts) == "REJECTED"
    assert standing(case(opinions=[*said, lift]), lifts) == "APPROVED"
    assert standing(case(opinions=[*said, lift])) == "REJECTED"


REFUSED = {
    "a meaning of a path that is not touched": (
        {"change": change(meanings=[{**MOVES, "path": "a.yaml"}])}, "is not touched"
    ),
    "a change that touches nothing": ({"change": {"by": ["ann"]}}, "name a path in added"),
    "a path that is added and removed": (
        {"change": change(added=["policies/gates.yaml"])}, "is named twice"
    ),
    "an opinion about something else": (
        {"opinions": [{"by": "lea", "subject": "dataset:loans"}]}, "is no subject of the change"
    ),
    "a lift of nobody": ({"opinions": [{"by": "lea", "said": "lift"}]}, "give `of`"),
    "a rule that stands and is skipped": (
        {"expect": {"standing": "MISSING", "rules": {"a": "STALE"}, "skipped": ["a"]}},
        "cannot be expected to apply and to be skipped",
    ),
    "a standing that is none": ({"expect": {"standing": "GREEN"}}, "expect.standing"),
}  # fmt: skip


@pytest.mark.parametrize(("part", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_case_that_makes_no_sense_is_refused(part: dict[str, Any], problem: str) -> None:
    found, _, findings = catalogue.read(CASE, dump(case(**part)).encode())
    assert found is None
    assert problem in " ".join(finding.problem for finding in findings)


# The cases of this repository.


@pytest.fixture(scope="module")
def ours() -> Declarations:
    return Reading(Worktree(TOP), None).declarations


def unmet(ours: Declarations, policy: Approvals) -> bool:
    found = trial.trials(ours.all(PolicyCase), policy, ours.one(Roles, "roles").value)
    return any(item.unmet for item in found) or any(trial.unshown(found, policy))


def weaker(policy: Approvals) -> Iterator[tuple[str, Approvals]]:
    """Every way to take one thing out of one rule."""
    for index, rule in enumerate(policy.rules):
        ways: dict[str, dict[str, Any]] = {}
        for number, seat in enumerate(rule.require):
            assert not isinstance(seat, Choice)
            others = (rule.require[:number], rule.require[number + 1 :])
            if len(rule.require) > 1:
                ways[f"{rule.id} without {seat}"] = {"require": others[0] + others[1]}
            if seat.function:
                plain = seat.model_copy(update={"function": None})
                ways[f"{rule.id} with any {seat.role}"] = {
                    "require": (*others[0], plain, *others[1])
                }
        for key, value in {"expires_after": None, "rationale_required": False, "veto": ()}.items():
            if getattr(rule, key) != value:
                ways[f"{rule.id} without {key}"] = {key: value}
        if rule.expires_after == "P30D":
            ways[f"{rule.id} for a quarter"] = {"expires_after": "P90D"}
        for name, update in ways.items():
            rules = list(policy.rules)
            rules[index] = rule.model_copy(update=update)
            yield name, policy.model_copy(update={"rules": tuple(rules)})
    for key, value in {
        "break_glass": None, "unverified_authorship": "accept", "lifts": (), "free": ()
    }.items():  # fmt: skip
        yield f"without {key}", policy.model_copy(update={key: value})


def test_our_cases_are_met(ours: Declarations) -> None:
    assert not unmet(ours, ours.one(Approvals, "approvals").value)


def test_our_cases_notice_everything_that_is_taken_out_of_a_rule(ours: Declarations) -> None:
    policy = ours.one(Approvals, "approvals").value
    assert [name for name, other in weaker(policy) if not unmet(ours, other)] == []


def test_our_cases_notice_a_rule_that_is_gone(ours: Declarations) -> None:
    policy = ours.one(Approvals, "approvals").value
    for rule in policy.rules:
        left = tuple(other for other in policy.rules if other is not rule)
        assert unmet(ours, policy.model_copy(update={"rules": left})), rule.id
