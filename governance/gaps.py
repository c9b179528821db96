"""Gaps between groups, pair by pair: how wide, how wide at most, and whether by accident."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from governance import uncertainty

if TYPE_CHECKING:
    from governance.evidence import GroupMeasures, GroupReport

Law = Literal["rate", "mean", "ratio"]
MEASURED: Final[dict[str, tuple[str, Law]]] = {
    "demographic_parity_difference": ("selection_rate", "rate"),
    "equal_opportunity_difference": ("true_positive_rate", "rate"),
    "mean_error_difference": ("mean_error", "mean"),
    "mean_absolute_error_ratio": ("mean_absolute_error", "ratio"),
}
"""The metric of each group that a gap compares, and what it is."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Two groups. `chance`: p-value of a gap so wide when there is none, two-sided.

    `widest`: the widest gap that the rows leave possible. `rows`: those of the smaller group.
    """

    groups: tuple[str, str]
    value: float
    widest: float
    chance: float
    rows: int


def weighed(metric: str, report: GroupReport) -> dict[str, tuple[GroupMeasures, int]]:
    """Groups whose rows behind the metric are known, with how many those are."""
    name, law = MEASURED[metric]
    found = {}
    for group, measures in report.groups.items():
        rows = measures.bases.get(name, 0) if law == "rate" else measures.rows
        known = law == "rate" or name in measures.errors
        if rows and known and name in measures.metrics:
            found[group] = (measures, rows)
    return found


def pairs(metric: str, report: GroupReport, confidence: float) -> Iterator[Gap]:
    """The gap between every two groups that can be weighed."""
    name, law = MEASURED[metric]
    for (one, (left, m)), (two, (right, n)) in combinations(
        sorted(weighed(metric, report).items()), 2
    ):
        values = left.metrics[name], right.metrics[name]
        if law == "rate":
            hits = round(values[0] * m), round(values[1] * n)
            chance = uncertainty.same_rate(hits[0], m, hits[1], n)
            gap = abs(values[0] - values[1])
            widest = uncertainty.widest_gap(hits[0], m, hits[1], n, confidence)
        else:
            errors = left.errors[name], right.errors[name]
            gap, widest, chance = _means(law, values, errors, min(m, n), confidence)
        yield Gap((one, two), gap, widest, chance, min(m, n))


def _means(
    law: Law, values: tuple[float, float], errors: tuple[float, float], rows: int, confidence: float
) -> tuple[float, float, float]:
    """Gap, widest gap and chance of two means with their standard errors."""
    if law == "ratio":
        if min(values) <= 0:
            equal = values[0] == values[1]
            return (1.0, 1.0, 1.0) if equal else (math.inf, math.inf, 0.0)
        distance = abs(math.log(values[0] / values[1]))
        error = math.hypot(errors[0] / values[0], errors[1] / values[1])
    else:
        distance = abs(values[0] - values[1])
        error = math.hypot(*errors)
    error = uncertainty.widened(error, max(1, rows - 1), confidence)
    chance = 2 * uncertainty.upper_tail(distance / error) if error else float(not distance)
    far = distance + uncertainty.quantile(confidence) * error
    return (
        (math.exp(distance), math.exp(far), chance) if law == "ratio" else (distance, far, chance)
    )
