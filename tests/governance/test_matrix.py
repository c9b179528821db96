"""Paths against seats: the same answer as the judgement, for every file we have."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from world import world

import governance
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import approval, compare, matrix, trial
from governance.approvals import ApprovalRule, Approvals, Seat
from governance.catalogue import Declarations
from governance.changeset import Touched, Version
from governance.effect import EffectKind
from governance.policy_case import CaseChange, Expected, PolicyCase
from governance.roles import Roles
from governance.tally import Standing

TOP = Path(governance.__file__).parents[1]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING = Declarations({}, frozenset(), frozenset())


@pytest.fixture(scope="module")
def ours() -> tuple[Approvals, Roles, tuple[str, ...]]:
    tree = Worktree(TOP)
    found = Reading(tree, None).declarations
    paths = tuple(path for path in tree.entries() if not compare.is_opinion(path))
    return found.one(Approvals, "approvals").value, found.one(Roles, "roles").value, paths


def demanded(path: str, policy: Approvals, roles: Roles, *, new: bool, **more: Any) -> set[str]:
    """Rules the judgement demands of a change of one path."""
    side = {"added": (path,)} if new else {"edited": (path,)}
    case = PolicyCase(
        about="one path", now=NOW, expect=Expected(standing=Standing.MISSING),
        change=CaseChange(by=("nobody",), labels=(), **side, **more),
    )  # fmt: skip
    return {demand.rule for demand in approval.tally(trial.case(case, policy, roles)).demands}


@pytest.mark.parametrize("new", [True, False])
def test_the_judgement_demands_what_is_shown(
    ours: tuple[Approvals, Roles, tuple[str, ...]], *, new: bool
) -> None:
    policy, roles, paths = ours
    for path in paths:
        row = matrix.row(path, policy, roles, NOW.date(), new=new)
        sure = {need.rule for need in row.sure}
        perhaps = {need.rule for need in row.perhaps}
        found = demanded(path, policy, roles, new=new)
        assert sure <= found <= sure | perhaps, path
        assert demanded(path, policy, roles, new=new, lines=5000) <= sure | perhaps, path
        assert bool(row.sure) != policy.is_free(path) or perhaps, path


def test_every_meaning_has_a_place() -> None:
    shown = {kind for _, kinds in matrix.MAY_MEAN for kind in kinds}
    for path in (
        "cli/main.py", "action.yml", "policies/datasets/a.yaml", "records/waivers/a.yaml",
        "records/landings/a/b.yaml", "records/tombstones/a.yaml", "models/a/versions/1.0.0.yaml",
    ):  # fmt: skip
        for before in (None, Version("file", "0")):
            change = Touched(path, before, Version("file", "1"))
            shown |= {effect.kind for effect in compare.effects(NOTHING, NOTHING, (change,))}
    assert shown == set(get_args(EffectKind))


def rule(**when: Any) -> Approvals:
    """The world's rules with this condition instead."""
    policy = Reading(world()).declarations.one(Approvals, "approvals").value
    value = {"id": "policy-change", "because": "b", "when": when, "require": policy.otherwise}
    made = ApprovalRule.model_validate(value)
    return policy.model_copy(update={"rules": (made,)})


def asking(**counts: int) -> Approvals:
    """The world's rules with one rule that has these seats instead."""
    policy = rule(paths=("a/**",))
    require = tuple(Seat(role=role, count=count) for role, count in counts.items())
    (made,) = policy.rules
    return policy.model_copy(update={"rules": (made.model_copy(update={"require": require}),)})


LOOSENED: dict[str, tuple[Approvals, tuple[str, ...]]] = {
    "the same": (asking(legal=2, mlops=1), ()),
    "more": (asking(legal=3, mlops=1, board=1), ()),
    "a count": (asking(legal=1, mlops=1), ("policy-change: legal 2, now 1",)),
    "a seat": (asking(legal=2), ("policy-change: mlops 1, now 0",)),
}


@pytest.mark.parametrize(("after", "found"), LOOSENED.values(), ids=LOOSENED)
def test_a_rule_that_asks_for_less_is_named(after: Approvals, found: tuple[str, ...]) -> None:
    assert matrix.loosened(asking(legal=2, mlops=1), after) == found


def test_an_example_is_shown_for_what_no_file_shows() -> None:
    there = matrix.Step("a", ("legal 1 (r)",), ())
    same, other = matrix.Step("x", there.lost, ()), matrix.Step("y", ("mlops 1 (r)",), ())
    shown = matrix.told_apart((there, same, other), ("x", "y"))
    assert [(step.path, step.example) for step in shown] == [("a", False), ("y", True)]


P = {"paths": ("a/**",)}
O = {"paths": ("b/**",)}  # noqa: E741 - other
L = {"labels": ("urgent",)}
CONDITIONS: dict[str, tuple[dict[str, Any], bool | None]] = {
    "its path": (P, True),
    "another path": (O, False),
    "a label": (L, None),
    "an author": ({"author": ("ann",)}, None),
    "a role of an author": ({"author_role": ("mlops",)}, None),
    "a size": ({"size": {"lines_above": 9}}, None),
    "the only branch": ({"branch": ("main",)}, True),
    "another branch": ({"branch": ("side",)}, False),
    "not its path": ({"not": P}, False),
    "not another path": ({"not": O}, True),
    "not a label": ({"not": L}, None),
    "its path or a label": ({"any": (P, L)}, True),
    "another path or a label": ({"any": (O, L)}, None),
    "its path and a label": ({"all": (P, L)}, None),
    "another path and a label": ({"all": (O, L)}, False),
    "its path and not another": ({"all": (P, {"not": O})}, True),
}


@pytest.mark.parametrize(("when", "holds"), CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_holds_always_never_or_perhaps(
    when: dict[str, Any], *, holds: bool | None
) -> None:
    roles = Reading(world()).declarations.one(Roles, "roles").value
    row = matrix.row("a/b.txt", rule(**when), roles, NOW.date(), new=False)
    mine = [need.sure for need in row.needs if need.rule == "policy-change"]
    assert mine == ([] if holds is False else [holds is True])
