"""A removal prepared: the rewritten files staged, every word of its records settled.

Nothing that anyone can see changes here. What comes out is a plan that `eradicate` carries out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import files, runs
from adapters.engine import Unreadable
from adapters.store import Place
from governance import lineage, pseudonym, removal
from governance.anonymise import Unfit, treatments
from governance.catalogue import Declarations
from governance.finding import CouldNotJudge
from governance.manifest import manifests
from governance.pipeline import DATA
from governance.records import (
    Certificate,
    DoomedFile,
    ErasedFile,
    LandedFile,
    Removal,
    Searched,
    Tainted,
    Tombstone,
)
from pipelines import eradicate, inputs, rewrite
from pipelines import removal_journal as journal
from pipelines.append import loads
from pipelines.doomed import Found, Holder, Stock
from pipelines.inputs import Refused
from pipelines.land import POINTER
from pipelines.needles import Needle
from pipelines.removal_journal import Move, Plan, Target, Upload
from pipelines.rendered import render

if TYPE_CHECKING:
    from governance.contract import Contract

WORK_TREE = "work tree"


@dataclass(frozen=True)
class Matter:
    """A removal, everything it concerns, and who said yes.

    `anonymised` names datasets whose rows stay; `more` says what this removal leaves undone.
    """

    root: Path
    removal: Removal
    declarations: Declarations
    needle: Needle
    found: Found
    stock: Stock
    places: Mapping[str, Place]
    now: datetime
    anonymised: frozenset[str] = frozenset()
    people: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))


def standing(found: Found, declarations: Declarations) -> list[Holder]:
    """Files with rows that go, those left out that are tombstoned and merely turned up again."""
    known = removal.erased_bytes(declarations)
    return [h for h in found.holders if h.current or h.sha256 not in known]


def doomed(holders: Iterable[Holder]) -> tuple[DoomedFile, ...]:
    """The files as people approve them."""
    return tuple(
        DoomedFile(dataset=h.dataset, path=h.path, sha256=h.sha256, rows=h.rows.count)
        for h in sorted(holders, key=lambda h: (h.dataset, h.path, h.sha256))
    )


def refuse_changed(root: Path, holders: Sequence[Holder], declarations: Declarations) -> None:
    """Nothing; every dataset that is to be rewritten is here as it was landed.

    Raises:
        Refused: a file is missing, changed or uncatalogued.
    """
    kept = manifests(declarations)
    here = {(n, p): row.file.sha256 for n, m in kept.items() for p, row in m.rows.items()}
    names = {h.dataset for h in holders if here.get((h.dataset, h.path)) == h.sha256}
    lines = [line for name in sorted(names) for line in inputs.differences(name, kept[name], root)]
    if lines:
        raise Refused(*lines)


def refuse_unmerged(holders: Sequence[Holder], *, drop: bool) -> None:
    """Nothing; every file that goes stands in this version, or may go as a whole.

    Raises:
        Refused: a branch or an old commit has a file of its own with such rows.
    """
    lines = [
        f"{h.dataset}/{h.path} ({h.sha256[:12]}) holds such rows and is part of another version"
        " only: an unmerged branch, a stash or an abandoned commit"
        for h in holders
        if not h.current and not drop
    ]
    if lines:
        fix = "  fix: merge it first; or delete it whole, other rows too, with --drop-unmerged"
        raise Refused(*lines, fix)


def plan(matter: Matter) -> Plan:
    """Rewrites what stays, and settles what is written down.

    Raises:
        Refused: the contract leaves no room for anonymised rows.
        CouldNotJudge: a file still holds what goes, or a place cannot be written to.
    """
    holders = standing(matter.found, matter.declarations)
    staging = journal.fresh(matter.root)
    becomes = {
        (h.dataset, h.path, h.sha256): _rewritten(matter, h, staging) for h in holders if h.current
    }
    moves = tuple(
        Move(
            path=f"{DATA}/{dataset}/{path}",
            staged=f"{dataset}/{path}" if file is not None else None,
        )
        for (dataset, path, _), file in sorted(becomes.items())
    )
    stones = [_tombstone(matter, name, holders, becomes) for name in _concerned(matter, holders)]
    targets = _targets(matter)
    eradicate.rehearse(matter.places, targets)
    records = {_path("tombstones", stone.id): render("tombstone", stone) for stone in stones}
    evidence = _certificate(matter, stones, targets, holders, len(moves))
    path = _path("certificates", evidence.id)
    text = render("certificate", evidence)
    for name, content in {**records, path: text}.items():
        loads(name, content)
    rewritten = sorted({dataset for dataset, _, _ in becomes})
    pointer = matter.root / POINTER
    return Plan(
        removal=matter.removal.id,
        moves=moves,
        records=records,
        pointer=pointer.read_text() if pointer.is_file() else None,
        datasets=tuple(rewritten),
        uploads=tuple(_uploads(matter, rewritten)),
        locals=tuple(matter.found.locals),
        targets=targets,
        certificate=path,
        evidence=text,
    )


def _path(folder: str, identity: str) -> str:
    return f"records/{folder}/{identity}.yaml"


def _rewritten(matter: Matter, holder: Holder, staging: Path) -> LandedFile | None:
    """The file without its rows, staged; None when no row is left."""
    contract = matter.needle.contracts[holder.dataset]
    source = matter.root / inputs.data_folder(holder.dataset) / holder.path
    target = staging / holder.dataset / holder.path
    target.parent.mkdir(parents=True, exist_ok=True)
    anonymous = holder.dataset in matter.anonymised
    changed = treatments(contract.columns, matter.key) if anonymous else None
    where = f"{holder.dataset}/{holder.path}"
    try:
        rows = rewrite.rewrite(source, target, holder.rows.flags, contract, changed)
    except Unfit as unfit:
        msg = f"{where}: {unfit}"
        raise Refused(msg) from None
    except Unreadable as reason:
        msg = f"{where} cannot be rewritten: {reason}"
        raise CouldNotJudge(msg) from None
    if rows == 0:
        target.unlink()
        return None
    _proved(matter, holder, staging / holder.dataset, contract)
    return LandedFile(
        path=holder.path,
        bytes=target.stat().st_size,
        rows=rows,
        sha256=files.sha256(target),
    )


def _proved(matter: Matter, holder: Holder, folder: Path, contract: Contract) -> None:
    """Nothing; the new file holds nothing of what goes."""
    where = f"{holder.dataset}/{holder.path}"
    stays = matter.removal.ground == "retention" and matter.removal.action == "anonymise"
    if not stays and matter.needle.rows(folder, holder.path, contract, holder.landing).count:
        msg = f"{where} still holds rows that should be gone after it was rewritten"
        raise CouldNotJudge(msg)
    if matter.needle.anywhere(folder / holder.path, known=True):
        msg = (
            f"{where} names the person in other rows or columns than those marked `subject`\n"
            "  fix: mark every column of its contract that may name a person with custom property"
            " `subject`"
        )
        raise CouldNotJudge(msg)


def _concerned(matter: Matter, holders: Sequence[Holder]) -> list[str]:
    """Datasets that get a tombstone."""
    named = {holder.dataset for holder in holders}
    return sorted(named | matter.found.objects.keys() | matter.found.digests.keys())


def _tombstone(
    matter: Matter,
    dataset: str,
    holders: Sequence[Holder],
    becomes: Mapping[tuple[str, str, str], LandedFile | None],
) -> Tombstone:
    own = matter.removal
    return Tombstone(
        id=f"{own.id}-{dataset}"[:100],
        at=matter.now,
        dataset=dataset,
        removal=own.id,
        files=tuple(
            ErasedFile(
                path=h.path,
                sha256=h.sha256,
                rows=h.rows.count,
                becomes=becomes.get((h.dataset, h.path, h.sha256)),
            )
            for h in sorted(holders, key=lambda h: (h.path, h.sha256))
            if h.dataset == dataset
        ),
        digests=tuple(f"sha256:{one}" for one in sorted(matter.found.digests.get(dataset, ()))),
        objects=tuple(sorted(matter.found.objects.get(dataset, ()))),
        ground=f"{own.ground}: {own.basis}",
        approved_by=matter.people,
    )


def _targets(matter: Matter) -> tuple[Target, ...]:
    """What goes where, with the number of versions there are now."""
    gone = matter.found.md5s
    found = []
    for name, place in matter.places.items():
        held = matter.stock.held.get(name)
        objects = sorted(gone & held.keys()) if held is not None else []
        paths = list(matter.found.copies.get(name, ()))
        if held is not None:
            paths += [run.path for run in place.runs() if run.md5s & gone]
            paths += list(place.strays()) if objects else []
        number = sum(held[md5].versions for md5 in objects) if held is not None else 0
        with place.answering():
            number += sum(place.count(path) for path in paths)
        found.append(Target(place=name, objects=tuple(objects), paths=tuple(paths), count=number))
    return tuple(found)


def _uploads(matter: Matter, datasets: Sequence[str]) -> list[Upload]:
    """Remotes that hold an old version of a rewritten dataset."""
    return [
        Upload(dataset=dataset, remote=remote)
        for dataset in datasets
        for remote in matter.stock.remotes
        if matter.found.objects.get(dataset, set()) & matter.stock.held[remote].keys()
    ]


def _certificate(
    matter: Matter,
    stones: Sequence[Tombstone],
    targets: Sequence[Target],
    holders: Sequence[Holder],
    moved: int,
) -> Certificate:
    own = matter.removal
    erased = own.model_copy(update={"files": doomed(holders)})
    tainted = lineage.tainted(
        matter.declarations, runs.trained(matter.root), lineage.erased_by(erased)
    )
    here = Searched(place=WORK_TREE, objects=moved + len(matter.found.locals))
    return Certificate(
        id=own.id,
        at=matter.now,
        removal=own.id,
        tombstones=tuple(_path("tombstones", stone.id) for stone in stones),
        searched=(here, *(Searched(place=t.place, objects=t.count) for t in targets)),
        tainted=tuple(
            Tainted(model=t.run.model, training_hash=t.run.training_hash, version=t.version)
            for t in tainted
        ),
        key_destroyed=pseudonym.fingerprint(matter.key) if matter.anonymised else None,
        limits=(*removal.LIMITS, *_undone(matter)),
    )


def _undone(matter: Matter) -> Iterable[str]:
    """What this removal in particular leaves."""
    for name, commits in sorted(matter.found.versions.items()):
        some = ", ".join(sorted(commit[:12] for commit in commits))
        yield f"The old versions of {name} first named by {some} cannot be checked out any more."
    if matter.found.unlisted:
        yield (
            f"{matter.found.unlisted} old versions have no list of files in any place any more;"
            " each object that is left was searched by itself."
        )
    yield from matter.more
