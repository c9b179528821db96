"""`evaluate` measures the model that was trained, in finite numbers."""

from __future__ import annotations

import io
import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small
from hypothesis import given
from hypothesis import strategies as st

from adapters import modelfile
from governance.model import Model
from pipelines import evaluate as step
from pipelines import frames, inputs
from pipelines.evaluate import evaluate
from pipelines.inputs import Refused

MODEL = Path("artifacts/ml/models/returning/model") / modelfile.NAME
REPORT = Path("artifacts/ml/models/returning/metrics.json")
TRAINING = REPORT.with_name("training.json")


def refused(name: str = "returning") -> str:
    with pytest.raises(Refused) as caught:
        evaluate(name)
    return str(caught.value)


@pytest.mark.usefixtures("ran")
def test_metrics_are_those_of_the_rows_held_out() -> None:
    from sklearn import metrics  # noqa: PLC0415

    report = json.loads(REPORT.read_text())
    model: Model = inputs.model("returning")
    _, held = frames.split(model, inputs.contract("visits"))
    fitted = modelfile.load(MODEL, ["numpy.dtype"])
    scores = fitted.predict_proba(held.features)[:, 1]
    found = report["performance"]
    assert found["roc_auc"]["value"] == pytest.approx(
        metrics.roc_auc_score(held.target, scores), abs=1e-6
    )
    assert found["accuracy"]["value"] == pytest.approx(
        np.mean((scores >= 0.5) == held.target), abs=1e-6
    )
    for measure in found.values():
        assert measure["low"] <= measure["value"] <= measure["high"]
        assert measure["rows"] == len(held.target) == report["rows"]
    groups = report["fairness"]["sex"]["groups"]
    assert {name: facts["rows"] for name, facts in groups.items()} == (
        held.protected["sex"].value_counts().to_dict()
    )
    rates = [facts["metrics"]["selection_rate"] for facts in groups.values()]
    gap = report["fairness"]["sex"]["disparities"]["demographic_parity_difference"]
    assert gap == pytest.approx(max(rates) - min(rates), abs=2e-6)
    assert set(report["drift"]) == {"spend", "channel"}
    assert found["brier_score"]["value"] == pytest.approx(
        metrics.brier_score_loss(held.target, scores), abs=1e-6
    )
    for name, facts in groups.items():
        here = held.target[(held.protected["sex"] == name).to_numpy()]
        assert facts["bases"] == {
            "accuracy": len(here), "selection_rate": len(here),
            "true_positive_rate": here.sum(), "false_positive_rate": len(here) - here.sum(),
        }  # fmt: skip


@pytest.mark.usefixtures("ran")
def test_a_second_run_gives_the_same_numbers() -> None:
    before = REPORT.read_bytes()
    evaluate("returning")
    assert REPORT.read_bytes() == before


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("damage", [b"", b"other bytes", b"\x80\x04N."])
def test_a_model_that_is_not_the_trained_one_is_refused(damage: bytes) -> None:
    MODEL.write_bytes(damage)
    assert refused() == (
        "artifacts/ml/models/returning/model is not the model that was trained:"
        " run `dvc repro --force train@returning`"
    )


def vouched(data: bytes) -> None:
    """Puts a model in place and makes `training.json` vouch for it."""
    report = json.loads(TRAINING.read_text())
    old = report["model_digest"]
    MODEL.write_bytes(data)
    TRAINING.write_text(TRAINING.read_text().replace(old, modelfile.digest(MODEL.parent)[0]))


@pytest.mark.usefixtures("ran")
def test_a_damaged_model_is_refused_though_somebody_vouches_for_it() -> None:
    vouched(MODEL.read_bytes()[:-200])
    assert refused().startswith(f"{MODEL} is no whole skops file")


@pytest.mark.usefixtures("ran")
def test_a_model_of_another_type_is_refused_though_somebody_vouches_for_it() -> None:
    with zipfile.ZipFile(MODEL) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    schema = members["schema.json"].replace(b"LogisticRegression", b"LogisticRegressionZ")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (members | {"schema.json": schema}).items():
            archive.writestr(name, content)
    vouched(out.getvalue())
    told = refused()
    assert told.startswith(f"{MODEL}")
    assert "Traceback" not in told


