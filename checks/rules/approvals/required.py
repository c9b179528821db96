"""A change carries every approval it needs.

Demands: each seat of each rule of `policies/approvals.yaml` that applies is filled, by different
    people who did not write the change, with valid opinions about exactly these bytes.
Why: nobody changes policy, data, models or their judges alone (ML Governance and Release
    Policies, Approval Gates; IE-MGP-2025.01, Approval Matrix).
Fix: ask one of the people named, or sign with `charter approve`; `charter approvals` shows all.
"""

from collections.abc import Iterator

from governance import digest
from governance.approval import fix
from governance.finding import Finding, NotApplicable
from governance.tally import Demand, Tally


def evaluate(tally: Tally | None) -> Iterator[Finding | NotApplicable]:
    if tally is None:
        yield NotApplicable("no change was named with --base")
        return
    if not tally.change.touched:
        yield NotApplicable("the change touches nothing that needs approval")
        return
    for demand in tally.demands:
        if not demand.standing.green:
            yield _finding(demand, tally)


def _finding(demand: Demand, tally: Tally) -> Finding:
    seen = digest.short(tally.change.digest)
    lacking = [f"{s.label} {len(s.filled)} of {s.needed}" for s in demand.seats if s.open]
    parts = [f"{opinion.who} objects: {opinion.rationale}" for opinion in demand.objections]
    parts += [*demand.problems, *lacking]
    problem = f"{demand.rule} is {demand.standing}: {'; '.join(parts)}"
    notes = [f"because: {reason}" for reason in demand.reasons[:3]]
    notes += [f"ignored: {ignored}" for ignored in demand.ignored]
    return Finding(demand.at, problem, fix(demand, seen), tuple(notes))
