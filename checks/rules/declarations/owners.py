"""Everything has an owner who can be asked.

Demands: a policy's owner is a role; a model's owner is a person who holds the role
    `model-owner` today; a contract's steward holds `data-steward`.
Why: objectives, data quality and sign-off belong to somebody (ML Governance and Release
    Policies, Roles and Responsibilities).
Fix: name an active holder of the role, or add the person to it in `policies/roles.yaml`.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.contract import Contract
from governance.declaration import Policy
from governance.facts import Now
from governance.finding import Finding
from governance.model import Model
from governance.roles import Roles


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding]:
    roles = declarations.one(Roles, "roles").value
    for kind, found in declarations.by_class.items():
        for policy in found if issubclass(kind, Policy) else ():
            if policy.value.owner not in roles.roles:
                problem = f"owner {policy.value.owner} is no role"
                fix = f"use one of {', '.join(sorted(roles.roles))}"
                yield Finding(policy.at("owner"), problem, fix)
    owners = _holders(roles, "model-owner", now)
    for model in declarations.all(Model):
        if model.value.owner not in owners:
            problem = f"owner {model.value.owner} does not hold model-owner on {now.day}"
            yield Finding(model.at("owner"), problem, f"use one of {', '.join(sorted(owners))}")
    stewards = _holders(roles, "data-steward", now)
    for contract in declarations.all(Contract):
        if contract.value.steward not in stewards:
            named = contract.value.steward or "nobody"
            problem = f"the data steward is {named}, who does not hold data-steward on {now.day}"
            fix = f"name one of {', '.join(sorted(stewards))} in `team` with `role: data-steward`"
            yield Finding(contract.at("team"), problem, fix)


def _holders(roles: Roles, name: str, now: Now) -> set[str]:
    role = roles.roles.get(name)
    return {member.person for member in role.members if member.active(now.day)} if role else set()
