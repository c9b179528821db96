"""How strongly two columns hang together, from counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any


def cramers_v(counts: Mapping[tuple[Any, Any], int]) -> float:
    """Cramér's V, corrected for the bias that many cells and few rows give it.

    Args:
        counts: rows by value of either column.

    Returns:
        0 = nothing in common, 1 = one column tells the other; 0 when either has one value only.
    Source: Bergsma, Journal of the Korean Statistical Society 42, 2013.
    """
    left: Counter[Any] = Counter()
    right: Counter[Any] = Counter()
    for (one, two), rows in counts.items():
        left[one] += rows
        right[two] += rows
    total, height, width = left.total(), len(+left), len(+right)
    if min(height, width) < 2 or total < 2:  # noqa: PLR2004 - a single value tells nothing
        return 0.0
    terms = (rows * rows / (left[one] * right[two]) for (one, two), rows in counts.items() if rows)
    spread = math.fsum(terms) - 1
    by_chance = (height - 1) * (width - 1) / (total - 1)
    fewer = min(height - (height - 1) ** 2 / (total - 1), width - (width - 1) ** 2 / (total - 1))
    if fewer <= 1:
        return 0.0
    return min(1.0, math.sqrt(max(0.0, spread - by_chance) / (fewer - 1)))
