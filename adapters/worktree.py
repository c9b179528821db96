"""The work tree: what a person sees before committing. A courtesy, never the last word."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from adapters import git
from adapters.tree import Entry, Tree


class Worktree(Tree):
    """Tracked and untracked files that Git does not ignore."""

    name = "work tree"
    commit = None

    def __init__(self, root: Path) -> None:
        self.root = root
        # Text: joining a `Path` for each of thousands of files takes longer than reading it.
        self._top = f"{root}{os.sep}"
        self._entries: dict[str, Entry] | None = None

    def entries(self) -> Mapping[str, Entry]:
        """Every file with mode and size; a tracked file that was deleted is absent."""
        if self._entries is None:
            listing = git.run(
                self.root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"
            )
            self._entries = {}
            for name in listing.split(b"\0"):
                path = os.fsdecode(name)
                if name and (entry := self._entry(path)) is not None:
                    self._entries[path] = entry
        return self._entries

    def _entry(self, path: str) -> Entry | None:
        try:
            status = os.lstat(self._top + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(status.st_mode):
            return Entry("symlink", status.st_size)
        if stat.S_ISDIR(status.st_mode):
            return Entry("submodule", None)
        if not stat.S_ISREG(status.st_mode):
            return None
        return Entry("executable" if status.st_mode & 0o100 else "file", status.st_size)

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Bytes of several files; a symbolic link gives its target's name, as Git would."""
        entries = self.entries()
        for path in paths:
            if entries[path].mode == "symlink":
                yield path, os.fsencode((self.root / path).readlink())
                continue
            with open(self._top + path, "rb", buffering=0) as file:  # noqa: PTH123 - see above
                yield path, file.read()
