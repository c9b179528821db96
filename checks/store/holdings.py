"""Which place holds how much of each version of each dataset and model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters import versions
from adapters.store import places
from adapters.versions import DatasetVersion
from checks.store.expected import declared
from governance.records import Tombstone


@dataclass(frozen=True, slots=True)
class Holding:
    """One version: its files, their bytes as far as any place knows them, how many lie where.

    `files` is None where its list is lost; `erased` says that a tombstone names it.
    """

    version: DatasetVersion
    current: bool
    erased: bool
    files: int | None
    bytes: int
    held: dict[str, int]


def holdings(root: Path, only: Sequence[str] = ()) -> list[Holding]:
    """Every version Git remembers, current ones first.

    Raises:
        CouldNotJudge: a place does not answer, or the history is not whole.
    """
    stores = places(root, only)
    here = {
        store.name: {found.md5: found.size for found in store.objects() if found.live}
        for store in stores
    }
    gone = {md5 for stone in declared(root).all(Tombstone) for md5 in stone.value.objects}
    current = {(version.kind, version.name, version.md5) for version in versions.current(root)}
    rows = []
    for version in versions.history(root):
        if version.kind == "other":
            continue
        listed = versions.files(version.md5, stores)
        parts = set((listed or {}).values())
        sizes = {md5: size for held in here.values() for md5, size in held.items() if md5 in parts}
        rows.append(
            Holding(
                version,
                current=(version.kind, version.name, version.md5) in current,
                erased=version.md5 in gone,
                files=None if listed is None else len(listed),
                bytes=sum(sizes.get(md5, 0) for md5 in (listed or {}).values()),
                held={
                    name: sum(md5 in held for md5 in (listed or {}).values())
                    for name, held in here.items()
                },
            )
        )
    order = {"landed": 0, "prepared": 1, "model": 2}
    return sorted(
        rows, key=lambda row: (order[row.version.kind], row.version.name, not row.current)
    )
