"""`charter privacy`: identifiers nobody declared, pseudonyms somebody could undo, keys that end."""

from __future__ import annotations

from pathlib import Path

import click

from adapters import git
from cli.progress import progress
from cli.refusals import told

_REPO = click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), help="The repository."
)
_FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to report.",
)  # fmt: skip


@click.group(no_args_is_help=True)
def privacy() -> None:
    """Search for identifiers nobody declared; try to undo pseudonyms; destroy a key."""


@privacy.command()
@click.argument("targets", nargs=-1, required=True)
@_REPO
@_FORMAT
def scan(*, targets: tuple[str, ...], repo: Path, form: str) -> None:
    """Search TARGETS, datasets or files, for identifiers of people that nobody declared.

    Values are never shown: what is told is how many cells of which column hold what. Exit code 1
    when something is there for sure; what is only likely is told as well.
    """
    from governance import disclosure, jsontext  # noqa: PLC0415 - late, as the engine is
    from pipelines.disclosure import search  # noqa: PLC0415 - loads the data engine

    root = git.top(repo)
    with told(), progress() as seen:
        found = {target: search(root, target, seen) for target in dict.fromkeys(targets)}
    if form == "json":
        plain = {t: [facts.model_dump(mode="json") for facts in f] for t, f in found.items()}
        click.echo(jsontext.dump(plain).decode(), nl=False)
    else:
        for target, facts in found.items():
            for one in facts:
                state = "declared to look so" if one.resembles else f"{one.confidence} confidence"
                click.echo(f"{target}: {disclosure.seen(one)}: {state}")
            if not facts:
                click.echo(f"{target}: no undeclared identifier was found")
    sure = any(one.confidence == "high" and not one.resembles for f in found.values() for one in f)
    raise click.exceptions.Exit(int(sure))


@privacy.command()
@click.argument("dataset")
@click.option(
    "--budget", type=click.IntRange(min=10_000), metavar="N",
    help="Hashes to compute per column; the policy's number when not given.",
)  # fmt: skip
@_REPO
@_FORMAT
def attack(*, dataset: str, budget: int | None, repo: Path, form: str) -> None:
    """Try to undo the hashed columns of DATASET's prepared files, without the key.

    Landed values are hashed first, as an insider would; then every phone number, tax number,
    date and counted number that the budget reaches. Exit code 1 when a single value was found out.
    """
    from governance import disclosure, jsontext  # noqa: PLC0415 - late, as the engine is
    from pipelines.disclosure import attack as act  # noqa: PLC0415 - loads the data engine

    root = git.top(repo)
    with told(), progress() as seen:
        found = act(root, dataset, budget, seen)
    if form == "json":
        plain = {column: facts.model_dump(mode="json") for column, facts in found.items()}
        click.echo(jsontext.dump(plain).decode(), nl=False)
    else:
        for column, facts in found.items():
            said = disclosure.outcome(column, facts)
            click.echo(f"{dataset}: {said}; {facts.tried:,} hashes computed")
        if not found:
            click.echo(f"{dataset}: no column is hashed")
    raise click.exceptions.Exit(int(any(facts.reversed for facts in found.values())))


@privacy.command("destroy-key")
@click.argument("name")
@click.argument("version", type=click.IntRange(min=1))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say whether it may go, and leave it.")
@_REPO
def destroy_key(*, name: str, version: int, yes: bool, dry_run: bool, repo: Path) -> None:
    """Destroy VERSION of the key NAME in the key file, for ever.

    Refused while a contract, here or on the governed branch, or prepared rows name it. Pseudonyms
    made with it stay in older versions and name nobody any more; no erasure finds a person by them.
    """
    from governance.keyname import KeyName  # noqa: PLC0415 - late, as the rest is
    from pipelines import destroy_key as act  # noqa: PLC0415

    root, wanted = git.top(repo), KeyName(name, version)
    with told():
        seen = act.fingerprint(root, wanted)
        if dry_run:
            click.echo(f"dry run: {wanted} may go (fingerprint {seen})")
            return
        if not yes:
            click.confirm(f"destroy {wanted} (fingerprint {seen}) for ever?", abort=True)
        act.destroy(root, wanted)
    click.echo(f"destroyed: {wanted} (fingerprint {seen})")
    click.echo("next: delete its copies in backups and on other machines, and note the fingerprint")
