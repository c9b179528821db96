"""What the forge has to be told: CODEOWNERS and rulesets, generated from the policies.

The files are declarations like any other: they are compared with what the policies give, and the
live settings with them. Source: GitHub's reference of rulesets (REST) and of CODEOWNERS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from governance import jsontext, overlap
from governance.approvals import SURFACE, Approvals, Choice, Seat, When
from governance.compare import CODE, WORKFLOWS
from governance.effect import EffectKind
from governance.finding import Finding, Place, Route
from governance.roles import Roles

CHECK: Final = "charter"
"""The check that `charter check --publish` publishes and the ruleset requires."""
ACTIONS: Final = 15368
"""GitHub's id of the app that workflows act as: the required check counts from it alone."""

OWNERS: Final = ".github/CODEOWNERS"
BRANCHES: Final = ".github/rulesets/main.json"
TAGS: Final = ".github/rulesets/tags.json"
VERDICTS: Final = ".github/rulesets/verdicts.json"

_HEADER: Final = """\
# Written by `charter forge` from policies/approvals.yaml and policies/roles.yaml. Do not edit.
# GitHub asks the people on the last line that matches a file, and waits for one of them.
# Whether the right people approved is not decided here but by the check `charter`: it also knows
# of rules that ask what a change means, how large it is or who wrote it.
"""

_PLACES: Final[Mapping[EffectKind, tuple[str, ...]]] = {
    "promotes-to-staging": ("models/*/rollout.yaml",),
    "promotes-to-production": ("models/*/rollout.yaml",),
    "registers-version": ("models/*/versions/*.yaml",),
    "lands-data": ("records/landings/**", "datasets.dvc"),
    "removes-data": ("records/removals/**", "records/tombstones/**"),
    "changes-contract": ("policies/datasets/**",),
    "changes-policy": ("policies/**",),
    "changes-role": ("policies/roles.yaml",),
    "changes-key": ("policies/roles.yaml",),
    "adds-waiver": ("records/waivers/**",),
    "touches-code": CODE,
    "touches-workflow": WORKFLOWS,
}
"""Where a change of this meaning is made. Meanings that only a comparison of the two sides can
tell have no place: their people would be asked about every edit of the same file."""

_GIVEN: Final = ("records/approvals/**", "records/decisions/**")
"""Whoever adds an opinion needs nobody's approval for it."""

