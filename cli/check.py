"""`charter check`: collect facts, judge, report."""

from __future__ import annotations

from pathlib import Path

import click

from adapters import git
from checks import engine
from checks.collect import Collector
from checks.formats import github, json, markdown, sarif, text
from checks.judgement import Judgement
from cli.situate import situate
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
@click.option("--branch", metavar="NAME", help="The branch, where --base is a bare commit.")
@click.option("--pr", "number", type=int, metavar="N", help="Judge a pull request of the forge.")
@click.option("--queue", metavar="SHA", help="Judge the merge group that ends at this commit.")
@click.option("--expect-head", metavar="SHA", help="Refuse a pull request with another head.")
@click.option("--publish", is_flag=True, help="Publish the verdict at the forge.")
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
    *, base: str | None, head: str | None, branch: str | None, number: int | None,
    queue: str | None, expect_head: str | None, publish: bool, only: tuple[str, ...], form: str,
    repo: Path, now: str | None, data: bool, cache: bool, verbose: bool,
) -> None:  # fmt: skip
    """Judge a repository: the work tree, or a revision with --head.

    With --base the policies of that revision are the law, and what is judged is the result of
    merging HEAD, or the revision --head names, into it. With --pr the same for a pull request,
    whose reviews count beside signed records. The exit code is 0 when all is in order, 1 for
    findings, 2 when a question could not be judged.
    """
    if number is None and queue is None:
        if publish or expect_head:
            msg = "--publish and --expect-head go with --pr or --queue"
            raise click.UsageError(msg)
        situation = situate(
            repo, base=base, head=head, now=now, data=data, cache=cache, branch=branch
        )
        judgements = [engine.judge(Collector(situation), engine.select(only))]
        if form == "text" and situation.tree.commit and (left := git.changed(situation.root)):
            click.echo(f"note: {len(left)} uncommitted files are not judged", err=True)
    else:
        if base or head or only:
            msg = "--pr and --queue judge all rules, between the commits the forge names"
            raise click.UsageError(msg)
        judgements = _at_the_forge(repo, number, queue, branch, expect_head, now, publish=publish)
    for judgement in judgements:
        click.echo(write(judgement, form, verbose=verbose), nl=False)
    raise click.exceptions.Exit(max(judgement.exit_code for judgement in judgements))


def _at_the_forge(  # noqa: PLR0913 - one argument per option
    repo: Path, number: int | None, queue: str | None, branch: str | None, expected: str | None,
    now: str | None, *, publish: bool,
) -> list[Judgement]:  # fmt: skip
    from cli import gate  # noqa: PLC0415 - only pull requests need a forge

    try:
        if number is not None:
            found = [gate.pull(repo, number, expected=expected, now=now)]
        else:
            found = gate.queue(repo, str(queue), branch, now=now)
        gate.summarise(found)
        if publish:
            gate.publish(found, queue or str(found[0].situation.tree.commit))
    except CouldNotJudge as reason:
        if publish and (head := queue or expected):
            gate.publish_failure(reason, head)
        raise
    return [item.judgement for item in found]


def write(judgement: Judgement, form: str, *, verbose: bool = False) -> str:
    """The judgement in the chosen format."""
    return _RENDER[form](judgement) if form in _RENDER else text.render(judgement, verbose=verbose)
