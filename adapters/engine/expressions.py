"""Expressions that give the same values on every engine.

What a cell of text means is fixed here by its spelling and not left to an engine's own cast:
DuckDB takes `1_000` for a number, Spark takes `1d` for one and `2026` for a date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import ibis
from ibis.expr import operations as ops

from governance import pseudonym
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from governance.contract import Column, Contract

TYPES: Final = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}
_DAY: Final = "[1-9][0-9]{3}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK: Final = "([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_SPELLED: Final = {
    "integer": "[-+]?[0-9]+",
    "number": "[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?"
    "|[-+]?[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN]",
    "boolean": "[tT]([rR][uU][eE])?|[fF]([aA][lL][sS][eE])?|[yY]([eE][sS])?|[nN][oO]?|[01]",
    "date": _DAY,
    "timestamp": f"{_DAY}([ T]{_CLOCK}Z?)?",
}
"""How a cell of text spells a value of each type; spaces may stand around numbers and days."""
_ELSEWHERE: Final = f"{_DAY}[ T]{_CLOCK}[-+](0[0-9]|1[0-4])(:?[0-5][0-9])?"
"""A time with an offset from UTC."""


@ibis.udf.scalar.builtin(name="hex")  # type: ignore[untyped-decorator]
def _hex(text: str) -> str:  # type: ignore[empty-body]
    """The engines' own function: UTF-8 bytes as hexadecimal digits."""


@ibis.udf.scalar.builtin(name="unhex")  # type: ignore[untyped-decorator]
def _unhex(digits: str) -> bytes:  # type: ignore[empty-body]
    """The engines' own function."""


def typed(table: ibis.Table, contract: Contract) -> ibis.Table:
    """The contract's columns in their declared types; null where a value does not fit."""
    return table.select(**{column.name: cast(table, column) for column in contract.columns})


def cast(table: ibis.Table, column: Column) -> ibis.Value:
    """One column in its declared type; an empty CSV field is null, and so is what does not fit.

    A time with an offset becomes UTC; a number with a fraction is no integer.
    """
    value = table[column.physical]
    if column.type == "string":
        return value.cast("string")
    if isinstance(value, ibis.expr.types.StringValue):
        return _read(value, column.type)
    if column.type == "integer" and (value.type().is_floating() or value.type().is_decimal()):
        return (value % 1 == 0).ifelse(value.try_cast("int64"), ibis.null("int64"))
    return value.try_cast(TYPES[column.type])


def _read(text: ibis.Value, kind: str) -> ibis.Value:
    """The value that a cell of text spells, or null."""
    wanted = TYPES[kind]
    around = "" if kind in {"boolean", "timestamp"} else " *"
    spelled = matches(text, f"{around}(?:{_SPELLED[kind]}){around}")
    cases = [(spelled, text.try_cast(wanted))]
    if kind == "timestamp":  # DuckDB's plain cast drops the offset; the exact one is slow
        cases.append((matches(text, _ELSEWHERE), text.try_cast("timestamp('UTC')").cast(wanted)))
    return ibis.cases(*cases, else_=ibis.null(wanted))


def matches(value: ibis.Value, pattern: str) -> ibis.Value:
    """Whether the whole of a text matches a regular expression, to its very last character."""
    return value.re_search(rf"\A(?:{pattern})\z")


def grouped(value: ibis.Value, column: Column) -> ibis.Value:
    """The group of each value of a protected attribute, as text; a missing one is its own group."""
    if not column.groups:
        return value.cast("string").fill_null("(missing)")
    names = column.group_names
    cases = [(value < bound, name) for bound, name in zip(column.groups, names, strict=False)]
    return ibis.cases((value.isnull(), "(missing)"), *cases, else_=names[-1])


def keyed(value: ibis.Value, key: bytes) -> ibis.Value:
    """HMAC-SHA-256 of a column as text, equal to `governance.pseudonym.token`.

    Raises:
        CouldNotJudge: the column holds fractions, which each engine writes in its own way.
    """
    if value.type().is_floating() or value.type().is_decimal():
        msg = (
            f"{value.get_name()}: a number with fractions has no one spelling to pseudonymise\n"
            "  fix: declare the column as string or integer, or drop it"
        )
        raise CouldNotJudge(msg)
    inner, outer = (pad.hex() for pad in pseudonym.pads(key))
    once = _sha256(_unhex(ibis.literal(inner) + _hex(value.cast("string"))))
    return _sha256(_unhex(ibis.literal(outer) + once)).left(pseudonym.TOKEN_DIGITS)


def _sha256(data: ibis.Value) -> ibis.Value:
    """The digest as lower-case digits, by each engine's own function."""
    return ops.HexDigest(data, "sha256").to_expr()
