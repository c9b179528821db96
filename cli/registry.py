"""`charter registry`: what is registered, where it stands, and whether it is as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checks.formats.text import clean
from governance.digest import short

if TYPE_CHECKING:
    from pipelines.registry_list import Row

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
_NOW = click.option("--now", metavar="ISO", help="Judge as of this moment.")
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip


@click.group()
def registry() -> None:
    """Look into the model registry: entries in Git, bytes in the bucket, tags."""


@registry.command("list")
@click.argument("model", required=False)
@_REPO
@_NOW
@_FORMAT
def list_(*, model: str | None, repo: Path, now: str | None, form: str) -> None:
    """List every version of MODEL, or of all models, with how far it came.

    proposed: an entry; approved: may be stored; stored: its bytes are in the bucket for good;
    tagged: signed; serving: it answers requests.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.registry_list import listing  # noqa: PLC0415

    with told():
        rows = listing(git.top(repo), moment(now), model)
    if form == "json":
        click.echo(json.dumps([_value(row) for row in rows], indent=2, ensure_ascii=False))
        return
    for line in _table(rows) if rows else ("nothing is registered",):
        click.echo(clean(line))


@registry.command()
@click.argument("model")
@click.argument("version")
@_REPO
@_NOW
@_FORMAT
def show(*, model: str, version: str, repo: Path, now: str | None, form: str) -> None:
    """Show one VERSION of MODEL: its bytes, its evidence, its reviews, and what it lacks."""
    from adapters import git  # noqa: PLC0415
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.confirmed import base  # noqa: PLC0415
    from pipelines.registry_entry import entry  # noqa: PLC0415
    from pipelines.registry_list import listing  # noqa: PLC0415

    root = git.top(repo)
    with told():
        entry(root, base(root), model, version)  # refuses by name what is not there
        rows = listing(root, moment(now), model)
    row = next(row for row in rows if row.entry.value.version == version)
    if form == "json":
        click.echo(json.dumps(_value(row), indent=2, ensure_ascii=False))
        return
    for line in _shown(row):
        click.echo("\n".join(map(clean, line.split("\n"))))


@registry.command()
@click.argument("model")
@click.argument("version")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER",
    help="The folder to make; MODEL-VERSION unless said.",
)  # fmt: skip
@_REPO
def get(*, model: str, version: str, output: Path | None, repo: Path) -> None:
    """Fetch the bytes of one VERSION of MODEL, each held against its entry."""
    from adapters import git  # noqa: PLC0415
    from cli.progress import progress  # noqa: PLC0415
    from cli.refusals import told  # noqa: PLC0415
    from pipelines.confirmed import base  # noqa: PLC0415
    from pipelines.fetch_model import fetch  # noqa: PLC0415
    from pipelines.registry_entry import entry  # noqa: PLC0415

    root = git.top(repo)
    with told(), progress() as seen:
        found = entry(root, base(root), model, version)
        total, done = sum(file.bytes for file in found.value.files), 0

        def came(size: int) -> None:
            nonlocal done
            done += size
            seen("fetching", done, total)

        target = fetch(root, model, version, output or Path(f"{model}-{version}"), seen=came)
    click.echo(f"{target}: {model} {version} ({short(found.value.digest)}), {total:,} bytes")


@registry.command()
@click.argument("model", required=False)
@_REPO
@_FORMAT
def verify(*, model: str | None, repo: Path, form: str) -> None:
    """Hash every stored byte again, and hold bucket, tags and pointers against the entries.

    Finds bytes that were swapped, are missing or do not belong there, and tags that were moved,
    deleted or made again elsewhere. Exit code 1 with findings.
    """
    from adapters import git  # noqa: PLC0415
    from cli.progress import progress  # noqa: PLC0415
    from cli.refusals import told  # noqa: PLC0415
    from pipelines import registry_verify as act  # noqa: PLC0415

    with told(), progress() as seen:
        report = act.verify(git.top(repo), model, seen)
    if form == "json":
        click.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        for found in report.found:
            click.echo(clean(f"{found.at}: {found.problem}"))
            click.echo(clean(f"  fix: {found.fix}"))
        for name in report.waiting:
            click.echo(f"note: {name} was never stored")
        many = f"{len(report.found)} finding{'s' * (len(report.found) != 1)}"
        versions = f"{report.versions} version{'s' * (report.versions != 1)}"
        click.echo(
            f"{versions}, {report.bytes:,} bytes hashed: {many if report.found else 'in order'}"
        )
    raise click.exceptions.Exit(1 if report.found else 0)


@registry.command()
@click.option("--delete", is_flag=True, help="Delete what is listed.")
@_REPO
@_NOW
@_FORMAT
def gc(*, delete: bool, repo: Path, now: str | None, form: str) -> None:
    """List bytes that no entry on any branch names, and what killed writes left behind.

    Only what was begun a day ago and never became a whole version is listed; with --delete it
    goes. A version that is whole always stays. Exit code 1 while something could go.
    """
    from adapters import git  # noqa: PLC0415
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines import registry_gc as act  # noqa: PLC0415

    root = git.top(repo)
    with told():
        found = act.garbage(root, moment(now))
        if form == "json":
            click.echo(json.dumps(asdict(found), indent=2, default=str))
        else:
            for item in found.items:
                click.echo(clean(f"{item.key}: {item.bytes:,} bytes, no entry names it"))
            for left in found.leftovers:
                click.echo(clean(f"{left.name}: left by a write that was killed"))
            for name in found.unknown:
                click.echo(clean(f"note: {name} is whole, but no entry here names it: git fetch"))
        if found and delete:
            act.clear(root, found, lambda line: click.echo(clean(line), err=form == "json"))
            return
    if form == "text":
        click.echo("fix: charter registry gc --delete" if found else "nothing to clear")
    raise click.exceptions.Exit(1 if found else 0)


def _value(row: Row) -> dict[str, Any]:
    return {
        **row.entry.value.model_dump(mode="json"),
        "entry": row.entry.path,
        "state": row.state,
        "lacking": list(row.lacking),
        "serving": dict(row.share),
    }


def _table(rows: list[Row]) -> Iterator[str]:
    cells = [
        (
            row.entry.value.model, row.entry.value.version, row.state,
            short(row.entry.value.digest), f"{row.entry.value.registered_at:%Y-%m-%d}",
            ", ".join(f"{stage} {share:.0%}" for stage, share in row.share),
        )
        for row in rows
    ]  # fmt: skip
    lines = [("model", "version", "state", "digest", "registered", "serving"), *cells]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        yield "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()


def _shown(row: Row) -> Iterator[str]:
    version = row.entry.value
    yield f"{row.entry.name}: {row.state}"
    yield f"  entry: {row.entry.path}"
    yield f"  digest: {version.digest}"
    for file in version.files:
        yield f"  file: {file.path}, {file.bytes:,} bytes, {file.sha256[:12]}"
    yield f"  dataset: {version.dataset_digest}"
    yield f"  training: {version.training_hash}"
    yield f"  registered: {version.registered_at:%Y-%m-%d %H:%M} by {version.registered_by}"
    for stem, seen in sorted(version.evidence.items()):
        yield f"  evidence: {stem} {short(seen)}"
    for review, one in version.reviews.items():
        yield f"  review: {review}, {one.record}"
    for stage, share in row.share:
        yield f"  serving: {share:.0%} in {stage}"
    yield from (f"lacks: {line}" for line in row.lacking)
