"""The board's decision: its votes are signed opinions of its members, and counted only here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from governance import digest
from governance.changeset import Opinion
from governance.opinions import SKEW
from governance.records import Decision
from governance.roles import Roles

Vote = Literal["yes", "no", "abstain"]


@dataclass(frozen=True, slots=True)
class SignedOpinions:
    """Every approval record of the judged tree as an opinion.

    `invalid` says why one counts for nothing: its signature, its key, its moment. `roles` are
    those it was held against.
    """

    opinions: tuple[Opinion, ...]
    roles: Roles


@dataclass(frozen=True, slots=True)
class Ballot:
    """What members of boards signed about one subject, and why other opinions are no votes.

    `ignored` says of each person with a word that is none why it is none.
    """

    votes: Mapping[str, Literal["yes", "no"]]
    ignored: Mapping[str, str]


def boards(roles: Roles) -> tuple[str, ...]:
    """Roles that sit as a board: those in which functions must be represented."""
    return tuple(name for name, role in roles.roles.items() if role.functions)


def members(roles: Roles, at: datetime) -> tuple[str, ...]:
    """Everyone on a board at a moment, deputies among them."""
    found = {p for board in boards(roles) for p in roles.holders(board, None, at.date())}
    return tuple(sorted(found))


def ballot(  # noqa: PLR0913 - what was said, by whom, about what, until when
    said: Iterable[Opinion], roles: Roles, *, subject: str, seen: str, until: datetime,
    written: Mapping[str, str] | None = None,
) -> Ballot:  # fmt: skip
    """The votes on a subject: the newest word of each member of a board.

    Args:
        said: opinions from signed records; one that is invalid is no vote.
        roles: people and boards.
        subject: what was decided on.
        seen: the digest the board saw.
        until: the moment of the decision.
        written: people who wrote what is decided on, and how: they have no vote, and their
            deputies have one. None when that is not known any more.
    """
    votes: dict[str, Literal["yes", "no"]] = {}
    ignored: dict[str, list[str]] = {}
    by_person: dict[str, list[Opinion]] = {}
    for opinion in said:
        if opinion.subject != subject or opinion.said == "break-glass":
            continue
        if opinion.invalid or opinion.person is None or opinion.bot:
            ignored.setdefault(opinion.who, []).append(opinion.invalid or "a bot")
        elif opinion.at > until + SKEW:
            ignored.setdefault(opinion.who, []).append("signed after the decision")
        else:
            by_person.setdefault(opinion.person, []).append(opinion)
    for person, mine in by_person.items():
        newest = _newest(mine, roles)
        reason = _no_vote(newest, roles, seen)
        if reason is None and written is not None:
            reason = written.get(person) or _spare(newest, roles, written)
        if reason is None:
            votes[person] = "yes" if newest.said == "approve" else "no"
        else:
            ignored.setdefault(person, []).append(reason)
    why = {who: "; ".join(dict.fromkeys(reasons)) for who, reasons in sorted(ignored.items())}
    return Ballot(dict(sorted(votes.items())), why)


def _newest(mine: list[Opinion], roles: Roles) -> Opinion:
    """What a person says last; of approvals that stand side by side, the one of a board."""
    mine.sort(key=lambda opinion: (opinion.at, opinion.said != "approve", opinion.source))
    since = max((i for i, opinion in enumerate(mine) if opinion.said != "approve"), default=-1)
    standing = mine[since + 1 :] or mine[-1:]
    seated = [opinion for opinion in standing if _seated(opinion, roles)]
    return (seated or standing)[-1]


def _seated(opinion: Opinion, roles: Roles) -> bool:
    """Whether a person spoke as the member of a board they were on that day."""
    role = opinion.role or ""
    return role in boards(roles) and opinion.person in roles.holders(role, None, opinion.at.date())


def _no_vote(opinion: Opinion, roles: Roles, seen: str) -> str | None:
    if opinion.said not in {"approve", "reject"}:
        return "withdrawn"
    if not _seated(opinion, roles):
        return f"signed as {opinion.role}, not as a member of the board"
    if opinion.digest != seen:
        saw = digest.short(opinion.digest) if opinion.digest else "other bytes"
        return f"saw {saw}, decided on is {digest.short(seen)}"
    return None


def _spare(opinion: Opinion, roles: Roles, written: Mapping[str, str]) -> str | None:
    """Why a deputy has no vote: a member for the same function could have cast it."""
    day, role = opinion.at.date(), opinion.role or ""
    mine = [m for m in roles.roles[role].members if m.person == opinion.person and m.active(day)]
    for seat in mine:
        held = roles.holders(role, seat.function, day)
        able = [p for p, capacity in held.items() if capacity != "deputy" and p not in written]
        if seat.capacity != "deputy" or not able:
            return None
    return "a deputy, while a member can vote"


def carried(votes: Mapping[str, Vote]) -> bool:
    """Whether more members said yes than no."""
    said = list(votes.values())
    return said.count("yes") > said.count("no")


def unbacked(decision: Decision, said: SignedOpinions) -> Iterator[tuple[str, str]]:
    """Each recorded vote that nobody signed so, with what was found instead."""
    found = ballot(
        said.opinions, said.roles, subject=decision.subject, seen=decision.digest,
        until=decision.at,
    )  # fmt: skip
    for person, vote in decision.votes.items():
        signed = found.votes.get(person)
        if vote in {"abstain", signed}:
            continue
        if signed is not None:
            yield person, f"signed {signed}"
        else:
            yield person, found.ignored.get(person, "no record")
