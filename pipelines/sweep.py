"""Erased bytes that came back: found in every place by name, and deleted again with proof.

A clone that was not told still has them; one `dvc push` of its cache brings them back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters import versions
from adapters.git import Revision
from adapters.reading import Reading
from adapters.store import Place
from adapters.tree import Tree
from adapters.worktree import Worktree
from governance import removal
from governance.catalogue import Declarations
from governance.finding import CouldNotJudge
from governance.records import Certificate, Searched, Tombstone
from pipelines import eradicate, journal, retention_plan
from pipelines.append import append, loads
from pipelines.rendered import render

POINTERS = ("datasets.dvc", "dvc.lock")


@dataclass(frozen=True, slots=True)
class Returned:
    """An erased object, or an entry of the run cache that names one, in a place."""

    place: str
    name: str
    removal: str
    versions: int
    is_object: bool = True


def sweep(root: Path) -> list[Returned]:
    """Everything erased that lies in any place.

    Raises:
        CouldNotJudge: a place does not answer, or a tombstone does not load.
    """
    declarations = _declared(Worktree(root))
    law = retention_plan.policy(declarations)
    gone = removal.tombstoned(declarations)
    return [
        found for place in eradicate.places(root, law).values() for found in returned(place, gone)
    ]


def returned(place: Place, gone: Mapping[str, str]) -> list[Returned]:
    """Everything erased that lies in one place."""
    found = [
        Returned(place.name, one.md5, gone[one.md5], one.versions)
        for one in place.objects()
        if one.md5 in gone
    ]
    for run in place.runs():
        if named := sorted(run.md5s & gone.keys()):
            with place.answering():
                number = place.count(run.path)
            found.append(Returned(place.name, run.path, gone[named[0]], number, is_object=False))
    return found


def delete(root: Path, found: list[Returned], now: datetime) -> list[str]:
    """Deletes what came back; the certificates that say so, one for each removal.

    Raises:
        CouldNotJudge: a place cannot be written to, or what was deleted is there again.
    """
    with journal.alone(root):
        declarations = _declared(Worktree(root))
        places = eradicate.places(root, retention_plan.policy(declarations))
        for name in {one.place for one in found}:
            places[name].rehearse()
        for one in found:
            place = places[one.place]
            _ = place.delete(one.name) if one.is_object else place.discard(one.name)
        gone = removal.tombstoned(declarations)
        left = [one for name in {o.place for o in found} for one in returned(places[name], gone)]
        if left:
            msg = f"deleted and here again in {', '.join(sorted({one.place for one in left}))}"
            raise CouldNotJudge(f"{msg}\n  fix: stop whoever pushes it, then sweep again")
        return [
            _certified(root, identity, found, declarations, now)
            for identity in sorted({one.removal for one in found})
        ]


def _certified(
    root: Path, identity: str, found: list[Returned], declarations: Declarations, now: datetime
) -> str:
    counts: dict[str, int] = {}
    for one in found:
        if one.removal == identity:
            counts[one.place] = counts.get(one.place, 0) + one.versions
    stones = [f.path for f in declarations.all(Tombstone) if f.value.removal == identity]
    name = f"{identity[:75]}-sweep-{now:%Y%m%dt%H%M%Sz}"
    record = Certificate(
        id=name,
        at=now,
        removal=identity,
        tombstones=tuple(sorted(stones)),
        searched=tuple(Searched(place=place, objects=n) for place, n in sorted(counts.items())),
        limits=removal.LIMITS,
    )
    path, text = f"records/certificates/{name}.yaml", render("certificate", record)
    loads(path, text)
    append(root, path, text)
    return path


def pushed(root: Path, commits: list[str]) -> list[str]:
    """Lines about commits that are about to be pushed and whose data were erased.

    The tombstones are those of the work tree and of the commit itself: a branch that began
    before an erasure still points at what is gone.
    """
    here = dict(removal.tombstoned(_declared(Worktree(root))))
    lines = []
    for commit in commits:
        tree = Revision(root, commit)
        gone = here | dict(removal.tombstoned(_declared(tree)))
        for path in POINTERS:
            if path not in tree.entries():
                continue
            for where, md5 in versions.entries(tree.read(path)):
                if md5 in gone:
                    lines.append(
                        f"{commit[:12]}:{path}: {where} points at data erased by {gone[md5]}\n"
                        "  fix: merge the branch with the erasure, then charter retrain"
                    )
    return lines


def _declared(tree: Tree) -> Declarations:
    """Declarations of a tree, its tombstones whole.

    Raises:
        CouldNotJudge: a tombstone does not load, so nobody knows what is gone.
    """
    found = Reading(tree).declarations
    broken = sorted(path for path in found.broken if path.startswith("records/tombstones/"))
    if broken:
        msg = f"{broken[0]} does not load, so nobody knows what it erased; run `charter check`"
        raise CouldNotJudge(msg)
    return found
