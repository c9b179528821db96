"""What a model must show before anyone is asked to approve it (`policies/gates.yaml`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from governance.bias import BiasLimits
from governance.declaration import Part, Policy, Text
from governance.finding import Verdict
from governance.strictness import Higher, Lower, More

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from governance.evidence import Metrics

PerformanceMetric = Literal[
    "accuracy", "balanced_accuracy", "f1", "log_loss", "roc_auc",
    "mean_absolute_error", "r2", "root_mean_squared_error",
]  # fmt: skip
FairnessMetric = Literal[
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "mean_error_difference",
    "mean_absolute_error_ratio",
]


class Threshold(Part):
    """One bound on one metric. The direction is written, never guessed."""

    metric: Literal[PerformanceMetric, FairnessMetric]
    """The metric as `metrics.json` names it."""
    at_least: Annotated[float | None, Higher] = None
    """Smallest value that passes."""
    at_most: Annotated[float | None, Lower] = None
    """Largest value that passes."""
    minimum_rows: Annotated[int, Field(ge=1), Higher]
    """Rows below which the verdict is inconclusive; for fairness, rows of the smallest group."""
    because: Text | None = None
    """Why this bound."""

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            msg = "give exactly one of at_least and at_most"
            raise ValueError(msg)
        return self

    def passes(self, value: float) -> bool:
        """Whether a finite `value` is on the right side of the bound."""
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most

    def __str__(self) -> str:
        if self.at_least is not None:
            return f"{self.metric} at least {self.at_least:g}"
        return f"{self.metric} at most {self.at_most:g}"

    def loosens(self, other: Threshold) -> bool:
        """Whether this bound lets through a value that `other` stops."""
        if self.at_least is not None and other.at_least is not None:
            return self.at_least < other.at_least or self.minimum_rows < other.minimum_rows
        if self.at_most is not None and other.at_most is not None:
            return self.at_most > other.at_most or self.minimum_rows < other.minimum_rows
        return True


class TaskGates(Part):
    """Bounds for all models of one task."""

    performance: Annotated[tuple[Threshold, ...], Field(min_length=1), More]
    """Bounds on how well the model predicts."""
    fairness: Annotated[tuple[Threshold, ...], Field(min_length=1), More]
    """Bounds on how differently it treats groups."""


class Gates(Policy):
    """Bounds by task. A model may add bounds of its own, never loosen these."""

    classification: TaskGates
    """Bounds for classifiers."""
    regression: TaskGates
    """Bounds for regressors."""
    bias: BiasLimits = BiasLimits()
    """Bounds on the data, before training."""

    def task(self, name: str) -> TaskGates:
        """The bounds of `classification` or `regression`."""
        return self.classification if name == "classification" else self.regression


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one bound says about one measured value."""

    threshold: Threshold
    verdict: Verdict
    measured: str
    group: str | None = None


def judge(
    performance: Iterable[Threshold],
    fairness: Iterable[Threshold],
    metrics: Metrics,
    protected: Iterable[str],
) -> Iterator[GateResult]:
    """The verdict of every bound. A metric that was not measured is an error, never a pass.

    A fairness bound is judged for each protected attribute, declared or measured, on the rows
    of its smallest group; a performance bound on the evaluation rows.
    """
    for bound in performance:
        measure = metrics.performance.get(bound.metric)
        if measure is None:
            yield GateResult(bound, Verdict.ERROR, "not measured")
            continue
        if not _possible(bound.metric, measure.value):
            yield GateResult(bound, Verdict.ERROR, f"{measure.value:g} is no possible value")
            continue
        verdict = _verdict(bound, measure.value, measure.rows)
        interval = f"{measure.value:g} [{measure.low:g}, {measure.high:g}], n={measure.rows}"
        yield GateResult(bound, verdict, interval)
    attributes = sorted({*protected, *metrics.fairness})
    for bound in fairness:
        for attribute in attributes:
            report = metrics.fairness.get(attribute)
            value = report.disparities.get(bound.metric) if report else None
            if report is None or value is None:
                yield GateResult(bound, Verdict.ERROR, "not measured", attribute)
                continue
            if len(report.groups) < 2:  # noqa: PLR2004 - a gap lies between two
                yield GateResult(bound, Verdict.INCONCLUSIVE, "one group only", attribute)
                continue
            if not _possible(bound.metric, value):
                text = f"{value:g} is no possible value"
                yield GateResult(bound, Verdict.ERROR, text, attribute)
                continue
            smallest = min(group.rows for group in report.groups.values())
            text = f"{value:g}, smallest group n={smallest}"
            yield GateResult(bound, _verdict(bound, value, smallest), text, attribute)


_RANGES: Final = {
    "accuracy": (0, 1),
    "balanced_accuracy": (0, 1),
    "demographic_parity_difference": (0, 1),
    "equal_opportunity_difference": (0, 1),
    "f1": (0, 1),
    "log_loss": (0, math.inf),
    "mean_absolute_error": (0, math.inf),
    "mean_absolute_error_ratio": (1, math.inf),
    "mean_error_difference": (0, math.inf),
    "r2": (-math.inf, 1),
    "roc_auc": (0, 1),
    "root_mean_squared_error": (0, math.inf),
}
"""Lowest and highest value a metric can take: 90 for 0.9 would pass any bound."""


def _possible(metric: str, value: float) -> bool:
    low, high = _RANGES[metric]
    return math.isfinite(value) and low <= value <= high


def _verdict(bound: Threshold, value: float, rows: int) -> Verdict:
    if rows < bound.minimum_rows:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if bound.passes(value) else Verdict.FAIL
