"""What to type to mend what an audit found."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

from governance import approval, audit, digest, requirement
from governance.approvals import Approvals
from governance.audit import Cover, Covering, Remark
from governance.matching import Slot
from governance.tally import Case, Demand, Standing, Tally

_LACKING = frozenset({Cover.UNCOVERED, Cover.DEBT, Cover.OVERDUE})


def mendable(remarks: Iterable[Remark], covering: Covering, case: Case | None) -> Iterator[Remark]:
    """The remarks about a commit; where approvals are lacking, with the commands that give them."""
    for remark in remarks:
        found = covering.tally
        wanting = covering.cover in _LACKING and remark.rule == audit.COVER
        if not wanting or found is None or case is None:
            yield remark
        else:
            fix = "\n".join(_lines(found, covering, case.policy))
            yield replace(remark, finding=replace(remark.finding, fix=fix))


def _lines(found: Tally, covering: Covering, policy: Approvals) -> Iterator[str]:
    """Who is asked, then a line for each role that has an open seat."""
    seen, branch = digest.short(found.change.digest), found.change.branch
    open_ = [demand for demand in found.demands if demand.standing is not Standing.APPROVED]
    asked = "; ".join(dict.fromkeys(approval.fix(demand, seen) for demand in open_))
    roles = list(dict.fromkeys(role for demand in open_ for role in _roles(demand, found, policy)))
    if not roles:
        yield asked
        return
    yield f"{asked}; the record belongs on {branch}: sign, commit it to a branch, merge that"
    span = f"{covering.since[:12]}..{covering.until[:12]}"
    named = "" if policy.branches == (branch,) else f" --branch {shlex.quote(branch)}"
    yield from (f'charter approve {span} --role {role}{named} --because "…"' for role in roles)


def _roles(demand: Demand, found: Tally, policy: Approvals) -> Iterator[str]:
    """Roles whose holders could fill a seat that is open, the first of each seat."""
    if demand.objections:
        return
    labels = {seat.label for seat in demand.seats if seat.open and seat.candidates}
    for slot in _slots(demand, found, policy):
        if slot.label in labels:
            yield from slot.roles[:1]


def _slots(demand: Demand, found: Tally, policy: Approvals) -> tuple[Slot, ...]:
    require = {rule.id: rule.require for rule in policy.rules}.get(demand.rule, policy.otherwise)
    edited = [effect.subject for effect in found.effects if effect.kind == "changes-role"]
    return tuple(requirement.slots(require, edited))
