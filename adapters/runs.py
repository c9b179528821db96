"""Every training Git remembers, from the evidence runs left in any commit of any ref."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from adapters import git, versions
from governance import digest
from governance.evidence import LAST_RETRAIN, ROOT
from governance.lineage import Held, Run, Trained
from governance.openlineage import Times

_FILES: Final = ("metadata.json", "training.json")
"""Metadata come first: only they know the training hash."""
_VALIDATION: Final = "validation.json"
_PATHS: Final = (
    *(f"{ROOT}/models/*/{name}" for name in _FILES),
    f"{ROOT}/datasets/*/{_VALIDATION}",
)


class _Told(NamedTuple):
    """An evidence file: where it stands, what it holds, since which commit."""

    path: str
    text: bytes
    commit: str | None

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def value(self) -> dict[str, Any]:
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def trained(root: Path) -> Trained:
    """Runs of every branch, tag and stash and of the work tree, each once.

    Raises:
        CouldNotJudge: the clone is shallow or partial.
    """
    here = {(path, text) for path, text in _worktree(root)}
    told = list(_committed(root))
    known = {(found.path, found.text) for found in told}
    told += [_Told(path, text, None) for path, text in sorted(here - known)]
    held: dict[str, Held] = {}
    for found in told:
        if found.name == _VALIDATION:
            held |= _held(found.value)
    runs: dict[tuple[str, str | None, str, str], Run] = {}
    metadata: dict[tuple[str, str | None, str], str] = {}
    for name in _FILES:
        for found in (one for one in told if one.name == name):
            run = _run(found, current=(found.path, found.text) in here)
            bytes_ = (run.model, run.dataset_digest, run.model_digest)
            if name == _FILES[0]:
                metadata[bytes_] = run.training_hash
            elif bytes_ in metadata:
                continue
            key = (*bytes_, run.training_hash)
            first = runs.setdefault(key, run)
            runs[key] = replace(first, current=first.current or run.current)
    return Trained(tuple(runs.values()), held)


def _committed(root: Path) -> Iterator[_Told]:
    """Every version of every evidence file, the oldest first."""
    seen = versions.everywhere(root, *(f":(glob){path}" for path in _PATHS))
    texts = dict(versions.texts(root, (found.id for found in seen)))
    oldest = {(found.path, found.id): found.commit for found in seen}
    for (path, oid), commit in reversed(oldest.items()):
        yield _Told(path, texts[oid], commit)


def _worktree(root: Path) -> Iterator[tuple[str, bytes]]:
    for pattern in _PATHS:
        for path in root.glob(pattern):
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _run(found: _Told, *, current: bool) -> Run:
    """The run an evidence file speaks of; one on data nobody knows, where it cannot be read."""
    value, model = found.value, found.path.split("/")[-2]
    data = value.get("dataset")
    name, of = (
        (data.get("name"), data.get("digest"))
        if isinstance(data, dict)
        else (data, value.get("dataset_digest"))
    )
    own = digest.of_bytes(found.text)
    told, trained_as = value.get("model_digest"), value.get("training_hash", own)
    fields = (name, of, told, trained_as)
    if not all(isinstance(text, str) for text in fields):
        return Run(model, "?", None, own, own, found.commit, current)
    return Run(model, str(name), str(of), str(trained_as), str(told), found.commit, current)


def _held(value: dict[str, Any]) -> dict[str, Held]:
    """The files a dataset version held, where the list gives the digest it is told under."""
    try:
        rows = sorted([f["path"], f["bytes"], f["rows"], f["sha256"]] for f in value["files"])
        if digest.of_value(rows) == value["dataset_digest"]:
            return {value["dataset_digest"]: frozenset((row[0], row[3]) for row in rows)}
    except (KeyError, TypeError, ValueError):
        pass
    return {}


def when(root: Path, runs: Iterable[Run], now: datetime) -> dict[Run, Times]:
    """When runs began and ended.

    The newest one tells so itself; of others only the moment of their commit is known, and of
    what is not committed only that it is there now.
    """
    wanted = list(runs)
    asked = "".join(f"{commit}\n" for commit in sorted({r.commit for r in wanted if r.commit}))
    listing = git.run(
        root, "log", "--no-walk", "--stdin", "--no-show-signature", "--format=%H %cI",
        data=asked.encode(),
    ) if asked else b""  # fmt: skip
    committed = {
        commit: datetime.fromisoformat(at)
        for commit, at in (line.split() for line in listing.decode().splitlines())
    }
    last = _last(root)
    found = {}
    for run in wanted:
        at = committed.get(run.commit or "", now)
        found[run] = last.get((run.model, run.training_hash), Times(at, at))
    return found


def _last(root: Path) -> dict[tuple[str, str], Times]:
    """Moments of the runs that the last retraining carried out."""
    try:
        value = json.loads((root / LAST_RETRAIN).read_bytes())
        times = Times(
            datetime.fromisoformat(value["started_at"]),
            datetime.fromisoformat(value["finished_at"]),
        )
        return {
            (model, found["training_hash"]): times
            for model, found in value["models"].items()
            if found["outcome"] == "retrained"
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}
