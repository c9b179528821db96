"""Distances between shares, and how sure they are."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import chi2, chi2_contingency, false_discovery_control

from governance import drift
from governance.drift import population_stability_index as psi
from governance.finding import Verdict

PAIRS = st.integers(1, 12).flatmap(
    lambda bins: st.tuples(*(st.lists(st.integers(0, 10**9), min_size=bins, max_size=bins),) * 2)
)


@given(PAIRS)
def test_it_is_finite_and_never_negative(pair: tuple[list[int], list[int]]) -> None:
    one, two = pair
    assume(sum(one) and sum(two))
    assert psi(one, two) >= 0
    assert math.isfinite(psi(one, two))


@given(PAIRS)
def test_it_is_the_same_both_ways(pair: tuple[list[int], list[int]]) -> None:
    one, two = pair
    assume(sum(one) and sum(two))
    assert psi(one, two) == pytest.approx(psi(two, one), abs=1e-12)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_equal_shares_are_no_distance(counts: list[int]) -> None:
    assume(sum(counts))
    assert psi(counts, counts) == 0


@given(st.lists(st.integers(1000, 10**6), min_size=2, max_size=12), st.integers(2, 50))
def test_more_rows_of_the_same_shares_are_almost_no_distance(counts: list[int], times: int) -> None:
    assert psi(counts, [count * times for count in counts]) < 1e-5


def test_it_is_what_siddiqi_computes() -> None:
    # shares 0.5/0.5 against 0.25/0.75: (0.25 ln 1.5) + (-0.25 ln 0.5), large counts
    expected = 0.25 * math.log(1.5) + 0.25 * math.log(2)
    assert psi([10**8, 10**8], [10**8, 3 * 10**8]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("one", "two"), [([1], [1, 2]), ([], []), ([0, 0], [1, 1]), ([1, 1], [0, 0])]
)
def test_sides_without_rows_or_of_other_bins_are_refused(one: list[int], two: list[int]) -> None:
    with pytest.raises(ValueError, match="both sides need rows in the same bins"):
        psi(one, two)


@pytest.mark.parametrize("freedom", [1, 2, 3, 10, 31, 500, 1001])
@pytest.mark.parametrize("share", [0.1, 0.5, 1, 1.3, 3])
def test_the_chi_square_tail_is_that_of_scipy(share: float, freedom: int) -> None:
    value = share * freedom
    assert drift.chi_square_tail(value, freedom) == pytest.approx(
        chi2.sf(value, freedom), rel=1e-9, abs=1e-300
    )


def test_without_freedom_or_distance_nothing_is_surprising() -> None:
    assert drift.chi_square_tail(7, 0) == drift.chi_square_tail(0, 5) == 1


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)), min_size=2, max_size=12))
def test_the_test_of_homogeneity_is_that_of_scipy(pairs: list[tuple[int, int]]) -> None:
    one, two = (list(side) for side in zip(*pairs, strict=True))
    expected = chi2_contingency([one, two], correction=False).pvalue
    assert drift.same_shares(one, two) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_bins_without_rows_count_for_nothing() -> None:
    assert drift.same_shares([5, 0, 9], [6, 0, 4]) == drift.same_shares([5, 9], [6, 4])


def test_a_side_without_rows_cannot_be_tested() -> None:
    with pytest.raises(ValueError, match="both sides need rows"):
        drift.same_shares([0, 0], [1, 1])


def test_rare_bins_become_one() -> None:
    # 100 of 1,100 rows are current: a bin needs 55 rows in all to let one expect 5 of them
    assert drift.pooled([500, 54, 440, 6], [60, 1, 39, 0]) == ([500, 54, 440, 6], [60, 1, 39, 0])
    assert drift.pooled([520, 53, 421, 6], [60, 1, 39, 0]) == ([520, 421, 59], [60, 39, 1])


@given(PAIRS)
def test_pooling_keeps_every_row(pair: tuple[list[int], list[int]]) -> None:
    one, two = pair
    kept = drift.pooled(one, two)
    assert (sum(kept[0]), sum(kept[1])) == (sum(one), sum(two))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_alarms_are_bounded_as_scipy_does(chances: list[float]) -> None:
    named = {f"c{index}": chance for index, chance in enumerate(chances)}
    found = drift.adjusted(named)
    assert list(found) == list(named)
    assert list(found.values()) == pytest.approx(list(false_discovery_control(chances)))


@pytest.mark.parametrize(
    ("distance", "chance", "verdict"),
    [
        (0.2, 0.0, Verdict.PASS),
        (0.200001, 0.05, Verdict.FAIL),
        (0.200001, 0.0501, Verdict.INCONCLUSIVE),
    ],
)
def test_a_distance_has_to_be_no_accident(distance: float, chance: float, verdict: Verdict) -> None:
    assert drift.verdict(distance, chance, at_most=0.2, confidence=0.95) is verdict
