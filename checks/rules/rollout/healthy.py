"""A step was watched from its first minute, and was well.

Demands: telemetry snapshots of these bytes on the step cover the time since its deployment
    statement with no gap longer than `snapshot_minutes`, hold enough rows to tell drift, and
    breach no bound of the base's `policies/monitoring.yaml` and `policies/release.yaml`. Silence
    and thin data are inconclusive, which is not green. Performance and fairness count once enough
    outcomes are known.
Why: performance and drift are monitored (ML Governance and Release Policies, Monitoring and
    Escalation; IE-MGP-2025.01 §4).
Fix: publish the missing snapshots, or take the version back with `charter rollback MODEL`.
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
        yield from promotion.healthy(promotions.ground, change)
