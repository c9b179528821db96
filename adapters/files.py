"""Files on disk: digests, atomic writes, folders compared to their lists."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from governance.facts import DataFile

_BLOCK = 1 << 20


def sha256(path: Path, seen: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file as hexadecimal text; `seen` is told the bytes of each block read."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
            if seen:
                seen(len(block))
    return found.hexdigest()


def md5(path: Path) -> str:
    """MD5 of a file as hexadecimal text: DVC's cache key, never evidence."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def folder(path: Path) -> Iterator[tuple[str, Path]]:
    """Relative POSIX path and location of every file below a folder, sorted; links included."""
    found = []
    for parent, _, names in os.walk(path):
        found += [Path(parent, name) for name in names]
    for file in sorted(found, key=lambda file: file.relative_to(path).as_posix()):
        yield file.relative_to(path).as_posix(), file


def digests(path: Path) -> dict[str, DataFile]:
    """Size and SHA-256 of every file below a folder, by relative path; empty when it is absent."""
    return {
        name: DataFile(file.stat().st_size, sha256(file))
        for name, file in folder(path)
        if name != ".gitignore"
    }


def write(path: Path, data: bytes) -> None:
    """Replaces a file in one step: readers and a killed process see the old or the new bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        mode = path.stat().st_mode if path.exists() else 0o644
        Path(name).chmod(mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, data: bytes) -> bool:
    """Writes unless the file already holds `data`; whether it wrote."""
    if path.is_file() and path.read_bytes() == data:
        return False
    write(path, data)
    return True
