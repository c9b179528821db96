"""The benchmark of the drift verdict runs through on few rows; how fast it is is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import drift
from bench.rounds import CouldNotMeasure


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "ROWS", 20_000)
    monkeypatch.setattr(drift, "LARGE", 40_000)
    monkeypatch.delenv(drift.NANNYML, raising=False)


@pytest.mark.usefixtures("few")
def test_it_finds_what_moved_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drift.run(tmp_path, 1)
    lines = capsys.readouterr().out.splitlines()
    assert "charter drift / reading with DuckDB: " in lines[0]
    assert lines[1].endswith("not measured, CHARTER_BENCH_NANNYML names no Python")
    assert lines[2] == "  told: k5, n03, n11  moved: k5, n03, n11: kept"
    assert " MB at 20,000 rows, " in lines[3]


@pytest.mark.parametrize(
    ("small", "large", "kept"),
    [(300, 360, True), (300, 361, False), (450, 500, True), (450, 501, False)],
)
def test_memory_stays_flat_and_low(small: int, large: int, *, kept: bool) -> None:
    assert drift.flat("x", small, large) is kept


def test_what_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(CouldNotMeasure, match="exit code 3"):
        drift.peak(["sh", "-c", "exit 3"], tmp_path)
