"""`charter rollback`: the version before answers everybody again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.formats.text import clean

if TYPE_CHECKING:
    from pipelines.rollback import Severity


@click.command()
@click.argument("model")
@click.option("--to", metavar="VERSION", help="Where to; what rollout.yaml names unless said.")
@click.option("--because", metavar="TEXT", help="Why; it becomes the incident.")
@click.option(
    "--severity", type=click.Choice(["P0", "P1"]), default="P1", show_default=True,
    help="How bad; a P0 has to be triaged before the next promotion.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--drill", is_flag=True, help="Exercise it: fetch and verify, and switch nothing.")
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Act as of this moment.")
def rollback(  # noqa: PLR0913 - one argument per option
    *, model: str, to: str | None, because: str | None, severity: Severity, dry_run: bool,
    drill: bool, repo: Path, now: str | None,
) -> None:  # fmt: skip
    """Take MODEL back to the version that served everybody before.

    The serving pointer and the flags are switched at once, from any clone that reaches the
    bucket; no CI, no merge and no machine key is needed. Then rollout.yaml and an incident are
    written, to be committed and proposed: `charter apply` would refuse to go forward until then.
    With --drill the target is fetched and verified only, and a machine signs that it was.
    """
    from adapters import git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines import rollback as act  # noqa: PLC0415
    from pipelines.approve import refuse_reason  # noqa: PLC0415
    from pipelines.rollout_state import state  # noqa: PLC0415

    if because is None and not dry_run and not drill:
        msg = "say why: --because TEXT"
        raise click.UsageError(msg)
    root, at = git.top(repo), moment(now)

    def tell(line: str) -> None:
        click.echo(clean(line))

    with told():
        if dry_run:
            way = act.way(state(root, at), model, to)
            tell(f"dry run: {way.words}, which is in the bucket")
            return
        if drill:
            tell(f"wrote {act.drill(root, model, at, to=to, say=tell)}: commit it")
            return
        refuse_reason(str(because))
        done = act.back(
            root, model, at, because=str(because), to=to, severity=severity, say=tell
        )  # fmt: skip
        if done.written:
            tell(f"next: git add {' '.join(done.written)}; git commit; open a pull request")
