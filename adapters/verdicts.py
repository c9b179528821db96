"""The branch that keeps what a forge witnessed: read from objects, written with plumbing.

The work tree and the index are never touched, and nobody's newer work is overwritten.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters import git, ledger
from adapters.ledger import Objects, State
from governance.finding import CouldNotJudge

BRANCH: Final = "charter/verdicts"
REF: Final = f"refs/heads/{BRANCH}"
_DIGITS: Final = 64
_NONE: Final = "0" * 40
_WRITER: Final = ("-c", "user.name=charter", "-c", "user.email=charter@localhost")


@dataclass(frozen=True, slots=True)
class Kept:
    """A verdict file with its signature; empty when it is not signed."""

    path: str
    data: bytes
    signature: str


class Verdicts:
    """Every verdict the clone knows, from the branch and what was fetched of it."""

    def __init__(self, root: Path, objects: Objects) -> None:
        self.root = root
        self.objects = objects
        listing = git.run(
            root, "for-each-ref", "--format=%(objectname) %(refname)",
            REF, f"refs/remotes/*/{BRANCH}",
        )  # fmt: skip
        self.tips = dict(line.split(" ")[::-1] for line in os.fsdecode(listing).splitlines())
        self._files: list[State] = [ledger.state(root, tip) for tip in set(self.tips.values())]

    def about(self, path: str) -> Iterator[Kept]:
        """The verdicts that are kept at a path, and the later looks beside it."""
        stem = path.removesuffix(".json")
        for files in self._files:
            number = 1
            while path in files:
                found = files[path]
                if found.mode == "file":
                    sealed = files.get(f"{path}.sig")
                    wanted = [found.id, *([sealed.id] if sealed else [])]
                    data = self.objects.read(wanted)
                    text = data[sealed.id].decode("ascii", "replace") if sealed else ""
                    yield Kept(path, data[found.id], text)
                number += 1
                path = f"{stem}-{number}.json"
            path = f"{stem}.json"

    def digests(self) -> set[str]:
        """Digests of all changes a verdict is kept about."""
        names = {Path(path).stem for files in self._files for path in files}
        return {f"sha256:{name}" for name in names if len(name) == _DIGITS}

    def next_path(self, path: str) -> str:
        """Where the next look at the same change is kept."""
        stem, number, free = path.removesuffix(".json"), 1, path
        while any(free in files for files in self._files):
            number += 1
            free = f"{stem}-{number}.json"
        return free

    def rewritten(self) -> Iterator[tuple[str, str]]:
        """Commit and path of every file that was there and was changed or removed."""
        for tip in sorted(set(self.tips.values())):
            for commit, changed in ledger.changes(self.root, tip):
                if changed.before is not None:
                    yield commit, changed.path


def append(root: Path, files: Mapping[str, bytes], message: str) -> str:
    """The id of a new commit on the branch that holds these files besides all others.

    Raises:
        CouldNotJudge: a file is there already, or somebody else wrote at the same moment.
    """
    listing = os.fsdecode(git.run(
        root, "for-each-ref", "--format=%(objectname)", REF, f"refs/remotes/*/{BRANCH}"
    )).split()  # fmt: skip
    local = os.fsdecode(git.run(root, "for-each-ref", "--format=%(objectname)", REF)).strip()
    parent = local or (listing[0] if listing else "")
    tree = _tree(root, parent, {tuple(path.split("/")): data for path, data in files.items()})
    parents = ("-p", parent) if parent else ()
    made = git.run(root, *_WRITER, "commit-tree", "--no-gpg-sign", tree, *parents, "-m", message)
    commit = made.decode().strip()
    git.run(root, "update-ref", "-m", message, REF, commit, local or _NONE)
    return commit


def push(root: Path, remote: str = "origin") -> None:
    """The remote has the branch as it is here.

    Raises:
        CouldNotJudge: the remote has verdicts this clone has not seen, or refuses.
    """
    try:
        git.run(root, "push", "--quiet", remote, f"{REF}:{REF}")
    except CouldNotJudge as error:
        msg = f"{error}; if others wrote verdicts: git fetch {remote} {BRANCH}, and run it again"
        raise CouldNotJudge(msg) from None


def _tree(root: Path, treeish: str, files: Mapping[tuple[str, ...], bytes]) -> str:
    """The id of a tree with more files in it."""
    entries: dict[str, str] = {}
    if treeish:
        listing = git.run(root, "ls-tree", "-z", treeish)
        for line in os.fsdecode(listing).split("\0"):
            meta, gap, name = line.partition("\t")
            if gap:
                entries[name] = meta
    below: dict[str, dict[tuple[str, ...], bytes]] = {}
    for path, data in files.items():
        if len(path) > 1:
            below.setdefault(path[0], {})[path[1:]] = data
            continue
        if path[0] in entries:
            msg = f"a verdict {path[0]} is kept already: none is ever replaced"
            raise CouldNotJudge(msg)
        made = git.run(root, "hash-object", "-w", "-t", "blob", "--stdin", data=data)
        entries[path[0]] = f"100644 blob {made.decode().strip()}"
    for name, inner in below.items():
        old = entries.get(name, "").split()
        made_tree = _tree(root, old[2] if old[1:2] == ["tree"] else "", inner)
        entries[name] = f"040000 tree {made_tree}"
    lines = "".join(f"{meta}\t{name}\0" for name, meta in entries.items())
    return git.run(root, "mktree", "-z", data=os.fsencode(lines)).decode().strip()
