"""A folder as registry bucket: on a disk, on a share, beside the clone."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from adapters import files
from adapters.registry.place import Bucket
from adapters.registry.values import BLOCK, Item, Leftover, Pointer, Source
from governance.finding import CouldNotJudge

_PART: Final = ".part-"


class Folder(Bucket):
    """A folder. One that may be `absent` is made at the first write; any other has to be there."""

    def __init__(self, url: str, root: Path, *, absent: bool = False) -> None:
        super().__init__(url)
        self.root = root
        self.absent = absent

    def _holds(self, key: str) -> bool:
        return os.path.lexists(self._path(key))

    def _create(self, key: str, source: Source) -> bool:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_PART)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                for block in source.blocks(BLOCK):
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            part.chmod(0o444)
            os.link(part, path)  # fails where the name is taken: a rename would replace
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        _settle(path.parent)
        return True

    def _open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def _listed(self, prefix: str) -> Iterator[Item]:
        self._present()
        for name, file in files.folder(self.root):
            hidden = any(part.startswith(".") for part in name.split("/"))
            if name.startswith(prefix) and not hidden:
                with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                    facts = file.lstat()
                    yield Item(name, facts.st_size, _moment(facts.st_mtime))

    def _pointer(self, key: str) -> Pointer | None:
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        return Pointer(data, hashlib.sha256(data).hexdigest())

    def _swap(self, key: str, data: bytes, expected: str | None) -> str | None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self._pointer(key)
            if (found and found.mark) != expected:
                return None
            files.write(path, data)
        return hashlib.sha256(data).hexdigest()

    def _remove(self, key: str) -> None:
        self._path(key).unlink()

    def _leftovers(self) -> Iterator[Leftover]:
        self._present()
        for path in sorted(self.root.rglob(f"{_PART}*")):
            since = _moment(path.lstat().st_mtime)
            yield Leftover(path.relative_to(self.root).as_posix(), since)

    def _discard(self, name: str) -> None:
        (self.root / name).unlink()

    def _trouble(self) -> tuple[type[Exception], ...]:
        return (OSError,)

    def _present(self) -> None:
        free = self.absent and not self.root.is_file() and not self.root.is_symlink()
        if not self.root.is_dir() and not free:
            msg = (
                f"{self.url} is not there: {self.root} is no folder\n"
                "  fix: mount it, or make it once (mkdir), or correct `bucket` in"
                " policies/registry.yaml"
            )
            raise CouldNotJudge(msg)

    def _path(self, key: str) -> Path:
        """Where a key lies; nothing below the bucket may be a link to somewhere else."""
        self._present()
        path = self.root
        for part in key.split("/"):
            path /= part
            if path.is_symlink():
                msg = f"{self.url}: {key} goes through a link, its bytes lie elsewhere"
                raise CouldNotJudge(f"{msg}\n  fix: remove the link {part}")
        return path


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _settle(folder: Path) -> None:
    """The name survives a power cut as the bytes do."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
