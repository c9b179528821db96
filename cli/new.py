"""`charter new dataset` and `charter new model`: a beginning that asks instead of guessing."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from adapters import git
from cli.refusals import told
from governance.contract import ColumnClass

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
CLASSES = ", ".join(get_args(ColumnClass))


@click.group()
def new() -> None:
    """Begin a contract or a model from a data file."""


@new.command("dataset")
@click.argument("name")
@click.option(
    "--from", "file", required=True, type=click.Path(path_type=Path), help="CSV or Parquet."
)
@click.option("--label", metavar="COLUMN", help="What models are to predict.")
@click.option("--protected", multiple=True, metavar="COLUMN[=BOUNDS]",
              help="A protected attribute; of a number the bounds of its groups.")  # fmt: skip
@click.option("--key", metavar="COLUMN", help="The column that names a row.")
@click.option("--event", metavar="COLUMN", help="The column that says when a row happened.")
@click.option("--class", "classes", multiple=True, metavar="COLUMN=CLASS", help=f"{CLASSES}.")
@click.option(
    "--rest", type=click.Choice(get_args(ColumnClass)), help="The class of all columns not named."
)
@click.option("--steward", metavar="PERSON", help="Who answers for the data.")
@click.option("--source", multiple=True, metavar="KEY=VALUE",
              help="kind, uri, licence, agreement or licence_ends of the source.")  # fmt: skip
@_REPO
def dataset(  # noqa: PLR0913 - one argument per option
    *, name: str, file: Path, label: str | None, protected: tuple[str, ...], key: str | None,
    event: str | None, classes: tuple[str, ...], rest: ColumnClass | None, steward: str | None,
    source: tuple[str, ...], repo: Path,
) -> None:  # fmt: skip
    """Write policies/datasets/NAME.yaml from a CSV or Parquet file.

    Types, required columns and short lists of values are inferred. What only a person can
    answer is taken from the options, or left out for `charter check` to ask.
    """
    from pipelines import scaffold  # noqa: PLC0415 - loads the data engine

    pairs = dict(_pair(text, "--class") for text in classes)
    for column, given in pairs.items():
        if given not in get_args(ColumnClass):
            raise click.BadParameter(
                f"{column}={given}: use one of {CLASSES}", param_hint="--class"
            )
    answers = scaffold.Answers(
        classes=pairs,  # type: ignore[arg-type]
        rest=rest, label=label, key=key, event=event, steward=steward,
        protected=dict(_bounds(text) for text in protected),
        source=dict(_pair(text, "--source") for text in source),
    )  # fmt: skip
    with told():
        path = scaffold.contract(git.top(repo), name, file, answers)
    click.echo(f"{path} written")
    click.echo(f"next: charter check, answer what it asks; then charter land {name} {file}")


@new.command("model")
@click.argument("name")
@click.option("--dataset", required=True, help="The dataset it is trained on.")
@click.option("--target", required=True, metavar="COLUMN", help="The column it predicts.")
@click.option("--positive", metavar="VALUE", help="The class that counts as positive.")
@click.option("--owner", metavar="PERSON", help="The model owner.")
@click.option(
    "--risk-tier", type=click.Choice(["minimal", "limited", "high"]), help="Its risk tier."
)
@_REPO
def model(  # noqa: PLR0913 - one argument per option
    *, name: str, dataset: str, target: str, positive: str | None, owner: str | None,
    risk_tier: str | None, repo: Path,
) -> None:  # fmt: skip
    """Write models/NAME/model.yaml for a column of a dataset.

    Features and preprocessing follow from the contract. Purpose, owner and risk tier are left
    for `charter check` to ask, unless an option gives them.
    """
    from pipelines import scaffold  # noqa: PLC0415 - loads the data engine

    with told():
        path = scaffold.model(
            git.top(repo),
            name,
            dataset,
            target,
            positive=positive,
            owner=owner,
            risk_tier=risk_tier,
        )
    click.echo(f"{path} written")
    click.echo(f"next: charter check, answer what it asks; charter land {dataset} FILE if nothing")
    click.echo("has landed there yet, else charter index; then charter retrain")


def _bounds(text: str) -> tuple[str, tuple[float, ...]]:
    column, _, bounds = text.partition("=")
    try:
        found = tuple(float(bound) for bound in bounds.split(",")) if bounds else ()
    except ValueError:
        hint = "write COLUMN=30,45,60"
        raise click.BadParameter(f"{text!r}: {hint}", param_hint="--protected") from None
    return column, tuple(int(bound) if bound == int(bound) else bound for bound in found)


def _pair(text: str, option: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not mark or not key or not value:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint=option)
    return key, value
