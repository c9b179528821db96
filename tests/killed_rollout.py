"""Rolls a version out, and takes it back, each time killed a little later; a program of its own.

A forked child is killed with SIGKILL before its n-th change of the repository, its bucket or its
records; the same command, run again by another child, has to end where an undisturbed one ends.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import killed
import rolling
import small

from pipelines import roll_out, rollback


def _silent(_: str) -> None:
    pass


def applied(root: Path, minutes: int) -> None:
    """The rollout goes on to its first step."""
    now = rolling.CANARY + timedelta(minutes=minutes)
    roll_out.apply(root, rolling.MODEL, now, say=_silent)


def taken_back(root: Path, minutes: int) -> None:
    """The version is taken back from everybody."""
    now = rolling.FULL + timedelta(minutes=minutes)
    rollback.back(root, rolling.MODEL, now, because="it refuses everybody", say=_silent)


def ended(root: Path) -> dict[str, Any]:
    """What a run leaves, apart from the moment it began at."""
    pointer = rolling.pointer(root)
    statements = [p for p in (root / "records/attestations").iterdir() if "deploy" in p.name]
    return {
        "served": [pointer["version"], pointer["step"], pointer["stages"], pointer["move"]],
        "flags": (root / ".charter/registry/serving/flags.json").read_text(),
        "statements": len(statements),
        "signed": sum(pointer["envelope"] in p.read_text() for p in statements),
        "incidents": len(list((root / "records").glob("incidents/[!.]*"))),
        "rollout": (root / rolling.ROLLOUT).read_text(),
        "litter": sorted(str(p) for p in root.rglob(".part-*")),
    }


def dying(act: Callable[[Path, int], None], root: Path, at: int) -> None:
    """The act, killed before its change number `at`."""
    left = at

    def one() -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    killed.on_change(root, one)
    act(root, 0)


def counted(act: Callable[[Path, int], None], root: Path) -> int:
    """Changes the whole act makes."""
    seen = 0

    def one() -> None:
        nonlocal seen
        seen += 1

    killed.on_change(root, one)
    act(root, 0)
    return seen


def main(template: Path, work: Path, what: str, most: int) -> None:
    """Prints one JSON line per attempt: where it was killed, and whether it came to the same."""
    act = {"apply": applied, "rollback": taken_back}[what]
    root = work / "repository"
    os.environ["CHARTER_MACHINE_KEY"] = str(rolling.key(work))

    def fresh() -> None:
        shutil.rmtree(root, ignore_errors=True)
        small.copied(template, root)

    fresh()
    code, total = killed.forked(lambda: counted(act, root))
    assert code == 0, total
    _, wanted = killed.forked(lambda: ended(root))
    for at in sorted({*range(0, total, max(1, total // most)), total - 1}):
        fresh()
        code, _ = killed.forked(lambda at=at: dying(act, root, at))  # type: ignore[misc]
        again, error = killed.forked(lambda: act(root, 5))
        _, found = killed.forked(lambda: ended(root))
        told = {
            "at": at, "of": total, "killed": code == -signal.SIGKILL, "again": again,
            "error": error, "same": found == wanted, "found": found if found != wanted else None,
        }  # fmt: skip
        sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
