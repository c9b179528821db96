"""Git objects, read with plumbing commands: never the work tree, never a replaced object."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
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
        CouldNotJudge: it names no commit, several refs are called so, or the clone is shallow at
            that point.
    """
    one_ref(root, revision)
    spec = f"{revision}^{{commit}}"
    try:
        return run(root, "rev-parse", "--verify", "--end-of-options", spec).decode().strip()
    except CouldNotJudge as error:
        near = run(root, "for-each-ref", "--format=%(refname:short)", f"refs/remotes/*/{revision}")
        hint = f"did you mean {os.fsdecode(near).split()[0]}?" if near.strip() else str(error)
        msg = f"{revision} names no commit here ({hint})"
        raise CouldNotJudge(msg) from None


def one_ref(root: Path, revision: str) -> None:
    """Nothing; at most one ref is called so.

    Git would take a tag `origin/main` for the branch of the remote, and whoever may push a tag
    would choose the law (threat B48).

    Raises:
        CouldNotJudge: several are.
    """
    places = {f"refs/{place}{revision}" for place in ("", "tags/", "heads/", "remotes/")}
    listing = run(root, "for-each-ref", "--format=%(refname)", *sorted(places))
    found = sorted(places & set(os.fsdecode(listing).split("\n")))
    if len(found) > 1:
        msg = f"{revision} is {' and '.join(found)} at once: write the full name"
        raise CouldNotJudge(msg)


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
        self.treeish = self.commit
        self._entries: dict[str, Entry] | None = None

    def entries(self) -> Mapping[str, Entry]:
        """Every file of the tree with mode, size and object id."""
        if self._entries is None:
            listing = run(self.root, "ls-tree", "-r", "-z", "-l", "--full-tree", self.treeish)
            found = [_entry(line) for line in listing.split(b"\0") if line]
            self._entries = dict(found)
            if len(self._entries) != len(found):
                msg = f"the tree of {self.name} holds a name twice, as no Git program writes it"
                raise CouldNotJudge(msg)
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


class MergeResult(Revision):
    """What the base would hold after taking a commit over: the tree that is judged.

    A head that builds on the base is its own merge result. Otherwise Git merges both without a
    work tree, so that neither attributes nor drivers of any checkout have a say.
    """

    def __init__(self, root: Path, base: Revision, revision: str) -> None:
        super().__init__(root, revision)
        self.base = base
        self.treeish = merged(root, str(base.commit), str(self.commit))


def merged(root: Path, base: str, head: str) -> str:
    """The id of the tree that merging `head` into `base` gives.

    Raises:
        CouldNotJudge: they share no history, or do not merge without a person.
    """
    if is_ancestor(root, base, head):
        return tree_of(root, head)
    with merging(root, base) as (command, env):
        command += ["--name-only", "--no-messages", "-z", base, head]
        done = subprocess.run(command, capture_output=True, check=False, env=env)
    first, *names = done.stdout.split(b"\0")
    if done.returncode == 0:
        return first.decode().strip()
    if done.returncode == 1 and names:
        some = ", ".join(sorted({os.fsdecode(name) for name in names if name})[:5])
        msg = f"{head[:12]} does not merge into {base[:12]} without a person: {some}; rebase it"
        raise CouldNotJudge(msg)
    reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
    if run(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        reason = "the clone is shallow: run `git fetch --unshallow`"
    msg = f"{head[:12]} and {base[:12]} cannot be merged: {reason or 'no common history'}"
    raise CouldNotJudge(msg)


@contextlib.contextmanager
def merging(root: Path, some: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """The beginning of a `git merge-tree` command and its environment.

    It runs in a folder of its own that lends the repository's objects: neither settings, merge
    drivers nor attributes of the clone, the user or the machine change what comes out.

    Args:
        root: the repository.
        some: id of a commit, which tells how long ids are.
    """
    settings = {
        "GIT_OBJECT_DIRECTORY": str(git_folder(root) / "objects"), "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        for name in ("objects", "refs"):
            Path(folder, name).mkdir()
        Path(folder, "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        Path(folder, "config").write_text(_FORMAT[len(some)], encoding="ascii")
        command = ["git", f"--git-dir={folder}", *_MERGING, "merge-tree", "--write-tree"]
        yield command, environment() | settings


_FORMAT: Final = {
    40: "[core]\nrepositoryformatversion = 0\nbare = true\n",
    64: "[core]\nrepositoryformatversion = 1\nbare = true\n[extensions]\nobjectFormat = sha256\n",
}
_MERGING: Final = (
    "-c", "merge.renames=true", "-c", "merge.directoryRenames=conflict",
    "-c", f"core.attributesFile={os.devnull}",
)  # fmt: skip


def is_ancestor(root: Path, older: str, newer: str) -> bool:
    """Whether `newer` holds everything `older` does."""
    return run(root, "rev-list", "--max-count=1", older, f"^{newer}") == b""


def exists(root: Path, commit: str) -> bool:
    """Whether an object is here."""
    try:
        run(root, "cat-file", "-e", f"{commit}^{{commit}}")
    except CouldNotJudge:
        return False
    return True


def tree_of(root: Path, commit: str) -> str:
    """The id of a commit's tree."""
    return run(root, "rev-parse", "--verify", f"{commit}^{{tree}}").decode().strip()


def _entry(line: bytes) -> tuple[str, Entry]:
    meta, _, name = line.partition(b"\t")
    mode, _, oid, size = meta.decode().split()
    length = int(size) if size.isdigit() else None  # `-` for a submodule, BAD for a lost blob
    return os.fsdecode(name), Entry(_MODES[mode], length, oid)  # type: ignore[arg-type]
