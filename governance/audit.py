"""Whether what stands on a branch has the approvals it needed: judged after the merge, for ever.

Nothing that was decided at the time is believed. Each commit is judged again by the law of its
parent, from what was signed and from what a forge witnessed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from governance import approval, compare, digest, glob, period, requirement
from governance.approvals import Approvals, When
from governance.changeset import Opinion
from governance.declaration import Declared
from governance.finding import Finding, Place, Verdict
from governance.matching import Slot
from governance.records import Decision
from governance.tally import Case, Demand, Standing, Tally

COVER: Final = "audit/covered"
RECORDS: Final = "audit/records"
TAGS: Final = "audit/tags"
VERDICTS: Final = "audit/verdicts"
RULES: Final = (COVER, RECORDS, TAGS, VERDICTS)
"""What an audit asks of a branch, by the names its findings carry."""


class Cover(StrEnum):
    """What covers a commit of the audited branch."""

    FREE = "needs no approval"
    COVERED = "covered"
    AFTERWARDS = "covered afterwards"
    PAID = "debt paid"
    DEBT = "open debt"
    OVERDUE = "debt overdue"
    UNCOVERED = "not covered"
    UNJUDGED = "not judged"

    @property
    def green(self) -> bool:
        """Whether the commit may stand as it is, for now."""
        return self not in {Cover.OVERDUE, Cover.UNCOVERED, Cover.UNJUDGED}


@dataclass(frozen=True, slots=True)
class Landed:
    """A commit of the audited branch, as it calls itself. `at` is when it counts as landed."""

    id: str
    parent: str
    at: datetime
    author: str
    title: str


@dataclass(frozen=True, slots=True)
class Covering:
    """How one commit stands; `since` is the parent of the change that it is, or is part of."""

    commit: Landed
    cover: Cover
    since: str
    until: str
    tally: Tally | None = None
    due: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an audit has to say: a finding, or a note where nothing is wrong."""

    rule: str
    finding: Finding
    commit: Landed | None = None

    @property
    def green(self) -> bool:
        """Whether it is a note only."""
        return self.finding.verdict.green


@dataclass(frozen=True, slots=True)
class Audit:
    """Everything an audit found. `older` counts commits before its start, taken on trust."""

    branch: str
    head: str
    since: str | None
    start: str
    at: datetime
    older: int
    commits: tuple[Covering, ...]
    remarks: tuple[Remark, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Remark, ...]:
        """What is not in order."""
        return tuple(remark for remark in self.remarks if not remark.green)

    @property
    def notes(self) -> tuple[Remark, ...]:
        """What is in order and has to be seen all the same."""
        return tuple(remark for remark in self.remarks if remark.green)

    def count(self, *covers: Cover) -> int:
        """How many commits are covered in one of these ways."""
        return sum(covering.cover in covers for covering in self.commits)

    @property
    def exit_code(self) -> int:
        """0 when all is in order, 1 for findings, 2 when a commit could not be judged."""
        if any(remark.finding.verdict is Verdict.ERROR for remark in self.findings):
            return 2
        return 1 if self.findings else 0


def cover(  # noqa: PLR0913 - a commit, and what was said of it when
    commit: Landed, case: Case, later: tuple[Opinion, ...], today: date, *,
    decided: tuple[Declared[Decision], ...] = (), until: str = "",
) -> Covering:  # fmt: skip
    """How a commit stands.

    Args:
        commit: the commit.
        case: its change, with what had been said when it landed.
        later: what was said about it since.
        today: the day of the audit.
        decided: every decision of the board up to now.
        until: the last commit, where the change is a run of several.
    """
    since, until = case.change.base, until or commit.id
    then = approval.tally(case)
    if then.standing is Standing.APPROVED:
        return Covering(commit, Cover.COVERED, since, until, then)
    # Judged as of the day it landed: what was approved then does not expire while others follow.
    everything = replace(case, opinions=case.opinions + later, decisions=decided or case.decisions)
    now = approval.tally(everything) if later or decided else then
    declared = then.due or now.due
    if now.standing is Standing.APPROVED:
        how = Cover.PAID if declared else Cover.AFTERWARDS
        return Covering(commit, how, since, until, now, declared)
    if now.standing is Standing.OVERRIDDEN and declared:
        due = min(declared, _last_day(commit, case))
        return Covering(
            commit, Cover.DEBT if today <= due else Cover.OVERDUE, since, until, now, due
        )
    return Covering(commit, Cover.UNCOVERED, since, until, now)