_SECOND: Final = re.compile(
    r"(?:(?:\.github|\.gitlab|docs)/)?codeowners(?:\.[^/]*)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ForgeFiles:
    """The generated files as they stand, as the policies give them, and files read beside them.

    `found` and `expected` hold texts by path; `others` are paths a forge could take for
    CODEOWNERS.
    """

    found: Mapping[str, str]
    expected: Mapping[str, str]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """A ruleset in force at the forge: parameters by type of rule.

    `bypass` says whom it does not bind; None where the token may not know.
    """

    name: str
    own: bool
    enforcement: str
    target: str
    conditions: Mapping[str, Any]
    rules: Mapping[str, Mapping[str, Any]]
    bypass: tuple[str, ...] | None


def expected(policy: Approvals, roles: Roles, day: date) -> dict[str, str]:
    """The generated files by path."""
    texts = {OWNERS: codeowners(policy, roles, day)}
    return texts | {path: jsontext.dump(value).decode() for path, value in declared(policy).items()}


def second(path: str) -> bool:
    """Whether a forge, or a file system that ignores case, could read this CODEOWNERS instead."""
    return path != OWNERS and _SECOND.fullmatch(path) is not None


# CODEOWNERS


def codeowners(policy: Approvals, roles: Roles, day: date) -> str:
    """CODEOWNERS: for each place a rule speaks of, the people who can fill its seats.

    The last matching line wins, so wide patterns come first, and each line names the people of
    every rule that can match the same file and stands no further down. Nobody is missed; some are
    asked who would not have to be.
    """
    fallback = _logins(policy.otherwise, roles, day)
    lines = [("*", fallback)]
    free = sorted({path for part in policy.free for path in part.paths})
    lines += [(_anchored(path), ()) for path in free]
    # What decides over others is never free, whatever a policy says (threat B06).
    kept = sorted(path for path in SURFACE if any(overlap.meet(path, wide) for wide in free))
    lines += [(_anchored(path), fallback) for path in kept]
    lines += [(_anchored(path), ()) for path in _GIVEN]
    lines += [(_anchored(path), logins or fallback) for path, logins in _owned(policy, roles, day)]
    return _HEADER + "".join(f"{' '.join((pattern, *logins))}\n" for pattern, logins in lines)


def _owned(policy: Approvals, roles: Roles, day: date) -> Iterator[tuple[str, tuple[str, ...]]]:
    people: dict[str, set[str]] = {}
    for rule in policy.rules:
        for path in _places(rule.when):
            people.setdefault(path, set()).update(_logins(rule.require, roles, day))
    order = list(_wide_first(people))
    for index, path in enumerate(order):
        later = order[index + 1 :]
        own = {
            login
            for other, logins in people.items()
            if overlap.meet(path, other) and not (other in later and _within(other, path))
            for login in logins
        }
        yield path, _sorted(own)


def _wide_first(paths: Iterable[str]) -> Iterator[str]:
    """Every pattern after those that match all it does, otherwise by name."""
    left = sorted(paths)
    while left:
        free = (p for p in left if not any(_within(p, other) for other in left if other != p))
        path = next(free, left[0])
        left.remove(path)
        yield path


def _within(narrow: str, wide: str) -> bool:
    return overlap.covers(wide, narrow) and not overlap.covers(narrow, wide)


def _places(when: When) -> tuple[str, ...]:
    """Where a rule applies whatever else is known; a rule with further conditions has no place."""
    if when.any is not None:
        return tuple(path for inner in when.any for path in _places(inner))
    if when.changes is not None:
        return tuple(path for kind in when.changes for path in _PLACES.get(kind, ()))
    return when.paths or ()


def _logins(seats: Iterable[Seat | Choice], roles: Roles, day: date) -> tuple[str, ...]:
    """GitHub accounts of those who can fill the seats, from their first day or before it."""
    found = set()
    for seat in seats:
        for one in seat.of if isinstance(seat, Choice) else (seat,):
            role = roles.roles.get(one.role) if one.role else None
            for member in role.members if role else ():
                human = roles.people.get(member.person)
                ended = member.valid_until is not None and member.valid_until < day
                fits = one.function in {None, member.function}
                if human and human.kind == "human" and fits and not ended:
                    found |= {account.login for account in human.github}
    return _sorted(f"@{login}" for login in found if not login.endswith("[bot]"))


def _sorted(logins: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(logins), key=lambda login: (login.lower(), login)))


def _anchored(pattern: str) -> str:
    """A pattern in CODEOWNERS: a space would end it, so any sign stands for one."""
    return f"/{pattern.replace(' ', '?')}"


# Rulesets


def declared(policy: Approvals) -> dict[str, dict[str, Any]]:
    """The rulesets by path, as GitHub takes and tells them."""
    return {BRANCHES: ruleset(policy), TAGS: tag_ruleset(), VERDICTS: verdict_ruleset()}


def ruleset(policy: Approvals) -> dict[str, Any]:
    """Governed branches move by pull request only, with the check `charter` green."""
    return _ruleset(
        "charter: governed branches",
        "branch",
        [f"refs/heads/{_ref(branch)}" for branch in sorted(policy.branches)],
        [
            {"type": "deletion"},
            {"type": "non_fast_forward"},
            {
                "type": "pull_request",
                "parameters": {
                    # Stale approvals are told by content, so a rebase costs none of them.
                    "dismiss_stale_reviews_on_push": False,
                    # A pull request brings its own workflow; this part does not depend on it.
                    "require_code_owner_review": True,
                    "require_last_push_approval": True,
                    "required_approving_review_count": 1,
                    "required_review_thread_resolution": True,
                },
            },
            {
                "type": "required_status_checks",
                "parameters": {
                    "do_not_enforce_on_create": False,
                    "required_status_checks": [{"context": CHECK, "integration_id": ACTIONS}],
                    # What was judged is what is merged (threat B44).
                    "strict_required_status_checks_policy": True,
                },
            },
        ],
    )


