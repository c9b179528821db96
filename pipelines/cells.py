"""The cell of a number as an expression: the engine counts what `governance.counters` describes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import ibis

from governance import counters

if TYPE_CHECKING:
    from ibis.expr.types import NumericValue


def cell(value: NumericValue, centre: float) -> NumericValue:
    """The cell of each number, equal to `governance.counters.cell`; null for a missing one or NaN.

    Engines do not tell a double's bits. The floor of the logarithm may be one off beside a power
    of two; the share of the octave then runs below 0 or to 1 and lands in the same cell.
    """
    number = value.cast("float64")
    distance = number.isnan().ifelse(ibis.null("float64"), number) - ibis.literal(centre, "float64")
    size = distance.abs()
    held = ibis.greatest(ibis.least(size, sys.float_info.max), counters.SMALLEST)
    exponent = ibis.least(held.log2().floor(), counters.BIAS)
    share = held / ibis.literal(2.0, "float64") ** exponent - 1
    per = counters.PER_OCTAVE
    found = (exponent + counters.BIAS) * per + (share * per).floor()
    some = (size >= counters.SMALLEST).cast("int64")
    return (found * distance.sign().cast("int64") * some).cast("int64")
