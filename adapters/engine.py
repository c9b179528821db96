"""The data engine: Ibis expressions on embedded DuckDB, one file at a time.

Every landed file is read as text or as its own types and turned into the contract's types with
`try_cast`, so that a value that does not fit is counted and never stops the scan.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis

from governance import pseudonym

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from ibis.backends.duckdb import Backend

    from governance.contract import Column, Contract

TYPES: Final = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


class Unreadable(Exception):
    """A data file is not what its name says; the message tells why, without its content."""


@ibis.udf.scalar.builtin(name="sha256")  # type: ignore[untyped-decorator]
def _sha256(data: bytes) -> str:  # type: ignore[empty-body]
    """DuckDB's own function."""


@ibis.udf.scalar.builtin(name="encode")  # type: ignore[untyped-decorator]
def _encode(text: str) -> bytes:  # type: ignore[empty-body]
    """DuckDB's own function."""


@ibis.udf.scalar.builtin(name="hex")  # type: ignore[untyped-decorator]
def _hex(data: bytes) -> str:  # type: ignore[empty-body]
    """DuckDB's own function."""


@ibis.udf.scalar.builtin(name="unhex")  # type: ignore[untyped-decorator]
def _unhex(text: str) -> bytes:  # type: ignore[empty-body]
    """DuckDB's own function."""


def connect() -> Backend:
    """An embedded engine with one thread: rows keep their order and sums their last digit."""
    connection = ibis.duckdb.connect(threads=1)
    connection.raw_sql("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
    return connection


def read(connection: Backend, path: Path, contract: Contract) -> ibis.Table:
    """A landed file as it stands, columns as text for CSV.

    Raises:
        Unreadable: the file is empty, cut off, or not in the contract's format.
    """
    if path.stat().st_size == 0:
        msg = "the file is empty (0 bytes)"
        raise Unreadable(msg)
    if contract.format == "parquet":
        return run(
            lambda: connection.read_parquet(_literal(path), hive_partitioning=False),
            contract.format,
        )
    # The whole dialect is given: what the engine guesses, such as lines to skip, hides rows.
    return run(
        lambda: connection.read_csv(
            _literal(path),
            header=True,
            delim=contract.delimiter,
            quote='"',
            escape='"',
            comment="",
            skip=0,
            all_varchar=True,
            strict_mode=True,
            hive_partitioning=False,
        ),
        contract.format,
    )


def sniff(connection: Backend, path: Path, form: str) -> tuple[ibis.Table, str]:
    """A file nobody has described yet, with the types the engine guesses, and its delimiter.

    Raises:
        Unreadable: it is not in that form.
    """
    try:
        if form == "parquet":
            return connection.read_parquet(_literal(path)), ","
        found = connection.con.execute("SELECT Delimiter FROM sniff_csv(?)", [_literal(path)])
        delimiter = str(found.fetchone()[0])
        return connection.read_csv(_literal(path), header=True, delim=delimiter), delimiter
    except Exception as error:  # noqa: BLE001 - the engine has no common error class
        raise Unreadable(_reason(error, form)) from None


def typed(table: ibis.Table, contract: Contract) -> ibis.Table:
    """The contract's columns in their declared types; null where a value does not fit."""
    return table.select(**{column.name: cast(table, column) for column in contract.columns})


def cast(table: ibis.Table, column: Column) -> ibis.Value:
    """One column in its declared type; an empty CSV field is null."""
    value = table[column.physical]
    if column.type == "string":
        return value.cast("string")
    if isinstance(value, ibis.expr.types.StringValue):
        value = value.nullif("")
        if column.type == "integer":  # "1.5" must not round to 2
            return (value.re_search(r"^\s*[-+]?[0-9]+\s*$")).ifelse(
                value.try_cast("int64"), ibis.null("int64")
            )
    return value.try_cast(TYPES[column.type])


def grouped(value: ibis.Value, column: Column) -> ibis.Value:
    """The group of each value of a protected attribute, as text; a missing one is its own group."""
    if not column.groups:
        return value.cast("string").fill_null("(missing)")
    names = column.group_names
    cases = [(value < bound, name) for bound, name in zip(column.groups, names, strict=False)]
    return ibis.cases((value.isnull(), "(missing)"), *cases, else_=names[-1])


def keyed(value: ibis.Value, key: bytes) -> ibis.Value:
    """HMAC-SHA-256 of a column as text, equal to `governance.pseudonym.token`."""
    inner, outer = (pad.hex() for pad in pseudonym.pads(key))
    once = _sha256(_unhex(ibis.literal(inner) + _hex(_encode(value.cast("string")))))
    return _sha256(_unhex(ibis.literal(outer) + once)).left(pseudonym.TOKEN_DIGITS)


def batches(connection: Backend, table: ibis.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in order, `rows` at a time.

    Ibis 12 asks DuckDB 2 for a reader by a name that is gone, so the SQL is run directly.
    """
    yield from connection.con.sql(connection.compile(table)).to_arrow_reader(rows)


def one(expression: Any) -> dict[str, Any]:
    """The single row of an aggregation."""
    found: dict[str, Any] = expression.to_pyarrow().to_pylist()[0]
    return found


def run(action: Any, form: str) -> Any:
    """The result of looking into a file; any other fault passes through.

    Raises:
        Unreadable: the bytes turn out to be damaged.
    """
    try:
        return action()
    except Exception as error:
        foreign = type(error).__module__.split(".")[0] in {"duckdb", "_duckdb", "pyarrow"}
        if foreign or isinstance(error, UnicodeDecodeError):
            raise Unreadable(_reason(error, form)) from None
        raise


def _literal(path: Path) -> str:
    """A path that the engine reads as one file: its glob characters lose their meaning."""
    text = str(path)
    for mark in "[*?":
        text = text.replace(mark, f"[{mark}]")
    return text


def _reason(error: Exception, form: str) -> str:
    """What is wrong with a file, without quoting its rows."""
    text = str(error)
    if "magic bytes" in text or "too small to be a Parquet" in text or "footer" in text:
        return "not a complete Parquet file: its end is missing or damaged (still being written?)"
    if form == "parquet":
        return "damaged Parquet file: it breaks off or makes no sense inside"
    line = re.search(r"CSV Error on Line: (\d+)", text)
    where = f" at line {line[1]}" if line else ""
    if "Invalid unicode" in text or "not utf-8 encoded" in text:
        return f"not UTF-8 text{where}"
    return f"not a CSV file as declared{where}: check delimiter, quotes and fields per line"
