"""The journal of a removal: all that is to be done, written down before the first change.

It lies in the Git folder, which no commit reaches, beside the rewritten files. A removal that is
killed goes forward from it, never back: what was deleted cannot return. It names bytes by their
digests and holds no identifier of anybody.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pydantic import ValidationError

from adapters import files, git
from governance.declaration import Part
from governance.finding import CouldNotJudge


class Move(Part):
    """A data file that gets other bytes, or goes where nothing is staged for it."""

    path: str
    """Path in the repository."""
    staged: str | None = None
    """Path of the new bytes below the staging folder."""


class Target(Part):
    """What goes in one place."""

    place: str
    """The cache, a remote, a replica."""
    objects: tuple[str, ...] = ()
    """Objects by their MD5 names."""
    paths: tuple[str, ...] = ()
    """Other files: run cache, killed transfers, plain copies."""
    count: int = 0
    """Versions of all of them when the removal began."""


class Upload(Part):
    """A dataset whose new version takes the place of the old one in a remote."""

    dataset: str
    """The dataset."""
    remote: str
    """Name of the remote."""


class Plan(Part):
    """Everything a removal does, in order."""

    removal: str
    """Id of the removal."""
    moves: tuple[Move, ...] = ()
    """Data files."""
    records: dict[str, str] = {}
    """Texts of the tombstones, by path."""
    pointer: str | None = None
    """The pointer file as it stood, in case it is cut off while it is written."""
    datasets: tuple[str, ...] = ()
    """Datasets that get a new version."""
    uploads: tuple[Upload, ...] = ()
    """Where the new versions go."""
    locals: tuple[str, ...] = ()
    """Files and folders of the work tree that go."""
    targets: tuple[Target, ...] = ()
    """What goes elsewhere."""
    certificate: str
    """Path of the certificate."""
    evidence: str
    """Its text."""


def folder(root: Path) -> Path:
    """Where removals keep what is private to them."""
    return git.own_folder(root) / "charter" / "removal"


def staging(root: Path) -> Path:
    """Where rewritten files wait; nobody else may look into it."""
    return folder(root) / "staged"


def fresh(root: Path) -> Path:
    """The staging folder, emptied of what a killed removal left before it wrote its journal."""
    shutil.rmtree(staging(root), ignore_errors=True)
    folder(root).mkdir(mode=0o700, parents=True, exist_ok=True)
    staging(root).mkdir(mode=0o700)
    return staging(root)


def begin(root: Path, plan: Plan) -> None:
    """From here on the removal goes forward only."""
    files.write(_file(root), plan.model_dump_json().encode())


def unfinished(root: Path) -> Plan | None:
    """The removal that was begun and not finished.

    Raises:
        CouldNotJudge: the journal was edited and does not read any more.
    """
    try:
        return Plan.model_validate_json(_file(root).read_bytes(), strict=True)
    except FileNotFoundError:
        return None
    except ValidationError:
        msg = (
            f"{_file(root)} is no journal of a removal any more\n"
            "  fix: restore it; what is deleted and what is not stands in it alone"
        )
        raise CouldNotJudge(msg) from None


def refuse_unfinished(root: Path) -> None:
    """Nothing; no removal is half done.

    Raises:
        CouldNotJudge: one is.
    """
    if (plan := unfinished(root)) is not None:
        raise unfinished_error(plan)


def unfinished_error(plan: Plan) -> CouldNotJudge:
    """What everybody is told who cannot act before a removal is finished."""
    return CouldNotJudge(
        f"the removal {plan.removal} was begun and not finished\n"
        f"  fix: finish it: charter retention apply {plan.removal}"
    )


def end(root: Path) -> None:
    """All is done and proved; nothing private is left."""
    _file(root).unlink(missing_ok=True)
    shutil.rmtree(staging(root), ignore_errors=True)


def _file(root: Path) -> Path:
    return folder(root) / "journal.json"
