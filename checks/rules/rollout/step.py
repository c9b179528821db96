"""A rollout takes the next step, and no other.

Demands: a new version begins on the first step of the base's `policies/release.yaml`; a version
    moves on by one step; it may go back any number of steps, and to the rollback target at once.
    Every deployment statement says what was put where.
Why: canary in staging, then limited exposure, then everyone (ML Governance and Release Policies,
    Release Management).
Fix: set `step` in `models/<m>/rollout.yaml` to the next step.
"""

from collections.abc import Iterator

from governance import promotion
from governance.finding import Finding, NotApplicable
from governance.promotion import Promotions


def evaluate(promotions: Promotions | None) -> Iterator[Finding | NotApplicable]:
    if promotions is None:
        yield NotApplicable("no change was named with --base")
        return
    yield from promotions.malformed
    for change in promotions.growing:
        yield from promotion.step(promotions.ground, change)