def tag_ruleset() -> dict[str, Any]:
    """Release tags stay where they are (threat B48)."""
    return _ruleset(
        "charter: release tags",
        "tag",
        ["refs/tags/*#*", "refs/tags/*@v*"],
        [{"type": "deletion"}, {"type": "non_fast_forward"}, {"type": "update"}],
    )


def verdict_ruleset() -> dict[str, Any]:
    """What the forge said stays said."""
    return _ruleset(
        "charter: kept verdicts",
        "branch",
        ["refs/heads/charter/verdicts"],
        [{"type": "deletion"}, {"type": "non_fast_forward"}],
    )


def _ruleset(
    name: str, target: str, refs: list[str], rules: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "target": target,
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": {"ref_name": {"include": refs, "exclude": []}},
        "rules": rules,
    }


def _ref(branch: str) -> str:
    """A branch pattern as GitHub reads it: there `**` matches folders only."""
    whole = f"{branch}**" if branch.endswith("/") else branch
    return f"{whole}/*" if whole == "**" or whole.endswith("/**") else whole


# Live settings


def differences(policy: Approvals, live: Sequence[Live]) -> Iterator[Finding]:
    """Every declared setting that is not in force (threat B102). What is stricter is no matter."""
    for path, wanted in declared(policy).items():
        found = in_force(wanted["name"], live)
        if found is None:
            problem = f"no ruleset called {wanted['name']!r} is in force"
            yield Finding(Place(path, ("name",)), problem, _fix(path))
            continue
        for route, problem in (*_frame(wanted, found), *_rules(wanted, found)):
            yield Finding(Place(path, route), f"{wanted['name']}: {problem}", _fix(path))


def in_force(name: str, live: Sequence[Live]) -> Live | None:
    """The live ruleset of a name, the repository's own before one of its owners."""
    named = sorted((found for found in live if found.name == name), key=lambda found: not found.own)
    return named[0] if named else None


def unseen(policy: Approvals, live: Sequence[Live]) -> tuple[str, ...]:
    """Names of the rulesets of which the token may not know who goes round them."""
    found = (in_force(wanted["name"], live) for wanted in declared(policy).values())
    return tuple(each.name for each in found if each is not None and each.bypass is None)


def _fix(path: str) -> str:
    return f"set it as {path} says; docs/forge.md has the command. Find out who changed it"


def _frame(wanted: Mapping[str, Any], live: Live) -> Iterator[tuple[Route, str]]:
    for key, value in (("enforcement", live.enforcement), ("target", live.target)):
        if value != wanted[key]:
            yield (key,), f"{key} is {value}, not {wanted[key]}"
    for actor in live.bypass or ():
        yield ("bypass_actors",), f"does not bind {actor}"
    route = ("conditions", "ref_name")
    names, refs = live.conditions.get("ref_name") or {}, wanted["conditions"]["ref_name"]
    for ref in refs["include"]:
        if ref not in (names.get("include") or ()):
            yield (*route, "include"), f"does not cover {ref}"
    for ref in names.get("exclude") or ():
        yield (*route, "exclude"), f"leaves {ref} out"


def _rules(wanted: Mapping[str, Any], live: Live) -> Iterator[tuple[Route, str]]:
    for index, rule in enumerate(wanted["rules"]):
        kind = rule["type"]
        if kind not in live.rules:
            yield ("rules", index, "type"), f"the rule {kind} is missing"
            continue
        for key, value in rule.get("parameters", {}).items():
            route = ("rules", index, "parameters", key)
            there = live.rules[kind].get(key)
            if isinstance(value, list):
                yield from ((route, problem) for problem in _checks(value, there or ()))
            elif there != value:
                yield route, f"{key} is {_shown(there)}, not {_shown(value)}"


def _checks(wanted: Iterable[Mapping[str, Any]], there: Iterable[Any]) -> Iterator[str]:
    sources: dict[str, list[Any]] = {}
    for check in there:
        if isinstance(check, Mapping):
            found = sources.setdefault(str(check.get("context")), [])
            found.append(check.get("integration_id"))
    for check in wanted:
        name, source = check["context"], check["integration_id"]
        if name not in sources:
            yield f"the check {name} is not required"
        elif source not in sources[name]:
            given = sources[name][0]
            yield f"{name} counts from {f'app {given}' if given else 'anybody'}, not app {source}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "not set" if value is None else str(value)
