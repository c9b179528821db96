"""`charter check`: collect facts, judge, report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from adapters import clock, git
from adapters.git import Revision
from adapters.parses import Parses
from adapters.worktree import Worktree
from checks import engine
from checks.collect import Collector
from checks.formats import github, json, markdown, sarif, text
from checks.judgement import Judgement
from checks.situation import Situation
from governance.finding import CouldNotJudge

_RENDER = {
    "json": json.render,
    "sarif": sarif.render,
    "github": github.render,
    "markdown": markdown.render,
}


@click.command()
@click.option("--base", metavar="REV", help="Judge by the policies of this revision.")
@click.option("--head", metavar="REV", help="Judge this revision instead of the work tree.")
@click.option("--only", multiple=True, metavar="ID", help="Judge one rule, or `family/*`.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *_RENDER]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge as of this moment, such as 2026-11-22.")
@click.option("--data/--no-data", default=True, help="Hash the data files of the work tree.")
@click.option("--cache/--no-cache", default=True, help="Use parses kept in the .git folder.")
@click.option("-v", "--verbose", is_flag=True, help="List rules that passed or did not apply.")
def check(  # noqa: PLR0913 - one argument per option
    *, base: str | None, head: str | None, only: tuple[str, ...], form: str, repo: Path,
    now: str | None, data: bool, cache: bool, verbose: bool,
) -> None:  # fmt: skip
    """Judge a repository: the work tree, or a revision with --head.

    With --base the policies of that revision are the law, and HEAD is judged unless --head
    names another. The exit code is 0 when all is in order, 1 for findings, 2 when a question
    could not be judged.
    """
    situation = situate(repo, base=base, head=head, now=now, data=data, cache=cache)
    judgement = engine.judge(Collector(situation), engine.select(only))
    if form == "text" and situation.tree.commit and (left := git.changed(situation.root)):
        click.echo(f"note: {len(left)} uncommitted files are not judged", err=True)
    click.echo(write(judgement, form, verbose=verbose), nl=False)
    raise click.exceptions.Exit(judgement.exit_code)


def situate(  # noqa: PLR0913 - one argument per option
    repo: Path, *, base: str | None = None, head: str | None = None, now: str | None = None,
    data: bool = True, cache: bool = True,
) -> Situation:  # fmt: skip
    """What is judged, by whose law, and when.

    Raises:
        CouldNotJudge: the folder, a revision or the moment cannot be made out.
    """
    root = git.top(repo)
    tree = Revision(root, head or "HEAD") if base or head else Worktree(root)
    folder = git.git_folder(root) if cache and not (base or head) else None
    return Situation(
        root=root,
        tree=tree,
        now=moment(now),
        base=Revision(root, base) if base else None,
        parses=Parses(folder / "charter" / "parses") if folder else None,
        read_data=data,
    )


def write(judgement: Judgement, form: str, *, verbose: bool = False) -> str:
    """The judgement in the chosen format."""
    return _RENDER[form](judgement) if form in _RENDER else text.render(judgement, verbose=verbose)


def moment(given: str | None) -> datetime:
    """The moment of judgement in UTC; a day alone means its midnight.

    Raises:
        CouldNotJudge: the text is no ISO 8601 date or time.
    """
    if given is None:
        return clock.now()
    try:
        parsed = datetime.fromisoformat(given)
    except ValueError:
        msg = f"--now {given!r} is no ISO 8601 moment such as 2026-11-22 or 2026-11-22T09:30:00Z"
        raise CouldNotJudge(msg) from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
