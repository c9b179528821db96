"""The hook that stops a push which would bring erased data back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters import files, git
from pipelines.inputs import Refused
from pipelines.sweep import pushed, sweep

_LINE: Final = 'charter store guard "$@"'
HOOK: Final = f"#!/bin/sh\n# Written by `charter store guard --install`.\nexec {_LINE}\n"
_NOTHING: Final = "0"


def install(root: Path) -> Path:
    """The path of the hook, which stands where Git looks for it.

    Raises:
        Refused: another hook stands there.
    """
    given = git.run(root, "rev-parse", "--git-path", "hooks").decode().rstrip("\n")
    path = root / given / "pre-push"
    if path.exists() and _LINE not in path.read_text(errors="replace"):
        msg = f"{path} is there already"
        raise Refused(f"{msg}\n  fix: add the line `{_LINE} || exit 1` before anything it pushes")
    if not path.exists():
        files.write(path, HOOK.encode())
        path.chmod(0o755)
    return path


def guard(root: Path, updates: str) -> None:
    """Nothing; neither the commits that are pushed nor any store hold erased data.

    Args:
        root: top of the repository.
        updates: what Git tells a pre-push hook: a line for each ref with both its commits.

    Raises:
        Refused: they do.
        CouldNotJudge: a store does not answer.
    """
    commits = []
    for line in updates.splitlines():
        words = line.split()
        if len(words) > 1 and set(words[1]) != {_NOTHING}:
            commits.append(git.resolve(root, words[1]))
    lines = pushed(root, list(dict.fromkeys(commits)))
    found = sweep(root)
    lines += [f"{one.place} holds {one.name}, erased by {one.removal}" for one in found]
    if found:
        lines.append("  fix: charter store sweep --delete")
    if lines:
        raise Refused(*lines, "nothing was pushed")
