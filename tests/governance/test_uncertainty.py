"""Chances and intervals are those of the literature, and say nothing that the counts do not."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from governance import ratios, uncertainty
from governance.ratios import Pairs

COUNTS = st.integers(0, 400)
PAIRS = st.builds(Pairs, COUNTS, COUNTS, COUNTS, COUNTS).filter(lambda p: p.both + p.first > 0)


@pytest.mark.parametrize("confidence", [0.6, 0.9, 0.95, 0.975, 0.999])
def test_the_quantile_is_that_of_the_normal_law(confidence: float) -> None:
    assert uncertainty.quantile(confidence) == pytest.approx(stats.norm.ppf(confidence), abs=1e-9)


@pytest.mark.parametrize("freedom", [10, 19, 59, 1000])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.975])
def test_few_rows_widen_the_error_as_student_has_it(freedom: int, confidence: float) -> None:
    wide = uncertainty.quantile(confidence) * uncertainty.widened(1, freedom, confidence)
    assert wide == pytest.approx(stats.t.ppf(confidence, freedom), rel=2e-3)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_sign_test_counts_half_of_what_was_seen(first: int, second: int) -> None:
    throws = stats.binom(first + second, 0.5)
    wanted = throws.sf(first) + throws.pmf(first) / 2
    assert uncertainty.sign_test(first, second) == pytest.approx(wanted, abs=1e-9)


def test_the_sign_test_goes_over_into_the_normal_law() -> None:
    assert uncertainty.sign_test(2_600, 2_400) == pytest.approx(
        uncertainty.sign_test(2_601, 2_401), abs=1e-3
    )


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fishers_test_lies_below_the_exact_one_by_half_a_table(
    m: int, n: int, data: st.DataObject
) -> None:
    one, two = data.draw(st.integers(0, m)), data.draw(st.integers(0, n))
    exact = stats.fisher_exact([[one, m - one], [two, n - two]]).pvalue
    own = stats.hypergeom(m + n, one + two, m).pmf(one)
    found = uncertainty.same_rate(one, m, two, n)
    assert exact - 0.51 * max(own, exact) <= found <= exact + 1e-9
    assert found == pytest.approx(uncertainty.same_rate(two, n, one, m), abs=1e-9)


def test_long_tables_take_the_score_test() -> None:
    exact = uncertainty.same_rate(2_500, 4_900, 2_600, 4_900)
    long = uncertainty.same_rate(2_602, 5_100, 2_706, 5_100)
    assert long == pytest.approx(exact, abs=0.01)


@given(st.integers(1, 300), st.data())
def test_the_interval_of_a_rate_is_wilsons(rows: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, rows))
    wanted = stats.binomtest(hits, rows).proportion_ci(0.9, method="wilson")
    found = uncertainty.rate_interval(hits, rows, 0.95)
    assert found == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_the_widest_gap_is_that_of_the_published_example() -> None:
    # Newcombe 1998, table II: 56 of 70 and 48 of 80, method 10: 0.0524 to 0.3339.
    assert uncertainty.widest_gap(56, 70, 48, 80, 0.975) == pytest.approx(0.3339, abs=5e-5)
    assert uncertainty.widest_gap(48, 80, 56, 70, 0.975) == pytest.approx(0.3339, abs=5e-5)


@given(PAIRS)
def test_bounds_of_a_paired_ratio_are_where_the_score_says(pairs: Pairs) -> None:
    low, high = ratios.paired_ratio(pairs, 0.95)
    ratio = (pairs.both + pairs.second) / (pairs.both + pairs.first)
    assert low - 1e-6 <= ratio <= high + 1e-6
    for value, sign in ((low, 1), (high, -1)):
        if 1e-4 < value < 1e4:
            before, after = (ratios._paired_score(pairs, value + d) for d in (-1e-6, 1e-6))
            assert after - 1e-3 <= sign * uncertainty.quantile(0.95) <= before + 1e-3


@given(PAIRS)
def test_the_score_at_equality_is_mcnemars(pairs: Pairs) -> None:
    assume(pairs.first + pairs.second)
    wanted = (pairs.second - pairs.first) / math.sqrt(pairs.first + pairs.second)
    assert ratios._paired_score(pairs, 1.0) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("pairs", "ratio", "score"),
    [
        (Pairs(50, 4, 0, 10), 0.97, -1.5427),
        (Pairs(50, 4, 0, 10), 1.05, -2.5884),
        (Pairs(50, 0, 4, 10), 0.97, 2.3812),
        (Pairs(50, 0, 0, 10), 1.05, -1.5811),
        (Pairs(50, 3, 2, 5), 0.9, 1.6163),
    ],
)
def test_the_score_is_that_of_the_likeliest_chances(
    pairs: Pairs, ratio: float, score: float
) -> None:
    # The chances were found by searching for the greatest likelihood under the ratio.
    assert ratios._paired_score(pairs, ratio) == pytest.approx(score, abs=1e-4)


def test_no_disagreement_is_no_certainty() -> None:
    low, high = ratios.paired_ratio(Pairs(50, 0, 0, 10), 0.95)
    assert low < 0.96
    assert high > 1.04


@given(st.integers(5, 300), st.integers(5, 300), st.data())
def test_bounds_of_a_separate_ratio_hold_it_and_widen(m: int, n: int, data: st.DataObject) -> None:
    one, two = data.draw(st.integers(1, m)), data.draw(st.integers(1, n))
    found = [ratios.separate_ratio((one, m), (two, n), sure) for sure in (0.9, 0.95)]
    ratio = two / n / (one / m)
    assert found[1][0] - 1e-6 <= found[0][0] <= ratio + 1e-6
    assert ratio - 1e-6 <= found[0][1] <= found[1][1] + 1e-6


def test_more_labels_are_told_with_two_digits() -> None:
    assert uncertainty.further(1000, 0.04, 0.02) == 3000
    assert uncertainty.further(1000, 0.0345, 0.02) == 2000
    assert uncertainty.further(100, 0.0201, 0.02) == 2


@pytest.mark.parametrize(("reach", "distance"), [(0.1, 0.0), (0.1, -1.0), (0.1, 1e-6)])
def test_no_number_is_told_where_none_helps(reach: float, distance: float) -> None:
    assert uncertainty.further(1000, reach, distance) is None
