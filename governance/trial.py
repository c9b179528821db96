"""Approval rules tried on invented changes: what is expected of them, and what they answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from governance import approval, compare, digest, glob
from governance.approvals import Approvals
from governance.authorship import identity_of
from governance.catalogue import Declarations
from governance.changeset import (
    CHANGE,
    Account,
    Changeset,
    Commit,
    Opinion,
    PullRequest,
    Touched,
    Version,
)
from governance.declaration import Declared
from governance.effect import Effect
from governance.finding import Finding, Place, Route
from governance.policy_case import CaseChange, CaseOpinion, PolicyCase
from governance.records import Decision
from governance.roles import Roles
from governance.tally import GRAVITY, Case, Demand, Standing, Tally

_BASE: Final = "0" * 40
_HEAD: Final = "1" * 40
_NOTHING: Final = Declarations({}, frozenset(), frozenset())
_FIX: Final = "correct the rules; or the expectation, if the new answer is the one that is meant"
_OTHERWISE: Final = "otherwise"


@dataclass(frozen=True, slots=True)
class Trial:
    """One case, what the rules answered, and each expectation they did not meet."""

    case: Declared[PolicyCase]
    tally: Tally
    unmet: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The case's name, which is that of its file."""
        return self.case.path.rsplit("/", 1)[-1].removesuffix(".yaml")

    @property
    def demanded(self) -> frozenset[str]:
        """Rules that apply to the case."""
        return frozenset(demand.rule for demand in self.tally.demands)


def trials(
    cases: Iterable[Declared[PolicyCase]], policy: Approvals, roles: Roles
) -> tuple[Trial, ...]:
    """Each case with the answer of these rules."""
    return tuple(trial(declared, policy, roles) for declared in cases)


def trial(declared: Declared[PolicyCase], policy: Approvals, roles: Roles) -> Trial:
    """A case with the answer of these rules."""
    tally = approval.tally(case(declared.value, policy, roles))
    return Trial(declared, tally, tuple(_unmet(declared, tally, policy)))


def unshown(tried: Iterable[Trial], policy: Approvals) -> Iterator[tuple[int, str]]:
    """Index and id of each rule that applies in no case: nobody would notice if it did less."""
    shown = {name for trial in tried for name in trial.demanded}
    for index, rule in enumerate(policy.rules):
        if rule.id not in shown:
            yield index, rule.id


# From a case to what a judgement rests on.


def case(given: PolicyCase, policy: Approvals, roles: Roles) -> Case:
    """Everything the judgement of an invented change rests on."""
    change = _changeset(given.change, roles)
    effects = tuple(_effects(given.change, change.touched))
    subjects = {
        str(effect.subject): digest.of_value(effect.subject)
        for effect in effects
        if effect.approvable
    }
    judged = Changeset(
        branch=change.branch, base=change.base, head=change.head, tree=change.tree,
        touched=change.touched, commits=change.commits, subjects=subjects, pull=change.pull,
    )  # fmt: skip
    digests = {**subjects, CHANGE: judged.digest}
    said = tuple(
        _opinion(opinion, index, given, roles, digests)
        for index, opinion in enumerate(given.opinions)
    )
    decisions = tuple(_decisions(given, roles, digests))
    return Case(policy, roles, judged, effects, said, given.now, decisions)


def _changeset(given: CaseChange, roles: Roles) -> Changeset:
    old, new = (Version("file", digest.of_value(side)[7:]) for side in ("old", "new"))
    touched = [Touched(path, None, new, given.lines) for path in given.added]
    touched += [Touched(path, old, new, given.lines) for path in given.edited]
    touched += [Touched(path, old, None, given.lines) for path in given.removed]
    author, *others = (identity_of(person, roles) for person in given.by)
    commit = Commit(
        id=_HEAD,
        author=author,
        committer=author,
        co_authors=tuple(others),
        signed_by=given.by[0] if given.verified and given.by[0] in roles.people else None,
    )
    return Changeset(
        given.branch, _BASE, _HEAD, "a case", tuple(touched), (commit,), {}, _pull(given)
    )


def _pull(given: CaseChange) -> PullRequest | None:
    """A pull request that shows its labels and nothing else: a robot opened it, nobody pushed."""
    if given.labels is None:
        return None
    robot = Account("a-case[bot]", None, bot=True)
    return PullRequest(
        repository="", number=0, title="", base_branch=given.branch, base=_BASE, head=_HEAD,
        head_branch="case", opener=robot, instigators=(), labels=given.labels, draft=False,
        changed_files=len(given.paths), reviews=(), pushes=(),
    )  # fmt: skip


def _effects(given: CaseChange, touched: tuple[Touched, ...]) -> Iterator[Effect]:
    """The meanings the case gives, and those that follow from where its files stand."""
    told = {(meaning.kind, meaning.path) for meaning in given.meanings}
    kinds = {meaning.kind for meaning in given.meanings}
    for meaning in given.meanings:
        words = f"{meaning.kind} {meaning.subject or meaning.path}"
        yield Effect(meaning.kind, words, Place(meaning.path), (meaning.path,), meaning.subject)
    for effect in compare.effects(_NOTHING, _NOTHING, touched):
        path = effect.at.path
        pointer = path == "datasets.dvc" and effect.kind in kinds  # a landing brings it along
        if (effect.kind, path) not in told and not pointer:
            yield effect


