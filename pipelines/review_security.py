"""The security review: the model's files, and the libraries it runs with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from governance import advisories, digest, jsontext
from governance.finding import CouldNotJudge, Verdict
from governance.registry import Registry
from governance.review import Check
from pipelines.scan_model import scan

LOCK: Final = "locks/runtime.txt"


def security(
    root: Path, folder: Path, registry: Registry, known: Path | None
) -> tuple[list[Check], dict[str, Any], dict[str, str]]:
    """Checks of the security review, what else it found, and digests of what it was held against.

    Args:
        root: top of the repository.
        folder: the model's files.
        registry: what the governed branch lets into the registry.
        known: a file of advisories in the OSV format; the lock is not looked at without one.

    Raises:
        CouldNotJudge: lock or advisories cannot be read.
    """
    checks = scan(folder, registry)
    path = root / LOCK
    if known is None:
        return checks, {"skipped": ["dependencies: no file of advisories was given"]}, {}
    try:
        data, lock = known.read_bytes(), path.read_bytes()
        listed = advisories.entries(jsontext.load(data))
    except OSError as error:
        msg = f"{error.filename}: {error.strerror}"
        raise CouldNotJudge(msg) from None
    except (jsontext.Ambiguous, advisories.Unreadable) as error:
        msg = f"{known}: {error}\n  fix: give advisories in the OSV format, as JSON"
        raise CouldNotJudge(msg) from None
    versions = advisories.locked(lock.decode(errors="replace"))
    hits = list(advisories.affected(versions, listed))
    words = "; ".join(
        f"{hit.name} {hit.version}: {hit.advisory}"
        f"{'' if hit.sure else ' (its versions cannot be compared)'}"
        for hit in hits
    )
    verdict = Verdict.FAIL if hits or not versions else Verdict.PASS
    fine = f"{len(versions)} distributions, {len(listed)} advisories, none affected"
    measured = words or (fine if versions else f"{LOCK} names no distribution")
    sums = {"advisories": digest.of_bytes(data), LOCK: digest.of_bytes(lock)}
    return [*checks, Check("security: dependencies", verdict, measured)], {}, sums
