"""What every place that keeps DVC's bytes has in common: objects, the run cache, and strays.

DVC 3 keeps an object below `files/md5/`, DVC 2 kept it at the top; both name it by its MD5, whose
first two digits are a folder. The run cache (`runs/`) remembers which inputs gave which outputs.
"""

from __future__ import annotations

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from governance.finding import CouldNotJudge

BLOCK: Final = 1 << 20
_OBJECT: Final = re.compile(
    r"(?P<new>files/md5/)?(?P<two>[0-9a-f]{2})/(?P<rest>[0-9a-f]{30}(?:\.dir)?)"
)
_REHEARSAL: Final = "charter-rehearsal"
_OURS: Final = re.compile(r"(files|runs|[0-9a-f]{2})/.+")
_NAMED: Final = re.compile(rb"\b[0-9a-f]{32}(?![0-9a-f])(?:\.dir)?")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Bytes under the name DVC gave them.

    `size` is that of the newest version, 0 where only old ones are left, which `live` says.
    `versions` counts what a bucket keeps under the name, delete markers included. `links` counts
    other names of the same bytes on a disk, such as one in a work tree.
    """

    md5: str
    size: int
    versions: int = 1
    live: bool = True
    links: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """An entry of the run cache, and every MD5 it names."""

    path: str
    md5s: frozenset[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a place, by its path inside; the other fields are those of `StoredObject`."""

    path: str
    size: int
    versions: int = 1
    live: bool = True
    links: int = 0


class Place(ABC):
    """One place that keeps bytes for DVC.

    Every question raises CouldNotJudge when the place cannot answer: an empty answer means that
    nothing is there.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """Every file with its path, sorted by path."""

    @abstractmethod
    def stream(self, path: str) -> BinaryIO:
        """The newest bytes of a file, from its start.

        Raises:
            FileNotFoundError: there are none.
        """

    @abstractmethod
    def count(self, path: str) -> int:
        """Versions of a file, delete markers included."""

    @abstractmethod
    def remove(self, path: str) -> int:
        """Removes every version of a file; how many there were."""

    @abstractmethod
    def put(self, path: str, data: bytes) -> None:
        """Writes a small file."""

    @abstractmethod
    def _trouble(self) -> tuple[type[Exception], ...]:
        """Errors by which the place says that it does not answer."""

    def objects(self) -> Iterator[StoredObject]:
        """Every object once, whichever layout it lies in."""
        old: dict[str, StoredObject] = {}
        for entry in self._listed():
            match = _OBJECT.fullmatch(entry.path)
            if match is None:
                continue
            md5 = match["two"] + match["rest"]
            found = StoredObject(md5, entry.size, entry.versions, entry.live, entry.links)
            if not match["new"]:
                old[md5] = found  # sorts before `files`
            elif twin := old.pop(md5, None):
                versions = found.versions + twin.versions
                yield replace(found if found.live else twin, versions=versions)
            else:
                yield found
        yield from old.values()

    def has(self, md5: str) -> bool:
        """Whether any version of an object is left; a delete marker is one."""
        with self.answering():
            return any(self.count(path) for path in paths(md5))

    def open(self, md5: str) -> BinaryIO:
        """The bytes of an object.

        Raises:
            FileNotFoundError: it is not here, or only old versions are.
        """
        with self.answering():
            for path in paths(md5):
                with contextlib.suppress(FileNotFoundError):
                    return self.stream(path)
        raise FileNotFoundError(md5)

    def blocks(self, md5: str) -> Iterator[bytes]:
        """The bytes of an object, a mebibyte at a time.

        Raises:
            FileNotFoundError: it is not here.
        """
        with self.open(md5) as stream, self.answering():
            while block := stream.read(BLOCK):
                yield block

    def delete(self, md5: str) -> int:
        """Removes every version of an object; how many there were, 0 when it was gone before."""
        with self.answering():
            return sum(self.remove(path) for path in paths(md5))

    def runs(self) -> Iterator[Run]:
        """The run cache."""
        for entry in self._listed():
            if not entry.path.startswith("runs/"):
                continue
            named: frozenset[str] = frozenset()
            if entry.live:
                with self.answering(), self.stream(entry.path) as stream:
                    named = frozenset(word.decode() for word in _NAMED.findall(stream.read()))
            yield Run(entry.path, named)

    def forget(self, run: Run) -> int:
        """Removes an entry of the run cache; how many versions it had."""
        return self.discard(run.path)

    def strays(self) -> Iterator[str]:
        """Files among the objects that are none, such as what a killed transfer left behind."""
        for entry in self._listed():
            known = _OBJECT.fullmatch(entry.path) or entry.path.startswith("runs/")
            if _OURS.fullmatch(entry.path) and not known:
                yield entry.path

    def discard(self, path: str) -> int:
        """Removes a stray; how many versions it had."""
        with self.answering():
            return self.remove(path)

    def rehearse(self) -> None:
        """Nothing; files can be written here and deleted again.

        Raises:
            CouldNotJudge: they cannot.
        """
        try:
            with self.answering():
                self.put(_REHEARSAL, b"")
                self.remove(_REHEARSAL)
        except (CouldNotJudge, FileNotFoundError) as error:
            msg = f"{self.name} cannot be written to, so nothing can be deleted there: {error}"
            raise CouldNotJudge(msg) from None

    def _listed(self) -> Iterator[Entry]:
        with self.answering():
            yield from self.entries()

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Lets nothing pass for an answer that is none.

        Raises:
            CouldNotJudge: the place is away, denies, or breaks off; the message names it.
        """
        try:
            yield
        except FileNotFoundError:
            raise
        except self._trouble() as error:
            said = " ".join(str(error).split())
            msg = f"{self.name} does not answer: {said or type(error).__name__}"
            raise CouldNotJudge(msg) from None


def paths(md5: str) -> tuple[str, str]:
    """Where an object may lie in a place: in DVC 3's layout, in DVC 2's."""
    old = f"{md5[:2]}/{md5[2:]}"
    return f"files/md5/{old}", old
