"""Step `evaluate`: what the model does on the rows it never saw.

Performance with bootstrap intervals, fairness by group with fairlearn, and the distance of the
held-out rows from the training rows. Facts only: the gates judge them outside DVC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters import modelfile
from governance.digest import of_bytes, rounded
from governance.drift import population_stability_index
from governance.evidence import (
    GroupMeasures,
    GroupReport,
    Measure,
    Metrics,
    Probe,
    Reference,
    ToolUsed,
    TrainingRun,
    of_model,
)
from pipelines import frames, inputs
from pipelines.inputs import Refused
from pipelines.slices import slices

if TYPE_CHECKING:
    import pandas as pd

    from governance.model import Model
    from governance.registry import Registry

RESAMPLES = 200
MOST_ROWS = 20_000
"""Rows a resample draws from; beyond, the interval is narrowed by the square root law."""
BINS = 10
MOST_CATEGORIES = 20

Metric = Callable[[np.ndarray, np.ndarray], float]


def evaluate(name: str) -> None:
    """Measures one model on its held-out rows.

    Raises:
        Refused: the model file is not the one `train` described, or a metric is not finite.
    """
    model: Model = inputs.model(name)
    registry: Registry = inputs.declared("policies/registry.yaml")
    training = inputs.read(of_model(name, "training"), TrainingRun)
    folder = Path(of_model(name, "training")).parent / "model"
    root, _ = modelfile.digest(folder)
    if root != training.model_digest:
        msg = f"{folder} is not the model that was trained: run `dvc repro --force train@{name}`"
        raise Refused(msg)
    try:
        fitted = modelfile.load(folder / modelfile.NAME, registry.trusted_types)
    except modelfile.Untrusted as error:
        raise Refused(str(error)) from None
    trained, held = frames.split(model, inputs.contract(model.dataset))
    scores = answers(model, fitted, held.features)
    report = Metrics(
        model=name,
        model_digest=root,
        task=model.task,
        rows=len(held.target),
        tool=ToolUsed(name="fairlearn", version=version("fairlearn")),
        performance=performance(model, held.target, scores),
        slices={
            name: slices(model.task, column, held.target, scores)
            for name, column in _sliced(model, held)
        },
        fairness={
            attribute: fairness(model, held, scores, attribute) for attribute in model.protected
        },
        drift={
            name: _moved(trained.features[name], held.features[name])
            for name in model.features.names
        },
        probe=_probe(scores),
    )
    inputs.write(of_model(name, "metrics"), report)
    shown = ", ".join(f"{key} {measure.value:g}" for key, measure in report.performance.items())
    print(f"{name}: {shown} on {report.rows:,} rows")


def answers(model: Model, fitted: Any, features: pd.DataFrame) -> np.ndarray:
    """Probability of the positive class, or the predicted number; shape (rows,)."""
    if model.task == "regression":
        found: np.ndarray = np.asarray(fitted.predict(features), dtype="float64")
    elif hasattr(fitted, "predict_proba"):
        found = np.asarray(fitted.predict_proba(features)[:, 1], dtype="float64")
    else:
        found = np.asarray(fitted.predict(features), dtype="float64")
    if not np.isfinite(found).all():
        msg = f"{model.name}: {int((~np.isfinite(found)).sum())} predictions are not finite"
        raise Refused(msg)
    return found


def _sliced(model: Model, held: frames.Rows) -> Iterator[tuple[str, pd.Series]]:
    """Columns whose values make slices: categories and groups."""
    for name in model.features.categorical:
        yield name, held.features[name]
    for name in model.protected:
        if name not in model.features.categorical:
            yield name, held.protected[name]


def _probe(scores: np.ndarray) -> Probe:
    return Probe(rows=len(scores), digest=of_bytes(scores.astype("<f8").tobytes()))


def _metrics(model: Model) -> dict[str, Metric]:
    from sklearn import metrics  # noqa: PLC0415 - a second of imports

    if model.task == "regression":
        return {
            "mean_absolute_error": metrics.mean_absolute_error,
            "r2": metrics.r2_score,
            "root_mean_squared_error": metrics.root_mean_squared_error,
        }

    def decided(metric: Callable[..., float]) -> Metric:
        return lambda true, score: metric(true, score >= 0.5)  # noqa: PLR2004 - the decision

    def clipped(true: np.ndarray, score: np.ndarray) -> float:
        return float(metrics.log_loss(true, np.clip(score, 1e-7, 1 - 1e-7), labels=[0, 1]))

    return {
        "accuracy": decided(metrics.accuracy_score),
        "average_precision": metrics.average_precision_score,
        "balanced_accuracy": decided(metrics.balanced_accuracy_score),
        "brier_score": lambda true, score: float(np.mean((score - true) ** 2)),
        "calibration_error": calibration_error,
        "f1": decided(lambda true, said: metrics.f1_score(true, said, zero_division=0.0)),
        "log_loss": clipped,
        "roc_auc": metrics.roc_auc_score,
    }


def calibration_error(true: np.ndarray, scores: np.ndarray) -> float:
    """Mean distance of the probability from the share that came true, over ten equal bins."""
    places = np.minimum((scores * BINS).astype("int64"), BINS - 1)
    off = np.bincount(places, weights=scores - true, minlength=BINS)
    return float(np.abs(off).sum() / len(true))


def points(model: Model, true: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Every metric on some rows, without its interval.

    Raises:
        Refused: one is not finite.
    """
    return {
        name: _finite(model, name, float(metric(true, scores)))
        for name, metric in _metrics(model).items()
    }


