"""Cramér's V is 0 for columns that tell nothing of each other and 1 for copies."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from governance.association import cramers_v

COUNTS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(0, 1000), max_size=25
)


@given(COUNTS)
def test_it_lies_between_nothing_and_everything(counts: dict[tuple[int, int], int]) -> None:
    assert 0 <= cramers_v(counts) <= 1


@given(COUNTS)
def test_it_is_the_same_both_ways(counts: dict[tuple[int, int], int]) -> None:
    turned = {(two, one): rows for (one, two), rows in counts.items()}
    assert cramers_v(turned) == pytest.approx(cramers_v(counts), abs=1e-9)


@pytest.mark.parametrize("sides", [2, 3, 7])
def test_a_copy_tells_everything(sides: int) -> None:
    assert cramers_v({(n, n): 400 + n for n in range(sides)}) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "counts", [{}, {(0, 0): 9}, {(0, 0): 5, (0, 1): 5}, {(0, 0): 1, (1, 1): 0}, {(0, 0): 1}]
)
def test_a_single_value_tells_nothing(counts: dict[tuple[int, int], int]) -> None:
    assert cramers_v(counts) == 0


def test_the_correction_is_that_of_bergsma() -> None:
    grid = np.array([[30, 10, 5], [12, 40, 8]])
    rows = grid.sum()
    phi = chi2_contingency(grid, correction=False).statistic / rows - 2 / (rows - 1)
    expected = (phi / (2 - 1 / (rows - 1) - 1)) ** 0.5
    counts = {(i, j): int(grid[i, j]) for i in range(2) for j in range(3)}
    assert cramers_v(counts) == pytest.approx(expected, abs=1e-12)


def test_many_cells_and_few_rows_do_not_feign_a_proxy() -> None:
    dice = random.Random(4)
    counts = Counter((dice.randrange(5), dice.randrange(40)) for _ in range(300))
    assert cramers_v(counts) < 0.1
