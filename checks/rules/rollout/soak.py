"""A step lasts as long as the policy asks before the next one.

Demands: a machine has signed that the version is on the step it leaves, and the step's `soak` has
    passed since that statement. Dates of commits count for nothing.
Why: what goes wrong shows with time, and to few (ML Governance and Release Policies, Release
    Management).
Fix: run `charter apply` for the step, commit its statement, and wait.
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
        yield from promotion.soak(promotions.ground, change)
