"""Values as people may see them where rows are refused: enough to find one, not to tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ibis

    from governance.contract import Column

SHOWN: Final = 5
"""Rows shown per clause."""
_TELLING: Final = 4
"""Characters from which a first letter does not give a value away."""


def mask(value: Any, column: Column | None) -> str:
    """A value as a message may show it."""
    text = str(value)
    if column is not None and column.classification == "none" and not isinstance(value, str):
        return text
    size = f"{len(text)} character{'' if len(text) == 1 else 's'}"
    return f"{text[0]}…, {size}" if len(text) >= _TELLING and text[0].isprintable() else size


def masked(value: ibis.Value) -> ibis.Value:
    """Values as quarantine may show them, masked whatever their column; null stays null."""
    text = value.cast("string")
    length = text.length()
    size = length.cast("string") + (length == 1).ifelse(" character", " characters")
    telling = (length >= _TELLING) & text.re_search("^[!-~]")
    return telling.ifelse(text.left(1) + "…, " + size, size)


def places(rows: Sequence[tuple[int, Any]], total: int, column: Column | None) -> str:
    """The first rows of some, by number, with their values masked."""
    shown = [
        f"row {number}" if value is None else f"row {number} ({mask(value, column)})"
        for number, value in rows[:SHOWN]
    ]
    more = f" and {total - SHOWN} more" if total > SHOWN else ""
    return ", ".join(shown) + more
