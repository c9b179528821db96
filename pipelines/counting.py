"""Counts the columns of data files: one pass, in batches, into integers that do not grow with them.

Parquet is read column by column, several at a time; any other table comes from the engine in
batches of all its columns. Around the same centres the counters are the same either way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from governance.counters import Levels, Numbers
from pipelines.inputs import Refused
from pipelines.tallies import LevelTally, NumberTally, Tally

if TYPE_CHECKING:
    import ibis

Kind = Literal["numeric", "categorical"]

ROWS: Final = 131_072
"""Rows of a batch."""


class Rows(Protocol):
    """Rows that can be read once more."""

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """The columns; None for one that holds neither numbers nor words."""

    def read(self, tallies: Mapping[str, Tally]) -> None:
        """Shows every value of the columns to their tallies."""


@dataclass(frozen=True, slots=True)
class ParquetRows:
    """The rows of Parquet files that hold the same columns."""

    files: tuple[Path, ...]
    kinds: Mapping[str, Kind | None]

    @classmethod
    def of(cls, files: Sequence[Path]) -> ParquetRows:
        """The rows of some files.

        Raises:
            Refused: a file is no Parquet file, or other columns than in the first.
        """
        shapes = [_kinds(_opened(path).schema_arrow) for path in files]
        other = [
            f"{path}: its columns are not those of {files[0]}\n  fix: compare files of one shape"
            for path, shape in zip(files, shapes, strict=True)
            if shape != shapes[0]
        ]
        if other:
            raise Refused(*other)
        return cls(tuple(files), shapes[0])

    def read(self, tallies: Mapping[str, Tally]) -> None:
        """Shows every value of the columns to their tallies.

        Raises:
            Refused: a file is damaged.
        """

        def one(column: str) -> None:
            for batch in self._batches(column):
                tallies[column].add(batch)
                if tallies[column].full:
                    return

        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
            list(pool.map(one, tallies))

    def _batches(self, column: str) -> Iterator[pa.Array]:
        words = [column] if self.kinds[column] == "categorical" else []
        for path in self.files:
            try:
                file = _opened(path, words)
                for group in range(file.num_row_groups):  # all at once would be read ahead
                    batches = file.iter_batches(
                        ROWS, row_groups=[group], columns=[column], use_threads=False
                    )
                    yield from (batch.column(0) for batch in batches)
            except (pa.ArrowException, OSError):
                raise Refused(_damaged(path)) from None


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of tables of the engine."""

    connection: Any
    tables: tuple[ibis.Table, ...]
    kinds: Mapping[str, Kind | None]

    @classmethod
    def of(cls, connection: Any, tables: Sequence[ibis.Table]) -> TableRows:
        """The rows of some tables with the same columns."""
        return cls(connection, tuple(tables), _kinds(tables[0].schema().to_pyarrow()))

    def read(self, tallies: Mapping[str, Tally]) -> None:
        """Shows every value of the columns to their tallies."""
        from adapters import engine  # noqa: PLC0415 - half a second that Parquet does not need

        for table in self.tables:
            for batch in engine.batches(self.connection, table.select(*tallies), ROWS):
                for column, tally in tallies.items():
                    tally.add(batch.column(column))


def reference(rows: Rows, columns: Sequence[str]) -> dict[str, Numbers | Levels | None]:
    """Counters of columns by cells and levels of their own; None for words like keys."""
    numeric = {column for column in columns if rows.kinds[column] == "numeric"}
    own = {column: NumberTally() if column in numeric else LevelTally() for column in columns}
    return _counted(rows, own)


def alike(rows: Rows, against: Mapping[str, Numbers | Levels]) -> dict[str, Numbers | Levels]:
    """Counters of the columns of a reference, by its cells and levels."""
    tallies = {
        column: NumberTally(found.centre)
        if isinstance(found, Numbers)
        else LevelTally(list(found.levels))
        for column, found in against.items()
    }
    found = _counted(rows, tallies)
    return {column: counts for column, counts in found.items() if counts is not None}


def _counted(rows: Rows, tallies: Mapping[str, Tally]) -> dict[str, Numbers | Levels | None]:
    rows.read(tallies)
    return {column: tally.counted() for column, tally in tallies.items()}


def _kinds(schema: pa.Schema) -> dict[str, Kind | None]:
    return {field.name: _kind(field.type) for field in schema}


def _kind(of: pa.DataType) -> Kind | None:
    if pa.types.is_dictionary(of):
        return _kind(of.value_type)
    words: tuple[Callable[[pa.DataType], bool], ...] = (
        pa.types.is_boolean, pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view,
    )  # fmt: skip
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    if any(fits(of) for fits in words):
        return "categorical"
    return "numeric" if any(fits(of) for fits in numbers) else None


def _opened(path: Path, words: Sequence[str] = ()) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, read_dictionary=list(words))
    except pa.ArrowException:
        raise Refused(_damaged(path)) from None


def _damaged(path: Path) -> str:
    return f"{path}: not a complete Parquet file\n  fix: name another, or write it again"
