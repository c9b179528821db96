"""A policy that changes gets a new version and a date that has not passed.

Demands: against the base, changed content raises `version`, and a new version takes effect
    today or later; a version that did not change keeps its content.
Why: approvals and verdicts name the policy version they were given under.
Fix: raise `version`, set `effective`, and name the old version in `supersedes`.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Declared, Policy
from governance.facts import Change, Now
from governance.finding import Finding, NotApplicable


def evaluate(
    declarations: Declarations, change: Change | None, now: Now
) -> Iterator[Finding | NotApplicable]:
    if change is None:
        yield NotApplicable("no base to compare with")
        return
    before = {found.path: found for found in _policies(change.base)}
    for policy in _policies(declarations):
        old = before.get(policy.path)
        if old is None or change.base_digests[old.path] == change.head_digests[policy.path]:
            continue
        version, last = _numbers(policy.value.version), _numbers(old.value.version)
        if policy.value == old.value:
            continue
        if version <= last:
            problem = (
                f"the content changed; {policy.value.version} is not above {old.value.version}"
            )
            yield Finding(policy.at("version"), problem, f"write at least {_next(last)}")
        elif policy.value.effective < now.day:
            problem = f"takes effect on {policy.value.effective}, which has passed"
            yield Finding(policy.at("effective"), problem, f"write {now.day} or later")


def _policies(declarations: Declarations) -> list[Declared[Policy]]:
    kinds = (found for kind, found in declarations.by_class.items() if issubclass(kind, Policy))
    return [policy for found in kinds for policy in found]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _next(version: tuple[int, ...]) -> str:
    return ".".join(map(str, (*version[:-1], version[-1] + 1)))
