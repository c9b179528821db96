"""Metrics of two models agree with scikit-learn, and their bounds with resampling."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from pipelines import evaluate as step
from pipelines import paired, pulls, rescored
from pipelines.inputs import Refused

ROWS = 1_500


def classified(rows: int = ROWS, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target, champion's and candidate's probabilities; the candidate errs a little more."""
    dice = np.random.default_rng(seed)
    true = (dice.random(rows) < 0.3).astype("int64")
    shared = 2.0 * true - 1 + dice.normal(size=rows)
    said = [1 / (1 + np.exp(-(shared + noise * dice.normal(size=rows)))) for noise in (0.4, 0.6)]
    return true, np.round(said[0], 2), np.round(said[1], 2)


def numbers(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(4)
    true = dice.normal(10, 3, rows)
    return true, true + dice.normal(size=rows), true + 1.1 * dice.normal(size=rows)


DATA = {"classification": classified(), "regression": numbers()}
NAMES = [
    (task, name) for task in DATA for name in sorted({*pulls.PULLS[task], *rescored.METRICS[task]})
]


def asked(task: str) -> dict[str, Any]:
    model: Any = SimpleNamespace(task=task)
    return step._metrics(model)


@pytest.mark.parametrize("task", DATA)
def test_every_metric_of_the_evaluation_is_compared(task: str) -> None:
    true, champion, candidate = DATA[task]
    found = paired.beside(task, true, champion=champion, candidate=candidate, seed=1)
    assert set(found) == set(asked(task))
    for name, metric in asked(task).items():
        beside = found[name]
        assert beside.champion == pytest.approx(metric(true, champion), abs=1e-6), name
        assert beside.candidate == pytest.approx(metric(true, candidate), abs=1e-6), name
        assert beside.rows == ROWS
        sign = 1 if name in {"accuracy", "average_precision", "balanced_accuracy", "f1", "r2",
                             "roc_auc"} else -1  # fmt: skip
        wanted = sign * (beside.champion - beside.candidate) / beside.champion
        assert beside.loss == pytest.approx(wanted, abs=1e-5), name


@pytest.mark.parametrize(("task", "name"), [*NAMES, ("classification", "accuracy")])
def test_the_bounds_are_as_wide_as_resampling_has_them(task: str, name: str) -> None:
    true, champion, candidate = DATA[task]
    beside = paired.beside(task, true, champion=champion, candidate=candidate, seed=1)[name]
    metric, dice, drawn = asked(task)[name], np.random.default_rng(5), []
    for _ in range(300):
        draw = dice.integers(0, ROWS, ROWS)
        drawn.append(metric(true[draw], candidate[draw]) / metric(true[draw], champion[draw]))
    assert beside.loss is not None
    assert beside.low is not None
    assert beside.high is not None
    reach = 1.645 * float(np.std(drawn))
    assert beside.high - beside.loss == pytest.approx(reach, rel=0.2)
    assert beside.loss - beside.low == pytest.approx(reach, rel=0.2)


@pytest.mark.parametrize("task", DATA)
def test_the_pulls_of_all_rows_balance(task: str) -> None:
    true, champion, _ = DATA[task]
    for metric in pulls.PULLS[task].values():
        value, found = metric.of(true, champion)
        assert math.isfinite(value)
        assert found.mean() == pytest.approx(0, abs=1e-9)


def test_a_second_comparison_gives_the_same_numbers() -> None:
    true, champion, candidate = DATA["classification"]
    both = [
        paired.beside("classification", true, champion=champion, candidate=candidate, seed=9)
        for _ in range(2)
    ]
    assert both[0] == both[1]


def test_two_models_that_answer_alike_lose_nothing() -> None:
    true, champion, _ = DATA["classification"]
    found = paired.beside("classification", true, champion=champion, candidate=champion, seed=1)
    for beside in found.values():
        assert (beside.loss, beside.chance) == (0, 0.5)


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "f1"])
def test_no_disagreement_on_few_rows_is_no_certainty(name: str) -> None:
    true, champion, _ = classified(100)
    candidate = np.where(champion >= 0.5, 0.9, 0.1)
    found = paired.beside("classification", true, champion=champion, candidate=candidate, seed=1)
    assert found[name].loss == 0
    assert found[name].high is not None
    assert found[name].high > 0.03
    true, champion, _ = classified(20_000)
    candidate = np.where(champion >= 0.5, 0.9, 0.1)
    found = paired.beside("classification", true, champion=champion, candidate=candidate, seed=1)
    assert found[name].high is not None
    assert found[name].high < 0.001


