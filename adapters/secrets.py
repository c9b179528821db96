"""Keys kept outside Git: read by name and version, destroyed on request.

A key stands in the file that CHARTER_PSEUDONYM_KEY_FILE names, one line each: name, version as
`v1`, key; `#` begins a comment. Without the file, or a line in it, an environment variable
holds it: CHARTER_PSEUDONYM_KEY for `environment v1`, CHARTER_PSEUDONYM_KEY_V2 for its second
version, CHARTER_PSEUDONYM_KEY_CREDIT_V1 for `credit v1`.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from adapters import files, git
from governance.finding import CouldNotJudge
from governance.keyname import KeyName

FILE: Final = "CHARTER_PSEUDONYM_KEY_FILE"
_ENTRY: Final = re.compile(
    r"\s*(?P<name>[a-z][a-z0-9_-]*)\s+v(?P<version>[1-9]\d*)\s+(?P<key>\S.*?)\s*"
)
_LIMIT: Final = 1_000_000
"""Bytes of the largest key file."""


class Unusable(Exception):
    """No key can be had; the message says why and how to mend it, and nothing of any key."""


def key(name: str, version: int, root: Path = Path()) -> bytes:
    """The key of that name and version.

    Args:
        name: name of the key, such as `credit`.
        version: its version, from 1.
        root: top of the repository, in which no key may be.

    Raises:
        Unusable: it is nowhere, or the file that holds it is open to others.
    """
    wanted, variable = KeyName(name, version), variable_of(name, version)
    path = _file(root)
    found = _read(path).get(wanted) if path else None
    if found is None:
        found = os.fsencode(os.environ.get(variable, ""))
    if not found:
        where = (
            f"neither in the file of {FILE} nor in {variable}" if path else f"{variable} is not set"
        )
        msg = (
            f"there is no key {wanted}: {where}\n"
            f"  fix: give it by {variable} or in the file that {FILE} names; never in Git."
            " A key that was destroyed stays away: name its next version in the contract"
        )
        raise Unusable(msg)
    return found


def destroy(name: str, version: int, root: Path = Path()) -> bool:
    """The key is gone from the key file: overwritten there, then removed; whether it was there.

    Copies are beyond reach: backups, other machines, and blocks that a copying file system or
    a flash drive keeps.

    Raises:
        Unusable: there is no key file, or the key stands in the environment, which belongs to
            whoever set it.
    """
    variable = variable_of(name, version)
    if os.environ.get(variable):
        msg = (
            f"the key {KeyName(name, version)} stands in the environment, out of reach\n"
            f"  fix: delete {variable} from the secret store that sets it"
        )
        raise Unusable(msg)
    path = _file(root)
    if path is None:
        msg = f"no key file is named\n  fix: set {FILE} to the file that holds the key"
        raise Unusable(msg)
    lines = path.read_bytes().splitlines(keepends=True)
    doomed = [number for number, line in enumerate(lines) if _name(line) == KeyName(name, version)]
    if not doomed:
        return False
    with path.open("r+b") as stream:
        for number in doomed:
            stream.seek(sum(map(len, lines[:number])))
            stream.write(b"#" * len(lines[number].rstrip(b"\r\n")))
        stream.flush()
        os.fsync(stream.fileno())
    files.write(path, b"".join(line for n, line in enumerate(lines) if n not in doomed))
    return True


def variable_of(name: str, version: int) -> str:
    """The environment variable that may hold a key."""
    if (name, version) == ("environment", 1):
        return "CHARTER_PSEUDONYM_KEY"
    own = "" if name == "environment" else f"_{name.upper().replace('-', '_')}"
    return f"CHARTER_PSEUDONYM_KEY{own}_V{version}"


def _file(root: Path) -> Path | None:
    """The key file, when one is named.

    Raises:
        Unusable: it is missing, others may read it, or Git could take it.
    """
    given = os.environ.get(FILE)
    if not given:
        return None
    path = Path(given).resolve()
    try:
        state = path.stat()
    except OSError as error:
        msg = f"{FILE}: {error.strerror}\n  fix: name a file that you own and can read"
        raise Unusable(msg) from None
    if not stat.S_ISREG(state.st_mode) or state.st_size > _LIMIT:
        msg = f"{FILE} names no key file\n  fix: name a text file, one key per line"
        raise Unusable(msg)
    if state.st_mode & 0o077:
        mode = f"{state.st_mode & 0o777:o}"
        msg = f"{FILE}: others may open the key file (mode {mode})\n  fix: chmod 600"
        raise Unusable(msg)
    if path.is_relative_to(root.resolve()) and not _ignored(root, path):
        msg = (
            f"{FILE}: the key file lies in the repository, where Git would take it\n  fix: move it"
        )
        raise Unusable(msg)
    return path


def _ignored(root: Path, path: Path) -> bool:
    """Whether Git leaves a file alone: it is ignored and was never added."""
    try:
        return bool(git.run(root, "check-ignore", "--", str(path)))
    except CouldNotJudge:
        return False


def _read(path: Path) -> dict[KeyName, bytes]:
    found: dict[KeyName, bytes] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        text = line.decode(errors="surrogateescape")
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        name, entry = _name(line), _ENTRY.fullmatch(text)
        if name is None or entry is None or name in found:
            what = "names a key a second time" if name in found else "is no key"
            msg = f"{FILE}: line {number} {what}\n  fix: write each as: credit v1 KEY"
            raise Unusable(msg)
        found[name] = entry["key"].encode(errors="surrogateescape")
    return found


def _name(line: bytes) -> KeyName | None:
    entry = _ENTRY.fullmatch(line.decode(errors="surrogateescape").rstrip("\r\n"))
    return KeyName(entry["name"], int(entry["version"])) if entry else None
