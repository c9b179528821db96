"""The bars of the calibration are judged line by line; a reduced run goes through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench import calibration
from bench.calibration import DEMANDS
from pipelines.calibration import Line


def lines(**changes: float) -> list[Line]:
    """One line for each bar, which keeps it."""
    return [
        replace(
            Line(demand.design, demand.truth, demand.rows or 60, 100, 0, 0, 0, 0),
            fail=0.97 if demand.at_least else 0.05, **changes,
        )
        for demand in DEMANDS
    ]  # fmt: skip


def test_every_bar_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration.judge(lines())
    assert capsys.readouterr().out.count(": kept") == len(DEMANDS)


@pytest.mark.parametrize("number", range(len(DEMANDS)))
def test_each_bar_can_be_missed(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    found = lines()
    found[number] = replace(found[number], fail=0.94 if DEMANDS[number].at_least else 0.0601)
    assert not calibration.judge(found)
    assert capsys.readouterr().out.count(": MISSED") == 1


def test_the_worst_size_counts() -> None:
    found = lines()
    assert not calibration.judge([*found, replace(found[0], rows=200, fail=0.07)])


def test_a_reduced_run_goes_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration.run(tmp_path, 20) in {True, False}
    assert len(capsys.readouterr().out.splitlines()) == len(DEMANDS)
