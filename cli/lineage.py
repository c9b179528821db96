"""`charter lineage`: from source to serving, and which models saw what they should not have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters import git
from cli.situate import moment
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from governance.catalogue import Declarations
    from governance.graph import Graph
    from governance.lineage import Run, Trained

_FORMS = ("text", "json", "mermaid", "dot")


@click.command()
@click.argument("what", required=False)
@click.option("--tainted", is_flag=True, help="Name models that saw erased or unlicensed rows.")
@click.option(
    "--openlineage", type=click.File("w", encoding="utf-8", lazy=True), metavar="FILE",
    help="Write OpenLineage run events, one per line; - for standard output.",
)  # fmt: skip
@click.option("--namespace", default="charter", help="Namespace of jobs and datasets there.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge licences as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(_FORMS), default="text", show_default=True,
    help="How to show it.",
)  # fmt: skip
def lineage(  # noqa: PLR0913 - one argument per option
    *, what: str | None, tainted: bool, openlineage: Any, namespace: str, repo: Path,
    now: str | None, form: str,
) -> None:  # fmt: skip
    """Show what WHAT was made from and where it went: MODEL[@VERSION] or DATASET[@DIGEST].

    A name of both is the model; write dataset:NAME for the other. With --tainted, and no name for
    everything, exit code 1 says that some run used rows that a tombstone erased or whose licence
    has ended.
    """
    from adapters import runs  # noqa: PLC0415 - `--help` needs none of it
    from checks.formats import lineage as forms  # noqa: PLC0415
    from checks.store.expected import declared  # noqa: PLC0415
    from governance import graph  # noqa: PLC0415

    if what is None and not tainted:
        msg = "name a model or a dataset, or ask for --tainted"
        raise click.UsageError(msg)
    root, at = git.top(repo), moment(now)
    declarations, trained = declared(root), runs.trained(root)
    whole = graph.build(declarations, trained)
    roots = graph.asked(whole, declarations, what) if what else list(whole.nodes)
    picture = whole.around(roots)
    if tainted:
        _tainted(declarations, trained, picture, at, form)
    elif openlineage:
        for event in _events(root, declarations, trained, picture, at, namespace):
            openlineage.write(event)
    elif form == "text":
        click.echo(forms.text(picture, roots), nl=False)
    elif form == "json":
        click.echo(forms.as_json(picture, roots), nl=False)
    else:
        click.echo(forms.mermaid(picture) if form == "mermaid" else forms.dot(picture), nl=False)


def _tainted(
    declarations: Declarations, trained: Trained, picture: Graph, now: datetime, form: str
) -> None:
    from checks.formats import lineage as forms  # noqa: PLC0415
    from governance.lineage import erased, tainted  # noqa: PLC0415

    if form not in {"text", "json"}:
        msg = "--tainted is told as text or json"
        raise click.UsageError(msg)
    found = [
        taint
        for taint in tainted(declarations, trained, erased(declarations), now.date())
        if _node(taint.run) in picture.nodes
    ]
    click.echo(forms.tainted_json(found) if form == "json" else forms.tainted(found), nl=False)
    raise click.exceptions.Exit(1 if found else 0)


def _node(run: Run) -> str:
    return f"run:{run.model}/{run.training_hash}"


def _events(  # noqa: PLR0913 - all that an event tells
    root: Path, declarations: Declarations, trained: Trained, picture: Graph, now: datetime,
    namespace: str,
) -> Iterator[str]:  # fmt: skip
    import json  # noqa: PLC0415

    from adapters.runs import when  # noqa: PLC0415
    from governance.lineage import Datasets, registered  # noqa: PLC0415
    from governance.openlineage import events  # noqa: PLC0415

    known = Datasets(declarations, trained.held)
    wanted = [run for run, _ in registered(declarations, trained) if _node(run) in picture.nodes]
    times = when(root, wanted, now)
    for run in wanted:
        for event in events(run, known, times[run], namespace):
            yield json.dumps(event, ensure_ascii=False) + "\n"
    if not wanted:
        msg = "no run was recorded for it, so there is no event to write"
        raise CouldNotJudge(msg)
