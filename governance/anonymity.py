"""How many people look alike: k-anonymity of prepared rows, in counts.

Rows that agree in everything by which somebody could be recognised form a class; k is the size
of the smallest (Sweeney 2002).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from governance.declaration import Part, Share
from governance.strictness import Higher, Lower

SIZES: Final = (2, 5, 10)
"""Sizes of class below which rows are counted, whatever a policy demands."""


class Demand(Part):
    """How many rows must look alike."""

    k: Annotated[Literal[2, 5, 10], Higher]
    """Rows a class needs."""
    share: Annotated[Share, Lower] = 0.0
    """Share of rows that may stand in smaller classes."""


def exposed(below: Mapping[str, int], rows: int, k: int) -> float:
    """Share of rows in classes smaller than `k`, from 0 to 1.

    Args:
        below: rows in classes smaller than each of `SIZES`, by its number as text.
        rows: all rows.
        k: one of `SIZES`.

    Raises:
        KeyError: the sizes were not counted for `k`.
    """
    return below[str(k)] / rows if rows else 0.0
