"""One landed file without some of its rows, or with those rows anonymised, as a stream.

What is not concerned stays as it was: a CSV file keeps each line's bytes, a Parquet file its
schema, row groups, encodings and codecs. The same file and the same rows give the same bytes.
Memory: two row groups, or one line, and a byte for each row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.engine import Unreadable

if TYPE_CHECKING:
    from governance.contract import Column, Contract

T = TypeVar("T")
Flags = np.ndarray[Any, np.dtype[np.bool_]]
"""For each row of a file in order, whether it goes."""
Treatments = Mapping[str, Callable[[Any], Any]]
"""What becomes of a value, by the column's name in the file."""

_LARGEST: Final = 1 << 20
"""Most rows read at once: a larger row group is split, or it would be in memory as a whole."""
_FEW: Final = 10_000
"""Values below which a dictionary costs nothing."""
_CODECS: Final = {"UNCOMPRESSED": "NONE", "LZ4_HADOOP": "LZ4"}
"""Codecs that the file format and its writer name differently."""


def rewrite(
    source: Path, target: Path, gone: Flags, contract: Contract, changed: Treatments | None = None
) -> int:
    """Writes a file without the rows that go, or with their values changed; the rows it has.

    Args:
        source: a file as it landed.
        target: where the new one is written.
        gone: which rows go.
        contract: says the format and, for CSV, the delimiter and types.
        changed: keep these rows and change these columns of them; drop them when None.

    Raises:
        Unreadable: the file has another number of rows than `gone` has.
        Unfit: no value would satisfy the contract.
    """
    if contract.format == "parquet":
        return _parquet(source, target, gone, changed)
    return _csv(source, target, gone, contract, changed)


def _parquet(source: Path, target: Path, gone: Flags, changed: Treatments | None) -> int:
    with pq.ParquetFile(source) as file:
        _agree(file.metadata.num_rows, gone)
        settings, words = _settings(file), _words(file, changed or {})
        notes = file.metadata.metadata or {}
    rows = 0
    # Words are moved as numbers of a dictionary.
    file = pq.ParquetFile(source, read_dictionary=words, pre_buffer=False)
    writer = pq.ParquetWriter(target, file.schema_arrow, store_schema=False, **settings)
    with file, writer:
        writer.add_key_value_metadata(notes)
        for table in _ahead(_kept(file, gone, changed)):
            writer.write_table(table, row_group_size=table.num_rows)
            rows += table.num_rows
    return rows


def _words(file: pq.ParquetFile, changed: Treatments) -> list[str]:
    """Columns of text that a dictionary serves and that stay as they are."""
    coded = _settings(file).get("use_dictionary") or []
    texts = {field.name for field in file.schema_arrow if field.type in {pa.string(), pa.binary()}}
    return [name for name in coded if name in texts and name not in changed]


def _agree(rows: int, gone: Flags) -> None:
    if rows != len(gone):
        msg = f"it has {rows:,} rows by one count and {len(gone):,} by another"
        raise Unreadable(msg)


def _settings(file: pq.ParquetFile) -> dict[str, Any]:
    """How the file was written, as far as a reader can tell."""
    meta = file.metadata
    if not meta.num_row_groups:
        return {}
    columns = [meta.row_group(0).column(index) for index in range(meta.num_columns)]
    coded = [c.path_in_schema for c in columns if _coded(c)]
    return {
        "compression": {
            c.path_in_schema: _CODECS.get(c.compression, c.compression) for c in columns
        },
        "use_dictionary": coded or False,
        "use_deprecated_int96_timestamps": any(c.physical_type == "INT96" for c in columns),
        "version": meta.format_version if meta.format_version in {"1.0", "2.4", "2.6"} else "2.6",
    }


def _coded(column: Any) -> bool:
    """Whether a dictionary serves a column, as it did when the file was written.

    One that grew too large was given up half-way, which costs as much again. What it did not make
    smaller than plain values had such a one: those have 4 or 8 bytes, and text its length in 4.
    """
    if column.num_values < _FEW:
        return bool(column.has_dictionary_page)
    width = 8 if column.physical_type in {"INT64", "DOUBLE"} else 4
    smaller = column.total_uncompressed_size < width * column.num_values
    return bool(column.has_dictionary_page and smaller)


def _kept(file: pq.ParquetFile, gone: Flags, changed: Treatments | None) -> Iterator[pa.Table]:
    """What is left of each row group, empty ones left out."""
    first = 0
    for index in range(file.num_row_groups):
        size = file.metadata.row_group(index).num_rows
        end = first + size
        if changed is None and gone[first:end].all():
            first = end
            continue
        for table in _read(file, index, size):
            flags = pa.array(gone[first : first + table.num_rows])
            first += table.num_rows
            left = _without(table, flags) if changed is None else _altered(table, flags, changed)
            if left.num_rows:
                yield _compact(left)


