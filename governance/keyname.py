"""Names of the keys that replace identifiers; the keys themselves are nowhere in the repository."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyName:
    """Which key replaces a dataset's identifiers: a name and a version, never the key."""

    name: str
    version: int = 1

    @property
    def is_sample(self) -> bool:
        """Whether it is the key everybody knows."""
        return self.name == "sample"

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
