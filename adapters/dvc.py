"""DVC, in this process: starting its command line costs more than most of what it does here."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from dvc.repo import Repo


class StepFailed(Exception):
    """A step of the pipeline ended with an error; its own message is above."""

    def __init__(self, stage: str, code: int) -> None:
        super().__init__(f"step {stage} ended with exit code {code}")
        self.stage = stage
        self.code = code


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Repo]:
    """The DVC project at `root`; steps run with this interpreter, without calls home.

    Raises:
        CouldNotJudge: DVC refuses; the message is DVC's.
    """
    os.environ |= {
        "DVC_NO_ANALYTICS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    from dvc.exceptions import DvcException  # noqa: PLC0415 - 300 ms of imports
    from dvc.repo import Repo  # noqa: PLC0415

    try:
        with contextlib.chdir(root), Repo(str(root)) as repo:
            yield repo
    except DvcException as error:
        causes = [str(error)]
        while (cause := error.__cause__) is not None:
            causes.append(str(cause))
            error = cause
        msg = "dvc: " + ": ".join(dict.fromkeys(filter(None, causes)))
        if "missing data" in msg:
            msg += "\n  fix: fetch what is not here with --pull, once its owner ran `dvc push`"
        raise CouldNotJudge(msg) from None


def add(root: Path, path: str) -> None:
    """Takes a folder's bytes into the cache and its hash into `datasets.dvc`."""
    with opened(root) as repo, _quietly("dvc"):
        repo.add(path)


def push(root: Path, targets: Sequence[str], remote: str) -> None:
    """Copies what the targets name from the cache to a remote.

    Raises:
        CouldNotJudge: the remote is away or denies it.
    """
    with opened(root) as repo, _quietly("dvc"):
        repo.push(targets=list(targets), remote=remote)


@contextlib.contextmanager
def _quietly(part: str) -> Iterator[None]:
    """Keeps DVC's advice on Git to itself: the command that called says what comes next."""
    logger = logging.getLogger(part)
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


def reproduce(root: Path, targets: Sequence[str], *, pull: bool, force: bool = False) -> list[str]:
    """Runs what changed; names of the stages that ran.

    Args:
        root: the repository.
        targets: stages; everything when empty.
        pull: fetch missing data from the remote.
        force: run the targets even if nothing changed, and only them.

    Raises:
        StepFailed: a stage ended with an error.
        CouldNotJudge: DVC itself refused.
    """
    from dvc.exceptions import ReproductionError  # noqa: PLC0415
    from dvc.stage.exceptions import StageCmdFailedError  # noqa: PLC0415

    with opened(root) as repo, _quietly("dvc.repo.scm_context"):
        try:
            stages = repo.reproduce(
                targets=list(targets) or None, pull=pull, force=force, single_item=force
            )
        except ReproductionError as error:
            cause = error.__cause__
            if isinstance(cause, StageCmdFailedError):
                name = str(error).rpartition(" ")[2].strip("'")
                raise StepFailed(name, _exit_code(cause)) from None
            raise
        return [stage.addressing for stage in stages]


def _exit_code(error: Exception) -> int:
    words = str(error).split()
    return int(words[-1]) if words and words[-1].lstrip("-").isdigit() else 1
