"""What each commit of the branch did, and who had a hand in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from adapters import history, ledger
from adapters.ledger import Changed, Object, Objects, State
from adapters.tree import Entry, Tree
from checks.audit.course import Course, Law, is_added
from checks.facts import approvals as facts
from checks.facts import tree
from checks.situation import Situation
from governance import compare, opinions
from governance.approvals import Approvals
from governance.audit import Landed
from governance.changeset import Changeset, Commit, Opinion, Touched
from governance.declaration import Declared
from governance.effect import Effect
from governance.evidence import ROOT as EVIDENCE
from governance.finding import CouldNotJudge
from governance.opinions import Signed
from governance.records import Approval, Decision
from governance.subject import MODEL, own_file
from governance.tally import Case, LawDigest
from governance.verdict import Verdict

RELEASE: Final = "policies/release.yaml"
_DATASETS: Final = ("records/landings/", "records/tombstones/")


@dataclass(slots=True)
class Judged:
    """A change that has to be judged: a commit, or a run of commits that came as one."""

    first: int
    last: int
    commit: Landed
    law: Law
    change: Changeset
    effects: tuple[Effect, ...]
    taken_out: tuple[Signed, ...] = ()
    said: tuple[Opinion, ...] = ()
    later: tuple[Opinion, ...] = ()
    verdict: Verdict | None = None

    def case(self, when: datetime, decisions: tuple[Declared[Decision], ...]) -> Case:
        """The case as it stood when the change landed."""
        return Case(
            self.law.policy, self.law.roles, self.change, self.effects, self.said, when,
            decisions, LawDigest(self.law.policy.version),
        )  # fmt: skip


class Piece(Tree):
    """A few files of a commit, read through the one process."""

    def __init__(self, files: Mapping[str, Object], objects: Objects) -> None:
        self.name, self.commit = "piece", None
        self._files, self._objects = files, objects

    def entries(self) -> Mapping[str, Entry]:
        """The files."""
        return {path: Entry(o.mode, None, o.id) for path, o in self._files.items()}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Their bytes."""
        wanted = list(paths)
        data = self._objects.read(self._files[path].id for path in wanted)
        for path in wanted:
            yield path, data[self._files[path].id]


