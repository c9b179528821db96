"""One pass over a file: every count that can be had without looking at other rows.

Numbers of values and their bounds cost no more than reading, so they come first. A clause that
they show to be kept by every row is not looked at again; the others are counted in a second pass,
which a sound file does without.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from adapters import engine
from pipelines import clauses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import ibis

    from governance.contract import Contract
    from governance.quality import Rule
    from pipelines.clauses import Clause

_ORDERED: Final = frozenset({"integer", "number", "date", "timestamp"})


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a pass found: rows, values by column, and rows by broken clause or quality rule."""

    rows: int
    nulls: dict[str, int]
    low: dict[str, Any]
    high: dict[str, Any]
    broken: tuple[tuple[Clause, int], ...]
    counted: dict[Rule, int]


def scan(raw: ibis.Table, contract: Contract, now: datetime | None = None) -> Scanned:
    """Counts over all rows of a table.

    Args:
        raw: the rows as they were read, before types are applied.
        contract: what the rows must satisfy.
        now: event times after this moment are broken; without it they are not looked at.

    Raises:
        Unreadable: the bytes turn out to be damaged.
    """
    found = list(clauses.of_rows(raw, contract, now))
    rules = list(clauses.of_rules(raw, contract))
    asked = {"rows": raw.count()}
    for column in contract.columns:
        value = engine.cast(raw, column)
        asked[f"values {column.name}"] = value.count()
        asked[f"cells {column.name}"] = raw[column.physical].count()
        if column.type in _ORDERED:
            asked[f"low {column.name}"] = value.min()
            asked[f"high {column.name}"] = value.max()
        if column.type == "number":
            # The statistics in a file, from which an engine may take its bounds, leave out NaN.
            asked[f"sum {column.name}"] = value.sum()
    asked |= {f"rule {n}": counts.sum() for n, (_, counts) in enumerate(rules)}
    asked |= {f"broken {n}": c.broken.sum() for n, c in enumerate(found) if not c.shown_by}
    row = _aggregated(raw, asked, contract)
    names = [column.name for column in contract.columns]
    rows = int(row["rows"])
    return Scanned(
        rows=rows,
        nulls={name: rows - int(row[f"values {name}"]) for name in names},
        low=_known(row, "low", names),
        high=_known(row, "high", names),
        broken=_broken(raw, contract, found, row),
        counted={rule: int(row[f"rule {n}"] or 0) for n, (rule, _) in enumerate(rules)},
    )


def _broken(
    raw: ibis.Table, contract: Contract, found: Sequence[Clause], row: dict[str, Any]
) -> tuple[tuple[Clause, int], ...]:
    """The clauses that rows break, with the number of these rows."""
    asked = {f"broken {n}": c.broken.sum() for n, c in enumerate(found) if _suspect(c, row)}
    counts = row | (_aggregated(raw, asked, contract) if asked else {})
    each = ((clause, int(counts.get(f"broken {n}") or 0)) for n, clause in enumerate(found))
    return tuple((clause, count) for clause, count in each if count)


def _suspect(clause: Clause, row: dict[str, Any]) -> bool:
    """Whether what is known of a column leaves it open that rows break a clause."""
    name = clause.column
    if clause.shown_by == "values":
        return bool(row[f"values {name}"] < row["rows"])
    if clause.shown_by == "cells":
        return bool(row[f"values {name}"] < row[f"cells {name}"])
    if clause.shown_by == "bounds" and row[f"low {name}"] is not None:
        total = row.get(f"sum {name}", 0.0)
        known = math.isfinite(total) and clause.holds_within(
            row[f"low {name}"], row[f"high {name}"]
        )
        return not known
    return False


def _aggregated(raw: ibis.Table, asked: dict[str, Any], contract: Contract) -> dict[str, Any]:
    found: dict[str, Any] = engine.run(lambda: engine.one(raw.aggregate(**asked)), contract.format)
    return found


def _known(row: dict[str, Any], side: str, names: list[str]) -> dict[str, Any]:
    found = ((name, row.get(f"{side} {name}")) for name in names)
    return {name: value for name, value in found if value is not None}
