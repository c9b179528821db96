"""Whether files may join a dataset: every problem with its column and masked rows.

First the whole file (readable, complete, the contract's columns in the contract's types), then
each row, then what shows only beside other rows (`pipelines.beside`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from adapters.engine import Unreadable
from pipelines import landed
from pipelines.masks import SHOWN, mask, places
from pipelines.quarantine import ROW, Blame, numbered
from pipelines.scan import Scanned, scan

if TYPE_CHECKING:
    from governance.contract import Column, Contract
    from governance.quality import Rule

_WORD = re.compile(r"[^\W\d]\w{0,63}")
_FAMILIES = {
    "string": ("string",),
    "integer": ("integer",),
    "number": ("integer", "floating", "decimal"),
    "boolean": ("boolean",),
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp", "date"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one file, or with the dataset where none is named.

    `rows` counts the rows it is wrong with, 0 where it is no matter of single rows.
    """

    file: str | None
    column: str | None
    clause: str
    text: str
    rows: int = 0


@dataclass(slots=True)
class Candidate:
    """A file that asks to join, staged below a folder under the name it will have."""

    name: str
    path: Path
    rows: int = 0
    earliest: date | None = None
    latest: date | None = None
    problems: list[Problem] = field(default_factory=list)
    raw: ibis.Table | None = None
    counted: dict[Rule, int] = field(default_factory=dict)
    blames: list[Blame] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """Whether the file as a whole is refused."""
        return any(not problem.rows for problem in self.problems)

    @property
    def table(self) -> ibis.Table:
        """Its rows as they were read."""
        if self.raw is None:
            raise TypeError(self.name)
        return self.raw


def look(
    connection: Any, candidate: Candidate, contract: Contract, staging: Path, now: datetime
) -> None:
    """Fills in rows, event span, blames and problems of one file by itself.

    Args:
        connection: the engine.
        candidate: the file.
        contract: what its rows must satisfy.
        staging: the folder below which it lies under its name.
        now: event times after this moment are refused.
    """
    try:
        raw = landed.table(connection, staging, candidate.name, contract)
        _shape(raw, candidate, contract)
        if not candidate.broken:
            _rows(raw, candidate, contract, now)
    except Unreadable as error:
        candidate.problems.append(Problem(candidate.name, None, "readable", str(error)))


def _shape(raw: ibis.Table, candidate: Candidate, contract: Contract) -> None:
    """Tells which columns are missing, undeclared or of another type."""
    say = candidate.problems.append
    physical = [column.physical for column in contract.columns]
    if contract.format == "csv" and not set(physical) & set(raw.columns):
        text = f"the first line names no column of the contract; delimiter {contract.delimiter!r}?"
        say(Problem(candidate.name, None, "header", text))
        return
    for name in physical:
        if name not in raw.columns:
            near = [have for have in raw.columns if have.lower() == name.lower()]
            hint = f"; the file has {near[0]}" if near else ""
            say(Problem(candidate.name, name, "present", f"the column is missing{hint}"))
    for name in raw.columns:
        if name not in physical:
            shown = name if _WORD.fullmatch(name) else mask(name, None)
            say(Problem(candidate.name, shown, "declared", "the column is not in the contract"))
    if contract.format == "parquet" and not candidate.broken:
        _types(raw, candidate, contract)


def _types(raw: ibis.Table, candidate: Candidate, contract: Contract) -> None:
    """Tells which columns of a Parquet file have a type the contract's type does not take in."""
    for column in contract.columns:
        actual = raw[column.physical].type()
        families = _FAMILIES[column.type]
        if not column.partitioned and not any(getattr(actual, f"is_{f}")() for f in families):
            text = f"the file holds {actual}, the contract says {column.type}"
            candidate.problems.append(Problem(candidate.name, column.name, "type", text))


def _rows(raw: ibis.Table, candidate: Candidate, contract: Contract, now: datetime) -> None:
    found = scan(raw, contract, now)
    candidate.raw, candidate.rows, candidate.counted = raw, found.rows, found.counted
    if not found.rows:
        text = "the file has no rows (0 rows)"
        candidate.problems.append(Problem(candidate.name, None, "rows", text))
        return
    _empty(candidate, found)
    event = contract.event_column or ""
    candidate.earliest = _day(found.low.get(event))
    candidate.latest = _day(found.high.get(event))
    for clause, count in found.broken:
        column = contract.column(clause.column)
        blame = Blame(f"{clause.column}: {clause.name}", clause.broken)
        text = f"{clause.says}: {first(candidate, clause.broken, count, column)}"
        candidate.problems.append(Problem(candidate.name, clause.column, clause.name, text, count))
        candidate.blames.append(blame)


def _empty(candidate: Candidate, found: Scanned) -> None:
    """Tells of columns without a value, unless that already breaks a clause."""
    told = {clause.column for clause, _ in found.broken}
    for name, nulls in found.nulls.items():
        if nulls == found.rows and name not in told:
            text = f"all {found.rows:,} values are empty"
            candidate.problems.append(Problem(candidate.name, name, "known", text))


def first(candidate: Candidate, broken: ibis.Value, count: int, column: Column | None) -> str:
    """Where the first of some rows stand, with their values masked."""
    flagged = numbered(
        candidate.table,
        charter_value=candidate.table[column.physical] if column else ibis.null("string"),
        charter_bad=broken,
    )
    rows = flagged.filter(flagged.charter_bad).order_by(ROW).limit(SHOWN)
    found = rows.select(ROW, "charter_value").to_pyarrow().to_pylist()
    return places([(row[ROW], row["charter_value"]) for row in found], count, column)


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value
