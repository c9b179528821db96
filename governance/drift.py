"""How far a distribution has moved, from counts."""

from __future__ import annotations

import math
from collections.abc import Sequence


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
