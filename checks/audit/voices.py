"""What was said about the commits of a branch, when, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters import keys
from adapters.keys import Verifier
from adapters.ledger import Object
from adapters.opinions import made_with
from adapters.verdicts import BRANCH, Verdicts
from checks.audit.changes import Judged
from checks.audit.course import Course
from governance import audit, compare, opinions, verdict
from governance.audit import Remark
from governance.changeset import CHANGE, Opinion
from governance.declaration import Declared
from governance.finding import Finding, Place
from governance.finding import Verdict as Outcome
from governance.opinions import SKEW, Signed
from governance.records import Approval, Decision
from governance.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Arrived:
    """A signed record with the steps that brought it and took it away again.

    -1 for one that was there before the walk. What was signed stays signed when the file is
    removed or edited later; that is a finding of its own.
    """

    signed: Signed
    at: int
    until: int | None


class Voices:
    """Every opinion on a branch: signed records, and what a forge witnessed."""

    def __init__(self, course: Course, verifier: Verifier) -> None:
        self.course = course
        self.verifier = verifier
        self.verdicts = Verdicts(course.root, course.objects)
        self.decided: list[tuple[int, Declared[Decision]]] = []
        self._doubts: dict[tuple[str, str], None] = {}
        self._by_subject: dict[str, list[Arrived]] = {}
        self._by_digest: dict[str, list[Arrived]] = {}
        self._by_step: dict[int, list[Arrived]] = {}
        self._arrive()

    def hear(self, judged: Sequence[Judged]) -> None:
        """Each change knows who signed its commits, and what was said about it."""
        self._signers(judged)
        self._witnessed(judged)
        self._collect(judged)

    def digests(self) -> set[str]:
        """Digests of all changes that somebody signed something about, or a forge witnessed."""
        drafts = self.course.question.drafts
        return {*self._by_digest, *drafts, *self.verdicts.digests()}

    def doubts(self) -> Iterator[Remark]:
        """Verdicts that were changed or removed after they were kept, or count for nothing."""
        for commit, path in self.verdicts.rewritten():
            problem = f"a kept verdict was changed or removed by {commit[:12]}"
            fix = f"look who pushed to {BRANCH}; verdicts are only ever added"
            yield Remark(audit.VERDICTS, Finding(Place(path), problem, fix))
        for path, problem in self._doubts:
            fix = "run `charter audit --record` with the judge's key"
            yield Remark(audit.VERDICTS, Finding(Place(path), problem, fix, (), Outcome.PASS))

    def _signers(self, judged: Sequence[Judged]) -> None:
        """Puts into each change who signed its commits, by the keys of its law on that day."""
        groups: dict[tuple[tuple[str, tuple[str, ...]], ...], list[Judged]] = {}
        for item in judged:
            day = self.course.when[item.last].date()
            people = tuple(
                (name, publics)
                for name, human in item.law.roles.people.items()
                if (publics := tuple(key.public for key in human.keys if key.active(day)))
            )
            groups.setdefault(people, []).append(item)
        for people, items in groups.items():
            ids = [c.id for item in items for c in item.change.commits if not c.clean_merge]
            if not people or not ids:
                continue
            signers = keys.signer(self.course.root, ids, dict(people), self.verifier)
            for item in items:
                commits = tuple(
                    replace(c, signed_by=signers.get(c.id)) for c in item.change.commits
                )
                item.change = replace(item.change, commits=commits)

    def _witnessed(self, judged: Sequence[Judged]) -> None:
        """Puts into each change what a forge witnessed of it, as the newest verdict keeps it.

        A verdict about other bytes, or another branch or repository, is none of this change. Where
        the law names a judge, only what the judge signed is believed.
        """
        for item in judged:
            kept = [found for found in self._kept(item) if self._speaks(found, item)]
            if not kept:
                continue
            newest = max(reversed(kept), key=lambda found: found.judged_at)
            item.verdict, step = newest, self.course.steps[item.last].id
            known = {commit.id for commit in newest.contributors()}
            # Who pressed the button of a squash changed nothing: the bytes are those of before.
            own = tuple(
                replace(c, committer=c.author) if c.id == step else c
                for c in item.change.commits
                if c.id not in known
            )
            item.change = replace(
                item.change, head=newest.pull.head, pull=newest.pull_request(),
                commits=newest.contributors() + own,
            )  # fmt: skip

    def _kept(self, item: Judged) -> Iterator[Verdict]:
        """The verdicts on a change that can be read and are signed as the law asks."""
        if item.change.digest in self.course.question.drafts:
            yield self.course.question.drafts[item.change.digest]
            return
        day = self.course.when[item.last].date()
        judges = {
            name: tuple(key.public for key in human.keys if key.active(day))
            for name, human in item.law.roles.people.items()
            if human.kind == "bot" and human.keys
            and verdict.JUDGE in item.law.roles.held_by(name, day)
        }  # fmt: skip
        for kept in self.verdicts.about(verdict.path_of(item.change.digest)):
            found = verdict.read(kept.data)
            if isinstance(found, str):
                self._doubts[kept.path, f"no verdict: {found}"] = None
                continue
            jobs = [
                keys.Job(kept.data, kept.signature, name, publics, verdict.NAMESPACE)
                for name, publics in judges.items()
            ]
            if jobs and not any(self.verifier.verify_many(jobs)):
                self._doubts[kept.path, "not signed by the judge the roles name"] = None
                continue
            yield found

    def _speaks(self, found: Verdict, item: Judged) -> bool:
        """Whether a verdict is about this change."""
        policy = item.law.policy
        return (
            found.digest == item.change.digest
            and found.branch == found.pull.base_branch == self.course.question.branch
            and found.repository == found.pull.repository == policy.repository
        )

    def _collect(self, judged: Sequence[Judged]) -> None:
        """Finds for each change what was said about it, and checks all signatures at once."""
        asked: list[keys.Job] = []

        def later(jobs: Iterable[keys.Job]) -> list[None]:
            wanted = list(jobs)
            asked.extend(wanted)
            return [None] * len(wanted)

        mine = []
        for item in judged:
            found = {id(a): a for a in self._by_digest.get(item.change.digest, ())}
            found |= {
                id(a): a for name in item.change.subjects for a in self._by_subject.get(name, ())
            }
            for step in range(item.first, item.last + 1):
                found |= {id(a): a for a in self._by_step.get(step, ())}
            records = sorted(found.values(), key=lambda a: a.signed.record.path)
            mine.append(records)
            made_with((a.signed for a in records), item.law.roles, later)
            made_with(item.taken_out, item.law.roles, later)
        self.verifier.verify_many(asked)
        for item, records in zip(judged, mine, strict=True):
            item.said, item.later = self._opinions(item, records)

    def _arrive(self) -> None:
        """Finds every signed record that ever was here."""
        for path, found, at, until in self._lives():
            value = self.course.value(path, found)
            if isinstance(value, Decision) and until is None:
                self.decided.append((at, Declared(path, value)))
            if not isinstance(value, Approval):
                continue
            gone = "" if until is None else f" (until {self.course.steps[until].id[:12]})"
            record = Declared(f"{path}{gone}", value)
            arrived = Arrived(opinions.statement_of(record), at, until)
            self._by_step.setdefault(at, []).append(arrived)
            statement = arrived.signed.statement
            if statement is not None and statement.about == CHANGE:
                self._by_digest.setdefault(statement.digest, []).append(arrived)
            elif statement is not None:
                self._by_subject.setdefault(statement.about, []).append(arrived)

    def _lives(self) -> list[tuple[str, Object, int, int | None]]:
        """Every approval and decision that ever was on the branch, by path: from when to when."""
        here = {p: (o, -1) for p, o in self.course.base.items() if compare.is_opinion(p)}
        found: list[tuple[str, Object, int, int | None]] = []
        for index, step in enumerate(self.course.steps):
            for changed in step.changed:
                if not compare.is_opinion(changed.path):
                    continue
                if changed.path in here:
                    was, since = here.pop(changed.path)
                    found.append((changed.path, was, since, index))
                if changed.after is not None:
                    here[changed.path] = (changed.after, index)
        found += [(path, last, since, None) for path, (last, since) in here.items()]
        self.course.parse((path, life) for path, life, _, _ in found)
        return sorted(found, key=lambda life: (life[0], life[2]))

    def _opinions(
        self, item: Judged, records: Sequence[Arrived]
    ) -> tuple[tuple[Opinion, ...], tuple[Opinion, ...]]:
        """What had been said when a change landed, and what was said since."""
        digests = {**item.change.subjects, CHANGE: item.change.digest}
        made = made_with(
            [*(a.signed for a in records), *item.taken_out], item.law.roles,
            self.verifier.verify_many,
        )  # fmt: skip
        then: list[Opinion | None] = []
        since: list[Opinion | None] = []
        for arrived in records:
            if arrived.until is not None and arrived.until <= item.last:
                continue
            early = arrived.at <= item.last
            found = self._opinion(item, arrived.signed, made, arrived.at)
            if found is None:
                continue
            own = item.first <= arrived.at <= item.last
            found = replace(found, own=own)
            if early:
                then.append(found)
            elif found.digest == digests.get(found.subject):
                since.append(found)
        then += [self._opinion(item, signed, made, item.last) for signed in item.taken_out]
        for found in self._reviews(item):
            early = found.at <= self.course.when[item.last] + SKEW
            (then if early else since).append(found)
        return opinions.relevant(then, digests), opinions.relevant(since, digests)

    @staticmethod
    def _reviews(item: Judged) -> Iterator[Opinion]:
        """What was said at the forge."""
        kept, pull = item.verdict, item.change.pull
        if kept is not None and pull is not None:
            seen, roles = kept.seen(item.change.digest), item.law.roles
            yield from opinions.reviewed(pull, seen, kept.visible(), roles)

    def _opinion(
        self, item: Judged, signed: Signed, made: Mapping[str, str | None], at: int
    ) -> Opinion | None:
        """The opinion in a record, by the law of the change, as of the day it reached the branch.

        A key that had expired by then does not count, whatever moment the statement names.
        """
        now = self.course.when[at] if at >= 0 else self.course.when[item.last]
        return opinions.recorded(
            signed, made[signed.record.path], roles=item.law.roles, policy=item.law.policy,
            branch=self.course.question.branch, now=now, settled=at < 0,
        )  # fmt: skip
