"""The manifest of a dataset: the files its landings brought, named by one digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from governance import digest
from governance.records import Landing, Tombstone

if TYPE_CHECKING:
    from governance.catalogue import Declarations
    from governance.declaration import Declared
    from governance.records import LandedFile, Source


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One file, with the landing that brought it."""

    file: LandedFile
    source: Source
    landing: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every file of a dataset, by its path inside the dataset's folder."""

    rows: Mapping[str, ManifestRow]

    @property
    def digest(self) -> str:
        """Digest of paths, sizes, row counts and SHA-256 sums; the order of landing is no part."""
        return digest.of_value(
            [
                [row.file.path, row.file.bytes, row.file.rows, row.file.sha256]
                for _, row in sorted(self.rows.items())
            ]
        )

    @property
    def total_rows(self) -> int:
        """Rows of all files."""
        return sum(row.file.rows for row in self.rows.values())


def fold(
    landings: Iterable[Declared[Landing]], tombstones: Iterable[Declared[Tombstone]] = ()
) -> Manifest:
    """The manifest after all `landings`, with erased files gone or replaced.

    Of two landings that name one path the first by date counts.
    """
    rows: dict[str, ManifestRow] = {}
    for landing in sorted(landings, key=lambda found: (found.value.at, found.path)):
        for file in landing.value.files:
            rows.setdefault(file.path, ManifestRow(file, landing.value.source, landing.path))
    for stone in sorted(tombstones, key=lambda found: (found.value.at, found.path)):
        for erased in stone.value.files:
            row = rows.get(erased.path)
            if row is None or row.file.sha256 != erased.sha256:
                continue
            if erased.becomes is None:
                del rows[erased.path]
            else:
                rows[erased.path] = replace(row, file=erased.becomes)
    return Manifest(rows)


def manifests(declarations: Declarations) -> dict[str, Manifest]:
    """The manifest of every dataset that has landed, by name."""
    landed: dict[str, list[Declared[Landing]]] = {}
    for landing in declarations.all(Landing):
        landed.setdefault(landing.value.dataset, []).append(landing)
    erased: dict[str, list[Declared[Tombstone]]] = {}
    for stone in declarations.all(Tombstone):
        erased.setdefault(stone.value.dataset, []).append(stone)
    return {name: fold(found, erased.get(name, ())) for name, found in sorted(landed.items())}
