"""What must be looked at again, how often (`policies/reviews.yaml`), and what is overdue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from governance import glob, period
from governance.control import Framework
from governance.declaration import Declared, Name, Part, Policy, Text
from governance.glob import Glob
from governance.period import Period
from governance.strictness import More, Shorter

if TYPE_CHECKING:
    from governance.catalogue import Declarations
    from governance.records import Review
    from governance.roles import Roles

AUDIT: Final = "retention-audit"
"""The obligation that `charter retention audit` carries out."""


class Obligation(Part):
    """Something due again and again."""

    id: Name
    """Identity of the obligation."""
    title: Text
    """What is done."""
    every: Annotated[Period, Shorter]
    """Longest time between two of them."""
    owner: Name
    """The role that does it."""
    covers: Annotated[tuple[Glob, ...], Field(min_length=1), More]
    """Globs of the files it covers; of regulations, every new edition asks for it again."""


class Reviews(Policy):
    """Recurring obligations."""

    obligations: Annotated[tuple[Obligation, ...], Field(min_length=1), More]
    """The obligations."""


@dataclass(frozen=True, slots=True)
class Due:
    """An obligation and the last day to carry it out.

    `last` is the record of the review that counts, None when there is none. `overdue_days` is 0
    while there is time; `editions` names regulations whose edition has changed since `last`.
    """

    obligation: Obligation
    on: date
    overdue_days: int
    last: str | None = None
    editions: tuple[str, ...] = ()
    why: str = ""


def due(
    policy: Reviews, reviews: Iterable[Declared[Review]], declarations: Declarations, roles: Roles,
    now: datetime,
) -> tuple[Due, ...]:  # fmt: skip
    """When each obligation is due, and what opened it.

    A review counts when a holder of the obligation's role made it; the first is due `every` after
    the policy took effect.

    Args:
        policy: the obligations.
        reviews: what was reviewed.
        declarations: where the regulations stand.
        roles: who held which role.
        now: the moment of judgement.
    """
    reviews = tuple(reviews)
    found: list[Due] = []
    for obligation in policy.obligations:
        last = _counting(obligation, reviews, roles, now)
        found += _of(obligation, policy, last, declarations, now)
    return tuple(found)


def _counting(
    obligation: Obligation, reviews: Iterable[Declared[Review]], roles: Roles, now: datetime
) -> Declared[Review] | None:
    """The newest review of an obligation by somebody who owes it."""
    role = roles.roles.get(obligation.owner)
    members = role.members if role else ()
    counting = (
        review
        for review in reviews
        if review.value.obligation == obligation.id
        and review.value.at <= now
        and any(
            member.person in review.value.by and member.active(review.value.at.date())
            for member in members
        )
    )
    return max(counting, key=lambda review: (review.value.at, review.path), default=None)


def _of(
    obligation: Obligation, policy: Reviews, last: Declared[Review] | None,
    declarations: Declarations, now: datetime,
) -> Iterator[Due]:  # fmt: skip
    start = last.value.at.date() if last else policy.effective
    on = period.after(start, obligation.every)
    overdue = max(0, (now.date() - on).days)
    why = f"last done on {start}" if last else f"never done; in force since {start}"
    yield Due(obligation, on, overdue, last.path if last else None, why=why)
    if last is None:
        return
    there = catalogue(obligation, declarations)
    changed = tuple(
        f"{name}: {there[name]}"
        for name in sorted(there)
        if last.value.catalogue.get(name) != there[name]
    )
    if changed:
        yield Due(obligation, now.date(), 0, last.path, changed, "a regulation has another edition")


def catalogue(obligation: Obligation, declarations: Declarations) -> dict[str, str]:
    """Editions of the regulations an obligation covers, by their id."""
    covered = glob.any_of(obligation.covers)
    return {
        framework.value.id: f"{framework.value.version}, {framework.value.edition}"
        for framework in declarations.all(Framework)
        if covered.fullmatch(framework.path)
    }