@pytest.mark.parametrize("name", ["balanced_accuracy", "f1"])
def test_a_jump_is_what_one_row_is_worth(name: str) -> None:
    true, said, _ = classified(400)
    metric = pulls.PULLS["classification"][name]
    value, _ = metric.of(true, said)
    moved = []
    for row in range(400):
        other = said.copy()
        other[row] = 1 - other[row]
        moved.append(abs(metric.of(true, other)[0] - value))
    jump = metric.jump(true, value, said)
    assert jump / 400 == pytest.approx(max(moved), rel=0.02)


def test_a_clearly_worse_model_is_no_accident() -> None:
    true, champion, _ = DATA["classification"]
    dice = np.random.default_rng(1)
    found = paired.beside(
        "classification", true, champion=champion, candidate=dice.random(ROWS), seed=1
    )
    assert all(beside.chance < 1e-6 for beside in found.values())
    assert all(beside.low is not None and beside.low > 0.03 for beside in found.values())


def test_beyond_the_rows_drawn_from_the_bounds_are_narrowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true, champion, candidate = DATA["classification"]
    whole = rescored.METRICS["classification"]["average_precision"]
    full = whole(true, champion, candidate, 1)
    monkeypatch.setattr(rescored, "MOST_ROWS", 300)
    part = whole(true, champion, candidate, 1)
    assert (part.champion, part.candidate) == (full.champion, full.candidate)
    assert part.narrow == pytest.approx(math.sqrt(300 / ROWS))
    spread = [np.std(found.candidates) * found.narrow for found in (full, part)]
    assert spread[1] == pytest.approx(spread[0], rel=0.25)


def test_ties_are_ranked_as_scikit_learn_ranks_them() -> None:
    true = np.array([1, 0, 1, 0, 0, 1, 0, 1])
    said = np.array([0.9, 0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.9])
    weights = np.ones((1, 8))
    value = rescored.average_precision(true, said)(weights)[0]
    assert value == pytest.approx(metrics.average_precision_score(true, said))
    assert pulls.roc_auc(true, said)[0] == pytest.approx(metrics.roc_auc_score(true, said))


def test_weights_count_rows_again() -> None:
    true, said, _ = (values[:50] for values in DATA["classification"])
    times = np.random.default_rng(2).integers(0, 4, 50)
    for metric in (rescored.average_precision, rescored.calibration_error):
        again = metric(np.repeat(true, times), np.repeat(said, times))
        wanted = again(np.ones((1, times.sum())))[0]
        assert metric(true, said)(times[None, :])[0] == pytest.approx(wanted)


def test_one_class_is_refused() -> None:
    said = np.linspace(0, 1, 10)
    with pytest.raises(Refused, match="one class only"):
        paired.beside("classification", np.ones(10), champion=said, candidate=said, seed=1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_metric_that_is_not_finite_is_refused() -> None:
    true = np.arange(10.0)
    with pytest.raises(Refused, match="no finite number"):
        paired.beside("regression", true, champion=true + 1, candidate=true + 1e300, seed=1)


def test_of_a_champion_that_is_never_wrong_there_is_no_share_to_lose() -> None:
    true = np.arange(10.0)
    found = paired.beside("regression", true, champion=true, candidate=true + 1, seed=1)
    assert found["mean_absolute_error"].loss is None
    assert found["r2"].loss is not None
