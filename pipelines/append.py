"""A new record: it appears whole or not at all, never over another, and alone in its commit."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from adapters import git
from governance import catalogue
from governance.finding import CouldNotJudge
from pipelines.inputs import Refused


def loads(path: str, text: str) -> object:
    """The record a text holds, read as strictly as any other.

    Raises:
        Refused: it would not load, mostly for a character that hides or steers.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        msg = f"{path} would hold bytes that are no text\n  fix: write the reason in UTF-8"
        raise Refused(msg) from None
    value, _, findings = catalogue.read(path, data)
    if value is None:
        raise Refused(*(f"{path}: {found.problem}\n  fix: {found.fix}" for found in findings))
    return value


def append(root: Path, path: str, text: str) -> None:
    """Writes a file that is not there yet; a killed process leaves it whole or absent.

    Raises:
        FileExistsError: something stands there already, and is left as it is.
        Refused: a link would lead out of the repository.
    """
    target = root / path
    real(root, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o644)
        _link(Path(name), target)
    finally:
        Path(name).unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    """Gives a file its name unless the name is taken."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # a disk without hard links: here two writers could meet, names hold a nonce
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        source.replace(target)


def real(root: Path, path: str) -> None:
    """Nothing; no folder on the way is a link.

    Raises:
        Refused: one is.
    """
    for folder in Path(path).parents:
        if folder != Path() and (root / folder).is_symlink():
            msg = f"{folder} is a symbolic link\n  fix: put a folder in its place"
            raise Refused(msg)


def commit(root: Path, path: str, message: str) -> str:
    """The id of a commit of this one file, whatever else is staged.

    Raises:
        CouldNotJudge: Git would not commit; the file stays, unstaged.
    """
    try:
        git.run(root, "add", "--", f":(top,literal){path}")
        git.run(
            root, "commit", "--quiet", "--only", f"--message={message}", "--",
            f":(top,literal){path}",
        )  # fmt: skip
    except CouldNotJudge as error:
        with contextlib.suppress(CouldNotJudge):
            git.run(root, "reset", "--quiet", "--", f":(top,literal){path}")
        msg = f"{path} is written but not committed: {error}"
        raise CouldNotJudge(msg) from None
    return git.resolve(root, "HEAD")
