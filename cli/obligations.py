"""`charter obligations`: everything due, who owes it, and which promotions wait for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.formats.text import clean

if TYPE_CHECKING:
    from governance.due import Due


@click.command()
@click.argument("model", required=False)
@click.option("--ics", is_flag=True, help="Write a calendar file (RFC 5545) to standard output.")
@click.option(
    "--review", "reviewed", metavar="MODEL@VERSION", help="Record the review after a release."
)
@click.option("--by", multiple=True, metavar="PERSON", help="Who reviewed; may be repeated.")
@click.option("--because", metavar="TEXT", help="What the review saw.")
@click.option("--found-fault", is_flag=True, help="The review asks for changes.")
@click.option("--base", metavar="REV", help="The branch whose policies count.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def obligations(  # noqa: PLR0913 - one argument per option
    *, model: str | None, ics: bool, reviewed: str | None, by: tuple[str, ...],
    because: str | None, found_fault: bool, base: str | None, repo: Path, now: str | None,
    form: str,
) -> None:  # fmt: skip
    """List everything due for MODEL, or for all: reviews, audits, drills, licences, waivers, keys.

    What is overdue blocks the next promotion of the model it concerns, or of every model; it
    blocks nothing else. Exit code 1 when something is overdue.
    """
    from checks.collect import Collector  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment, situate  # noqa: PLC0415
    from governance import ics as calendars  # noqa: PLC0415
    from governance.due import Sources  # noqa: PLC0415
    from governance.obligations import calendar  # noqa: PLC0415

    if reviewed is not None:
        _review(repo, reviewed, by, because, found_fault, now)
        return
    at = moment(now)
    situation = situate(repo, base=base, now=at.isoformat(), data=False)
    with told():
        found = calendar(Collector(situation).get(Sources))
    if model is not None:
        found = tuple(due for due in found if due.model in {None, model})
    today = at.date()
    if ics:
        click.echo(calendars.render(found, at), nl=False)
    elif form == "json":
        value = {"now": at.isoformat(), "due": [_value(due, today) for due in found]}
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        for line in _lines(found, today):
            click.echo(clean(line))
    raise click.exceptions.Exit(1 if any(due.late(today) for due in found) else 0)


def _lines(found: tuple[Due, ...], today: date) -> Iterator[str]:
    if not found:
        yield "nothing is due"
    for due in found:
        late = f"  {due.lateness(today)}" if due.late(today) else ""
        yield f"{due.on}  {due.id}{late}"
        yield f"  {due.title}; owner: {due.owner}; blocks: {due.reach}"
        if late:
            yield f"  fix: {due.fix}"


def _value(due: Due, today: date) -> dict[str, object]:
    return {
        "id": due.id, "title": due.title, "on": due.on.isoformat(), "owner": due.owner,
        "model": due.model, "blocks": due.reach, "days_late": due.late(today), "fix": due.fix,
        "at": due.at.path,
    }  # fmt: skip


def _review(  # noqa: PLR0913 - one argument per option
    repo: Path,
    reviewed: str,
    by: tuple[str, ...],
    because: str | None,
    found_fault: bool,  # noqa: FBT001
    now: str | None,
) -> None:
    from adapters import git  # noqa: PLC0415
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.approve import refuse_reason  # noqa: PLC0415
    from pipelines.release_review import review  # noqa: PLC0415

    model, _, version = reviewed.partition("@")
    if not by or because is None or not version:
        msg = "a review needs MODEL@VERSION, --by PERSON and --because TEXT"
        raise click.UsageError(msg)
    with told():
        refuse_reason(because)
        path = review(
            git.top(repo), model, version.removeprefix("v"), moment(now).replace(microsecond=0),
            by=by, notes=because, in_order=not found_fault,
        )  # fmt: skip
    click.echo(clean(f"wrote {path}: commit it and propose it"))
