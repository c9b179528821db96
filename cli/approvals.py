"""`charter approvals`: who has to say yes to a change, and who did."""

from __future__ import annotations

from pathlib import Path

import click

from checks.collect import Collector
from checks.formats import approvals as forms
from cli.proposed import proposed
from governance.finding import CouldNotJudge
from governance.tally import Tally

_RENDER = {"json": forms.as_json, "markdown": forms.markdown}


@click.command()
@click.option("--base", metavar="REV", help="The branch the change is for; its law judges.")
@click.option("--head", metavar="REV", help="The proposed commit; HEAD when left out.")
@click.option("--pr", "number", type=int, metavar="N", help="Judge a pull request of the forge.")
@click.option("--branch", metavar="NAME", help="The branch, where --base is a bare commit.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge as of this moment, such as 2026-11-22.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", *_RENDER]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("-v", "--verbose", is_flag=True, help="List rules that do not apply.")
def approvals(  # noqa: PLR0913 - one argument per option
    *, base: str | None, head: str | None, number: int | None, branch: str | None, repo: Path,
    now: str | None, form: str, verbose: bool,
) -> None:  # fmt: skip
    """Say which approvals a change needs, which it has, and what was ignored and why.

    The change is what merging --head into --base would do; with --pr the reviews of that pull
    request count beside signed records. Exit code 0 when all are there, 1 when some are missing,
    2 when it could not be judged.
    """
    situation = proposed(repo, base=base, head=head, number=number, branch=branch, now=now)
    tally = Collector(situation).get(Tally | None)
    if tally is None:
        msg = "name the branch the change is for: --base main, or --pr N"
        raise CouldNotJudge(msg)
    report = _RENDER[form](tally) if form in _RENDER else forms.text(tally, verbose=verbose)
    click.echo(report, nl=False)
    raise click.exceptions.Exit(0 if tally.green else 1)
