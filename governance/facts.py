"""Facts a judgement is given: collected once by the shell, frozen, complete or absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from governance.catalogue import Declarations
from governance.declaration import Part
from governance.finding import Finding

FileMode = Literal["file", "executable", "symlink", "submodule"]


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of judgement, UTC."""

    moment: datetime

    @property
    def day(self) -> date:
        """Its calendar day in UTC."""
        return self.moment.date()


@dataclass(frozen=True, slots=True)
class Files:
    """Every file of the judged tree, by repository path."""

    modes: Mapping[str, FileMode]

    def __contains__(self, path: str) -> bool:
        return path in self.modes

    def below(self, folder: str) -> list[str]:
        """Paths inside a folder, sorted."""
        return sorted(path for path in self.modes if path.startswith(f"{folder}/"))


@dataclass(frozen=True, slots=True)
class Refusals:
    """What the loader refused, in every declaration of the tree."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The declarations before a change, when a base was named."""

    base: Declarations
    base_revision: str
    base_digests: Mapping[str, str]
    head_digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """DVC's own files, parsed; `problems` holds what did not parse."""

    steps: Mapping[str, Any]
    variables: tuple[Any, ...]
    others: tuple[str, ...]
    lock: Mapping[str, Any]
    pointer: Mapping[str, Any]
    config: Mapping[str, Mapping[str, str]]
    ignore: tuple[tuple[int, str], ...]
    problems: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """SHA-256 (hex) and MD5 (hex, DVC's cache key) of small files of the judged tree."""

    sha256: Mapping[str, str]
    md5: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DataFile:
    """A data file found in the work tree."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class DataBytes:
    """Files in the dataset folders of the work tree; empty for a dataset that is not here."""

    files: Mapping[str, Mapping[str, DataFile]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence files that fit their schema, by path, and findings for those that do not."""

    files: Mapping[str, Part]
    digests: Mapping[str, str]
    problems: tuple[Finding, ...]

    @property
    def broken(self) -> frozenset[str]:
        """Paths of the files that do not fit."""
        return frozenset(problem.at.path for problem in self.problems)


@dataclass(frozen=True, slots=True)
class Published:
    """JSON Schemas as they stand in the tree, and as the kinds would write them."""

    found: Mapping[str, bytes]
    expected: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Locked:
    """Version of each distribution in the runtime lock."""

    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sections:
    """Plain values of the declarations the pipeline takes parameters from, by path."""

    documents: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Subjects:
    """Digest of everything that can be approved on its own, by `dataset:…` or `model:…@…`."""

    digests: Mapping[str, str]
