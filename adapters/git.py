"""Git objects, read with plumbing commands: never the work tree, never a replaced object."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from adapters.tree import Entry, Tree
from governance.finding import CouldNotJudge

_MODES: Final = {
    "100644": "file",
    "100755": "executable",
    "120000": "symlink",
    "160000": "submodule",
}
_SETTINGS: Final = (
    "-c",
    "core.quotePath=false",
    "-c",
    "log.mailmap=false",
    "-c",
    "core.fsmonitor=false",
)


def environment() -> dict[str, str]:
    """The process environment with everything removed that could redirect Git."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k == "GIT_EXEC_PATH"}
    return kept | {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}


def run(root: Path, *arguments: str, data: bytes | None = None) -> bytes:
    """Standard output of a Git command.

    Raises:
        CouldNotJudge: Git is missing or the command failed; the message is Git's.
    """
    command = ["git", *_SETTINGS, "-C", str(root), *arguments]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, check=False, env=environment()
        )
    except FileNotFoundError:
        msg = "git is not installed"
        raise CouldNotJudge(msg) from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        msg = f"git {arguments[0]}: {reason}"
        raise CouldNotJudge(msg)
    return done.stdout


def top(folder: Path) -> Path:
    """The top folder of the repository `folder` lies in.

    Raises:
        CouldNotJudge: it lies in none.
    """
    if not folder.is_dir():
        msg = f"{folder} is no folder"
        raise CouldNotJudge(msg)
    try:
        found = run(folder, "rev-parse", "--show-toplevel")
    except CouldNotJudge as error:
        msg = f"{folder} lies in no Git repository ({error})"
        raise CouldNotJudge(msg) from None
    return Path(os.fsdecode(found.rstrip(b"\n")))


def git_folder(root: Path) -> Path:
    """The repository's own folder, which no commit can write to."""
    return (root / os.fsdecode(run(root, "rev-parse", "--git-common-dir").rstrip(b"\n"))).resolve()


def own_folder(root: Path) -> Path:
    """The folder of this work tree alone, where a repository has several."""
    return Path(os.fsdecode(run(root, "rev-parse", "--absolute-git-dir").rstrip(b"\n")))


def resolve(root: Path, revision: str) -> str:
    """The id of the commit a revision names.

    Raises:
        CouldNotJudge: it names no commit, a branch and a tag at once, or the clone is shallow at
            that point.
    """
    both = {f"refs/heads/{revision}", f"refs/tags/{revision}"}
    listing = run(root, "for-each-ref", "--format=%(refname)", *both)
    if both <= set(os.fsdecode(listing).split("\n")):
        msg = f"{revision} is a branch and a tag: write heads/{revision} or tags/{revision}"
        raise CouldNotJudge(msg)
    spec = f"{revision}^{{commit}}"
    try:
        return run(root, "rev-parse", "--verify", "--end-of-options", spec).decode().strip()
    except CouldNotJudge as error:
        msg = f"{revision} names no commit here ({error})"
        raise CouldNotJudge(msg) from None


def head(root: Path) -> str | None:
    """The id of the current commit; None before the first one."""
    try:
        return resolve(root, "HEAD")
    except CouldNotJudge:
        return None


def changed(root: Path) -> tuple[str, ...]:
    """Paths that differ from the current commit, untracked files included."""
    listing = run(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    return tuple(sorted(os.fsdecode(entry[3:]) for entry in listing.split(b"\0") if entry))


class Revision(Tree):
    """The tree of one commit."""

    def __init__(self, root: Path, revision: str) -> None:
        self.root = root
        self.name = revision
        self.commit = resolve(root, revision)
        self._entries: dict[str, Entry] | None = None

    def entries(self) -> Mapping[str, Entry]:
        """Every file of the tree with mode, size and object id."""
        if self._entries is None:
            listing = run(self.root, "ls-tree", "-r", "-z", "-l", "--full-tree", str(self.commit))
            self._entries = dict(_entry(line) for line in listing.split(b"\0") if line)
        return self._entries

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Bytes of several files through one `git cat-file --batch`."""
        wanted = [(path, self.entries()[path].object_id) for path in paths]
        if not wanted:
            return
        ids = "".join(f"{oid}\n" for _, oid in wanted).encode()
        stream = run(self.root, "cat-file", "--batch", data=ids)
        position = 0
        for path, oid in wanted:
            end = stream.index(b"\n", position)
            fields = stream[position:end].split()
            if len(fields) != 3 or fields[1] != b"blob":  # noqa: PLR2004 - id, type, size
                msg = f"object {oid} of {path} is missing: the clone is partial or damaged"
                raise CouldNotJudge(msg)
            size = int(fields[2])
            yield path, stream[end + 1 : end + 1 + size]
            position = end + 1 + size + 1


def _entry(line: bytes) -> tuple[str, Entry]:
    meta, _, name = line.partition(b"\t")
    mode, _, oid, size = meta.decode().split()
    length = int(size) if size.isdigit() else None  # `-` for a submodule, BAD for a lost blob
    return os.fsdecode(name), Entry(_MODES[mode], length, oid)  # type: ignore[arg-type]
