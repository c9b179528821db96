"""A proposed change in memory: who wrote it, and what was said at the forge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from adapters import keys
from adapters.proposal import Proposal
from governance.changeset import Commit, Identity

HEAD = "4ead" * 10
BASE = "ba5e" * 10


def commit(by: str = "ann", **more: object) -> Commit:
    """A signed commit of a person of the world."""
    identity = Identity(by.title(), f"{by}@example.org")
    facts: dict[str, object] = {"id": HEAD, "author": identity, "committer": identity}
    return Commit(**(facts | {"signed_by": by} | more))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Proposed(Proposal):
    """A change whose facts are simply given."""

    branch: str = "main"
    written: tuple[Commit, ...] = field(default_factory=lambda: (commit(),))
    gone: tuple[tuple[str, bytes], ...] = ()
    same: frozenset[str] = frozenset({HEAD})
    seen: Mapping[str, datetime] = field(default_factory=dict)

    def commits(self, people: Mapping[str, tuple[str, ...]]) -> tuple[Commit, ...]:  # noqa: ARG002
        return self.written

    def dropped(self, folder: str) -> tuple[tuple[str, bytes], ...]:
        return tuple(item for item in self.gone if item[0].startswith(folder))

    def unchanged_at(self, heads: Iterable[str]) -> frozenset[str]:
        return self.same & frozenset(heads)

    def first_seen(self, heads: Iterable[str]) -> Mapping[str, datetime]:
        return {head: self.seen[head] for head in heads if head in self.seen}

    def signed_with(self, jobs: Iterable[keys.Job]) -> tuple[str | None, ...]:
        return tuple(keys.Verifier(None).verify_many(jobs))
