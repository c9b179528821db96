"""`charter land`: new data files join a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from adapters import git
from cli.progress import progress
from cli.refusals import told
from cli.situate import moment
from governance.digest import short
from governance.pipeline import DATA


@click.command()
@click.argument("dataset")
@click.argument("files", nargs=-1, required=True)
@click.option("--without-bad-rows", is_flag=True, help="Land the good rows, set the others aside.")
@click.option(
    "--keep-values", is_flag=True, help="Leave personal values of rows set aside unmasked."
)
@click.option("--by", metavar="PERSON", help="Who lands the files: an id of policies/roles.yaml.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Land as of this moment.")
def land(  # noqa: PLR0913 - one argument per option
    *, dataset: str, files: tuple[str, ...], without_bad_rows: bool, keep_values: bool,
    by: str | None, repo: Path, now: str | None,
) -> None:  # fmt: skip
    """Check FILES against the contract of DATASET and make them part of it.

    FILES are files, folders of `key=value` folders, or s3:// addresses of objects and prefixes.
    All land or none. Rows that break the contract are written to quarantine/ with the reason and
    masked values; with --without-bad-rows the others land. A landed file is never overwritten.
    """
    from pipelines.land import count  # noqa: PLC0415 - loads the data engine
    from pipelines.land import land as act  # noqa: PLC0415

    root = git.top(repo)
    paths = [file if file.startswith("s3://") else Path(file) for file in files]
    with told(), progress() as seen:
        done = act(
            root,
            dataset,
            paths,
            moment(now),
            without_bad_rows=without_bad_rows,
            keep_values=keep_values,
            by=by,
            say=click.echo,
            seen=seen,
        )
    aside = f", {count(done.set_aside, 'row')} set aside" if done.set_aside else ""
    landed = f"{count(done.rows, 'row')} in {count(done.files, 'file')}{aside}"
    click.echo(f"landed {landed}; {dataset} is now {short(done.digest)}")
    click.echo(f"record: {done.record}")
    store = " .dvc/store" if (root / ".dvc/store").is_dir() else ""
    click.echo(f"next: dvc push {DATA}/{dataset}; git add records models datasets.dvc{store}")
