"""`charter erase`: one person's rows go, everywhere and for good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters import git
from cli.refusals import told
from cli.situate import moment
from governance.removal import GROUNDS

if TYPE_CHECKING:
    from pipelines.erasure import Outcome


@click.command()
@click.argument("subject_id")
@click.option(
    "--ground", required=True, metavar="GROUND",
    help=f"Why: {', '.join(GROUNDS)}, or the clause in words.",
)  # fmt: skip
@click.option("--kind", metavar="KIND", help="Look only in columns of this `subject`.")
@click.option("--only", multiple=True, metavar="DATASET", help="Search this dataset only.")
@click.option("--by", metavar="PERSON", help="Who asks for it: an id of policies/roles.yaml.")
@click.option("--drop-unmerged", is_flag=True, help="Delete files of unmerged versions whole.")
@click.option("--dry-run", is_flag=True, help="Search and say what would go; write nothing.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge duties to keep as of this moment.")
def erase(  # noqa: PLR0913 - one argument per option
    *, subject_id: str, ground: str, kind: str | None, only: tuple[str, ...], by: str | None,
    drop_unmerged: bool, dry_run: bool, repo: Path, now: str | None,
) -> None:  # fmt: skip
    """Erase one person's rows from every version, cache and remote.

    SUBJECT_ID `-` reads the identifier from standard input, where no shell remembers it. It is
    never shown or stored. Columns marked `subject` in the contracts say where to look. The first
    run records what is to go; once people have approved it, the same command carries it out.
    """
    from pipelines.erasure import Request, refuse_unfit  # noqa: PLC0415 - loads the data engine
    from pipelines.erasure import erase as act  # noqa: PLC0415

    root = git.top(repo)
    with told():
        identifier = _identifier() if subject_id == "-" else subject_id
        refuse_unfit(identifier)
        request = Request(identifier, ground, kind, by, only, drop_unmerged)
        _tell(act(root, request, moment(now), dry=dry_run, say=click.echo))


def _identifier() -> str:
    """Standard input without its line end.

    Raises:
        UsageError: it is no text.
    """
    data = sys.stdin.buffer.read()
    try:
        return data.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        msg = "standard input is no UTF-8 text"
        raise click.UsageError(msg) from None


def _tell(done: Outcome) -> None:
    from pipelines.land import count  # noqa: PLC0415

    rows = sum(file.rows for file in done.removal.files)
    what = f"{count(rows, 'row')} in {count(len(done.removal.files), 'file')}"
    for bar in done.removal.barred:
        until = f"until {bar.until}" if bar.until else "with no end known"
        click.echo(f"{bar.dataset} must be kept {until}: {bar.duty}")
    for name in done.unsearched:
        click.echo(f"{name} was not searched")
    if done.before:
        click.echo(f"erased before, by {done.removal.id}; nothing of this person came back")
        return
    if done.plan is None:
        click.echo(f"would {done.removal.action} {what}, {count(done.objects, 'stored object')}")
        return
    verb = "anonymised" if done.removal.action == "anonymise" else "erased"
    click.echo(f"{verb} {what}" if rows else "nothing was found of this person")
    click.echo(f"certificate: {done.plan.certificate}")
    follow_up(rewritten=bool(done.plan.datasets))


def follow_up(*, rewritten: bool) -> None:
    """What people do next."""
    after = "; charter retrain" if rewritten else ""
    click.echo(f"next: git add records datasets.dvc{after}; git commit")
