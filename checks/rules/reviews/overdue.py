"""No recurring review is overdue.

Demands: each obligation of the base's and the tree's `policies/reviews.yaml` was carried out
    within its period by a holder of its role, counted from the last review, or from the day the
    policy took effect.
Why: retention is audited quarterly, anonymisation and policies are reviewed regularly (ML
    Governance and Release Policies, Review Cadence; Privacy, Retention, and Compliance).
Fix: carry the review out and record it in `records/reviews/`; for the retention audit run
    `charter retention audit --write --by PERSON`.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, Law
from governance.facts import Now
from governance.finding import Finding, Place
from governance.records import Review
from governance.reviews import AUDIT, Due, Reviews, due
from governance.roles import Roles


def evaluate(declarations: Declarations, law: Law, now: Now) -> Iterator[Finding]:
    declared = declarations.one(Reviews, "reviews")
    base = law.declarations.one(Reviews, "reviews").value
    roles = declarations.one(Roles, "roles").value
    records = declarations.all(Review)
    told: set[str] = set()
    for policy in (declared.value, base):
        ids = [obligation.id for obligation in declared.value.obligations]
        for entry in due(policy, records, declarations, roles, now.moment):
            name = entry.obligation.id
            if not entry.overdue_days or name in told:
                continue
            told.add(name)
            route = ("obligations", ids.index(name)) if name in ids else ("obligations",)
            yield _finding(entry, declared.at(*route))


def _finding(entry: Due, place: Place) -> Finding:
    owed = entry.obligation
    problem = (
        f"{owed.id} was due on {entry.on} and is {_days(entry.overdue_days)} late"
        f" ({entry.why}): {owed.title}"
    )
    fix = f"{owed.owner} carries it out and records it in records/reviews/"
    if owed.id == AUDIT:
        fix = f"{owed.owner} runs `charter retention audit --write --by PERSON`"
    notes = (
        f"owner: {owed.owner}",
        "blocks: the next promotion, and every change until then",
    )
    return Finding(place, problem, fix, notes)


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"
