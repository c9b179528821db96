"""A change that is proposed to a branch: its commits, its pull request, what was taken back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from adapters import git, history, keys, lineage
from adapters.git import MergeResult, Revision
from adapters.lineage import Lineage
from governance.changeset import Commit, PullRequest
from governance.compare import is_opinion
from governance.finding import CouldNotJudge


@dataclass(frozen=True)
class Proposal(ABC):
    """What is known of a change beyond the two trees it lies between."""

    branch: str
    pull: PullRequest | None = None

    @abstractmethod
    def commits(self, people: Mapping[str, tuple[str, ...]]) -> tuple[Commit, ...]:
        """The commits, with who signed them among people with these public keys."""

    @abstractmethod
    def dropped(self, folder: str) -> tuple[tuple[str, bytes], ...]:
        """Files of a folder that a commit of the change added and a later one took away."""

    @abstractmethod
    def unchanged_at(self, heads: Iterable[str]) -> frozenset[str]:
        """Those of some earlier heads at which the change did the same to the base as now."""

    @abstractmethod
    def first_seen(self, heads: Iterable[str]) -> Mapping[str, datetime]:
        """When a forge first saw each of some earlier heads, as far as it did."""

    @abstractmethod
    def signed_with(self, jobs: Iterable[keys.Job]) -> tuple[str | None, ...]:
        """The public key behind each signature, None for one that is not what it says."""


@dataclass(frozen=True)
class GitProposal(Proposal):
    """A change between two commits of a repository."""

    base: Revision = field(kw_only=True)
    result: MergeResult = field(kw_only=True)
    verifier: keys.Verifier = field(kw_only=True)

    def commits(self, people: Mapping[str, tuple[str, ...]]) -> tuple[Commit, ...]:
        """Every commit over all parents.

        Raises:
            CouldNotJudge: the clone is shallow, partial or rewritten.
        """
        history.refuse_partial(self.base.root)
        base, head = str(self.base.commit), str(self.result.commit)
        return history.commits(self.base.root, base, head, people, self.verifier)

    def dropped(self, folder: str) -> tuple[tuple[str, bytes], ...]:
        """Files that came and went on the way."""
        base, head = str(self.base.commit), str(self.result.commit)
        return history.dropped(self.base.root, base, head, folder)

    def unchanged_at(self, heads: Iterable[str]) -> frozenset[str]:
        """Heads whose merge into the base differs from the judged one by opinions alone.

        A head that is gone, or does not merge any more, did nothing that can be compared.
        """
        root, now = self.base.root, self.result.treeish
        trees: dict[str, str] = {}
        for head in dict.fromkeys(heads):
            try:
                if head == self.result.commit:
                    trees[head] = now
                elif self._lineage.builds_on_base(head):
                    trees[head] = self._lineage.trees[head]
                elif head in self._lineage.trees:
                    trees[head] = git.merged(root, self._lineage.base, head)
            except CouldNotJudge:
                continue
        others = sorted({tree for tree in trees.values() if tree != now})
        found = lineage.differing(root, [(tree, now) for tree in others]) if others else []
        same = {tree for tree, paths in zip(others, found, strict=True) if not self._matters(paths)}
        return frozenset(head for head, tree in trees.items() if tree in {*same, now})

    def _matters(self, paths: Iterable[tuple[str, str]]) -> bool:
        """Whether more differs than opinions that the base does not hold."""
        before = self.base.entries()
        return any(
            path in before or mode not in {"100644", "000000"} or not is_opinion(path)
            for path, mode in paths
        )

    def first_seen(self, heads: Iterable[str]) -> Mapping[str, datetime]:
        """When the first push that holds each of them ended."""
        if self.pull is None:
            return {}
        seen = self._lineage.first_seen([(push.after, push.at) for push in self.pull.pushes])
        return {head: seen[head] for head in heads if head in seen}

    @cached_property
    def _lineage(self) -> Lineage:
        pull = self.pull
        said = [review.commit for review in pull.reviews] if pull else []
        pushed = [push.after for push in pull.pushes] if pull else []
        return Lineage(self.base.root, str(self.base.commit), (*said, *pushed))

    def signed_with(self, jobs: Iterable[keys.Job]) -> tuple[str | None, ...]:
        """The key behind each signature, as ssh-keygen verified it."""
        return tuple(self.verifier.verify_many(jobs))
