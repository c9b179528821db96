"""`charter policy`: try approval rules before they hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from adapters import git, history
from adapters.git import Revision
from adapters.reading import Reading
from adapters.tree import Tree
from checks.collect import Collector
from checks.formats import policy as forms
from checks.formats import text
from checks.formats.policy import Judged
from checks.rules.approvals.reach import PLACES
from cli.situate import moment, situate
from governance import compare, impact, matrix, trial
from governance.approvals import Approvals
from governance.catalogue import KINDS, Declarations, read
from governance.declaration import Declared
from governance.facts import Refusals
from governance.finding import Blocked, CouldNotJudge, Finding
from governance.impact import Outcome, Proposed
from governance.model import Model
from governance.policy_case import PolicyCase
from governance.release import Release, Rollout
from governance.roles import Roles
from governance.tally import Case
from governance.trial import Trial

CASES: Final = "policies/cases/"
WORK: Final = "the work tree"
_LAW: Final = ("policies/approvals.yaml", "policies/roles.yaml")

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
_NOW = click.option("--now", metavar="ISO", help="Judge as of this moment, such as 2026-11-22.")
_HEAD = click.option("--head", metavar="REV", help="Try the rules of this revision instead.")
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Show all of it.")
_FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)


@click.group()
def policy() -> None:
    """Try approval rules: on cases, on what was merged before, on every path."""


def _proposed(declarations: Declarations, refused: Iterable[Finding], of: str) -> Proposed:
    """The rules and people of a tree, which people call `of`.

    Raises:
        CouldNotJudge: they are missing or do not load; it names every place, with its fix.
    """
    try:
        return Proposed(
            declarations.one(Approvals, "approvals").value, declarations.one(Roles, "roles").value
        )
    except Blocked:
        msg = "\n".join(_unread(declarations, refused, of))
        raise CouldNotJudge(msg) from None


def _unread(declarations: Declarations, refused: Iterable[Finding], of: str) -> Iterator[str]:
    """Which of the two files do not load, and what each finding says."""
    found = list(refused)
    for path in _LAW:
        if path in declarations.broken:
            yield f"{path} of {of} does not load"
            for finding in found:
                if finding.at.path == path:
                    yield from text.finding("declarations/loadable", finding)
        elif path not in declarations.paths:
            yield f"{path} of {of} is missing"
            yield f"  fix: commit {path}, or name a tree that has it"


# Cases.


@policy.command("test")
@click.argument("names", nargs=-1)
@_HEAD
@_FORM
@_VERBOSE
@_REPO
def try_cases(
    *, names: tuple[str, ...], head: str | None, form: str, verbose: bool, repo: Path
) -> None:
    """Judge the cases in policies/cases by the rules beside them; NAMES picks some.

    The exit code is 0 when every case gets the answer it expects, 1 when one does not, 2 when
    there is nothing to try.
    """
    collector = Collector(situate(repo, head=head))
    declarations: Declarations = collector.get(Declarations)
    proposed = _proposed(declarations, collector.get(Refusals).findings, head or WORK)
    cases = declarations.all(PolicyCase)
    broken = [path for path in sorted(declarations.broken) if path.startswith(CASES)]
    if not cases and not broken:
        msg = f"{CASES} holds no case"
        raise CouldNotJudge(msg)
    chosen = _chosen(names, cases, broken)
    everything = trial.trials(cases, proposed.policy, proposed.roles)
    unshown = [rule for _, rule in trial.unshown(everything, proposed.policy)]
    tried = [_located(found, collector) for found in everything if found.case.path in chosen]
    refused = [f for f in collector.get(Refusals).findings if f.at.path in {*broken} & chosen]
    untold = [] if names or broken else unshown
    if form == "json":
        click.echo(forms.trials_json(tried, untold, refused), nl=False)
    else:
        click.echo(forms.trials(tried, untold, refused, verbose=verbose), nl=False)
    raise click.exceptions.Exit(1 if refused or any(found.unmet for found in tried) else 0)


def _chosen(
    names: tuple[str, ...], cases: Sequence[Declared[PolicyCase]], broken: list[str]
) -> set[str]:
    """Paths of the named cases; a name may be a path.

    Raises:
        CouldNotJudge: a name is that of no case.
    """
    known = [*(case.path for case in cases), *broken]
    wanted = {f"{CASES}{name.removeprefix(CASES).removesuffix('.yaml')}.yaml" for name in names}
    for path in sorted(wanted - set(known)):
        there = ", ".join(sorted(p.removeprefix(CASES).removesuffix(".yaml") for p in known))
        msg = f"there is no case {path}; known: {there}"
        raise CouldNotJudge(msg)
    return wanted or set(known)


def _located(found: Trial, collector: Collector) -> Trial:
    unmet = tuple(replace(item, at=collector.locate(item.at)) for item in found.unmet)
    return replace(found, unmet=unmet)


# What was merged before.


@dataclass(frozen=True, slots=True)
class _Merge:
    """A commit on the first parents of a branch, with the one before it."""

    id: str
    parent: str
    at: datetime
    title: str


@policy.command("impact")
@click.option("--base", metavar="REV", required=True, help="The branch that was merged into.")
@click.option("--last", type=click.IntRange(min=0), default=50, show_default=True, metavar="N",
              help="How many merges to judge again.")  # fmt: skip
@_HEAD
@_FORM
@_REPO
@_NOW
def show_impact(  # noqa: PLR0913 - one argument per option
    *, base: str, last: int, head: str | None, form: str, repo: Path, now: str | None
) -> None:
    """Judge the last merges and all live versions again, by the rules of the work tree.

    Each merge is judged as of its own day: once by the law of the commit before it, once by the
    rules that are tried, with the same facts and the same signed opinions. Reviews at a forge are
    not asked for. The exit code is 1 when something flips, 2 when something could not be judged.
    """
    root = git.top(repo)
    tried = situate(repo, head=head, now=now)
    collector = Collector(tried)
    proposed = _proposed(
        collector.get(Declarations), collector.get(Refusals).findings, head or WORK
    )  # fmt: skip
    history.refuse_partial(root)
    again = _Again(root, git.resolve(root, base), history.branch_name(root, base), proposed)
    merges, live = again.merges(last), again.live()
    headline = (
        f"approval rules {proposed.policy.version} of {head or WORK}, "
        f"tried on what was merged to {again.branch or base}"
    )
    write = forms.impact_json if form == "json" else forms.impact
    click.echo(write(headline, merges, live), nl=False)
    found = [*merges, *live]
    if any(item.outcome is None and not item.early for item in found):
        raise click.exceptions.Exit(2)
    flipped = any(item.outcome is not None and item.outcome.flips for item in found)
    raise click.exceptions.Exit(1 if flipped else 0)


class _Again:
    """Judges commits of a branch again, each once."""

    def __init__(self, root: Path, tip: str, branch: str | None, proposed: Proposed) -> None:
        self.root, self.tip, self.branch, self.proposed = root, tip, branch, proposed
        self._cases: dict[str, Case | CouldNotJudge] = {}

    def merges(self, last: int) -> list[Judged]:
        """The last merges, newest first."""
        found = list(_merges(self.root, self.tip, last, self._trusted()))
        return [
            self._judged(merge, f"{merge.id[:12]} {merge.at:%Y-%m-%d}", merge.title)
            for merge in _watched(found)
        ]

    def live(self) -> list[Judged]:
        """Champions and rolled-out versions, each by the commit that brought it there."""
        declarations = Reading(Revision(self.root, self.tip), None).declarations
        return [self._version(path, name, where) for path, name, where in _live(declarations)]

    def _version(self, path: str, name: str, where: str) -> Judged:
        merge = _since(self.root, self.tip, path)
        if merge is None:
            reason = "it was there from the first commit on, which nothing judged"
            return Judged(name, where, None, reason, early=True)
        return self._judged(merge, name, f"{where} since {merge.id[:12]}", promotion=True)

    def _judged(self, merge: _Merge, name: str, title: str, *, promotion: bool = False) -> Judged:
        case = self._case(merge)
        if isinstance(case, CouldNotJudge):
            return Judged(name, title, None, str(case), early=self._lawless(merge.parent))
        judge = impact.of_promotion if promotion else impact.of_change
        outcome: Outcome = judge(case, self.proposed)
        return Judged(name, title, outcome)

    def _case(self, merge: _Merge) -> Case | CouldNotJudge:
        if merge.id not in self._cases:
            situation = situate(
                self.root, base=merge.parent, head=merge.id, branch=self.branch,
                now=merge.at.isoformat(), data=False, cache=False,
            )  # fmt: skip
            found: Any = Collector(situation).attempt(Case | None)
            self._cases[merge.id] = found
        return self._cases[merge.id]

    def _lawless(self, commit: str) -> bool:
        """Whether a commit has no approval rules and roles that this version can read."""
        declarations = Reading(Revision(self.root, commit), None).declarations
        return any(path not in declarations.paths - declarations.broken for path in _LAW)

    def _trusted(self) -> str | None:
        """The last commit before the rules were in force, as the branch itself says."""
        found = Reading(Revision(self.root, self.tip), None).declarations.all(Approvals)
        return found[0].value.trusted_until if found else None


def _watched(merges: list[_Merge]) -> Iterator[_Merge]:
    """The merges one by one; a terminal shows how far it is."""
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.progress import track  # noqa: PLC0415

    console = Console(stderr=True)
    yield from track(
        merges, "judging again", console=console, transient=True, disable=not console.is_terminal
    )


def _merges(root: Path, tip: str, last: int, trusted: str | None) -> Iterator[_Merge]:
    span = [f"--max-count={last}", tip] + ([f"^{trusted}"] if trusted else [])
    listing = git.run(
        root, "log", "-z", "--first-parent", "--no-show-signature", f"--format={_FIELDS}", *span
    )
    for entry in filter(None, listing.decode(errors="replace").split("\0")):
        commit, parents, at, title = entry.split("\n", 3)
        if parents:
            yield _Merge(commit, parents.split()[0], moment(at), title.strip())


_FIELDS: Final = "%H%n%P%n%cI%n%s"


def _since(root: Path, tip: str, path: str) -> _Merge | None:
    """The commit on the first parents that gave a file what it says now about what serves."""
    listing = git.run(
        root, "log", "-z", "--first-parent", "--no-show-signature", f"--format={_FIELDS}", tip,
        "--", f":(top,literal){path}",
    )  # fmt: skip
    serves = _serves(Revision(root, tip), path)
    for entry in filter(None, listing.decode(errors="replace").split("\0")):
        commit, parents, at, title = entry.split("\n", 3)
        if not parents:
            return None
        parent = parents.split()[0]
        if _serves(Revision(root, parent), path) != serves:
            return _Merge(commit, parent, moment(at), title.strip())
    return None


def _serves(tree: Tree, path: str) -> object:
    """The part of a declaration that says which version serves where."""
    if path not in tree.entries():
        return None
    value, _, _ = read(path, tree.read(path))
    if isinstance(value, Model):
        return value.champion
    return (value.version, value.step) if isinstance(value, Rollout) else None


def _live(declarations: Declarations) -> Iterator[tuple[str, str, str]]:
    """File, subject and place of every version that serves."""
    for model in compare.champions(declarations):
        name = f"model:{model.value.name}@{model.value.champion}"
        yield model.path, name, "champion"
    stages = {s.id: s.stage for found in declarations.all(Release) for s in found.value.steps}
    for rollout in declarations.all(Rollout):
        name = f"model:{rollout.value.model}@{rollout.value.version}"
        stage = stages.get(rollout.value.step, "unknown stage")
        yield rollout.path, name, f"on step {rollout.value.step} ({stage})"


# Paths.


@policy.command("paths")
@click.argument("paths", nargs=-1)
@click.option("--base", metavar="REV", help="Show what differs from the rules of this revision.")
@_HEAD
@_FORM
@_VERBOSE
@_REPO
@_NOW
def show_paths(  # noqa: PLR0913 - one argument per option
    *, paths: tuple[str, ...], base: str | None, head: str | None, form: str, verbose: bool,
    repo: Path, now: str | None,
) -> None:  # fmt: skip
    """Show which rules, seats and people PATHS meet; every tracked path when none is given.

    A folder stands for the tracked files in it. "Perhaps" marks rules that apply to some changes
    of a path only: it depends on the content, on who wrote it, or on its size. With --base only
    what differs is shown; without PATHS also rules that are gone or ask for less, and places
    where no file stands yet. The exit code is 1 when anything needs fewer approvals than there.
    """
    situation = situate(repo, head=head, now=now)
    collector = Collector(situation)
    proposed = _proposed(
        collector.get(Declarations), collector.get(Refusals).findings, head or WORK
    )  # fmt: skip
    tracked = _files(situation.tree)
    law = Revision(situation.root, base) if base else None
    gone = sorted({*_files(law)} - {*tracked}) if law else []
    chosen = _expanded(paths, [*tracked, *gone]) or tracked
    day = situation.now.date()
    new = matrix.rows(chosen, tracked, proposed.policy, proposed.roles, day)
    if base is None or law is None:
        told = (
            forms.matrix_json(new)
            if form == "json"
            else forms.matrix(new, each=bool(paths), verbose=verbose)
        )
        click.echo(told, nl=False)
        return
    reading = Reading(law, None)
    before = _proposed(reading.declarations, reading.refused, base)
    examples = [] if paths else [path for path in _EXAMPLES if path not in {*tracked, *gone}]
    here = sorted({*chosen, *examples, *(() if paths else gone)})
    old = matrix.rows(here, tracked, before.policy, before.roles, day)
    new = matrix.rows(here, tracked, proposed.policy, proposed.roles, day)
    found = matrix.told_apart(matrix.steps(old, new), examples)
    loosened = () if paths else matrix.loosened(before.policy, proposed.policy)
    joined = list(matrix.joined(before.roles, proposed.roles, proposed.policy, day))
    if form == "json":
        click.echo(forms.steps_json(found, loosened, joined), nl=False)
    else:
        click.echo(forms.steps(found, loosened, joined, base, verbose=verbose), nl=False)
    raise click.exceptions.Exit(1 if loosened or any(step.lost for step in found) else 0)


_EXAMPLES: Final = tuple(
    path
    for path in dict.fromkeys((*PLACES, *(kind.example for kind in KINDS)))
    if not compare.is_opinion(path)
)
"""A place of every kind where a file can be added, though none stands there yet."""


def _files(tree: Tree) -> list[str]:
    """Tracked paths, without what is said about changes: that is no part of them."""
    return sorted(path for path in tree.entries() if not compare.is_opinion(path))


def _expanded(paths: Iterable[str], known: Sequence[str]) -> list[str]:
    """The paths, with each folder replaced by the files in it.

    Raises:
        CouldNotJudge: what is written as a folder holds no tracked file.
    """
    found: dict[str, None] = {}
    for path in paths:
        folder = posixpath.normpath(path)
        inside = [p for p in known if folder == "." or p.startswith(f"{folder}/")]
        if not inside and (path.endswith("/") or folder == "."):
            msg = f"{path} holds no tracked file"
            raise CouldNotJudge(msg)
        found |= dict.fromkeys(inside or [folder])
    return list(found)
