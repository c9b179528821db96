"""A proposed change as facts: what it touches, who wrote it, and what people said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from governance import digest
from governance.facts import FileMode

Said = Literal["approve", "reject", "withdraw", "lift", "break-glass"]
"""`lift` removes somebody else's objection; `withdraw` removes all that the person said before."""

CHANGE = "change"
"""The subject that stands for the whole change."""


@dataclass(frozen=True, slots=True)
class Version:
    """A file at one side of a change."""

    mode: FileMode
    sha256: str


@dataclass(frozen=True, slots=True)
class Touched:
    """A path that differs between the base and the merge result. A rename is two of these.

    `lines` counts lines added and removed; None for bytes that are no text.
    """

    path: str
    before: Version | None
    after: Version | None
    lines: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and address as a commit carries them: a claim, which may only remove rights."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a change.

    `clean_merge` marks an update from the base that was computed again and found to hold nothing
    else, `only_approves` one that does nothing but add approvals or decisions: neither writes any
    of what is approved. `signed_by` is the person whose key, valid at the base, signed it.
    """

    id: str
    author: Identity
    committer: Identity
    co_authors: tuple[Identity, ...] = ()
    signed_by: str | None = None
    clean_merge: bool = False
    only_approves: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a forge. A deleted one has no id."""

    login: str
    id: int | None
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Push:
    """A push to the branch of a pull request, as the forge witnessed it."""

    by: Account
    at: datetime
    after: str


@dataclass(frozen=True, slots=True)
class ForgeReview:
    """One review as the forge has it now, with who dismissed it when it was dismissed."""

    id: int
    by: Account
    at: datetime
    commit: str
    state: Literal["approved", "changes-requested", "commented", "dismissed"]
    dismissed_from: Literal["approved", "changes-requested", "commented"] | None = None
    dismissed_by: Account | None = None
    dismissed_at: datetime | None = None
    body: str = ""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request with everything that was said and pushed; complete, or it does not exist.

    `instigators` opened it, or made a bot open it. `retargeted_at` is the last change of its base.
    """

    repository: str
    number: int
    title: str
    base_branch: str
    base: str
    head: str
    head_branch: str
    opener: Account
    instigators: tuple[Account, ...]
    labels: tuple[str, ...]
    draft: bool
    changed_files: int
    reviews: tuple[ForgeReview, ...]
    pushes: tuple[Push, ...]
    retargeted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person said about one subject, from whatever source.

    `person` is the id in the roles of the base, None for somebody unknown. `role` limits in which
    role the person speaks; None for all they hold. `digest` names the bytes they saw; None when
    it cannot be computed any more. `visible_from` is when those bytes were first pushed, where a
    forge witnessed it. `invalid` says why it counts for nothing.
    """

    source: str
    at: datetime
    person: str | None
    who: str
    said: Said
    subject: str
    digest: str | None
    role: str | None = None
    rationale: str = ""
    visible_from: datetime | None = None
    invalid: str | None = None
    of: str | None = None
    own: bool = True
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Changeset:
    """What a change does to its base, computed from Git objects alone.

    `touched` compares the base's tree with the merge result; approvals that the change adds are
    left out, for they would change what they approve. `subjects` holds the digest of everything
    else that can be approved (`dataset:<name>`, `model:<name>@<version>`) in the merge result.
    """

    branch: str
    base: str
    head: str
    tree: str
    touched: tuple[Touched, ...]
    commits: tuple[Commit, ...]
    subjects: Mapping[str, str]
    pull: PullRequest | None = None
    edited_records: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """What approvals of the whole change name: equal bytes on both sides, equal digest."""
        return digest_of(self.touched, self.subjects)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every touched path."""
        return tuple(touched.path for touched in self.touched)


def digest_of(touched: tuple[Touched, ...], subjects: Mapping[str, str]) -> str:
    """The digest of a change: it survives a rebase and dies with a byte.

    `subjects` are those the change itself speaks about, so that an approval of a promotion dies
    when the evidence behind the promoted version changes in the base.
    """
    ordered = sorted(touched, key=lambda found: found.path)
    sides = [[found.path, _side(found.before), _side(found.after)] for found in ordered]
    return digest.of_value({"paths": sides, "subjects": dict(sorted(subjects.items()))})


def _side(version: Version | None) -> list[str] | None:
    return None if version is None else [version.mode, version.sha256]
