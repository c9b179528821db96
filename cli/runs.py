"""`charter runs`: every run Git remembers, beside one another, and their mirror in MLflow."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters import git
from checks.formats.text import clean
from cli.situate import moment
from governance.digest import short
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from governance.finding import Verdict
    from governance.runs import Difference, Logged

_WIDTH = 160
"""Characters of a line where no terminal says how many it has."""


@click.command()
@click.argument("model", required=False)
@click.option(
    "--compare", nargs=2, metavar="A B", default=None,
    help="Compare two runs: an experiment's name, or the beginning of a training hash or commit.",
)  # fmt: skip
@click.option("--metric", "metrics", multiple=True, help="Show this metric; several are possible.")
@click.option(
    "--last", type=click.IntRange(min=0), default=20, show_default=True,
    help="Show so many of the newest runs; 0 for all.",
)  # fmt: skip
@click.option("--mirror", metavar="URI", help="Write all of them to an MLflow tracking store.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="When runs that are not committed count as made.")
@click.option(
    "--format", "form", type=click.Choice(("text", "json")), default="text", show_default=True,
    help="How to show it.",
)  # fmt: skip
def runs(  # noqa: PLR0913 - one argument per option
    *, model: str | None, compare: tuple[str, str] | None, metrics: tuple[str, ...], last: int,
    mirror: str | None, repo: Path, now: str | None, form: str,
) -> None:  # fmt: skip
    """List the runs of MODEL, or of all, with parameters, digests, performance and fairness.

    Read from the evidence in every branch, tag, stash and `dvc exp` experiment. The verdict is
    that of today's gates. Exit code 1 says that two runs have the same inputs and different
    models: one of them was not repeated but tried again.
    """
    from adapters.experiments import logged  # noqa: PLC0415 - `--help` needs none of it
    from governance.runs import difference, pick, unrepeatable  # noqa: PLC0415

    root = git.top(repo)
    found = logged(root, model, moment(now))
    if not found:
        msg = f"no run of {model or 'any model'} left evidence here\n  fix: charter retrain"
        raise CouldNotJudge(msg)
    known = {name for run in found for name in run.measured}
    if unknown := sorted(set(metrics) - known):
        msg = f"no run measured {unknown[0]}; there are {', '.join(sorted(known))}"
        raise CouldNotJudge(msg)
    if mirror:
        _mirror(found, mirror)
    elif compare:
        one, other = (pick(found, name) for name in compare)
        _compared(one, other, difference(one, other), metrics, form)
    else:
        _listed(root, found, last or len(found), metrics, form)
    odd = unrepeatable(found)
    for one, other in odd:
        click.echo(
            f"{one.metadata.model} {one.name}: the same inputs gave another model in"
            f" {(other.commit or 'the work tree')[:12]} than in"
            f" {(one.commit or 'the work tree')[:12]}\n  fix: charter replay"
            f" {one.metadata.model} tells which of them can be repeated",
            err=True,
        )
    raise click.exceptions.Exit(1 if odd else 0)


def _listed(
    root: Path, logged: Sequence[Logged], last: int, metrics: tuple[str, ...], form: str
) -> None:
    from governance.runs import changes  # noqa: PLC0415

    found, changed = logged[:last], changes(logged)[:last]
    verdicts = _verdicts(root, found)
    if form == "json":
        rows = [
            _plain(run) | {"verdict": said.value if said else None, "changed": _differs(change)}
            for run, said, change in zip(found, verdicts, changed, strict=True)
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, default=str))
        return
    for model in dict.fromkeys(run.metadata.model for run in found):
        own = [place for place, run in enumerate(found) if run.metadata.model == model]
        names = metrics or _bounded(root, [found[place] for place in own])
        click.echo(model)
        _table([
            ("run", "when", "commit", "data", *names, "verdict", "changed"),
            *(_row(found[place], names, verdicts[place], changed[place]) for place in own),
        ])  # fmt: skip
    click.echo("* the evidence here")
    if len(logged) > last:
        click.echo(f"{len(logged) - last} older runs; --last 0 shows all")


def _row(
    run: Logged, names: Sequence[str], verdict: Verdict | None, change: Difference | None
) -> tuple[str, ...]:
    numbers = (run.measured.get(name) for name in names)
    return (
        f"{run.name}{' *' if run.current else ''}",
        f"{run.at:%Y-%m-%d %H:%M}",
        (run.commit or "none")[:9],
        short(run.metadata.dataset.digest)[:8],
        *("" if number is None else f"{number:g}" for number in numbers),
        verdict.value if verdict else "unknown",
        change.summary() if change else "the first",
    )


def _verdicts(root: Path, found: Sequence[Logged]) -> list[Verdict | None]:
    """Today's gates on each run; None for those whose model or gates do not load."""
    from adapters.reading import Reading  # noqa: PLC0415
    from adapters.worktree import Worktree  # noqa: PLC0415
    from governance.gates import Gates  # noqa: PLC0415
    from governance.model import Model  # noqa: PLC0415
    from governance.runs import verdict  # noqa: PLC0415

    declarations = Reading(Worktree(root)).declarations
    gates = declarations.one(Gates, "gates").value
    models = {declared.value.name: declared.value for declared in declarations.all(Model)}
    return [
        verdict(run, models[run.metadata.model], gates) if run.metadata.model in models else None
        for run in found
    ]


