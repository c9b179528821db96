"""Every version with how far it came: proposed, approved, stored, tagged, serving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from adapters import git
from adapters.registry import Bucket
from governance import registration, serving
from pipelines import registry_entry, registry_standing
from pipelines.confirmed import Base, base
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry
from pipelines.registry_store import stored

State = Literal["proposed", "approved", "stored", "tagged", "serving"]


@dataclass(frozen=True, slots=True)
class Row:
    """One version. `lacking` says what keeps it from the next state; `share` is by environment."""

    entry: Entry
    state: State
    lacking: tuple[str, ...] = ()
    share: tuple[tuple[str, float], ...] = ()


def listing(root: Path, now: datetime, model: str | None = None) -> list[Row]:
    """Every version of one model or of all, by model and number.

    Raises:
        Refused: an entry does not load, or is not what the governed branch has.
        CouldNotJudge: the bucket does not answer, or the law does not load.
    """
    law = base(root)
    bucket = registry_entry.bucket(root, law)
    known = registry_entry.entries(root, law, model)
    refs = git.run(root, "for-each-ref", "--format=%(refname)", "refs/tags/").decode().split()
    shares = {name: _shares(bucket, name) for name in sorted({e.value.model for e in known})}
    return [_row(root, law, bucket, entry, set(refs), shares, now) for entry in known]


def _row(  # noqa: PLR0913 - what is known of a version, from each place
    root: Path, law: Base, bucket: Bucket, entry: Entry, refs: set[str],
    shares: dict[str, dict[str, dict[str, float]]], now: datetime,
) -> Row:  # fmt: skip
    version = entry.value
    share = tuple(sorted(shares[version.model].get(version.version, {}).items()))
    try:
        kept = stored(bucket, entry)
    except Refused as refusal:
        return Row(entry, "proposed", (str(refusal),), share)
    if not kept:
        standing = registry_standing.standing_of(root, law, entry, now)
        lacking = list(standing.lacking)
        if not entry.governed:
            lacking.append(f"{entry.path} is not on {law.name}: let the change be merged")
        state: State = "approved" if standing.approved else "proposed"
        return Row(entry, state, tuple(lacking), share)
    tagged = f"refs/tags/{registration.tag(version.model, version.version)}" in refs
    lacking = [] if tagged else [f"no tag; charter register {version.model}"]
    return Row(entry, "serving" if share else "tagged" if tagged else "stored",
               tuple(lacking), share)  # fmt: skip


def _shares(bucket: Bucket, model: str) -> dict[str, dict[str, float]]:
    """Share of the requests each version answers, by version and environment."""
    pointer = bucket.pointer(serving.key(model))
    told = serving.read(pointer.data) if pointer else None
    found: dict[str, dict[str, float]] = {}
    for stage, slices in (told.stages if told else {}).items():
        for one in slices:
            found.setdefault(one.version, {})[stage] = one.share
    return found
