"""`charter retrain`: the retraining workflow, on a laptop and in CI alike."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from adapters import git
from checks import engine
from checks.collect import Collector
from checks.formats import text
from cli.refusals import told
from cli.situate import moment, situate
from governance.catalogue import Declarations
from governance.digest import short
from governance.evidence import Metrics, of_model
from governance.finding import CouldNotJudge
from governance.gates import Gates, demanded
from governance.index import PATH, Index
from governance.model import Model
from pipelines.journal import alone, recover

SAFE = (
    "declarations/loadable", "declarations/names", "declarations/paths", "declarations/present",
    "declarations/references", "datasets/index", "datasets/pointer", "datasets/source",
    "datasets/write_once", "pipeline/frozen", "pipeline/ignored", "pipeline/remote",
    "pipeline/shell", "pipeline/steps",
)  # fmt: skip
"""Rules that must hold before DVC may run anything that is declared."""
LOCK = "pipeline/lock"
"""The rule that says whether something has to run."""


@click.command()
@click.argument("models", nargs=-1)
@click.option("--pull", is_flag=True, help="Fetch data and models that are not here.")
@click.option("--force", is_flag=True, help="Train again though nothing changed.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge freshness as of this moment.")
def retrain(
    *, models: tuple[str, ...], pull: bool, force: bool, repo: Path, now: str | None
) -> None:
    """Retrain MODELS, or all, as far as data, parameters or code changed.

    Verifies that the data are those that were landed and fresh enough, runs `dvc repro`, and
    writes artifacts/ml/last_retrain.json. When nothing changed it says so and trains nothing.
    """
    root = git.top(repo)
    with alone(root):
        recover(root, click.echo)
        _retrain(root, models, pull=pull, force=force, now=now)


def _retrain(
    root: Path, models: tuple[str, ...], *, pull: bool, force: bool, now: str | None
) -> None:
    """Retrains in a repository where nothing else acts."""
    collector = Collector(situate(root, now=now, data=False))
    judgement = engine.judge(collector, engine.select((*SAFE, LOCK)))
    unsafe = tuple(result for result in judgement.results if result.rule != LOCK)
    if any(not result.verdict.green for result in unsafe):
        click.echo(text.render(replace(judgement, results=unsafe)), err=True, nl=False)
        click.echo("nothing was run", err=True)
        raise click.exceptions.Exit(replace(judgement, results=unsafe).exit_code)
    declarations: Declarations = collector.get(Declarations)
    if PATH not in declarations.paths:
        msg = "no dataset has landed yet: charter land DATASET FILE"
        raise CouldNotJudge(msg)
    index = declarations.one(Index, "index").value
    for name in models:
        if name not in index.models:
            msg = f"{name} is no model of {PATH}; it has {', '.join(index.models) or 'none'}"
            raise CouldNotJudge(msg)
    due = force or len(unsafe) == len(judgement.results) or judgement.exit_code != 0
    with told():
        _act(root, declarations, models, due=due, pull=pull, force=force, now=moment(now).date())
    _tell(root, declarations, models or tuple(index.models))


def _act(  # noqa: PLR0913 - what was asked, and what is due
    root: Path, declarations: Declarations, models: tuple[str, ...], *, due: bool, pull: bool,
    force: bool, now: date,
) -> None:  # fmt: skip
    """Runs what is due, or says that nothing is."""
    from pipelines import retrain as act  # noqa: PLC0415 - commands that only read go without it

    if not due and act.whole(root):
        act.refuse_changed(root, declarations)
        click.echo(
            "nothing changed since the last retraining: no data, parameter or code; nothing trained"
        )
        return
    if due:
        act.refuse_stale(declarations, models, now)
    from adapters.dvc import StepFailed  # noqa: PLC0415

    command = ["charter", *sys.argv[1:]]
    try:
        done = act.retrain(
            root, declarations, models, command=command, pull=pull, force=force, say=click.echo
        )
    except StepFailed as failed:
        click.echo(f"charter retrain: {failed}", err=True)
        raise click.exceptions.Exit(failed.code) from None
    if not done.recorded:
        click.echo("what the lock names is here again; nothing was trained")


def _tell(root: Path, declarations: Declarations, models: tuple[str, ...]) -> None:
    """Metrics and verdicts of each model, and where to look."""
    from pipelines import inputs  # noqa: PLC0415

    gates = declarations.one(Gates, "gates").value
    for declared in declarations.all(Model):
        model = declared.value
        path = of_model(model.name, "metrics")
        if model.name not in models or not (root / path).is_file():
            continue
        metrics = inputs.read(path, Metrics, root)
        bounds = demanded(model, gates)
        results = bounds.judge(metrics, model.protected)
        click.echo(
            f"\n{model.name}  model {short(metrics.model_digest)}, {metrics.rows:,} held-out rows"
        )
        for result in results:
            click.echo(f"  {result.verdict.value:<12}  {result}")
        click.echo(f"  look at       {path}")