def _opinion(
    given: CaseOpinion, index: int, whole: PolicyCase, roles: Roles, digests: dict[str, str]
) -> Opinion:
    at = whole.now - timedelta(days=given.days_ago) + timedelta(microseconds=index)
    minutes = given.minutes_after_push
    return Opinion(
        source=f"opinion {index + 1}",
        at=at,
        person=given.by if given.by in roles.people else None,
        who=given.by,
        said=given.said,
        subject=given.subject,
        digest=digest.of_value("other bytes") if given.stale else digests[given.subject],
        role=given.role,
        rationale=given.because,
        visible_from=None if minutes is None else at - timedelta(minutes=minutes),
        invalid=given.invalid,
        of=given.of,
    )


def _decisions(
    given: PolicyCase, roles: Roles, digests: dict[str, str]
) -> Iterator[Declared[Decision]]:
    voter = min(roles.people)
    for number, (subject, outcome) in enumerate(given.decided.items(), start=1):
        decision = Decision(
            id=f"case-{number}", at=given.now, subject=subject, digest=digests[subject],
            decision=outcome, rationale="as the case says", votes={voter: "yes"},
        )  # fmt: skip
        yield Declared(f"records/decisions/case-{number}.yaml", decision)


# What came, held against what is expected.


def _unmet(declared: Declared[PolicyCase], tally: Tally, policy: Approvals) -> Iterator[Finding]:
    expected, branch = declared.value.expect, declared.value.change.branch
    if not glob.any_of(policy.branches).fullmatch(branch):
        problem = f"{branch} is no governed branch: every change for it is refused"
        fix = f"use one of {', '.join(policy.branches)}"
        yield Finding(declared.at("change", "branch"), problem, fix)
    if tally.standing is not expected.standing:
        problem = f"expected {expected.standing}, the answer is {tally.standing}"
        grave = [d for d in tally.demands if d.standing is tally.standing]
        notes = [note for demand in grave or tally.demands for note in why(demand)]
        yield _finding(declared, ("expect", "standing"), problem, notes or ["nothing is demanded"])
    for rule, standing in expected.rules.items():
        yield from _rule(declared, rule, standing, tally, policy)
    for rule, seats in expected.open.items():
        yield from _seats(declared, rule, seats, tally, policy)
    for index, rule in enumerate(expected.skipped):
        mine = [demand for demand in tally.demands if demand.rule == rule]
        if mine:
            problem = f"{rule} must not apply, but does"
            notes = [f"because: {reason}" for demand in mine for reason in demand.reasons[:3]]
            yield _finding(declared, ("expect", "skipped", index), problem, notes)
        elif rule not in _known(policy):
            yield _unknown(declared, ("expect", "skipped", index), rule, policy)


def _rule(
    declared: Declared[PolicyCase], rule: str, standing: Standing, tally: Tally, policy: Approvals
) -> Iterator[Finding]:
    route: Route = ("expect", "rules", rule)
    mine = [demand for demand in tally.demands if demand.rule == rule]
    if not mine:
        yield _absent(declared, route, rule, tally, policy)
    else:
        worst = max(mine, key=lambda demand: GRAVITY.index(demand.standing))
        if worst.standing is not standing:
            problem = f"expected {rule} to be {standing}, it is {worst.standing}"
            yield _finding(declared, route, problem, list(why(worst)))


def _seats(
    declared: Declared[PolicyCase], rule: str, expected: tuple[str, ...], tally: Tally,
    policy: Approvals,
) -> Iterator[Finding]:  # fmt: skip
    route: Route = ("expect", "open", rule)
    mine = [demand for demand in tally.demands if demand.rule == rule]
    if not mine:
        if rule not in declared.value.expect.rules:
            yield _absent(declared, route, rule, tally, policy)
        return
    found = [s.label for d in mine for s in d.seats for _ in range(s.open)]
    if sorted(found) != sorted(expected):
        problem = (
            f"expected {rule} to wait for {', '.join(sorted(expected)) or 'nobody'}; "
            f"it waits for {', '.join(sorted(found)) or 'nobody'}"
        )
        yield _finding(declared, route, problem, [note for d in mine for note in why(d)])


def _absent(
    declared: Declared[PolicyCase], route: Route, rule: str, tally: Tally, policy: Approvals
) -> Finding:
    """A rule that is expected to apply, and does not or is not there."""
    if rule not in _known(policy):
        return _unknown(declared, route, rule, policy)
    reason = dict(tally.skipped).get(rule, "every touched path is free, or has a rule")
    return _finding(declared, route, f"expected {rule} to apply, but it does not", [reason])


def _known(policy: Approvals) -> list[str]:
    return [*(rule.id for rule in policy.rules), _OTHERWISE]


def _unknown(declared: Declared[PolicyCase], route: Route, rule: str, policy: Approvals) -> Finding:
    problem = f"policies/approvals.yaml has no rule {rule}"
    return Finding(declared.at(*route), problem, f"known: {', '.join(_known(policy))}")


def _finding(
    declared: Declared[PolicyCase], route: Route, problem: str, notes: list[str]
) -> Finding:
    return Finding(declared.at(*route), problem, _FIX, tuple(dict.fromkeys(notes)))


def why(demand: Demand, *, filled: bool = True) -> Iterator[str]:
    """Why a demand stands as it does, in a few lines; with the seats that are `filled` or not."""
    for opinion in demand.objections:
        yield f"{demand.rule}: {opinion.who} objects: {opinion.rationale or 'no reason given'}"
    for problem in demand.problems:
        yield f"{demand.rule}: {problem}"
    for seat in demand.seats:
        if seat.open:
            yield f"{demand.rule}: {seat.label} {len(seat.filled)} of {seat.needed}"
        elif seat.filled and filled:
            who = ", ".join(opinion.who for opinion in seat.filled)
            yield f"{demand.rule}: {seat.label} is filled by {who}"
    for ignored in demand.ignored:
        yield f"{demand.rule}: ignored {ignored}"
