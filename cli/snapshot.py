"""`charter snapshot`: a window of a version in service becomes a telemetry snapshot."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.refusals import told
from cli.situate import moment


@click.command()
@click.argument("model")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--begins", required=True, metavar="ISO", help="When the window begins.")
@click.option("--ends", required=True, metavar="ISO", help="When it ends.")
@click.option(
    "--errors",
    type=click.FloatRange(0, 1),
    required=True,
    metavar="SHARE",
    help="Share of requests without an answer.",
)
@click.option(
    "--p50",
    type=click.FloatRange(0),
    required=True,
    metavar="MS",
    help="Milliseconds within which half of the requests are answered.",
)
@click.option(
    "--p95",
    type=click.FloatRange(0),
    required=True,
    metavar="MS",
    help="Milliseconds within which 95 of 100 are.",
)
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def snapshot(  # noqa: PLR0913 - one argument per option
    *, model: str, files: tuple[Path, ...], begins: str, ends: str, errors: float, p50: float,
    p95: float, repo: Path, form: str,
) -> None:  # fmt: skip
    """Measure a window of MODEL in service from the requests in FILES.

    FILES hold one row per request: the columns the model reads, its protected attributes and, as
    far as it is known, the outcome. The version of rollout.yaml and the one it would go back to
    answer them again. Written are numbers only: artifacts/ml/telemetry/MODEL.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from pipelines import snapshot as act  # noqa: PLC0415 - loads scikit-learn

    root = git.top(repo)
    window = act.Window(moment(begins), moment(ends), errors, p50, p95)
    tell = (lambda _: None) if form == "json" else click.echo
    with told():
        found = act.snapshot(root, model, act.paths(files), window, tell)
        path = act.write(root, found)
    if form == "json":
        click.echo(json.dumps({"path": path, **found.model_dump(mode="json")}, indent=2))
        return
    click.echo(f"{found.rows:,} requests, {found.labelled_rows:,} with an outcome")
    for name, seen in (*found.performance.items(), *found.fairness.items()):
        beside = "" if seen.reference is None else f"; the version before: {seen.reference:g}"
        click.echo(f"  {name}: {seen.value:g} [{seen.low:g}, {seen.high:g}]{beside}")
    for name, shift in found.drift.items():
        click.echo(f"  {name} moved by {shift.population_stability_index:g}")
    click.echo(f"wrote {path}: commit it")
