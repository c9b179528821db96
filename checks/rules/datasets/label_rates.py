"""The label is about as frequent in every group of a protected attribute.

Demands: the rates of a label that is a rate differ by at most `rate_difference_at_most` between
    the groups; a waiver on the contract lets a difference pass that reflects the world.
Why: a model learns the difference it is shown (IE-MGP-2025.01 §2, Bias Detection).
Fix: find out where the difference comes from and mend the data, or have a waiver merged first.
"""

from collections.abc import Iterator

from governance import waivers
from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.evidence import BiasScan, of_dataset
from governance.facts import Evidence, Now
from governance.finding import Finding, NotApplicable, Place
from governance.gates import Gates
from governance.records import Waiver

RULE = "datasets/label_rates"


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, now: Now
) -> Iterator[Finding | NotApplicable]:
    sides = (declarations, law.declarations)
    most = min(side.one(Gates, "gates").value.bias.rate_difference_at_most for side in sides)
    given = [waiver.value for waiver in law.declarations.all(Waiver)]
    scans = 0
    for contract in declarations.all(Contract):
        path = of_dataset(contract.value.name, "bias")
        scan = found.files.get(path)
        if not isinstance(scan, BiasScan):
            continue
        scans += 1
        if waivers.standing(given, RULE, contract.path, now.day):
            continue
        for attribute, about in scan.attributes.items():
            for label, gap in about.labels.items():
                if gap.ratio is not None and gap.difference > most:
                    problem = f"{label} differs by {gap.difference:g} between groups of {attribute}"
                    fix = f"mend the data, or have a waiver of {RULE} for {contract.path} merged"
                    route = ("attributes", attribute, "labels", label, "difference")
                    yield Finding(Place(path, route), f"{problem}, at most {most:g}", fix)
    if not scans:
        yield NotApplicable("no dataset was scanned")