def performance(model: Model, true: np.ndarray, scores: np.ndarray) -> dict[str, Measure]:
    """Every metric on some rows, with its 95 % interval from seeded resamples.

    Raises:
        Refused: the rows are too few, or a metric is not finite.
    """
    generator = np.random.default_rng(model.training.seed)
    rows = len(true)
    drawn = min(rows, MOST_ROWS)
    pool = np.arange(rows) if rows == drawn else generator.choice(rows, drawn, replace=False)
    draws = [pool[generator.integers(0, drawn, drawn)] for _ in range(RESAMPLES)]
    draws = [draw for draw in draws if len(np.unique(true[draw])) > 1]
    if not draws:
        msg = f"{model.name}: {rows} held-out rows are too few; change `training.holdout`"
        raise Refused(msg)
    narrow = (drawn / rows) ** 0.5
    found = {}
    for name, metric in _metrics(model).items():
        value = float(metric(true, scores))
        values = np.array([metric(true[draw], scores[draw]) for draw in draws])
        low, high = np.quantile(values, [0.025, 0.975])
        found[name] = Measure(
            value=_finite(model, name, value),
            low=_finite(model, name, value - (value - float(low)) * narrow),
            high=_finite(model, name, value + (float(high) - value) * narrow),
            rows=rows,
        )
    return found


def fairness(model: Model, held: frames.Rows, scores: np.ndarray, attribute: str) -> GroupReport:
    """What the model does to each group of a protected attribute.

    Raises:
        Refused: a metric is not finite.
    """
    from fairlearn import metrics  # noqa: PLC0415 - two seconds of imports
    from sklearn.metrics import accuracy_score, mean_absolute_error  # noqa: PLC0415

    groups = held.protected[attribute]
    if model.task == "classification":
        said = (scores >= 0.5).astype("int64")  # noqa: PLR2004 - the decision
        asked: dict[str, Any] = {
            "accuracy": accuracy_score,
            "false_positive_rate": metrics.false_positive_rate,
            "selection_rate": metrics.selection_rate,
            "true_positive_rate": metrics.true_positive_rate,
        }
        frame = metrics.MetricFrame(
            metrics=asked, y_true=held.target, y_pred=said, sensitive_features=groups
        )
        gaps = frame.difference(method="between_groups")
        disparities = {
            "demographic_parity_difference": gaps["selection_rate"],
            "equal_opportunity_difference": gaps["true_positive_rate"],
        }
    else:
        asked = {
            "mean_absolute_error": mean_absolute_error,
            "mean_error": lambda true, said: float(np.mean(said - true)),
        }
        frame = metrics.MetricFrame(
            metrics=asked, y_true=held.target, y_pred=scores, sensitive_features=groups
        )
        errors = frame.by_group["mean_absolute_error"]
        disparities = {
            "mean_error_difference": frame.difference(method="between_groups")["mean_error"],
            "mean_absolute_error_ratio": errors.max() / max(errors.min(), 1e-12),
        }
    rows = groups.value_counts()
    return GroupReport(
        groups={
            str(group): GroupMeasures(
                rows=int(rows[group]),
                metrics={k: _finite(model, f"{k} of {group}", float(v)) for k, v in row.items()},
                **_behind(model, held.target[here], scores[here]),
            )
            for group, row in frame.by_group.iterrows()
            for here in [(groups == group).to_numpy()]
        },
        disparities={k: _finite(model, k, float(v)) for k, v in disparities.items()},
    )


