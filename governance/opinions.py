"""What people said, from each source, as opinions that the judgement can weigh."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ValidationError

from governance import jsontext
from governance.approvals import Approvals
from governance.authorship import Directory
from governance.changeset import CHANGE, Account, ForgeReview, Opinion, PullRequest
from governance.declaration import Declared
from governance.records import Approval
from governance.roles import Key, Roles
from governance.statement import Statement

SKEW: Final = timedelta(minutes=10)
"""How far the clock of a signer may be ahead."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with whose keys it has to be checked; `problem` when it cannot be read."""

    record: Declared[Approval]
    statement: Statement | None
    problem: str | None = None


def statement_of(record: Declared[Approval]) -> Signed:
    """The statement in an approval record, read strictly."""
    text = record.value.statement
    try:
        jsontext.load(text.encode())
        return Signed(record, Statement.model_validate_json(text, strict=True))
    except jsontext.Ambiguous as error:
        return Signed(record, None, str(error))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"])
        return Signed(record, None, f"{where}: {first['msg'].lower()}")


def recorded(  # noqa: PLR0913 - one argument per thing it is held against
    signed: Signed, key: str | None, *, roles: Roles, policy: Approvals, branch: str,
    now: datetime, settled: bool,
) -> Opinion | None:  # fmt: skip
    """The opinion in a signed record; None for one about another change.

    Args:
        signed: the record and its statement.
        key: the public key that made the signature, None when it is nobody's of that person.
        roles: people and keys of the base.
        policy: approval rules of the base.
        branch: the branch the change is for.
        now: the moment of judgement.
        settled: the record stands on the base already: its key was judged when it came there, and
            it speaks about this change only if it names its digest.
    """
    path, statement = signed.record.path, signed.statement
    if statement is None:
        return Opinion(
            path, now, None, path, "approve", CHANGE, None,
            invalid=f"its statement cannot be read: {signed.problem}",
        )  # fmt: skip
    said = statement.predicate
    invalid = _void(signed.record, statement, key, roles, policy, branch, now, settled=settled)
    person = said.by if said.by in roles.people else None
    return Opinion(
        source=path, at=said.at.astimezone(UTC), person=person, who=said.by, said=said.said,
        subject=statement.about, digest=statement.digest, role=said.role,
        rationale=said.because, invalid=invalid, own=not settled,
        bot=person is not None and roles.people[person].kind == "bot",
    )  # fmt: skip


def _void(  # noqa: PLR0913 - every ground on which a signature counts for nothing
    record: Declared[Approval], statement: Statement, key: str | None, roles: Roles,
    policy: Approvals, branch: str, now: datetime, *, settled: bool,
) -> str | None:  # fmt: skip
    said = statement.predicate
    if said.by not in roles.people:
        return "nobody in the roles of the base"
    if key is None:
        return "the signature is by no key of theirs"
    if said.repository != policy.repository:
        return f"signed for the repository {said.repository}"
    if statement.about == CHANGE and said.branch != branch:
        return f"signed for the branch {said.branch}"
    if record.value.at != said.at:
        return "the record's moment is not the signed one"
    if said.at > now + SKEW:
        return f"signed in the future, {said.at:%Y-%m-%d %H:%M}"
    declared = next(k for k in roles.people[said.by].keys if k.public == key)
    return _lapsed(declared, said.at.astimezone(UTC), now, settled=settled)


def _lapsed(key: Key, at: datetime, now: datetime, *, settled: bool) -> str | None:
    """Why a key does not count, if it does not.

    The moment in a statement is its signer's word: until the record has reached the base, the key
    has to count today as well.
    """
    for moment in (at,) if settled else (at, now):
        if moment.date() < key.valid_from:
            return f"the key counts from {key.valid_from}"
        if key.valid_until is not None and moment.date() > key.valid_until:
            return f"the key expired on {key.valid_until}"
    return None


def relevant(opinions: Iterable[Opinion | None], digests: Mapping[str, str]) -> tuple[Opinion, ...]:
    """Opinions about this change: of older records only those that name what is judged now.

    An approval of another change stays in the repository for ever and says nothing here.
    """
    return tuple(
        found
        for found in opinions
        if found is not None
        and (found.own or found.subject != CHANGE or found.digest == digests[CHANGE])
        and found.subject in digests
    )


def reviewed(
    pull: PullRequest, seen: Mapping[str, str], visible: Mapping[str, datetime],
    roles: Roles,
) -> Iterator[Opinion]:  # fmt: skip
    """Opinions in the reviews of a pull request.

    Args:
        pull: the pull request.
        seen: digest of the change as it stood at each reviewed commit where it is known.
        visible: when each of those commits was first pushed.
        roles: people of the base.
    """
    known = Directory(roles)
    for review in pull.reviews:
        yield from _of_review(review, pull, seen, visible, known)


def _of_review(
    review: ForgeReview, pull: PullRequest, seen: Mapping[str, str | None],
    visible: Mapping[str, datetime], known: Directory,
) -> Iterator[Opinion]:  # fmt: skip
    state = review.dismissed_from if review.state == "dismissed" else review.state
    if state == "commented":
        return
    person, source = known.person_of(review.by), f"review {review.id}"
    there = [moment for moment in (visible.get(review.commit), pull.retargeted_at) if moment]
    yield Opinion(
        source=source, at=review.at, person=person, who=_who(review.by, person),
        said="approve" if state == "approved" else "reject", subject=CHANGE,
        digest=seen.get(review.commit), rationale=review.body,
        visible_from=max(there, default=None), invalid=_stranger(review.by, person, known),
        bot=review.by.bot,
    )  # fmt: skip
    if review.state == "dismissed":
        account = review.dismissed_by or Account("somebody", None)
        by = known.person_of(account)
        given, own = state == "approved", by is not None and by == person
        yield Opinion(
            source=f"dismissal of {source}", at=review.dismissed_at or review.at,
            person=person if given or own else by, who=_who(account, by),
            said="withdraw" if given or own else "lift", subject=CHANGE, digest=None,
            of=None if own and not given else person, bot=account.bot,
        )  # fmt: skip


def _who(account: Account, person: str | None) -> str:
    return person or account.login


def _stranger(account: Account, person: str | None, known: Directory) -> str | None:
    if account.bot:
        return "a bot"
    if person is not None:
        return None
    if account.id is None:
        return "the account was deleted"
    if known.once(account.login):
        return f"the login now belongs to account {account.id}, which the roles do not name"
    return "nobody in the roles of the base"
