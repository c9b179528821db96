"""What bounds already show is not counted again, and nothing is lost by that."""

from __future__ import annotations

import struct
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import engine
from governance import catalogue
from governance.contract import Column, Contract
from pipelines import clauses
from pipelines.scan import scan

VISITS, _, _ = catalogue.read("policies/datasets/visits.yaml", small.visits_contract().encode())
NOW = datetime(2026, 11, 20, tzinfo=UTC)
COLUMNS = (
    Column("n", "n", "number", required=True, minimum=-1, maximum=1),
    Column("i", "i", "integer", minimum=0),
    Column("t", "t", "timestamp"),
    Column("w", "w", "string", required=True, values=("a", "b"), pattern="[a-c]"),
)
NUMBERS = st.none() | st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0, float("nan"), float("inf")])
TIMES = st.none() | st.sampled_from([datetime(2026, 1, 1), datetime(2026, 11, 20, 0, 0, 1)])  # noqa: DTZ001
WORDS = st.none() | st.sampled_from(["", "a", "c", "zz"])
ROWS = st.lists(st.tuples(NUMBERS, st.none() | st.integers(-2, 2), TIMES, WORDS), max_size=6)


def contract() -> Contract:
    assert isinstance(VISITS, Contract)
    return replace(VISITS, columns=COLUMNS, event_column="t", rules=())


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_a_pass_counts_what_each_clause_counts(rows: list[tuple[object, ...]]) -> None:
    kinds = [pa.float64(), pa.int64(), pa.timestamp("us"), pa.string()]
    columns = zip(COLUMNS, kinds, zip(*rows, strict=True) if rows else [()] * 4, strict=True)
    table = pa.table({c.name: pa.array(values, kind) for c, kind, values in columns})
    with tempfile.TemporaryDirectory() as folder:
        path = small.put(Path(folder) / "a.parquet", table)
        raw = engine.read(engine.connect(threads=None), path, contract())
        found = scan(raw, contract(), NOW)
        expected = {
            (clause.name, clause.column): engine.one(raw.aggregate(n=clause.broken.sum()))["n"]
            for clause in clauses.of_rows(raw, contract(), NOW)
        }
    assert {(c.name, c.column): n for c, n in found.broken} == {
        key: count for key, count in expected.items() if count
    }
    assert found.rows == len(rows)
    assert found.nulls == {name: table[name].null_count for name in table.column_names}


def alone(values: list[object], **column: object) -> list[tuple[str, int]]:
    """Broken clauses of one number column in a file with nothing else to count."""
    only = replace(contract(), columns=(replace(COLUMNS[0], **column),), event_column=None)
    with tempfile.TemporaryDirectory() as folder:
        path = small.put(Path(folder) / "a.parquet", pa.table({"n": values}))
        found = scan(engine.read(engine.connect(threads=None), path, only), only)
    return [(clause.name, count) for clause, count in found.broken]


@pytest.mark.parametrize("worst", [float("nan"), float("inf"), float("-inf")], ids=str)
def test_statistics_that_leave_out_nan_hide_nothing(worst: float) -> None:
    assert ("finite", 1) in alone([0.0, worst, 1.0], minimum=None, maximum=None)


def test_a_sum_beyond_all_numbers_is_no_fault() -> None:
    assert alone([1e308, 1e308, 1e308], minimum=None, maximum=None) == []


def test_a_value_on_the_limit_is_kept() -> None:
    assert alone([-1.0, 1.0]) == []
    assert alone([-1.0, 1.0 + 1e-9]) == [("maximum", 1)]


def test_the_moment_of_landing_itself_is_no_future() -> None:
    later = NOW + timedelta(microseconds=1)
    for when, expected in ((NOW, []), (later, ["future"])):
        table = small.visits(1, 20)
        table = small.with_cell(table, "seen_at", 3, when.replace(tzinfo=None))
        with tempfile.TemporaryDirectory() as folder:
            assert isinstance(VISITS, Contract)
            path = small.put(Path(folder) / "a.parquet", table)
            found = scan(engine.read(engine.connect(), path, VISITS), VISITS, NOW)
        assert [clause.name for clause, _ in found.broken] == expected


def test_forged_statistics_hide_no_row(tmp_path: Path) -> None:
    """The bounds in a file's footer are its writer's word, not what stands in its rows."""
    path = tmp_path / "a.parquet"
    table = pa.table({"n": [0.5] * 10 + [1e9]})
    pq.write_table(table, path, use_dictionary=False, compression="none")
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    footer = data[-8 - size :].replace(struct.pack("<d", 1e9), struct.pack("<d", 0.6))
    path.write_bytes(data[: -8 - size] + footer)
    only = replace(contract(), columns=COLUMNS[:1], event_column=None)
    found = scan(engine.read(engine.connect(threads=None), path, only), only)
    assert [(clause.name, count) for clause, count in found.broken] == [("maximum", 1)]
