"""Counts over prepared rows: how far columns tell rows apart, and how many rows look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from adapters import engine
from governance.anonymity import SIZES
from governance.evidence import AnonymityFacts, ColumnWidth

if TYPE_CHECKING:
    from governance.contract import Contract


def attributes(contract: Contract) -> tuple[str, ...]:
    """Prepared columns by which somebody may be recognised: what others can know of a person."""
    return tuple(
        column.name
        for column in contract.columns
        if column.technique != "drop"
        and (column.classification == "quasi-identifier" or column.protected)
    )


def widths(table: ibis.Table, contract: Contract) -> dict[str, ColumnWidth]:
    """Rows with a value and different values, by prepared column; one at a time, for memory."""
    found = {}
    for column in contract.columns:
        if column.name in table.columns:
            value = table[column.name]
            row = engine.one(table.aggregate(rows=value.count(), distinct=value.nunique()))
            found[column.name] = ColumnWidth(
                type=column.type, rows=int(row["rows"]), distinct=int(row["distinct"])
            )
    return found


def classes(table: ibis.Table, names: tuple[str, ...]) -> AnonymityFacts:
    """Sizes of the groups of rows that agree in some columns; a missing value is a value."""
    if not names:
        rows = int(engine.one(table.aggregate(rows=table.count()))["rows"])
        below = {str(size): rows if rows < size else 0 for size in SIZES}
        return AnonymityFacts(
            attributes=(), rows=rows, classes=min(rows, 1), smallest=rows, below=below
        )
    sizes = table.group_by(list(names)).aggregate(n=table.count())
    asked = {f"below {size}": sizes.n.sum(where=sizes.n < size) for size in SIZES}
    row = engine.one(
        sizes.aggregate(rows=sizes.n.sum(), classes=sizes.count(), smallest=sizes.n.min(), **asked)
    )
    return AnonymityFacts(
        attributes=names,
        rows=int(row["rows"] or 0),
        classes=int(row["classes"]),
        smallest=int(row["smallest"] or 0),
        below={str(size): int(row[f"below {size}"] or 0) for size in SIZES},
    )
