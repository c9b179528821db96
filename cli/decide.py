"""`charter decide`: the board's decision with its signed votes becomes a record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from adapters.git import Revision
from checks.formats.text import clean
from cli.refusals import told
from cli.situate import moment
from cli.target import Target, heard, landings, resolve
from governance import digest
from governance.decision import ballot
from governance.evidence import ROOT, of_model
from governance.subject import REMOVAL, own_file
from governance.version import Version
from pipelines.approve import about, refuse_reason
from pipelines.decide import Minutes, Outcome, draft, record, votes


@click.command()
@click.argument("subject")
@click.option(
    "--decision",
    "outcome",
    required=True,
    type=click.Choice(["approve", "reject", "defer"]),
    help="What the board decided.",
)
@click.option("--because", required=True, metavar="TEXT", help="Why.")
@click.option(
    "--option", "options", multiple=True, metavar="TEXT", help="What else was considered."
)
@click.option("--abstain", "abstained", multiple=True, metavar="PERSON", help="Who abstained.")
@click.option("--base", metavar="REV", help="Whose people and keys count, for no change.")
@click.option("--branch", metavar="NAME", help="The branch it is for, where that is not clear.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Decide as of this moment.")
@click.option("--dry-run", is_flag=True, help="Show the record, and write nothing.")
def decide(  # noqa: PLR0913 - one argument per option
    *, subject: str, outcome: Outcome, because: str, options: tuple[str, ...],
    abstained: tuple[str, ...], base: str | None, branch: str | None, repo: Path, now: str | None,
    dry_run: bool,
) -> None:  # fmt: skip
    """Record the board's decision on SUBJECT in records/decisions.

    SUBJECT is a change (main..HEAD), a dataset (dataset:NAME) or a version (model:NAME@VERSION).
    Votes are what members of the board signed about it with `charter approve`; a decision to
    approve needs more yes than no. A decision is never edited: a newer one stands beside it.
    """
    with told():
        at = moment(now).replace(microsecond=0)
        for words in (because, *options):
            refuse_reason(words)
        target = resolve(repo, subject, base=base, branch=branch, now=now)
        found = ballot(
            heard(target, at), target.roles, subject=target.subject, seen=target.digest, until=at,
            written=target.tally.authorship.people if target.tally else {},
        )  # fmt: skip
        cast = votes(found, abstained, outcome, target.roles, at)
        minutes = Minutes(
            target.subject, target.digest, outcome, because, options, cast, _evidence(target), at
        )
        click.echo(clean(f"{outcome} {about(target.subject, target.digest)}: {because}"))
        for person, vote in cast.items():
            click.echo(f"  {person}: {vote}")
        for person, why in found.ignored.items():
            click.echo(clean(f"  not counted: {person} ({why})"))
        if dry_run:
            path, text = draft(target.root, minutes)
            click.echo(f"dry run: {path} would hold\n{text}", nl=False)
            return
        path = record(target.root, minutes)
        click.echo(f"record: {path}")
        click.echo(f"next: git add {path} records/approvals; git commit")


def _evidence(target: Target) -> Mapping[str, str]:
    """Digests of what the board saw, by path."""
    return dict(sorted(_seen(target)))


def _seen(target: Target) -> Iterator[tuple[str, str]]:
    if target.tally is not None:
        for touched in target.tally.change.touched:
            if touched.after and touched.path.startswith((f"{ROOT}/", "policies/")):
                yield touched.path, f"sha256:{touched.after.sha256}"
    elif (path := own_file(target.subject)) is not None:
        for version in target.own.all(Version):
            if version.path == path:
                yield from (
                    (of_model(version.value.model, name), seen)
                    for name, seen in version.value.evidence.items()
                )
        if REMOVAL.fullmatch(target.subject):
            yield path, target.digest
    else:
        tree = Revision(target.root, "HEAD")
        for path, data in tree.read_many(landings(target)):
            yield path, digest.of_bytes(data)
