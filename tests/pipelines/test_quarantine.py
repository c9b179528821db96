"""Rows set aside keep their number and reasons, and give nothing of a person away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import engine
from governance import catalogue
from pipelines import masks, quarantine
from pipelines.inputs import Refused
from pipelines.land import land
from pipelines.quarantine import Blame

VISITS, _, _ = catalogue.read("policies/datasets/visits.yaml", small.visits_contract().encode())
ROWS = 120_001
"""More than two batches."""


def many() -> pa.Table:
    numbers = list(range(1, ROWS + 1))
    return pa.table({"x": numbers, "name": [f"person {n}" for n in numbers]})


def on_disk(connection: Any, path: Path, table: pa.Table) -> ibis.Table:
    return engine.parquet(connection, [small.put(path, table)])


def test_rows_are_set_aside_in_order_with_all_reasons(tmp_path: Path) -> None:
    connection = engine.connect(threads=None)
    raw = on_disk(connection, tmp_path / "raw.parquet", many())
    numbers = pa.table({quarantine.ROW: [6, 7, 100_000, 100_000]})
    marks = on_disk(connection, tmp_path / "marks.parquet", numbers)
    blames = [
        Blame("x: even", raw.x % 2 == 0),
        Blame("x: third", raw.x % 3 == 0),
        Blame("x: twice", marks=marks),
    ]
    path = tmp_path / "deep" / "a.bad.parquet"
    count = quarantine.set_aside(connection, raw, blames, path, hide=())
    rows = pq.read_table(path).to_pylist()
    expected = [n for n in range(1, ROWS + 1) if n % 2 == 0 or n % 3 == 0 or n == 7]
    assert count == len(rows) == len(expected)
    assert [row["charter_row"] for row in rows] == expected == [row["x"] for row in rows]
    reasons = {row["x"]: row["charter_reason"] for row in rows}
    assert (reasons[2], reasons[3], reasons[7]) == ("x: even", "x: third", "x: twice")
    assert reasons[6] == "x: even; x: third; x: twice"
    assert path.parent.stat().st_mode & 0o077 == 0


def test_rows_of_many_row_groups_stay_in_order(tmp_path: Path) -> None:
    """Nothing is sorted where nothing was joined: the engine itself has to keep the order."""
    pq.write_table(many(), tmp_path / "raw.parquet", row_group_size=5_000)
    connection = engine.connect(threads=None)
    raw = engine.parquet(connection, [tmp_path / "raw.parquet"])
    path = tmp_path / "bad.parquet"
    assert quarantine.set_aside(connection, raw, [Blame("x", raw.x > 0)], path, hide=()) == ROWS
    found = pq.read_table(path)
    assert found["x"].to_pylist() == found["charter_row"].to_pylist() == list(range(1, ROWS + 1))


def test_good_rows_stay_in_order_and_untouched(tmp_path: Path) -> None:
    assert VISITS is not None
    table = small.visits(1, 50)
    small.put(tmp_path / "a.parquet", table)
    connection = engine.connect(threads=None)
    raw = engine.read(connection, tmp_path / "a.parquet", VISITS)
    marks = on_disk(connection, tmp_path / "m.parquet", pa.table({quarantine.ROW: [1, 50]}))
    blames = [Blame("a", raw.age < 50), Blame("b", marks=marks)]
    quarantine.keep(connection, raw, blames, "a.parquet", tmp_path, VISITS)
    good = [i for i, age in enumerate(table["age"].to_pylist()) if age >= 50 and 0 < i < 49]
    assert pq.read_table(tmp_path / "a.parquet").to_pylist() == table.take(good).to_pylist()


def aside(root: Path, tmp_path: Path, **options: Any) -> dict[str, Any]:
    path = small.put(tmp_path / "new.parquet", small.with_cell(small.visits(900, 20), "age", 4, 17))
    with pytest.raises(Refused):
        land(root, "visits", [path], small.NOW, say=lambda _: None, **options)
    (found,) = (root / "quarantine").rglob("*.parquet")
    (row,) = pq.read_table(found).to_pylist()
    return dict(row)


def test_what_says_something_about_a_person_is_masked(still: Path, tmp_path: Path) -> None:
    row = aside(still, tmp_path)
    assert [row[name] for name in ("visit_id", "seen_at", "age", "sex")] == [
        "V…, 8 characters", "2…, 19 characters", "2 characters", "1 character",
    ]  # fmt: skip
    assert row["channel"] in {"web", "shop"}
    assert row["charter_row"] == 5


def test_values_stay_when_that_is_asked(still: Path, tmp_path: Path) -> None:
    row = aside(still, tmp_path, keep_values=True)
    assert (row["visit_id"], row["age"]) == ("V-000904", 17)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), max_size=20))
def test_a_mask_gives_one_letter_away_at_most(values: list[str]) -> None:
    table = ibis.memtable(pa.table({"x": pa.array(values, pa.string())}))
    shown = table.select(x=masks.masked(table.x)).to_pyarrow()["x"].to_pylist()
    for value, mask in zip(values, shown, strict=True):
        told = mask.partition("…")[0] if "…" in mask else ""
        assert len(told) <= 1
        assert value.startswith(told)
        assert mask.removeprefix(f"{told}…, ").split()[0] == str(len(value))
