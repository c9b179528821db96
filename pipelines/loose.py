"""Whether a file of any kind holds one of some texts as a value of its own.

A text counts where it stands alone: as a whole value of a column, or between characters that end
a word. `42` is not found in `1420`. Short texts are looked for in columns only: as bytes of an
unknown file they say nothing.
"""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adapters.engine import Unreadable

if TYPE_CHECKING:
    from governance.contract import Contract

SHORTEST: Final = 6
"""Characters a text needs to be told from chance among bytes."""
_BLOCK: Final = 1 << 22
_WORD: Final = rb"[0-9A-Za-z_.@+-]"
"""Characters of a word; those beyond ASCII end one, so that more is found rather than less."""


def holds(path: Path, texts: frozenset[str], named: frozenset[str] = frozenset()) -> bool:
    """Whether a file holds one of the texts.

    Args:
        path: the file: Parquet, a zip archive such as a model, gzip, or anything as bytes.
        texts: what is looked for.
        named: columns whose numbers are compared as well; elsewhere only text is.

    Raises:
        Unreadable: it is Parquet or an archive, and what it compresses cannot be read: nobody
            knows what it holds.
    """
    with path.open("rb") as stream:
        start = stream.read(4)
    try:
        if start == b"PAR1":
            return _parquet(path, texts, named)
        return any(_in_stream(stream, texts) for stream in _streams(path, start))
    except (
        OSError, EOFError, NotImplementedError, RuntimeError,
        pa.ArrowException, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        msg = f"it is damaged, encrypted, or of a kind nobody here reads ({type(error).__name__})"
        raise Unreadable(msg) from None


def _parquet(path: Path, texts: frozenset[str], named: frozenset[str]) -> bool:
    try:
        names = [
            field.name for field in pq.read_schema(path) if field.type in {pa.string(), pa.binary()}
        ]
        # Read as dictionaries, columns show values that no row uses and that lie in the file still.
        with pq.ParquetFile(path, read_dictionary=names) as file:
            return _in_parquet(file, texts, named)
    except OSError:  # what pyarrow raises for damaged pages
        msg = "it breaks off or makes no sense inside"
        raise Unreadable(msg) from None


def has_columns(path: Path, contract: Contract) -> bool:
    """Whether a file has every column of a contract."""
    wanted = {column.physical for column in contract.columns}
    if contract.format == "csv":
        with path.open("rb") as stream:
            head = stream.readline(1 << 16).decode("utf-8-sig", errors="replace").rstrip("\r\n")
        return wanted <= {name.strip('"') for name in head.split(contract.delimiter)}
    try:
        return wanted <= set(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError):
        return False


def _in_parquet(file: pq.ParquetFile, texts: frozenset[str], named: frozenset[str]) -> bool:
    meta = b"\n".join(value for pair in (file.metadata.metadata or {}).items() for value in pair)
    if texts and _within(b"\n" + meta + b"\n", _pattern(texts)):
        return True
    wanted = pa.array(sorted(texts))
    for batch in file.iter_batches(131_072):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            for leaf in _leaves(column):
                if _equal(leaf, wanted, text_only=name not in named):
                    return True
    return False


def _leaves(array: pa.Array) -> Iterator[pa.Array]:
    """The arrays of plain values inside nested ones."""
    if pa.types.is_dictionary(array.type):
        yield from _leaves(array.dictionary)
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _leaves(part)
    elif pa.types.is_map(array.type):
        yield from _leaves(array.keys)
        yield from _leaves(array.items)
    elif pa.types.is_nested(array.type):
        yield from _leaves(array.flatten())
    else:
        yield array


def _equal(array: pa.Array, wanted: pa.Array, *, text_only: bool) -> bool:
    kind = array.type
    words = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        wanted, words = wanted.cast(pa.binary()).cast(kind), True
    elif words:
        wanted = wanted.cast(kind)
    elif text_only:
        return False
    else:
        array = array.cast(pa.string())
    return bool(pc.any(pc.is_in(array, value_set=wanted)).as_py())


def _streams(path: Path, start: bytes) -> Iterator[BinaryIO]:
    """The bytes of a file, of the members of an archive, or of what was compressed."""
    with path.open("rb") as stream:
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(stream) as inner:
                yield cast("BinaryIO", inner)
        elif start == b"PK\x03\x04" or zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.infolist():
                    with archive.open(member) as part:
                        yield cast("BinaryIO", part)
        else:
            yield stream


def _in_stream(stream: BinaryIO, texts: Iterable[str]) -> bool:
    head = stream.read(_BLOCK)
    long = frozenset(text for text in texts if b"\0" not in head or len(text) >= SHORTEST)
    if not long:
        return False
    pattern = _pattern(long)
    longest = max(len(text.encode()) for text in long)
    window = b"\n" + head
    try:
        while block := stream.read(_BLOCK):
            if _within(window, pattern):
                return True
            window = window[-longest - 1 :] + block
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error):
        if _within(window, pattern):  # it is in the part that can be read
            return True
        raise
    return _within(window + b"\n", pattern)


def _within(window: bytes, pattern: re.Pattern[bytes]) -> bool:
    """Whether a text stands between two characters that are here: at an edge nobody knows."""
    return any(m.start() > 0 and m.end() < len(window) for m in pattern.finditer(window))


def _pattern(texts: Iterable[str]) -> re.Pattern[bytes]:
    words = b"|".join(re.escape(text.encode()) for text in sorted(texts))
    return re.compile(rb"(?<!" + _WORD + rb")(?:" + words + rb")(?!" + _WORD + rb")")
