"""Paths against seats: what approvals a path meets, and where fewer are asked than before.

All rules that match apply, so no later and broader rule can take a path over; but an edit of the
rules can. Whether it did is said here path by path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final

from governance import compare, condition, glob, requirement
from governance.approvals import ApprovalRule, Approvals, Choice, Requirement, When
from governance.catalogue import Declarations
from governance.changeset import Changeset, Commit, Identity, Touched, Version
from governance.effect import Effect, EffectKind
from governance.matching import Slot
from governance.roles import Roles
from governance.tally import Case

OTHERWISE: Final = "otherwise"
_NOTHING: Final = Declarations({}, frozenset(), frozenset())
_NOBODY: Final = Identity("nobody", "nobody@nobody.invalid")
_THRESHOLDS: Final[tuple[EffectKind, ...]] = (
    "changes-threshold", "loosens-threshold", "tightens-threshold",
)  # fmt: skip

MAY_MEAN: Final[tuple[tuple[str, tuple[EffectKind, ...]], ...]] = (
    ("models/*/model.yaml", ("promotes-to-production", *_THRESHOLDS)),
    ("models/*/rollout.yaml", ("promotes-to-staging", "promotes-to-production")),
    ("policies/roles.yaml", ("changes-role", "changes-key")),
    ("policies/approvals.yaml", ("loosens-approval", "tightens-approval")),
    ("policies/retention.yaml", ("shortens-retention", "lengthens-retention", "lifts-hold")),
    ("policies/gates.yaml", _THRESHOLDS),
    ("policies/monitoring.yaml", _THRESHOLDS),
    ("policies/privacy.yaml", _THRESHOLDS),
    ("policies/release.yaml", _THRESHOLDS),
    ("policies/reviews.yaml", _THRESHOLDS),
    ("datasets.dvc", ("lands-data", "removes-data")),
)
"""What a change of a path may mean, when only its content can tell."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one rule asks of a path.

    `sure` tells a rule that applies to every change of the path from one that may, depending on
    content, author, size or labels. `people` are the holders of each seat on the day, by label.
    """

    rule: str
    sure: bool
    seats: tuple[tuple[str, int], ...]
    people: Mapping[str, tuple[str, ...]]

    def __str__(self) -> str:
        return ", ".join(f"{label} {count}" for label, count in self.seats)


@dataclass(frozen=True, slots=True)
class Row:
    """A path with everything it needs; nothing when it is free."""

    path: str
    needs: tuple[Need, ...]

    @property
    def sure(self) -> tuple[Need, ...]:
        """Rules that apply to every change of it."""
        return tuple(need for need in self.needs if need.sure)

    @property
    def perhaps(self) -> tuple[Need, ...]:
        """Rules that may apply."""
        return tuple(need for need in self.needs if not need.sure)


@dataclass(frozen=True, slots=True)
class Step:
    """A path that needs something else than before: seats lost and seats gained, with a rule.

    `example` tells a place where a file could be added from one that is there.
    """

    path: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    example: bool = False


def rows(
    paths: Iterable[str], known: Iterable[str], policy: Approvals, roles: Roles, day: date
) -> tuple[Row, ...]:
    """What each path needs: one that is `known` when it is edited, any other when it is added."""
    there = frozenset(known)
    return tuple(row(path, policy, roles, day, new=path not in there) for path in paths)


def row(path: str, policy: Approvals, roles: Roles, day: date, *, new: bool) -> Row:
    """What an edit of a path needs, or adding it."""
    case = _case(path, policy, roles, day, new=new)
    found: list[Need] = []
    spoken_for = False
    for rule in policy.rules:
        holds = _possible(rule.when, case)
        if holds is False:
            continue
        if holds:
            spoken_for = spoken_for or path in condition.answer(rule.when, case).paths
        found.append(_need(rule.id, rule, case, sure=holds is True))
    if not spoken_for and not policy.is_free(path):
        rule = ApprovalRule(
            id=OTHERWISE, because=OTHERWISE, when=When(paths=("**",)), require=policy.otherwise
        )
        found.append(_need(OTHERWISE, rule, case, sure=True))
    return Row(path, tuple(found))


def _case(path: str, policy: Approvals, roles: Roles, day: date, *, new: bool) -> Case:
    before, after = Version("file", "0"), Version("file", "1")
    touched = (Touched(path, None if new else before, after, 1),)
    effects = compare.effects(_NOTHING, _NOTHING, touched)
    # Who wrote it is open: conditions on authors may hold.
    commit = Commit("", _NOBODY, _NOBODY)
    change = Changeset(_branch(policy), "", "", "", touched, (commit,), {})
    return Case(policy, roles, change, effects, (), datetime.combine(day, time(), UTC))


def _branch(policy: Approvals) -> str:
    """A branch changes may be for: the plainest pattern, with its wildcards filled in."""
    plain = sorted(policy.branches, key=lambda pattern: ("*" in pattern, pattern))
    return plain[0].replace("**", "x").replace("*", "x").replace("?", "x")


def _possible(when: When, case: Case) -> bool | None:
    """Whether a condition holds for every change of the path (None: for some)."""
    if when.not_ is not None:
        inner = _possible(when.not_, case)
        return None if inner is None else not inner
    if when.any is not None:
        held = [_possible(inner, case) for inner in when.any]
        return True if True in held else None if None in held else False
    if when.all is not None:
        held = [_possible(inner, case) for inner in when.all]
        return False if False in held else None if None in held else True
    if when.size or when.author or when.author_role or when.labels:
        return None
    if when.paths is not None:  # a change may touch other paths as well; the row is of this one
        return condition.answer(when, case).holds
    if when.branch is not None:
        several = len(case.policy.branches) > 1 or "*" in case.policy.branches[0]
        return None if several else condition.answer(when, case).holds
    if condition.answer(when, case).holds:
        return True
    return None if set(when.changes or ()) & _may_mean(case.change.paths[0]) else False


def _may_mean(path: str) -> set[EffectKind]:
    return {kind for pattern, kinds in MAY_MEAN if glob.matches(pattern, path) for kind in kinds}


def _need(name: str, rule: ApprovalRule, case: Case, *, sure: bool) -> Need:
    slots = tuple(requirement.slots(rule.require, _edited(case.effects)))
    people = {slot.label: _holders(slot, case) for slot in slots}
    return Need(name, sure, tuple(_seats(rule.require)), people)


def _edited(effects: tuple[Effect, ...]) -> list[str | None]:
    return [effect.subject for effect in effects if effect.kind == "changes-role"]


def _holders(slot: Slot, case: Case) -> tuple[str, ...]:
    found = {p for role in slot.roles for p in case.roles.holders(role, slot.function, case.day)}
    return tuple(sorted(found))


def _seats(require: Requirement) -> Iterator[tuple[str, int]]:
    """Seats with their counts; a choice is one entry, for none of its seats has to be filled."""
    for item in require:
        if isinstance(item, Choice):
            yield f"of {' | '.join(str(seat) for seat in item.of)}", item.at_least
        else:
            yield str(item), item.count


def steps(before: Iterable[Row], after: Iterable[Row]) -> tuple[Step, ...]:
    """Paths whose needs differ, with what was lost and gained.

    A seat is not lost when another rule asks for it now; one that was sure and is asked for only
    perhaps is.
    """
    old, new = {row.path: row for row in before}, {row.path: row for row in after}
    found = []
    for path in sorted(old.keys() & new.keys()):
        lost = tuple(_beyond(old[path], new[path], "now"))
        gained = tuple(_beyond(new[path], old[path], "before"))
        if lost or gained:
            found.append(Step(path, lost, gained))
    return tuple(found)


def told_apart(found: Iterable[Step], examples: Iterable[str]) -> tuple[Step, ...]:
    """The steps, with examples only where they show what no file that is there shows."""
    apart = frozenset(examples)
    steps = [replace(step, example=step.path in apart) for step in found]
    shown = {side for step in steps if not step.example for side in _either(step)}
    return tuple(step for step in steps if not step.example or set(_either(step)) - shown)


def _either(step: Step) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """What is lost, what is gained; each only where there is something."""
    yield from ((lost, seats) for lost, seats in ((True, step.lost), (False, step.gained)) if seats)


def _beyond(first: Row, second: Row, when: str) -> Iterator[str]:
    """Seats of the first row that nothing in the second asks for as surely and as often."""
    asked: dict[str, dict[bool, int]] = {}
    for need in second.needs:
        for label, count in need.seats:
            most = asked.setdefault(label, {})
            for sure in {need.sure, False}:
                most[sure] = max(most.get(sure, 0), count)
    for need in first.needs:
        for label, count in need.seats:
            there = asked.get(label, {}).get(need.sure, 0)
            if there < count:
                perhaps = "" if need.sure else ", where it applies"
                less = f", {when} {there}" if there else ""
                yield f"{label} {count} ({need.rule}{perhaps}){less}"


def loosened(before: Approvals, after: Approvals) -> tuple[str, ...]:
    """Rules that are gone, and rules that ask for fewer people than before, by name.

    What a rule no longer asks for counts even where another one asks for it now: a rule may
    apply where no file stands yet.
    """
    new = _by_rule(after)
    found = []
    for rule, seats in _by_rule(before).items():
        if rule not in new:
            found.append(f"{rule} is gone: {_worded(seats)}")
            continue
        for label, count in seats.items():
            now = new[rule].get(label, 0)
            if now < count:
                found.append(f"{rule}: {label} {count}, now {now}")
    return tuple(found)


def _by_rule(policy: Approvals) -> dict[str, Counter[str]]:
    """Seats with their counts, by rule."""
    found = {rule.id: _counted(rule.require) for rule in policy.rules}
    return {**found, OTHERWISE: _counted(policy.otherwise)}


def _counted(require: Requirement) -> Counter[str]:
    found: Counter[str] = Counter()
    for label, count in _seats(require):
        found[label] += count
    return found


def _worded(seats: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {count}" for label, count in seats.items())


def joined(
    before: Roles, after: Roles, policy: Approvals, day: date
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Seats of the rules whose holders differ: label, who joined, who left."""
    for label, slot in sorted(_all(policy).items()):
        old = {p for role in slot.roles for p in before.holders(role, slot.function, day)}
        new = {p for role in slot.roles for p in after.holders(role, slot.function, day)}
        if old != new:
            yield label, tuple(sorted(new - old)), tuple(sorted(old - new))


def _all(policy: Approvals) -> dict[str, Slot]:
    require = [policy.otherwise, *(rule.require for rule in policy.rules)]
    if policy.break_glass:
        require.append(policy.break_glass.require)
    return {slot.label: slot for items in require for slot in requirement.slots(items)}


def grouped(found: Iterable[Row]) -> list[tuple[tuple[Need, ...], list[str]]]:
    """Paths that need the same, in the order of the paths."""
    groups: dict[tuple[tuple[object, ...], ...], tuple[tuple[Need, ...], list[str]]] = {}
    for item in found:
        key = tuple((need.rule, need.sure, need.seats) for need in item.needs)
        groups.setdefault(key, (item.needs, []))[1].append(item.path)
    return list(groups.values())
