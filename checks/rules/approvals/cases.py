"""The approval rules answer as their cases say.

Demands: each case in `policies/cases` gets the answer it expects from this tree's rules, roles
    and people; once there is a case, every rule applies in at least one.
Why: a rule that asks for less than before looks like any other edit; a case that breaks says what
    was lost, and to whom it mattered.
Fix: `charter policy test NAME -v` shows the whole answer; correct the rules or the expectation.
"""

from collections.abc import Iterator

from governance import trial
from governance.approvals import Approvals
from governance.catalogue import Declarations
from governance.finding import Finding, NotApplicable
from governance.policy_case import PolicyCase
from governance.roles import Roles


def evaluate(declarations: Declarations) -> Iterator[Finding | NotApplicable]:
    cases = declarations.all(PolicyCase)
    if not cases:
        yield NotApplicable("policies/cases holds no case")
        return
    declared = declarations.one(Approvals, "approvals")
    tried = trial.trials(cases, declared.value, declarations.one(Roles, "roles").value)
    for found in tried:
        yield from found.unmet
    if any(path.startswith("policies/cases/") for path in declarations.broken):
        return  # declarations/loadable speaks of it; the lost case may be the one that shows a rule
    for index, rule in trial.unshown(tried, declared.value):
        problem = f"no case in policies/cases shows what {rule} demands"
        fix = "add a case to which it applies; docs/policies.md says how"
        yield Finding(declared.at("rules", index, "id"), problem, fix)
