"""Every approval rule can be met, whoever writes the change.

Demands: for each requirement of `policies/approvals.yaml` there are enough different people in
    the roles it names, also after taking away any single one of them.
Why: a rule nobody can meet stops everything, and people then learn to go round it.
Fix: add a member or a deputy to the role, or lower the count.
"""

from collections.abc import Iterator

from governance import requirement
from governance.approvals import Approvals, Choice, Seat
from governance.catalogue import Declarations
from governance.facts import Now
from governance.finding import Finding, Route
from governance.roles import Roles


def evaluate(declarations: Declarations, now: Now) -> Iterator[Finding]:
    declared = declarations.one(Approvals, "approvals")
    policy, roles = declared.value, declarations.one(Roles, "roles").value
    demanded: list[tuple[Route, str, tuple[Seat | Choice, ...]]] = [
        (("rules", index, "require"), rule.id, rule.require)
        for index, rule in enumerate(policy.rules)
    ]
    demanded.append((("otherwise",), "otherwise", policy.otherwise))
    if policy.break_glass:
        route: Route = ("break_glass", "require")
        demanded.append((route, "break_glass", policy.break_glass.require))
    for route, name, require in demanded:
        for gap in requirement.gaps(require, roles, now.day):
            problem = f"{name} can never be met: too few people for {gap}"
            fix = "add a member or a deputy in policies/roles.yaml, or lower the count"
            yield Finding(declared.at(*route), problem, fix)
