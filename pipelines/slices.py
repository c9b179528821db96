"""How well the model predicts inside each slice: the rows that share a category or a group."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from governance import uncertainty
from governance.bounds import clipped
from governance.digest import rounded
from governance.evidence import Measure
from pipelines.pulls import CUT, PULLS

if TYPE_CHECKING:
    import pandas as pd

    from governance.model import Task
    from pipelines.pulls import Pull

MOST: Final = 20
"""Slices of a column; the rarest beyond are left out."""
_FEWEST: Final = 2
"""Rows, and classes, below which nothing has a spread."""
_REACH: Final = uncertainty.quantile(0.975)

Slices = dict[str, dict[str, Measure]]
"""Metrics with their 95 % intervals by slice of one column; none for a slice of one class."""


def slices(task: Task, column: pd.Series, true: np.ndarray, scores: np.ndarray) -> Slices:
    """The metrics of each slice of a column.

    Args:
        task: `classification` or `regression`.
        column: the category of each row, shape (rows,).
        true: 0 and 1, or numbers; shape (rows,).
        scores: probability of the positive class, or the predicted number; shape (rows,).
    """
    sizes = column.value_counts()
    largest = sorted(sizes.index, key=lambda value: (-int(sizes[value]), str(value)))[:MOST]
    found = {}
    for value in sorted(largest, key=str):
        here = (column == value).to_numpy()
        found[str(value)] = _measured(task, true[here], scores[here])
    return found


def _measured(task: Task, true: np.ndarray, scores: np.ndarray) -> dict[str, Measure]:
    if len(np.unique(true)) < _FEWEST:
        return {}
    pulls = {name: metric.of(true, scores) for name, metric in PULLS[task].items()}
    if task == "classification":
        right = ((scores >= CUT) == (true == 1)).astype("float64")
        pulls["accuracy"] = float(right.mean()), right - right.mean()
    return {
        name: _measure(name, pull) for name, pull in sorted(pulls.items()) if math.isfinite(pull[0])
    }


def _measure(name: str, pull: Pull) -> Measure:
    """A metric with the interval its pulls give."""
    value, each = pull
    rows = len(each)
    error = uncertainty.widened(float(np.std(each, ddof=1)) / math.sqrt(rows), rows - 1)
    low, high = (clipped(name, value + side * _REACH * error) for side in (-1, 1))
    return Measure(value=rounded(value), low=rounded(low), high=rounded(high), rows=rows)
