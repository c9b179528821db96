"""Nothing is overdue that a promotion has to wait for.

Demands: for every model that a change promotes, each obligation that concerns it or every model was
    carried out in time: the reviews of the base's and the tree's `policies/reviews.yaml` by holders
    of their roles, the review after its last release, the exercise of its way back, the licence of
    its data. What is overdue while nothing is promoted is told as a reason, and blocks nothing.
Why: retention is audited quarterly, anonymisation and policies are reviewed regularly, releases
    within seven days (ML Governance and Release Policies, Review Cadence; Release Management).
Fix: carry it out and record it; `charter obligations` lists everything due with its owner.
"""

from collections.abc import Iterator

from governance import promotion
from governance.due import Sources
from governance.finding import Finding, NotApplicable
from governance.obligations import calendar
from governance.promotion import Promotions


def evaluate(sources: Sources, promotions: Promotions | None) -> Iterator[Finding | NotApplicable]:
    if promotions is not None and promotions.models:
        told: dict[tuple[str, str], Finding] = {}
        for model in promotions.models:
            for found in promotion.overdue(promotions.ground, model):
                told[found.at.path, found.problem] = found
        yield from told.values()
        return
    today = sources.now.date()
    late = [due for due in calendar(sources) if due.blocks and due.late(today)]
    if late:
        names = ", ".join(f"{due.id} ({due.lateness(today)})" for due in late)
        yield NotApplicable(f"nothing is promoted here, which would have to wait for {names}")
