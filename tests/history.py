"""Real Git repositories for tests, deaf to whatever the machine has configured."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from world import World

from governance.evidence import LAST_RETRAIN

QUIET = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_AUTHOR_DATE": "2026-11-22T09:00:00Z",
    "GIT_COMMITTER_DATE": "2026-11-22T09:00:00Z",
}


def git(root: Path, *arguments: str, data: bytes | None = None) -> str:
    """What a Git command says."""
    done = subprocess.run(
        ["git", "-c", "core.quotePath=false", *arguments],
        cwd=root,
        input=data,
        capture_output=True,
        check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | QUIET,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return os.fsdecode(done.stdout).strip()


def begin(root: Path) -> Path:
    """An empty repository."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "--quiet", "--initial-branch", "main")
    return root


def commit(root: Path, message: str = "change") -> str:
    """The id of a commit of everything that stands in the folder."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


def put(root: Path, path: str, data: str | bytes) -> Path:
    """A file with its folders."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data.encode() if isinstance(data, str) else data)
    return target


def settle(root: Path, world: World) -> Path:
    """A repository that holds a world; its newest retraining started from the first commit."""
    world.write_to(begin(root))
    first = commit(root, "first")
    world.copy().set(LAST_RETRAIN, ("commit",), first).seal().write_to(root)
    commit(root, "retrained")
    return root
