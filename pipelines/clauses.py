"""The clauses of a contract as expressions that count and find the rows that break them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import ibis

from adapters import engine

if TYPE_CHECKING:
    from governance.contract import Column, Contract


@dataclass(frozen=True, slots=True)
class Clause:
    """One demand on rows; `broken` is true for the rows that do not meet it."""

    name: str
    column: str
    broken: ibis.Value
    says: str


def of_rows(table: ibis.Table, contract: Contract, now: datetime | None = None) -> Iterator[Clause]:
    """Clauses that each row meets or breaks by itself.

    Args:
        table: the file as it was read, before types are applied.
        contract: what the rows must satisfy.
        now: event times after this moment are broken; without it they are not looked at.
    """
    for column in contract.columns:
        yield from _column(table, column)
    event = contract.column(contract.event_column) if contract.event_column else None
    if event is not None and now is not None:
        value = engine.cast(table, event)
        limit = (
            ibis.literal(now.date())
            if event.type == "date"
            else ibis.literal(now.replace(tzinfo=None))
        )
        yield Clause("future", event.name, _sure(value > limit), f"lies after {now:%Y-%m-%d %H:%M}")


def _column(table: ibis.Table, column: Column) -> Iterator[Clause]:
    raw, value = table[column.physical], engine.cast(table, column)
    given = raw.notnull()
    if isinstance(raw, ibis.expr.types.StringValue):
        given = given & (raw != "") if column.type != "string" else given
    if column.required:
        empty = ~given if column.type != "string" else raw.isnull()
        yield Clause("required", column.name, empty, "is empty")
    if column.type != "string":
        yield Clause("type", column.name, given & value.isnull(), f"is no {column.type}")
    if column.type == "number":
        yield Clause("finite", column.name, _sure(value.isnan() | value.isinf()), "is not finite")
    if column.minimum is not None:
        yield Clause(
            "minimum", column.name, _sure(value < column.minimum), f"is below {column.minimum:g}"
        )
    if column.maximum is not None:
        yield Clause(
            "maximum", column.name, _sure(value > column.maximum), f"is above {column.maximum:g}"
        )
    if column.values:
        numeric = column.type in {"integer", "number"}
        spelled = str.lower if column.type == "boolean" else str
        known = [float(entry) if numeric else spelled(str(entry)) for entry in column.values]
        other = value.cast("float64" if numeric else "string").notin(known)
        says = f"is none of {', '.join(str(entry) for entry in column.values)}"
        yield Clause("enum", column.name, _sure(other), says)
    if column.pattern is not None:
        matches = value.cast("string").re_search(f"^(?:{column.pattern})$")
        yield Clause("pattern", column.name, _sure(~matches), "does not match the pattern")


def _sure(condition: ibis.Value) -> ibis.Value:
    """A condition that is false where its value is null: `required` speaks of nulls."""
    return condition.fill_null(False)  # noqa: FBT003 - the value filled in, not a flag


def unique_keys(contract: Contract) -> list[tuple[str, tuple[str, ...]]]:
    """Sets of columns whose values may not repeat in the whole dataset."""
    found: list[tuple[str, tuple[str, ...]]] = [
        ("unique", (column.name,))
        for column in contract.columns
        if column.unique and contract.key != (column.name,)
    ]
    if contract.key:
        found.insert(0, ("primary-key", contract.key))
    return found
