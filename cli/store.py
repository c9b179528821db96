"""`charter store`: what the cache and the remotes hold, and whether it is what they say."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from adapters import git

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
_NOW = click.option("--now", metavar="ISO", help="Date the certificate as of this moment.")
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
_REMOTE = click.option(
    "--remote", "remotes", multiple=True, metavar="NAME",
    help="Look here only: a remote of .dvc/config, or `cache`. May be repeated.",
)  # fmt: skip


@click.group()
def store() -> None:
    """Look through every place where DVC keeps bytes: the cache and each remote."""


@store.command()
@_REMOTE
@_REPO
@_FORMAT
def verify(*, remotes: tuple[str, ...], repo: Path, form: str) -> None:
    """Hash every stored object again and hold it against its name and its landing.

    Finds bytes that changed although DVC takes them for whole, data of the current commit that
    are nowhere, and erased data that are still or again there. Exit code 1 with findings.
    """
    from checks.formats import store as forms  # noqa: PLC0415 - `--help` needs none of it
    from checks.store.verify import verify as judge  # noqa: PLC0415

    with _progress() as seen:
        report = judge(git.top(repo), remotes, seen)
    click.echo(forms.as_json(report) if form == "json" else forms.text(report), nl=False)
    raise click.exceptions.Exit(1 if report.findings else 0)


@store.command("list")
@_REMOTE
@_REPO
@_FORMAT
def list_(*, remotes: tuple[str, ...], repo: Path, form: str) -> None:
    """List every version of every dataset and model, and how much of it lies where.

    `*` marks what the current commit names, `†` what was erased.
    """
    from checks.formats import store as forms  # noqa: PLC0415
    from checks.store.holdings import holdings  # noqa: PLC0415

    rows = holdings(git.top(repo), remotes)
    click.echo(forms.table_json(rows) if form == "json" else forms.table(rows), nl=False)


@store.command()
@click.option("--delete", is_flag=True, help="Delete what came back, and prove it.")
@_REPO
@_NOW
@_FORMAT
def sweep(*, delete: bool, repo: Path, now: str | None, form: str) -> None:
    """List erased data that came back to any place, as by the push of a clone that was not told.

    Exit code 1 when there are any. With --delete they go again, and a certificate says so.
    """
    import json  # noqa: PLC0415 - `--help` needs none of it
    from dataclasses import asdict  # noqa: PLC0415

    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines import sweep as act  # noqa: PLC0415

    root = git.top(repo)
    with told():
        found = act.sweep(root)
        if form == "json":
            click.echo(json.dumps([asdict(one) for one in found], indent=2))
        else:
            for one in found:
                click.echo(f"{one.place}: {one.name} is here again; {one.removal} erased it")
        if found and delete:
            for path in act.delete(root, found, moment(now)):
                click.echo(f"deleted; certificate: {path}", err=form == "json")
            return
    if form == "text":
        click.echo("fix: charter store sweep --delete" if found else "nothing erased came back")
    raise click.exceptions.Exit(1 if found else 0)


@store.command()
@click.argument("remote", nargs=-1)
@click.option("--install", is_flag=True, help="Have Git run this before each push.")
@_REPO
def guard(*, remote: tuple[str, ...], install: bool, repo: Path) -> None:  # noqa: ARG001 - Git names its remote
    """Stop a push that would bring erased data back: a pre-push hook.

    Reads from standard input which commits Git is about to push. Refuses when one of them points
    at erased data, or when the cache or a remote holds any.
    """
    from cli.refusals import told  # noqa: PLC0415
    from pipelines import guard as act  # noqa: PLC0415

    root = git.top(repo)
    with told():
        if install:
            click.echo(f"hook: {act.install(root)}")
        else:
            act.guard(root, "" if sys.stdin.isatty() else sys.stdin.read())


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Tells people at a terminal how many bytes were read; says nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TransferSpeedColumn,
    )

    columns = (
        SpinnerColumn(), TextColumn("hashing"), DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("hashing", total=None)
        yield lambda count: progress.advance(task, count)