class Always:
    """A model that predicts one value."""

    def __init__(self, value: float) -> None:
        self.value = value

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        return np.full(len(features), self.value)


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_predictions_that_are_not_finite_are_refused(value: float) -> None:
    model: Model = inputs.model("rent")
    with pytest.raises(Refused, match="rent: 2 predictions are not finite"):
        step.answers(model, Always(value), pd.DataFrame({"a": [1, 2]}))


@pytest.mark.usefixtures("ran")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_metric_that_is_not_finite_is_refused() -> None:
    model: Model = inputs.model("rent")
    true = np.array([1.0, 2.0] * 20)
    with pytest.raises(Refused, match=r"rent: \w+ is -?(inf|nan), no finite number"):
        step.performance(model, true, np.full(40, 1e300))


@pytest.mark.usefixtures("ran")
def test_a_group_without_positive_rows_is_measured() -> None:
    model: Model = inputs.model("returning")
    true = np.array([1, 0] * 10 + [0] * 10)
    groups = pd.DataFrame({"sex": ["F"] * 20 + ["M"] * 10})
    rows = frames.Rows(pd.DataFrame(), true, groups)
    report = step.fairness(model, rows, np.linspace(0, 1, 30), "sex")
    assert report.groups["M"].rows == 10
    assert all(math.isfinite(value) for value in report.disparities.values())


@pytest.mark.usefixtures("ran")
def test_means_of_a_group_come_with_their_standard_error() -> None:
    model: Model = inputs.model("rent")
    true = np.array([1.0, 2.0, 3.0, 10.0, 20.0])
    said = np.array([2.0, 1.0, 5.0, 11.0, 22.0])
    groups = pd.DataFrame({"district": ["north"] * 4 + ["süd"]})
    report = step.fairness(model, frames.Rows(pd.DataFrame(), true, groups), said, "district")
    north, alone = report.groups["north"], report.groups["süd"]
    assert north.metrics == {"mean_absolute_error": 1.25, "mean_error": 0.75}
    assert north.errors["mean_absolute_error"] == pytest.approx(0.25)
    assert north.errors["mean_error"] == pytest.approx(np.std([1, -1, 2, 1], ddof=1) / 2, abs=1e-6)
    assert (alone.errors, alone.bases) == ({}, {})


def test_probabilities_that_come_true_as_often_are_calibrated() -> None:
    true = np.array([0, 1] * 50 + [1] * 100)
    scores = np.array([0.5] * 100 + [1.0] * 100)
    assert step.calibration_error(true, scores) == 0
    assert step.calibration_error(1 - true, scores) == pytest.approx(0.5)


NUMBERS = st.lists(st.none() | st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(NUMBERS, NUMBERS)
def test_every_row_is_counted_in_one_bin(
    trained: list[float | None], held: list[float | None]
) -> None:
    found = step._moved(pd.Series(trained, dtype="float64"), pd.Series(held, dtype="float64"))
    assert (sum(found.trained), sum(found.held_out)) == (len(trained), len(held))
    assert found.population_stability_index >= 0
    assert found.trained[-1] == sum(value is None for value in trained)


@given(
    st.lists(st.sampled_from("abcde"), min_size=1), st.lists(st.sampled_from("abcxyz"), min_size=1)
)
def test_unknown_categories_are_counted_as_others(trained: list[str], held: list[str]) -> None:
    found = step._moved(pd.Series(trained), pd.Series(held))
    assert (sum(found.trained), sum(found.held_out)) == (len(trained), len(held))
    assert found.held_out[-1] == sum(value not in trained for value in held)


@pytest.mark.usefixtures("ran")
def test_the_model_is_not_touched() -> None:
    before = small.state(MODEL.parent)
    evaluate("returning")
    assert small.state(MODEL.parent) == before
