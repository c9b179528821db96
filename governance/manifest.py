"""The manifest of a dataset: the files its landings brought, named by one digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance import digest

if TYPE_CHECKING:
    from governance.declaration import Declared
    from governance.records import LandedFile, Landing, Source


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


def fold(landings: Iterable[Declared[Landing]]) -> Manifest:
    """The manifest after all `landings`; of two that name one path the first by date counts."""
    rows: dict[str, ManifestRow] = {}
    for landing in sorted(landings, key=lambda found: (found.value.at, found.path)):
        for file in landing.value.files:
            rows.setdefault(file.path, ManifestRow(file, landing.value.source, landing.path))
    return Manifest(rows)


def manifests(landings: Iterable[Declared[Landing]]) -> dict[str, Manifest]:
    """The manifest of every dataset that has landed, by name."""
    by_name: dict[str, list[Declared[Landing]]] = {}
    for landing in landings:
        by_name.setdefault(landing.value.dataset, []).append(landing)
    return {name: fold(found) for name, found in sorted(by_name.items())}
