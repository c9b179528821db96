"""Counters that are filled batch by batch: what they hold does not grow with the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from governance import counters
from governance.counters import Levels, Numbers

CELLS: Final = 1 << 16
"""Bit patterns of the upper half word of a double."""
SAMPLE: Final = 1_000
"""First known values whose median is the centre of a column."""
MOST_VALUES: Final = 65_536
"""Different words beyond which a column is no category; it bounds what is held in memory."""


class NumberTally:
    """Counts numbers by cell, as `governance.counters.cell` says.

    Without a centre it takes a middle one of the first known values.
    """

    full = False

    def __init__(self, centre: float | None = None) -> None:
        self._centre = centre
        self._counts = np.zeros(CELLS, dtype=np.int64)

    def add(self, values: pa.Array) -> None:
        """Counts some values."""
        numbers = _doubles(values)
        if self._centre is None:
            self._centre = _middle(numbers)
        with np.errstate(over="ignore"):  # a distance beyond the largest double is infinite
            distance = numbers - (self._centre or 0.0)
        patterns = (distance.view(np.uint64) >> np.uint64(48)).view(np.int64)
        self._counts += np.bincount(patterns, minlength=CELLS)

    def counted(self) -> Numbers:
        """What was counted; the pattern's first bit is the sign, the rest the cell."""
        cells: Counter[int] = Counter()
        missing = 0
        for pattern in np.flatnonzero(self._counts).tolist():
            rows, number = int(self._counts[pattern]), pattern % (CELLS // 2)
            if number > counters.HIGHEST + 1:  # no number
                missing += rows
                continue
            number = min(number, counters.HIGHEST) if number >= counters.PER_OCTAVE else 0
            cells[-number if pattern >= CELLS // 2 else number] += rows
        found = dict(sorted(cells.items()))
        return Numbers(centre=self._centre or 0.0, cells=found, missing=missing)


class LevelTally:
    """Counts words by level: those that are named, or all when none are."""

    def __init__(self, known: Sequence[str] | None = None) -> None:
        self._known = known
        self._levels = dict.fromkeys(known or (), 0)
        self._other = self._missing = 0
        self.full = False

    def add(self, values: pa.Array) -> None:
        """Counts some values, unless there were too many different ones before."""
        if self.full:
            return
        found = values.value_counts()
        if self._known is None and len(found) > MOST_VALUES:
            self.full = True
            return
        words = found.field("values").cast(pa.string()).to_pylist()
        for word, rows in zip(words, found.field("counts").to_pylist(), strict=True):
            if word is None:
                self._missing += rows
            elif self._known is None or word in self._levels:
                self._levels[word] = self._levels.get(word, 0) + rows
            else:
                self._other += rows
        self.full = self._known is None and len(self._levels) > MOST_VALUES

    def counted(self) -> Levels | None:
        """What was counted; None for too many different words, or none that some rows share."""
        found = Levels(levels=self._levels, other=self._other, missing=self._missing)
        if self._known is not None:
            return found
        found = found.bounded()
        return None if self.full or (found.other and not found.levels) else found


Tally = NumberTally | LevelTally


def _middle(numbers: np.ndarray) -> float | None:
    known = np.sort(numbers[np.isfinite(numbers)][:SAMPLE])
    return float(known[(len(known) - 1) // 2]) if len(known) else None


def _doubles(values: pa.Array) -> np.ndarray:
    """Values as doubles; NaN where there is none."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    found: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found
