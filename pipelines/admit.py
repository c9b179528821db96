"""Whether files may join a dataset: every problem with its column and masked rows.

First the whole file (readable, complete, the contract's columns in the contract's types), then
each row, then keys across the new files and those already landed.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from adapters import engine
from adapters.engine import Unreadable
from pipelines import clauses
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

    from governance.contract import Column, Contract

SHOWN = 5
"""Rows shown per clause."""
ROW = "charter_row"
_TELLING = 4
"""Characters from which a first letter does not give a value away."""
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
    """One thing wrong with one file; `rows` counts the rows it is wrong with, 0 for the file."""

    file: str
    column: str | None
    clause: str
    text: str
    rows: int = 0


@dataclass(slots=True)
class Candidate:
    """A file that asks to join."""

    name: str
    path: Path
    rows: int = 0
    earliest: date | None = None
    latest: date | None = None
    problems: list[Problem] = field(default_factory=list)
    bad_rows: dict[int, list[str]] = field(default_factory=dict)

    @property
    def broken(self) -> bool:
        """Whether the file as a whole is refused."""
        return any(not problem.rows for problem in self.problems)


def still_written(path: Path) -> bool:
    """Whether some process has the file open for writing; False where that cannot be known."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):
        return False
    finally:
        os.close(handle)
    return False


def inspect(
    candidates: Sequence[Candidate], contract: Contract, landed: Sequence[Path], now: datetime
) -> None:
    """Fills in rows, event span and problems of each candidate.

    Args:
        candidates: the new files.
        contract: what their rows must satisfy.
        landed: files of the dataset that are here already, for keys across files.
        now: event times after this moment are refused.
    """
    connection = engine.connect()
    for candidate in candidates:
        try:
            _file(connection, candidate, contract, now)
        except Unreadable as error:
            candidate.problems.append(Problem(candidate.name, None, "readable", str(error)))
    sound = [candidate for candidate in candidates if not candidate.broken]
    for clause, names in clauses.unique_keys(contract):
        _keys(connection, sound, contract, landed, clause, names)
    for label in contract.labels:
        _classes(connection, sound, contract, label)


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


def _file(connection: Backend, candidate: Candidate, contract: Contract, now: datetime) -> None:
    raw = engine.read(connection, candidate.path, contract)
    _shape(raw, candidate, contract)
    if candidate.broken:
        return
    say = candidate.problems.append
    names = [column.name for column in contract.columns]
    found = list(clauses.of_rows(raw, contract, now))
    table = {column.name: engine.cast(raw, column) for column in contract.columns}
    asked = {"rows": raw.count()}
    asked |= {f"broken{number}": clause.broken.sum() for number, clause in enumerate(found)}
    asked |= {f"known {name}": table[name].count() for name in names}
    if contract.event_column:
        asked |= {
            "low": table[contract.event_column].min(),
            "high": table[contract.event_column].max(),
        }
    row = engine.run(lambda: engine.one(raw.aggregate(**asked)), contract.format)
    candidate.rows = int(row["rows"])
    if not candidate.rows:
        say(Problem(candidate.name, None, "rows", "the file has no rows (0 rows)"))
        return
    for name in names:
        if not row[f"known {name}"] and all(
            c.column != name or not row[f"broken{i}"] for i, c in enumerate(found)
        ):
            say(Problem(candidate.name, name, "known", f"all {candidate.rows:,} values are empty"))
    candidate.earliest, candidate.latest = _day(row.get("low")), _day(row.get("high"))
    for number, clause in enumerate(found):
        if count := int(row[f"broken{number}"] or 0):
            _show(raw, candidate, contract, clause, count)


def _types(raw: ibis.Table, candidate: Candidate, contract: Contract) -> None:
    """Tells which columns of a Parquet file have a type the contract's type does not take in."""
    for column in contract.columns:
        actual = raw[column.physical].type()
        if not any(getattr(actual, f"is_{family}")() for family in _FAMILIES[column.type]):
            text = f"the file holds {actual}, the contract says {column.type}"
            candidate.problems.append(Problem(candidate.name, column.name, "type", text))