def _behind(model: Model, true: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """What the metrics of one group rest on: rows behind rates, standard errors of means."""
    rows, positive = len(true), int((true == 1).sum())
    if model.task == "classification":
        return {
            "bases": {
                "accuracy": rows,
                "false_positive_rate": rows - positive,
                "selection_rate": rows,
                "true_positive_rate": positive,
            }
        }
    if rows < 2:  # noqa: PLR2004 - one row has no spread
        return {}
    off = scores - true
    spread = {"mean_absolute_error": np.abs(off), "mean_error": off}
    return {
        "errors": {
            name: _finite(model, f"standard error of {name}", np.std(values, ddof=1) / rows**0.5)
            for name, values in spread.items()
        }
    }


def _finite(model: Model, what: str, value: float) -> float:
    """The value at the precision evidence keeps.

    Raises:
        Refused: it is no finite number, which would pass or fail any bound by accident.
    """
    if not np.isfinite(value):
        msg = f"{model.name}: {what} is {value}, no finite number"
        raise Refused(msg)
    return rounded(value)


def _moved(trained: pd.Series, held: pd.Series) -> Reference:
    """Counts of one feature in bins of the training rows, and how far the shares moved."""
    if trained.dtype.kind == "f":
        known = trained.dropna().to_numpy()
        edges: Any = (
            np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else []
        )
        bins = tuple(rounded(float(edge)) for edge in edges)
        sides = [_numeric_counts(side.to_numpy(), bins) for side in (trained, held)]
        kind = "numeric"
    else:
        top = trained.value_counts()
        order = sorted(top.index, key=lambda value: (-int(top[value]), value))[:MOST_CATEGORIES]
        bins = tuple(sorted(order))
        sides = [_category_counts(side, bins) for side in (trained, held)]
        kind = "categorical"
    return Reference(
        kind=kind,  # type: ignore[arg-type]
        bins=bins,
        trained=sides[0],
        held_out=sides[1],
        population_stability_index=rounded(population_stability_index(*sides)),
    )


def counts(values: pd.Series, reference: Reference) -> tuple[int, ...]:
    """Counts of other rows in the bins of the training rows."""
    if reference.kind == "numeric":
        return _numeric_counts(values.to_numpy(), tuple(map(float, reference.bins)))
    return _category_counts(values, reference.bins)


def _numeric_counts(values: np.ndarray, edges: tuple[float, ...]) -> tuple[int, ...]:
    """Counts between the edges, and of missing values last."""
    known = values[~np.isnan(values)]
    inside = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)
    return (*(int(count) for count in inside), int(len(values) - len(known)))


def _category_counts(values: pd.Series, categories: tuple[Any, ...]) -> tuple[int, ...]:
    """Counts of the categories, and of all others last."""
    counts = values.value_counts()
    known = [int(counts.get(category, 0)) for category in categories]
    return (*known, len(values) - sum(known))


if __name__ == "__main__":
    inputs.main(evaluate)
