"""A gate is green only for a finite value on the right side, measured on enough rows."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from governance.bounds import Threshold
from governance.evidence import GroupMeasures, GroupReport, Measure, Metrics, ToolUsed
from governance.finding import Verdict
from governance.gates import GateResult, judge

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def measured(
    performance: dict[str, float] | None = None, rows: int = 500,
    groups: dict[str, int] | None = None, **gaps: float,
) -> Metrics:  # fmt: skip
    found = {
        name: Measure(value=value, low=value, high=value, rows=rows)
        for name, value in (performance or {}).items()
    }
    sizes = {"F": 300, "M": 300} if groups is None else groups
    report = GroupReport(
        groups={name: GroupMeasures(rows=n, metrics={}) for name, n in sizes.items()},
        disparities=gaps,
    )
    return Metrics(
        model="m", model_digest=f"sha256:{'0' * 64}", task="classification", rows=rows,
        tool=ToolUsed(name="fairlearn", version="0"), performance=found,
        fairness={"sex": report}, drift={},
    )  # fmt: skip


def bound(**changes: Any) -> Threshold:
    given_ = {"metric": "roc_auc", "at_least": 0.7, "minimum_rows": 100} | changes
    return Threshold(**{key: value for key, value in given_.items() if value is not None})


def performance(threshold: Threshold, metrics: Metrics) -> GateResult:
    (result,) = judge([threshold], [], metrics, ["sex"])
    return result


def fairness(metrics: Metrics, **changes: Any) -> GateResult:
    threshold = bound(metric="demographic_parity_difference", at_least=None, at_most=0.1, **changes)
    (result,) = judge([], [threshold], metrics, ["sex"])
    return result


AT_MOST = {"metric": "log_loss", "at_least": None, "at_most": 0.5}
CASES = {
    "above the least": (bound(), {"roc_auc": 0.8}, 500, Verdict.PASS),
    "exactly the least": (bound(), {"roc_auc": 0.7}, 500, Verdict.PASS),
    "below the least": (bound(), {"roc_auc": 0.6999}, 500, Verdict.FAIL),
    "below the most": (bound(**AT_MOST), {"log_loss": 0.4}, 500, Verdict.PASS),
    "exactly the most": (bound(**AT_MOST), {"log_loss": 0.5}, 500, Verdict.PASS),
    "above the most": (bound(**AT_MOST), {"log_loss": 0.5001}, 500, Verdict.FAIL),
    "too few rows": (bound(), {"roc_auc": 0.9}, 99, Verdict.INCONCLUSIVE),
    "just enough rows": (bound(), {"roc_auc": 0.9}, 100, Verdict.PASS),
    "too few rows and too low": (bound(), {"roc_auc": 0.1}, 99, Verdict.INCONCLUSIVE),
    "not measured": (bound(), {"accuracy": 0.9}, 500, Verdict.ERROR),
}


@pytest.mark.parametrize(("threshold", "found", "rows", "verdict"), CASES.values(), ids=CASES)
def test_a_performance_bound(
    threshold: Threshold, found: dict[str, float], rows: int, verdict: Verdict
) -> None:
    assert performance(threshold, measured(found, rows)).verdict == verdict


def test_a_fairness_bound_is_judged_on_the_smallest_group() -> None:
    gap = {"demographic_parity_difference": 0.05}
    assert fairness(measured(groups={"F": 100, "M": 900}, **gap)).verdict == Verdict.PASS
    thin = fairness(measured(groups={"F": 99, "M": 900}, **gap))
    assert (thin.verdict, thin.group) == (Verdict.INCONCLUSIVE, "sex")
    assert thin.measured == "0.05, smallest group n=99"


def test_a_gap_beyond_the_bound_fails() -> None:
    assert fairness(measured(demographic_parity_difference=0.11)).verdict == Verdict.FAIL


@pytest.mark.parametrize("groups", [{}, {"F": 900}])
def test_one_group_alone_has_no_gap_to_be_proud_of(groups: dict[str, int]) -> None:
    result = fairness(measured(groups=groups, demographic_parity_difference=0.0))
    assert result.verdict == Verdict.INCONCLUSIVE


def test_a_gap_that_was_not_measured_is_an_error() -> None:
    assert fairness(measured()).verdict == Verdict.ERROR


def test_a_protected_attribute_that_was_not_measured_is_an_error() -> None:
    threshold = bound(metric="demographic_parity_difference", at_least=None, at_most=0.1)
    found = list(judge([], [threshold], measured(demographic_parity_difference=0), ["age", "sex"]))
    assert [(result.group, result.verdict) for result in found] == [
        ("age", Verdict.ERROR), ("sex", Verdict.PASS),
    ]  # fmt: skip


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_never_reach_a_gate(value: float) -> None:
    with pytest.raises(ValidationError):
        measured({"roc_auc": value})
    with pytest.raises(ValidationError):
        measured(demographic_parity_difference=value)
    with pytest.raises(ValidationError):
        bound(at_least=value)


@pytest.mark.parametrize(
    "changes",
    [
        {"at_least": None},
        {"at_most": 0.9},
        {"at_least": None, "at_most": 0.9},
        {"metric": "log_loss"},
        {"metric": "demographic_parity_difference"},
        {"confidence": 0.5},
        {"confidence": 1},
        {"minimum_rows": 0},
        {"minimum_rows": None},
        {"metric": "charm"},
        {"at_least": True},
        {"at_least": "0.7"},
    ],
)
def test_a_bound_that_is_no_bound_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        bound(**changes)


@given(FLOATS, FLOATS)
def test_no_value_passes_both_sides_but_the_bound_itself(limit: float, value: float) -> None:
    least = bound(at_least=limit).passes(value)
    most = bound(**AT_MOST | {"at_most": limit}).passes(value)
    assert least or most
    assert (least and most) == (value == limit)


@given(FLOATS, FLOATS, st.integers(1, 9), st.integers(1, 9), FLOATS, st.integers(1, 9))
def test_a_bound_that_loosens_nothing_lets_nothing_through(
    one: float, two: float, rows: int, more: int, value: float, seen: int
) -> None:
    own, law = bound(at_least=one, minimum_rows=rows), bound(at_least=two, minimum_rows=more)
    if own.loosens(law):
        return
    metrics = measured({"roc_auc": value}, seen)
    if performance(own, metrics).verdict.green:
        assert performance(law, metrics).verdict.green


def test_bounds_read_aloud() -> None:
    assert str(bound()) == "roc_auc at least 0.7"
    assert str(bound(**AT_MOST)) == "log_loss at most 0.5"
