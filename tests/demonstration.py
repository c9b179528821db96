"""The repository `charter demo` makes, and commands called in it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.testing import CliRunner

from cli.approvals import approvals
from cli.audit import audit
from cli.check import check
from cli.demo import demo
from cli.policy import policy
from governance.finding import CouldNotJudge

NOW = "2026-11-22T12:00:00Z"
COMMANDS: dict[str, click.Command] = {
    "approvals": approvals,
    "audit": audit,
    "check": check,
    "demo": demo,
    "policy": policy,
}


class Told(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


def charter(root: Path, name: str, *arguments: str) -> Told:
    """A command, called in this process; what `main` makes of a refusal is repeated here."""
    with contextlib.chdir(root):
        result = CliRunner().invoke(COMMANDS[name], arguments)
    if isinstance(result.exception, CouldNotJudge):
        return Told(2, result.stdout, f"charter: {result.exception}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)


def git(root: Path, *arguments: str) -> str:
    """What a Git command says in a demonstration, whose own settings sign as mei.sato."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    quiet |= {"GIT_AUTHOR_DATE": NOW, "GIT_COMMITTER_DATE": NOW, "GIT_EDITOR": "true"}
    done = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, check=False, text=True, env=kept | quiet
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make(folder: Path) -> Path:
    """A demonstration."""
    told = charter(folder, "demo", "made", "--now", NOW)
    assert told.code == 0, told.err
    return folder / "made"


def judged(root: Path, head: str, base: str = "main") -> dict[str, Any]:
    """What `charter approvals` says of a branch."""
    told = charter(
        root, "approvals", "--base", base, "--head", head, "--now", NOW, "--format", "json"
    )
    assert told.out, told.err
    value: dict[str, Any] = told.value
    assert told.code == (0 if value["green"] else 1)
    return value


def ignored(value: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Who was ignored, as what, and why."""
    return [
        (item["who"], item["standing"], item["reason"])
        for rule in value["rules"]
        for item in rule["ignored"]
    ]
