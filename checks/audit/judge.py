"""The audit: each commit with what covers it, runs of commits that came as one, and the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from adapters import history, ledger
from adapters.keys import Verifier
from adapters.ledger import Changed, Objects, State
from checks.audit.changes import Changes, Judged
from checks.audit.course import Course, Law, Question
from checks.audit.releases import Releases
from checks.audit.voices import Voices
from governance import audit
from governance.audit import Audit, Cover, Covering
from governance.changeset import Changeset
from governance.finding import CouldNotJudge
from governance.tally import Case

_LONGEST: Final = 32
"""Commits of the longest run that is tried as one change: what a rebase made of a branch."""
_AROUND: Final = 4
"""Commits that need no approval, at either end of such a run."""


def audit_of(
    question: Question, verifier: Verifier, told: Callable[[int, int], None] = lambda *_: None
) -> Audit:
    """What stands on a branch, held against what was approved.

    Args:
        question: what is audited.
        verifier: checks signatures; may remember its answers.
        told: hears how many commits of how many are judged.

    Raises:
        CouldNotJudge: the clone is shallow, partial or rewritten, or the start is not on the
            branch.
    """
    history.refuse_partial(question.root)
    with Objects(question.root) as objects:
        watch = _Watch()
        with watch.part("history"):
            course = Course(question, objects)
        with watch.part("files"):
            loud = course.loud()
            course.read_files(loud)
        with watch.part("changes"):
            changes = Changes(course, loud)
        with watch.part("signatures"):
            voices = Voices(course, verifier)
            voices.hear(changes.judged)
        with watch.part("judgement"):
            found = _Bench(course, changes, voices, told).covers()
            commits = tuple(covering for covering, _ in found)
            remarks = [
                remark for covering, case in found for remark in audit.remarks(covering, case)
            ]
            remarks += voices.doubts()
        with watch.part("tags"):
            remarks += Releases(course, changes.files, verifier).remarks()
    return Audit(
        question.branch, question.head, question.since, course.start, question.now, course.older,
        commits, tuple(remarks), watch.seconds,
    )  # fmt: skip


def joined(question: Question, since: str, until: str) -> Changeset | None:
    """What all commits of a branch after `since` up to `until` did together; None for nothing.

    Raises:
        CouldNotJudge: the law of `since` does not load, or one of the commits cannot be read.
    """
    with Objects(question.root) as objects:
        course = Course(replace(question, since=since, head=until), objects)
        if not course.steps:
            return None
        places, law = range(len(course.steps)), course.laws[0]
        course.read_files(places)
        changes = Changes(course, ())
        for reason in (law, *changes.broken.values()):
            if isinstance(reason, str):
                raise CouldNotJudge(reason)
        changed = _together(course, places)
        return changes.joined(0, places[-1], changed, law, changes.files).change  # type: ignore[arg-type]


def _together(course: Course, places: Sequence[int]) -> list[Changed]:
    """Paths that differ between the parent of the first commit and the last one."""
    found: dict[str, Changed] = {}
    for place in places:
        for item in course.steps[place].changed:
            before = found[item.path].before if item.path in found else item.before
            found[item.path] = Changed(item.path, before, item.after)
    return [item for item in found.values() if item.before != item.after]


class _Watch:
    """Seconds by part of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Counts what happens inside."""
        begin = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - begin


Cell = tuple[Covering, Case | None]


class _Bench:
    """Where the changes are judged."""

    def __init__(
        self, course: Course, changes: Changes, voices: Voices, told: Callable[[int, int], None]
    ) -> None:
        self.course = course
        self.changes = changes
        self.voices = voices
        self.told = told

    def covers(self) -> list[Cell]:
        """Every commit with what covers it, and its case where it was judged."""
        found: dict[int, Cell] = {}
        judged = self.changes.judged
        for number, item in enumerate(judged, start=1):
            found[item.first] = self._covering(item)
            self.told(number, len(judged))
        for place, reason in self.changes.broken.items():
            found[place] = self._plain(place, Cover.UNJUDGED, reason), None
        for item in self._runs({place: cell[0].cover.green for place, cell in found.items()}):
            whole, case = self._covering(item)
            first, *rest = [p for p in range(item.first, item.last + 1) if p in found]
            found[first] = replace(whole, commit=self.course.landed(first)), case
            for place in rest:
                found[place] = replace(whole, commit=self.course.landed(place), tally=None), None
        free = (self._plain(place, Cover.FREE) for place in range(len(self.course.steps)))
        return [found.get(place, (covering, None)) for place, covering in enumerate(free)]

    def _plain(self, place: int, cover: Cover, reason: str = "") -> Covering:
        commit = self.course.landed(place)
        return Covering(commit, cover, commit.parent, commit.id, reason=reason)

    def _covering(self, item: Judged) -> tuple[Covering, Case]:
        decided = self.voices.decided
        then = tuple(declared for at, declared in decided if at <= item.last)
        case = item.case(self.course.when[item.last], then)
        covering = audit.cover(
            item.commit, case, item.later, self.course.question.now.date(),
            decided=tuple(declared for _, declared in decided),
            until=self.course.steps[item.last].id,
        )  # fmt: skip
        return covering, case

    def _runs(self, loud: Mapping[int, bool]) -> Sequence[Judged]:
        """Runs of commits that were approved as one change: what a rebase makes of a branch.

        Args:
            loud: for each commit that needs approval, whether it is in order on its own. No run
                reaches over one that is.

        Returns:
            Runs whose digest somebody approved or a forge witnessed, each with a commit in it
            that nothing covers on its own, and few that need no approval around that.
        """
        single = {item.change.digest for item in self.changes.judged}
        wanted = self.voices.digests() - single
        found: list[Judged] = []
        files, at, done = dict(self.course.base), 0, -1
        for place in sorted(p for p, green in loud.items() if not green) if wanted else ():
            if place <= done:
                continue
            first = place
            while first > max(place - _AROUND, done + 1) and first - 1 not in loud:
                first -= 1
            for step in self.course.steps[at:first]:
                ledger.advance(files, step)
            at = max(at, first)
            run = next(self._from(range(at, place + 1), dict(files), loud, wanted), None)
            if run is not None:
                done = run.last
                found.append(run)
        self.voices.hear(found)
        return found

    def _from(
        self, starts: Sequence[int], files: State, loud: Mapping[int, bool], wanted: set[str]
    ) -> Iterator[Judged]:
        """Runs that begin at one of some places and hold the last of them."""
        for first in starts:
            now, law = dict(files), self.course.laws[first]
            ledger.advance(files, self.course.steps[first])
            if not isinstance(law, str):
                yield from self._run(first, starts[-1], law, now, loud, wanted)

    def _run(  # noqa: PLR0913 - where it begins, and what it is looked for among
        self, first: int, place: int, law: Law, files: State, loud: Mapping[int, bool],
        wanted: set[str],
    ) -> Iterator[Judged]:  # fmt: skip
        course, free = self.course, 0
        for last in range(first, min(first + _LONGEST, len(course.steps))):
            free = 0 if last in loud else free + 1
            over = last > place and (loud.get(last) or free > _AROUND)
            if last in self.changes.broken or over:
                return
            ledger.advance(files, course.steps[last])
            if last == first or last < place:
                continue
            places = range(first, last + 1)
            course.read_files(places)
            run = self.changes.joined(first, last, _together(course, places), law, files)
            if run.change.touched and run.change.digest in wanted:
                yield run
