"""Where new files come from: folders and files here, objects of an S3 store.

Everything is copied into a private folder first, so that what is checked is what is landed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING, Final, Protocol

from adapters import files
from pipelines import objects
from pipelines.inputs import Refused
from pipelines.objects import Moved, Remote

if TYPE_CHECKING:
    from governance.contract import Contract

_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")
_SUFFIX: Final = {"parquet": (".parquet",), "csv": (".csv",)}
_LONGEST: Final = 400
"""Characters a path in a record may have."""


class Incoming(Protocol):
    """A file before it is copied."""

    @property
    def name(self) -> str:
        """Path it will have in the dataset, with forward slashes."""

    @property
    def bytes(self) -> int:
        """Its size."""

    def copy(self, target: Path) -> None:
        """Copies it.

        Raises:
            OSError: it is not readable.
            Moved: it is still being written.
        """


@dataclass(frozen=True, slots=True)
class Local:
    """A file of this machine."""

    name: str
    path: Path

    @property
    def bytes(self) -> int:
        """Its size; 0 where there is none."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def copy(self, target: Path) -> None:
        """Copies it, links not followed."""
        before = self.path.stat()
        shutil.copyfile(self.path, target, follow_symlinks=False)
        after = self.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise Moved


def found(
    sources: Sequence[Path | str], say: Callable[[str], None]
) -> tuple[list[Local | Remote], list[str]]:
    """The files that some paths and addresses name, and what is wrong with those that name none.

    Folders and prefixes give all files below them. Names beginning with `_` or `.` there are what
    other tools leave, such as `_SUCCESS`; they are left out, and that is said.

    Raises:
        CouldNotJudge: an S3 store does not answer, or not to us.
    """
    listed: list[Local | Remote] = []
    empty: list[str] = []
    for source in sources:
        address = objects.address(source)
        if address is not None:
            below: list[Local] | list[Remote] = objects.below(address)
        elif isinstance(source, str) or not source.is_dir() or source.is_symlink():
            path = Path(source)
            listed.append(Local(_named(path.parent, path.name), path))
            continue
        else:
            below = [Local(_named(source, name), file) for name, file in files.folder(source)]
        data = [file for file in below if not _left_by_tools(file.name)]
        if len(data) < len(below):
            number = len(below) - len(data)
            say(f"left out below {shown(str(source))}: {number} names beginning with _ or .")
        if not data:
            empty.append(f"{shown(str(source))}: no files below it")
        listed += data
    return listed, empty


def _named(folder: PurePath, name: str) -> str:
    """A name below the `key=value` folders that the path to it ends in."""
    parts = list(folder.parts)
    start = len(parts)
    while start and "=" in parts[start - 1]:
        start -= 1
    return str(PurePosixPath(*parts[start:], name))


def _left_by_tools(name: str) -> bool:
    return any(part[0] in "_." for part in PurePosixPath(name).parts)


def refusals(
    incoming: Sequence[Local | Remote], dataset: str, contract: Contract, landed: Container[str]
) -> Iterator[str]:
    """What forbids files to land before anyone looks inside.

    Args:
        incoming: the files.
        dataset: the dataset they are to join.
        contract: its contract.
        landed: names in the dataset that are taken, case folded.
    """
    seen: set[str] = set()
    for file in incoming:
        name, where = file.name.casefold(), f"{dataset}/{shown(file.name)}"
        parts = PurePosixPath(file.name).parts
        if isinstance(file, Local) and (problem := _no_file(file.path)):
            yield f"{where}: {problem}"
        elif not all(_SAFE.fullmatch(part) for part in parts) or len(file.name) > _LONGEST:
            yield (
                f"{where}: a file name begins with a letter, digit or '_', then come also '.', '='"
                " and '-', nothing else\n  fix: rename the file"
            )
        elif PurePosixPath(file.name).suffix not in _SUFFIX[contract.format]:
            yield f"{where}: the contract says {contract.format}, the name says otherwise"
        elif name in landed:
            yield f"{where}: landed before and never overwritten\n  fix: use a new name"
        elif name in seen:
            yield f"{where}: two files would get this name\n  fix: rename one"
        elif isinstance(file, Local) and still_written(file.path):
            yield f"{where}: some process is still writing it; land it when it is done"
        seen.add(name)


def _no_file(path: Path) -> str | None:
    if path.is_symlink():
        return "a symbolic link; name the file itself"
    return None if path.is_file() else f"no file {shown(str(path))}"


def still_written(path: Path) -> bool:
    """Whether some process has the file open for writing; False where that cannot be known."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):
        return False
    finally:
        os.close(handle)
    return False


def shown(text: str) -> str:
    """A path as a message may show it, whatever characters somebody put into it."""
    return text if text.isprintable() else ascii(text)


def staged(
    incoming: Sequence[Incoming], folder: Path, dataset: str, seen: Callable[[int], None]
) -> Iterator[tuple[str, Path]]:
    """Private copies of files, under their names below a folder.

    Args:
        incoming: the files.
        folder: the private folder.
        dataset: the dataset they are to join.
        seen: told the size of each file copied.

    Raises:
        Refused: a file is not readable or still being written.
    """
    for file in incoming:
        target = folder / file.name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            file.copy(target)
        except OSError as error:
            msg = f"{dataset}/{file.name}: not readable: {error.strerror}"
            raise Refused(msg, f"nothing landed in {dataset}") from None
        except Moved:
            msg = f"{dataset}/{file.name}: changed while it was read, so it is still being written"
            raise Refused(msg, f"nothing landed in {dataset}") from None
        seen(file.bytes)
        yield file.name, target
