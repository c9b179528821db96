"""A tree of files to judge, whether it stands in Git objects or in the work tree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from governance.facts import FileMode


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree. `size` in bytes; `object_id` only for Git objects."""

    mode: FileMode
    size: int | None
    object_id: str = ""


class Tree(ABC):
    """Files by repository path."""

    name: str
    commit: str | None

    @abstractmethod
    def entries(self) -> Mapping[str, Entry]:
        """Every file of the tree."""

    @abstractmethod
    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Path and bytes of each of the paths, in their order."""

    def read(self, path: str) -> bytes:
        """Bytes of one file."""
        return next(self.read_many((path,)))[1]
