"""`charter plan`: the difference between what is wanted and what is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checks.formats.text import clean

if TYPE_CHECKING:
    from governance.serving import Serving
    from pipelines.roll_out import Outlook


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def plan(*, models: tuple[str, ...], repo: Path, now: str | None, form: str) -> None:
    """Say what `charter apply` would do, and what is in its way. Changes nothing.

    What is wanted is rollout.yaml of the governed branch; what is served is the bucket's pointer.
    Exit code 0 when both agree, 1 when something is to be done, whether it may be done or not.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.roll_out import outlooks  # noqa: PLC0415
    from pipelines.rollout_state import state  # noqa: PLC0415

    with told():
        here = state(git.top(repo), moment(now))
        found = tuple(outlooks(here, models))
    if form == "json":
        values = [_value(one) for one in found]
        click.echo(json.dumps({"models": values}, indent=2, ensure_ascii=False))
    else:
        for one in found:
            for line in told_of(one):
                click.echo(clean(line))
        if not found:
            click.echo("no model has a rollout.yaml")
    raise click.exceptions.Exit(1 if any(one.todo for one in found) else 0)


def told_of(found: Outlook) -> Iterator[str]:
    """How a model stands, for people."""
    from pipelines.roll_out import refusals  # noqa: PLC0415

    wanted = found.change.after
    served = _served(found.service.serving)
    if not found.todo:
        yield f"{found.model}: {served}, as wanted"
        return
    yield f"{found.model}: {served}; wanted: {wanted.version} on {wanted.step}"
    for step in found.todo:
        yield f"  to do: {step}"
    for line in refusals(found):
        head, *rest = line.split("\n")
        yield f"  in the way: {head}"
        yield from (f"  {more}" for more in rest)


def _served(serving: Serving | None) -> str:
    return f"{serving.version} on {serving.step}" if serving else "serves nothing"


def _value(found: Outlook) -> dict[str, Any]:
    """How a model stands, for scripts."""
    served, wanted = found.service.serving, found.change.after
    return {
        "model": found.model,
        "serving": served.model_dump(mode="json", exclude={"envelope"}) if served else None,
        "wanted": {
            "version": wanted.version,
            "step": wanted.step,
            "rollback_to": wanted.rollback_to,
        },
        "move": found.change.move,
        "todo": list(found.todo),
        "blocked": found.blocked,
        "obstacles": [
            {"rule": rule, "at": str(one.at), "problem": one.problem, "fix": one.fix,
             "verdict": one.verdict.value}
            for rule, one in found.obstacles
        ],
        "doubts": list(found.doubts),
    }  # fmt: skip
