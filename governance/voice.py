"""What each person says now, of all they ever said about a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.approvals import ApprovalRule
from governance.changeset import CHANGE, Opinion
from governance.matching import Slot
from governance.tally import Case, Ignored, Standing


def latest(spoken: list[Opinion], case: Case, roles: set[str]) -> Iterator[Opinion]:
    """What each person says now: the newest word of each, after withdrawals and lifted objections.

    Approvals a person gave in several roles stand side by side; any other word ends them all.
    """
    by_person: dict[str, list[Opinion]] = {}
    for opinion in spoken:
        if opinion.person is not None and opinion.invalid is None and opinion.said != "lift":
            by_person.setdefault(opinion.person, []).append(opinion)
    for person, mine in by_person.items():
        mine.sort(key=lambda o: (o.at, _WEIGHT[o.said], o.source))
        newest, objection = mine[-1], _objection(mine, case)
        if objection is not None:
            if not _lifted(objection, person, spoken, case):
                yield objection
            continue
        if newest.said != "approve":
            yield newest
            continue
        since = max((i for i, o in enumerate(mine) if o.said != "approve"), default=-1)
        by_role = {opinion.role: opinion for opinion in mine[since + 1 :]}
        yield from (o for role, o in by_role.items() if role in {None, *roles} or o is newest)


def _objection(mine: list[Opinion], case: Case) -> Opinion | None:
    """The newest objection among a person's words in their order, unless they took it back.

    They do so by withdrawing it, or by approving what is judged. An approval of other bytes leaves
    it standing: else a change could go on to something they accept, and back to what they refused.
    So does the dismissal of an approval, which anybody may do at a forge.
    """
    found: Opinion | None = None
    for word in mine:
        if word.said == "reject":
            found = word
        elif found is not None and word.said == "approve":
            same = word.subject in {CHANGE, found.subject}
            found = None if same and word.digest == case.digests.get(word.subject) else found
        elif word.of is None:
            found = None
    return found


_WEIGHT: Final = {"approve": 0, "withdraw": 1, "reject": 2}


def _lifted(objection: Opinion, person: str, spoken: list[Opinion], case: Case) -> bool:
    """Whether a role named for it, and no contributor, lifted an objection after it was made."""
    for lift in spoken:
        if lift.said == "lift" and lift.of == person and lift.at >= objection.at and not lift.bot:
            roles = set(case.roles.held_by(lift.person or "", case.day))
            if roles & set(case.policy.lifts) and lift.person not in case.authorship.people:
                return True
    return False


def may_object(opinion: Opinion, rule: ApprovalRule, slots: tuple[Slot, ...], case: Case) -> bool:
    """Whether a person's no stops the demand: they hold one of its seats, or a veto."""
    if opinion.bot:
        return False
    held = set(case.roles.held_by(opinion.person or "", case.day))
    return bool(held & ({role for slot in slots for role in slot.roles} | set(rule.veto)))


def void(spoken: list[Opinion]) -> Iterator[Ignored]:
    """Opinions that are void in themselves."""
    for opinion in spoken:
        if opinion.invalid is not None:
            yield Ignored(opinion, Standing.INVALID, opinion.invalid)
        elif opinion.person is None and opinion.said in {"approve", "reject"}:
            yield Ignored(opinion, Standing.INVALID, "nobody in the roles of the base")
        elif opinion.said == "lift":
            yield Ignored(opinion, Standing.MISSING, f"dismissed the objection of {opinion.of}")


def superseded(spoken: list[Opinion], latest: list[Opinion]) -> Iterator[Ignored]:
    for opinion in spoken:
        known = opinion.person is not None and opinion.invalid is None
        if known and opinion.said in {"approve", "reject"} and opinion not in latest:
            yield Ignored(opinion, Standing.MISSING, "withdrawn, lifted or said anew later")


def silent(opinion: Opinion) -> str:
    return "withdrawn" if opinion.said == "withdraw" else "an objection without seat or veto"
