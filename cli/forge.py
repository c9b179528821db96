"""`charter forge`: tell the forge what the policies say, or see whether it still holds to it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from adapters import files, git
from adapters.forge import Bypass, Ruleset
from adapters.reading import Reading
from adapters.worktree import Worktree
from checks.formats import text
from cli.situate import moment
from governance import forge_settings
from governance.approvals import Approvals
from governance.document import Marks
from governance.finding import CouldNotJudge, Finding
from governance.forge_settings import Live
from governance.roles import Roles


@click.command()
@click.option("--repo", type=click.Path(path_type=Path), default=Path(), help="The repository.")
@click.option("--now", metavar="ISO", help="Write as of this moment, such as 2026-11-22.")
@click.option("--live", is_flag=True, help="Compare the settings in force instead of writing.")
@click.option(
    "--bypass/--no-bypass",
    default=True,
    help="With --live: ask whom the rulesets do not bind; only administrators are told.",
)
def forge(*, repo: Path, now: str | None, live: bool, bypass: bool) -> None:
    """Write CODEOWNERS and rulesets as the policies give them.

    With --live nothing is written: the rulesets in force at the forge are compared with the
    policies. That needs GITHUB_TOKEN; the repository is GITHUB_REPOSITORY, else the one the
    approval policy names.
    """
    root = git.top(repo)
    found = Reading(Worktree(root), None).declarations
    policy = found.one(Approvals, "approvals").value
    if live:
        _compare(root, policy, bypass=bypass)
        return
    roles = found.one(Roles, "roles").value
    for path, words in forge_settings.expected(policy, roles, moment(now).date()).items():
        changed = files.write_if_changed(root / path, words.encode())
        click.echo(f"{path} {'written' if changed else 'is up to date'}")


def _compare(root: Path, policy: Approvals, *, bypass: bool) -> None:
    """Prints what is not in force as declared.

    Raises:
        CouldNotJudge: the forge did not tell, or the token may not know whom a ruleset binds.
    """
    from adapters.github import API, GitHub  # noqa: PLC0415 - an HTTP client takes long to import

    name = os.environ.get("GITHUB_REPOSITORY") or policy.repository
    token = os.environ.get("GITHUB_TOKEN", "")
    there = GitHub(name, token, os.environ.get("GITHUB_API_URL") or API)
    live = tuple(_live(ruleset) for ruleset in there.rules())
    findings = tuple(forge_settings.differences(policy, live))
    for line in _lines(root, findings):
        click.echo(line)
    hidden = forge_settings.unseen(policy, live)
    if bypass and hidden:
        msg = (
            f"the token may not see whom {' and '.join(map(repr, hidden))} do not bind: use one "
            "that may administer the repository, or leave the question open with --no-bypass"
        )
        raise CouldNotJudge(msg)
    left = f"; not asked: whom {len(hidden)} of them do not bind" if hidden else ""
    plural = "finding" if len(findings) == 1 else "findings"
    rulesets = len(forge_settings.declared(policy))
    click.echo(f"{len(findings)} {plural}; {rulesets} rulesets of {name}{left}")
    raise click.exceptions.Exit(1 if findings else 0)


def _live(ruleset: Ruleset) -> Live:
    known = ruleset.bypass
    return Live(
        name=ruleset.name,
        own=ruleset.origin == "Repository",
        enforcement=ruleset.enforcement,
        target=ruleset.target,
        conditions=ruleset.conditions,
        rules={rule.type: rule.parameters for rule in ruleset.rules},
        bypass=None if known is None else tuple(map(_actor, known)),
    )


def _actor(bypass: Bypass) -> str:
    number = "" if bypass.actor is None else f" {bypass.actor}"
    return f"{bypass.kind}{number} ({bypass.mode})"


def _lines(root: Path, findings: Iterable[Finding]) -> Iterable[str]:
    for found in findings:
        file = root / found.at.path
        at = (
            Marks(found.at.path, file.read_bytes()).place(found.at.route)
            if file.is_file()
            else None
        )
        placed = Finding(at or found.at, found.problem, found.fix)
        yield from text.finding("forge/live", placed)
