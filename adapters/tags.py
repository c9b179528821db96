"""Tags as objects: what they point at, what they say, who signed them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from adapters import git
from adapters.ledger import Objects
from governance.finding import CouldNotJudge

_BEGIN: Final = b"-----BEGIN SSH SIGNATURE-----"
_FORMAT: Final = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"


@dataclass(frozen=True, slots=True)
class RawTag:
    """One tag of the clone.

    `says` is the name inside an annotated tag. `text` is what its signature covers, empty
    without one; `at` is when it was made, by its own word.
    """

    name: str
    commit: str | None
    says: str | None = None
    text: bytes = b""
    signature: str = ""
    at: datetime | None = None


def tags(root: Path, objects: Objects, about: str = "") -> Iterator[RawTag]:
    """Every tag of the clone.

    Args:
        root: the repository.
        objects: reads the tags themselves.
        about: characters of which a name has to hold one; any name when empty.
    """
    listing = git.run(root, "for-each-ref", f"--format={_FORMAT}", "refs/tags/")
    light: list[RawTag] = []
    annotated: dict[str, list[tuple[str, str | None]]] = {}
    for line in listing.split(b"\n"):
        if not line:
            continue
        ref, kind, oid, inner, end = os.fsdecode(line).split("\0")
        name = ref.removeprefix("refs/tags/")
        if about and not set(about) & set(name):
            continue
        if kind == "tag":
            annotated.setdefault(oid, []).append((name, end if inner == "commit" else None))
        else:
            light.append(RawTag(name, oid if kind == "commit" else None))
    yield from light
    for oid, data in objects.read(annotated).items():
        for name, commit in annotated[oid]:
            yield _read(name, commit, data)


def _read(name: str, commit: str | None, data: bytes) -> RawTag:
    """A tag object taken apart, as Git does before it verifies one."""
    head = data.partition(b"\n\n")[0]
    fields = dict(line.partition(b" ")[::2] for line in head.split(b"\n"))
    says = fields.get(b"tag", b"").decode(errors="replace")
    starts = [0] if data.startswith(_BEGIN) else []
    starts += [at + 1 for at in _places(data, b"\n" + _BEGIN)]
    if len(starts) != 1:  # none, or several: nobody can say what was signed
        return RawTag(name, commit, says)
    text, signature = data[: starts[0]], data[starts[0] :]
    words = signature.decode("ascii") if signature.isascii() else ""
    return RawTag(name, commit, says, text, words, _moment(fields.get(b"tagger", b"")))


def _places(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _moment(tagger: bytes) -> datetime | None:
    fields = tagger.rsplit(b" ", 2)
    if len(fields) != 3 or not fields[1].isdigit():  # noqa: PLR2004 - who, seconds, zone
        return None
    try:
        return datetime.fromtimestamp(int(fields[1]), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def one(root: Path, name: str) -> RawTag | None:
    """The tag of a name, None where there is none; a branch of that name is not asked."""
    with Objects(root) as objects:
        return next((tag for tag in tags(root, objects) if tag.name == name), None)


def write(root: Path, name: str, whole: bytes) -> bool:
    """The tag is there as an object of this text; False when another one has the name.

    Args:
        root: the repository.
        name: of the tag.
        whole: the tag object with its signature.

    Raises:
        CouldNotJudge: Git refuses the text, or cannot write.
    """
    oid = git.run(root, "mktag", data=whole).decode().strip()
    try:
        git.run(root, "update-ref", "--no-deref", f"refs/tags/{name}", oid, "0" * len(oid))
    except CouldNotJudge:
        if git.run(root, "for-each-ref", "--count=1", f"refs/tags/{name}"):
            return False
        raise
    return True


def text(name: str, commit: str, tagger: str, at: datetime, message: str) -> bytes:
    """A tag object before it is signed.

    Args:
        name: of the tag.
        commit: id of the commit it points at.
        tagger: name and address, as `Ann <ann@example.org>`.
        at: when it is made.
        message: what it says.
    """
    lines = (
        f"object {commit}", "type commit", f"tag {name}",
        f"tagger {tagger} {int(at.timestamp())} +0000", "", message,
    )  # fmt: skip
    return ("\n".join(lines) + "\n").encode()
