"""No identifier of a person stands where the contract declares none.

Demands: the search through the landed bytes found no e-mail address, phone, card, account, tax,
    health or social security number, and no machine's address, in a column that is not a
    direct-identifier; save for kinds the column declares to resemble (`looks_like`). Numbers
    count when they add up more often than chance explains.
Why: training data are anonymised or pseudonymised before use, whatever their columns are called
    (IE-MGP-2025.01 §2).
Fix: classify the column as direct-identifier and drop or pseudonymise it.
"""

from collections.abc import Iterator

from governance import disclosure
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.evidence import PrivacyReport, of_dataset
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place


def evaluate(declarations: Declarations, found: Evidence) -> Iterator[Finding | NotApplicable]:
    searched = 0
    for contract in declarations.all(Contract):
        path = of_dataset(contract.value.name, "privacy")
        report = found.files.get(path)
        if not isinstance(report, PrivacyReport):
            continue  # runs/complete or runs/readable speaks of it
        searched += 1
        names = [column.name for column in contract.value.columns]
        for facts in disclosure.undeclared(report):
            place = Place(path, ("identifiers", report.identifiers.index(facts)))
            if facts.column in names:
                place = contract.at("schema", 0, "properties", names.index(facts.column))
            yield Finding(place, disclosure.seen(facts), disclosure.DECLARE)
    if not searched:
        yield NotApplicable("no dataset was searched")
