"""The population stability index is a distance between shares."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.drift import population_stability_index as psi

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
