"""Slices are measured as scikit-learn measures the same rows alone, with intervals that hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn import metrics

from pipelines.slices import MOST, slices

DICE = np.random.default_rng(4)
ROWS = 4000
TRUE = DICE.integers(0, 2, ROWS)
SCORES = np.clip(0.5 + 0.25 * (TRUE - 0.5) + 0.25 * DICE.standard_normal(ROWS), 0, 1)
COLUMN = pd.Series(DICE.choice(["web", "branch", "(missing)"], ROWS, p=[0.6, 0.3, 0.1]))


def test_each_slice_is_measured_by_itself() -> None:
    found = slices("classification", COLUMN, TRUE, SCORES)
    assert set(found) == {"web", "branch", "(missing)"}
    for value, measures in found.items():
        here = (value == COLUMN).to_numpy()
        true, said = TRUE[here], SCORES[here]
        assert measures["roc_auc"].rows == here.sum()
        assert abs(measures["roc_auc"].value - metrics.roc_auc_score(true, said)) < 1e-5
        assert abs(measures["accuracy"].value - ((said >= 0.5) == true).mean()) < 1e-5
        assert abs(measures["f1"].value - metrics.f1_score(true, said >= 0.5)) < 1e-5
        for measure in measures.values():
            assert 0 <= measure.low <= measure.value <= measure.high


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    inside = 0
    for _ in range(300):
        rows = DICE.choice(ROWS, 400)
        (found,) = slices(
            "classification", pd.Series(["a"] * 400), TRUE[rows], SCORES[rows]
        ).values()
        whole = metrics.roc_auc_score(TRUE, SCORES)
        inside += found["roc_auc"].low <= whole <= found["roc_auc"].high
    assert 0.91 <= inside / 300 <= 0.99


def test_numbers_have_slices_too() -> None:
    true = DICE.normal(10, 2, 500)
    found = slices("regression", pd.Series(["a", "b"] * 250), true, true + 0.5)
    assert found["a"]["mean_absolute_error"].value == 0.5


def test_a_slice_of_one_class_has_no_metric_and_the_rarest_are_left_out() -> None:
    column = pd.Series([f"v{n % 30:02d}" for n in range(900)])
    true = np.array([n % 30 != 0 for n in range(900)]).astype("int64") * (np.arange(900) % 2)
    found = slices("classification", column, true, np.linspace(0, 1, 900))
    assert len(found) == MOST
    assert found["v00"] == {}
