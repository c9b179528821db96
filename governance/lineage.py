"""From source to serving: which bytes went into which model, and which models must not have them.

A dataset version is the set of files its digest names. What was trained on it is evidence that
runs left in Git; what it was made from stands in the records of its landings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from governance import manifest, sources
from governance.declaration import Declared
from governance.digest import short
from governance.model import Model
from governance.records import Landing, Removal, Tombstone
from governance.version import Version

if TYPE_CHECKING:
    from datetime import date, datetime

    from governance.catalogue import Declarations
    from governance.contract import Contract

Held: TypeAlias = frozenset[tuple[str, str]]
"""Path and SHA-256 of each file of a dataset version."""


@dataclass(frozen=True, slots=True)
class Run:
    """A training, as its evidence tells.

    `commit` is the oldest one with that evidence, none when it is not committed; `current` says
    that it is the evidence in the tree. Without a digest of the dataset the evidence could not be
    read, and the digest of its bytes stands for the training hash.
    """

    model: str
    dataset: str
    dataset_digest: str | None
    training_hash: str
    model_digest: str
    commit: str | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Trained:
    """Every training Git remembers, and the files each dataset version was seen to hold."""

    runs: tuple[Run, ...] = ()
    held: Mapping[str, Held] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erased:
    """A landed file some rows of which are gone, and why."""

    dataset: str
    path: str
    sha256: str
    why: str


@dataclass(frozen=True, slots=True)
class Taint:
    """A run that saw what it should not have, the version registered from it, and every reason."""

    run: Run
    version: str | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Data:
    """A dataset version; `digest` or `files` are None where nobody knows them any more."""

    name: str
    digest: str | None
    files: Held | None
    landings: tuple[Declared[Landing], ...]


def erased(declarations: Declarations) -> list[Erased]:
    """Every file that a tombstone stands for."""
    return [
        Erased(stone.value.dataset, file.path, file.sha256, _gone(file.path, stone.value.removal))
        for stone in declarations.all(Tombstone)
        for file in stone.value.files
    ]


def erased_by(removal: Removal) -> list[Erased]:
    """Every file that a removal takes rows from."""
    return [
        Erased(file.dataset, file.path, file.sha256, _gone(file.path, removal.id))
        for file in removal.files
    ]


def _gone(path: str, removal: str) -> str:
    return f"rows of {path} were erased ({removal})"


def tainted(
    declarations: Declarations, trained: Trained, gone: Iterable[Erased],
    today: date | None = None,
) -> tuple[Taint, ...]:  # fmt: skip
    """Every run that used erased rows or, when `today` is given, rows whose licence has ended.

    Datasets made from others carry the reasons of their parents. A version whose files nobody
    knows any more is never exonerated.
    """
    known = Datasets(declarations, trained.held)
    reasons = _Reasons(known, tuple(gone), today)
    found = []
    for run, versions in registered(declarations, trained):
        why = reasons.of(known.version(run.dataset, run.dataset_digest))
        if run.dataset_digest is None and reasons.any:
            why = ("its evidence cannot be read, so nobody knows what it saw",)
        found += [Taint(run, version, why) for version in versions or (None,) if why]
    return tuple(found)


def registered(
    declarations: Declarations, trained: Trained
) -> list[tuple[Run, tuple[str | None, ...]]]:
    """Every run with the versions registered from it, also those whose evidence is gone."""
    datasets = {model.value.name: model.value.dataset for model in declarations.all(Model)}
    versions: dict[tuple[str, str], list[Version]] = {}
    for found in declarations.all(Version):
        versions.setdefault((found.value.model, found.value.training_hash), []).append(found.value)
    runs = []
    for run in trained.runs:
        own = versions.pop((run.model, run.training_hash), [])
        runs.append((run, tuple(version.version for version in own)))
    for (model, training_hash), own in versions.items():
        runs += [
            (
                Run(
                    model, datasets.get(model, "?"), found.dataset_digest, training_hash,
                    found.digest,
                ),
                (found.version,),
            )
            for found in own
        ]  # fmt: skip
    return sorted(runs, key=lambda p: (p[0].model, not p[0].current, p[1], p[0].training_hash))


class Datasets:
    """Dataset versions by name and digest."""

    def __init__(self, declarations: Declarations, held: Mapping[str, Held]) -> None:
        self.contracts: dict[str, Contract] = sources.contracts(declarations)
        self.current = {
            name: found.digest for name, found in manifest.manifests(declarations).items()
        }
        self._landings: dict[str, list[Declared[Landing]]] = {}
        for landing in declarations.all(Landing):
            self._landings.setdefault(landing.value.dataset, []).append(landing)
        self._stones: dict[str, list[Declared[Tombstone]]] = {}
        for stone in declarations.all(Tombstone):
            self._stones.setdefault(stone.value.dataset, []).append(stone)
        self._held = held
        self._folded: dict[str, dict[str, tuple[Held, datetime]]] = {}

    def version(self, name: str, digest: str | None) -> Data:
        """A version; with all landings of the dataset where its files are not known."""
        files = self._files(name, digest) if digest else None
        paths = None if files is None else {path for path, _ in files}
        landings = tuple(
            landing
            for landing in self._landings.get(name, ())
            if paths is None or any(file.path in paths for file in landing.value.files)
        )
        return Data(name, digest, files, landings)

    def above(self, data: Data) -> list[Data]:
        """The versions a version was made from."""
        pairs = {
            pair for landing in data.landings for pair in sources.parents(landing.value).items()
        }
        return [self.version(*pair) for pair in sorted(pairs, key=str)]

    def since(self, name: str, digest: str) -> datetime | None:
        """When a version came into being; None when the records never gave it."""
        found = self._history(name).get(digest)
        return found[1] if found else None

    def _files(self, name: str, digest: str) -> Held | None:
        if digest in self._held:
            return self._held[digest]
        found = self._history(name).get(digest)
        return found[0] if found else None

    def _history(self, name: str) -> dict[str, tuple[Held, datetime]]:
        """Every version that landings and erasures gave, by its digest, with its moment."""
        if name not in self._folded:
            self._folded[name] = {}
            for digest, files, moment in self._past(name):
                self._folded[name].setdefault(digest, (files, moment))
        return self._folded[name]

    def _past(self, name: str) -> Iterator[tuple[str, Held, datetime]]:
        """The manifest after each landing and erasure, in the order of their dates."""
        landings, stones = self._landings.get(name, []), self._stones.get(name, [])
        for moment in sorted({found.value.at for found in (*landings, *stones)}):
            folded = manifest.fold(
                [landing for landing in landings if landing.value.at <= moment],
                [stone for stone in stones if stone.value.at <= moment],
            )
            files = ((path, row.file.sha256) for path, row in folded.rows.items())
            yield folded.digest, frozenset(files), moment


class _Reasons:
    """Why a dataset version must not be trained on, its parents' reasons included."""

    def __init__(self, known: Datasets, gone: tuple[Erased, ...], today: date | None) -> None:
        self._known = known
        self._gone: dict[str, list[Erased]] = {}
        for file in gone:
            self._gone.setdefault(file.dataset, []).append(file)
        self._today = today
        self._told: dict[tuple[str, str | None], tuple[str, ...]] = {}

    @property
    def any(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._gone)

    def of(self, data: Data) -> tuple[str, ...]:
        """Every reason, once."""
        key = (data.name, data.digest)
        if key not in self._told:
            self._told[key] = ()  # whoever names itself as a parent asks again on the way
            above = (
                f"{reason}, through {data.name}"
                for parent in self._known.above(data)
                for reason in self.of(parent)
            )
            self._told[key] = tuple(dict.fromkeys((*self._own(data), *above)))
        return self._told[key]

    def _own(self, data: Data) -> Iterator[str]:
        gone = self._gone.get(data.name, ())
        if data.files is None and gone:
            used = f"version {short(data.digest)} held" if data.digest else "it was made from"
            yield f"rows of {data.name} were erased, and nobody knows which files {used}"
        for file in gone:
            if data.files is not None and (file.path, file.sha256) in data.files:
                yield file.why
        for landing in data.landings:
            source = sources.in_force(landing.value, self._known.contracts)
            if self._today and (over := sources.ended(source, self._today)):
                yield over
