"""DuckDB, embedded: the default engine, and the one parser of CSV text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from adapters.engine import room

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.backends.duckdb import Backend


def connect(threads: int | None, only: Sequence[Path] | None) -> Backend:
    """An engine in this process that fetches nothing, and whose settings no query can change.

    Args:
        threads: how many to use; None for every core of the machine.
        only: the files and folders it may open; None for any file.
    """
    connection = ibis.duckdb.connect(
        threads=threads or room.cores(),
        memory_limit=f"{room.memory()}B",
        preserve_insertion_order=True,
        autoinstall_known_extensions=False,
        autoload_known_extensions=False,
        allow_community_extensions=False,
        allow_extension_repositories="forbidden",
        allow_persistent_secrets=False,
    )
    folder = room.private_folder(connection)
    settings = {
        # Bounds in a file's footer are a claim: a forged one must not decide what a row holds.
        "disabled_optimizers": "'statistics_propagation'",
        "temp_directory": _quoted(folder),
        "custom_extension_repository": _quoted(folder / "no extensions"),
    }
    if only is not None:
        # A pattern is compared as it stands, before it is expanded, and so are its files after.
        real: dict[bool, list[str]] = {True: [], False: []}
        for path in only:
            real[path.is_dir()] += [str(path.resolve()), literal(path)]
        settings["allowed_directories"] = _list(real[True])
        settings["allowed_paths"] = _list(real[False])
        settings["enable_external_access"] = "false"
    settings["lock_configuration"] = "true"
    for name, value in settings.items():
        connection.raw_sql(f"SET {name} = {value}")
    return connection


def parquet(connection: Backend, paths: Sequence[Path]) -> ibis.Table:
    """Parquet files below one another, in the order given."""
    return connection.read_parquet([literal(path) for path in paths], hive_partitioning=False)


def csv(connection: Backend, path: Path, delimiter: str) -> ibis.Table:
    """A CSV file, every column as text.

    The whole dialect is given: what the engine guesses, such as lines to skip, hides rows.
    """
    return connection.read_csv(
        literal(path),
        header=True,
        delim=delimiter,
        quote='"',
        escape='"',
        comment="",
        skip=0,
        all_varchar=True,
        strict_mode=True,
        hive_partitioning=False,
    )


def sniff(connection: Backend, path: Path) -> tuple[ibis.Table, str]:
    """A CSV file with the types the engine guesses, and its delimiter."""
    found = connection.con.execute("SELECT Delimiter FROM sniff_csv(?)", [literal(path)])
    delimiter = str(found.fetchone()[0])
    return connection.read_csv(literal(path), header=True, delim=delimiter), delimiter


def batches(connection: Backend, table: ibis.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in order.

    Ibis 12 asks DuckDB 2 for a reader by a name that is gone, so the SQL is run directly.
    """
    connection._run_pre_execute_hooks(table)  # noqa: SLF001 - tables in memory have no other way in
    yield from connection.con.sql(connection.compile(table)).to_arrow_reader(rows)


def literal(path: Path) -> str:
    """A path that the engine reads as one file: its glob characters lose their meaning."""
    text = str(path.resolve())
    for mark in "[*?":
        text = text.replace(mark, f"[{mark}]")
    return text


def _list(paths: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(path) for path in paths)}]"


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"
