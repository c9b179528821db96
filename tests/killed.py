"""Lands a file over and over, each time killed a little later; a program of its own.

One process loads everything once and forks a child per attempt. The child is killed with
SIGKILL before its n-th change of the work tree (or of Git's and DVC's folders in it); another
child then does what the next command would do, and says what it finds.
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

import small

from pipelines import journal
from pipelines.land import land

_CHANGES: Final = {
    "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.truncate",
}  # fmt: skip
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def on_change(root: Path, act: Callable[[], None]) -> None:
    """Calls `act` before every change of a file or folder below `root` in this process."""
    below = f"{root}{os.sep}"

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            changes = isinstance(args[2], int) and args[2] & _WRITING
        else:
            changes = event in _CHANGES
        if changes and isinstance(args[0], str | bytes | os.PathLike):
            path = os.path.join(os.getcwd(), os.fsdecode(args[0]))  # noqa: PTH109, PTH118
            if path.startswith(below):
                act()

    sys.addaudithook(hook)


def forked(do: Callable[[], Any]) -> tuple[int, Any]:
    """Exit status and result of a function that a child runs."""
    out, back = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(back, json.dumps(do()).encode())
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told to the parent
            os.write(back, json.dumps(f"{type(error).__name__}: {error}").encode())
            os._exit(1)
    os.close(back)
    with os.fdopen(out, "rb") as stream:
        text = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, json.loads(text) if text else None


def landing(root: Path, inbox: Path) -> None:
    """Lands the file of the inbox."""
    land(root, "visits", [inbox], small.NOW, say=lambda _: None)


def counted(root: Path, inbox: Path) -> int:
    """Changes a whole landing makes."""
    seen = 0

    def one() -> None:
        nonlocal seen
        seen += 1

    on_change(root, one)
    landing(root, inbox)
    return seen


def killed(root: Path, inbox: Path, at: int) -> None:
    """A landing that is killed before its change number `at`, the first being 0."""
    left = at

    def one() -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    on_change(root, one)
    landing(root, inbox)


def recovered(root: Path) -> dict[str, str]:
    """The state after the next command has put things in order."""
    with journal.alone(root):
        journal.recover(root, lambda _: None)
    return small.state(root)


def relanded(root: Path, inbox: Path, done: dict[str, str]) -> dict[str, str]:
    """The state after a second landing of the same file, unless the first one stands."""
    if small.state(root) != done:
        landing(root, inbox)
    return small.state(root)


def main(template: Path, work: Path, most: int) -> None:
    """Prints one JSON line per attempt: where it was killed, and what was left."""
    inbox = small.put(work / "inbox" / "new.parquet", small.visits(900, 20))
    root = work / "repository"

    def fresh() -> Path:
        shutil.rmtree(root, ignore_errors=True)
        return small.copied(template, root)

    landing(fresh(), inbox)  # whatever is loaded late is loaded here
    old = small.state(fresh())
    code, total = forked(lambda: counted(root, inbox))
    assert code == 0, total
    new = small.state(root)
    step = max(1, total // most)
    for at in sorted({*range(0, total, step), total - 2, total - 1}):
        fresh()
        code, _ = forked(lambda at=at: killed(root, inbox, at))  # type: ignore[misc]
        _, after = forked(lambda: recovered(root))
        _, again = forked(lambda: relanded(root, inbox, new))
        names = {"old": old, "new": new}
        told = json.dumps({
            "at": at,
            "of": total,
            "killed": code == -signal.SIGKILL,
            "after": next((n for n, s in names.items() if s == after), difference(old, after)),
            "again": "new" if again == new else difference(new, again),
        })  # fmt: skip
        sys.stdout.write(f"{told}\n")


def difference(wanted: dict[str, str], found: Any) -> Any:
    """Paths that differ, for the message."""
    if not isinstance(found, dict):
        return found
    paths = sorted(wanted.keys() | found.keys())
    return [path for path in paths if wanted.get(path) != found.get(path)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
