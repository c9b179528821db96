"""The branch that is audited: its commits, their laws, and the files they touch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapters import git, history, ledger
from adapters.ledger import Changed, Object, Objects, Step, Walk
from governance import catalogue, compare
from governance.approvals import Approvals
from governance.audit import Landed, Quiet
from governance.catalogue import Declarations
from governance.finding import CouldNotJudge
from governance.opinions import SKEW
from governance.roles import Roles
from governance.verdict import Verdict

APPROVALS: Final = "policies/approvals.yaml"
ROLES: Final = "policies/roles.yaml"
_PLAIN: Final = frozenset({"file", "executable"})
_ASIDE: Final = ("records/approvals",)


@dataclass(frozen=True, slots=True)
class Question:
    """What is audited. `since` is None for everything the law has governed."""

    root: Path
    head: str
    branch: str
    since: str | None
    now: datetime
    drafts: Mapping[str, Verdict] = field(default_factory=dict)
    """Verdicts by digest of their change that are about to be kept."""


@dataclass(frozen=True, slots=True)
class Law:
    """The law of one commit: rules, people, and the paths nobody has to look at."""

    policy: Approvals
    roles: Roles
    quiet: Quiet


class Course:
    """A branch from its start on: its commits, the law of each, and the files they touch.

    Places count from 0, the oldest commit after the start. `brought` holds for each place the ids
    of all commits it brought, itself first.
    """

    def __init__(self, question: Question, objects: Objects) -> None:
        self.question = question
        self.root = question.root
        self.objects = objects
        self._values: dict[tuple[str, str], Any | None] = {}
        self._laws: dict[tuple[Object | None, Object | None], Law | str] = {}
        self.walk, self.older, self.start = self._walk()
        self.steps = self.walk.steps
        self.when = tuple(_moments(self.walk, question.now))
        self.brought = self._brought()
        self.place = {c: index for index, ids in enumerate(self.brought) for c in ids}
        self.base = ledger.state(self.root, self.start)
        self.people: list[Object | None] = []
        self.laws = self._laws_by_step()

    def loud(self) -> list[int]:
        """Places of the commits that touch anything that could need an approval."""
        return [index for index, law in enumerate(self.laws) if self._is_loud(index, law)]

    def landed(self, index: int) -> Landed:
        """A step as people name it."""
        step, raw = self.steps[index], self.walk.commits[self.steps[index].id]
        author = f"{raw.author.name} <{raw.author.email}>"
        return Landed(step.id, step.parent, self.when[index], author, raw.title)

    def value(self, path: str, found: Object | None) -> Any | None:
        """The declaration in a file; None where there is none that loads."""
        if found is None or found.mode not in _PLAIN:
            return None
        key = (path, found.id)
        if key not in self._values:
            self._values[key] = catalogue.read(path, self.objects.read([found.id])[found.id])[0]
        return self._values[key]

    def declarations(self, files: Mapping[str, Object]) -> Declarations:
        """The declarations among some files."""
        return catalogue.gather(
            (path, self.value(path, found))
            for path, found in files.items()
            if catalogue.is_declaration(path)
        )

    def parse(self, files: Iterable[tuple[str, Object]]) -> None:
        """Reads declarations that are not known yet, all at once."""
        new = {
            found.id: path
            for path, found in files
            if (path, found.id) not in self._values and found.mode in _PLAIN
        }
        for oid, data in self.objects.each(new, new):
            self._values[new[oid], oid] = catalogue.read(new[oid], data or b"")[0]

    def read_files(self, places: Iterable[int]) -> None:
        """Hashes and parses every distinct file some commits touch, each once, as it streams."""
        wanted: dict[str, list[str]] = {}
        for place in places:
            for changed in self.steps[place].changed:
                for side in (changed.before, changed.after):
                    if side is None or side.mode == "submodule":
                        continue
                    told = catalogue.kind_of(changed.path) and not is_added(changed)
                    new = told and (changed.path, side.id) not in self._values
                    if new or side.id not in self.objects.known:
                        wanted.setdefault(side.id, []).extend([changed.path] if new else [])
        keep = {oid for oid, paths in wanted.items() if paths}
        for oid, data in self.objects.each(wanted, keep):
            for path in wanted[oid] if data is not None else ():
                self._values[path, oid] = catalogue.read(path, data or b"")[0]

    def _walk(self) -> tuple[Walk, int, str]:
        """The branch after its start, the number of older commits, and the start itself."""
        since = self.question.since or self._trusted_until()
        walk = ledger.walk(self.root, since, self.question.head, _ASIDE)
        if since:
            if walk.steps and walk.steps[0].parent != since:
                msg = f"{since[:12]} is not on the first parents of {self.question.branch}"
                raise CouldNotJudge(msg)
            return walk, len(list(history.first_parents(self.root, None, since))), since
        begin = next(self._governed(walk.steps), len(walk.steps))
        if begin == len(walk.steps):
            return replace(walk, steps=()), begin, self.question.head
        return replace(walk, steps=walk.steps[begin:]), begin, walk.steps[begin].parent

    def _trusted_until(self) -> str | None:
        """The commit the law of the head begins after, if it names one.

        Raises:
            CouldNotJudge: the law does not load, or the commit is not here.
        """
        value = read_law(self.root, self.question.head)
        if value.trusted_until is None:
            return None
        return git.resolve(self.root, value.trusted_until)

    def _governed(self, steps: Sequence[Step]) -> Iterator[int]:
        """Commits whose parent has approval rules that load."""
        rules: Object | None = None
        for index, step in enumerate(steps):
            if rules is not None and self.value(APPROVALS, rules) is not None:
                yield index
            for changed in step.changed:
                if changed.path == APPROVALS:
                    rules = changed.after

    def _brought(self) -> list[tuple[str, ...]]:
        """Ids of the commits each step brought, itself first, over all parents."""
        known, brought = self.walk.commits, []
        done: set[str] = set()
        for tip in (self.start, *(step.id for step in self.steps)):
            stack, mine = [tip], []
            while stack:
                commit = stack.pop()
                if commit in known and commit not in done:
                    done.add(commit)
                    mine.append(commit)
                    stack += known[commit].parents
            brought.append(tuple(mine))
        return brought[1:]  # what the start brought was there before

    def _laws_by_step(self) -> list[Law | str]:
        """The law of each step's parent, or why it does not load."""
        rules, people = self.base.get(APPROVALS), self.base.get(ROLES)
        found = []
        for step in self.steps:
            found.append(self._law(rules, people))
            for changed in step.changed:
                if changed.path == APPROVALS:
                    rules = changed.after
                elif changed.path == ROLES:
                    people = changed.after
            self.people.append(people)
        return found

    def _law(self, rules: Object | None, people: Object | None) -> Law | str:
        key = (rules, people)
        if key not in self._laws:
            policy, roles = self.value(APPROVALS, rules), self.value(ROLES, people)
            if isinstance(policy, Approvals) and isinstance(roles, Roles):
                self._laws[key] = Law(policy, roles, Quiet(policy))
            else:
                path = ROLES if isinstance(policy, Approvals) else APPROVALS
                self._laws[key] = f"{path} of the parent is missing or does not load"
        return self._laws[key]

    def _is_loud(self, index: int, law: Law | str) -> bool:
        """Whether a step touches anything that could need an approval."""
        if isinstance(law, str):
            return bool(self.steps[index].changed)
        return any(changed.path not in law.quiet for changed in self.steps[index].changed)

    def roles_at(self, place: int) -> Roles | None:
        """The people after a commit; those before the start for -1."""
        value = self.value(ROLES, self.people[place] if place >= 0 else self.base.get(ROLES))
        return value if isinstance(value, Roles) else None


