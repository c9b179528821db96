"""`charter verify-release`: is everything there that a release needs? Offline, and fails closed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from checks.formats.text import clean
from governance.digest import short


@click.command()
@click.argument("target", metavar="MODEL[@VERSION]")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def verify_release(*, target: str, repo: Path, now: str | None, form: str) -> None:
    """Say whether the release of MODEL that the governed branch wants is in order.

    Its entry, the reviews of its bytes, decisions and approvals for its step, the gates of that
    step, P0 incidents, the way back and the signed tag are judged from this clone alone. What
    cannot be shown is missing. Exit code 0 when nothing is, 1 otherwise, 2 when it could not
    be judged.
    """
    from adapters import git, history  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.verify_release import verify  # noqa: PLC0415

    model, _, version = target.partition("@")
    root = git.top(repo)
    history.refuse_partial(root)
    with told():
        found = verify(root, model, version.removeprefix("v") or None, moment(now))
    entry = found.entry.value
    if form == "json":
        value = {
            "model": model, "version": entry.version, "digest": entry.digest, "step": found.step,
            "in_order": not found.lacking, "lacking": list(found.lacking),
        }  # fmt: skip
        click.echo(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        for line in found.lacking:
            click.echo(clean(line))
        state = f"{len(found.lacking)} missing" if found.lacking else "in order"
        name = f"{model}@{entry.version} on {found.step}"
        click.echo(clean(f"{name} ({short(entry.digest)}): {state}"))
    raise click.exceptions.Exit(1 if found.lacking else 0)
