"""Every policy is in force.

Demands: the `effective` date of each policy has come.
Why: a policy with a date in the future binds nobody yet, so its predecessor has to stand.
Fix: set `effective` to the day on which it is to hold, and merge it on that day.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Policy
from governance.facts import Change, Now
from governance.finding import Finding


def evaluate(declarations: Declarations, change: Change | None, now: Now) -> Iterator[Finding]:
    for kind, found in declarations.by_class.items():
        for policy in found if issubclass(kind, Policy) else ():
            changed = change is not None and change.base_digests.get(
                policy.path
            ) != change.head_digests.get(policy.path)
            if policy.value.effective > now.day and not changed:
                problem = f"takes effect only on {policy.value.effective}; today is {now.day}"
                yield Finding(policy.at("effective"), problem, "wait, or correct the date")
