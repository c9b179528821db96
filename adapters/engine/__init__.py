"""The data engine: Ibis expressions on embedded DuckDB, or on Spark where that is asked for.

Every landed file is read as text or as its own types and turned into the contract's types, so
that a value that does not fit is counted and never stops the scan. Both engines give the same
rows in the same order and the same integers (ADR 14).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters.engine import duckdb
from adapters.engine.expressions import TYPES, cast, grouped, keyed, matches, typed
from adapters.engine.faults import Unreadable, reason, run
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from governance.contract import Contract

__all__ = [
    "TYPES",
    "Unreadable",
    "batches",
    "cast",
    "connect",
    "grouped",
    "keyed",
    "matches",
    "one",
    "parquet",
    "read",
    "run",
    "sniff",
    "typed",
]

VARIABLE: Final = "CHARTER_ENGINE"


def connect(
    name: str | None = None, *, threads: int | None = 1, only: Sequence[Path] | None = None
) -> Any:
    """A connection to the engine of this run.

    Args:
        name: what the contract asks for, `duckdb` or `spark`. The environment goes first:
            `CHARTER_ENGINE` may also be `spark:MASTER` (such as `spark:local[2]`),
            `spark://HOST:PORT`, or `sc://HOST:PORT` for Spark Connect.
        threads: for DuckDB. One thread adds floating-point numbers in file order, so a sum keeps
            its last digit. Counts, minima, maxima and sums of integers come out the same with
            any number of threads, and so does the order of rows: there, None takes every core.
        only: for DuckDB, the files and folders it may open; give it wherever a query holds text
            that somebody wrote, such as a contract's own SQL.

    Raises:
        CouldNotJudge: the engine is unknown or not installed.
    """
    asked = os.environ.get(VARIABLE) or name or "duckdb"
    if asked == "duckdb":
        return duckdb.connect(threads, only)
    if asked != "spark" and not asked.startswith(("spark:", "sc://")):
        msg = (
            f"{VARIABLE} names no engine\n"
            "  fix: use duckdb, spark, spark:MASTER, spark://HOST:PORT or sc://HOST:PORT"
        )
        raise CouldNotJudge(msg)
    return _spark().connect(asked)


def read(connection: Any, path: Path, contract: Contract) -> ibis.Table:
    """A landed file as it stands, columns as text for CSV, rows in the order of the file.

    Raises:
        Unreadable: the file is empty, cut off, or not in the contract's format.
    """
    if path.stat().st_size == 0:
        msg = "the file is empty (0 bytes)"
        raise Unreadable(msg)
    if contract.format == "parquet":
        return parquet(connection, [path])
    engine = _of(connection)
    return run(lambda: engine.csv(connection, path, contract.delimiter), "csv")


def parquet(connection: Any, paths: Sequence[Path]) -> ibis.Table:
    """The rows of Parquet files of one shape; of several files, in no particular order.

    Raises:
        Unreadable: a file is cut off or no Parquet file.
    """
    return run(lambda: _of(connection).parquet(connection, paths), "parquet")


def sniff(connection: Any, path: Path, form: str) -> tuple[ibis.Table, str]:
    """A file nobody has described yet, with the types the engine guesses, and its delimiter.

    Raises:
        Unreadable: it is not in that form.
    """
    try:
        if form == "parquet":
            return _of(connection).parquet(connection, [path]), ","
        return _of(connection).sniff(connection, path)  # type: ignore[no-any-return]
    except Exception as error:  # noqa: BLE001 - the engines have no common error class
        raise Unreadable(reason(error, form)) from None


def batches(connection: Any, table: ibis.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in order, `rows` at a time, as the table's schema says.

    Every batch but the last is full, on every engine: files written from them are equal.
    """
    schema = table.schema().to_pyarrow()
    held: list[pa.RecordBatch] = []
    room = rows
    for batch in _of(connection).batches(connection, table, rows):
        rest = batch
        while rest.num_rows:
            held.append(rest.slice(0, room))
            rest = rest.slice(room)
            room -= held[-1].num_rows
            if not room:
                yield _joined(held, schema)
                held, room = [], rows
    if held:
        yield _joined(held, schema)


def one(expression: Any) -> dict[str, Any]:
    """The single row of an aggregation."""
    found: dict[str, Any] = expression.to_pyarrow().to_pylist()[0]
    return found


def _joined(held: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415 - see `batches`

    return pa.Table.from_batches(held).cast(schema).combine_chunks().to_batches()[0]


def _of(connection: Any) -> Any:
    """The module that speaks to the engine behind a connection."""
    return duckdb if connection.name == "duckdb" else _spark()


def _spark() -> Any:
    from adapters.engine import spark  # noqa: PLC0415 - an extra, and seconds to load

    return spark
