"""Clearing: bytes that no entry on any branch names, and what killed writes left behind.

A version that is whole was let in by a governed branch, so it stays even where this clone knows
no entry of it: somebody else may have registered it since the last fetch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from adapters import versions
from adapters.registry import Item, Leftover
from governance.registration import MANIFEST
from pipelines import registry_entry
from pipelines.confirmed import base

_ENTRY: Final = re.compile(r"models/([^/]+)/versions/([0-9.]+)\.yaml")
_KEY: Final = re.compile(r"models/([^/]+)/([0-9]+\.[0-9]+\.[0-9]+)/.+")
_ABANDONED: Final = timedelta(days=1)
"""How long a write may take: what is older was killed."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nobody needs, and whole versions that no entry here names: those are never cleared."""

    items: tuple[Item, ...]
    leftovers: tuple[Leftover, ...]
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.items or self.leftovers)


def named(root: Path) -> set[tuple[str, str]]:
    """Every model and version that an entry names: in the work tree, or any commit of any ref.

    Raises:
        CouldNotJudge: the clone is shallow or partial, so that entries may be missing.
    """
    paths = {seen.path for seen in versions.everywhere(root, "models/")}
    paths |= {file.relative_to(root).as_posix() for file in root.glob("models/*/versions/*.yaml")}
    return {(match[1], match[2]) for path in paths if (match := _ENTRY.fullmatch(path))}


def version_of(key: str) -> tuple[str, str] | None:
    """Model and version a key of the bucket belongs to; None when it belongs to neither."""
    match = _KEY.fullmatch(key)
    return (match[1], match[2]) if match else None


def garbage(root: Path, now: datetime) -> Garbage:
    """What could go: files of versions no entry ever named, begun a day ago and never whole.

    Raises:
        CouldNotJudge: the bucket does not answer, or the clone may miss entries.
    """
    bucket = registry_entry.bucket(root, base(root))
    keep = named(root)
    items = [
        item
        for item in bucket.list("models/")
        if (version := version_of(item.key)) is not None and version not in keep
    ]
    whole = {version_of(item.key) for item in items if item.key.endswith(f"/{MANIFEST}")}
    before = now - _ABANDONED
    return Garbage(
        tuple(i for i in items if version_of(i.key) not in whole and i.since < before),
        tuple(bucket.leftovers(before)),
        tuple(sorted(f"{model} {version}" for model, version in filter(None, whole))),
    )


def clear(root: Path, found: Garbage, say: Callable[[str], None] = print) -> None:
    """What was found is gone.

    Raises:
        CouldNotJudge: the bucket does not answer, or lets nobody delete.
    """
    bucket = registry_entry.bucket(root, base(root))
    for item in found.items:
        bucket.remove(item.key)
        say(f"removed {item.key}")
    for left in found.leftovers:
        bucket.discard(left)
        say(f"removed {left.name}")
