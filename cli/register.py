"""`charter register`: a reviewed model becomes a version; an approved version is stored."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.formats.text import clean
from governance.digest import short

if TYPE_CHECKING:
    from governance.registration import Bump
    from pipelines.register import Progress, Proposal


@click.command()
@click.argument("model")
@click.option(
    "--bump", type=click.Choice(["major", "minor", "patch"]),
    help="Which number goes up for a new version; the middle one unless said.",
)  # fmt: skip
@click.option("--by", metavar="PERSON", help="Who registers: an id of policies/roles.yaml.")
@click.option(
    "--key", type=click.Path(path_type=Path), help="The key to sign the tag with; Git's own if not."
)
@click.option("--dry-run", is_flag=True, help="Show the entry, and write nothing.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Register as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def register(  # noqa: PLR0913 - one argument per option
    *, model: str, bump: Bump | None, by: str | None, key: Path | None, dry_run: bool, repo: Path,
    now: str | None, form: str,
) -> None:  # fmt: skip
    """Register MODEL as it was trained, reviewed and committed last.

    First the next version's entry is written, models/MODEL/versions/VERSION.yaml, with the
    digests of its bytes, its evidence and its three reviews. Once people have approved it and
    the governed branch holds it, the same command puts the bytes into the bucket, once and for
    all, reads them back, and signs the tag MODEL@vVERSION. It may be stopped and run again at
    any point. Exit code 1 while something is missing.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines import register as act  # noqa: PLC0415

    at, root = moment(now), git.top(repo)
    tell = (lambda _: None) if form == "json" else click.echo
    with told():
        made = act.propose(root, model, at, bump=bump, by=by, dry=dry_run, say=tell)
        if dry_run:
            _dry(made, form)
            return
        if made.written:
            tell(f"wrote {made.entry.path}")
        found = act.register(root, model, made.entry.value.version, at, key=key, say=tell)
    if form == "json":
        click.echo(json.dumps(_value(made, found), indent=2, ensure_ascii=False))
    else:
        for line in _told(found):
            click.echo("\n".join(map(clean, line.split("\n"))))
    raise click.exceptions.Exit(0 if found.tagged is not None else 1)


def _dry(made: Proposal, form: str) -> None:
    if form == "json":
        click.echo(json.dumps({"entry": made.entry.path, "text": made.text}, indent=2))
    elif made.written or not made.entry.governed:
        click.echo(f"dry run: {made.entry.path} would hold\n{made.text}", nl=False)
    else:
        click.echo(f"dry run: {made.entry.name} is registered already")


def _told(found: Progress) -> Iterator[str]:
    version, entry = found.entry.value, found.entry
    tag = f"{version.model}@v{version.version}"
    if found.tagged is not None:
        yield (
            f"{entry.name} ({short(version.digest)}) is"
            f" {'now stored' if found.stored else 'stored'} and"
            f" {'now tagged' if found.tagged else 'tagged'}"
        )
        if found.tagged:
            yield f"next: git push origin refs/tags/{shlex.quote(tag)}"
        return
    if found.untagged is not None:
        yield f"{entry.name} ({short(version.digest)}) is stored, but not tagged:"
        yield found.untagged
        return
    yield from found.standing.lacking
    if not entry.governed:  # what is approved has to be committed first
        yield f"next: git add {entry.path} records; git commit; approvals; let it be merged"
    yield f"then: charter register {version.model}"


def _value(made: Proposal, found: Progress) -> dict[str, object]:
    version = found.entry.value
    return {
        "model": version.model, "version": version.version, "entry": found.entry.path,
        "digest": version.digest, "subject": found.entry.name,
        "subject_digest": found.standing.digest, "written": made.written,
        "governed": found.entry.governed, "approved": found.standing.approved,
        "lacking": list(found.standing.lacking), "stored": found.stored, "tagged": found.tagged,
        "untagged": found.untagged,
    }  # fmt: skip
