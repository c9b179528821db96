"""Whether people confirmed what speaks for itself: a dataset, or a removal of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from governance import approval, digest, seats
from governance.approvals import Approvals
from governance.authorship import identity_of
from governance.changeset import Changeset, Commit, Opinion, Touched, Version
from governance.effect import Effect, EffectKind
from governance.finding import Place
from governance.roles import Roles
from governance.tally import Case, Demand

_NOWHERE: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How the demands on one subject stand; nothing that asks for it confirms nothing."""

    subject: str
    digest: str
    demands: tuple[Demand, ...]

    @property
    def satisfied(self) -> bool:
        """Whether somebody is asked, and everybody who is asked said yes."""
        return bool(self.demands) and all(demand.standing.green for demand in self.demands)

    @property
    def people(self) -> tuple[str, ...]:
        """Who confirmed it, as far as they count."""
        filled = (o for demand in self.demands for seat in demand.seats for o in seat.filled)
        return tuple(dict.fromkeys(o.who for o in filled))

    @property
    def lacking(self) -> tuple[str, ...]:
        """What is missing, in words: objections, problems, open seats."""
        if not self.demands:
            kind = self.subject.partition(":")[0]
            meant = ", ".join(sorted(seats.OF_SUBJECT[kind]))
            return (f"no rule of policies/approvals.yaml speaks of {meant}",)
        found = [f"{o.who} objects: {o.rationale}" for d in self.demands for o in d.objections]
        for demand in self.demands:
            found += [f"{demand.rule}: {problem}" for problem in demand.problems]
            found += [
                f"{demand.rule}: {seat.label} {len(seat.filled)} of {seat.needed}"
                for seat in demand.seats
                if seat.open
            ]
        return tuple(dict.fromkeys(found))

    @property
    def ignored(self) -> tuple[str, ...]:
        """Every word that does not count, with its reason."""
        return tuple(
            dict.fromkeys(
                str(ignored)
                for demand in self.demands
                if not demand.standing.green
                for ignored in demand.ignored
            )
        )

    @property
    def fix(self) -> str:
        """Who has to do what."""
        if not self.demands:
            return "add a rule that says who confirms it"
        seen = digest.short(self.digest)
        asked = [approval.fix(d, seen) for d in self.demands if not d.standing.green]
        roles = {
            role for d in self.demands for seat in d.seats if seat.open for role in [seat.label]
        }
        role = next(iter(sorted(roles)), "ROLE").split()[0] if len(roles) == 1 else "ROLE"
        command = f'charter approve {self.subject} --role {role} --because "…" --commit'
        return "; ".join([*dict.fromkeys(asked), command])


@dataclass(frozen=True, slots=True)
class Confirmations:
    """How each dataset stands with those who confirm data, by `dataset:<name>`."""

    by_subject: Mapping[str, Confirmation]


def confirmation(  # noqa: PLR0913 - what, by whom, under which law, when
    subject: str, seen: str, said: Iterable[Opinion], *, policy: Approvals, roles: Roles,
    now: datetime, by: Iterable[str] = (), expires: bool = True,
    kinds: frozenset[EffectKind] | None = None,
) -> Confirmation:  # fmt: skip
    """How a subject stands under the rules that speak of it.

    Args:
        subject: such as `dataset:<name>`.
        seen: its digest.
        said: signed opinions about it.
        policy: approval rules of the base.
        roles: people and keys of the base.
        now: the moment of judgement.
        by: people who brought it about, who never confirm it themselves.
        expires: whether an approval ends with the time its rule gives it. What follows the bytes
            of a dataset does not: the bytes are the same next year.
        kinds: what is about to be done with it; everything that can be when none.
    """
    kinds = kinds or seats.OF_SUBJECT[subject.partition(":")[0]]
    effects = tuple(
        Effect(kind, subject, Place(subject), (subject,), subject) for kind in sorted(kinds)
    )
    asking = {wanted.rule for wanted in seats.of_subject(subject, policy, kinds)}
    rules = tuple(
        rule if expires else rule.model_copy(update={"expires_after": None})
        for rule in policy.rules
        if rule.id in asking
    )
    # Nobody wrote a subject that speaks for itself; whoever brought it about is told by `by`.
    law = policy.model_copy(update={"rules": rules, "unverified_authorship": "accept", "free": ()})
    people = tuple(dict.fromkeys(by))
    change = Changeset(
        branch="", base=_NOWHERE, head=_NOWHERE, tree=subject,
        touched=(Touched(subject, None, Version("file", seen)),),
        commits=tuple(_made_by(person, roles) for person in people if person in roles.people),
        subjects={subject: seen},
    )  # fmt: skip
    tally = approval.tally(Case(law, roles, change, effects, tuple(said), now))
    demands = tuple(demand for demand in tally.demands if demand.rule in asking)
    return Confirmation(subject, seen, demands)


def _made_by(person: str, roles: Roles) -> Commit:
    identity = identity_of(person, roles)
    return Commit(id=_NOWHERE, author=identity, committer=identity, signed_by=person)
