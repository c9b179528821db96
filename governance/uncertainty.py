"""How sure a measured number is, from counts and standard errors; nothing here is drawn at random.

Chances are p-values, 0 to 1; `confidence` is that of a one-sided interval, above 0.5 and below 1.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Method: TypeAlias = Literal["McNemar", "DeLong", "delta", "bootstrap"]
"""How the error of a difference was found."""
_HALVINGS: Final = 60
_MOST_TERMS: Final = 5_000
"""Terms of an exact sum; beyond, the normal law is as good and takes no time."""
_MOST_MORE: Final = 10_000_000
"""Labels beyond which no number is told: who is told that many knows that none will do."""


@lru_cache(maxsize=256)
def quantile(confidence: float) -> float:
    """The standard normal value that is exceeded with chance `1 - confidence`."""
    low, high = -40.0, 40.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if upper_tail(middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def upper_tail(value: float) -> float:
    """Chance that a standard normal variable exceeds `value`."""
    return math.erfc(value / math.sqrt(2)) / 2


def widened(error: float, freedom: int, confidence: float = 0.95) -> float:
    """A standard error with which the normal law gives the interval of Student's.

    Args:
        error: the standard error, estimated from few rows.
        freedom: degrees of freedom, at least 1.
        confidence: where the two intervals agree.

    Source: the first two terms of Abramowitz and Stegun 1964, 26.7.5.
    """
    square = quantile(confidence) ** 2
    first = (square + 1) / (4 * freedom)
    second = (5 * square**2 + 16 * square + 3) / (96 * freedom**2)
    return error * (1 + first + second)


def sign_test(first: int, second: int) -> float:
    """Chance of at least `first` among `first + second` fair throws; half of its own counts.

    McNemar's test with the mid-p value, one-sided: of rows on which two models disagree, each
    model gets half right when neither is better.

    Source: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13, 2013.
    """
    throws = first + second
    if throws > _MOST_TERMS:
        return upper_tail((first - second) / math.sqrt(throws))
    own = _binomial(throws, first)
    tail, term = 0.0, own
    for count in range(first, throws):
        term *= (throws - count) / (count + 1)
        tail += term
    return min(1.0, own / 2 + tail)


def _binomial(throws: int, heads: int) -> float:
    ways = math.lgamma(throws + 1) - math.lgamma(heads + 1) - math.lgamma(throws - heads + 1)
    return math.exp(ways - throws * math.log(2))


def same_rate(one: int, of_one: int, two: int, of_two: int) -> float:
    """Chance of two rates at least as far apart when both are the same; two-sided, mid-p.

    Fisher's exact test with half of the observed table's own chance; for tables too long to sum,
    the score test.

    Source: Hirji, Tan and Elashoff, Statistics in Medicine 10, 1991.
    """
    hits, rows = one + two, of_one + of_two
    if not hits or hits == rows:
        return 1.0
    least, most = max(0, hits - of_two), min(hits, of_one)
    if most - least > _MOST_TERMS:
        rate = hits / rows
        spread = math.sqrt(rate * (1 - rate) * (1 / of_one + 1 / of_two))
        return 2 * upper_tail(abs(one / of_one - two / of_two) / spread)
    logs = [_table(seen, of_one, hits, rows) for seen in range(least, most + 1)]
    own = logs[one - least]
    # Tables as likely as the observed one differ from it by rounding only.
    rarer = math.fsum(math.exp(log) for log in logs if log < own - 1e-7)
    alike = math.fsum(math.exp(log) for log in logs if abs(log - own) <= 1e-7)  # noqa: PLR2004
    return min(1.0, rarer + alike / 2)


def _table(seen: int, of_one: int, hits: int, rows: int) -> float:
    """Logarithm of a table's chance when its margins are given."""
    return _ways(of_one, seen) + _ways(rows - of_one, hits - seen) - _ways(rows, hits)


def _ways(things: int, taken: int) -> float:
    return math.lgamma(things + 1) - math.lgamma(taken + 1) - math.lgamma(things - taken + 1)


def rate_interval(hits: int, rows: int, confidence: float) -> tuple[float, float]:
    """One-sided bounds of a rate, by inverting the score test.

    Source: Wilson, Journal of the American Statistical Association 22, 1927.
    """
    z, rate = quantile(confidence), hits / rows
    centre = rate + z * z / (2 * rows)
    reach = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return max(0.0, (centre - reach) / whole), min(1.0, (centre + reach) / whole)


def widest_gap(one: int, of_one: int, two: int, of_two: int, confidence: float) -> float:
    """The largest gap between two rates that the counts leave possible, either way round.

    Source: Newcombe, Statistics in Medicine 17, 1998 (method 10).
    """
    rates = one / of_one, two / of_two
    bounds = (rate_interval(one, of_one, confidence), rate_interval(two, of_two, confidence))
    difference = rates[0] - rates[1]
    up = math.hypot(bounds[0][1] - rates[0], rates[1] - bounds[1][0])
    down = math.hypot(rates[0] - bounds[0][0], bounds[1][1] - rates[1])
    return max(difference + up, down - difference)


def further(rows: int, reach: float, distance: float) -> int | None:
    """About how many more labels settle a question, if what is measured stays as it is.

    Args:
        rows: labels there are.
        reach: how far the interval reaches towards the bound.
        distance: how far the measured value lies from the bound.

    Returns:
        A number with two digits, at least 1; None when no number is likely to.
    """
    if distance <= 0 or not math.isfinite(reach / distance):
        return None
    wanted = rows * (reach / distance) ** 2 - rows
    if not wanted < _MOST_MORE:
        return None
    more = max(1, math.ceil(wanted))
    step = int(10 ** max(0, len(str(more)) - 2))
    return math.ceil(more / step) * step
