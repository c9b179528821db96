"""The commits of a change, read as raw objects: no mail map, no first-parent short cut."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters import git, keys
from governance.changeset import Commit, Identity
from governance.compare import is_opinion
from governance.finding import CouldNotJudge

_FIELDS: Final = "%H%n%P%n%T%n%ct%n%an%n%ae%n%cn%n%ce%n%B"
_CO_AUTHOR: Final = re.compile(
    r"^[ \t>*-]*co-?authored-?by[ \t]*:[ \t]*"
    r"(?P<name>[^<\n]*(?:\n[ \t]+[^<\n]*)?)<(?P<email>[^>\n]*)>",
    re.IGNORECASE | re.MULTILINE,
)
"""Wherever it stands in the message: Git's own reader sees the last paragraph only, and a name
found here can only take rights away."""


def refuse_partial(root: Path) -> None:
    """Nothing; the history is whole and means what it says.

    Raises:
        CouldNotJudge: the clone is shallow or partial, or objects are replaced or grafted.
    """
    if git.run(root, "rev-parse", "--is-shallow-repository").strip() == b"true":
        msg = "the clone is shallow, so commits may be missing: run `git fetch --unshallow`"
        raise CouldNotJudge(msg)
    settings = git.run(root, "config", "--null", "--list").decode(errors="replace").split("\0")
    for setting in settings:
        name, _, value = setting.partition("\n")  # a name alone says true
        promised = name.startswith("remote.") and name.lower().endswith(".promisor")
        if name.lower() == "extensions.partialclone" or (promised and value.lower() not in _FALSE):
            msg = "the clone is partial, so files may be missing: clone again without --filter"
            raise CouldNotJudge(msg)
    if git.run(root, "for-each-ref", "--count=1", "refs/replace/"):
        msg = "refs/replace holds objects that stand in for others: delete them"
        raise CouldNotJudge(msg)
    if (git.git_folder(root) / "info" / "grafts").exists():
        msg = "info/grafts rewrites history: delete it"
        raise CouldNotJudge(msg)


_FALSE: Final = frozenset({"false", "0", "no", "off"})


def commits(
    root: Path, base: str, head: str, people: Mapping[str, tuple[str, ...]],
    verifier: keys.Verifier,
) -> tuple[Commit, ...]:  # fmt: skip
    """Every commit that `head` brings to `base`, over all parents, oldest last.

    Args:
        root: the repository.
        base: id of the base commit.
        head: id of the proposed commit.
        people: public keys by person, as they count for commits.
        verifier: checks their signatures.
    """
    found = read(root, f"{base}..{head}")
    signers = keys.signer(root, [raw.id for raw in found], people, verifier)
    approving = only_approving(root, [raw.id for raw in found if len(raw.parents) == 1])
    return tuple(
        Commit(
            id=raw.id,
            author=raw.author,
            committer=raw.committer,
            co_authors=raw.co_authors,
            signed_by=signers.get(raw.id),
            clean_merge=_is_clean(root, base, raw),
            only_approves=raw.id in approving,
        )
        for raw in found
    )


@dataclass(frozen=True, slots=True)
class Raw:
    """A commit object's own fields. `seconds` is the committer's clock, since 1970."""

    id: str
    parents: tuple[str, ...]
    tree: str
    seconds: int
    author: Identity
    committer: Identity
    co_authors: tuple[Identity, ...]
    title: str


def read(root: Path, *span: str) -> tuple[Raw, ...]:
    """Every commit of a span over all parents, as its object says, newest first."""
    form = ("-z", f"--format={_FIELDS}", "--no-show-signature", "--encoding=UTF-8")
    listing = git.run(root, "log", *form, *span, "--")
    return tuple(_parsed(entry) for entry in listing.split(b"\0") if entry)


def _parsed(entry: bytes) -> Raw:
    text = entry.decode(errors="replace")
    commit, parents, tree, seconds, name, email, by, at, message = text.split("\n", 8)
    co_authors = tuple(
        Identity(found["name"].strip(), found["email"].strip())
        for found in _CO_AUTHOR.finditer(message)
    )
    return Raw(
        commit, tuple(parents.split()), tree, int(seconds or 0), Identity(name, email),
        Identity(by, at), co_authors, message.partition("\n")[0],
    )  # fmt: skip


def _is_clean(root: Path, base: str, raw: Raw) -> bool:
    """Whether a merge only brings the base in, and holds what merging gives by itself."""
    match raw.parents:
        case (ours, theirs) if git.is_ancestor(root, theirs, base):
            try:
                return git.merged(root, ours, theirs) == raw.tree
            except CouldNotJudge:
                return False
        case _:
            return False


def only_approving(root: Path, ids: list[str]) -> frozenset[str]:
    """Commits that only add approvals and decisions."""
    if not ids:
        return frozenset()
    listing = git.run(
        root, "diff-tree", "--stdin", "-r", "-z", "--raw", "--no-renames", "--no-abbrev",
        "--ignore-submodules=none", data="".join(f"{commit}\n" for commit in ids).encode(),
    )  # fmt: skip
    changed: dict[str, list[bool]] = {}
    parts = iter(listing.split(b"\0"))
    commit = ""
    for part in parts:
        if part.startswith(b":"):
            fields, path = part.decode().split(), os.fsdecode(next(parts))
            added = fields[0] == ":000000" and fields[1] == "100644" and is_opinion(path)
            changed[commit].append(added)
        elif part:
            commit = part.decode().strip()
            changed[commit] = []
    return frozenset(commit for commit, added in changed.items() if added and all(added))


def dropped(root: Path, base: str, head: str, folder: str) -> tuple[tuple[str, bytes], ...]:
    """Approvals and decisions below a folder that some commit of a change adds and its head lacks.

    A signed objection that the branch's owner takes out again was still made, and one that is
    moved to where nobody reads it is taken out. Without the full history Git passes over a side
    branch of which a merge keeps nothing.
    """
    listing = git.run(
        root, "log", "-z", "--diff-merges=separate", "--full-history", "--root", "--raw",
        "--no-abbrev", "--no-renames", "--format=", f"{base}..{head}", "--", folder,
    )  # fmt: skip
    seen = {oid: path for path, oid in _added(listing) if is_opinion(path)}
    kept = {
        entry.object_id
        for path, entry in git.Revision(root, head).entries().items()
        if path.startswith(f"{folder}/") and is_opinion(path) and entry.mode != "symlink"
    }
    gone = [(path, oid) for oid, path in seen.items() if oid not in kept]
    return tuple((path, git.run(root, "cat-file", "blob", oid)) for path, oid in gone)


def _added(listing: bytes) -> Iterator[tuple[str, str]]:
    parts = iter(listing.split(b"\0"))
    for meta in parts:
        fields = meta.decode().split()
        if len(fields) < 5:  # noqa: PLR2004 - modes, ids, status
            continue
        path = os.fsdecode(next(parts))
        if fields[1] in {"100644", "100755"}:
            yield path, fields[3]


def branch_name(root: Path, revision: str) -> str | None:
    """The branch a revision names, without the remote; None for a bare commit.

    Raises:
        CouldNotJudge: several refs are called so.
    """
    if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", revision):
        return None
    git.one_ref(root, revision)
    name = git.run(root, "rev-parse", "--symbolic-full-name", "--end-of-options", revision)
    lines = [line for line in name.decode().split("\n") if line and line != "--end-of-options"]
    full = lines[0] if lines else ""
    if full.startswith("refs/heads/"):
        return full.removeprefix("refs/heads/")
    if full.startswith("refs/remotes/"):
        return full.removeprefix("refs/remotes/").partition("/")[2]
    return None


def first_parents(root: Path, since: str | None, head: str) -> Iterable[str]:
    """Commits of a branch along its first parents, newest first."""
    span = f"{since}..{head}" if since else head
    return git.run(root, "rev-list", "--first-parent", span).decode().split()
