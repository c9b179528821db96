"""How much one model's accuracy may be of another's, from counts of right answers.

Each bound inverts a score test: the spread is that of the likeliest chances under the ratio in
question, so that rows without a single disagreement do not make the interval a point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from governance.uncertainty import quantile

_STEPS: Final = 100
_CLOSE: Final = 1e-9
"""How far a bound may lie from where it belongs; evidence keeps six decimals."""
_LEAST: Final = 1e-6
_MOST: Final = 1e6
"""Ratios between which bounds are sought."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows that two models answered, by who was right."""

    both: int
    first: int
    """Rows only the first model got right."""
    second: int
    neither: int

    @property
    def rows(self) -> int:
        """All rows."""
        return self.both + self.first + self.second + self.neither


def paired_ratio(pairs: Pairs, confidence: float) -> tuple[float, float]:
    """One-sided bounds of the second model's accuracy over the first's, on the same rows.

    Raises:
        ZeroDivisionError: the first model got no row right.
    Source: Tang, Tang and Chan, Statistics in Medicine 22, 2003.
    """
    limit = quantile(confidence)
    ratio = (pairs.both + pairs.second) / (pairs.both + pairs.first)

    def score(asked: float) -> float:
        return _paired_score(pairs, asked)

    return _crossing(score, limit, ratio, below=True), _crossing(score, -limit, ratio, below=False)


def _paired_score(pairs: Pairs, ratio: float) -> float:
    """Standard errors by which the second model does better than `ratio` of the first."""
    rows, rest = pairs.rows, 1 - ratio
    better = pairs.both * rest + pairs.second - pairs.first * ratio
    told = pairs.both + pairs.first + pairs.second
    # The likeliest chances under the ratio weigh each kind of row by 1 / (rows + pull * its worth);
    # `pull` solves a quadratic equation, which is linear where the ratio is 1.
    square = -ratio * rest * told
    slope = rows * (
        pairs.both * rest**2 + pairs.second * (rest - ratio) - ratio * pairs.first * (rest + 1)
    )
    level = rows**2 * better
    if abs(square) < 1e-12 * max(abs(slope), 1):
        pull = -level / slope if slope else 0.0
    else:
        root = math.sqrt(max(slope**2 - 4 * square * level, 0.0))
        pull = (-slope - root) / (2 * square)
    both = pairs.both / (rows + pull * rest) if pairs.both else 0.0
    if pairs.first:
        first = pairs.first / (rows - pull * ratio)
        second = ratio * first - rest * both
    elif pairs.second or ratio < 1:
        second = pairs.second / (rows + pull) if pairs.second else 0.0
        first = (rest * both + second) / ratio
    else:
        first, second = 0.0, -rest * both
    return _standardised(better, rows * ratio * (first + second))


def separate_ratio(
    first: tuple[int, int], second: tuple[int, int], confidence: float
) -> tuple[float, float]:
    """One-sided bounds of the second accuracy over the first, each on rows of its own.

    Args:
        first: rows that were right, and all rows, of the reference.
        second: the same of what is compared with it.
        confidence: of either bound.

    Raises:
        ZeroDivisionError: the first got no row right.
    Source: Koopman, Biometrics 40, 1984.
    """
    limit = quantile(confidence)
    ratio = second[0] / second[1] / (first[0] / first[1])

    def score(asked: float) -> float:
        return _separate_score(first, second, asked)

    return _crossing(score, limit, ratio, below=True), _crossing(score, -limit, ratio, below=False)


def _separate_score(first: tuple[int, int], second: tuple[int, int], ratio: float) -> float:
    (right, rows), (also, others) = first, second
    better = also / others - ratio * right / rows
    slope = rows + also + ratio * (others + right)
    square = ratio * (rows + others)
    root = math.sqrt(max(slope**2 - 4 * square * (right + also), 0.0))
    chance = min(1.0, (slope - root) / (2 * square))
    own = min(1.0, ratio * chance)
    spread = own * (1 - own) / others + ratio**2 * chance * (1 - chance) / rows
    return _standardised(better, spread)


def _standardised(better: float, spread: float) -> float:
    if spread <= 0:
        return math.copysign(math.inf, better) if better else 0.0
    return better / math.sqrt(spread)


def _crossing(score: Callable[[float], float], level: float, start: float, *, below: bool) -> float:
    """Where a falling function takes a value, on one side of `start`: false position, halved."""
    near, step = max(start, _LEAST), 0.02
    far = near
    while (score(far) > level) != below and _LEAST < far + step < _MOST:
        near, step = far, 2 * step
        far = max(_LEAST, near - step) if below else near + step
        if far == _LEAST:
            break
    low, high = min(near, far), max(near, far)
    above, under = score(low) - level, score(high) - level
    if not (above > 0 > under):
        return far
    middle = low
    for _ in range(_STEPS):
        last = middle
        if math.isfinite(above - under):
            middle = (low * under - high * above) / (under - above)
        else:
            middle = (low + high) / 2
        value = score(middle) - level
        if value > 0:
            low, above, under = middle, value, under / 2
        else:
            high, under, above = middle, value, above / 2
        if abs(middle - last) < _CLOSE:
            break
    return middle
