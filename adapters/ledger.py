"""What happened on a branch, commit by commit, from a handful of Git processes.

No tree is listed per commit: one process tells what each commit changed, one reads each distinct
file once. Attributes, submodule settings and the work tree have no say.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from adapters import git, history
from adapters.history import Raw
from governance.changeset import Version
from governance.facts import FileMode
from governance.finding import CouldNotJudge

_MODES: Final[dict[str, FileMode]] = {
    "100644": "file", "100755": "executable", "120000": "symlink", "160000": "submodule",
}  # fmt: skip
_DIFF: Final = (
    "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--ignore-submodules=none",
    "--no-relative", "--no-show-signature", "--no-notes", "--no-color", "--no-ext-diff",
    f"-O{os.devnull}", "--encoding=UTF-8",
)  # fmt: skip
_BLOCK: Final = 1 << 20
_AHEAD: Final = 256
"""Ids written before their objects are read: they fit into a pipe, so neither side waits."""


@dataclass(frozen=True, slots=True)
class Object:
    """What stands at a path: its mode and the id of its bytes."""

    mode: FileMode
    id: str


State = dict[str, Object]
"""Every file of a tree by its path."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A path that differs between a commit and its first parent."""

    path: str
    before: Object | None
    after: Object | None


@dataclass(frozen=True, slots=True)
class Step:
    """One commit along the first parents of a branch; `parent` is empty for the very first."""

    id: str
    parent: str
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class Walk:
    """A branch from its start to its head.

    `steps` come oldest first. `commits` holds every commit behind them, over all parents, and
    `aside` what commits off the first parents did to files of the folders asked for.
    """

    steps: tuple[Step, ...]
    commits: dict[str, Raw]
    aside: dict[str, tuple[Changed, ...]]


def changes(root: Path, head: str) -> Iterator[tuple[str, Changed]]:
    """Commit and path of everything that any commit behind `head` changed."""
    for step in _steps(_bare(root, "log", *_DIFF, "--format=%H %P", "--root", head, "--")):
        for changed in step.changed:
            yield step.id, changed


def arrivals(root: Path, head: str, paths: Sequence[str]) -> dict[str, str]:
    """The first commit along the first parents of `head` that added each path."""
    log = ("log", *_DIFF, "--format=%H %P", "--first-parent", head, "--", *paths)
    found: dict[str, str] = {}
    for step in _steps(_bare(root, *log)):
        for changed in step.changed:
            if changed.before is None:
                found[changed.path] = step.id  # the newest comes first
    return found


def walk(root: Path, since: str | None, head: str, folders: Sequence[str]) -> Walk:
    """Everything that happened after `since`, or ever.

    Args:
        root: the repository.
        since: id of a commit on the first parents of `head`; None for the whole history.
        head: id of the newest commit.
        folders: pathspecs of what is looked at off the first parents, too.
    """
    span = f"{since}..{head}" if since else head
    log = ("log", *_DIFF, "--format=%H %P")
    with ThreadPoolExecutor(3) as pool:  # each waits for a process of its own
        main = pool.submit(_bare, root, *log, "--first-parent", span, "--")
        people = pool.submit(history.read, root, span)
        aside: Future[bytes] = pool.submit(
            _bare, root, *log, "--full-history", "--min-parents=0", span, "--", *folders
        )
        steps = tuple(reversed(list(_steps(main.result()))))
        along = {step.id for step in steps}
        off = {step.id: step.changed for step in _steps(aside.result()) if step.id not in along}
        return Walk(steps, {raw.id: raw for raw in people.result()}, off)


def _bare(root: Path, *arguments: str) -> bytes:
    """Output of a Git command that sees neither work tree nor index nor attributes."""
    folder = git.git_folder(root)
    settings = ("-c", "core.bare=true", "-c", "core.quotePath=false", "-c", "log.follow=false")
    done = subprocess.run(
        ["git", f"--git-dir={folder}", *settings, *arguments],
        capture_output=True, check=False, env=git.environment(),
    )  # fmt: skip
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        msg = f"git {arguments[0]}: {reason}"
        raise CouldNotJudge(msg)
    return done.stdout


def _steps(listing: bytes) -> Iterator[Step]:
    """Commits with what they changed; the listing gives each its header, then its paths."""
    tokens = iter(listing.split(b"\0"))
    names: list[str] = []
    changed: list[Changed] = []
    for raw in tokens:
        token = raw.lstrip(b"\n")
        if token.startswith(b":"):
            meta = token[1:].decode("ascii").split(" ")
            changed.append(_changed(meta, os.fsdecode(next(tokens))))
        elif token:
            if names:
                yield Step(names[0], names[1] if len(names) > 1 else "", tuple(changed))
            names, changed = token.decode("ascii").split(), []
    if names:
        yield Step(names[0], names[1] if len(names) > 1 else "", tuple(changed))


