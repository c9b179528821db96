"""How much of this machine an engine may take: memory, cores, and a private folder."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any, Final

from governance.finding import CouldNotJudge

VARIABLE: Final = "CHARTER_MEMORY"
PREFIX: Final = "charter-engine-"
"""Begins the names of private folders."""
_SHARE: Final = 0.6
"""Of what is free: Arrow batches and the interpreter need the rest."""
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([KMGT]?)(i?)B?", re.IGNORECASE)
_CGROUPS: Final = Path("/sys/fs/cgroup")


def memory() -> int:
    """Bytes an engine may use: `CHARTER_MEMORY`, or 60 % of what the machine has free.

    Raises:
        CouldNotJudge: the variable is no size.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return int(min(_free(), _group_limit()) * _SHARE)
    size = _SIZE.fullmatch(given)
    if size is None or float(size[1]) <= 0:
        msg = f"{VARIABLE}={given!r} is no size\n  fix: write a number with its unit, such as 2GB"
        raise CouldNotJudge(msg)
    base = 1024 if size[3] else 1000
    return int(float(size[1]) * base ** " KMGT".index(size[2].upper() or " "))


def cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def private_folder(owner: Any) -> Path:
    """A folder nobody else may enter, removed when `owner` is gone or the process ends.

    Rows spilled to disk are as personal as those they come from: what a killed process left is
    removed by the next one.
    """
    _sweep(Path(tempfile.gettempdir()))
    folder, held = _locked()
    weakref.finalize(owner, _remove, folder, held)
    return folder


def _locked() -> tuple[Path, int]:
    """A new folder and the lock on it, which ends with the process."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = _lock(folder)
        if held is not None and folder.exists():  # else another process took it for left behind
            return folder, held


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        held = _lock(folder)
        if held is not None:
            _remove(folder, held)


def _lock(folder: Path) -> int | None:
    """A lock on a folder of ours; None while a process has it."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if os.fstat(held).st_uid == os.getuid():
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return held
    except OSError:
        pass
    os.close(held)
    return None


def _remove(folder: Path, held: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(held)


def _free() -> int:
    """Bytes of memory that are free or could be freed."""
    try:
        found = re.search(
            r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE
        )
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _group_limit() -> float:
    """The tightest limit of the control groups around this process; infinite without any."""
    try:
        line = next(
            line for line in Path("/proc/self/cgroup").read_text().splitlines() if line[:3] == "0::"
        )
    except (OSError, StopIteration):
        line = "0::/"
    own = _CGROUPS / line[3:].lstrip("/")
    files = [folder / "memory.max" for folder in (own, *own.parents)]
    files.append(_CGROUPS / "memory" / "memory.limit_in_bytes")
    limits = []
    for file in files:
        try:
            limits.append(float(file.read_text().strip().replace("max", "inf")))
        except (OSError, ValueError):
            continue
    return min(limits, default=float("inf"))
