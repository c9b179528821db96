"""`charter verify`: a pack of evidence held against public keys, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.formats.text import clean

if TYPE_CHECKING:
    from pipelines.verify_claims import Report


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keys", "law", type=click.Path(path_type=Path, exists=True), metavar="PATH",
    help="roles.yaml, or a folder of policies, that you trust; else those in the pack.",
)  # fmt: skip
@click.option(
    "--model", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
    help="A model's folder that should hold the registered bytes.",
)  # fmt: skip
@click.option("--now", metavar="ISO", help="Verify as of this moment.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip
def verify(
    *, file: Path, law: Path | None, model: Path | None, now: str | None, form: str
) -> None:  # fmt: skip
    """Check FILE, as `charter evidence` writes it, with nothing but the public keys.

    Needs no repository and no network. Digests, the signatures of machines and people, the
    approvals the policy asks for, the reviews and the pages made from them are judged; whatever
    was changed is named. Without --keys the file vouches for its own keys, which is said.
    """
    from cli.refusals import told  # noqa: PLC0415 - `--help` needs none of it
    from cli.situate import moment  # noqa: PLC0415
    from governance.finding import CouldNotJudge  # noqa: PLC0415
    from pipelines import verify as act  # noqa: PLC0415

    with told():
        if not file.is_file():
            msg = f"{file} is no file\n  fix: charter evidence MODEL@VERSION writes one"
            raise CouldNotJudge(msg)
        report = act.verify(file.read_bytes(), moment(now), law=law, model=model)
    if form == "json":
        click.echo(json.dumps(_value(report), indent=2, ensure_ascii=False))
    else:
        _show(report)
    raise click.exceptions.Exit(1 if report.findings else 0)


def _show(report: Report) -> None:
    for finding in report.findings:
        click.echo(clean(f"{finding.at}: {finding.problem}"))
        click.echo(clean(f"  fix: {finding.fix}"))
    if report.index is not None:
        click.echo(clean(f"{report.index.subject}, as of {report.index.as_of:%Y-%m-%d %H:%M} UTC"))
    for line in report.lines:
        click.echo(clean(f"  holds  {line}"))
    for note in report.notes:
        click.echo(clean(f"  note   {note}"))
    count = len(report.findings)
    click.echo("in order" if not count else f"{count} finding{'s' * (count > 1)}")


def _value(report: Report) -> dict[str, object]:
    index = report.index
    return {
        "subject": index.subject if index else None,
        "digest": index.digest if index else None,
        "as_of": f"{index.as_of:%Y-%m-%dT%H:%M:%SZ}" if index else None,
        "findings": [
            {"path": f.at.path, "problem": f.problem, "fix": f.fix} for f in report.findings
        ],
        "holds": report.lines,
        "notes": report.notes,
    }
