"""The source of every file is known and its licence holds.

Demands: no landing's licence has ended today; a contract whose source has the same id may
    extend it.
Why: a model may only be trained on data the organisation may use (IE-MGP-2025.01 §2).
Fix: renew the licence and write the new end into the contract's `source`, or withdraw the data.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.contract import Contract
from governance.facts import Now
from governance.finding import Finding, NotApplicable
from governance.model import Model
from governance.records import Landing


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding | NotApplicable]:
    contracts = {found.value.name: found.value for found in declarations.all(Contract)}
    landings = declarations.all(Landing)
    if not landings:
        yield NotApplicable("no dataset has landed")
    for landing in landings:
        contract = contracts.get(landing.value.dataset)
        source = landing.value.source
        if contract and contract.source and contract.source.id == source.id:
            source = contract.source
        if source.licence_ends is not None and source.licence_ends < now.day:
            models = [
                m.value.name
                for m in declarations.all(Model)
                if m.value.dataset == landing.value.dataset
            ]
            notes = (f"affected models: {', '.join(sorted(models))}",) if models else ()
            problem = f"licence {source.licence} of {source.id} ended on {source.licence_ends}"
            fix = "renew it and set `licence_ends` in the contract's source, or withdraw the data"
            yield Finding(landing.at("source", "licence_ends"), problem, fix, notes)
        if source.kind == "licensed-public" and not source.licence.strip("- ").lower().replace(
            "unknown", ""
        ):
            yield Finding(landing.at("source", "licence"), "the licence is unknown", "name it")
