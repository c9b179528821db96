"""`charter drift`: how far data have moved from a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adapters import git
from cli.refusals import told
from governance.finding import Verdict

if TYPE_CHECKING:
    from governance.drift_report import DriftReport

_EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2}


@click.command()
@click.argument("reference")
@click.argument("current", required=False)
@click.option("--columns", metavar="NAMES", help="Columns to compare, with commas between.")
@click.option(
    "--save", metavar="FILE", type=click.Path(path_type=Path), help="Keep the reference's counters."
)
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def drift(  # noqa: PLR0913 - one argument per option
    *, reference: str, current: str | None, columns: str | None, save: Path | None, repo: Path,
    form: str,
) -> None:  # fmt: skip
    """Say how far CURRENT has moved from REFERENCE, column by column.

    Either is a dataset, a Parquet or CSV file, or a folder of such files; REFERENCE may be a
    file written by --save. The bounds stand in policies/monitoring.yaml. Exit code 1 when a
    column drifted, 2 when it could not be judged.
    """
    if current is None and save is None:
        msg = "nothing to do: give CURRENT to compare with, or --save FILE"
        raise click.UsageError(msg)
    from pipelines import drift as act  # noqa: PLC0415 - loads numpy and pyarrow

    root = git.top(repo)
    with told():
        names = list(dict.fromkeys(name for name in (columns or "").split(",") if name))
        found = act.reference(root, reference, names, None if save else current)
        if save is not None:
            act.save(found, save)
        if current is None:
            return
        report = act.compare(root, found, current)
    if form == "json":
        from governance import jsontext  # noqa: PLC0415 - late, as the report is

        value = {"reference": found.counted.of, "current": current, **_plain(report)}
        click.echo(jsontext.dump(value).decode(), nl=False)
    else:
        _show(report)
    raise click.exceptions.Exit(_EXIT[report.verdict])


def _plain(report: DriftReport) -> dict[str, Any]:
    from governance.digest import rounded  # noqa: PLC0415 - late, as the report is

    return {
        "verdict": report.verdict,
        "columns": {
            name: {
                "kind": moved.kind,
                "rows": list(moved.rows),
                "population_stability_index": rounded(moved.population_stability_index),
                "kolmogorov_smirnov": None
                if moved.kolmogorov_smirnov is None
                else rounded(moved.kolmogorov_smirnov),
                "chance": rounded(moved.chance),
                "verdict": moved.verdict,
                "reason": moved.reason,
            }
            for name, moved in report.columns.items()
        },
        "left_out": dict(report.left_out),
    }


def _show(report: DriftReport) -> None:
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.table import Table  # noqa: PLC0415

    table = Table("column", box=None, pad_edge=False)
    for title in ("PSI", "KS", "p"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    for name, moved in report.columns.items():
        shift = "" if moved.kolmogorov_smirnov is None else f"{moved.kolmogorov_smirnov:.3f}"
        said = f"{moved.verdict}: {moved.reason}" if moved.reason else str(moved.verdict)
        distance = f"{moved.population_stability_index:.3f}"
        table.add_row(name, distance, shift, f"{moved.chance:.2g}", said)
    Console(highlight=False, markup=False).print(table)
    for name, reason in report.left_out.items():
        click.echo(f"{name}: left out, {reason}")
    found = [moved.verdict for moved in report.columns.values()]
    counts = ", ".join(f"{found.count(verdict)} {verdict}" for verdict in _EXIT)
    click.echo(f"{len(found)} columns: {counts}")
