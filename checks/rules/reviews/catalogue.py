"""Reviews were made against today's editions of the regulations.

Demands: the last review of an obligation that covers `policies/controls/` names the version and
    edition each regulation has there, and `policies/privacy.yaml` answers the same editions.
Why: anonymisation is reviewed against GDPR, CDR and GLBA as they stand (ML Governance and
    Release Policies, Privacy, Retention, and Compliance).
Fix: review what the new edition changes, and record it with the editions under `catalogue`.
"""

import json
from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.control import Framework
from governance.facts import Now
from governance.finding import Finding
from governance.privacy import Privacy
from governance.records import Review
from governance.reviews import Reviews, catalogue, due
from governance.roles import Roles


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding]:
    declared = declarations.one(Reviews, "reviews")
    roles = declarations.one(Roles, "roles").value
    ids = [obligation.id for obligation in declared.value.obligations]
    for entry in due(declared.value, declarations.all(Review), declarations, roles, now.moment):
        if not entry.editions:
            continue
        owed = entry.obligation
        problem = (
            f"{owed.id} is due again: {entry.last} was not made against {'; '.join(entry.editions)}"
        )
        editions = json.dumps(catalogue(owed, declarations), ensure_ascii=False)
        fix = f"{owed.owner} reviews and records `catalogue: {editions}` in records/reviews/"
        place = declared.at("obligations", ids.index(owed.id), "covers")
        yield Finding(place, problem, fix, (f"owner: {owed.owner}",))
    yield from _unanswered(declarations)


def _unanswered(declarations: Declarations) -> Iterator[Finding]:
    editions = {found.value.id: found.value.edition for found in declarations.all(Framework)}
    for privacy in declarations.all(Privacy):
        for index, regulation in enumerate(privacy.value.regulations):
            there = editions.get(regulation.id, regulation.version)
            if there != regulation.version:
                place = privacy.at("regulations", index, "version")
                problem = (
                    f"{regulation.id} is answered as {regulation.version}, catalogued as {there}"
                )
                yield Finding(
                    place, problem, "review the newer edition, then name it in both files"
                )