def _read(file: pq.ParquetFile, index: int, size: int) -> Iterator[pa.Table]:
    if size <= _LARGEST:
        yield file.read_row_group(index)
        return
    for batch in file.iter_batches(_LARGEST, row_groups=[index]):
        yield pa.Table.from_batches([batch], file.schema_arrow)


def _without(table: pa.Table, gone: pa.Array) -> pa.Table:
    return table if not pc.any(gone).as_py() else table.filter(pc.invert(gone))


def _compact(table: pa.Table) -> pa.Table:
    """The table without what its dictionaries keep of rows that are not there any more."""
    for index, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(index, field, _used(table.column(index)))
    return table


def _used(column: pa.ChunkedArray) -> pa.Array:
    """The column with a dictionary of nothing but what its rows say."""
    coded = column.unify_dictionaries().combine_chunks()
    codes = coded.indices
    used = pc.unique(codes.drop_null())
    return pa.DictionaryArray.from_arrays(
        pc.index_in(codes, value_set=used, skip_nulls=True).cast(codes.type),
        coded.dictionary.take(used),
        ordered=coded.type.ordered,
    )


def _altered(table: pa.Table, gone: pa.Array, changed: Treatments) -> pa.Table:
    if not pc.any(gone).as_py():
        return table
    for name, change in changed.items():
        index = table.schema.get_field_index(name)
        if index < 0:  # a partition stands in the name of a folder
            continue
        field, column = table.schema.field(index), table.column(index).combine_chunks()
        new = pa.array([change(value) for value in column.filter(gone).to_pylist()])
        table = table.set_column(
            index, field, pc.replace_with_mask(column, gone, new.cast(field.type))
        )
    return table


def _ahead(source: Iterator[T]) -> Iterator[T]:
    """The same items; while one is used, a thread makes the next."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, source, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, source, end)
            yield item  # type: ignore[misc]


def _csv(
    source: Path, target: Path, gone: Flags, contract: Contract, changed: Treatments | None
) -> int:
    rows = seen = 0
    with source.open("rb") as stream, target.open("wb") as out, closing(records(stream)) as lines:
        head = next(lines, b"")
        out.write(head)
        columns = _columns(head, contract, changed or {})
        for number, line in enumerate(lines):
            seen += 1
            if number >= len(gone) or not gone[number]:
                out.write(line)
                rows += 1
            elif changed is not None:
                out.write(_changed_line(line, contract.delimiter, columns))
                rows += 1
    _agree(seen, gone)
    return rows


def records(stream: BinaryIO) -> Generator[bytes]:
    """The bytes of each CSV record with its end of line; a quoted field may hold several lines."""
    waiting = b""
    for line in stream:
        waiting += line
        if waiting.count(b'"') % 2 == 0:
            if waiting.strip(b"\r\n"):
                yield waiting
            waiting = b""
    if waiting:
        yield waiting


def _columns(
    head: bytes, contract: Contract, changed: Treatments
) -> dict[int, tuple[Column, Callable[[Any], Any]]]:
    """What changes, by the position of its field."""
    names = next(csv.reader([head.decode("utf-8-sig")], delimiter=contract.delimiter), [])
    by_name = {column.physical: column for column in contract.columns}
    return {
        index: (by_name[name.rstrip("\r\n")], changed[name.rstrip("\r\n")])
        for index, name in enumerate(names)
        if name.rstrip("\r\n") in changed
    }


def _changed_line(
    line: bytes, delimiter: str, columns: Mapping[int, tuple[Column, Callable[[Any], Any]]]
) -> bytes:
    text = line.decode()
    body = text.rstrip("\r\n")
    fields = next(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter))
    for index, (column, change) in columns.items():
        fields[index] = _text(change(_value(fields[index], column)), fields[index])
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=text[len(body) :]).writerow(fields)
    return out.getvalue().encode()


def _value(text: str, column: Column) -> Any:
    """A field as the type its column declares; text where it does not fit, none where empty."""
    kinds: dict[str, Callable[[str], Any]] = {
        "integer": int,
        "number": float,
        "date": date.fromisoformat,
        "timestamp": datetime.fromisoformat,
    }
    if text == "":
        return None
    try:
        return kinds[column.type](text.strip()) if column.type in kinds else text
    except ValueError:
        return text


def _text(value: Any, before: str) -> str:
    """A value as a CSV field; a moment keeps the way it was written."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep="T" if "T" in before else " ")
    return str(value)
