"""What other approval rules would have made of changes that were judged before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from governance import approval
from governance.approvals import Approvals
from governance.changeset import Opinion
from governance.effect import EffectKind
from governance.roles import Roles
from governance.tally import GRAVITY, Case, Demand, Standing, Tally

PROMOTIONS: Final[frozenset[EffectKind]] = frozenset(
    {"promotes-to-production", "promotes-to-staging"}
)


@dataclass(frozen=True, slots=True)
class Proposed:
    """Approval rules and people that are to hold instead."""

    policy: Approvals
    roles: Roles


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a change stood by the law of its base, and how it would stand."""

    before: Standing
    after: Standing
    responsible: tuple[Demand, ...]

    @property
    def flips(self) -> bool:
        """Whether it would have gone the other way."""
        return self.before.green != self.after.green

    @property
    def lost(self) -> bool:
        """Whether it would not have got through."""
        return self.before.green and not self.after.green


def under(case: Case, proposed: Proposed) -> Case:
    """The same change with the same opinions, before other rules and other people."""
    said = tuple(_known(opinion, proposed.roles) for opinion in case.opinions)
    return replace(case, policy=proposed.policy, roles=proposed.roles, opinions=said)


def _known(opinion: Opinion, roles: Roles) -> Opinion:
    if opinion.person is None or opinion.person in roles.people:
        return opinion
    return replace(opinion, person=None, invalid=opinion.invalid or "nobody in the proposed roles")


def of_change(case: Case, proposed: Proposed) -> Outcome:
    """A whole change by both laws."""
    before, after = approval.tally(case), approval.tally(under(case, proposed))
    return _outcome(before.demands, after.demands)


def of_promotion(case: Case, proposed: Proposed) -> Outcome:
    """A change by both laws as far as it brought a version where it serves."""
    other = under(case, proposed)
    before, after = approval.tally(case), approval.tally(other)
    return _outcome(_promoting(before, case.policy), _promoting(after, other.policy))


def _promoting(tally: Tally, policy: Approvals) -> tuple[Demand, ...]:
    """Demands of the rules that speak of bringing a version where it serves."""
    rules = {
        rule.id
        for rule in policy.rules
        if any(PROMOTIONS & set(leaf.changes or ()) for leaf in rule.when.leaves())
    }
    return tuple(demand for demand in tally.demands if demand.rule in rules)


def _outcome(before: tuple[Demand, ...], after: tuple[Demand, ...]) -> Outcome:
    was, now = _gravest(before), _gravest(after)
    if was.green and not now.green:
        responsible = tuple(demand for demand in after if not demand.standing.green)
    elif now.green and not was.green:
        responsible = tuple(demand for demand in before if not demand.standing.green)
    else:
        responsible = ()
    return Outcome(was, now, responsible)


def _gravest(demands: Iterable[Demand]) -> Standing:
    standings = (demand.standing for demand in demands)
    return max(standings, key=GRAVITY.index, default=Standing.APPROVED)
