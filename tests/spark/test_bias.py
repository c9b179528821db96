"""Bias reports and counters are the same bytes and integers on Spark."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pyarrow as pa
import pytest
import small
from edges import HARD
from people import REPORT, people, write

from adapters import engine
from governance import counters
from pipelines.cells import cell
from pipelines.scan_bias import scan_bias


@pytest.mark.parametrize("centre", [0.0, 0.5, 1950.0, -1e300])
def test_cells_are_those_of_the_language(tmp_path: Path, centre: float) -> None:
    values = [*HARD, *(-value for value in HARD), None, math.nan]
    path = small.put(tmp_path / "a.parquet", pa.table({"row": range(len(values)), "x": values}))
    connection = engine.connect()
    assert connection.name == "pyspark"
    table = engine.parquet(connection, [path])
    cells = table.select("row", cell=cell(table.x, centre)).order_by("row")
    found = cells.to_pyarrow()["cell"].to_pylist()
    assert found == [*(counters.cell(value, centre) for value in values[:-2]), None, None]


def test_a_bias_report_is_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {}
    monkeypatch.chdir(tmp_path)
    write(tmp_path, people())
    for name in ("duckdb", os.environ["CHARTER_ENGINE"]):
        monkeypatch.setenv("CHARTER_ENGINE", name)
        scan_bias("people")
        found[name] = REPORT.read_bytes()
    one, two = found.values()
    assert one == two
