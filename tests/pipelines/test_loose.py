"""A person is found in files of any kind, and a file nobody can read is never called clean."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.engine import Unreadable
from pipelines import loose

WHO = "AC-0042424242"
TEXTS = frozenset({WHO})


def parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, compression="zstd")
    return out.getvalue()


def archive(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner/notes.json", text)
    return out.getvalue()


DAMAGED = bytearray(parquet(a=[WHO] * 1000))
DAMAGED[4:60] = b"\0" * 56
ENCRYPTED = bytearray(archive(f'"{WHO}"'))
ENCRYPTED[6] |= 1
ENCRYPTED[ENCRYPTED.index(b"PK\x01\x02") + 8] |= 1
ROTTEN = bytearray(archive("x" * 4000))
ROTTEN[45:60] = b"\xff" * 15
NOISE = Random(1).randbytes(5000) + WHO.encode()

HOLDING = {
    "a column of text": parquet(a=["x", WHO]),
    "a list inside a struct": parquet(a=[{"b": [WHO]}]),
    "bytes": parquet(a=[WHO.encode()]),
    "a word of a text": f"seen: {WHO}, twice".encode(),
    "a member of an archive": archive(f'{{"id": "{WHO}"}}'),
    "something compressed": gzip.compress(f"1;{WHO};2\n".encode()),
}
FREE = {
    "others": parquet(a=["AC-0042424243"]),
    "a longer word": f"x{WHO}".encode(),
    "nothing": b"",
    "an archive of others": archive("AC-0042424243"),
}
UNKNOWN = {
    "Parquet cut off": parquet(a=[WHO] * 1000)[:-20],
    "Parquet with damaged pages": bytes(DAMAGED),
    "an archive cut off": archive(WHO * 100)[:-30],
    "an encrypted archive": bytes(ENCRYPTED),
    "an archive with a damaged member": bytes(ROTTEN),
    "something compressed and cut off": gzip.compress(NOISE)[:-300],
    "something compressed and damaged": gzip.compress(NOISE)[:10] + b"\xff" * 64,
}


@pytest.mark.parametrize("content", HOLDING.values(), ids=HOLDING)
def test_it_is_found(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert loose.holds(tmp_path / "a", TEXTS)


@pytest.mark.parametrize("content", FREE.values(), ids=FREE)
def test_nobody_else_is(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    assert not loose.holds(tmp_path / "a", TEXTS)


@pytest.mark.parametrize("content", UNKNOWN.values(), ids=UNKNOWN)
def test_what_nobody_can_read_is_not_called_free_of_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(Unreadable):
        loose.holds(tmp_path / "a", TEXTS)
