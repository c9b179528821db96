"""Counters add up however rows are split, and a cell's number grows with the value."""

from __future__ import annotations

import math
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import counters
from governance.counters import Counted, Levels, Numbers, cell, table

NUMBERS = st.floats(allow_nan=False)
CENTRES = st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.dictionaries(st.integers(-40_000, 40_000), st.integers(1, 10**6), max_size=20)
WORDS = st.dictionaries(st.text("abc", max_size=3), st.integers(0, 10**6), max_size=20)


def numbers(cells: dict[int, int], missing: int = 0, centre: float = 0.0) -> Numbers:
    return Numbers(centre=centre, cells=cells, missing=missing)


def levels(known: dict[str, int], other: int = 0, missing: int = 0) -> Levels:
    return Levels(levels=known, other=other, missing=missing)


@given(NUMBERS, NUMBERS, CENTRES)
def test_a_cell_grows_with_the_value(one: float, two: float, centre: float) -> None:
    low, high = sorted((one, two))
    assert cell(low, centre) <= cell(high, centre)


@given(st.floats(sys.float_info.min, sys.float_info.max))
def test_a_cell_is_the_upper_half_word_of_a_double(size: float) -> None:
    (bits,) = struct.unpack(">H", struct.pack(">d", size)[:2])
    assert cell(size, 0.0) == bits
    assert cell(-size, 0.0) == -bits


@pytest.mark.parametrize(
    ("value", "centre", "number"),
    [
        (0.0, 0.0, 0), (-0.0, 0.0, 0), (7.5, 7.5, 0), (5e-324, 0.0, 0),
        (1.0, 0.0, 1023 * 16), (1.0625, 0.0, 1023 * 16 + 1), (math.nextafter(2, 0), 0.0, 16383),
        (2025.0, 2024.0, 1023 * 16), (2023.0, 2024.0, -1023 * 16),
        (math.inf, 3.0, counters.HIGHEST), (-math.inf, 3.0, -counters.HIGHEST),
        (1e308, -1e308, counters.HIGHEST),
    ],
)  # fmt: skip
def test_cells_by_hand(value: float, centre: float, number: int) -> None:
    assert cell(value, centre) == number


@given(CELLS, CELLS, st.integers(0, 9), st.integers(0, 9))
def test_numbers_add_up(one: dict[int, int], two: dict[int, int], a: int, b: int) -> None:
    whole = numbers(one, a) + numbers(two, b)
    assert whole == numbers(two, b) + numbers(one, a)
    assert whole.rows == sum(one.values()) + sum(two.values()) + a + b
    assert all(whole.cells[n] == one.get(n, 0) + two.get(n, 0) for n in whole.cells)


@given(WORDS, WORDS)
def test_levels_add_up(one: dict[str, int], two: dict[str, int]) -> None:
    whole = levels(one, 1, 2) + levels(two, 3, 4)
    assert whole == levels(two, 3, 4) + levels(one, 1, 2)
    assert (whole.other, whole.missing) == (4, 6)
    assert whole.rows == sum(one.values()) + sum(two.values()) + 10


@given(WORDS, st.lists(st.text("abc", max_size=3), unique=True))
def test_no_row_is_lost_among_the_others(known: dict[str, int], kept: list[str]) -> None:
    side = levels(known, 5, 6)
    assert side.only(kept).rows == side.bounded().rows == side.rows
    assert set(side.only(kept).levels) == set(kept)


def test_cells_around_other_centres_do_not_add_up() -> None:
    with pytest.raises(ValueError, match=r"around 0\.0 and around 1\.0"):
        numbers({}) + numbers({}, centre=1.0)


def test_levels_that_hardly_anybody_shares_are_not_told_apart() -> None:
    assert levels({"a": 10, "b": 9, "c": 50}, 1).bounded() == levels({"a": 10, "c": 50}, 10)


def test_the_most_frequent_levels_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "MOST_LEVELS", 2)
    found = levels({"d": 30, "b": 20, "a": 20, "c": 10}).bounded()
    assert found == levels({"a": 20, "d": 30}, 30)


def test_numbers_fall_into_bins_of_about_equal_rows_and_two_beyond() -> None:
    reference = numbers(dict.fromkeys(range(20), 5), missing=7)
    found = table(reference, numbers({-3: 1, 0: 2, 19: 3, 20: 4}, missing=9), 10)
    assert found.reference == (0, *[10] * 10, 0, 7)
    assert found.current == (1, 2, *[0] * 8, 3, 4, 9)


def test_a_constant_keeps_what_is_below_and_above_apart() -> None:
    found = table(numbers({4: 100}), numbers({3: 1, 4: 2, 5: 3}), 10)
    assert (found.reference, found.current) == ((0, 100, 0, 0), (1, 2, 3, 0))


def test_the_largest_distance_between_shares() -> None:
    found = table(numbers({1: 50, 2: 50}), numbers({1: 20, 2: 30, 3: 50}), 10)
    assert found.kolmogorov_smirnov == pytest.approx(0.5)
    assert table(numbers({}, 3), numbers({1: 2}), 10).kolmogorov_smirnov == 0


def test_words_fall_into_the_levels_of_the_reference() -> None:
    found = table(levels({"b": 20, "a": 30}, 5, 1), levels({"a": 3, "c": 4}, 0, 2), 10)
    assert (found.reference, found.current) == ((30, 20, 5, 1), (3, 0, 4, 2))
    assert found.kolmogorov_smirnov is None


@pytest.mark.parametrize(
    ("one", "two"),
    [(numbers({}), levels({})), (levels({}), numbers({})), (numbers({}), numbers({}, 0, 1.0))],
)
def test_what_was_counted_another_way_is_refused(
    one: Numbers | Levels, two: Numbers | Levels
) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        table(one, two, 10)


@given(CELLS, WORDS, CENTRES)
def test_a_file_of_counters_reads_as_it_was_written(
    cells: dict[int, int], words: dict[str, int], centre: float
) -> None:
    columns = {"n": numbers(cells, 3, centre), "w": levels(words, 1, 2)}
    found = Counted(of="x", columns=columns)
    assert Counted.model_validate_json(found.model_dump_json(), strict=True) == found
