"""What was erased stays erased.

Demands: no landing brings bytes that a tombstone stands for, and neither `datasets.dvc` nor
    `dvc.lock` nor the prepared files names any of them.
Why: immutable storage and deletion hold together only while the digest of what is gone is
    refused for ever; a clone that was not told still has the bytes (IE-MGP-2025.01 §2; ML
    Governance and Release Policies, Privacy, Retention, and Compliance).
Fix: merge the branch with the erasure, run `charter retrain`, and `charter store sweep --delete`
    where stored bytes came back.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from governance.catalogue import Declarations
from governance.evidence import Preparation
from governance.facts import Evidence, Pipeline
from governance.finding import Finding, NotApplicable, Place, Route
from governance.records import Landing, Tombstone
from governance.removal import tombstoned

POINTER = "datasets.dvc"
LOCK = "dvc.lock"


def evaluate(
    declarations: Declarations, dvc: Pipeline, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    stones = declarations.all(Tombstone)
    if not stones:
        yield NotApplicable("nothing was ever erased")
        return
    gone = {erased.sha256: stone.value for stone in stones for erased in stone.value.files}
    for landing in declarations.all(Landing):
        for index, file in enumerate(landing.value.files):
            stone = gone.get(file.sha256)
            if stone is not None and not _is_original(landing.value, file.path, stone):
                problem = f"{file.path} brings back bytes that {stone.removal} erased"
                fix = "take the landing out; land the data without the rows that were erased"
                yield Finding(landing.at("files", index, "sha256"), problem, fix)
    names = tombstoned(declarations)
    for route, md5 in _named(dvc.pointer, ()):
        if md5 in names:
            fix = "merge the branch with the erasure and keep its datasets.dvc"
            yield Finding(Place(POINTER, route), f"points at what {names[md5]} erased", fix)
    for route, md5 in _named(dvc.lock, ("stages",)):
        if md5 in names:
            problem = f"names what {names[md5]} erased"
            yield Finding(Place(LOCK, route), problem, "run `charter retrain`")
    derived = {d: stone.value.removal for stone in stones for d in stone.value.digests}
    for path, report in found.files.items():
        for index, made in enumerate(report.files if isinstance(report, Preparation) else ()):
            if (removal := derived.get(f"sha256:{made.sha256}")) is not None:
                problem = f"{made.path} is what {removal} erased"
                yield Finding(Place(path, ("files", index)), problem, "run `charter retrain`")


def _is_original(landing: Landing, path: str, stone: Tombstone) -> bool:
    """Whether a landing is the one whose file was erased: its record stays for ever."""
    mine = landing.dataset == stone.dataset and landing.at <= stone.at
    return mine and any(erased.path == path for erased in stone.files)


def _named(value: Any, route: Route) -> Iterator[tuple[Route, str]]:
    """Every MD5 in a pointer or lock, with where it stands."""
    items: list[tuple[str | int, Any]] = []
    if isinstance(value, Mapping):
        if isinstance(md5 := value.get("md5"), str):
            yield (*route, "md5"), md5
        items = [(key, item) for key, item in value.items() if isinstance(key, str)]
    elif isinstance(value, list | tuple):
        items = list(enumerate(value))
    for key, item in items:
        yield from _named(item, (*route, key))
