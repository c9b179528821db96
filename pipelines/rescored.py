"""Metrics without a pull of their own, drawn again in pairs: both models get the same resamples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

RESAMPLES: Final = 400
MOST_ROWS: Final = 20_000
"""Rows a resample draws from; beyond, the spread is narrowed by the square root law."""
_AT_ONCE: Final = 50
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Resampled:
    """A metric of both models on all rows, and on each resample.

    `narrow`: by what the resamples spread more than all rows would.
    """

    champion: float
    candidate: float
    champions: np.ndarray
    candidates: np.ndarray
    narrow: float


Weighted = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]
"""From target and scores to a function of weights, shape (draws, rows), that gives (draws,)."""


def average_precision(true: np.ndarray, said: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Mean precision over the positives, from the highest score down."""
    order = np.argsort(-said, kind="stable")
    ranked, scores = true[order], said[order]
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))

    def weighted(weights: np.ndarray) -> np.ndarray:
        counts = weights[:, order].astype("float64")
        seen = np.cumsum(counts, axis=1)[:, last]
        hits = np.cumsum(counts * ranked, axis=1)[:, last]
        gained = np.diff(hits, axis=1, prepend=0)
        precision = hits / np.maximum(seen, 1)
        value: np.ndarray = (gained * precision).sum(axis=1) / np.maximum(hits[:, -1], 1)
        return value

    return weighted


def calibration_error(true: np.ndarray, said: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Mean distance of the probability from the share that came true, over ten equal bins."""
    places = np.minimum((said * BINS).astype("int64"), BINS - 1)
    inside = (places[:, None] == np.arange(BINS)).astype("float64")
    off = inside * (said - true)[:, None]

    def weighted(weights: np.ndarray) -> np.ndarray:
        value: np.ndarray = np.abs(weights @ off).sum(axis=1) / weights.sum(axis=1)
        return value

    return weighted


def paired(metric: Weighted) -> Callable[[np.ndarray, np.ndarray, np.ndarray, int], Resampled]:
    """A metric of two models, drawn again on the same rows."""

    def drawn(
        true: np.ndarray, champion: np.ndarray, candidate: np.ndarray, seed: int
    ) -> Resampled:
        generator = np.random.default_rng(seed)
        rows, kept = len(true), min(len(true), MOST_ROWS)
        whole = np.ones((1, rows))
        pool = (
            np.arange(rows)
            if rows == kept
            else np.sort(generator.choice(rows, kept, replace=False))
        )
        sides = [metric(true[pool], said[pool]) for said in (champion, candidate)]
        found: list[list[np.ndarray]] = [[], []]
        for _ in range(RESAMPLES // _AT_ONCE):
            weights = generator.multinomial(kept, np.full(kept, 1 / kept), size=_AT_ONCE)
            for values, side in zip(found, sides, strict=True):
                values.append(side(weights))
        return Resampled(
            champion=float(metric(true, champion)(whole)[0]),
            candidate=float(metric(true, candidate)(whole)[0]),
            champions=np.concatenate(found[0]),
            candidates=np.concatenate(found[1]),
            narrow=float((kept / rows) ** 0.5),
        )

    return drawn


METRICS: Final = {
    "classification": {
        "average_precision": paired(average_precision),
        "calibration_error": paired(calibration_error),
    },
    "regression": {},
}
"""Metrics that are drawn again, by task."""
