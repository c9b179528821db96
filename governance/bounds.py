"""One bound on one metric, as policies and models declare it."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from governance.declaration import Name, Part, Text
from governance.strictness import Higher, Lower, Stays

PerformanceMetric = Literal[
    "accuracy", "average_precision", "balanced_accuracy", "brier_score", "calibration_error", "f1",
    "log_loss", "roc_auc",
    "mean_absolute_error", "r2", "root_mean_squared_error",
]  # fmt: skip
FairnessMetric = Literal[
    "demographic_parity_difference",
    "equal_opportunity_difference",
    "mean_error_difference",
    "mean_absolute_error_ratio",
]
Confidence = Annotated[float, Field(gt=0.5, lt=1)]
"""Confidence of a one-sided interval."""

RANGES: Final = {
    "accuracy": (0, 1),
    "average_precision": (0, 1),
    "balanced_accuracy": (0, 1),
    "brier_score": (0, 1),
    "calibration_error": (0, 1),
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
RISING: Final = frozenset(
    {"accuracy", "average_precision", "balanced_accuracy", "f1", "r2", "roc_auc"}
)
"""Metrics of which more is better; of every other, less is."""


def possible(metric: str, value: float) -> bool:
    """Whether a metric can take this value at all."""
    low, high = RANGES[metric]
    return math.isfinite(value) and low <= value <= high


def clipped(metric: str, value: float) -> float:
    """The nearest value the metric can take."""
    low, high = RANGES[metric]
    return min(max(value, low), high)


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
    confidence: Annotated[Confidence | None, Higher] = None
    """Confidence with which the value lies within the bound; none judges the value alone."""
    family: Annotated[Name | None, Stays] = None
    """Bounds that are judged together, so that many of them raise no more false alarms than one;
    its part when none is named."""
    because: Text | None = None
    """Why this bound."""

    @model_validator(mode="after")
    def _one_direction(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            msg = "give exactly one of at_least and at_most"
            raise ValueError(msg)
        rising = self.metric in RISING
        if rising != (self.at_least is not None):
            better, word = ("higher", "at_least") if rising else ("lower", "at_most")
            msg = f"{self.metric} is better when {better}: give {word}"
            raise ValueError(msg)
        return self

    @property
    def limit(self) -> float:
        """The bound itself."""
        return self.at_least if self.at_least is not None else self.at_most or 0.0

    def passes(self, value: float) -> bool:
        """Whether a finite `value` is on the right side of the bound."""
        return value >= self.limit if self.at_least is not None else value <= self.limit

    def __str__(self) -> str:
        word = "at most" if self.at_least is None else "at least"
        return f"{self.metric} {word} {self.limit:g}"

    def loosens(self, other: Threshold) -> bool:
        """Whether this bound lets through a value that `other` stops.

        Both are judged: one that says no confidence takes nothing from that of the other.
        """
        return (
            not other.passes(self.limit)
            or self.minimum_rows < other.minimum_rows
            or (self.confidence is not None and self.confidence < (other.confidence or 0))
        )


class SliceBound(Threshold):
    """One bound on one metric inside every slice: rows that share a category or a group."""

    metric: PerformanceMetric
    """The metric, measured inside each slice."""
    by: Annotated[str | None, Field(pattern=r"^[^\W\d]\w*$", max_length=128), Stays] = None
    """The column whose values make the slices; every categorical feature and protected attribute
    when none is named."""

    def __str__(self) -> str:
        return f"{super().__str__()} in each slice"


class ChampionBound(Part):
    """How much of what the model in production reaches a candidate may lose."""

    metric: PerformanceMetric
    """The metric, measured for both on the same rows."""
    relative_drop_at_most: Annotated[float, Field(gt=0, lt=1), Lower]
    """Largest loss, as a share of what the champion reaches: 0.03 is three percent."""
    minimum_rows: Annotated[int, Field(ge=1), Higher]
    """Rows below which the verdict is inconclusive."""
    confidence: Annotated[Confidence, Higher] = 0.95
    """Confidence of the interval that has to exclude the bound to pass."""
    family: Annotated[Name | None, Stays] = None
    """Bounds judged together against false alarms; all of this part when none is named."""
    because: Text | None = None
    """Why this bound."""

    def __str__(self) -> str:
        return f"{self.metric} at most {100 * self.relative_drop_at_most:g} % below the champion"

    def loosens(self, other: ChampionBound) -> bool:
        """Whether this bound lets through a loss that `other` stops."""
        return (
            self.relative_drop_at_most > other.relative_drop_at_most
            or self.minimum_rows < other.minimum_rows
            or self.confidence < other.confidence
        )
