"""`charter index`, `charter pipeline` and `charter schemas`: files that follow from others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters import files, git
from governance import document, schema
from governance import pipeline as design
from governance.finding import CouldNotJudge
from governance.index import PATH
from pipelines.index import write_index

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)


@click.command()
@_REPO
def index(repo: Path) -> None:
    """Write models/index.yaml from contracts, landings and models."""
    root = git.top(repo)
    changed = write_index(root)
    click.echo(f"{PATH} {'written' if changed else 'is up to date'}")


@click.command()
@_REPO
def pipeline(repo: Path) -> None:
    """Write dvc.yaml: the designed stages, keeping those you added."""
    path = git.top(repo) / "dvc.yaml"
    own: dict[str, Any] = {}
    if path.is_file():
        loaded, _ = document.load("dvc.yaml", path.read_bytes())
        if loaded is None:
            msg = "dvc.yaml does not load; run `charter check`"
            raise CouldNotJudge(msg)
        stages = loaded.value.get("stages") if isinstance(loaded.value, dict) else None
        own = stages if isinstance(stages, dict) else {}
    changed = files.write_if_changed(path, design.render(own).encode())
    click.echo(f"dvc.yaml {'written' if changed else 'is up to date'}")


@click.command()
@_REPO
def schemas(repo: Path) -> None:
    """Write the JSON Schemas of all kinds to schemas/."""
    root = git.top(repo)
    written = [
        p for p, data in schema.published().items() if files.write_if_changed(root / p, data)
    ]
    for path in written:
        click.echo(path)
    click.echo(f"{len(written)} of {len(schema.published())} schemas written")
