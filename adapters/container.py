"""A pack: files in one ZIP archive whose bytes follow from them, so that none can hide in it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from typing import Final

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=@-]*(?:/[A-Za-z0-9_][A-Za-z0-9._=@-]*)*")
LARGEST: Final = 256 << 20
"""Bytes of the largest pack looked at."""
_MOST: Final = 10_000
"""Files in the largest pack."""


class Damaged(Exception):
    """A pack is not one that was written here; `problems` name what is wrong, by file."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems))
        self.problems = problems


def write(files: Mapping[str, bytes]) -> bytes:
    """The archive of some files: in order of name, uncompressed, without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, data)
    return out.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    """The files of a pack.

    Raises:
        Damaged: it is no archive as `write` makes them: names that lead elsewhere or come twice,
            compressed members, damaged ones, and anything beside the files.
    """
    whole = "the pack"
    if len(data) > LARGEST:
        raise Damaged((whole, f"is larger than {LARGEST:,} bytes"))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            _refuse(listed, len(data))
            found = _members(archive, listed)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        raise Damaged((whole, "is no whole ZIP archive")) from None
    again = write(found)
    if again != data:
        pairs = enumerate(zip(again, data, strict=False))
        at = next((n for n, (ours, theirs) in pairs if ours != theirs), min(len(again), len(data)))
        before = [one for one in listed if one.header_offset <= at] or listed
        near = max(before, key=lambda one: one.header_offset)
        raise Damaged((near.filename, f"other bytes around it than a pack has, from byte {at}"))
    return found


def _refuse(listed: list[zipfile.ZipInfo], size: int) -> None:
    """Nothing; the list alone shows nothing strange.

    Raises:
        Damaged: it does.
    """
    names = [one.filename for one in listed]
    problems = [(name, "is no name of a file in a pack") for name in names
                if not _NAME.fullmatch(name) or ".." in name.split("/")]  # fmt: skip
    problems += [(name, "is there twice") for name in sorted({*names}) if names.count(name) > 1]
    problems += [
        (one.filename, "is compressed or locked, as no pack is")
        for one in listed
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1
    ]
    if len(listed) > _MOST or sum(one.file_size for one in listed) > size:
        problems.append(("the pack", "claims to hold more than it can"))
    if problems:
        raise Damaged(*problems)


def _members(archive: zipfile.ZipFile, listed: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    found, problems = {}, []
    for one in listed:
        try:
            found[one.filename] = archive.read(one)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError):
            problems.append((one.filename, "its bytes are damaged"))
    if problems:
        raise Damaged(*problems)
    return found