def _changed(meta: list[str], path: str) -> Changed:
    old, new, was, now, _ = meta
    return Changed(
        path,
        None if old == "000000" else Object(_MODES[old], was),
        None if new == "000000" else Object(_MODES[new], now),
    )


def state(root: Path, commit: str) -> State:
    """Every file of a commit's tree; none before the first commit."""
    if not commit:
        return {}
    listing = git.run(root, "ls-tree", "-r", "-z", "--full-tree", commit)
    found: State = {}
    for line in listing.split(b"\0"):
        meta, gap, name = line.partition(b"\t")
        if gap:
            mode, _, oid = meta.decode("ascii").split()
            found[os.fsdecode(name)] = Object(_MODES[mode], oid)
    if len(found) != listing.count(b"\0"):
        msg = f"the tree of {commit[:12]} holds a name twice, as no Git program writes it"
        raise CouldNotJudge(msg)
    return found


def advance(files: State, step: Step) -> bool:
    """The files after a commit, from those before it; false for a change of what was not there.

    Git tells such a change of a tree that holds a name twice, as no Git program writes it.
    """
    fits = len({changed.path for changed in step.changed}) == len(step.changed)
    for changed in step.changed:
        fits = fits and files.get(changed.path) == changed.before
        if changed.after is None:
            files.pop(changed.path, None)
        else:
            files[changed.path] = changed.after
    return fits


@dataclass(frozen=True, slots=True)
class Blob:
    """A file's bytes: their SHA-256, and how many lines they are; None for what is no text."""

    sha256: str
    lines: int | None


class Objects:
    """Bytes of Git objects through one process; each is hashed once, whatever its size."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.known: dict[str, Blob] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def each(self, ids: Iterable[str], keep: Container[str]) -> Iterator[tuple[str, bytes | None]]:
        """Every object with its bytes where they are to be kept; `known` has all of them then.

        Raises:
            CouldNotJudge: one is missing: the clone is partial or damaged.
        """
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _AHEAD):
            some = wanted[start : start + _AHEAD]
            source, sink = self._streams()
            sink.write("".join(f"{oid}\n" for oid in some).encode())
            sink.flush()
            for oid in some:
                yield oid, self._next(source, oid, keep=oid in keep)

    def read(self, ids: Iterable[str]) -> dict[str, bytes]:
        """The bytes of objects by id."""
        wanted = frozenset(ids)
        return {oid: data for oid, data in self.each(sorted(wanted), wanted) if data is not None}

    def version(self, found: Object | None) -> Version | None:
        """A file at one side of a change, as `adapters.difference` names it."""
        if found is None:
            return None
        if found.mode == "submodule":
            data = f"submodule {found.id}".encode()
            return Version("submodule", hashlib.sha256(data).hexdigest())
        return Version(found.mode, self.known[found.id].sha256)

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", "-C", str(self.root), "cat-file", "--batch"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env=git.environment(),
            )  # fmt: skip
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None  # noqa: S101 - both are pipes
        assert sink is not None  # noqa: S101
        return source, sink

    def _next(self, source: IO[bytes], oid: str, *, keep: bool) -> bytes | None:
        fields = source.readline().split()
        if len(fields) != 3:  # noqa: PLR2004 - id, type, size
            msg = f"object {oid} is missing: the clone is partial or damaged"
            raise CouldNotJudge(msg)
        left = int(fields[2])
        if left <= _BLOCK or keep:
            data = source.read(left)
            lines = None if left > _BLOCK or b"\0" in data else len(data.splitlines())
            self.known[oid] = Blob(hashlib.sha256(data).hexdigest(), lines)
            source.read(1)
            return data if keep else None
        hashed = hashlib.sha256()
        while left:
            block = source.read(min(left, _BLOCK))
            if not block:
                break
            hashed.update(block)
            left -= len(block)
        self.known[oid] = Blob(hashed.hexdigest(), None)
        source.read(1)
        return None


def merges(root: Path, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
    """The tree that merging each pair of commits gives; None where it takes a person."""
    if not pairs:
        return []
    asked = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
    with git.merging(root, pairs[0][0]) as (command, env):
        command += ["--stdin", "--name-only", "--no-messages"]
        done = subprocess.run(command, input=asked, capture_output=True, check=False, env=env)
    found = list(_trees(done.stdout))
    if done.returncode == 0 and len(found) == len(pairs):
        return found
    return [_merged(root, *pair) for pair in pairs]  # unrelated histories end the whole batch


def _trees(listing: bytes) -> Iterator[str | None]:
    """Trees by merge: a flag, the tree, names in conflict, an empty field."""
    fields = iter(listing.split(b"\0"))
    for flag in fields:
        if not flag:
            continue
        tree = next(fields, b"").decode("ascii")
        for name in fields:
            if not name:
                break
        yield tree if flag == b"1" else None


def _merged(root: Path, ours: str, theirs: str) -> str | None:
    try:
        return git.merged(root, ours, theirs)
    except CouldNotJudge:
        return None
