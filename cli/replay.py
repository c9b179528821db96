"""`charter replay`: a run repeated from its pinned inputs, held to what its evidence claims."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters import git
from checks.formats.text import clean
from cli.refusals import told
from cli.situate import moment
from governance.digest import short

if TYPE_CHECKING:
    from governance.replay import Replay


def _pairs(_: object, __: object, given: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in given:
        name, sign, cause = text.partition("=")
        if not sign or not name.strip() or not cause.strip():
            msg = f"{text!r}: write it as ID=CAUSE"
            raise click.BadParameter(msg)
        found[name.strip()] = cause.strip()
    return found


@click.command()
@click.argument("what", metavar="MODEL[@VERSION]")
@click.option(
    "--explain", "explains", multiple=True, metavar="ID=CAUSE", callback=_pairs,
    help="Name the cause of an earlier replay that failed, by the id of its record.",
)  # fmt: skip
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="DIR",
    help="Keep the tree and what came out in this empty folder.",
)  # fmt: skip
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Sign as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
    help="How to show it.",
)  # fmt: skip
def replay(  # noqa: PLR0913 - one argument per option
    *, what: str, explains: dict[str, str], keep: Path | None, repo: Path, now: str | None,
    form: str,
) -> None:  # fmt: skip
    """Run MODEL again from its committed inputs, without network, and compare what comes out.

    Data preparation, training and evaluation are repeated in a clean tree, as designed and not as
    `dvc.lock` remembers them. Predictions on the held-out rows and metrics have to be the same to
    the last bit. With a machine's key in CHARTER_MACHINE_KEY the result is signed and recorded,
    whatever it is; an earlier failure stands until a replay that passes names its cause.
    """
    from adapters.attest import FILE  # noqa: PLC0415 - `--help` needs none of it
    from pipelines import attest  # noqa: PLC0415
    from pipelines import replay as act  # noqa: PLC0415

    model, _, version = what.partition("@")
    root, at = git.top(repo), moment(now)
    path = None
    with told():
        if signs := bool(os.environ.get(FILE)):
            attest.machine(root, at)
        found = act.replay(
            root, model, version or None, keep=keep, say=lambda line: click.echo(line, err=True)
        )
        if signs:
            path = act.record(root, found, explains, at)
        open_ = act.unexplained(root, found, at)
    if form == "json":
        told_ = found.facts() | {"record": path, "unexplained": list(open_)}
        click.echo(json.dumps(told_, indent=2, ensure_ascii=False))
    else:
        _show(found, path, open_)
    raise click.exceptions.Exit(0 if found.passed and not open_ else 1)


def _show(found: Replay, path: str | None, unexplained: tuple[str, ...]) -> None:
    name = f"{found.model}@{found.version}" if found.version else found.model
    click.echo(f"{name}  model {short(found.digest)}, commit {found.commit[:12]}")
    for part in found.parts:
        binds = "" if part.binds else "  (for information)"
        click.echo(f"  {part.alike.value:<12}  {part.name}{binds}")
        for detail in part.details:
            click.echo(f"      {clean(detail)}")
    for note in found.notes:
        click.echo(f"  note: {clean(note)}")
    for cause in found.causes:
        click.echo(f"  cause: {clean(cause)}")
    click.echo(f"replay {found.result}")
    for name in unexplained:
        click.echo(
            f"an earlier replay of these bytes failed: {name}\n"
            f"  fix: find out why, then charter replay {found.model} --explain {name}=CAUSE"
        )
    if path:
        click.echo(f"recorded: {path}; commit it")
    else:
        click.echo("not recorded: no machine key is configured (CHARTER_MACHINE_KEY)")
