"""Everything that holds rows which are to go: landed files, what was made of them, lists, copies.

Every object of every place is looked into, whether a version names it or nobody does. What was
prepared from a landed file goes with it; so does every list of files that names what goes, and
every entry of the run cache that could bring it back.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from adapters import files, git, store, versions
from adapters.engine import Unreadable
from adapters.store import Place, StoredObject
from governance import anonymise, removal
from governance.catalogue import Declarations
from governance.evidence import of_dataset, of_model
from governance.finding import CouldNotJudge
from governance.manifest import Manifest, manifests
from governance.records import Landing
from governance.retention import Retention
from governance.window import today
from pipelines import inputs
from pipelines.needles import Needle, Rows
from pipelines.quarantine import FOLDER as QUARANTINE

if TYPE_CHECKING:
    from adapters.versions import Inventory, Use
    from governance.contract import Contract


@dataclass(frozen=True, slots=True)
class Holder:
    """A landed file with rows that go. `current` ones stand in the work tree."""

    dataset: str
    path: str
    sha256: str
    rows: Rows
    landing: date
    current: bool


@dataclass
class Found:
    """What goes. `derived` are SHA-256 sums and MD5 names by the dataset they belong to."""

    holders: list[Holder] = field(default_factory=list)
    digests: dict[str, set[str]] = field(default_factory=dict)
    objects: dict[str, set[str]] = field(default_factory=dict)
    locals: list[str] = field(default_factory=list)
    """Files and folders of the work tree."""
    copies: dict[str, list[str]] = field(default_factory=dict)
    """Paths in replicas that keep plain files, by the replica."""
    unlisted: int = 0
    """Versions whose list of files is nowhere."""
    versions: dict[str, set[str]] = field(default_factory=dict)
    """Commits of versions that lose files, by dataset."""

    @property
    def md5s(self) -> frozenset[str]:
        """Every object that goes."""
        return frozenset(md5 for names in self.objects.values() for md5 in names)


@dataclass
class Stock:
    """Every place with what it holds, listed once."""

    places: list[Place]
    remotes: tuple[str, ...]
    held: dict[str, dict[str, StoredObject]]
    inventory: Inventory
    versions: tuple[versions.DatasetVersion, ...]

    @classmethod
    def of(cls, root: Path, law: Retention | None, datasets: Mapping[str, Contract]) -> Stock:
        """What lies where.

        Raises:
            CouldNotJudge: a place does not answer, or the clone is shallow.
        """
        places = store.places(root)
        remotes = tuple(place.name for place in places if place.name != store.CACHE)
        for name in sorted(datasets):
            for copy in law.copies(name) if law else ():
                if copy.layout == "dvc":
                    places.append(store.replica(copy.id, copy.uri, root))
        held = {place.name: {o.md5: o for o in place.objects()} for place in places}
        known = versions.history(root)
        return cls(places, remotes, held, versions.inventory(known, places), known)

    def named(self) -> list[str]:
        """Every object of any place."""
        return sorted({md5 for found in self.held.values() for md5 in found})

    @contextmanager
    def bytes_of(self, md5: str, at: Path) -> Iterator[Path]:
        """A private copy of an object under a path of one's choice.

        Raises:
            CouldNotJudge: only old versions of it are left, which nobody can read under its name.
        """
        at.parent.mkdir(parents=True, exist_ok=True)
        for place in self.places:
            if md5 in self.held[place.name]:
                try:
                    with at.open("wb") as out:
                        for block in place.blocks(md5):
                            out.write(block)
                except FileNotFoundError:
                    continue
                try:
                    yield at
                finally:
                    at.unlink()
                return
        msg = (
            f"{md5} was deleted, but a bucket keeps old versions of it that nobody can look into\n"
            "  fix: delete the old versions of that object, or restore it"
        )
        raise CouldNotJudge(msg)


@dataclass
class Search:
    """One search through everything."""

    root: Path
    declarations: Declarations
    needle: Needle
    stock: Stock
    scratch: Path
    law: Retention | None
    untouched: frozenset[str] = frozenset()
    """Datasets under a legal hold."""
    spared: Callable[[str, str], bool] = lambda _name, _path: False
    """Whether a file of a dataset is left alone."""
    found: Found = field(default_factory=Found)

    def __post_init__(self) -> None:
        self.kept: dict[str, Manifest] = manifests(self.declarations)
        self.days = {
            record.path: today(self.law, record.value.at) if self.law else record.value.at.date()
            for record in self.declarations.all(Landing)
        }
        self.seen: dict[tuple[str, str, str], bool] = {}
        self.lost: set[tuple[str, str]] = set()

    def look(self) -> list[Holder]:
        """Looks into the files that are here, then into every object of every place.

        Raises:
            CouldNotJudge: something could not be looked into.
        """
        for name in sorted(self.needle.contracts):
            manifest = self.kept.get(name, Manifest({}))
            for path, row in sorted(manifest.rows.items()):
                here = self.root / inputs.data_folder(name) / path
                if here.is_file() and files.sha256(here) == row.file.sha256:
                    self._landed(name, path, here, row.file.sha256)
        for md5 in self.stock.named():
            if not md5.endswith(".dir"):
                self._object(md5, sorted(self.stock.inventory.uses.get(md5, ())))
        return self.found.holders

    def finish(self, anonymised: frozenset[str]) -> Found:
        """Everything that goes with the rows that were found.

        Args:
            anonymised: datasets whose rows stay, anonymised.

        Raises:
            CouldNotJudge: something could not be looked into.
        """
        gone = removal.tombstoned(self.declarations)
        self.found.unlisted = sum(
            version.kind != "other" and version.md5 not in gone
            for version in self.stock.inventory.unlisted
        )
        self.lost = {
            (holder.dataset, _stem(holder.path))
            for holder in self.found.holders
            if self._goes_on(holder.dataset, anonymised)
        }
        self._derived()
        self._lists()
        self._local()
        self._replicas()
        return self.found

    def _object(self, md5: str, uses: list[Use]) -> None:
        landed = [use for use in uses if use.kind == "landed"]
        if not landed:
            if not any(use.kind == "prepared" for use in uses):
                self._unknown(md5, uses)
            return
        for use in landed:
            if use.name in self.needle.contracts:
                own = self.scratch / use.name
                with self.stock.bytes_of(md5, own / use.path) as copy:
                    holds = self._landed(use.name, use.path, copy, files.sha256(copy), own)
                if holds:
                    self._shared(md5, use, landed)

    def _shared(self, md5: str, use: Use, landed: list[Use]) -> None:
        """Stops where bytes that go are those of a dataset that was not asked for."""
        self._gone(use.name, md5)
        for other in landed:
            if other.name not in self.needle.contracts:
                msg = (
                    f"{use.name}/{use.path} and {other.name}/{other.path} are the same bytes, and"
                    f" {other.name} was not searched\n  fix: search it as well"
                )
                raise CouldNotJudge(msg)

    def _landed(
        self, name: str, path: str, file: Path, sha256: str, folder: Path | None = None
    ) -> bool:
        """Whether a file of a dataset holds rows that go, as its contract says."""
        if (known := self.seen.get((name, path, sha256))) is not None:
            return known
        row = self.kept[name].rows.get(path) if name in self.kept else None
        current = row is not None and row.file.sha256 == sha256
        landing = self.days[row.landing] if row is not None else date.max
        holds = False
        if not self.spared(name, path):
            base = folder or self.root / inputs.data_folder(name)
            where = f"{name}/{path}"
            rows = self._rows(base, path, self.needle.contracts[name], landing, where)
            holds = rows.count > 0
            if holds:
                self.found.holders.append(Holder(name, path, sha256, rows, landing, current))
            if holds and folder is None:
                self._gone(name, files.md5(file))
        self.seen[name, path, sha256] = holds
        return holds

    def _rows(self, folder: Path, path: str, contract: Contract, landing: date, where: str) -> Rows:
        try:
            return self.needle.rows(folder, path, contract, landing)
        except Unreadable as reason:
            msg = f"{where} cannot be searched: {reason}"
            raise CouldNotJudge(msg) from None

    def _anywhere(self, file: Path, where: str, *, known: bool) -> bool:
        try:
            return self.needle.anywhere(file, known=known)
        except Unreadable as reason:
            msg = f"{where} cannot be searched: {reason}\n  fix: delete it, or put it back whole"
            raise CouldNotJudge(msg) from None

    def _unknown(self, md5: str, uses: list[Use]) -> None:
        """Looks into an object that is no dataset: a model, another result, or nobody's."""
        with self.stock.bytes_of(md5, self.scratch / md5) as copy:
            found = self._anywhere(copy, f"object {md5}", known=bool(uses))
            if found and not self.untouched:
                owner = self._owner(uses)
                self._gone(owner, md5)
                self.found.digests.setdefault(owner, set()).add(files.sha256(copy))

    def _owner(self, uses: list[Use]) -> str:
        """The dataset whose tombstone names an object."""
        known = sorted(self.needle.contracts)
        return next((use.name for use in uses if use.name in known), known[0])

    def _gone(self, dataset: str, md5: str) -> None:
        if dataset in self.untouched:
            return
        self.found.objects.setdefault(dataset, set()).add(md5)

    def _derived(self) -> None:
        """Prepared files: those made from a landed file that goes, and those that say whose."""
        for md5 in self.stock.named():
            for use in sorted(self.stock.inventory.uses.get(md5, ())):
                if use.kind != "prepared" or not use.path or use.name in self.untouched:
                    continue
                if use.name not in self.needle.contracts:
                    continue
                with self.stock.bytes_of(md5, self.scratch / md5) as copy:
                    if self._prepared(use.name, use.path, copy):
                        self._gone(use.name, md5)

    def _prepared(self, dataset: str, path: str, file: Path) -> bool:
        """Whether a prepared file goes."""
        goes = (dataset, _stem(path)) in self.lost or self.needle.anywhere(file, known=True)
        if goes:
            self.found.digests.setdefault(dataset, set()).add(files.sha256(file))
        return goes

    def _goes_on(self, dataset: str, anonymised: frozenset[str]) -> bool:
        """Whether what was prepared from a dataset's rows goes when they do."""
        columns = self.needle.contracts[dataset].columns
        kept = dataset in anonymised and not anonymise.survives_preparation(columns)
        return not kept and dataset not in self.untouched

    def _lists(self) -> None:
        """Lists that name what goes, of versions and of nobody."""
        gone = self.found.md5s
        for version in self.stock.versions:
            listed = versions.files(version.md5, self.stock.places) or {}
            if gone & set(listed.values()):
                owner = version.name if version.name in self.needle.contracts else None
                self._gone(owner or self._owner([]), version.md5)
                if version.commit:
                    self.found.versions.setdefault(version.name, set()).add(version.commit)
        for md5 in self.stock.named():
            if md5.endswith(".dir") and md5 not in self.stock.inventory.uses:
                listed = versions.files(md5, self.stock.places) or {}
                if gone & set(listed.values()):
                    self._gone(self._owner([]), md5)

    def _local(self) -> None:
        """Results and quarantined rows in the work tree."""
        gone = self.found.md5s
        for version in self.stock.versions:
            folder = f"{Path(of_model(version.name, 'x')).parent}/model"
            if version.kind == "model" and version.md5 in gone and self._any(folder, gone):
                self._drop(folder)
        for name, contract in self.needle.contracts.items():
            if name in self.untouched:
                continue
            folder = f"{Path(of_dataset(name, 'x')).parent}/prepared"
            prepared = files.folder(self.root / folder)
            if [1 for path, file in prepared if self._prepared(name, path, file)]:
                self._drop(folder)
            for path, file in files.folder(self.root / QUARANTINE / name):
                if self._in_quarantine(file, contract):
                    self._drop(f"{QUARANTINE}/{name}/{path}")

    def _drop(self, path: str) -> None:
        if path not in self.found.locals:
            self.found.locals.append(path)

    def _any(self, folder: str, gone: frozenset[str]) -> bool:
        return any(files.md5(path) in gone for _, path in files.folder(self.root / folder))

    def _in_quarantine(self, file: Path, contract: Contract) -> bool:
        """Whether rows that were set aside are among those that go: then their file does."""
        columns = tuple(replace(column, partitioned=False) for column in contract.columns)
        plain = replace(contract, format="parquet", columns=columns)
        try:
            return self.needle.rows(file.parent, file.name, plain, date.max).count > 0
        except Unreadable:
            return self._anywhere(file, f"{QUARANTINE}/{contract.name}/{file.name}", known=False)

    def _replicas(self) -> None:
        """Plain copies that the policy declares."""
        for name, contract in self.needle.contracts.items():
            for copy in self.law.copies(name) if self.law else ():
                if copy.layout != "files" or name in self.untouched:
                    continue
                place = store.replica(copy.id, copy.uri, self.root)
                for entry in place.entries():
                    with _fetched(place, entry.path, self.scratch / copy.id) as local:
                        if self._in_copy(local, entry.path, contract):
                            self.found.copies.setdefault(copy.id, []).append(entry.path)

    def _in_copy(self, base: Path, path: str, contract: Contract) -> bool:
        row = self.kept[contract.name].rows.get(path) if contract.name in self.kept else None
        landing = self.days[row.landing] if row is not None else date.max
        try:
            return self.needle.rows(base, path, contract, landing).count > 0
        except Unreadable:
            return self._anywhere(base / path, f"{path} of a replica", known=False)


@contextmanager
def _fetched(place: Place, path: str, folder: Path) -> Iterator[Path]:
    """A folder with a private copy of a place's file under its own path."""
    at = folder / path
    at.parent.mkdir(parents=True, exist_ok=True)
    with place.answering(), place.stream(path) as stream, at.open("wb") as out:
        shutil.copyfileobj(stream, out)
    try:
        yield folder
    finally:
        at.unlink()


def _stem(path: str) -> str:
    return str(PurePosixPath(path).with_suffix(""))


@contextmanager
def private(root: Path, name: str) -> Iterator[Path]:
    """A folder that nobody else may open, gone afterwards."""
    parent = git.own_folder(root) / "charter" / "removal"
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
