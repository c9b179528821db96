"""Rows, labels and missing values by protected attributes: one pass of the engine, integers out.

The engine counts every meeting of all attributes; what one or two of them say is added up from it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from adapters import engine

if TYPE_CHECKING:
    from governance.contract import Column, Contract


@dataclass(slots=True)
class Sums:
    """What is known of a label in one group."""

    known: int = 0
    totals: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean of the known values."""
        return math.fsum(self.totals) / self.known

    @property
    def variance(self) -> float:
        """Variance of the known values."""
        return max(0.0, math.fsum(self.squares) / self.known - self.mean**2)


@dataclass(slots=True)
class Group:
    """One group, or where groups of several attributes meet."""

    rows: int = 0
    missing: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    labels: defaultdict[str, Sums] = field(default_factory=lambda: defaultdict(Sums))


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts for every meeting of the protected attributes, and the least number of each column."""

    attributes: tuple[str, ...]
    meetings: tuple[dict[str, Any], ...]

    def by(self, attributes: Sequence[str]) -> dict[tuple[str, ...], Group]:
        """Counts of the groups of some attributes, in order of their names."""
        found: defaultdict[tuple[str, ...], Group] = defaultdict(Group)
        for meeting in self.meetings:
            group = found[tuple(meeting[_key(self.attributes, name)] for name in attributes)]
            group.rows += meeting["rows"]
            for name, value in meeting.items():
                kind, _, column = name.partition(" ")
                if kind == "missing":
                    group.missing[column] += value
                elif kind == "known":
                    group.labels[column].known += value
                elif kind == "total" and value is not None:
                    group.labels[column].totals.append(value)
                elif kind == "square" and value is not None:
                    group.labels[column].squares.append(value)
        return dict(sorted(found.items()))

    def least(self, column: str) -> float | None:
        """The least finite number of a column; None when it has none."""
        found = [meeting[f"least {column}"] for meeting in self.meetings]
        return min((value for value in found if value is not None), default=None)

    @property
    def groups(self) -> int:
        """Number of meetings that have rows."""
        return len(self.meetings)


def count(table: ibis.Table, contract: Contract) -> Counts:
    """Counts of a prepared table."""
    columns = [column for column in contract.columns if column.name in table.columns]
    numbers = [column.name for column in columns if table[column.name].type().is_numeric()]
    protected = [column for column in columns if column.protected]
    labels = {
        column.name: _number(table[column.name], column) for column in columns if column.label
    }
    cells = table.select(
        **keys(table, protected),
        **{f"missing {c.name}": absent(table[c.name]).cast("int64") for c in columns},
        **{f"label {name}": value for name, value in labels.items()},
        **{f"number {name}": _finite(table[name]) for name in numbers},
    )
    found = (
        cells.group_by([_key([c.name for c in protected], c.name) for c in protected])
        .aggregate(
            rows=cells.count(),
            **{f"missing {c.name}": cells[f"missing {c.name}"].sum() for c in columns},
            **{f"least {name}": cells[f"number {name}"].min() for name in numbers},
            **{
                f"{what} {name}": sums
                for name in labels
                for what, sums in _sums(cells[f"label {name}"]).items()
            },
        )
        .order_by([_key([c.name for c in protected], c.name) for c in protected])
    )
    return Counts(tuple(c.name for c in protected), tuple(found.to_pyarrow().to_pylist()))


def keys(table: ibis.Table, protected: Sequence[Column]) -> dict[str, ibis.Value]:
    """The group of each row, by attribute."""
    names = [column.name for column in protected]
    return {_key(names, c.name): engine.grouped(table[c.name], c) for c in protected}


def absent(value: ibis.Value) -> ibis.Value:
    """Whether a value is missing; NaN is no number."""
    return value.isnull() | value.isnan() if value.type().is_floating() else value.isnull()


def is_rate(label: Column) -> bool:
    """Whether the label's mean is the share of rows in its last class."""
    bounds = label.type == "integer" and (label.minimum, label.maximum) == (0, 1)
    return bounds or label.type in {"boolean", "string"} or len(label.values) == 2  # noqa: PLR2004


def _key(attributes: Sequence[str], name: str) -> str:
    """A name for the key that no column has."""
    return f"group {attributes.index(name)}"


def _sums(value: ibis.Value) -> dict[str, ibis.Value]:
    return {"known": value.count(), "total": value.sum(), "square": (value * value).sum()}


def _number(value: ibis.Value, label: Column) -> ibis.Value:
    """The label as a number: 1 for the last declared class of a rate, 0 for the others."""
    if label.values and is_rate(label):
        return (value == ibis.literal(label.values[-1])).cast("int64")
    if is_rate(label):
        return value.cast("int64")
    return absent(value).ifelse(ibis.null("float64"), value.cast("float64"))


def _finite(value: ibis.Value) -> ibis.Value:
    number = value.cast("float64")
    return (number.isnan() | number.isinf()).ifelse(ibis.null("float64"), number)
