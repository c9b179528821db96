"""Fetching: a registered version out of the bucket, every byte held against its entry."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from adapters import modelfile
from adapters.registry import Bucket
from governance import jsontext, registration
from governance.digest import short
from governance.version import ModelFile, Version
from pipelines import registry_entry
from pipelines.confirmed import base
from pipelines.inputs import Refused

_ASK = "find out who wrote there: charter registry verify"


def fetch(
    root: Path, model: str, version: str, target: Path, *,
    seen: Callable[[int], None] = lambda _: None,
) -> Path:  # fmt: skip
    """The folder with a registered version's files, each as its entry says.

    The folder appears whole or not at all; one that is there and holds just these files is
    left as it is.

    Args:
        root: top of the repository.
        model: the model.
        version: its version, such as 1.2.0.
        target: the folder to make.
        seen: told the bytes of each block that came in.

    Raises:
        Refused: there is no such version, it was never stored, or the bucket holds other bytes.
        CouldNotJudge: the bucket does not answer, or the law does not load.
    """
    law = base(root)
    found = registry_entry.entry(root, law, model, version).value
    if target.is_dir() and any(target.iterdir()):
        if modelfile.digest(target)[0] == found.digest:
            return target
        raise Refused(f"{target} holds something else\n  fix: name a folder that is not there")
    bucket = registry_entry.bucket(root, law)
    files = listed(bucket, found)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        for file in files:
            _receive(bucket, found, file, part / file.path, seen)
        part.chmod(0o755)
        if target.is_dir():
            target.rmdir()
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def listed(bucket: Bucket, version: Version) -> tuple[ModelFile, ...]:
    """The files of a stored version, as its entry and the bucket's manifest agree.

    Raises:
        Refused: it was never stored whole, or the manifest is another version's.
    """
    name = f"{version.model} {version.version}"
    if registration.root(version.files) != version.digest:
        msg = f"the entry of {name} lists files that do not make its digest"
        raise Refused(f"{msg}\n  fix: register the model anew: charter register {version.model}")
    key = f"{registration.folder(version.model, version.version)}/{registration.MANIFEST}"
    try:
        found = jsontext.load(bucket.read(key))
    except FileNotFoundError:
        msg = f"{bucket.url} does not hold {name}\n  fix: charter register {version.model}"
        raise Refused(msg) from None
    except jsontext.Ambiguous as error:
        raise Refused(f"{bucket.url}: {key}: {error}\n  fix: {_ASK}") from None
    if not isinstance(found, dict) or not registration.identity(version, found):
        msg = f"{bucket.url}: {key} is not the manifest of {name} at {short(version.digest)}"
        raise Refused(f"{msg}\n  fix: {_ASK}")
    return version.files


def _receive(
    bucket: Bucket, version: Version, file: ModelFile, path: Path, seen: Callable[[int], None]
) -> None:
    key = f"{registration.folder(version.model, version.version)}/{file.path}"
    path.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    try:
        with path.open("xb") as out:
            for block in bucket.blocks(key):
                out.write(block)
                found.update(block)
                seen(len(block))
            out.flush()
            os.fsync(out.fileno())
    except FileNotFoundError:
        raise Refused(f"{bucket.url}: {key} is missing\n  fix: {_ASK}") from None
    if found.hexdigest() != file.sha256:
        msg = f"{bucket.url}: {key} holds other bytes than were registered"
        raise Refused(f"{msg}\n  fix: do not use it; {_ASK}")
