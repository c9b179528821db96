"""Bad rows go to quarantine with their reasons, the good ones stay: both row by row, streamed.

A row set aside keeps its number, which together with the name of the file leads back to the
source; values of columns that say something about a person are masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from adapters import engine
from pipelines import landed
from pipelines.masks import masked

if TYPE_CHECKING:
    from governance.contract import Column, Contract

FOLDER: Final = "quarantine"
ROW: Final = "charter_row"
REASON: Final = "charter_reason"
FILE: Final = "charter_file"
_BATCH: Final = 50_000


@dataclass(frozen=True, slots=True)
class Blame:
    """A reason to set rows aside: the rows it holds for, or their numbers in a table of marks."""

    reason: str
    broken: ibis.Value | None = None
    marks: ibis.Table | None = None


def numbered(raw: ibis.Table, **values: ibis.Value) -> ibis.Table:
    """The rows with their numbers, from 1 in the order of the file, and further values."""
    return raw.mutate(**values, **{ROW: ibis.row_number() + 1})


def judged(raw: ibis.Table, blames: Sequence[Blame]) -> ibis.Table:
    """The rows with their numbers and the reasons to set them aside, "" for a good row."""
    own = [blame for blame in blames if blame.broken is not None]
    flags = {f"charter_bad{number}": blame.broken for number, blame in enumerate(own)}
    table = numbered(raw, **flags)
    parts = [
        table[flag].ifelse(f"{blame.reason}; ", "") for flag, blame in zip(flags, own, strict=True)
    ]
    table = table.mutate(**{REASON: reduce(lambda a, b: a + b, parts, ibis.literal(""))})
    table = table.drop(*flags) if flags else table
    for blame in blames:
        if blame.marks is not None:
            marks = blame.marks.select(charter_marked=ROW).distinct()
            joined = table.left_join(marks, table[ROW] == marks.charter_marked)
            marked = joined.charter_marked.notnull().ifelse(f"{blame.reason}; ", "")
            table = joined.mutate(**{REASON: joined[REASON] + marked}).drop("charter_marked")
    return table


def set_aside(
    connection: Any, raw: ibis.Table, blames: Sequence[Blame], path: Path, hide: Sequence[Column]
) -> int:
    """Writes the bad rows with number and reasons; how many they are.

    Args:
        connection: the engine.
        raw: the rows of one file.
        blames: why rows are bad.
        path: the Parquet file to write; nobody else may read its folder.
        hide: columns whose values are masked.
    """
    table = judged(raw, blames)
    bad = _ordered(table.filter(table[REASON] != ""), blames)
    hidden = {c.physical: masked(bad[c.physical]) for c in hide if c.physical in bad.columns}
    bad = bad.mutate(**hidden, **{REASON: bad[REASON].left(bad[REASON].length() - 2)})
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return stream(connection, bad, path)


def keep(  # noqa: PLR0913 - a file, what is wrong with it, and how it is written
    connection: Any, raw: ibis.Table, blames: Sequence[Blame], path: str, folder: Path,
    contract: Contract,
) -> None:  # fmt: skip
    """Rewrites a file of the folder without its bad rows, in their order, values untouched."""
    table = judged(raw, blames)
    good = _ordered(table.filter(table[REASON] == ""), blames)
    good = good.drop(ROW, REASON, *landed.partitions(path))
    fresh = folder / f"{path}.good"
    if contract.format == "parquet":
        stream(connection, good, fresh)
    else:
        options = pc.WriteOptions(delimiter=contract.delimiter)
        with pc.CSVWriter(fresh, good.schema().to_pyarrow(), write_options=options) as writer:
            for batch in engine.batches(connection, good, _BATCH):
                writer.write_batch(batch)
    fresh.replace(folder / path)


def _ordered(table: ibis.Table, blames: Sequence[Blame]) -> ibis.Table:
    """The rows in the order of the file, which only a join with marks can have changed."""
    joined = any(blame.marks is not None for blame in blames)
    return table.order_by(ROW) if joined else table


def stream(connection: Any, table: ibis.Table, path: Path) -> int:
    """Writes a table as Parquet without holding it in memory; its number of rows."""
    schema = table.schema().to_pyarrow()
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _full(engine.batches(connection, table, _BATCH)):
            writer.write_table(pa.table(batch.columns, names=schema.names).cast(schema))
            rows += batch.num_rows
    return rows


def _full(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return (batch for batch in batches if batch.num_rows)
