"""The champion is the version that answers everybody.

Demands: where a change names another `champion`, the newest deployment statement of the model puts
    exactly that version on the last step.
Why: candidates are compared with the prior approved model; a champion that never served is no
    measure (ML Governance and Release Policies, Monitoring and Escalation).
Fix: roll the version out to the last step first.
"""

from collections.abc import Iterator

from governance import promotion
from governance.finding import Finding, NotApplicable
from governance.promotion import Promotions


def evaluate(promotions: Promotions | None) -> Iterator[Finding | NotApplicable]:
    if promotions is None:
        yield NotApplicable("no change was named with --base")
        return
    for declared in promotions.champions:
        yield from promotion.champion(promotions.ground, declared)
