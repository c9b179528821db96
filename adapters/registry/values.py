"""What goes into a registry bucket and comes out of it, and how a bucket says no."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from governance.finding import CouldNotJudge

BLOCK: Final = 1 << 20


class Taken(CouldNotJudge):
    """Other bytes lie under a key that is written once. Nothing was changed."""


class Changed(CouldNotJudge):
    """What was to be written is not what it has to be. Nothing was written."""


class Overtaken(CouldNotJudge):
    """Somebody else replaced a pointer first. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Item:
    """A key of a bucket, how many bytes lie there, and since when."""

    key: str
    bytes: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """What a killed write left: how the bucket calls it, and since when it lies there."""

    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Pointer:
    """A small file that may be replaced: its bytes, and the mark a replacement has to name."""

    data: bytes
    mark: str


@dataclass(frozen=True, slots=True)
class Source:
    """What is written: its bytes, how many, and what they have to be where that is known."""

    data: Path | bytes
    size: int
    sha256: str | None

    def blocks(self, block: int) -> Iterator[bytes]:
        """The bytes in blocks of a size; after the last one it is known what they were.

        Raises:
            Changed: not what they have to be.
        """
        found = hashlib.sha256()
        with _opened(self.data) as stream:
            while part := stream.read(block):
                found.update(part)
                yield part
        if self.sha256 not in {None, found.hexdigest()}:
            msg = (
                f"{self.data!s:.200} is not what is registered: it was changed\n  fix: dvc checkout"
            )
            raise Changed(msg)


def _opened(source: Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def digest_of(source: Path | bytes) -> str:
    """SHA-256, hexadecimal, of a file or of bytes."""
    found = hashlib.sha256()
    with _opened(source) as stream:
        while block := stream.read(BLOCK):
            found.update(block)
    return found.hexdigest()
