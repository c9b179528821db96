"""Who wrote a change. A name in a commit may only take rights away, never give any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from governance.changeset import Account, Changeset, Commit, Identity
from governance.roles import Roles

_NOREPLY: Final = re.compile(r"(?P<id>[0-9]+)\+[^@]+@users\.noreply\.[a-z0-9.-]+", re.IGNORECASE)
_FORGE: Final = "noreply@github.com"
"""The committer of changes made on the forge's pages; their author is who made them."""


@dataclass(frozen=True, slots=True)
class Authorship:
    """Everyone who had a hand in a change.

    `people` says for each contributor how; `authors` are those who opened it, wrote a commit,
    signed one, or pushed one that nobody signed. `verified` means that signatures, or a forge that
    saw every push, show who they are; `shown` are those of whom they show it.
    """

    people: Mapping[str, str]
    authors: frozenset[str]
    unattributed: tuple[str, ...]
    verified: bool
    shown: frozenset[str] = frozenset()

    @classmethod
    def of(cls, change: Changeset, roles: Roles) -> Authorship:
        """The authorship of a change, by the roles of its base."""
        known = Directory(roles)
        people: dict[str, str] = {}
        authors: set[str] = set()
        unattributed: list[str] = []
        written = [c for c in change.commits if not c.clean_merge and not c.only_approves]
        signed = bool(written) and all(commit.signed_by for commit in written)
        shown = {commit.signed_by for commit in written if commit.signed_by}
        for how, account in _accounts(change):
            person = known.person_of(account)
            if person is not None:
                people.setdefault(person, how)
                shown.add(person)
                # Under an unsigned commit anybody's name can stand: who pushed it is who it is.
                authors |= {person} if how != "pushed to it" or not signed else set()
            elif not account.bot:
                unattributed.append(f"the work of {account.login}")
        for commit in written:
            found = dict(_of_commit(commit, known))
            for person, how in found.items():
                people.setdefault(person, how)
                authors |= {person} if how == "author" or person == commit.signed_by else set()
            if not any(how == "author" for how in found.values()):
                unattributed.append(f"{commit.id[:12]} by {commit.author.email or 'nobody'}")
        verified = signed or _witnessed(change, written, known)
        seen = frozenset(shown)
        return cls(people, frozenset(authors), tuple(unattributed), verified, seen)


def _accounts(change: Changeset) -> Iterator[tuple[str, Account]]:
    if change.pull is not None:
        yield "author", change.pull.opener
        for account in change.pull.instigators:
            yield "author", account
        for push in change.pull.pushes:
            yield "pushed to it", push.by


def _of_commit(commit: Commit, known: Directory) -> Iterator[tuple[str, str]]:
    """People of one commit, the author last so that the gravest word stays."""
    for identity in commit.co_authors:
        if person := known.person_at(identity):
            yield person, "co-author"
    if commit.signed_by is not None:
        yield commit.signed_by, "signed a commit"
    if commit.committer.email.lower() != _FORGE and (person := known.person_at(commit.committer)):
        yield person, "committer"
    if person := known.person_at(commit.author):
        yield person, "author"


def _witnessed(change: Changeset, written: Iterable[Commit], known: Directory) -> bool:
    """Whether a forge saw who pushed every commit: the newest push ends at the head.

    A bot pushes what others wrote: of an unsigned commit in a person's name it shows nothing.
    """
    pull = change.pull
    if pull is None or not any(push.after == change.head for push in pull.pushes):
        return False
    claimed = [commit for commit in written if not commit.signed_by and known.claims_human(commit)]
    return not claimed or not any(push.by.bot for push in pull.pushes)


def identity_of(person: str, roles: Roles) -> Identity:
    """A name and address that lead to the person, as far as the roles have any."""
    human = roles.people.get(person)
    if human is None:
        return Identity(person, f"{person}@nobody.invalid")
    address = next(iter((human.email, *human.aliases)), None)
    if address is None and human.github:
        address = f"{human.github[0].id}+{person}@users.noreply.github.com"
    return Identity(human.name, address or f"{person}@nobody.invalid")


class Directory:
    """People by their accounts and addresses."""

    def __init__(self, roles: Roles) -> None:
        self.roles = roles
        self._by_account = {a.id: p for p, human in roles.people.items() for a in human.github}
        self._by_login = {
            a.login.lower(): p for p, human in roles.people.items() for a in human.github
        }
        self._by_address = {
            address.lower(): person
            for person, human in roles.people.items()
            for address in (human.email, *human.aliases)
            if address
        }

    def claims_human(self, commit: Commit) -> bool:
        """Whether a commit carries the name of somebody who is no bot."""
        person = self.person_at(commit.author)
        return person is None or self.roles.people[person].kind == "human"

    def person_of(self, account: Account) -> str | None:
        """Whose account it is, by its number: a login can be given up and taken by a stranger."""
        return self._by_account.get(account.id) if account.id is not None else None

    def once(self, login: str) -> str | None:
        """The person the roles name for a login, whoever owns it now."""
        return self._by_login.get(login.lower()) if login.isascii() else None

    def person_at(self, identity: Identity) -> str | None:
        """Whose address a commit carries."""
        email = identity.email.strip()
        if not email.isascii():
            return None
        if found := _NOREPLY.fullmatch(email):
            return self._by_account.get(int(found["id"]))
        return self._by_address.get(email.lower())
