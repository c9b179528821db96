"""Personal columns are treated as their class demands, and say what they are for.

Demands: each column's technique is among those the base's and the tree's `policies/privacy.yaml`
    allow for its class, under every regulation the contract names; each of these is known there;
    and a column of a personal class that is kept declares a purpose.
Why: training data are anonymised or pseudonymised before use (IE-MGP-2025.01 §2), and data
    minimisation stays effective (ML Governance and Release Policies, Privacy).
Fix: drop the column, or choose an allowed technique and write down its purpose.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, Law
from governance.contract import Contract
from governance.finding import Finding
from governance.privacy import Privacy


def evaluate(declarations: Declarations, law: Law) -> Iterator[Finding]:
    own = declarations.one(Privacy, "privacy").value
    base = law.declarations.one(Privacy, "privacy").value
    for contract in declarations.all(Contract):
        names = [column.name for column in contract.value.columns]
        for policy in (own,) if own == base else (own, base):
            for misuse in policy.misuses(contract.value):
                place = contract.at("schema", 0, "properties", names.index(misuse.column))
                yield Finding(place, f"column {misuse.column} is {misuse.problem}", misuse.fix)
        for name in own.unknown(contract.value):
            problem = f"regulation {name} is not among those of policies/privacy.yaml"
            yield Finding(
                contract.at("customProperties"), problem, "correct the name, or add the regulation"
            )