def _last_day(commit: Landed, case: Case) -> date:
    """When a debt is due at the latest: breaking the glass afterwards buys no time."""
    way_out = case.policy.break_glass
    return period.after(commit.at.date(), way_out.due_within) if way_out else date.max


# What an audit says of a commit.


def remarks(covering: Covering, case: Case | None) -> Iterator[Remark]:
    """Findings and notes about one commit, the gravest first."""
    commit, found = covering.commit, covering.tally
    if covering.cover is Cover.UNJUDGED:
        fix = "mend what is named, or begin the audit after it with --since"
        yield _remark(COVER, Place("policies/approvals.yaml"), covering.reason, fix, commit,
                      verdict=Verdict.ERROR)  # fmt: skip
        return
    if found is None:
        return
    assert case is not None  # noqa: S101 - a tally comes from a case
    at = next((d.at for d in found.demands if not d.standing.green), Place(commit.id))
    open_ = [d for d in found.demands if d.standing is not Standing.APPROVED]
    fix = "\n".join(_follow_up(open_, covering, case.policy))
    if covering.cover is Cover.UNCOVERED:
        yield _remark(COVER, at, _lacking(open_), fix, commit, _reasons(open_))
    elif covering.cover in {Cover.DEBT, Cover.OVERDUE}:
        late = covering.cover is Cover.OVERDUE
        rules = ", ".join(demand.rule for demand in open_)
        words = f"the glass was broken: debt of {covering.due} {'is overdue' if late else 'open'}"
        yield _remark(
            COVER, open_[0].at if open_ else at, f"{words} ({rules})",
            fix, commit, _signers(found),
            verdict=Verdict.FAIL if late else Verdict.PASS,
        )  # fmt: skip
    elif covering.cover in {Cover.AFTERWARDS, Cover.PAID}:
        paid = covering.cover is Cover.PAID
        words = "the glass was broken; the debt is paid" if paid else "approved after it landed"
        yield _remark(COVER, at, words, "", commit, _signers(found), verdict=Verdict.PASS)
    yield from _records(covering, found, case.policy)


def _lacking(demands: Iterable[Demand]) -> str:
    """What is missing, in one line."""
    words = []
    for demand in demands:
        seats = ", ".join(
            f"{s.label} {len(s.filled)} of {s.needed}" for s in demand.seats if s.open
        )
        objected = ", ".join(f"{opinion.who} objects" for opinion in demand.objections)
        why = "; ".join(part for part in (objected, seats, *demand.problems) if part)
        words.append(f"{demand.rule} ({why or demand.standing})")
    return f"went round the pull request: no approvals for {', '.join(words)}"


def _follow_up(open_: Sequence[Demand], covering: Covering, policy: Approvals) -> Iterator[str]:
    """Who is asked, then a command to type for each role that has an open seat."""
    found = covering.tally
    assert found is not None  # noqa: S101 - the caller looked
    seen, branch = digest.short(found.change.digest), found.change.branch
    asked = "; ".join(dict.fromkeys(approval.fix(demand, seen) for demand in open_))
    roles = list(dict.fromkeys(role for demand in open_ for role in _roles(demand, found, policy)))
    if not roles:
        yield asked
        return
    yield f"{asked}; the record belongs on {branch}: sign, commit it to a branch, merge that"
    span = f"{covering.since[:12]}..{covering.until[:12]}"
    named = "" if policy.branches == (branch,) else f" --branch {shlex.quote(branch)}"
    yield from (f'charter approve {span} --role {role}{named} --because "…"' for role in roles)