def _show(
    raw: ibis.Table, candidate: Candidate, contract: Contract, clause: clauses.Clause, count: int
) -> None:
    """Keeps the numbers of the broken rows and tells the first few, masked."""
    column = contract.column(clause.column)
    value = raw[column.physical if column else clause.column]
    numbered = raw.select(value=value, broken=clause.broken, **{ROW: ibis.row_number() + 1})
    broken = numbered.filter(numbered.broken)
    rows = broken.order_by(ROW).to_pyarrow().to_pylist()
    for row in rows:
        candidate.bad_rows.setdefault(row[ROW], []).append(f"{clause.column}: {clause.name}")
    places = _places([(row[ROW], row["value"]) for row in rows], column)
    text = f"{clause.says}: {places}"
    candidate.problems.append(Problem(candidate.name, clause.column, clause.name, text, count))


def _keys(  # noqa: PLR0913 - a key, and everything it is looked for in
    connection: Backend, candidates: list[Candidate], contract: Contract,
    landed: Sequence[Path], clause: str, names: tuple[str, ...],
) -> None:  # fmt: skip
    """Rows whose key stands before, in the same files or in those landed."""
    if not candidates:
        return
    parts = []
    for order, path in enumerate([*landed, *(candidate.path for candidate in candidates)]):
        table = _columns(connection, path, contract, names)
        parts.append(table.mutate(charter_file=ibis.literal(order), **{ROW: ibis.row_number() + 1}))
    everything = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    keyed = everything.drop_null(list(names))
    window = ibis.window(group_by=list(names), order_by=["charter_file", ROW])
    again = keyed.mutate(charter_nth=ibis.row_number().over(window))
    again = again.filter((again.charter_nth > 0) & (again.charter_file >= len(landed)))
    rows = again.order_by(["charter_file", ROW]).to_pyarrow().to_pylist()
    for offset, candidate in enumerate(candidates):
        own = [row for row in rows if row["charter_file"] == len(landed) + offset]
        if not own:
            continue
        for row in own:
            candidate.bad_rows.setdefault(row[ROW], []).append(f"{', '.join(names)}: {clause}")
        column = contract.column(names[0])
        places = _places([(row[ROW], row[names[0]]) for row in own], column)
        text = f"repeats a value that may stand only once: {places}"
        candidate.problems.append(Problem(candidate.name, ", ".join(names), clause, text, len(own)))


def _places(rows: Sequence[tuple[int, Any]], column: Column | None) -> str:
    """The first rows of some, with their values masked."""
    shown = [
        f"row {number}" if value is None else f"row {number} ({mask(value, column)})"
        for number, value in rows[:SHOWN]
    ]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(shown) + more


def _classes(
    connection: Backend, candidates: list[Candidate], contract: Contract, label: str
) -> None:
    """A label with one value teaches nothing."""
    values: set[Any] = set()
    for candidate in candidates:
        table = _columns(connection, candidate.path, contract, (label,))
        some = table.distinct().limit(2).to_pyarrow().to_pylist()
        values |= {row[label] for row in some if row[label] is not None}
    if candidates and len(values) == 1:
        text = f"the label has one value only in all {sum(c.rows for c in candidates):,} rows"
        candidates[0].problems.append(Problem(candidates[0].name, label, "classes", text))


def _columns(
    connection: Backend, path: Path, contract: Contract, names: Sequence[str]
) -> ibis.Table:
    """Some columns of a file in their declared types."""
    raw = engine.read(connection, path, contract)
    wanted = {column.name: column for column in contract.columns if column.name in names}
    absent = [column.physical for column in wanted.values() if column.physical not in raw.columns]
    if absent:
        msg = (
            f"{contract.name}/{path.name}, landed before, has no column {absent[0]}\n"
            "  fix: the contract changed; name a new dataset for rows of another shape"
        )
        raise Refused(msg)
    return raw.select(**{name: engine.cast(raw, wanted[name]) for name in names})


def mask(value: Any, column: Column | None) -> str:
    """A value as a message may show it: enough to find it, not enough to tell it."""
    text = str(value)
    if column is not None and column.classification == "none" and not isinstance(value, str):
        return text
    size = f"{len(text)} character{'' if len(text) == 1 else 's'}"
    return f"{text[0]}…, {size}" if len(text) >= _TELLING and text[0].isprintable() else size


def _day(value: Any) -> date | None:
    return value.date() if isinstance(value, datetime) else value


def problems(candidates: Sequence[Candidate]) -> Iterator[Problem]:
    """All problems of all candidates."""
    for candidate in candidates:
        yield from candidate.problems
