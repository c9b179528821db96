"""What every registry bucket can do: write once, read, list, and swap one pointer."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from adapters.registry.values import (
    BLOCK,
    Item,
    Leftover,
    Overtaken,
    Pointer,
    Source,
    Taken,
    digest_of,
)
from governance.finding import CouldNotJudge

_KEY: Final = re.compile(
    r"[^/\\.\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*(/[^/\\.\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]*)*"
)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class Bucket(ABC):
    """One bucket, or a folder in one. `url` is how people call it.

    Every question raises CouldNotJudge when the bucket cannot answer: an empty answer means that
    nothing is there.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def put_once(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        """The bytes lie under the key, for good; False when exactly they lay there before.

        A file is streamed, never held. A process that is killed leaves nothing under the key.

        Args:
            key: where.
            source: a file, or bytes.
            sha256: what they have to be; a file may change while it is read.

        Raises:
            Taken: other bytes lie there.
            Changed: the source is not what it has to be; nothing was written.
            CouldNotJudge: the bucket does not answer, is full, or lets nobody write.
        """
        _valid(key)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        with self.answering(key):
            if not self._holds(key) and self._create(key, Source(source, size, sha256)):
                return True
        if self.sha256(key) != (sha256 or digest_of(source)):
            msg = (
                f"{self.url}: {key} is there already, with other bytes; what is registered is"
                " never replaced\n  fix: find out who wrote it: charter registry verify"
            )
            raise Taken(msg)
        return False

    def read(self, key: str) -> bytes:
        """The bytes under a key, all at once: for small files.

        Raises:
            FileNotFoundError: there are none.
        """
        return b"".join(self.blocks(key))

    def blocks(self, key: str) -> Iterator[bytes]:
        """The bytes under a key, a mebibyte at a time.

        Raises:
            FileNotFoundError: there are none.
        """
        _valid(key)
        with self.answering(key), self._open(key) as stream:
            while block := stream.read(BLOCK):
                yield block

    def sha256(self, key: str) -> str:
        """SHA-256, hexadecimal, of what lies under a key; computed here, from the bytes.

        Raises:
            FileNotFoundError: nothing does.
        """
        found = hashlib.sha256()
        for block in self.blocks(key):
            found.update(block)
        return found.hexdigest()

    def exists(self, key: str) -> bool:
        """Whether anything lies under a key."""
        _valid(key)
        with self.answering(key):
            return self._holds(key)

    def list(self, prefix: str = "") -> Iterator[Item]:
        """Every key that begins with `prefix`, sorted."""
        with self.answering(prefix or "its list"):
            yield from self._listed(prefix)

    def pointer(self, key: str) -> Pointer | None:
        """A replaceable file as it stands; None when it was never written."""
        _valid(key)
        with self.answering(key):
            return self._pointer(key)

    def replace(self, key: str, data: bytes, expected: str | None) -> str:
        """The pointer holds `data`; its new mark.

        Args:
            key: of the pointer.
            data: what it says from now on.
            expected: mark of what is replaced (`Pointer.mark`), None for one never written.

        Raises:
            Overtaken: another process replaced it meanwhile.
            CouldNotJudge: the bucket does not answer, is full, or lets nobody write.
        """
        _valid(key)
        with self.answering(key):
            mark = self._swap(key, data, expected)
        if mark is None:
            msg = (
                f"{self.url}: {key} was changed by somebody else meanwhile, and was left so\n"
                "  fix: run the command again: it starts from what is there now"
            )
            raise Overtaken(msg)
        return mark

    def leftovers(self, before: datetime) -> Iterator[Leftover]:
        """What killed writes left behind before a moment; no key, and never read."""
        with self.answering("leftovers"):
            for found in self._leftovers():
                if found.since < before:
                    yield found

    def discard(self, found: Leftover) -> None:
        """A leftover is gone."""
        with self.answering(found.name), contextlib.suppress(FileNotFoundError):
            self._discard(found.name)

    def remove(self, key: str) -> None:
        """Nothing lies under the key; only bytes no entry names are ever removed."""
        _valid(key)
        with self.answering(key), contextlib.suppress(FileNotFoundError):
            self._remove(key)

    @abstractmethod
    def _holds(self, key: str) -> bool: ...

    @abstractmethod
    def _create(self, key: str, source: Source) -> bool:
        """Writes all bytes at once under a free key; False when it was not free.

        Raises:
            Changed: they were not what they have to be; nothing lies under the key.
        """

    @abstractmethod
    def _open(self, key: str) -> BinaryIO: ...

    @abstractmethod
    def _listed(self, prefix: str) -> Iterator[Item]: ...

    @abstractmethod
    def _pointer(self, key: str) -> Pointer | None: ...

    @abstractmethod
    def _swap(self, key: str, data: bytes, expected: str | None) -> str | None:
        """Replaces if the mark is the expected one; the new mark, None when it is another."""

    @abstractmethod
    def _remove(self, key: str) -> None: ...

    @abstractmethod
    def _leftovers(self) -> Iterator[Leftover]: ...

    @abstractmethod
    def _discard(self, name: str) -> None: ...

    @abstractmethod
    def _trouble(self) -> tuple[type[Exception], ...]:
        """Errors by which the bucket says that it does not do what it is asked."""

    def _meaning(self, error: Exception) -> str:
        """What such an error means, in words of people."""
        number = getattr(error, "errno", None)
        if number in _FULL:
            return "is full\n  fix: make room, and run the same command again"
        if number in _CLOSED:
            return "lets nobody write or read here\n  fix: ask who runs it for access"
        said = " ".join(str(error).split())
        return f"does not answer: {said or type(error).__name__}"

    @contextlib.contextmanager
    def answering(self, what: str) -> Iterator[None]:
        """Lets nothing pass for an answer that is none.

        Raises:
            CouldNotJudge: the bucket is away, full, closed, or breaks off; the message names it.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except self._trouble() as error:
            msg = f"{self.url} ({what}) {self._meaning(error)}"
            raise CouldNotJudge(msg) from None


def _valid(key: str) -> None:
    if not _KEY.fullmatch(key):
        msg = f"{key!r} is no key of a bucket: parts begin with no dot, and hold no control signs"
        raise CouldNotJudge(msg)
