"""A folder that keeps DVC's bytes: the cache, a disk, a share."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from adapters.store.place import Entry, Place
from governance.finding import CouldNotJudge


class Folder(Place):
    """A folder on a disk. One that may be `absent` is empty then; any other has to be there."""

    def __init__(self, name: str, root: Path, *, absent: bool = False) -> None:
        super().__init__(name)
        self.root = root
        self.absent = absent

    def entries(self) -> Iterator[Entry]:
        """Every file below the folder.

        Raises:
            CouldNotJudge: the folder is not there.
        """
        self._present()
        yield from self._below(self.root, "")

    def _present(self) -> None:
        if not self.root.is_dir() and not (self.absent and not self.root.is_symlink()):
            msg = (
                f"{self.name} is not there: {self.root} is no folder\n"
                "  fix: mount it, `dvc push` to it once, or take it out of .dvc/config"
            )
            raise CouldNotJudge(msg)

    def _below(self, folder: Path, inside: str) -> Iterator[Entry]:
        if not folder.is_dir():
            return
        with os.scandir(folder) as listing:
            found = sorted(listing, key=lambda entry: entry.name)
        for entry in found:
            path = f"{inside}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(Path(entry.path), f"{path}/")
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # renamed or deleted since it was listed
                continue
            yield Entry(path, facts.st_size, links=facts.st_nlink - 1)

    def stream(self, path: str) -> BinaryIO:
        """The bytes of a file."""
        self._present()
        return (self.root / path).open("rb")

    def count(self, path: str) -> int:
        """1 for a file or a link that is there."""
        self._present()
        return int(os.path.lexists(self.root / path))

    def remove(self, path: str) -> int:
        """Unlinks a file; a folder that is read-only is opened for it and closed again.

        Raises:
            CouldNotJudge: it is a link, so that its bytes lie where nobody declared a store.
        """
        self._present()
        file = self.root / path
        if file.is_symlink():
            msg = f"{self.name}: {path} is a link, its bytes lie elsewhere: delete both by hand"
            raise CouldNotJudge(msg)
        try:
            file.unlink()
        except FileNotFoundError:
            return 0
        except PermissionError:
            mode = stat.S_IMODE(file.parent.stat().st_mode)
            file.parent.chmod(mode | stat.S_IRWXU)
            try:
                file.unlink()
            finally:
                file.parent.chmod(mode)
        return 1

    def put(self, path: str, data: bytes) -> None:
        """Writes a file."""
        if self.root.is_dir() or not self.absent:
            (self.root / path).write_bytes(data)

    def _trouble(self) -> tuple[type[Exception], ...]:
        return (OSError,)
