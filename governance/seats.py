"""What a signature would be worth, said before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from governance import requirement
from governance.approvals import ApprovalRule, Approvals
from governance.changeset import Said
from governance.effect import EffectKind
from governance.matching import Slot
from governance.roles import Roles
from governance.tally import Demand, Tally

OF_SUBJECT: Final[dict[str, frozenset[EffectKind]]] = {
    "dataset": frozenset({"lands-data"}),
    "removal": frozenset({"removes-data"}),
    "model": frozenset({"registers-version", "promotes-to-staging", "promotes-to-production"}),
}
"""Meanings of a change that approving such a subject on its own can answer for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule that wants approvals of the subject, with its seats as they stand, where known."""

    rule: str
    slots: tuple[Slot, ...]
    demand: Demand | None = None
    reading: bool = False
    contributors: bool = False
    veto: tuple[str, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """Roles that have a seat."""
        return frozenset(role for slot in self.slots for role in slot.roles)


def of_change(tally: Tally, policy: Approvals) -> tuple[Wanted, ...]:
    """What the rules want of a change."""
    rules = {rule.id: rule for rule in policy.rules}
    edited = [effect.subject for effect in tally.effects if effect.kind == "changes-role"]
    found = []
    for demand in tally.demands:
        rule = rules.get(demand.rule)
        require = policy.otherwise if rule is None else rule.require
        found.append(_wanted(demand.rule, tuple(requirement.slots(require, edited)), rule, demand))
    return tuple(found)


def of_subject(
    subject: str, policy: Approvals, kinds: frozenset[EffectKind] | None = None
) -> tuple[Wanted, ...]:
    """What the rules may want of a dataset or a version, whatever change brings it.

    With `kinds`, only what they want of changes with such a meaning.
    """
    kinds = kinds or OF_SUBJECT[subject.partition(":")[0]]
    return tuple(
        _wanted(rule.id, tuple(requirement.slots(rule.require)), rule, None)
        for rule in policy.rules
        if any(kinds & set(leaf.changes or ()) for leaf in rule.when.leaves())
    )


def _wanted(
    name: str, slots: tuple[Slot, ...], rule: ApprovalRule | None, demand: Demand | None
) -> Wanted:
    if rule is None:
        return Wanted(name, slots, demand)
    reading = rule.reading_minutes is not None
    return Wanted(name, slots, demand, reading, rule.contributors_may_approve, rule.veto)


def usable(held: tuple[str, ...], wanted: tuple[Wanted, ...]) -> tuple[str, ...]:
    """Of the roles a person holds, those that have a seat or a veto."""
    asked = {role for rule in wanted for role in (*rule.roles, *rule.veto)}
    return tuple(role for role in held if role in asked)


def doubts(  # noqa: PLR0913 - who, as what, says what, on what
    person: str, role: str, said: Said, wanted: tuple[Wanted, ...], *, roles: Roles,
    policy: Approvals, day: date, tally: Tally | None,
) -> Iterator[str]:  # fmt: skip
    """Each reason why a statement would count for nothing.

    Args:
        person: who would sign; they hold `role`.
        role: the role they would speak in.
        said: what they would say.
        wanted: rules that want approvals of the subject.
        roles: people and roles of the base.
        policy: approval rules of the base.
        day: the day of signing.
        tally: how the change stands; None for a subject of its own.
    """
    if said == "withdraw":
        return
    if roles.people[person].kind == "bot":
        yield f"{person} is a bot and fills no seat"
        return
    if said == "break-glass":
        yield from _unbreakable(person, role, roles, policy, day)
        wanted = ()
    elif said == "reject":
        if not any(role in {*rule.roles, *rule.veto} for rule in wanted):
            yield f"{role} has neither seat nor veto here, so its objection stops nothing"
        return
    elif not any(_sits(person, role, slot, roles, day) for rule in wanted for slot in rule.slots):
        asked = sorted({str(slot.label) for rule in wanted for slot in rule.slots})
        here = f"wanted are {', '.join(asked)}" if asked else "nothing here wants approval"
        yield f"{person} fills no seat as {role}: {here}"
    mine = [rule for rule in wanted if role in rule.roles]
    if tally is not None and (how := tally.authorship.people.get(person)):
        author = person in tally.authorship.authors
        if author or not any(rule.contributors for rule in mine):
            yield f"{person} is a contributor of the change ({how}), and nobody approves their own"
    if mine and all(rule.reading for rule in mine):
        names = ", ".join(rule.rule for rule in mine)
        yield f"{names} asks for time to read, which only a review at the forge can show"


def _sits(person: str, role: str, slot: Slot, roles: Roles, day: date) -> bool:
    return role in slot.roles and person in roles.holders(role, slot.function, day)


def _unbreakable(
    person: str, role: str, roles: Roles, policy: Approvals, day: date
) -> Iterator[str]:
    if policy.break_glass is None:
        yield "policies/approvals.yaml knows no break_glass"
        return
    places = tuple(requirement.slots(policy.break_glass.require))
    if not any(_sits(person, role, slot, roles, day) for slot in places):
        asked = ", ".join(slot.label for slot in places)
        yield f"{role} may not break the glass: {asked} may"
