"""`charter audit`: which approvals cover what stands on the branch."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from adapters import git, history
from adapters.forge import Forge
from adapters.keys import Verifier
from adapters.verdicts import push as publish
from checks.audit.course import Question, read_law
from checks.audit.judge import audit_of, joined
from checks.formats import audit as forms
from cli.proposed import forge, tip
from cli.situate import moment
from governance import glob
from governance.approvals import Approvals
from governance.audit import Audit, Cover, Covering
from governance.changeset import Changeset, PullRequest
from governance.finding import CouldNotJudge
from governance.verdict import Verdict

_RENDER = {"json": forms.as_json, "markdown": forms.markdown, "github": forms.github}
_SIGNATURES = "signatures"
_OPEN = {Cover.UNCOVERED, Cover.DEBT, Cover.OVERDUE}


@click.command()
@click.option("--since", metavar="REV", help="Begin after this commit of the branch.")
@click.option("--head", metavar="REV", help="Audit up to this commit.")
@click.option("--branch", metavar="NAME", help="The branch whose law applies.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Audit as of this moment, such as 2026-11-22.")
@click.option(
    "--format", "form", type=click.Choice(["text", *_RENDER]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
@click.option("--cache/--no-cache", default=True, help="Use verified signatures kept in .git.")
@click.option("--record", is_flag=True, help="Ask the forge about uncovered commits; keep it.")
@click.option("--push", is_flag=True, help="With --record: publish what is kept.")
@click.option("-v", "--verbose", is_flag=True, help="List every commit with what covers it.")
def audit(  # noqa: PLR0913 - one argument per option
    *, since: str | None, head: str | None, branch: str | None, repo: Path, now: str | None,
    form: str, cache: bool, record: bool, push: bool, verbose: bool,
) -> None:  # fmt: skip
    """Say which commits of the branch no approval covers.

    Each commit along the first parents is judged by the law of its parent. Approvals may follow
    later: `charter approve`. With --record the reviews behind uncovered commits are read from the
    forge and kept on the branch charter/verdicts, signed with the key CHARTER_VERDICT_KEY names;
    an audit of a clone that has the branch needs no forge. Exit code 0 when all is in order, 1 for
    findings, 2 when a commit could not be judged.
    """
    if push and not record:
        msg = "--push publishes what --record keeps: give both"
        raise click.UsageError(msg)
    root = git.top(repo)
    question = _question(root, since, head, branch, now)
    path = git.git_folder(root) / "charter" / _SIGNATURES
    verifier = Verifier(path if cache else None)
    with _progress() as told:
        found = audit_of(question, verifier, told)
        if record and _record(question, found, verifier):
            found = audit_of(question, verifier, told)
    if push:
        publish(root)
    report = _RENDER[form](found) if form in _RENDER else forms.text(found, verbose=verbose)
    click.echo(report, nl=False)
    raise click.exceptions.Exit(found.exit_code)


def _record(question: Question, found: Audit, verifier: Verifier) -> int:
    """How many verdicts were new: what the forge knows of each commit nothing covers.

    The standing in a verdict is what it makes of the change, for people to read; an audit never
    looks at it.
    """
    from pipelines.witness import keep, witness  # noqa: PLC0415 - only recording acts

    there = forge()
    drafts: dict[str, Verdict] = {}
    open_ = [covering for covering in found.commits if covering.cover in _OPEN]
    for change, pull in _behind(question, open_, there):
        try:
            one = witness(question.root, change, pull, question.now, verifier)
        except CouldNotJudge as reason:
            click.echo(f"pull request {pull.number} could not be kept: {reason}", err=True)
            continue
        drafts[one.digest] = one
    if not drafts:
        return 0
    judged = audit_of(replace(question, drafts=drafts), verifier)
    for tally in (covering.tally for covering in judged.commits if covering.tally):
        digest = tally.change.digest
        if digest in drafts:
            drafts[digest] = drafts[digest].model_copy(update={"standing": tally.standing})
    return keep(question.root, drafts.values(), os.environ.get("CHARTER_VERDICT_KEY"))


def _behind(
    question: Question, open_: Sequence[Covering], there: Forge
) -> Iterator[tuple[Changeset, PullRequest]]:
    """Changes that landed without cover, with the pull request each came from.

    A rebase makes several commits of one pull request: neighbours that came from one are one.
    """
    from pipelines.witness import pulls  # noqa: PLC0415 - see above

    runs: list[tuple[PullRequest, list[Covering]]] = []
    for covering in open_:
        for pull in pulls(there, question.branch, [covering.commit.id]).values():
            last = runs[-1] if runs else None
            if last and last[0].number == pull.number:
                last[1].append(covering)
            else:
                runs.append((pull, [covering]))
    for pull, parts in runs:
        found = joined(question, parts[0].commit.parent, parts[-1].commit.id)
        if found is not None:
            yield found, pull


def _question(
    root: Path, since: str | None, head: str | None, branch: str | None, now: str | None
) -> Question:
    """What is audited: by default the governed branch, as it is checked out or was fetched.

    Raises:
        CouldNotJudge: it cannot be told which branch is meant, no law governs it, or a revision
            is not here.
    """
    history.refuse_partial(root)
    commit = git.resolve(root, head) if head else None
    name = branch or (history.branch_name(root, head) if head else None)
    if name is None:
        name, found = _governed(root, commit or git.resolve(root, "HEAD"))
        commit = commit or found
    commit = commit or git.resolve(root, tip(root, name))
    start = git.resolve(root, since) if since else None
    policy = read_law(root, commit)
    if not glob.any_of(policy.branches).fullmatch(name):
        part_of = None if branch or not (head and start) else _holding(root, commit, policy)
        if part_of is None:
            raise CouldNotJudge(_ungoverned(name, policy))
        name = part_of
    return Question(root, commit, name, start, moment(now))


def _governed(root: Path, commit: str) -> tuple[str, str]:
    """The branch that is checked out if the law governs it, else the only one it does."""
    policy = read_law(root, commit)
    current = history.branch_name(root, "HEAD")
    if current and glob.any_of(policy.branches).fullmatch(current):
        return current, git.resolve(root, "HEAD")
    plain = _plain(policy)
    if len(plain) != 1:
        msg = "several branches are governed: name one with --branch"
        raise CouldNotJudge(msg)
    return plain[0], git.resolve(root, tip(root, plain[0]))


def _plain(policy: Approvals) -> list[str]:
    return [name for name in policy.branches if not re.search(r"[*?]", name)]


def _holding(root: Path, commit: str, policy: Approvals) -> str | None:
    """The governed branch that contains a commit; None when none does."""
    for name in _plain(policy):
        with contextlib.suppress(CouldNotJudge):  # a branch that was never fetched
            if git.is_ancestor(root, commit, tip(root, name)):
                return name
    return None


def _ungoverned(name: str, policy: Approvals) -> str:
    known = ", ".join(policy.branches)
    example = _plain(policy)[:1] or [known]
    return (
        f"{name} is no governed branch: policies/approvals.yaml lists {known}\n"
        f"  fix: `charter audit --head {example[0]}` audits what was merged; "
        f"`charter approvals --base {example[0]} --head {name}` judges what was not"
    )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error where somebody watches, else silence."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console  # noqa: PLC0415 - nobody watches a workflow
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("commits", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
