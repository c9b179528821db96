"""A candidate beside the champion on the same rows: what was measured, and what follows from it.

A champion is the approved version in production. Its loss is relative: 0.03 is three percent of
what the champion reaches, and negative where the candidate is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from governance import ratios, uncertainty
from governance.declaration import Name, Part, Semver
from governance.digest import Digest
from governance.evidence import Count
from governance.uncertainty import Method

CONFIDENCE: Final = 0.95
"""Confidence of the bounds that are kept."""


class Beside(Part):
    """One metric of both models on the same rows.

    `loss`: relative loss against the champion, with its one-sided 95 % bounds `low` and `high`;
    None where the champion reaches nothing of which there could be a share. `chance`: p-value,
    one-sided, of a candidate so much worse when neither model is better.
    """

    champion: float
    candidate: float
    loss: float | None
    low: float | None
    high: float | None
    chance: Annotated[float, Field(ge=0, le=1)]
    method: Method
    rows: Count


class Comparison(Part):
    """Candidate and champion on the held-out rows; no row, no value of one.

    `rows_digest` names the rows, features and target, that both models answered.
    """

    model: Name
    candidate: Digest
    champion: Digest
    champion_version: Semver | None = None
    rows: Count
    rows_digest: Digest
    seed: Count
    metrics: dict[str, Beside]


@dataclass(frozen=True, slots=True)
class Loss:
    """A relative loss with its one-sided bounds at the asked confidence."""

    value: float
    low: float
    high: float


def at(beside: Beside, confidence: float) -> Loss | None:
    """The loss with bounds of another confidence; each side is stretched by the normal law."""
    if beside.loss is None or beside.low is None or beside.high is None:
        return None
    stretch = uncertainty.quantile(confidence) / uncertainty.quantile(CONFIDENCE)
    below, above = beside.loss - beside.low, beside.high - beside.loss
    return Loss(beside.loss, beside.loss - below * stretch, beside.loss + above * stretch)


def answered_alike(pairs: ratios.Pairs) -> tuple[Loss, float]:
    """Loss of accuracy of the second model against the first, and its chance, from counts."""
    low, high = ratios.paired_ratio(pairs, CONFIDENCE)
    right = pairs.both + pairs.first
    loss = (pairs.first - pairs.second) / right
    return Loss(loss, 1 - high, 1 - low), uncertainty.sign_test(pairs.first, pairs.second)


def answered_apart(first: tuple[int, int], second: tuple[int, int]) -> tuple[Loss, float]:
    """The same where each model answered rows of its own: (rows right, rows) of either."""
    low, high = ratios.separate_ratio(first, second, CONFIDENCE)
    loss = 1 - second[0] / second[1] / (first[0] / first[1])
    rate = (first[0] + second[0]) / (first[1] + second[1])
    spread = math.sqrt(rate * (1 - rate) * (1 / first[1] + 1 / second[1]))
    gap = first[0] / first[1] - second[0] / second[1]
    chance = uncertainty.upper_tail(gap / spread) if spread else 0.5
    return Loss(loss, 1 - high, 1 - low), chance
