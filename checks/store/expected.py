"""What a store has to hold, and what it must never hold again, by the names DVC gives bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters import versions
from adapters.reading import Reading
from adapters.store import Place
from adapters.versions import DatasetVersion, Inventory, Use
from adapters.worktree import Worktree
from governance.catalogue import Declarations, kind_of
from governance.finding import CouldNotJudge
from governance.records import Landing, Tombstone


@dataclass(frozen=True, slots=True)
class Expected:
    """Who names each object, which bytes were landed, which are gone for ever.

    `current` holds the files of each folder the current commit names, none where its list is lost.
    `landed` holds every SHA-256 that a dataset and path may stand for, `erased` and
    `erased_sha256` the removal behind an MD5 and a SHA-256.
    """

    inventory: Inventory
    current: dict[DatasetVersion, dict[str, str] | None]
    landed: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    erased: dict[str, str] = field(default_factory=dict)
    erased_sha256: dict[str, str] = field(default_factory=dict)

    def uses(self, md5: str) -> list[Use]:
        """Who names an object, sorted."""
        return sorted(self.inventory.uses.get(md5, ()))


def declared(root: Path) -> Declarations:
    """The declarations of the work tree.

    Raises:
        CouldNotJudge: a landing or a tombstone does not load, so that what it says is not known.
    """
    reading = Reading(Worktree(root))
    needed = {"landing", "tombstone"}
    for finding in reading.refused:
        kind = kind_of(finding.at.path)
        if kind and kind.name in needed:
            msg = f"{finding.at}: {finding.problem}\n  fix: {finding.fix}"
            raise CouldNotJudge(msg)
    return reading.declarations


def expected(root: Path, places: Sequence[Place]) -> Expected:
    """What the records and every commit say about the bytes in some places."""
    inventory = versions.inventory(versions.history(root), places)
    current = [version for version in versions.current(root) if version.md5.endswith(".dir")]
    found = Expected(inventory, {one: versions.files(one.md5, places) for one in current})
    declarations = declared(root)
    for landing in declarations.all(Landing):
        for file in landing.value.files:
            found.landed.setdefault((landing.value.dataset, file.path), set()).add(file.sha256)
    for stone in declarations.all(Tombstone):
        removal = stone.value.removal
        for erased in stone.value.files:
            found.erased_sha256[erased.sha256] = removal
            if erased.becomes:
                key = (stone.value.dataset, erased.becomes.path)
                found.landed.setdefault(key, set()).add(erased.becomes.sha256)
        found.erased.update(dict.fromkeys(stone.value.objects, removal))
        for name in stone.value.digests:
            found.erased_sha256[name.removeprefix("sha256:")] = removal
    return found
