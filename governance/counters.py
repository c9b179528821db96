"""Counters of a column's values: integers that add up, however rows are split or who counts them.

A number is counted in the cell of its distance from a fixed centre: sign, exponent and the first
four bits of the mantissa of that double, sixteen cells to a factor of two. Cells need no range, so
one pass suffices, and a cell's number grows with the value. Words are counted by level.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from governance.declaration import Part

Count = Annotated[int, Field(ge=0)]

PER_OCTAVE: Final = 16
"""Cells between a distance and its double: a cell is 3 to 6 % of its distance wide."""
SMALLEST: Final = 2.0**-1022
"""Distances below it, subnormal numbers, count as none."""
BIAS: Final = 1023
"""What a double adds to its exponent."""
HIGHEST: Final = (2 * BIAS + 1) * PER_OCTAVE - 1
"""The highest cell, which an infinite distance belongs to as well."""
MOST_LEVELS: Final = 1_000
"""Levels of a category that are told apart; rows of all others are counted together."""
FEWEST_ROWS: Final = 10
"""Rows below which a level is not told apart: what few people share may point at one of them."""


def cell(value: float, centre: float) -> int:
    """The cell of a number: 0 at the centre, rising with the value; both are no NaN."""
    distance = value - centre
    size = min(abs(distance), sys.float_info.max)
    if size < SMALLEST:
        return 0
    half, exponent = math.frexp(size)
    number = (exponent - 1 + BIAS) * PER_OCTAVE + int((2 * half - 1) * PER_OCTAVE)
    return number if distance > 0 else -number


class Numbers(Part):
    """A column of numbers."""

    kind: Literal["numeric"] = "numeric"
    centre: float
    """The number distances are measured from."""
    cells: dict[int, Count]
    """Rows by cell."""
    missing: Count
    """Rows without a number."""

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.cells.values()) + self.missing

    def __add__(self, other: Numbers) -> Numbers:
        """Both sides' rows together.

        Raises:
            ValueError: the centres differ.
        """
        if self.centre != other.centre:
            msg = f"cells around {self.centre} and around {other.centre} do not add up"
            raise ValueError(msg)
        cells = _sum(self.cells, other.cells)
        return Numbers(centre=self.centre, cells=cells, missing=self.missing + other.missing)


class Levels(Part):
    """A column of words."""

    kind: Literal["categorical"] = "categorical"
    levels: dict[str, Count]
    """Rows by level."""
    other: Count
    """Rows of all other levels."""
    missing: Count
    """Rows without a word."""

    @property
    def rows(self) -> int:
        """All rows."""
        return sum(self.levels.values()) + self.other + self.missing

    def __add__(self, other: Levels) -> Levels:
        """Both sides' rows together."""
        return Levels(
            levels=_sum(self.levels, other.levels),
            other=self.other + other.other,
            missing=self.missing + other.missing,
        )

    def bounded(self) -> Levels:
        """The most frequent levels that enough rows share; the rows of the rest are `other`."""
        order = sorted(self.levels, key=lambda level: (-self.levels[level], level))
        kept = [level for level in order[:MOST_LEVELS] if self.levels[level] >= FEWEST_ROWS]
        return self.only(kept)

    def only(self, levels: Sequence[str]) -> Levels:
        """The same rows with these levels told apart."""
        known = {level: self.levels.get(level, 0) for level in sorted(levels)}
        other = self.other + sum(self.levels.values()) - sum(known.values())
        return Levels(levels=known, other=other, missing=self.missing)


Counters = Annotated[Numbers | Levels, Field(discriminator="kind")]


class Counted(Part):
    """A file of counters: what `charter drift --save` leaves behind."""

    counters: Literal[1] = 1
    """Version of this shape."""
    of: str
    """What was counted."""
    columns: dict[str, Counters]
    """Counters by column."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of two sides in the same bins, and the largest distance between their shares below."""

    reference: tuple[int, ...]
    current: tuple[int, ...]
    kolmogorov_smirnov: float | None
    """None where bins have no order."""


def table(reference: Numbers | Levels, current: Numbers | Levels, bins: int) -> Table:
    """Both sides in bins of the reference.

    Numbers fall into `bins` bins of about equal rows of the reference, one below and one above
    all of them; the last bin holds the missing values of either kind.

    Raises:
        ValueError: the centres differ, or one side holds numbers and the other words.
    """
    if isinstance(reference, Numbers) and isinstance(current, Numbers):
        if reference.centre != current.centre:
            msg = f"cells around {reference.centre} and {current.centre} cannot be compared"
            raise ValueError(msg)
        edges = cuts(reference.cells, bins)
        return Table(
            (*_between(reference.cells, edges), reference.missing),
            (*_between(current.cells, edges), current.missing),
            _distance(reference.cells, current.cells),
        )
    if isinstance(reference, Levels) and isinstance(current, Levels):
        return Table(_levels(reference), _levels(current.only(list(reference.levels))), None)
    msg = f"{reference.kind} and {current.kind} columns cannot be compared"
    raise ValueError(msg)


def _levels(side: Levels) -> tuple[int, ...]:
    return (*(side.levels[level] for level in sorted(side.levels)), side.other, side.missing)


def _sum(one: Mapping[Any, int], two: Mapping[Any, int]) -> dict[Any, int]:
    return {key: one.get(key, 0) + two.get(key, 0) for key in sorted({*one, *two})}


def cuts(cells: Mapping[int, int], bins: int) -> list[int]:
    """Last cell of each bin: one bin below the rows, then bins of about equal rows."""
    if not cells:
        return []
    order = sorted(cells)
    below = list(accumulate(cells[number] for number in order))
    wanted = [below[-1] * part / bins for part in range(1, bins + 1)]
    return sorted({order[0] - 1, *(order[bisect_left(below, rows)] for rows in wanted)})


def position(edges: Sequence[int], number: int) -> int:
    """The bin a cell belongs to, counted from 0; beyond the last cut it is `len(edges)`."""
    return bisect_left(edges, number)


def _between(cells: Mapping[int, int], edges: Sequence[int]) -> tuple[int, ...]:
    counts = [0] * (len(edges) + 1)
    for number, rows in cells.items():
        counts[position(edges, number)] += rows
    return tuple(counts)


def _distance(one: Mapping[int, int], two: Mapping[int, int]) -> float:
    """Largest difference between the shares of known values at or below a cell."""
    first, second = sum(one.values()), sum(two.values())
    if not first or not second:
        return 0.0
    largest = left = right = 0
    for number in sorted({*one, *two}):
        left += one.get(number, 0)
        right += two.get(number, 0)
        largest = max(largest, abs(left * second - right * first))
    return largest / (first * second)
