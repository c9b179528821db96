"""`charter review`: security, performance and bias of a trained model, signed by a machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.formats.text import clean

if TYPE_CHECKING:
    from pipelines.review import Reviewed


@click.command()
@click.argument("model")
@click.option(
    "--advisories", type=click.Path(path_type=Path), metavar="FILE",
    help="Known vulnerabilities (OSV, JSON) to hold locks/runtime.txt against.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Review without a key, and write nothing.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Sign as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def review(  # noqa: PLR0913 - one argument per option
    *, model: str, advisories: Path | None, dry_run: bool, repo: Path, now: str | None, form: str
) -> None:
    """Review MODEL as it was trained last, and sign what came out.

    Looks through its files without loading anything, holds its metrics against the gates and
    against the version in production on the same rows, and holds the gaps between groups against
    theirs. Three statements about the digest of its bytes are added to records/attestations,
    signed with the machine key that CHARTER_MACHINE_KEY names; `charter register` asks for them.
    A review that failed is recorded all the same. Exit code 1 when one failed.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.review import reviewed  # noqa: PLC0415

    at, root = moment(now).replace(microsecond=0), git.top(repo)
    with told():
        found = reviewed(
            root, model, at, known=advisories, dry=dry_run,
            say=lambda words: click.echo(words, err=True),
        )  # fmt: skip
    if form == "json":
        value = [
            {"review": one.review, "record": one.record, "predicate": one.predicate}
            for one in found
        ]  # fmt: skip
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        for line in _lines(model, found):
            click.echo(clean(line))
    raise click.exceptions.Exit(1 if any(one.result == "FAILED" for one in found) else 0)


def _lines(model: str, found: tuple[Reviewed, ...]) -> Iterator[str]:
    for one in found:
        yield f"{one.review}: {one.result}"
        for check in one.checks:
            yield f"  {check.result.lower():6}  {check.name}: {check.measured}"
        skipped = one.predicate["charter"].get("skipped", ())
        for words in skipped:
            yield f"  skipped  {words}"
        if one.record:
            yield f"  record: {one.record}"
    results = {one.result for one in found}
    if "FAILED" in results:
        yield "next: mend what failed, retrain, and review again"
    elif any(one.record is None for one in found):
        yield "dry run: nothing was signed or written"
    else:
        yield f"next: git add records/attestations; git commit; charter register {model}"
    if "WARNED" in results and "FAILED" not in results:
        yield "what is inconclusive needs the board: charter decide, once the version is proposed"
