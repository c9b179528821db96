"""What a forge witnessed of a merged change, kept so that it can be judged again without it.

The audit believes none of its conclusions: standing and law are there for people. Bytes are
bound by the digest of the change, which is computed again from Git.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from governance import digest, jsontext
from governance.changeset import Account, Commit, ForgeReview, Identity, PullRequest, Push
from governance.declaration import Moment, Part, Text
from governance.digest import Digest
from governance.tally import Standing

NAMESPACE: Final = "charter-verdict"
"""The namespace of the SSH signature over a verdict."""
JUDGE: Final = "judge"
"""The role of the bot whose key signs verdicts, where the roles declare one."""
FOLDER: Final = "verdicts"

Sha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
State = Literal["approved", "changes-requested", "commented", "dismissed"]


class AccountSeen(Part):
    """An account as the forge showed it."""

    login: str
    id: int | None
    bot: bool = False

    def account(self) -> Account:
        """The account as the judgement takes it."""
        return Account(self.login, self.id, self.bot)


class PushSeen(Part):
    """A push to the branch."""

    by: AccountSeen
    at: Moment
    after: Sha


class ReviewSeen(Part):
    """A review, and what its commit had to do with the merged change.

    `same` says that merging that commit would have changed the same bytes in the same way; None
    when nobody could tell. `pushed` is when the forge first saw the commit.
    """

    id: int
    by: AccountSeen
    at: Moment
    commit: str
    state: State
    same: bool | None
    pushed: Moment | None = None
    dismissed_from: Literal["approved", "changes-requested", "commented"] | None = None
    dismissed_by: AccountSeen | None = None
    dismissed_at: Moment | None = None
    body: str = ""


class IdentitySeen(Part):
    """A name and address in a commit."""

    name: str
    email: str

    def identity(self) -> Identity:
        """The identity as the judgement takes it."""
        return Identity(self.name, self.email)


class CommitSeen(Part):
    """A commit of the branch, which a squash takes out of history."""

    id: Sha
    author: IdentitySeen
    committer: IdentitySeen
    co_authors: tuple[IdentitySeen, ...] = ()
    signed_by: str | None = None
    clean_merge: bool = False
    only_approves: bool = False


class PullSeen(Part):
    """A pull request after its merge."""

    repository: Text
    number: int
    title: str
    base_branch: Text
    base: Sha
    head: Sha
    head_branch: str
    opener: AccountSeen
    instigators: tuple[AccountSeen, ...]
    labels: tuple[str, ...]
    draft: bool
    changed_files: int
    reviews: tuple[ReviewSeen, ...]
    pushes: tuple[PushSeen, ...]
    retargeted_at: Moment | None = None


class LawSeen(Part):
    """The law of the parent: version of the approval rules, digest of all policies."""

    version: str
    digest: Digest


class Verdict(Part):
    """A merged change as it was judged, with every fact a judgement needs."""

    format: Literal[1]
    repository: Text
    branch: Text
    base: Sha
    landed: Sha
    """The commit of the branch that the change became, the last one of several."""
    tree: Sha
    digest: Digest
    """Digest of the change."""
    law: LawSeen
    judged_at: Moment
    standing: Standing
    pull: PullSeen
    commits: tuple[CommitSeen, ...]

    def pull_request(self) -> PullRequest:
        """The pull request as the judgement takes it."""
        seen = self.pull
        return PullRequest(
            repository=seen.repository, number=seen.number, title=seen.title,
            base_branch=seen.base_branch, base=seen.base, head=seen.head,
            head_branch=seen.head_branch, opener=seen.opener.account(),
            instigators=tuple(a.account() for a in seen.instigators), labels=seen.labels,
            draft=seen.draft, changed_files=seen.changed_files,
            reviews=tuple(_review(review) for review in seen.reviews),
            pushes=tuple(Push(p.by.account(), p.at, p.after) for p in seen.pushes),
            retargeted_at=seen.retargeted_at,
        )  # fmt: skip

    def contributors(self) -> tuple[Commit, ...]:
        """The commits as they were before the merge."""
        return tuple(
            Commit(
                c.id, c.author.identity(), c.committer.identity(),
                tuple(who.identity() for who in c.co_authors), c.signed_by, c.clean_merge,
                c.only_approves,
            )
            for c in self.commits
        )  # fmt: skip

    def seen(self, judged: str) -> Mapping[str, str]:
        """Digest of the change at each reviewed commit where it was what landed."""
        return {r.commit: judged for r in self.pull.reviews if r.same}

    def visible(self) -> Mapping[str, datetime]:
        """When each reviewed commit was first pushed."""
        return {r.commit: r.pushed for r in self.pull.reviews if r.pushed is not None}

    def text(self) -> bytes:
        """Its one JSON text."""
        return digest.canonical(self.model_dump(mode="json"))


def _review(seen: ReviewSeen) -> ForgeReview:
    return ForgeReview(
        id=seen.id, by=seen.by.account(), at=seen.at, commit=seen.commit, state=seen.state,
        dismissed_from=seen.dismissed_from,
        dismissed_by=seen.dismissed_by.account() if seen.dismissed_by else None,
        dismissed_at=seen.dismissed_at, body=seen.body,
    )  # fmt: skip


def of_pull(
    pull: PullRequest, same: Mapping[str, bool | None], pushed: Mapping[str, datetime]
) -> PullSeen:
    """A pull request as it is kept.

    Args:
        pull: the pull request.
        same: whether each reviewed commit changes what was merged.
        pushed: when each was first pushed.
    """
    reviews = tuple(
        ReviewSeen(
            id=r.id, by=_account(r.by), at=r.at, commit=r.commit, state=r.state,
            same=same.get(r.commit), pushed=pushed.get(r.commit), dismissed_from=r.dismissed_from,
            dismissed_by=_account(r.dismissed_by) if r.dismissed_by else None,
            dismissed_at=r.dismissed_at, body=r.body,
        )
        for r in pull.reviews
    )  # fmt: skip
    return PullSeen(
        repository=pull.repository, number=pull.number, title=pull.title,
        base_branch=pull.base_branch, base=pull.base, head=pull.head, head_branch=pull.head_branch,
        opener=_account(pull.opener), instigators=tuple(map(_account, pull.instigators)),
        labels=pull.labels, draft=pull.draft, changed_files=pull.changed_files, reviews=reviews,
        pushes=tuple(PushSeen(by=_account(p.by), at=p.at, after=p.after) for p in pull.pushes),
        retargeted_at=pull.retargeted_at,
    )  # fmt: skip


def of_commit(commit: Commit) -> CommitSeen:
    """A commit as it is kept."""
    return CommitSeen(
        id=commit.id, author=_identity(commit.author), committer=_identity(commit.committer),
        co_authors=tuple(map(_identity, commit.co_authors)), signed_by=commit.signed_by,
        clean_merge=commit.clean_merge, only_approves=commit.only_approves,
    )  # fmt: skip


def _account(account: Account) -> AccountSeen:
    return AccountSeen(login=account.login, id=account.id, bot=account.bot)


def _identity(identity: Identity) -> IdentitySeen:
    return IdentitySeen(name=identity.name, email=identity.email)


def read(data: bytes) -> Verdict | str:
    """The verdict in a file, or why it is none."""
    try:
        jsontext.load(data)
        found = Verdict.model_validate_json(data, strict=True)
    except jsontext.Ambiguous as error:
        return str(error)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(key) for key in first['loc'])}: {first['msg'].lower()}"
    return found if found.text() == data else "not written as Charter writes it"


def path_of(change: str, number: int = 1) -> str:
    """Where the verdict on a change is kept; a later look at the same change has a number."""
    name = change.removeprefix("sha256:")
    return f"{FOLDER}/{name[:2]}/{name}{f'-{number}' if number > 1 else ''}.json"
