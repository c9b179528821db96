"""What differs between two trees, seen from their files alone.

Neither renames, attributes, submodule settings nor the work tree have a say: every path that is
not the same on both sides is listed, and a rename is two paths.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping

from adapters.tree import Entry, Tree
from governance.changeset import Touched, Version
from governance.finding import CouldNotJudge

_TEXT_BYTES = 1 << 20
"""Lines are counted up to this size; anything longer is beyond every limit on lines."""


def touched(old: Tree, new: Tree) -> tuple[Touched, ...]:
    """Every path that differs, with the SHA-256 of both sides and the number of its lines.

    Raises:
        CouldNotJudge: a name is no text, so no digest could name it.
    """
    here, there = old.entries(), new.entries()
    paths = [p for p in sorted(here.keys() | there.keys()) if not _same(here, there, p)]
    for path in paths:
        if path.encode(errors="replace") != path.encode(errors="surrogateescape"):
            msg = f"the name {path!a} is no UTF-8 text: rename the file"
            raise CouldNotJudge(msg)
    was = _sides(old, (path for path in paths if path in here))
    now = _sides(new, (path for path in paths if path in there))
    found = []
    for path in paths:
        left, right = was.get(path), now.get(path)
        before, after = left and left[0], right and right[0]
        if before != after:
            found.append(Touched(path, before, after, _lines(left, right)))
    return tuple(found)


def _same(old: Mapping[str, Entry], new: Mapping[str, Entry], path: str) -> bool:
    left, right = old.get(path), new.get(path)
    if left is None or right is None or not left.object_id:
        return False
    return (left.mode, left.object_id) == (right.mode, right.object_id)


Side = tuple[Version, Counter[bytes] | None]
"""A file at one side, with its lines when it is text."""


def _sides(tree: Tree, paths: Iterable[str]) -> dict[str, Side]:
    entries = tree.entries()
    wanted: list[str] = []
    found: dict[str, Side] = {}
    for path in paths:
        if entries[path].mode == "submodule":
            data = f"submodule {entries[path].object_id}".encode()
            found[path] = (Version("submodule", hashlib.sha256(data).hexdigest()), None)
        else:
            wanted.append(path)
    for path, data in tree.read_many(wanted):
        version = Version(entries[path].mode, hashlib.sha256(data).hexdigest())
        text = len(data) <= _TEXT_BYTES and b"\0" not in data
        found[path] = (version, Counter(data.splitlines()) if text else None)
    return found


def _lines(left: Side | None, right: Side | None) -> int | None:
    """Lines added and removed, wherever they stand; None when a side is no text."""
    was = Counter[bytes]() if left is None else left[1]
    now = Counter[bytes]() if right is None else right[1]
    if was is None or now is None:
        return None
    return (now - was).total() + (was - now).total()
