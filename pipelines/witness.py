"""Keeps what a forge witnessed of merged changes, so that an audit needs no forge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from adapters import git, history, keys, verdicts
from adapters.forge import Forge
from adapters.git import MergeResult, Revision
from adapters.ledger import Objects
from adapters.proposal import GitProposal
from governance import catalogue, digest, verdict
from governance.approvals import Approvals
from governance.changeset import Changeset, PullRequest
from governance.finding import CouldNotJudge
from governance.roles import Roles
from governance.tally import Standing
from governance.verdict import LawSeen, Verdict


def pulls(forge: Forge, branch: str, commits: Iterable[str]) -> dict[int, PullRequest]:
    """The merged pull requests behind some commits of a branch, by number.

    Raises:
        CouldNotJudge: the forge does not answer.
    """
    numbers = {number for commit in commits for number in forge.pulls_of(commit)}
    found = {number: forge.pull(number, closed=True) for number in sorted(numbers)}
    return {number: pull for number, pull in found.items() if pull.base_branch == branch}


def witness(
    root: Path, change: Changeset, pull: PullRequest, now: datetime, verifier: keys.Verifier
) -> Verdict:
    """What the forge and this clone know of a merged change. Nothing is judged yet.

    Args:
        root: the repository.
        change: what landed on the branch.
        pull: the pull request it came from.
        now: the moment of writing.
        verifier: checks the signatures of commits.

    Raises:
        CouldNotJudge: the commits of the pull request are not in this clone, or the roles of the
            base do not load.
    """
    if not git.exists(root, pull.head):
        msg = f"{pull.head[:12]} is not in this clone: git fetch origin pull/{pull.number}/head"
        raise CouldNotJudge(msg)
    base = Revision(root, change.base)
    landed = MergeResult(root, base, change.head)
    proposal = GitProposal(
        branch=change.branch, pull=pull, base=base, result=landed, verifier=verifier
    )
    reviewed = [review.commit for review in pull.reviews if review.commit]
    same = proposal.unchanged_at(reviewed)
    commits = history.commits(root, change.base, pull.head, _people(base, now), verifier)
    return Verdict(
        format=1, repository=pull.repository, branch=change.branch, base=change.base,
        landed=change.head, tree=change.tree, digest=change.digest,
        law=_law(base), judged_at=now,
        standing=Standing.MISSING,
        pull=verdict.of_pull(
            pull, {commit: commit in same for commit in reviewed}, proposal.first_seen(reviewed)
        ),
        commits=tuple(map(verdict.of_commit, commits)),
    )  # fmt: skip


def _people(base: Revision, now: datetime) -> Mapping[str, tuple[str, ...]]:
    value, day = _policy(base, "policies/roles.yaml", Roles), now.date()
    return {
        name: tuple(key.public for key in human.keys if key.active(day))
        for name, human in value.people.items()
    }


def _law(base: Revision) -> LawSeen:
    """Version of the approval rules, and the digest of every policy of the base, by path."""
    rules = _policy(base, "policies/approvals.yaml", Approvals)
    paths = [path for path in base.entries() if path.startswith("policies/")]
    found = {path: digest.of_bytes(data) for path, data in base.read_many(paths)}
    return LawSeen(version=rules.version, digest=digest.of_value(found))


P = TypeVar("P")


def _policy(base: Revision, path: str, kind: type[P]) -> P:
    value = catalogue.read(path, base.read(path))[0] if path in base.entries() else None
    if not isinstance(value, kind):
        msg = f"{path} of {base.name[:12]} is missing or does not load"
        raise CouldNotJudge(msg)
    return value


def keep(root: Path, found: Iterable[Verdict], key: str | None) -> int:
    """How many verdicts are new; they stand on their branch now, signed when there is a key.

    Raises:
        CouldNotJudge: the key cannot sign, or somebody else wrote at the same moment.
    """
    files: dict[str, bytes] = {}
    with Objects(root) as objects:
        there = verdicts.Verdicts(root, objects)
        for one in found:
            path, text = verdict.path_of(one.digest), one.text()
            if any(_same(kept.data, one) for kept in there.about(path)):
                continue
            path = there.next_path(path)
            files[path] = text
            if key:
                files[f"{path}.sig"] = keys.sign(text, key, verdict.NAMESPACE).encode()
    if files:
        verdicts.append(root, files, f"Witness {len(files)} merged changes")
    return sum(path.endswith(".json") for path in files)


def _same(data: bytes, one: Verdict) -> bool:
    """Whether a kept verdict rests on the same facts."""
    kept = verdict.read(data)
    if isinstance(kept, str):
        return False
    return kept.model_copy(update={"judged_at": one.judged_at}) == one
