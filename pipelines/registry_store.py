"""Storing a version: its bytes once, read back and compared, the manifest last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from adapters.registry import Bucket
from governance import jsontext, registration
from governance.digest import short
from governance.evidence import of_model
from pipelines import registry_entry
from pipelines.confirmed import Base
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry


def model_folder(root: Path, model: str) -> Path:
    """Where the bytes of the model that was trained last lie."""
    return root / Path(of_model(model, "training")).parent / "model"


def stored(bucket: Bucket, entry: Entry) -> bool:
    """Whether the bucket holds the version whole, as this entry has it.

    Raises:
        Refused: its manifest is of something else.
    """
    version = entry.value
    key = f"{registration.folder(version.model, version.version)}/{registration.MANIFEST}"
    try:
        found = bucket.read(key)
    except FileNotFoundError:
        return False
    if found != registration.manifest(version, entry.digest):
        told = "no JSON" if not _readable(found) else "that of another entry"
        msg = f"{bucket.url}: {key} is {told}, not of {entry.name} at {short(version.digest)}"
        raise Refused(f"{msg}\n  fix: find out who wrote there: charter registry verify")
    return True


def _readable(data: bytes) -> bool:
    try:
        jsontext.load(data)
    except jsontext.Ambiguous:
        return False
    return True


def store(
    root: Path, law: Base, entry: Entry, now: datetime, *, say: Callable[[str], None] = print
) -> bool:
    """The bucket holds the version's bytes for good; False when it did before.

    Each file is put, read back and compared before the next one; the manifest comes last. A
    process that is killed in between is finished by the same command.

    Raises:
        Refused: the bytes are not here, or the bucket gives back others.
        CouldNotJudge: the bucket does not answer, is full, or lets nobody write.
    """
    version = entry.value
    bucket = registry_entry.bucket(root, law, now)
    if stored(bucket, entry):
        return False
    source = model_folder(root, version.model)
    inside = registration.folder(version.model, version.version)
    for file in version.files:
        path = source / file.path
        if not path.is_file() or path.stat().st_size != file.bytes:
            raise Refused(_elsewhere(entry))
        say(f"storing {inside}/{file.path}, {file.bytes:,} bytes")
        key = f"{inside}/{file.path}"
        if bucket.put_once(key, path, file.sha256) and bucket.sha256(key) != file.sha256:
            msg = f"{bucket.url}: {key} came back with other bytes than were written"
            raise Refused(f"{msg}\n  fix: the bucket is damaged: ask who runs it")
    data = registration.manifest(version, entry.digest)
    bucket.put_once(f"{inside}/{registration.MANIFEST}", data)
    return True


def _elsewhere(entry: Entry) -> str:
    version = entry.value
    return (
        f"the bytes of {entry.name} ({short(version.digest)}) are not in the work tree\n"
        f"  fix: check out the commit that brought {entry.path}, then dvc pull"
    )
