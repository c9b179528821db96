"""`charter evidence`: all that speaks for a registered version, in one file."""

from __future__ import annotations

import re
from pathlib import Path

import click

from checks.formats.text import clean


@click.command()
@click.argument("version", metavar="MODEL@VERSION")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Where to write it; MODEL-VERSION.evidence.zip unless said.",
)  # fmt: skip
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Judge statements as of this moment.")
def evidence(*, version: str, output: Path | None, repo: Path, now: str | None) -> None:
    """Pack everything that speaks for a version: evidence, statements, approvals, policies, keys.

    The file holds the registry entry, the metrics and reports it names, the signed statements of
    machines, the signed words of people, the policies they were given under with the public keys
    of everybody, telemetry, a model card, a CycloneDX bill of materials and the model's signature
    for OpenSSF Model Signing. It holds no data row and not the model itself. The same version
    gives the same bytes until something more is said about it. `charter verify` checks it offline.
    """
    from adapters import files, git  # noqa: PLC0415 - `--help` needs none of it
    from cli.refusals import told  # noqa: PLC0415
    from cli.situate import moment  # noqa: PLC0415
    from pipelines.inputs import Refused  # noqa: PLC0415
    from pipelines.pack import pack  # noqa: PLC0415

    with told():
        found = re.fullmatch(r"(?:model:)?(?P<model>[^@:]+)@v?(?P<version>[^@]+)", version)
        if found is None:
            msg = f"{version} names no version\n  fix: such as credit@1.2.0"
            raise Refused(msg)
        index, data = pack(git.top(repo), found["model"], found["version"], moment(now))
        path = output or Path(f"{index.model}-{index.version}.evidence.zip")
        files.write(path, data)
    click.echo(clean(f"{path}: {len(index.files)} files about {index.subject}"))
    click.echo(clean(f"next: charter verify {path}"))
