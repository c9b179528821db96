"""Every dataset has a retention window inside its bounds.

Demands: the days in force for each dataset, whether from its window, its class, the default or
    `DATA_RETENTION_DAYS`, lie between the legal minimum and maximum; the class a contract names
    exists; each replica copies a dataset; no variable sets the window of nothing.
Why: windows are configurable, but only inside what the law and agreements allow (ML Governance
    and Release Policies, Privacy, Retention, and Compliance).
Fix: set the days between the bounds, or have the bounds and their basis reviewed.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.contract import Contract
from governance.declaration import Declared
from governance.finding import Finding, NotApplicable, Place
from governance.retention import Retention
from governance.window import OutOfBounds, Variables, effective


def evaluate(declarations: Declarations, variables: Variables) -> Iterator[Finding | NotApplicable]:
    declared = declarations.one(Retention, "retention")
    contracts = declarations.all(Contract)
    if not contracts:
        yield NotApplicable("no dataset has a contract")
        return
    names = {contract.value.name for contract in contracts}
    broken = {path for path in declarations.broken if path.startswith("policies/datasets/")}
    mistakes = () if broken else tuple(variables.mistakes(names))
    for mistake in mistakes:
        yield Finding(declared.at("default_days"), mistake.problem, mistake.fix)
    for contract in contracts:
        name, kind = contract.value.name, contract.value.retention_class
        try:
            effective(declared.value, name, kind, variables)
        except OutOfBounds as outside:
            if outside.problem in {mistake.problem for mistake in mistakes}:
                continue
            yield Finding(_place(declared, contract), outside.problem, outside.fix)
    for index, replica in enumerate(declared.value.replicas):
        if not broken and replica.dataset not in names:
            problem = (
                f"{replica.dataset} is no dataset: nothing would ever be removed from {replica.id}"
            )
            place = declared.at("replicas", index, "dataset")
            yield Finding(place, problem, f"known: {', '.join(sorted(names))}")


def _place(declared: Declared[Retention], contract: Declared[Contract]) -> Place:
    """Where the days that are out of bounds come from."""
    name, kind = contract.value.name, contract.value.retention_class
    if kind and kind not in declared.value.classes:
        return contract.at("customProperties")
    if name in declared.value.windows:
        return declared.at("windows", name)
    return declared.at("classes", kind) if kind else declared.at("default_days")
