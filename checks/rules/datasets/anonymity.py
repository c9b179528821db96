"""Nobody stands out in the data a model is trained on.

Demands: among prepared rows, those that share everything by which others could recognise a
    person (kept quasi-identifiers and protected attributes) with fewer than k rows are no larger
    a share than the base's and the tree's `policies/privacy.yaml` allow for the kind of source.
Why: training data are anonymised before use (IE-MGP-2025.01 §2); a row that is alone with its
    date, age and sex is a person's row without a name.
Fix: generalise, truncate or drop one of the columns that the finding names.
"""

from collections.abc import Iterator

from governance.anonymity import Demand, exposed
from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.evidence import AnonymityFacts, PrivacyReport, of_dataset
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.privacy import Privacy


def evaluate(
    declarations: Declarations, law: Law, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    policies = [d.one(Privacy, "privacy").value for d in (declarations, law.declarations)]
    judged = 0
    for contract in declarations.all(Contract):
        path = of_dataset(contract.value.name, "privacy")
        report = found.files.get(path)
        if not isinstance(report, PrivacyReport):
            continue
        kind = contract.value.source.kind if contract.value.source else None
        demands = {demand for policy in policies if (demand := policy.demand(kind))}
        judged += bool(demands)
        for demand in sorted(demands, key=lambda one: (one.k, one.share)):
            yield from _judged(path, report.anonymity, demand)
    if not judged:
        yield NotApplicable("no policy demands it of a dataset that is here")


def _judged(path: str, facts: AnonymityFacts, demand: Demand) -> Iterator[Finding]:
    share = exposed(facts.below, facts.rows, demand.k)
    if share <= demand.share:
        return
    problem = (
        f"{facts.below[str(demand.k)]:,} of {facts.rows:,} rows ({share:.1%}) are alike with fewer"
        f" than {demand.k} in {', '.join(facts.attributes)}; at most {demand.share:.1%} may be"
    )
    fix = "generalise, truncate or drop one of these columns, and run `charter retrain`"
    yield Finding(Place(path, ("anonymity", "below", str(demand.k))), problem, fix)
