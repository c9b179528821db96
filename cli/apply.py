"""`charter apply`: what the governed branch wants is served, through every gate."""

from __future__ import annotations

from pathlib import Path

import click

from checks.formats.text import clean


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--key", type=click.Path(path_type=Path), help="The key to sign a missing version tag with."
)
@click.option(
    "--export", type=click.Choice(["argo", "container"]),
    help="Write what is served for another platform, and change nothing.",
)  # fmt: skip
@click.option("--to", type=click.Path(path_type=Path), help="The folder of the export.")
@click.option("--image", metavar="NAME@sha256:…", help="The container of the export, by digest.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Act as of this moment.")
def apply(  # noqa: PLR0913 - one argument per option
    *, models: tuple[str, ...], key: Path | None, export: str | None, to: Path | None,
    image: str | None, repo: Path, now: str | None,
) -> None:  # fmt: skip
    """Bring what is served to what rollout.yaml of the governed branch wants.

    Bytes and tag of an approved version, the serving pointer, the flags, and the statement of
    this machine (CHARTER_MACHINE_KEY), in this order; stopped anywhere, it goes on when run
    again. A gate in the way is refused and nothing of that model changes. Exit code 1 when a
    model was refused, 2 when somebody else rolled out at the same moment.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from governance.release import Rollout  # noqa: PLC0415
    from pipelines.confirmed import base  # noqa: PLC0415

    root, at = git.top(repo), moment(now)

    def tell(line: str) -> None:
        click.echo(clean(line))

    if export is not None:
        if to is None or image is None or len(models) != 1:
            msg = "an export needs one MODEL, --to DIR and --image NAME@sha256:…"
            raise click.UsageError(msg)
        from pipelines.rollout_export import export as write  # noqa: PLC0415

        with told():
            tell(f"wrote {write(root, models[0], at, to, image, argo_rollouts=export == 'argo')}")
        return
    from pipelines.roll_out import apply as act  # noqa: PLC0415

    wanted = models or sorted(f.value.model for f in base(root).declarations.all(Rollout))
    if not wanted:
        tell("no model has a rollout.yaml")
    refused = False
    for model in wanted:
        try:
            with told():
                if not act(root, model, at, say=tell, key=key):
                    tell(f"{model}: served as wanted")
        except click.exceptions.Exit:
            refused = True
    if refused:
        raise click.exceptions.Exit(1)
