"""The table of false alarms is drawn by a seed and judged by the gates themselves."""

from __future__ import annotations

import pytest

from governance import gates, weighing
from governance.finding import Verdict
from pipelines import calibration
from pipelines.calibration import DESIGNS, LENGTH, Line, table

LINES = list(table(1, 60))


def line(design: str, truth: str, rows: int) -> Line:
    (found,) = [one for one in LINES if (one.design, one.truth, one.rows) == (design, truth, rows)]
    return found


def test_every_line_is_there_and_adds_up() -> None:
    assert len(LINES) == LENGTH
    assert {one.design for one in LINES} == {design.name for design in DESIGNS}
    for one in LINES:
        assert one.fail + one.passed + one.inconclusive == pytest.approx(1)
        assert 0 < one.trials <= 60


def test_a_seed_gives_one_table() -> None:
    assert [one for one in table(1, 5)] == [one for one in table(1, 5)]  # noqa: C416 - iterators
    assert list(table(1, 5)) != list(table(2, 5))


@pytest.mark.parametrize("design", [design.name for design in DESIGNS])
def test_no_change_raises_few_alarms(design: str) -> None:
    for one in LINES:
        if one.design == design and one.truth in {"no change", "no gap"}:
            assert one.fail <= max(0.15, 3 / one.trials), one
            assert one.fail <= one.naive, one


@pytest.mark.parametrize("design", ["accuracy, same rows", "accuracy, own rows"])
def test_a_real_loss_is_found(design: str) -> None:
    assert line(design, "5 % worse", 20_000).fail == 1
    assert line(design, "5 % worse", 3_000).fail >= 0.85
    assert line(design, "no change", 20_000).passed == 1
    assert line(design, "no change", 60).inconclusive >= 0.5


def test_the_same_rows_tell_more_than_rows_of_their_own() -> None:
    same = line("accuracy, same rows", "5 % worse", 500)
    assert same.fail > line("accuracy, own rows", "5 % worse", 500).fail


def test_a_loss_at_the_bound_seldom_passes() -> None:
    for one in LINES:
        if one.truth == "3 % worse":
            assert one.passed <= 0.2, one


def test_the_gates_that_judge_models_are_those_that_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(weighing.uncertainty, "same_rate", lambda *_: 0.0)
    assert calibration._parity(((12, 20), (800, 2000)))[0] is Verdict.FAIL
    monkeypatch.setattr(gates, "adjusted", lambda chances: dict.fromkeys(chances, 1.0))
    assert calibration._parity(((12, 20), (800, 2000)))[0] is Verdict.INCONCLUSIVE
