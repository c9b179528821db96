"""Every stored byte held against its name and against the landing that brought it.

DVC takes a cached file that is read-only for whole and never hashes it again, so a byte that
flipped on a disk, or that somebody changed, is found here and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.store import Place as Store
from adapters.store import StoredObject, places
from checks.store.expected import Expected, expected
from governance.finding import Finding, Place

_THREADS: Final = 4
_AHEAD: Final = 32
"""Objects that are asked for before the first one is judged."""
Seen = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Hashed:
    """An object as it lies in a store; without sums where no newest version is."""

    object: StoredObject
    md5: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """A place, and how much it holds."""

    name: str
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was found wrong, what is worth knowing, and where was looked."""

    searched: tuple[Searched, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def verify(root: Path, only: Sequence[str] = (), seen: Seen = lambda _: None) -> Report:
    """Every object of the cache and the remotes, hashed again.

    Args:
        root: the repository.
        only: names of the places; all when empty.
        seen: told the bytes of each block read.

    Raises:
        CouldNotJudge: a place does not answer, the history is not whole, or a record does not
            load.
    """
    stores = places(root, only)
    wanted = expected(root, stores)
    searched: list[Searched] = []
    findings: list[Finding] = []
    notes: list[str] = []
    somewhere: set[str] = set()
    for store in stores:
        here: set[str] = set()
        extra = size = total = 0
        for found in _hashed(store, seen):
            size += found.object.size
            total += 1
            if found.object.live:
                here.add(found.object.md5)
            extra += not wanted.uses(found.object.md5)
            findings += _judged(store.name, found, wanted)
        searched.append(Searched(store.name, total, size))
        strays = sum(1 for _ in store.strays())
        notes += _notes(store.name, here, extra, strays, wanted)
        somewhere |= here
    findings += _missing(wanted, somewhere, [store.name for store in stores])
    notes += _unlisted(wanted)
    return Report(tuple(searched), tuple(sorted(findings, key=lambda f: str(f.at))), tuple(notes))


def _hashed(store: Store, seen: Seen) -> Iterator[Hashed]:
    """Objects with their sums, a few read at a time; how many there are is no matter."""
    with ThreadPoolExecutor(_THREADS) as pool:
        waiting: deque[Future[Hashed]] = deque()
        try:
            for found in store.objects():
                waiting.append(pool.submit(_sums, store, found, seen))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _sums(store: Store, found: StoredObject, seen: Seen) -> Hashed:
    if not found.live:
        return Hashed(found)
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        for block in store.blocks(found.md5):
            md5.update(block)
            sha256.update(block)
            seen(len(block))
    except FileNotFoundError:  # taken away since it was listed, or a link to nowhere
        return Hashed(found)
    return Hashed(found, md5.hexdigest(), sha256.hexdigest())


def _judged(store: str, found: Hashed, wanted: Expected) -> Iterator[Finding]:
    name = found.object.md5
    at = Place(f"{store}:{name}")
    removal = wanted.erased.get(name) or wanted.erased_sha256.get(found.sha256 or "")
    if removal:
        hidden = "" if found.object.live else f", in {found.object.versions} old versions"
        fix = "delete it: charter store sweep --delete; and find out who kept a copy"
        yield Finding(at, f"bytes that {removal} erased are here{hidden}", fix)
    if found.md5 is None:
        return
    uses = wanted.uses(name)
    notes = tuple(f"named by {use.name} ({use.kind}) {use.path}".rstrip() for use in uses[:3])
    if found.md5 != name.removesuffix(".dir"):
        fix = "delete it there, then `dvc fetch` or `dvc push` it from a place that is whole"
        yield Finding(at, "the bytes are not those its name says", fix, notes)
        return
    for use in uses:
        landed = wanted.landed.get((use.name, use.path)) if use.kind == "landed" else None
        if landed and found.sha256 not in landed:
            problem = f"{use.name} {use.path} has other bytes than were landed"
            fix = "restore the landed bytes from a copy; two files with one MD5 are no accident"
            yield Finding(at, problem, fix)


def _missing(wanted: Expected, here: set[str], names: Sequence[str]) -> Iterator[Finding]:
    where, fix = " or ".join(names), "`dvc push` it from a clone that has it, or land it again"
    for version, listed in wanted.current.items():
        if version.kind != "landed" or version.md5 in wanted.erased:
            continue
        if listed is None:
            problem = f"the list of files of {version.name} is not in {where}"
            yield Finding(Place(version.md5), problem, fix)
        for path, md5 in sorted((listed or {}).items()):
            if md5 not in here and md5 not in wanted.erased:
                yield Finding(Place(md5), f"{version.name} {path} is not in {where}", fix)


def _notes(store: str, here: set[str], extra: int, strays: int, wanted: Expected) -> Iterator[str]:
    if extra:
        yield f"{store}: {many(extra, 'object')} that no commit names"
    if strays:
        yield f"{store}: {many(strays, 'stray file')} among the objects, as of a killed transfer"
    for version, listed in wanted.current.items():
        lacking = sum(md5 not in here for md5 in [version.md5, *(listed or {}).values()])
        if lacking and version.kind != "other":
            yield f"{store}: lacks {many(lacking, 'object')} of {version.name} ({version.kind})"


def _unlisted(wanted: Expected) -> Iterator[str]:
    gone = [version for version in wanted.inventory.unlisted if version.kind != "other"]
    if gone:
        names = ", ".join(sorted({f"{version.name} ({version.kind})" for version in gone}))
        yield f"{many(len(gone), 'version')} of some commit stored nowhere: {names}"


def many(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
