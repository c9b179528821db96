"""`charter retention`: what is due, what is held, and how it stands."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters import git
from cli.refusals import told
from cli.situate import moment

if TYPE_CHECKING:
    from governance.records import Removal

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
_NOW = click.option("--now", metavar="ISO", help="Count days as of this moment.")
_FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
_BY = click.option("--by", metavar="PERSON", help="Who does it: an id of policies/roles.yaml.")


@click.group(no_args_is_help=True)
def retention() -> None:
    """See which rows are due, have their removal approved, and audit what is kept.

    Windows stand in policies/retention.yaml; DATA_RETENTION_DAYS replaces the default inside
    the bounds, DATA_RETENTION_DAYS_<DATASET> the window of one dataset.
    """


@retention.command()
@click.argument("datasets", nargs=-1)
@click.option("--write", is_flag=True, help="Write the record of the removal, to be approved.")
@click.option("--everywhere", is_flag=True, help="Search older versions in cache and remotes too.")
@_BY
@_REPO
@_NOW
@_FORM
def plan(  # noqa: PLR0913 - one argument per option
    *, datasets: tuple[str, ...], write: bool, everywhere: bool, by: str | None, repo: Path,
    now: str | None, form: str,
) -> None:  # fmt: skip
    """Say which rows of DATASETS, or of all, are due, and why others are not. Deletes nothing.

    With --write each dataset with rows due gets a record in records/removals/. People approve
    it; then `charter retention apply` carries it out.
    """
    from cli.retention_text import as_json, text  # noqa: PLC0415 - as the engine below
    from pipelines import retention_plan as act  # noqa: PLC0415 - loads the data engine

    root, at = git.top(repo), moment(now)
    with told():
        found = act.plan(root, datasets, at, everywhere=everywhere)
        records = [
            removal
            for dataset in found.datasets
            if (removal := act.removal(dataset, at, by)) is not None
        ]
        if form == "json":
            plain = as_json(found) | {"removals": [removal.id for removal in records]}
            click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
        else:
            click.echo(text(found))
        if write:
            for removal in records:
                _written(root, removal, at, err=form == "json")


@retention.command()
@click.option("--write", is_flag=True, help="Write the record, to be approved and committed.")
@click.option("--by", multiple=True, metavar="PERSON", help="Who audits; may be given again.")
@_REPO
@_NOW
@_FORM
def audit(*, write: bool, by: tuple[str, ...], repo: Path, now: str | None, form: str) -> None:
    """List every version of every dataset: its age, window, holds, and what is due.

    With --write the audit becomes a record in records/reviews/, which the approvals of the
    change that brings it sign. Exit code 1 when rows are due.
    """
    from cli.retention_text import audited, audited_json  # noqa: PLC0415 - as the engine below
    from pipelines import retention_audit as act  # noqa: PLC0415 - loads the data engine

    root, at = git.top(repo), moment(now)
    with told():
        found = act.audit(root, at)
        record = act.record(root, found, by, at) if write else None
        if form == "json":
            click.echo(json.dumps(audited_json(found), indent=2, ensure_ascii=False))
        else:
            click.echo(audited(found))
        if record is not None:
            path = act.write(root, record)
            click.echo(f"record: {path}", err=form == "json")
            click.echo("next: commit it; the approvals of that change sign it", err=form == "json")
    raise click.exceptions.Exit(0 if found.in_order else 1)


@retention.command()
@click.argument("removal_id")
@_REPO
@_NOW
def apply(*, removal_id: str, repo: Path, now: str | None) -> None:
    """Carry out the removal REMOVAL_ID once it is due and approved.

    Rows past their window go from every version, the cache, every remote and every declared
    copy. Run it again after an interruption: it goes on where it was, also with an erasure.
    """
    from cli.erase import follow_up  # noqa: PLC0415 - as the engine below
    from pipelines.retention_apply import apply as act  # noqa: PLC0415 - loads the data engine

    root = git.top(repo)
    with told():
        done = act(root, removal_id, moment(now), say=click.echo)
    if done.plan is None:
        click.echo(f"{removal_id} was carried out before; nothing is left to do")
        return
    click.echo(f"carried out {removal_id}; certificate: {done.plan.certificate}")
    follow_up(rewritten=bool(done.plan.datasets))


def _written(root: Path, removal: Removal, now: datetime, *, err: bool) -> None:
    """Writes a record and says who must approve it."""
    from governance import digest  # noqa: PLC0415
    from pipelines.confirmed import standing  # noqa: PLC0415
    from pipelines.retention_plan import write  # noqa: PLC0415

    path = write(root, removal)
    seen = digest.of_bytes((root / path).read_bytes())
    subject = f"removal:{removal.id}"
    click.echo(f"record: {path} ({digest.short(seen)})", err=err)
    asked = standing(root, subject, seen, now, by=(removal.by,) if removal.by else ())
    for line in asked.lacking:
        click.echo(f"  needs {line}", err=err)
    if not asked.satisfied:
        click.echo(f"next: {asked.fix}", err=err)
    click.echo(f"then: charter retention apply {removal.id}", err=err)