def _roles(demand: Demand, found: Tally, policy: Approvals) -> Iterator[str]:
    """Roles whose holders could fill a seat that is open, the first of each seat."""
    if demand.objections:
        return
    labels = {seat.label for seat in demand.seats if seat.open and seat.candidates}
    for slot in _slots(demand, found, policy):
        if slot.label in labels:
            yield from slot.roles[:1]


def _slots(demand: Demand, found: Tally, policy: Approvals) -> tuple[Slot, ...]:
    require = {rule.id: rule.require for rule in policy.rules}.get(demand.rule, policy.otherwise)
    edited = [effect.subject for effect in found.effects if effect.kind == "changes-role"]
    return tuple(requirement.slots(require, edited))


def _reasons(demands: Iterable[Demand]) -> tuple[str, ...]:
    """Why approvals that are there do not count."""
    return tuple(
        dict.fromkeys(
            f"ignored: {ignored}, {ignored.opinion.source}"
            for demand in demands
            for ignored in demand.ignored
            if ignored.standing is not Standing.APPROVED
        )
    )


def _signers(found: Tally) -> tuple[str, ...]:
    counted = {(o.who, o.source) for demand in found.demands for o in demand.counted}
    return tuple(f"approved by {who} ({source})" for who, source in sorted(counted))


def _remark(  # noqa: PLR0913 - a finding has these parts
    rule: str, at: Place, problem: str, fix: str, commit: Landed | None,
    notes: tuple[str, ...] = (), *, verdict: Verdict = Verdict.FAIL,
) -> Remark:  # fmt: skip
    return Remark(rule, Finding(at, problem, fix, notes, verdict), commit)


def _records(covering: Covering, found: Tally, policy: Approvals) -> Iterator[Remark]:
    """Past records that the commit edited or removed.

    With the approvals of a rule about that, only a removed approval or decision has to be shown.
    """
    named = {rule.id for rule in policy.rules if _speaks_of(rule.when, "edits-record")}
    allowed = any(d.rule in named and d.standing is Standing.APPROVED for d in found.demands)
    gone = {touched.path for touched in found.change.touched if touched.after is None}
    for effect in found.effects:
        if effect.kind != "edits-record":
            continue
        removed = effect.at.path in gone and compare.is_opinion(effect.at.path)
        if not allowed:
            fix = "bring it back as it was; a correction is a new record"
            yield _remark(RECORDS, effect.at, effect.words, fix, covering.commit)
        elif removed:
            words = f"{effect.words}; its removal was approved"
            yield _remark(RECORDS, effect.at, words, "", covering.commit, verdict=Verdict.PASS)
    for path in found.change.edited_records:
        words = f"{path} was added and taken out again on the way"
        yield _remark(RECORDS, Place(path), words, "", covering.commit, verdict=Verdict.PASS)


def _speaks_of(when: When, kind: str) -> bool:
    return any(kind in (leaf.changes or ()) for leaf in when.leaves())


# Which commits have to be looked at.


class Quiet:
    """Paths that need nobody's approval whatever else a change touches."""

    def __init__(self, policy: Approvals) -> None:
        self.policy = policy
        self._known: dict[str, bool] = {}

    def __contains__(self, path: str) -> bool:
        if path not in self._known:
            rules = (rule.when for rule in self.policy.rules)
            self._known[path] = self.policy.is_free(path) and not any(_may(w, path) for w in rules)
        return self._known[path]


def _may(when: When, path: str) -> bool:
    """Whether a condition could hold for a change of free paths because of this one.

    Free paths bring no meaning about, so a condition on meanings does not hold. What cannot be
    told from a path alone may hold.
    """
    if when.any is not None:
        return any(_may(inner, path) for inner in when.any)
    if when.all is not None:
        if any(inner.changes is not None for inner in when.all):
            return False
        told = [inner for inner in when.all if inner.paths is not None]
        return any(_may(inner, path) for inner in told or when.all)
    if when.changes is not None:
        return False
    if when.paths is not None:
        return glob.any_of(when.paths).fullmatch(path) is not None
    return True
