"""When a model in production raises an alarm (`policies/monitoring.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.bounds import PerformanceMetric
from governance.declaration import Name, Part, Policy, Share
from governance.period import Period
from governance.strictness import Lower, More, Shorter, Stays


class Drift(Part):
    """Input drift against the training data of the deployed model."""

    metric: Literal["population_stability_index"]
    """The distance measured per feature."""
    at_most: Annotated[float, Field(gt=0), Lower]
    """Largest distance without alarm."""
    minimum_rows: Annotated[int, Field(ge=1), Stays]
    """Rows below which a window says nothing."""
    confidence: Annotated[float, Field(gt=0.5, lt=1), Stays] = 0.95
    """Confidence that a distance beyond the bound is no accident, over all features together."""


class PerformanceDrop(Part):
    """Loss of performance against the prior approved model."""

    relative: Annotated[Share, Lower]
    """Largest relative drop without alarm."""
    metrics: Annotated[tuple[PerformanceMetric, ...], Field(min_length=1), More] = (
        "accuracy", "f1", "mean_absolute_error",
    )  # fmt: skip
    """Metrics that are watched, those of a model's task."""
    confidence: Annotated[float, Field(gt=0.5, lt=1), Stays]
    """Confidence of the one-sided interval."""
    minimum_rows: Annotated[int, Field(ge=1), Stays]
    """Labelled rows below which a window says nothing."""


class Freshness(Part):
    """How old things may get."""

    snapshot_minutes: Annotated[int, Field(ge=1), Lower]
    """Age of the newest telemetry snapshot that raises an alarm."""
    data: Annotated[Period, Shorter]
    """Age of the newest training rows at which retraining is refused."""


class Monitoring(Policy):
    """Alarms and who is paged."""

    drift: Drift
    """Input drift."""
    performance: PerformanceDrop
    """Performance decay."""
    fairness_drop: Annotated[Share, Lower]
    """Largest growth of a fairness gap without alarm."""
    freshness: Freshness
    """Age limits."""
    page: Annotated[tuple[Name, ...], Field(min_length=1), More]
    """Roles paged on a breach in production."""
