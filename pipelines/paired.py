"""Metrics of two models on the same rows, with bounds of the loss from one to the other.

Accuracy is compared by counts, what has a pull of each row by the delta method, and the rest by
resamples in pairs, with a seed: equal rows give equal numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from governance import comparison, uncertainty
from governance.bounds import RISING
from governance.comparison import CONFIDENCE, Beside
from governance.digest import rounded
from governance.ratios import Pairs
from pipelines import rescored
from pipelines.inputs import Refused
from pipelines.pulls import CUT, PULLS

if TYPE_CHECKING:
    from governance.comparison import Loss
    from governance.uncertainty import Method


def beside(
    task: str, true: np.ndarray, *, champion: np.ndarray, candidate: np.ndarray, seed: int
) -> dict[str, Beside]:
    """Every metric of a task for both models.

    Args:
        task: `classification` or `regression`.
        true: 0 and 1, or numbers; shape (rows,).
        champion: probability of the positive class, or the predicted number; shape (rows,).
        candidate: the same of the other model.
        seed: of the resamples.

    Raises:
        Refused: there is one class only, or a metric is not finite.
    """
    if task == "classification" and len(np.unique(true)) < 2:  # noqa: PLR2004 - both classes
        msg = "the rows to compare on hold one class only; change `training.holdout`"
        raise Refused(msg)
    found: dict[str, Beside] = {}
    if task == "classification":
        found["accuracy"] = _accuracy(true, champion, candidate)
    for name in PULLS[task]:
        found[name] = pulled(task, name, true, champion, candidate)
    for name, resampled in rescored.METRICS[task].items():
        values = resampled(true, champion, candidate, seed)
        found[name] = _resampled(name, values, len(true))
    return dict(sorted(found.items()))


def _accuracy(true: np.ndarray, champion: np.ndarray, candidate: np.ndarray) -> Beside:
    first, second = ((said >= CUT) == true for said in (champion, candidate))
    pairs = Pairs(
        both=int((first & second).sum()),
        first=int((first & ~second).sum()),
        second=int((~first & second).sum()),
        neither=int((~first & ~second).sum()),
    )
    values = float(first.mean()), float(second.mean())
    if not pairs.both + pairs.first:
        return _kept("McNemar", values, None, 0.5, pairs.rows)
    loss, chance = comparison.answered_alike(pairs)
    return _kept("McNemar", values, loss, chance, pairs.rows)


def pulled(
    task: str, name: str, true: np.ndarray, champion: np.ndarray, candidate: np.ndarray
) -> Beside:
    """One metric of both models, and the loss by the delta method.

    To what was seen, one row is added that is decided otherwise each way: two models that decide
    every row alike may differ on the next ones.
    """
    metric = PULLS[task][name]
    (before, one), (after, two) = metric.of(true, champion), metric.of(true, candidate)
    sign = -1.0 if name in RISING else 1.0
    rows = len(true)
    freedom = int(min(np.bincount(true.astype("int64")))) if metric.by_class else rows
    unseen = math.sqrt(2) * metric.jump(true, before, champion) / rows

    def error(pulls: np.ndarray, beside: float) -> float:
        seen = float(np.std(pulls, ddof=1)) / math.sqrt(rows)
        return uncertainty.widened(math.hypot(seen, beside), max(1, freedom - 1))

    worse = sign * (after - before)
    chance = _chance(worse, error(two - one, unseen))
    values = _finite(name, before), _finite(name, after)
    if before <= 0:
        return _kept(metric.method, values, None, chance, rows)
    spread = error((two - after / before * one) / before, unseen / before)
    reach = uncertainty.quantile(CONFIDENCE) * spread
    share = worse / before
    loss = comparison.Loss(share, share - reach, share + reach)
    return _kept(metric.method, values, loss, chance, rows)


def _chance(worse: float, error: float) -> float:
    if error <= 0:
        return 0.5 if worse == 0 else float(worse < 0)
    return uncertainty.upper_tail(worse / error)


def _resampled(name: str, values: rescored.Resampled, rows: int) -> Beside:
    """Both values, and the loss with bounds from paired resamples."""
    sign = -1.0 if name in RISING else 1.0
    champion, candidate = _finite(name, values.champion), _finite(name, values.candidate)
    worse = sign * (values.candidate - values.champion)
    moved = sign * (values.candidates - values.champions)
    error = float(np.std(moved, ddof=1)) * values.narrow
    chance = _chance(worse, error)
    if values.champion <= 0:
        return _kept("bootstrap", (champion, candidate), None, chance, rows)
    share = worse / values.champion
    drawn = moved / np.maximum(values.champions, 1e-12)
    reach = uncertainty.quantile(CONFIDENCE) * float(np.std(drawn, ddof=1)) * values.narrow
    loss = comparison.Loss(share, share - reach, share + reach)
    return _kept("bootstrap", (champion, candidate), loss, chance, rows)


def _kept(
    method: Method, values: tuple[float, float], loss: Loss | None, chance: float, rows: int
) -> Beside:
    """The numbers at the precision evidence keeps."""
    return Beside(
        champion=rounded(values[0]),
        candidate=rounded(values[1]),
        loss=None if loss is None else rounded(loss.value),
        low=None if loss is None else rounded(loss.low),
        high=None if loss is None else rounded(loss.high),
        chance=rounded(chance, 9),
        method=method,
        rows=rows,
    )


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        msg = f"{name} is {value}, no finite number: nothing can be compared"
        raise Refused(msg)
    return value