class Changes:
    """What each commit of a branch did, read as `charter approvals` reads a change.

    `files` is the tree at the end. `broken` says why a commit cannot be judged.
    """

    def __init__(self, course: Course, loud: Sequence[int]) -> None:
        self.course = course
        self.broken: dict[int, str] = {}
        self.files = dict(course.base)
        self._approving = self._only_approve()
        self._clean = self._merges(loud)
        found = list(self._each(set(loud)))
        self.judged = [item for item in found if item.change.touched]

    def _each(self, loud: set[int]) -> Iterator[Judged]:
        for place, step in enumerate(self.course.steps):
            fits, law = ledger.advance(self.files, step), self.course.laws[place]
            if not fits:
                self.broken[place] = "its tree holds a name twice, as no Git program writes it"
            elif place not in loud:
                continue
            elif isinstance(law, str):
                self.broken[place] = law
            else:
                try:
                    yield self.joined(place, place, step.changed, law, self.files)
                except CouldNotJudge as reason:
                    self.broken[place] = str(reason)
                except UnicodeEncodeError:
                    self.broken[place] = "it touches a path that is no UTF-8 text"

    def joined(
        self, first: int, last: int, changed: Sequence[Changed], law: Law, files: State
    ) -> Judged:
        """One commit, or several as the change they are together.

        Args:
            first: place of the first commit.
            last: place of the last one.
            changed: paths that differ between the first one's parent and the last one.
            law: the law of the first one's parent.
            files: the tree of the last one.
        """
        course, begin, end = self.course, self.course.steps[first], self.course.steps[last]
        touched = self._touched(changed, law.policy)
        effects = self._effects(changed, touched, files)
        named = sorted({str(effect.subject) for effect in effects if effect.approvable})
        known = self._subjects(named, files)
        places = range(last, first - 1, -1)
        out = tuple(self._taken_out(places, files))
        change = Changeset(
            branch=course.question.branch, base=begin.parent, head=end.id,
            tree=course.walk.commits[end.id].tree, touched=touched,
            commits=tuple(self._commit(commit) for p in places for commit in course.brought[p]),
            subjects={name: known[name] for name in named if name in known},
            edited_records=tuple(item.record.path.partition(" ")[0] for item in out),
        )  # fmt: skip
        return Judged(first, last, course.landed(first), law, change, effects, out)

    def _taken_out(self, places: Iterable[int], files: State) -> Iterator[Signed]:
        """Approvals that commits behind a step added and its tree lacks: what was signed was said.

        One that was moved to where nobody reads it is taken out.
        """
        mine = {commit for place in places for commit in self.course.brought[place]}
        added = {
            item.after.id: item.path
            for commit in sorted(mine & self.course.walk.aside.keys())
            for item in self.course.walk.aside[commit]
            if item.after is not None and compare.is_opinion(item.path)
        }
        if not added:
            return
        kept = {o.id for p, o in files.items() if compare.is_opinion(p) and o.mode != "symlink"}
        for number, (oid, path) in enumerate(sorted(added.items()), start=1):
            value = None if oid in kept else self.course.value(path, Object("file", oid))
            if isinstance(value, Approval):
                told = f"{path} (taken out again, {number})"
                yield opinions.statement_of(Declared(told, value))

    def _touched(self, changed: Iterable[Changed], policy: Approvals) -> tuple[Touched, ...]:
        """The paths as `adapters.difference` gives them, added approvals left out."""
        found = []
        for item in sorted(changed, key=lambda item: item.path):
            before, after = (
                self.course.objects.version(item.before),
                self.course.objects.version(item.after),
            )
            one = Touched(item.path, before, after)
            if before != after and not compare.given(one):
                found.append(one)
        limits = [
            leaf.size.lines_above
            for rule in policy.rules
            for leaf in rule.when.leaves()
            if leaf.size is not None and leaf.size.lines_above is not None
        ]
        return self._counted(changed, found, min(limits)) if limits else tuple(found)

    def _counted(
        self, changed: Iterable[Changed], touched: list[Touched], limit: int
    ) -> tuple[Touched, ...]:
        """The same with lines. They are compared only where their number could matter."""
        sides = {item.path: (item.before, item.after) for item in changed}
        total = 0
        for one in touched:
            for side in sides[one.path]:
                lines = self._length(side)
                total = total + lines if lines is not None else limit + 1
        if total <= limit:
            return tuple(replace(one, lines=0) for one in touched)
        return tuple(replace(one, lines=self._lines(*sides[one.path])) for one in touched)

    def _length(self, side: Object | None) -> int | None:
        if side is None:
            return 0
        return None if side.mode == "submodule" else self.course.objects.known[side.id].lines

    def _lines(self, before: Object | None, after: Object | None) -> int | None:
        """Lines added and removed between two files."""
        if self._length(before) is None or self._length(after) is None:
            return None
        pieces = [
            Counter(self.course.objects.read([side.id])[side.id].splitlines())
            if side
            else Counter()
            for side in (before, after)
        ]
        return (pieces[0] - pieces[1]).total() + (pieces[1] - pieces[0]).total()

    def _effects(
        self, changed: Iterable[Changed], touched: Iterable[Touched], files: State
    ) -> tuple[Effect, ...]:
        """The meanings of a change, from the declarations it touches and those they refer to."""
        paths = {one.path for one in touched}
        was: dict[str, Object] = {}
        now: dict[str, Object] = {}
        for item in changed:
            if item.path in paths:
                was |= {item.path: item.before} if item.before else {}
                now |= {item.path: item.after} if item.after else {}
        if any(path.endswith("/rollout.yaml") for path in paths) and RELEASE in files:
            now[RELEASE] = files[RELEASE]
            if RELEASE not in paths:
                was[RELEASE] = files[RELEASE]
        return compare.effects(
            self.course.declarations(was), self.course.declarations(now), touched
        )

    def _subjects(self, names: Sequence[str], files: State) -> Mapping[str, str]:
        """Digests of what the change speaks about, as `charter approvals` computes them."""
        wanted: dict[str, Object] = {}
        for name in names:
            if entry := own_file(name):
                match = MODEL.fullmatch(name)
                folder = f"{EVIDENCE}/models/{match['model']}/" if match else entry
                wanted |= {p: o for p, o in files.items() if p == entry or p.startswith(folder)}
            else:
                wanted |= {p: o for p, o in files.items() if p.startswith(_DATASETS)}
        if not wanted:
            return {}
        piece = Piece(wanted, self.course.objects)
        situation = Situation(root=self.course.root, tree=piece, now=self.course.question.now)
        own = self.course.declarations(wanted)
        return facts.subjects(situation, own, tree.evidence_files(situation)).digests

    def _merges(self, loud: Sequence[int]) -> frozenset[str]:
        """Merges that hold nothing but what merging gives by itself.

        A step merges the change in; a commit behind it is an update when it merges what the
        branch held before.
        """
        asked: dict[str, tuple[str, str]] = {}
        found: set[str] = set()
        for index in loud:
            for commit in self.course.brought[index]:
                raw = self.course.walk.commits[commit]
                if len(raw.parents) != 2:  # noqa: PLR2004 - an octopus cannot be computed again
                    continue
                theirs = raw.parents[1]
                if (
                    commit != self.course.steps[index].id
                    and self.course.place.get(theirs, -1) >= index
                ):
                    continue
                asked[commit] = (raw.parents[0], theirs)
        pairs = list(asked.values())
        for commit, made in zip(asked, ledger.merges(self.course.root, pairs), strict=True):
            if made == self.course.walk.commits[commit].tree:
                found.add(commit)
        return frozenset(found)

    def _commit(self, commit: str) -> Commit:
        raw = self.course.walk.commits[commit]
        return Commit(
            raw.id, raw.author, raw.committer, raw.co_authors, clean_merge=commit in self._clean,
            only_approves=commit in self._approving,
        )  # fmt: skip

    def _only_approve(self) -> frozenset[str]:
        """Commits that do nothing but add approvals or decisions."""
        along = {s.id: s for s in self.course.steps}
        may = [
            commit
            for commit, changed in self.course.walk.aside.items()
            if commit in self.course.place and changed and all(is_added(c) for c in changed)
            and len(self.course.walk.commits[commit].parents) == 1
        ]  # fmt: skip
        mine = {c for c, s in along.items() if s.changed and all(map(is_added, s.changed))}
        return history.only_approving(self.course.root, may) | mine
