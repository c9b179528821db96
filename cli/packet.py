"""What an owner reads before approving a version: its metrics, beside how the model has done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import ValidationError

from governance import digest
from governance.evidence import SNAPSHOTS, Metrics, Snapshot, of_model

if TYPE_CHECKING:
    from adapters.tree import Tree
    from governance.declaration import Part
    from governance.version import Version

LAST: Final = 5
"""Telemetry snapshots that are shown."""
P = TypeVar("P", bound="Part")


def packet(tree: Tree, version: Version) -> Iterator[str]:
    """Lines about a version: what it is, how it measured, how versions did in service."""
    yield f"model digest: {version.digest}"
    yield f"evidence: {', '.join(sorted(version.evidence)) or 'none'}"
    metrics = of_model(version.model, "metrics")
    folder = f"{SNAPSHOTS}/{version.model}/"
    known = tree.entries()
    shots = sorted(path for path in known if path.startswith(folder) and path.endswith(".json"))
    wanted = [path for path in (metrics, *shots[-LAST:]) if path in known]
    texts = dict(tree.read_many(wanted))
    own = texts.pop(metrics, b"")
    if digest.of_bytes(own) == version.evidence.get("metrics"):
        measured = _read(Metrics, own)
        for name, measure in sorted(measured.performance.items()) if measured else ():
            yield f"  {name}: {measure.value:g} [{measure.low:g}, {measure.high:g}]"
    for path, data in texts.items():
        shot = _read(Snapshot, data)
        yield f"in service: {_told(shot)}" if shot else f"in service: {path} does not load"


def _told(shot: Snapshot) -> str:
    seen = ", ".join(f"{name} {watched.value:g}" for name, watched in shot.performance.items())
    return (
        f"{shot.version} on {shot.step}, {shot.begins:%Y-%m-%d} to {shot.ends:%Y-%m-%d}:"
        f" {shot.rows:,} requests, {shot.errors:.2%} failed; {seen or 'no outcome is known yet'}"
    )


def _read(kind: type[P], data: bytes) -> P | None:
    try:
        return kind.model_validate_json(data)
    except ValidationError:
        return None
