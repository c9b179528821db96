"""Registering a version: its number, its place in the bucket, the marks that say it is whole.

Pure; what acts stands in `pipelines/register.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from governance import digest, jsontext

if TYPE_CHECKING:
    from governance.version import ModelFile, Version

Bump = Literal["major", "minor", "patch"]
MANIFEST: Final = "manifest.json"
"""The file of a stored version that is written last: with it the version is whole."""
FIRST: Final = "1.0.0"


def numbers(version: str) -> tuple[int, ...]:
    """A version's three numbers, by which versions are ordered."""
    return tuple(int(part) for part in version.split("."))


def following(taken: Iterable[str], bump: Bump = "minor") -> str:
    """The version after all those that were ever used; the first one is 1.0.0."""
    newest = max(map(numbers, taken), default=None)
    if newest is None:
        return FIRST
    major, minor, patch = newest
    if bump == "major":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if bump == "minor" else f"{major}.{minor}.{patch + 1}"


def entry_path(model: str, version: str) -> str:
    """Where a version's entry stands in the repository."""
    return f"models/{model}/versions/{version}.yaml"


def folder(model: str, version: str) -> str:
    """Where a version's files lie in the bucket."""
    return f"models/{model}/{version}"


def tag(model: str, version: str) -> str:
    """The name of a version's release tag, in GTO's grammar."""
    return f"{model}@v{version}"


def root(files: Iterable[ModelFile]) -> str:
    """Root digest of a model: SHA-256 over the raw SHA-256 of its files, in order of path."""
    sums = [bytes.fromhex(f.sha256) for f in sorted(files, key=lambda file: file.path)]
    return f"sha256:{hashlib.sha256(b''.join(sums)).hexdigest()}"


def manifest(version: Version, entry: str) -> bytes:
    """The manifest of a stored version: its files, its digest, and the entry it was stored for.

    Args:
        version: the entry.
        entry: digest of the bytes of its file.
    """
    return jsontext.dump(
        {
            "model": version.model,
            "version": version.version,
            "digest": version.digest,
            "entry": entry,
            "files": [file.model_dump() for file in version.files],
        }
    )


def identity(version: Version, entry: Mapping[str, Any]) -> bool:
    """Whether a manifest read from a bucket speaks of this version's bytes."""
    listed = [file.model_dump() for file in version.files]
    return (
        entry.get("model"), entry.get("version"), entry.get("digest"), entry.get("files")
    ) == (version.model, version.version, version.digest, listed)  # fmt: skip


def render(version: Version) -> str:
    """The text of an entry, as the strict loader accepts it."""
    lines = [
        "# yaml-language-server: $schema=../../../schemas/version.json",
        f"model: {version.model}",
        f"version: {version.version}",
        f"digest: {version.digest}",
        "files:",
        *(
            f"  - {{path: {_quoted(f.path)}, bytes: {f.bytes}, sha256: {_quoted(f.sha256)}}}"
            for f in version.files
        ),
        f"dataset_digest: {version.dataset_digest}",
        f"training_hash: {version.training_hash}",
        f'registered_at: "{version.registered_at:%Y-%m-%dT%H:%M:%SZ}"',
        f"registered_by: {_quoted(version.registered_by)}",
        "evidence:",
        *(f"  {name}: {seen}" for name, seen in sorted(version.evidence.items())),
        "reviews:",
        *(
            f"  {name}: {{record: {_quoted(found.record)}, digest: {found.digest}}}"
            for name, found in version.reviews.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return digest.canonical(text).decode()
