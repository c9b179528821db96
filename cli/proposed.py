"""A pull request of a forge as something to judge: its facts, and the commits it lies between."""

from __future__ import annotations

import os
from pathlib import Path

from adapters import git
from adapters.forge import Forge
from checks.situation import Situation
from cli.situate import situate
from governance.finding import CouldNotJudge


def proposed(  # noqa: PLR0913 - one argument per option
    repo: Path, *, base: str | None, head: str | None, number: int | None,
    branch: str | None = None, now: str | None = None, data: bool = True, cache: bool = True,
) -> Situation:  # fmt: skip
    """What is judged: a pull request when a number is given, else base and head as they are.

    Raises:
        CouldNotJudge: the forge does not answer, or the commits it names are not in this clone.
    """
    if number is None:
        return situate(repo, base=base, head=head, branch=branch, now=now, data=data, cache=cache)
    pull = forge().pull(number)
    root = git.top(repo)
    if head is not None and git.resolve(root, head) != pull.head:
        msg = f"pull request {number} is at {pull.head[:12]} now, not at {head}"
        raise CouldNotJudge(msg)
    if not git.exists(root, pull.head):
        msg = f"{pull.head[:12]} is not in this clone: git fetch origin pull/{number}/head"
        raise CouldNotJudge(msg)
    return situate(
        repo, base=base or tip(root, pull.base_branch), head=pull.head, branch=pull.base_branch,
        pull=pull, now=now, data=data, cache=cache,
    )  # fmt: skip


def tip(root: Path, branch: str) -> str:
    """The commit a branch of the forge is at, as far as this clone has fetched.

    Raises:
        CouldNotJudge: the clone has never seen it.
    """
    for name in (f"refs/remotes/origin/{branch}", f"refs/heads/{branch}"):
        if git.run(root, "for-each-ref", "--count=1", name):
            return git.resolve(root, name)
    msg = f"the branch {branch} is not in this clone: git fetch origin {branch}"
    raise CouldNotJudge(msg)


def forge() -> Forge:
    """The forge the environment describes, as workflows do.

    Raises:
        CouldNotJudge: there is no token, or no repository.
    """
    from adapters.github import API, GitHub  # noqa: PLC0415 - an HTTP client takes long to import

    token, name = os.environ.get("GITHUB_TOKEN"), os.environ.get("GITHUB_REPOSITORY")
    if not token or not name:
        msg = "set GITHUB_TOKEN and GITHUB_REPOSITORY (owner/name) to read a pull request"
        raise CouldNotJudge(msg)
    return GitHub(name, token, os.environ.get("GITHUB_API_URL") or API)