def read_law(root: Path, commit: str) -> Approvals:
    """The approval rules of a commit.

    Raises:
        CouldNotJudge: there are none that load.
    """
    listing = git.run(root, "ls-tree", "-z", "--full-tree", commit, "--", APPROVALS)
    if not listing.startswith((b"100644 ", b"100755 ")):
        msg = f"{APPROVALS} is missing at {commit[:12]}: nothing says what had to be approved"
        raise CouldNotJudge(msg)
    data = git.run(root, "cat-file", "blob", listing.split()[2].decode())
    value, _, findings = catalogue.read(APPROVALS, data)
    if not isinstance(value, Approvals):
        first = findings[0] if findings else None
        msg = f"{APPROVALS} at {commit[:12]} does not load: {first.problem if first else ''}"
        raise CouldNotJudge(msg)
    return value


def is_added(changed: Changed) -> bool:
    """Whether it is an approval or decision that was added."""
    return (
        changed.before is None
        and changed.after is not None
        and changed.after.mode == "file"
        and compare.is_opinion(changed.path)
    )


def _moments(walk: Walk, now: datetime) -> Iterator[datetime]:
    """When each step landed: its own clock, but never before the step it stands on.

    A clock that is ahead of the audit is not believed, and sets nobody else's.
    """
    latest = datetime.min.replace(tzinfo=UTC)
    for step in walk.steps:
        try:
            own = datetime.fromtimestamp(walk.commits[step.id].seconds, UTC)
        except (OverflowError, ValueError, OSError):
            own = now
        if own > now + SKEW:
            yield max(latest, now)
            continue
        latest = max(latest, own)
        yield latest
