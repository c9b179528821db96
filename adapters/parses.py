"""A cache of parsed declarations, kept in the repository's own Git folder.

No commit and no pull request can write there. An entry is found by the SHA-256 of the file's
bytes and the loader's version, and is read through the same schema as a fresh parse. What was
made from it beyond that is found by the digest of the code that makes it as well. The judgement
of a revision never uses the cache.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import open_data_contract_standard
import pydantic

import governance
from adapters import files
from governance.document import LOADER_VERSION

_MAGIC = f"charter parses {LOADER_VERSION}\n".encode()


@cache
def language() -> bytes:
    """Digest of all that decides what declarations mean: code of the language, versions."""
    found = hashlib.sha256(f"{sys.version} {pydantic.VERSION}".encode())
    for package in (governance, open_data_contract_standard):
        for path in sorted(Path(package.__path__[0]).glob("*.py")):
            found.update(path.read_bytes())
    return found.digest()


class Parses:
    """JSON text of declarations by the SHA-256 of their YAML."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known = _read(path) if path else {}
        self._used: dict[bytes, str] = {}

    @staticmethod
    def key(data: bytes) -> bytes:
        """The cache key of a file's bytes."""
        return hashlib.sha256(data).digest()

    def get(self, key: bytes) -> str | None:
        """The JSON text of a file that was parsed before."""
        found = self._known.get(key)
        if found is not None:
            self._used[key] = found
        return found

    def put(self, key: bytes, text: str) -> None:
        """Keeps the JSON text of a parsed file."""
        self._used[key] = text

    def save(self) -> None:
        """Writes the entries used in this run; a folder that cannot be written costs only time."""
        if self.path is None or self._used == self._known:
            return
        parts = [_MAGIC]
        for key, text in self._used.items():
            data = text.encode()
            parts += [key, len(data).to_bytes(4, "big"), data]
        try:
            files.write(self.path, b"".join(parts))
        except OSError:
            return


def _read(path: Path) -> dict[bytes, str]:
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    found: dict[bytes, str] = {}
    if not data.startswith(_MAGIC):
        return found
    position = len(_MAGIC)
    while position + 36 <= len(data):
        key, size = (
            data[position : position + 32],
            int.from_bytes(data[position + 32 : position + 36]),
        )
        text = data[position + 36 : position + 36 + size]
        if len(text) < size:
            return {}
        try:
            found[key] = text.decode()
        except UnicodeDecodeError:
            return {}
        position += 36 + size
    return found
