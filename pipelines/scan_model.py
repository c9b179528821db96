"""The security review of a model's files: nothing in them is loaded, called or unpickled."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from adapters import files, modelfile
from governance import artefact, opcodes
from governance.finding import Verdict
from governance.registry import Registry
from governance.review import Check

_BLOCK: Final = 1 << 20
_IN_MEMORY: Final = 32 << 20
"""Bytes of an unpacked member kept in memory; the rest waits on disk."""
_DEPTH: Final = 4
"""Archives inside archives that are looked into; a model file has one inside another at most."""
_MEMBERS: Final = 100_000
_GROWTH: Final = 20
"""How many times its allowed size a model may take unpacked."""
_SHOWN: Final = 5

_BROKEN: Final = (
    OSError, EOFError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile,
    zlib.error, lzma.LZMAError, tarfile.TarError,
)  # fmt: skip
"""What archives raise that are damaged, locked or made to confuse."""


class _TooMuch(Exception):
    """More bytes, members or layers than a model has."""


class _Capped:
    """A stream that is never asked for more than a block at once: lengths in it may be lies."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        if size <= _BLOCK:
            return self._stream.read(size)
        found = bytearray()
        while len(found) < size and (block := self._stream.read(min(_BLOCK, size - len(found)))):
            found += block
        return bytes(found)

    def readline(self) -> bytes:
        """One line, as far as it fits a block."""
        return self._stream.readline(_BLOCK)