def _bounded(root: Path, found: Sequence[Logged]) -> tuple[str, ...]:
    """Metrics of these runs that a gate bounds; the others are asked for by name."""
    from adapters.reading import Reading  # noqa: PLC0415
    from adapters.worktree import Worktree  # noqa: PLC0415
    from governance.gates import Gates  # noqa: PLC0415

    gates = Reading(Worktree(root)).declarations.one(Gates, "gates").value
    tasks = [gates.task(task) for task in sorted({run.metadata.task for run in found})]
    bounds = {b.metric for task in tasks for b in (*task.performance, *task.fairness)}
    names = dict.fromkeys(name for run in found for name in run.measured)
    return tuple(name for name in names if name.partition(" by ")[0] in bounds)


def _compared(
    one: Logged, other: Logged, found: Difference, metrics: tuple[str, ...], form: str
) -> None:
    names = metrics or tuple(found.metrics)
    if form == "json":
        value = {
            "runs": [_plain(one), _plain(other)],
            **_differs(found),
            "metrics": {name: list(found.metrics[name]) for name in names},
        }
        click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))
        return
    table: list[tuple[str, ...]] = [("", one.name, other.name, "difference")]
    for key, pair in (*found.params.items(), *found.libraries.items()):
        table.append((key, *map(str, pair), ""))
    for key, digests in found.inputs.items():
        table.append((key, *map(short, digests), ""))
    if len(table) == 1:
        table.append(("nothing went in otherwise", "", "", ""))
    for name in names:
        first, second = found.metrics.get(name, (None, None))
        apart = "" if first is None or second is None else f"{second - first:+g}"
        numbers = ("none" if number is None else f"{number:g}" for number in (first, second))
        table.append((name, *numbers, apart))
    _table(table)


def _plain(run: Logged) -> dict[str, Any]:
    metadata = run.metadata
    return {
        "model": metadata.model,
        "name": run.name,
        "experiment": run.experiment,
        "commit": run.commit,
        "at": run.at.isoformat(),
        "current": run.current,
        "training_hash": metadata.training_hash,
        "model_digest": metadata.model_digest,
        "dataset": {"name": metadata.dataset.name, "digest": metadata.dataset.digest},
        "code": metadata.inputs.code,
        "environment": metadata.inputs.environment,
        "params": dict(run.params),
        "performance": metadata.metrics,
        "fairness": metadata.fairness,
    }


def _differs(found: Difference | None) -> dict[str, Any]:
    if found is None:
        return {}
    parts = {"params": found.params, "inputs": found.inputs, "libraries": found.libraries}
    return {name: {key: list(pair) for key, pair in part.items()} for name, part in parts.items()}


def _table(lines: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.table import Table  # noqa: PLC0415

    head, *rows = lines
    table = Table(box=None, pad_edge=False)
    for name in head:
        table.add_column(clean(name), overflow="fold")
    for row in rows:
        table.add_row(*map(clean, row))
    width = None if sys.stdout.isatty() else _WIDTH
    Console(width=width, highlight=False, markup=False).print(table)


def _mirror(found: Sequence[Logged], uri: str) -> None:
    from cli.refusals import told  # noqa: PLC0415
    from pipelines.mirror import mirror  # noqa: PLC0415

    with told():
        written = mirror(found, uri)
    click.echo(f"{written} of {len(found)} runs were new there")
