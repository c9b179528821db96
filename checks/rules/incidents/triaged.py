"""Every P0 incident of a model was decided about before the model is promoted.

Demands: of a model that a change promotes, each incident of severity P0 has an owner and a
    triage, in its own record or in one that names it with `of`; a closed one as well.
Why: all P0 regressions are triaged before a release (ML Governance and Release Policies, Approval
    Gates).
Fix: add a record to `records/incidents/` with `of`, `owner` and `triage`.
"""

from collections.abc import Iterator

from governance import promotion
from governance.finding import Finding, NotApplicable
from governance.promotion import Promotions


def evaluate(promotions: Promotions | None) -> Iterator[Finding | NotApplicable]:
    if promotions is None:
        yield NotApplicable("no change was named with --base")
        return
    for model in promotions.models:
        yield from promotion.triaged(promotions.ground, model)
