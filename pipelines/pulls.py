"""Metrics as a value and the pull of each row on it (its influence function).

The pulls of two models on the same rows give the standard error of their difference, without a
single resample.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from governance.uncertainty import Method

Pull = tuple[float, np.ndarray]
"""A metric's value and the pull of each row, shape (rows,), of mean zero."""
CUT: Final = 0.5
"""Probability from which a row counts as positive."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with a known pull of each row.

    `jump`: the most by which one row that is decided otherwise moves the metric, times the rows;
    0 where scores count and no decisions. `by_class`: its error rests on the rarer class alone.
    """

    of: Callable[[np.ndarray, np.ndarray], Pull]
    method: Method = "delta"
    jump: Callable[[np.ndarray, float, np.ndarray], float] = lambda *_: 0.0
    by_class: bool = False


def _mean(losses: np.ndarray) -> Pull:
    value = float(losses.mean())
    return value, losses - value


def balanced_accuracy(true: np.ndarray, said: np.ndarray) -> Pull:
    """Mean of the shares of either class that are recognised."""
    right = (said >= CUT) == true
    shares = {label: float(right[true == label].mean()) for label in (0, 1)}
    own = np.where(true == 1, shares[1], shares[0])
    part = np.where(true == 1, true.mean(), 1 - true.mean())
    return (shares[0] + shares[1]) / 2, (right - own) / (2 * part)


def f1(true: np.ndarray, said: np.ndarray) -> Pull:
    """Harmonic mean of precision and recall; 0 when nothing is found."""
    positive = said >= CUT
    hits = (positive & (true == 1)).astype("float64")
    misses = (positive != (true == 1)).astype("float64")
    whole = 2 * hits.mean() + misses.mean()
    if not whole:
        return 0.0, np.zeros(len(true))
    value = float(2 * hits.mean() / whole)
    return value, (2 * hits - value * (2 * hits + misses)) / whole


def _jump_of_share(true: np.ndarray, _value: float, _said: np.ndarray) -> float:
    """What a row of the rarer class is worth in the mean of both shares."""
    part = float(true.mean())
    return 1 / (2 * min(part, 1 - part))


def _jump_of_f1(true: np.ndarray, value: float, said: np.ndarray) -> float:
    """What a positive row that is found, or is not, is worth in F1."""
    whole = float((said >= CUT).mean() + true.mean())
    return (2 - value) / whole


def log_loss(true: np.ndarray, said: np.ndarray) -> Pull:
    """Mean of minus the logarithm of the probability of what came true."""
    sure = np.clip(said, 1e-7, 1 - 1e-7)
    return _mean(-np.log(np.where(true == 1, sure, 1 - sure)))


def brier_score(true: np.ndarray, said: np.ndarray) -> Pull:
    """Mean squared distance of the probability from what came true."""
    return _mean((said - true) ** 2)


def roc_auc(true: np.ndarray, said: np.ndarray) -> Pull:
    """Chance that a positive row is ranked above a negative one; ties count half.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988.
    """
    positive = true == 1
    ours, others = said[positive], said[~positive]
    placed = np.empty(len(true))
    placed[positive] = _below(ours, others) / len(others)
    placed[~positive] = 1 - _below(others, ours) / len(ours)
    value = float(placed[positive].mean())
    part = np.where(positive, positive.mean(), 1 - positive.mean())
    return value, (placed - value) / part


def _below(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """How many of `among` lie below each value, a tie counted half."""
    ordered = np.sort(among)
    left = np.searchsorted(ordered, values, side="left")
    return (left + np.searchsorted(ordered, values, side="right")) / 2


def root_mean_squared_error(true: np.ndarray, said: np.ndarray) -> Pull:
    """Square root of the mean squared error."""
    square, pull = _mean((said - true) ** 2)
    root = math.sqrt(square)
    return root, pull / (2 * root) if root else pull


def mean_absolute_error(true: np.ndarray, said: np.ndarray) -> Pull:
    """Mean distance of what is said from what came true."""
    return _mean(np.abs(said - true))


def r2(true: np.ndarray, said: np.ndarray) -> Pull:
    """Share of the target's variance that is explained."""
    errors, around = (said - true) ** 2, (true - true.mean()) ** 2
    left = float(errors.mean() / around.mean())
    return 1 - left, (left * around - errors) / float(around.mean())


PULLS: Final[dict[str, dict[str, Metric]]] = {
    "classification": {
        "balanced_accuracy": Metric(balanced_accuracy, jump=_jump_of_share),
        "brier_score": Metric(brier_score),
        "f1": Metric(f1, jump=_jump_of_f1),
        "log_loss": Metric(log_loss),
        "roc_auc": Metric(roc_auc, "DeLong", by_class=True),
    },
    "regression": {
        "mean_absolute_error": Metric(mean_absolute_error),
        "r2": Metric(r2),
        "root_mean_squared_error": Metric(root_mean_squared_error),
    },
}
"""Metrics with a known pull of each row, by task."""
