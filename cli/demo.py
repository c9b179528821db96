"""`charter demo`: a repository to try everything in."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import click

from checks.collect import Collector
from cli.refusals import told
from cli.situate import moment, situate
from governance.changeset import Changeset
from governance.tally import Case
from pipelines.demo import BRANCHES, create
from pipelines.demo_company import KEYS, SELF
from pipelines.demo_files import MACHINE


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--release", is_flag=True, help="Instead with data and a model that trains, to be released."
)
@click.option("--now", metavar="ISO", help="The moment up to which its history reaches.")
def demo(*, folder: Path, release: bool, now: str | None) -> None:
    """Make a small governed repository in DIR: people, keys, a history, a branch in each state.

    DIR must be empty or not there yet. Nothing is fetched. The keys are made for this one
    repository and lie in its .git folder, so that no clone or push carries them.
    """
    with told():
        if release:
            from pipelines.demo_release import create as make  # noqa: PLC0415 - loads the engine
        else:
            make = create
        make(folder, moment(now), _change, lambda words: click.echo(f"{words} …", err=True))
    if release:
        click.echo("".join(f"{line}\n" for line in _release_guide(folder)), nl=False)
        return
    click.echo("".join(f"{line}\n" for line in _guide(folder, now)), nl=False)


def _change(root: Path, base: str, head: str, at: datetime) -> Changeset:
    situation = situate(root, base=base, head=head, now=at.isoformat(), data=False, cache=False)
    case: Case | None = Collector(situation).get(Case | None)
    assert case is not None  # noqa: S101 - a base was named
    return case.change


def _release_guide(folder: Path) -> Iterator[str]:
    """What can be tried, as commands to paste."""
    yield f"{folder} holds loans, and credit 1.0.0 in production with all that took."
    yield f"You work there as {SELF}; the keys of all people lie in {KEYS}, which is never pushed."
    yield ""
    yield f"cd {shlex.quote(str(folder.absolute()))}"
    yield f"export CHARTER_MACHINE_KEY=$PWD/{KEYS}/{MACHINE}"
    yield ""
    yield "# What is served, who made sure of it, and what is due?"
    yield "charter plan"
    yield "charter verify-release credit@1.0.0"
    yield "charter obligations"
    yield "charter lineage credit"
    yield ""
    yield "# Train a better one, and have it judged"
    yield "git switch --create candidate"
    yield "sed -i 's/income, late/income, debt, late/' models/credit/model.yaml"
    yield "git commit --quiet --all --message 'Read debt as well'"
    yield "charter retrain"
    yield "git add --all && git commit --quiet --message 'Train credit'"
    yield "charter replay credit"
    yield "charter review credit"
    yield "git add --all && git commit --quiet --message 'Review credit'"
    yield "charter register credit"
    yield ""
    yield "# Approvals, canary, limited, full: docs/releasing.md goes on from here"


def _guide(folder: Path, now: str | None) -> Iterator[str]:
    """What can be tried, as commands to paste."""
    wide = max(len(branch.name) for branch in BRANCHES)
    at = f" --now {shlex.quote(now)}" if now else ""
    yield f"{folder} holds a model, two versions, {len(BRANCHES)} open branches and a history."
    yield f"You work there as {SELF}; the keys of all people lie in {KEYS}, which is never pushed."
    yield ""
    yield f"cd {shlex.quote(str(folder.absolute()))}"
    yield ""
    yield "# How does each branch stand, and why?"
    for branch in BRANCHES:
        command = f"charter approvals{at} --base main --head {branch.name:<{wide}}"
        yield f"{command}  # {branch.standing}: {branch.about}"
    yield ""
    yield "# Give what is missing, and look again"
    yield "git switch missing"
    for person in ("priya.nair", "rita.costa"):
        yield (
            f"charter approve{at} main..HEAD --key {KEYS}/{person} "
            "--because 'stricter is safer' --commit --yes"
        )
    yield f"charter approvals{at} --base main --head missing"
    yield ""
    yield "# Change what was approved, and watch the approvals end"
    yield "git switch approved && echo '# one word more' >> models/credit/model.yaml"
    yield "git commit --quiet --all --message 'One word more' && git switch main"
    yield f"charter approvals{at} --base main --head approved"
    yield ""
    yield "# What was merged past the rules, and what is still owed?"
    yield f"charter audit{at}"
    yield ""
    yield "# Try other rules: on the cases beside them, on what was merged, on every path"
    yield "charter policy test"
    yield f"charter policy impact{at} --base main"
    yield f"charter policy paths{at} models/credit/model.yaml scripts/score.py docs/guide.md"
