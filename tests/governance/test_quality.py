"""A measured number is good enough or it is not: nothing in between, nothing by accident."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.quality import Operator, Reference, Rule

RULE = Rule("r", "nullValues", ("a",), "mustBe", (5,))
TWO: tuple[Operator, ...] = ("mustBeBetween", "mustNotBeBetween")
CASES: dict[Operator, list[float]] = {
    "mustBe": [5],
    "mustNotBe": [4, 6],
    "mustBeGreaterThan": [6],
    "mustBeGreaterOrEqualTo": [5, 6],
    "mustBeLessThan": [4],
    "mustBeLessOrEqualTo": [4, 5],
    "mustBeBetween": [5, 6, 7],
    "mustNotBeBetween": [4, 8],
}
OPPOSITES: dict[Operator, Operator] = {
    "mustBe": "mustNotBe",
    "mustBeGreaterThan": "mustBeLessOrEqualTo",
    "mustBeLessThan": "mustBeGreaterOrEqualTo",
    "mustBeBetween": "mustNotBeBetween",
}


def rule(operator: Operator) -> Rule:
    return replace(RULE, operator=operator, limits=(5, 7) if operator in TWO else (5,))


@pytest.mark.parametrize(("operator", "good"), CASES.items(), ids=CASES)
def test_an_operator_takes_in(operator: Operator, good: list[float]) -> None:
    tried = [4, 5, 6, 7, 8] if operator in TWO else [4, 5, 6]
    assert [number for number in tried if rule(operator).kept(number)] == good


@pytest.mark.parametrize("operator", CASES)
@pytest.mark.parametrize("number", [None, math.nan, math.inf, -math.inf], ids=str)
def test_what_is_no_number_is_never_good_enough(operator: Operator, number: float | None) -> None:
    assert not rule(operator).kept(number)


@given(st.sampled_from(list(OPPOSITES)), st.floats(allow_nan=False, allow_infinity=False))
def test_of_opposite_operators_one_is_kept(operator: Operator, number: float) -> None:
    assert rule(operator).kept(number) != rule(OPPOSITES[operator]).kept(number)


def test_percent_is_a_share_of_the_rows() -> None:
    percent = replace(RULE, unit="percent")
    assert percent.number(3, 60) == 5
    assert percent.number(0, 0) == 0
    assert RULE.number(3, 60) == 3
    assert percent.demand == "must be 5 %"


GROWING: dict[str, tuple[Operator, tuple[float, ...], float, bool]] = {
    "too few": ("mustBeGreaterOrEqualTo", (10,), 5, True),
    "too many": ("mustBeLessOrEqualTo", (10,), 15, False),
    "below a span": ("mustBeBetween", (10, 20), 5, True),
    "beyond a span": ("mustBeBetween", (10, 20), 25, False),
    "beyond an exact number": ("mustBe", (10,), 11, False),
}


@pytest.mark.parametrize("case", GROWING.values(), ids=GROWING)
def test_rows_to_come_mend_too_few_rows(
    case: tuple[Operator, tuple[float, ...], float, bool],
) -> None:
    operator, limits, number, expected = case
    count = Rule("rowCount", "rowCount", (), operator, limits)
    assert not count.kept(number)
    assert count.may_come(number) is expected
    assert not replace(count, metric="nullValues").may_come(number)


def test_a_reference_may_miss_nothing() -> None:
    held = Reference(("customer",), "customers", ("id",), "warning").rule
    assert (held.name, held.severity) == ("references customers.id", "warning")
    assert held.kept(0)
    assert not held.kept(1)
