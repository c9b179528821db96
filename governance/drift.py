"""How far a distribution has moved, and how sure that is, from counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from governance.finding import Verdict

FEWEST_EXPECTED: Final = 5.0
"""Rows a bin has to lead one to expect on the smaller side; the chi-square law fails below."""


def population_stability_index(reference: Sequence[int], current: Sequence[int]) -> float:
    """Population stability index between two rows of bin counts.

    Args:
        reference: counts per bin in the training rows, shape (bins,).
        current: counts per bin in the compared rows, same bins.

    Returns:
        Index >= 0 in natural logarithms; 0 means the same shares in every bin. Half a count
        is added to each bin so that an empty one stays finite.

    Raises:
        ValueError: the bins differ in number, or one side has no rows.
    Source: Siddiqi, Credit Risk Scorecards, 2006.
    """
    if len(reference) != len(current) or not sum(reference) or not sum(current):
        msg = "both sides need rows in the same bins"
        raise ValueError(msg)
    bins = len(reference)
    total = 0.0
    for one, two in zip(reference, current, strict=True):
        p = (one + 0.5) / (sum(reference) + bins / 2)
        q = (two + 0.5) / (sum(current) + bins / 2)
        total += (q - p) * math.log(q / p)
    return total


def pooled(reference: Sequence[int], current: Sequence[int]) -> tuple[list[int], list[int]]:
    """The same counts, with the bins too rare to compare made one, which stands last."""
    whole = sum(reference) + sum(current)
    smaller = min(sum(reference), sum(current))
    pairs = list(zip(reference, current, strict=True))
    enough = [(one + two) * smaller >= FEWEST_EXPECTED * whole for one, two in pairs]
    kept = [pair for pair, fits in zip(pairs, enough, strict=True) if fits]
    rare = [pair for pair, fits in zip(pairs, enough, strict=True) if not fits]
    if any(map(sum, rare)):
        kept.append((sum(one for one, _ in rare), sum(two for _, two in rare)))
    return [one for one, _ in kept], [two for _, two in kept]


def same_shares(reference: Sequence[int], current: Sequence[int]) -> float:
    """Probability of counts at least as different when both sides have the same shares.

    Pearson's chi-square test of homogeneity; 1 with a single bin.

    Raises:
        ValueError: one side has no rows.
    """
    one, two = sum(reference), sum(current)
    if not one or not two:
        msg = "both sides need rows"
        raise ValueError(msg)
    pairs = [pair for pair in zip(reference, current, strict=True) if any(pair)]
    moved = math.fsum((a * two - b * one) ** 2 / (a + b) for a, b in pairs) / (one * two)
    return chi_square_tail(moved, len(pairs) - 1)


def chi_square_tail(value: float, freedom: int) -> float:
    """Probability that a chi-square variable exceeds `value`; 1 without a degree of freedom.

    Source: Abramowitz and Stegun 1964, 26.4.4 and 26.4.5.
    """
    if freedom < 1 or value <= 0:
        return 1.0
    half = value / 2
    odd = freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range(freedom // 2):
        power = step + odd / 2
        tail += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(tail, 1.0)


def adjusted(chances: Mapping[str, float]) -> dict[str, float]:
    """P-values with which one may reject and keep the share of false alarms below a rate.

    Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995.
    """
    lowest, found = 1.0, {}
    order = sorted(chances, key=lambda name: chances[name], reverse=True)
    for after, name in enumerate(order):
        lowest = min(lowest, chances[name] * len(order) / (len(order) - after))
        found[name] = lowest
    return {name: found[name] for name in chances}


def verdict(distance: float, chance: float, *, at_most: float, confidence: float) -> Verdict:
    """Whether a distribution stayed: a distance beyond the bound has to be no accident.

    Args:
        distance: how far it moved.
        chance: adjusted p-value of a distance like this without a move.
        at_most: largest distance that passes.
        confidence: above 0.5; `1 - confidence` bounds the chance of a failure by accident.
    """
    if distance <= at_most:
        return Verdict.PASS
    return Verdict.FAIL if chance <= 1 - confidence else Verdict.INCONCLUSIVE
