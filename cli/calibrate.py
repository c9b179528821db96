"""`charter calibrate`: how often the gates cry wolf, and how often they see it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from pipelines.calibration import Line

TRIALS: Final = 2_000
QUICK: Final = 200
SEED: Final = 20261101


@click.command()
@click.option("--quick", is_flag=True, help=f"{QUICK} trials a line instead of {TRIALS:,}.")
@click.option(
    "--trials", type=click.IntRange(1, 1_000_000), metavar="N", help="As many trials a line."
)
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="The seed.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def calibrate(*, quick: bool, trials: int | None, seed: int, form: str) -> None:
    """Show how often the gates raise false alarms, and how often they find what is there.

    Draws rows from known truths and judges them as models are judged: the bound of 3 % against
    the champion, on the same rows and on rows of each model's own, and the parity of a small
    group. Beside it stands the naive rule, which looks at the value alone. Equal seeds give equal
    tables.
    """
    from cli.progress import progress  # noqa: PLC0415 - late, as the table is
    from pipelines.calibration import LENGTH, table  # noqa: PLC0415 - loads numpy

    count = trials or (QUICK if quick else TRIALS)
    lines: list[Line] = []
    with progress() as seen:
        for line in table(seed, count):
            lines.append(line)
            seen("trials", len(lines), LENGTH)
    if form == "json":
        from governance import jsontext  # noqa: PLC0415 - late, as the table is

        value = {"seed": seed, "trials": count, "lines": [asdict(line) for line in lines]}
        click.echo(jsontext.dump(value).decode(), nl=False)
    else:
        _show(lines)


def _show(lines: list[Line]) -> None:
    from rich.console import Console  # noqa: PLC0415 - takes long to import
    from rich.table import Table  # noqa: PLC0415

    shown = Table("gate", "truth", box=None, pad_edge=False)
    for title in ("rows", "fail", "pass", "inconclusive", "naive alarm"):
        shown.add_column(title, justify="right")
    before = None
    for line in lines:
        about = (line.design, line.truth)
        shares = (line.fail, line.passed, line.inconclusive, line.naive)
        names = about if about != before else ("", "")
        shown.add_row(*names, f"{line.rows:,}", *(f"{100 * share:.1f} %" for share in shares))
        before = about
    Console(highlight=False, markup=False).print(shown)
