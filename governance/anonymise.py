"""What stands in a person's columns when a duty to keep bars deletion of the row.

Direct identifiers become random surrogates: HMAC-SHA-256 under a key that is made for one removal
and never stored, so that nobody can find the person again by trying identifiers. Rows of one
person keep one surrogate. Quasi-identifiers become as coarse as training sees them, or empty.
A surrogate keeps the shape the contract demands, for the rows still have to satisfy it.
"""

from __future__ import annotations

import hmac
import re
import string
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from governance.pseudonym import TOKEN_DIGITS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from governance.contract import Column

_DIRECT: Final = "direct-identifier"
_WIDTH: Final = 10
"""Width of the bands of a number whose column says none."""
_ROOM: Final = 1_000_000
"""Fewest values a surrogate number is drawn from: out of fewer it could be guessed."""
_PLAIN: Final = 2**53
"""Largest integer that every format keeps exactly."""


class Unfit(Exception):
    """No value for an anonymised row satisfies a column's clauses."""

    def __init__(self, column: str, problem: str, fix: str) -> None:
        super().__init__(f"column {column} {problem}\n  fix: {fix}")


@dataclass(frozen=True, slots=True)
class Treatment:
    """How one column of an anonymised row changes."""

    column: Column
    key: bytes

    def __call__(self, value: Any) -> Any:
        """The value that stands there afterwards.

        Raises:
            Unfit: the contract leaves room for none.
        """
        if value is None:
            return None
        if self.column.classification == _DIRECT:
            return self._surrogate(value)
        return self._coarse(value)

    def _surrogate(self, value: Any) -> Any:
        column = self.column
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            low = int(column.minimum if column.minimum is not None else 1)
            high = int(column.maximum if column.maximum is not None else _PLAIN)
            if high - low >= _ROOM:
                return type(value)(low + int(self._mark(str(value)), 16) % (high - low + 1))
            if column.required:
                fix = "widen `minimum` and `maximum`, or set `required: false`"
                raise Unfit(column.name, "leaves too few values for a surrogate", fix)
            return None
        return self._empty(f"is a {column.type} that identifies a person")

    def _text(self, value: str) -> str:
        """A surrogate of the shape the column demands: free text, or characters of equal kinds."""
        mark = self._mark(value)
        fit = (
            text
            for text in (mark, *_scrambled(value, self._digits(value)))
            if text != value and self._allowed(text)
        )
        if (found := next(fit, None)) is None:
            fix = "allow 32 hexadecimal digits in its pattern, or set `required: false`"
            if not self.column.required:
                return ""
            raise Unfit(self.column.name, "has clauses that no surrogate satisfies", fix)
        return found

    def _coarse(self, value: Any) -> Any:
        column = self.column
        if column.technique == "drop" and not column.required:
            return None
        if isinstance(value, datetime):
            return value.replace(hour=0, minute=0, second=0, microsecond=0)
        if isinstance(value, date):
            return value
        if isinstance(value, bool):
            return self._empty("is a boolean that helps to single a person out")
        if isinstance(value, int | float):
            width = column.generalise_to or _WIDTH
            floor = (value // width) * width
            low = column.minimum if column.minimum is not None else floor
            return type(value)(max(floor, low))
        short = value[: int(column.generalise_to or 1)]
        return short if self._allowed(short) else self._text(value)

    def _empty(self, problem: str) -> None:
        if self.column.required:
            raise Unfit(self.column.name, f"{problem} and is required", "set `required: false`")

    def _allowed(self, text: str) -> bool:
        column = self.column
        fits = column.pattern is None or re.search(column.pattern, text) is not None
        return fits and (not column.values or text in column.values)

    def _mark(self, text: str) -> str:
        return self._hash(text, 0)[:TOKEN_DIGITS]

    def _hash(self, text: str, block: int) -> str:
        message = f"{self.column.name}\0{block}\0{text}".encode()
        return hmac.new(self.key, message, "sha256").hexdigest()

    def _digits(self, text: str) -> Iterator[int]:
        """As many random numbers below 65,536 as anyone asks for, always the same for a text."""
        block = 0
        while True:
            block += 1
            mark = bytes.fromhex(self._hash(text, block))
            yield from (mark[i] << 8 | mark[i + 1] for i in range(0, len(mark), 2))


def _scrambled(value: str, numbers: Iterator[int]) -> Iterator[str]:
    """The text with its letters and digits exchanged for others of the kind; then digits alone."""
    yield "".join(_other(char, next(numbers)) for char in value)
    if sum(char in string.digits for char in value) >= len(str(_ROOM)) - 1:
        yield "".join(
            _other(char, next(numbers)) if char in string.digits else char for char in value
        )


def _other(char: str, number: int) -> str:
    for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if char in kind:
            return kind[number % len(kind)]
    return char


def treatments(columns: tuple[Column, ...], key: bytes) -> dict[str, Treatment]:
    """What changes in an anonymised row, by the column's name in the landed files."""
    return {
        column.physical: Treatment(_named(column), key)
        for column in columns
        if column.classification == _DIRECT
        or (column.classification == "quasi-identifier" and column.technique != "keep")
        or column.subject is not None
    }


def _named(column: Column) -> Column:
    """A column that says whose row it is, as what it is, whatever its class."""
    return column if column.subject is None else replace(column, classification=_DIRECT)


def survives_preparation(columns: tuple[Column, ...]) -> bool:
    """Whether what prepare makes of a row tells whose it was: anonymised rows then look different.

    A token does; what is dropped, or as coarse before as afterwards, does not.
    """
    return any(
        column.technique != "drop"
        and (column.classification == _DIRECT or column.subject is not None)
        for column in columns
    )
