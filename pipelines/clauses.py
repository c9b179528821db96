"""The clauses of a contract as expressions that count and find the rows that break them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import ibis

from adapters import engine

if TYPE_CHECKING:
    from governance.contract import Column, Contract
    from governance.quality import Rule


@dataclass(frozen=True, slots=True)
class Clause:
    """One demand on rows; `broken` is true for the rows that do not meet it.

    `shown_by` says what shows, without a look at each row, that all rows meet it: that every row
    has a value, that every cell does, that the bounds of the values lie within `low` and `high`,
    or nothing.
    """

    name: str
    column: str
    broken: ibis.Value
    says: str
    shown_by: Literal["values", "cells", "bounds"] | None = None
    low: Any = None
    high: Any = None

    def holds_within(self, low: Any, high: Any) -> bool:
        """Whether values between two bounds all meet it; no number is a bound on NaN."""
        if not all(math.isfinite(x) for x in (low, high) if isinstance(x, float)):
            return False
        return (self.low is None or low >= self.low) and (self.high is None or high <= self.high)


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
        limit = now.date() if event.type == "date" else now.replace(tzinfo=None)
        late = _sure(engine.cast(table, event) > ibis.literal(limit))
        says = f"lies after {now:%Y-%m-%d %H:%M}"
        yield Clause("future", event.name, late, says, "bounds", high=limit)


def _column(table: ibis.Table, column: Column) -> Iterator[Clause]:
    raw, value = table[column.physical], engine.cast(table, column)
    given = raw.notnull()
    if isinstance(raw, ibis.expr.types.StringValue):
        given = given & (raw != "") if column.type != "string" else given
    name, low, high = column.name, column.minimum, column.maximum
    if column.required:
        empty = ~given if column.type != "string" else raw.isnull()
        yield Clause("required", name, empty, "is empty", "values")
    if column.type != "string":
        yield Clause("type", name, given & value.isnull(), f"is no {column.type}", "cells")
    if column.type == "number":
        # Asked for NaN, DuckDB believes the statistics in a file, which leave it out. A number
        # minus itself is 0, unless it is NaN or infinite.
        endless = _sure((value - value) != 0)
        yield Clause("finite", name, endless, "is not finite", "bounds")
    if low is not None:
        yield Clause("minimum", name, _sure(value < low), f"is below {low:g}", "bounds", low=low)
    if high is not None:
        yield Clause(
            "maximum", name, _sure(value > high), f"is above {high:g}", "bounds", high=high
        )
    if column.values:
        says = f"is none of {', '.join(str(entry) for entry in column.values)}"
        yield Clause("enum", column.name, _sure(~_among(value, column, column.values)), says)
    if column.pattern is not None:
        matches = _matches(value, column.pattern)
        yield Clause("pattern", column.name, _sure(~matches), "does not match the pattern")


def of_rules(table: ibis.Table, contract: Contract) -> Iterator[tuple[Rule, ibis.Value]]:
    """Quality rules that count rows one by one, and which rows each counts."""
    for rule in contract.rules:
        column = contract.column(rule.columns[0]) if rule.by_row else None
        if column is not None:
            yield rule, _sure(_counts(table, column, rule))


def _counts(table: ibis.Table, column: Column, rule: Rule) -> ibis.Value:
    raw, value = table[column.physical], engine.cast(table, column)
    if rule.metric == "nullValues":
        return value.isnull()
    if rule.metric == "invalidValues":
        wrong = (
            ~_matches(value, rule.pattern)
            if rule.pattern is not None
            else ibis.literal(value=False)
        )
        return wrong | ~_among(value, column, rule.values) if rule.values else wrong
    found: ibis.Value = value.isnull() if None in rule.values else ibis.literal(value=False)
    texts = [entry for entry in rule.values if isinstance(entry, str)]
    others = tuple(e for e in rule.values if e is not None and not isinstance(e, str))
    if texts:  # "N/A" among numbers of a CSV file: what stands in the file is looked at
        found = found | _sure(raw.cast("string").isin(texts))
    return found | _sure(_among(value, column, others)) if others else found


def _among(value: ibis.Value, column: Column, entries: Sequence[object]) -> ibis.Value:
    """Whether a value is one of some declared ones; null where there is no value."""
    if column.type in {"integer", "number"}:
        return value.cast("float64").isin([float(str(entry)) for entry in entries])
    spelled = str.lower if column.type == "boolean" else str
    words = list(dict.fromkeys(spelled(str(entry)) for entry in entries))
    text = value.cast("string")
    # Looked up in a map, a word is compared once for each entry of a file's dictionary, not once
    # for each row: a quarter of the time of a list.
    listed = ibis.map(ibis.array(words), ibis.array([1] * len(words)))
    return text.isnull().ifelse(ibis.null("boolean"), listed.contains(text))


def _matches(value: ibis.Value, pattern: str) -> ibis.Value:
    return engine.matches(value.cast("string"), pattern)


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
