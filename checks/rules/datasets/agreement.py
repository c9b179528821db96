"""Data of a client name the agreement they may be used under, and its end.

Demands: a source of kind client or anonymised-client has an `agreement` and a `licence_ends`, in
    each contract and, unless the contract's source of the same id says so, in each landing.
Why: whether data may be used, and how long, has to be found without asking around
    (IE-MGP-2025.01 §2, traceable to source).
Fix: write the agreement's number and its last day into the contract's `source`.
"""

from collections.abc import Iterator

from governance import sources
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.finding import Finding, Place
from governance.records import Landing, Source

_CLIENT = frozenset({"client", "anonymised-client"})


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    contracts = sources.contracts(declarations)
    found: list[tuple[Place, Source]] = [
        (contract.at("customProperties"), contract.value.source)
        for contract in declarations.all(Contract)
        if contract.value.source
    ]
    for landing in declarations.all(Landing):
        source = sources.in_force(landing.value, contracts)
        if source == landing.value.source:
            found.append((landing.at("source"), source))
    for place, source in found:
        if source.kind not in _CLIENT:
            continue
        for key, value in (("agreement", source.agreement), ("licence_ends", source.licence_ends)):
            if value is None:
                problem = f"{source.kind} source {source.id} names no `{key}`"
                fix = f"add `{key}` to the contract's source of that id"
                yield Finding(place, problem, fix)
