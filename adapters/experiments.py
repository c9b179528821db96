"""Runs with all they left: evidence in any commit, branch, tag, stash or DVC experiment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from pydantic import ValidationError

from adapters import git, versions
from governance import document
from governance.declaration import Part
from governance.evidence import Metadata, Metrics, of_model
from governance.runs import Logged, params

P = TypeVar("P", bound=Part)

_EXPERIMENTS: Final = "refs/exps"


class _Found(NamedTuple):
    """The metadata of a run and the oldest commit that holds them."""

    metadata: Metadata
    commit: str | None
    current: bool


def logged(root: Path, model: str | None, now: datetime) -> list[Logged]:
    """Every run of a model, or of all, newest first; evidence of another shape is passed over.

    Args:
        root: the repository.
        model: its name.
        now: when runs that are not committed count as made.

    Raises:
        CouldNotJudge: the clone is shallow or partial.
    """
    found = list(_found(root, of_model(model or "*", "metadata")))
    commits = sorted({run.commit for run in found if run.commit})
    times, names = _times(root, commits), _experiments(root)
    wanted = [
        f"{run.commit}:{path}" for run in found if run.commit
        for path in (_declared(run), of_model(run.metadata.model, "metrics"))
    ]  # fmt: skip
    texts = iter(_texts(root, wanted))
    runs = []
    for run in found:
        declared, measured = (next(texts), next(texts)) if run.commit else _here(root, run)
        metrics = _parsed(Metrics, measured)
        if metrics and metrics.model_digest != run.metadata.model_digest:
            metrics = None
        runs.append(
            Logged(
                metadata=run.metadata,
                params=_params(declared),
                metrics=metrics,
                commit=run.commit,
                at=times.get(run.commit or "", now),
                experiment=names.get(run.commit or ""),
                current=run.current,
            )
        )
    return sorted(runs, key=lambda run: (run.at, run.current, run.name), reverse=True)


def _found(root: Path, pattern: str) -> Iterator[_Found]:
    """Metadata of every run, each once, with the oldest commit that has them."""
    here = {path.read_bytes(): path for path in sorted(root.glob(pattern)) if path.is_file()}
    seen = versions.everywhere(root, f":(glob){pattern}")
    oldest = {found.id: found.commit for found in seen}
    known = set()
    for oid, text in versions.texts(root, oldest):
        known.add(text)
        if metadata := _parsed(Metadata, text):
            yield _Found(metadata, oldest[oid], text in here)
    for text in here:
        if text not in known and (metadata := _parsed(Metadata, text)):
            yield _Found(metadata, None, current=True)


def _parsed(kind: type[P], text: bytes | None) -> P | None:
    try:
        return kind.model_validate_json(text or b"", strict=True)
    except ValidationError:
        return None


def _declared(run: _Found) -> str:
    return f"models/{run.metadata.model}/model.yaml"


def _here(root: Path, run: _Found) -> tuple[bytes | None, bytes | None]:
    paths = (root / _declared(run), root / of_model(run.metadata.model, "metrics"))
    first, second = (path.read_bytes() if path.is_file() else None for path in paths)
    return first, second


def _params(text: bytes | None) -> dict[str, object]:
    loaded, _ = document.load("model.yaml", text) if text else (None, ())
    return params(loaded.value) if loaded and isinstance(loaded.value, dict) else {}


def _times(root: Path, commits: Iterable[str]) -> dict[str, datetime]:
    """When commits were made."""
    asked = "".join(f"{commit}\n" for commit in commits)
    if not asked:
        return {}
    listing = git.run(
        root, "log", "--no-walk", "--stdin", "--no-show-signature", "--format=%H %cI",
        data=asked.encode(),
    )  # fmt: skip
    pairs = (line.split() for line in listing.decode().splitlines())
    return {commit: datetime.fromisoformat(at) for commit, at in pairs}


def _experiments(root: Path) -> dict[str, str]:
    """Names that `dvc exp` gave, by commit."""
    listing = git.run(
        root, "for-each-ref", "--format=%(objectname) %(refname:lstrip=4)", _EXPERIMENTS
    )
    pairs = (line.split(" ", 1) for line in listing.decode(errors="replace").splitlines())
    return {commit: name for commit, name in pairs if name}


def _texts(root: Path, names: list[str]) -> Iterator[bytes | None]:
    """The bytes behind `commit:path` names, in their order; None where a commit has no such file.

    Raises:
        CouldNotJudge: Git cannot read them.
    """
    if not names:
        return
    data = git.run(
        root, "cat-file", "--batch", data="".join(f"{name}\n" for name in names).encode()
    )
    position = 0
    for _ in names:
        end = data.index(b"\n", position)
        head = data[position:end]
        position = end + 1
        if head.endswith(b" missing"):
            yield None
            continue
        size = int(head.rpartition(b" ")[2])
        yield data[position : position + size]
        position += size + 1
