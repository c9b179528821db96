"""A promotion has a way back that was tried.

Demands: once a version of the model has served everybody, `rollback_to` names one that has and was
    not taken back, stands on the governed branch, and was fetched and verified within
    `rollback_drill_every` by the statement of a machine.
Why: rollback plans are defined before a release (ML Governance and Release Policies, Release
    Management); one that nobody has tried is none.
Fix: name it in `models/<m>/rollout.yaml`, and run `charter rollback MODEL --drill`.
"""

from collections.abc import Iterator

from governance import promotion
from governance.finding import Finding, NotApplicable
from governance.promotion import Promotions


def evaluate(promotions: Promotions | None) -> Iterator[Finding | NotApplicable]:
    if promotions is None:
        yield NotApplicable("no change was named with --base")
        return
    for change in promotions.growing:
        yield from promotion.way_back(promotions.ground, change)
