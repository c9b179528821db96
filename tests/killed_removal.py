"""Removes rows over and over, each time killed a little later; a program of its own.

As `killed.py` does for landings: a forked child is killed with SIGKILL before its n-th change of
the repository, its cache or its remote. Another child then gives the same command again, and
what it leaves has to be what an uninterrupted removal leaves.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import erasing
import killed
import small

from governance.finding import CouldNotJudge
from pipelines import journal
from pipelines.erasure import Request, erase
from pipelines.retention_apply import apply

NOW: Final = erasing.LATER
Act = Callable[[Path], Any]


def erasure(root: Path) -> None:
    """Erases Ada."""
    erase(root, Request(erasing.ADA, "gdpr-17"), NOW, say=_silent)


def retention(root: Path) -> None:
    """Applies the one removal that was recorded."""
    apply(root, erasing.removals(root)[0], NOW, say=_silent)


ACTS: Final[dict[str, Act]] = {"erase": erasure, "apply": retention}


def state(work: Path) -> dict[str, str]:
    """Everything that is somebody's state: the work tree, what is stored where, what is open."""
    root = work / "repository"
    found = small.state(root)
    for place in (root / ".dvc/cache", work / "near"):
        for path in place.rglob("*"):
            if path.is_file() and "tmp" not in path.parts:
                found[str(path.relative_to(work))] = "here"
    for path in (root / ".git/charter").rglob("*"):
        if path.is_file() and path.name != "lock" and "parses" not in path.parts:
            found[str(path.relative_to(work))] = "here"
    return found


def counted(work: Path, act: Act) -> int:
    """Changes a whole removal makes."""
    seen = 0

    def one() -> None:
        nonlocal seen
        seen += 1

    killed.on_change(work, one)
    act(work / "repository")
    return seen


def killed_at(work: Path, act: Act, at: int) -> None:
    """A removal that is killed before its change number `at`, the first being 0."""
    left = at

    def one() -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    killed.on_change(work, one)
    act(work / "repository")


def again(work: Path, act: Act) -> dict[str, str]:
    """The state after the same command was given once more."""
    act(work / "repository")
    return state(work)


def others_refuse(work: Path) -> str:
    """What a landing is told meanwhile."""
    try:
        with journal.alone(work / "repository"):
            return "may act"
    except CouldNotJudge as reason:
        return "finish it first" if "begun and not finished" in str(reason) else str(reason)


def main(template: Path, work: Path, name: str, most: int) -> None:
    """Prints one JSON line per attempt: where it was killed, and what came of it."""
    act = ACTS[name]

    def fresh() -> None:
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(template, work, symlinks=True)

    fresh()
    act(work / "repository")  # whatever is loaded late is loaded here
    fresh()
    old = state(work)
    code, total = killed.forked(lambda: counted(work, act))
    assert code == 0, total
    new = state(work)
    step = max(1, total // most)
    for at in sorted({*range(0, total, step), total - 2, total - 1}):
        fresh()
        code, _ = killed.forked(lambda at=at: killed_at(work, act, at))  # type: ignore[misc]
        _, told = killed.forked(lambda: others_refuse(work))
        _, after = killed.forked(lambda: again(work, act))
        line = {
            "at": at,
            "of": total,
            "killed": code == -signal.SIGKILL,
            "others": told,
            "after": "new" if after == new else killed.difference(new, after),
        }
        sys.stdout.write(f"{json.dumps(line)}\n")
        sys.stdout.flush()
    assert old != new


def _silent(_: str) -> None:
    pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
