"""The journal of a landing: what to take back when it is killed half-way.

It lies in the Git folder, which no commit reaches, from the first visible change to the last.
The next command that acts finds it and puts the old state back.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adapters import files, git
from governance.finding import CouldNotJudge
from pipelines import removal_journal


def open_(root: Path, dataset: str, created: Sequence[str], touched: Sequence[str]) -> None:
    """Writes down which files will appear, and what stands in those that will change."""
    plan = {
        "dataset": dataset,
        "created": list(created),
        "before": {path: _text(root / path) for path in touched},
    }
    files.write(_file(root), json.dumps(plan).encode())


def _text(path: Path) -> str | None:
    """A file's bytes as text that gives back the same bytes, whatever they are."""
    return path.read_bytes().decode(errors="surrogateescape") if path.is_file() else None


def close(root: Path) -> None:
    """All is in place: from here on the new state stands."""
    _file(root).unlink()


def recover(root: Path, say: Callable[[str], None] = print) -> bool:
    """Puts the old state back after a landing that was killed; whether there was one."""
    journal = _file(root)
    try:
        plan = json.loads(journal.read_text())
    except FileNotFoundError:
        return False
    except ValueError:  # killed before the journal was whole: nothing had been moved
        journal.unlink()
        return True
    for path in plan["created"]:
        with contextlib.suppress(FileNotFoundError):
            (root / path).unlink()
    for path, text in plan["before"].items():
        if text is None:
            (root / path).unlink(missing_ok=True)
        else:
            files.write(root / path, text.encode(errors="surrogateescape"))
    for path in map(root.joinpath, (*plan["created"], *plan["before"])):
        for left in path.parent.glob(f".{path.name}.*"):  # of `files.write`, when it was killed
            left.unlink()
        _tidy(path, root)
    journal.unlink()
    say(f"an interrupted landing in {plan['dataset']} was undone")
    return True


def _tidy(path: Path, root: Path) -> None:
    """Removes the folders above a path that hold nothing."""
    for parent in path.parents:
        if parent == root or (parent.is_dir() and any(parent.iterdir())):
            break
        with contextlib.suppress(FileNotFoundError):
            parent.rmdir()


def folder(root: Path) -> Path:
    """Where landings keep what is not yet, or no longer, in the work tree."""
    return git.own_folder(root) / "charter" / "landing"


@contextlib.contextmanager
def alone(root: Path, *, finishing: bool = False) -> Iterator[None]:
    """Keeps landings, retrainings and removals apart, each the only one that acts.

    Args:
        root: top of the repository.
        finishing: may act though a removal was begun and not finished, for it finishes it.

    Raises:
        CouldNotJudge: one runs already, or a removal was not finished.
    """
    folder(root).mkdir(parents=True, exist_ok=True)
    with (folder(root) / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = "another landing or retraining is running in this repository"
            raise CouldNotJudge(msg) from None
        if not finishing:
            removal_journal.refuse_unfinished(root)
        yield


def _file(root: Path) -> Path:
    return folder(root) / "journal.json"