class Scan:
    """What is wrong with files, by check. One budget of unpacked bytes serves all of them."""

    def __init__(self, budget: int) -> None:
        self.found: dict[str, list[str]] = {"pickles": [], "archives": [], "secrets": []}
        self.found["programs"] = []
        self._left, self._members = budget, _MEMBERS

    def look(self, name: str, stream: IO[bytes], depth: int = 0) -> None:
        """Looks through one file and whatever is packed in it."""
        try:
            self._look(name, stream, depth)
        except _TooMuch as reason:
            self._tell("archives", f"{name}: {reason}")
        except _BROKEN as error:
            self._tell("archives", f"{name}: cannot be unpacked ({type(error).__name__})")

    def _tell(self, check: str, problem: str) -> None:
        if problem not in self.found[check]:
            self.found[check].append(problem)

    def _look(self, name: str, stream: IO[bytes], depth: int) -> None:
        if depth > _DEPTH:
            msg = f"packed more than {_DEPTH} times over"
            raise _TooMuch(msg)
        self._secrets(name, stream)
        stream.seek(0)
        head = stream.read(artefact.HEAD)
        kind = artefact.kind(head)
        stream.seek(0)
        if kind == "zip":
            self._zip(name, stream, depth)
        elif kind == "tar":
            self._tar(name, stream, depth)
        elif kind in _UNPACK:
            with _UNPACK[kind](stream) as plain:
                self._inside(f"{name}!{kind}", plain, depth)
        elif kind in {"lz4", "zstd", "hdf5"}:
            self._tell("archives", f"{name}: {kind}, which cannot be looked into")
        elif kind in {"program", "script"}:
            self._tell("programs", f"{name}: a {kind}")
        elif kind == "zlib":
            self._zlib(name, stream, depth)
        else:
            self._plain(name, stream, head)

    def _plain(self, name: str, stream: IO[bytes], head: bytes) -> None:
        start = 0
        if artefact.kind(head) == "npy":
            body = artefact.npy_body(head)
            if body is None:
                self._tell("archives", f"{name}: a NumPy file whose header cannot be read")
                return
            start, pickled = body
            if not pickled:
                return
        stream.seek(start)
        found = opcodes.walk(_Capped(stream))  # type: ignore[arg-type]
        if found is not None:
            self._tell("pickles", f"{name}: {found}")
        elif name.lower().endswith(artefact.PICKLED) or start:
            self._tell("pickles", f"{name}: calls itself a pickle, and cannot be read as one")
        stream.seek(0)
        if zipfile.is_zipfile(stream):
            self._tell("archives", f"{name}: an archive behind other bytes")

    def _zip(self, name: str, stream: IO[bytes], depth: int) -> None:
        with zipfile.ZipFile(stream) as archive:
            listed = archive.infolist()
            names = [entry.filename for entry in listed]
            if len(set(names)) < len(names):
                self._tell("archives", f"{name}: holds a name twice")
            for entry in listed:
                self._named(name, entry.filename)
                if entry.flag_bits & 1:
                    self._tell("archives", f"{name}!{entry.filename}: locked with a password")
                elif not entry.is_dir():
                    with archive.open(entry) as member:
                        self._inside(f"{name}!{entry.filename}", member, depth)

    def _tar(self, name: str, stream: IO[bytes], depth: int) -> None:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            for entry in archive:
                self._named(name, entry.name)
                if entry.isfile() and (member := archive.extractfile(entry)) is not None:
                    self._inside(f"{name}!{entry.name}", member, depth)
                elif not entry.isdir():
                    self._tell("archives", f"{name}!{entry.name}: a link or device")

    def _zlib(self, name: str, stream: IO[bytes], depth: int) -> None:
        """What joblib writes; other bytes may begin like it, and are looked at as they are."""
        head = stream.read(artefact.HEAD)
        try:
            zlib.decompressobj().decompress(head, artefact.HEAD)
        except zlib.error:
            self._plain(name, stream, head)
            return
        stream.seek(0)
        self._inside(f"{name}!zlib", _Inflated(stream), depth)

    def _named(self, archive: str, name: str) -> None:
        self._members -= 1
        if self._members < 0:
            msg = f"more than {_MEMBERS:,} members"
            raise _TooMuch(msg)
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
            self._tell("archives", f"{archive}: a member would unpack elsewhere")

    def _inside(self, name: str, source: Any, depth: int) -> None:
        """Unpacks one member, as far as the budget goes, and looks through it."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as plain:
            while block := source.read(_BLOCK):
                self._left -= len(block)
                if self._left < 0:
                    msg = "unpacks to far more than a model may hold"
                    raise _TooMuch(msg)
                plain.write(block)
            plain.seek(0)
            self.look(name, plain, depth + 1)

    def _secrets(self, name: str, stream: IO[bytes]) -> None:
        stream.seek(0)
        before = b""
        while block := stream.read(_BLOCK):
            for what, _ in artefact.secrets(before + block):
                self._tell("secrets", f"{name}: holds what looks like {what}")
            before = block[-artefact.OVERLAP :]


class _Inflated:
    """The plain bytes of a zlib stream, a block at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._engine = stream, zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Up to so many plain bytes; none at the end."""
        while not self._engine.eof:
            data = self._engine.unconsumed_tail or self._stream.read(_BLOCK)
            if not data:
                msg = "the stream ends early"
                raise EOFError(msg)
            if found := self._engine.decompress(data, size):
                return found
        return b""


_UNPACK: Final[dict[str, Any]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream, mode="rb"),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


def scan(folder: Path, registry: Registry) -> list[Check]:
    """Every check of a model folder's files.

    Args:
        folder: the model's files.
        registry: what the governed branch lets into the registry.
    """
    here = dict(files.folder(folder))
    found = Scan(registry.maximum_model_bytes * _GROWTH)
    total, strange = 0, []
    for name, path in here.items():
        if name == ".gitignore":
            continue
        if path.is_symlink() or not path.is_file():
            strange.append(f"{name}: no plain file")
            continue
        total += path.stat().st_size
        if not name.endswith(artefact.FILE_TYPES):
            strange.append(f"{name}: no file type of a model")
        with path.open("rb") as stream:
            found.look(name, stream)
    strange += found.found["programs"]
    allowed = registry.maximum_model_bytes
    checks = [
        _check("file types", strange, f"{len(here)} files of known types"),
        _check(
            "size",
            [f"{total:,} bytes, {allowed:,} are allowed"] if total > allowed else [],
            f"{total:,} of {allowed:,} bytes",
        ),
        _check("pickles", found.found["pickles"], "none, in archives neither"),
        _check("archives", found.found["archives"], "whole, and no larger than a model"),
        _check("secrets", found.found["secrets"], "none found"),
    ]
    wild = found.found["archives"] or found.found["pickles"] or total > allowed
    names = [] if wild else [name for name in here if name.endswith(".skops")]
    unread = ["not opened: see the other checks"] if wild else ["no model file"]
    problems = list(_types(folder, names, registry.trusted_types)) if names else unread
    return [*checks, _check("types", problems, "all in policies/registry.yaml or of skops itself")]


def _types(folder: Path, names: Iterable[str], trusted: Iterable[str]) -> Iterator[str]:
    for name in names:
        try:
            unknown = modelfile.untrusted((folder / name).read_bytes(), trusted)
        except Exception as error:  # noqa: BLE001 - damage surfaces anywhere in zip, JSON or NumPy
            yield f"{name}: no whole skops file ({type(error).__name__})"
            continue
        if unknown:
            yield f"{name}: {', '.join(unknown)}"


def _check(name: str, problems: list[str], fine: str) -> Check:
    some = "; ".join(problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    verdict = Verdict.FAIL if problems else Verdict.PASS
    return Check(f"security: {name}", verdict, f"{some}{more}" if problems else fine)
