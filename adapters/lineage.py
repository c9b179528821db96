"""How the heads of a pull request hang together: one look at the graph answers for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from adapters import git


class Lineage:
    """Commits that several heads bring to a base, with their parents and trees.

    A head that is not in the clone, as after a force push, is left out.
    """

    def __init__(self, root: Path, base: str, heads: Iterable[str]) -> None:
        self.base = base
        self.trees = _trees(root, dict.fromkeys((base, *heads)))
        known = [head for head in self.trees if head != base]
        listing = b""
        if known:
            asked = "".join(f"{name}\n" for name in (*known, f"^{base}")).encode()
            listing = git.run(root, "rev-list", "--topo-order", "--parents", "--stdin", data=asked)
        self.parents = {
            commit: tuple(above)
            for commit, *above in (line.split() for line in listing.decode().split("\n") if line)
        }

    def builds_on_base(self, head: str) -> bool:
        """Whether a head holds everything the base does."""
        seen, queue = {head}, [head]
        for commit in queue:
            if commit == self.base:
                return True
            fresh = [name for name in self.parents.get(commit, ()) if name not in seen]
            seen.update(fresh)
            queue += fresh
        return False

    def first_seen(self, pushes: Sequence[tuple[str, datetime]]) -> Mapping[str, datetime]:
        """When each commit was first part of what had been pushed: `pushes` are heads and moments.

        The listing names children before their parents, so one pass carries the moments down.
        """
        seen: dict[str, datetime] = {}
        for head, at in pushes:
            seen[head] = min(at, seen.get(head, at))
        for commit, above in self.parents.items():
            for parent in above if commit in seen else ():
                seen[parent] = min(seen[commit], seen.get(parent, seen[commit]))
        return seen


def _trees(root: Path, commits: Iterable[str]) -> dict[str, str]:
    """The tree of each commit that is here."""
    names = [name for name in commits if name]
    asked = "".join(f"{name}^{{tree}}\n" for name in names).encode()
    answers = git.run(root, "cat-file", "--batch-check=%(objectname) %(objecttype)", data=asked)
    pairs = zip(names, answers.decode().splitlines(), strict=True)
    return {name: said.split()[0] for name, said in pairs if said.endswith(" tree")}


def differing(root: Path, pairs: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    """Path and mode afterwards of what differs between the two trees of each pair, in order."""
    asked = "".join(f"{old} {new}\n" for old, new in pairs).encode()
    listing = git.run(
        root, "-c", "core.bare=true", "diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames",
        "--no-abbrev", "--ignore-submodules=none", data=asked,
    )  # fmt: skip
    found: dict[str, list[tuple[str, str]]] = {}
    parts = iter(listing.split(b"\0"))
    pair = ""
    for part in parts:
        head, colon, fields = part.rpartition(b":")
        if head.strip():
            pair = head.decode().strip()
            found[pair] = []
        if colon:
            found[pair].append((os.fsdecode(next(parts)), fields.split()[1].decode()))
    return [tuple(found.get(f"{old} {new}", ())) for old, new in pairs]
