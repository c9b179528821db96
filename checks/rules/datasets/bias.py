"""Groups of every protected attribute were scanned, and none is too small to judge.

Demands: the bias report covers each attribute that the contract or a model of the dataset calls
    protected, with at least two groups, none below `minimum_group_rows`, and tells no group
    below `minimum_cell_rows` apart; a waiver on the contract lets small groups pass.
Why: training data are scanned for bias before use (IE-MGP-2025.01 §2); of a few rows nobody can
    say whether they are treated fairly.
Fix: land more rows of the small group, join groups, or have a waiver merged first.
"""

from collections.abc import Iterator

from governance import bias, waivers
from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.evidence import BiasScan, of_dataset
from governance.facts import Evidence, Now
from governance.finding import Finding, NotApplicable, Place
from governance.gates import Gates
from governance.model import Model
from governance.records import Waiver


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, now: Now
) -> Iterator[Finding | NotApplicable]:
    limits = [side.one(Gates, "gates").value.bias for side in (declarations, law.declarations)]
    given = [waiver.value for waiver in law.declarations.all(Waiver)]
    models = [model.value for model in declarations.all(Model)]
    scans = 0
    for contract in declarations.all(Contract):
        name = contract.value.name
        path = of_dataset(name, "bias")
        scan = found.files.get(path)
        if not isinstance(scan, BiasScan):
            continue  # runs/complete or runs/readable speaks of it
        scans += 1
        asked = [a for model in models if model.dataset == name for a in model.protected]
        waived = waivers.standing(given, bias.RULE, contract.path, now.day)
        for lack in bias.lacks(scan, dict.fromkeys((*contract.value.protected, *asked)), limits):
            if not (waived and lack.scanned):
                route = ("attributes", lack.attribute) if lack.scanned else ("attributes",)
                yield Finding(Place(path, route), lack.problem, bias.fix(lack, contract.path))
        least = max(limit.minimum_cell_rows for limit in limits)
        if scan.minimum_cell < least:
            problem = f"groups of {scan.minimum_cell} rows are told apart; {least} are demanded"
            yield Finding(Place(path, ("minimum_cell",)), problem, "run `charter retrain`")
    if not scans:
        yield NotApplicable("no dataset was scanned")
