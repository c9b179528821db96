"""A removal carried out: new bytes in place, old ones gone from every place, and proof of it.

Every step may be repeated, so a removal that was killed begins again from its journal and ends
as if nothing had happened.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from adapters import dvc, files, store, versions
from adapters.store import Place
from governance.finding import CouldNotJudge
from governance.index import PATH as INDEX
from governance.pipeline import DATA
from governance.retention import Retention
from pipelines import removal_journal as journal
from pipelines.index import write_index
from pipelines.land import POINTER, count
from pipelines.removal_journal import Move, Plan, Target


def places(root: Path, law: Retention | None) -> dict[str, Place]:
    """The cache, every remote and every declared copy, by name.

    Raises:
        CouldNotJudge: a remote or copy is of a kind that cannot be searched, or two share a name.
    """
    found = {place.name: place for place in store.places(root)}
    for copy in law.replicas if law else ():
        if copy.id in found:
            msg = f"the replica {copy.id} is called like a remote\n  fix: rename one of them"
            raise CouldNotJudge(msg)
        found[copy.id] = store.replica(copy.id, copy.uri, root)
    return found


def carry_out(root: Path, plan: Plan, law: Retention | None, say: Callable[[str], None]) -> None:
    """Does everything in the plan and proves it; the certificate stands and the journal is gone.

    Raises:
        CouldNotJudge: a place does not answer, or something came back while this ran; the
            journal stays, and the same command goes on from it.
    """
    known = places(root, law)
    for path in (*plan.records, plan.certificate):
        _tidy(root / path)
    for move in plan.moves:
        _put(root, move)
    for path, text in plan.records.items():
        files.write_if_changed(root / path, text.encode())
    if plan.datasets:
        _versions(root, plan, known, say)
    for path in plan.locals:
        _drop(root, path)
    for target in plan.targets:
        say(f"deleting in {target.place}: {count(target.count, 'object')}")
        _delete(known[target.place], target)
    if left := {t.place: n for t in plan.targets if (n := remaining(known[t.place], t))}:
        told = ", ".join(f"{name}: {count(n, 'object')}" for name, n in left.items())
        msg = (
            f"deleted and here again: {told}; somebody pushes them back\n"
            f"  fix: stop it, then charter retention apply {plan.removal}"
        )
        raise CouldNotJudge(msg)
    files.write_if_changed(root / plan.certificate, plan.evidence.encode())
    journal.end(root)


def _tidy(path: Path) -> None:
    """Removes what a killed process had begun to write in the place of a file."""
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()


def _put(root: Path, move: Move) -> None:
    """Gives a data file its new bytes in one step; other links to the old ones keep them."""
    target = root / move.path
    _tidy(target)
    if move.staged is None:
        target.unlink(missing_ok=True)
        return
    beside = target.parent / f".{target.name}.{secrets.token_hex(4)}"
    shutil.copyfile(journal.staging(root) / move.staged, beside)
    beside.chmod(0o644)
    beside.replace(target)


def _versions(
    root: Path, plan: Plan, known: Mapping[str, Place], say: Callable[[str], None]
) -> None:
    """The new versions of the datasets, here and wherever the old ones were."""
    if plan.pointer is not None:  # DVC may have been killed while it wrote this file
        _tidy(root / POINTER)
        files.write_if_changed(root / POINTER, plan.pointer.encode())
    _tidy(root / INDEX)
    write_index(root)
    for name in plan.datasets:
        (root / DATA / name).mkdir(parents=True, exist_ok=True)
        dvc.add(root, f"{DATA}/{name}")
    fresh = [files.md5(root / move.path) for move in plan.moves if move.staged is not None]
    named = dict(versions.entries((root / POINTER).read_bytes())) if plan.datasets else {}
    for upload in plan.uploads:
        say(f"pushing {upload.dataset} to {upload.remote}")
        for md5 in (named[f"{DATA}/{upload.dataset}"], *fresh):
            _mend(known[upload.remote], md5)
        dvc.push(root, [f"{DATA}/{upload.dataset}"], upload.remote)


def _mend(place: Place, md5: str) -> None:
    """Takes away an object that a killed push left half written: DVC takes it for whole."""
    found = hashlib.md5(usedforsecurity=False)
    try:
        for block in place.blocks(md5):
            found.update(block)
    except FileNotFoundError:
        return
    if found.hexdigest() != md5.removesuffix(".dir"):
        place.delete(md5)


def _drop(root: Path, path: str) -> None:
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


def _delete(place: Place, target: Target) -> None:
    for md5 in target.objects:
        place.delete(md5)
    for path in target.paths:
        place.discard(path)


def remaining(place: Place, target: Target) -> int:
    """Versions of what should be gone that a place holds, by a fresh listing."""
    gone, paths = set(target.objects), set(target.paths)
    found = sum(one.versions for one in place.objects() if one.md5 in gone)
    if paths:
        with place.answering():
            found += sum(entry.versions for entry in place.entries() if entry.path in paths)
    return found


def rehearse(known: Mapping[str, Place], targets: tuple[Target, ...]) -> None:
    """Nothing; every place from which something goes can be written to and deleted from.

    Raises:
        CouldNotJudge: one is read-only or denies it; nothing was deleted anywhere.
    """
    for target in targets:
        if target.objects or target.paths:
            known[target.place].rehearse()


def clean(root: Path) -> None:
    """What a killed search, or a removal killed at its beginning or end, left behind goes."""
    for left in (root / "records/removals").glob(".*.new"):
        left.unlink()
    parent = journal.folder(root)
    for left in parent.glob(".journal.json.*"):
        left.unlink()
    for left in (journal.staging(root), *parent.glob("search-*")):
        shutil.rmtree(left, ignore_errors=True)
