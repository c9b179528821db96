"""The source of every file is known and its licence holds.

Demands: no landing's licence has ended today; a contract whose source has the same id may
    extend it. What was made from the data in turn is named with them.
Why: a model may only be trained on data the organisation may use (IE-MGP-2025.01 §2).
Fix: renew the licence and write the new end into the contract's `source`, or withdraw the data.
"""

from collections.abc import Iterator

from governance import sources
from governance.catalogue import Declarations
from governance.facts import Now
from governance.finding import Finding, NotApplicable
from governance.records import Landing


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding | NotApplicable]:
    contracts = sources.contracts(declarations)
    landings = declarations.all(Landing)
    if not landings:
        yield NotApplicable("no dataset has landed")
    for landing in landings:
        source = sources.in_force(landing.value, contracts)
        if problem := sources.ended(source, now.day):
            touched = sources.fed_by(declarations, landing.value.dataset)
            made = sorted(touched - {landing.value.dataset})
            models = sources.models_on(declarations, touched)
            notes = (
                *((f"made from it: {', '.join(made)}",) if made else ()),
                *((f"affected models: {', '.join(models)}",) if models else ()),
            )
            fix = "renew it and set `licence_ends` in the contract's source, or withdraw the data"
            yield Finding(landing.at("source", "licence_ends"), problem, fix, notes)
        if source.kind == "licensed-public" and not source.licence.strip("- ").lower().replace(
            "unknown", ""
        ):
            yield Finding(landing.at("source", "licence"), "the licence is unknown", "name it")
