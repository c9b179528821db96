"""Every way of counting gives the integers that `governance.counters.cell` describes."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from edges import HARD
from hypothesis import given
from hypothesis import strategies as st

from adapters import engine
from governance import counters
from governance.counters import Levels, Numbers
from pipelines import counting, tallies
from pipelines.cells import cell
from pipelines.counting import ParquetRows, TableRows
from pipelines.inputs import Refused
from pipelines.tallies import LevelTally, NumberTally

CENTRES = st.floats(allow_nan=False, allow_infinity=False)


def expected(values: list[float | None], centre: float) -> Numbers:
    known = [v for v in values if v is not None and not math.isnan(v)]
    cells = Counter(counters.cell(value, centre) for value in known)
    missing = len(values) - len(known)
    return Numbers(centre=centre, cells=dict(sorted(cells.items())), missing=missing)


@given(st.lists(st.floats() | st.none()), CENTRES)
def test_bit_patterns_are_cells(values: list[float | None], centre: float) -> None:
    tally = NumberTally(centre)
    tally.add(pa.array(values, pa.float64()))
    assert tally.counted() == expected(values, centre)


@pytest.mark.parametrize("centre", [0.0, 0.5, 1950.0, -1e300, 1e-310])
def test_bit_patterns_beside_the_edges(centre: float) -> None:
    values = [*HARD, *(-value for value in HARD)]
    tally = NumberTally(centre)
    tally.add(pa.array(values))
    assert tally.counted() == expected(values, centre)


@pytest.mark.parametrize("centre", [0.0, 0.5, 1950.0, -1e300])
def test_the_engine_finds_the_same_cells(centre: float) -> None:
    values = [*HARD, *(-value for value in HARD), None, math.nan]
    table = ibis.memtable(pa.table({"row": range(len(values)), "x": values}))
    cells = table.select("row", cell=cell(table.x, centre)).order_by("row")
    found = engine.connect(threads=None).to_pyarrow(cells)["cell"].to_pylist()
    assert found[-2:] == [None, None]
    assert found[:-2] == [counters.cell(value, centre) for value in values[:-2]]


@given(st.lists(st.floats(allow_nan=False) | st.none()), st.data())
def test_it_does_not_matter_how_rows_are_split(values: list[Any], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    split, whole = NumberTally(3.0), NumberTally(3.0)
    whole.add(pa.array(values, pa.float64()))
    for part in (values[cut:], values[:cut]):
        split.add(pa.array(part, pa.float64()))
    assert split.counted() == whole.counted()


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, 2, None], pa.int8()),
        pa.array([1.0, 2.0, None], pa.float32()),
        pa.array(["1.00", "2.00", None]).cast(pa.decimal128(9, 2)),
        pa.array([1, 2, None], pa.int64()).dictionary_encode(),
    ],
    ids=lambda values: str(values.type),
)
def test_a_number_is_a_number_of_any_width(values: pa.Array) -> None:
    tally = NumberTally(0.0)
    tally.add(values)
    assert tally.counted() == expected([1.0, 2.0, None], 0.0)


def test_whole_numbers_beyond_a_double_are_rounded() -> None:
    tally = NumberTally(0.0)
    tally.add(pa.array([2**60 + 1]))
    assert tally.counted() == expected([float(2**60)], 0.0)


def test_the_centre_is_a_middle_one_of_the_first_known_values() -> None:
    tally = NumberTally()
    tally.add(pa.array([None, math.nan, math.inf], pa.float64()))
    tally.add(pa.array([9.0, 7.0, 8.0, None]))
    tally.add(pa.array([1000.0]))
    assert tally.counted().centre == 8.0
    assert NumberTally().counted() == Numbers(centre=0.0, cells={}, missing=0)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary("int8", "string")])
def test_words_are_counted_by_level(kind: pa.DataType) -> None:
    tally = LevelTally()
    for words in (["a"] * 12 + ["b", None], ["b"] * 9 + ["c"]):
        tally.add(pa.array(words, kind))
    assert tally.counted() == Levels(levels={"a": 12, "b": 10}, other=1, missing=1)


def test_words_of_a_reference_are_told_apart_and_no_others() -> None:
    tally = LevelTally(["a", "z"])
    tally.add(pa.array(["a", "b", None]))
    assert tally.counted() == Levels(levels={"a": 1, "z": 0}, other=1, missing=1)


def test_truth_is_a_word() -> None:
    tally = LevelTally(["true"])
    tally.add(pa.array([True, False, True]))
    assert tally.counted() == Levels(levels={"true": 2}, other=1, missing=0)


@pytest.mark.parametrize("sizes", [[7], [3, 4], [6, 1]])
def test_too_many_words_are_no_category(sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "MOST_VALUES", 6)
    monkeypatch.setattr(counters, "FEWEST_ROWS", 1)
    words = iter("abcdefg")
    tally = LevelTally()
    for size in sizes:
        assert tally.counted() is not None or tally.full is False
        tally.add(pa.array(list(itertools.islice(words, size))))
    assert tally.counted() is None


def test_words_of_which_each_is_rare_are_no_category() -> None:
    tally = LevelTally()
    tally.add(pa.array([f"id-{n}" for n in range(100)]))
    assert tally.counted() is None


TABLE = pa.table({
    "n": pa.array([1.5, None, 3.0, -2.0] * 30),
    "w": ["x", "y", None, "x"] * 30,
    "d": pa.array([0, 1, 2, 3] * 30, pa.date32()),
})  # fmt: skip


@pytest.fixture
def parquet(tmp_path: Path) -> list[Path]:
    """The table in two files of several row groups."""
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pq.write_table(TABLE.slice(0, 50), paths[0], row_group_size=7)
    pq.write_table(TABLE.slice(50), paths[1], row_group_size=11)
    return paths


def test_files_tables_and_batches_give_the_same_counters(
    parquet: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = engine.connect(threads=None)
    tables = [engine.parquet(connection, [path]) for path in parquet]
    whole = counting.reference(ParquetRows.of(parquet), ["n", "w"])
    assert whole["w"] == Levels(levels={"x": 60, "y": 30}, other=0, missing=30)
    assert counting.reference(TableRows.of(connection, tables), ["n", "w"]) == whole
    monkeypatch.setattr(counting, "ROWS", 5)
    against = {name: counts for name, counts in whole.items() if counts is not None}
    assert counting.alike(ParquetRows.of(parquet), against) == whole
    assert counting.alike(TableRows.of(connection, tables), against) == whole


def test_a_column_of_days_is_neither(parquet: list[Path]) -> None:
    assert ParquetRows.of(parquet).kinds == {"n": "numeric", "w": "categorical", "d": None}


def test_files_of_two_shapes_are_refused(parquet: list[Path]) -> None:
    pq.write_table(TABLE.drop_columns("w"), parquet[1])
    with pytest.raises(Refused, match=r"b\.parquet: its columns are not those of"):
        ParquetRows.of(parquet)


@pytest.mark.parametrize("keep", [0, 40, -60])
def test_a_damaged_file_is_refused(parquet: list[Path], keep: int) -> None:
    data = parquet[1].read_bytes()
    parquet[1].write_bytes(data[:keep])
    with pytest.raises(Refused, match=r"b\.parquet: not a complete Parquet file"):
        counting.reference(ParquetRows.of(parquet), ["n"])


def test_a_file_damaged_inside_is_refused(parquet: list[Path]) -> None:
    data = bytearray(parquet[1].read_bytes())
    data[4:300] = bytes(296)
    parquet[1].write_bytes(data)
    with pytest.raises(Refused, match=r"b\.parquet: not a complete Parquet file"):
        counting.reference(ParquetRows.of(parquet), ["n"])
