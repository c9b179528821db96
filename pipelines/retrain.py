"""Retraining: verify the data, run what changed, and record how.

DVC decides which steps run. Around it stand the questions DVC does not ask: are these the
bytes that were landed, are they fresh enough, did the run leave the data as they were.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from adapters import clock, dvc, files, git
from adapters.dvc import StepFailed
from governance import digest, document, pipeline
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.evidence import LAST_RETRAIN, LastRetrain, Metadata, RetrainedModel, of_model
from governance.index import Index
from governance.manifest import manifests
from governance.model import Model
from governance.pipeline import DATA
from governance.records import Landing
from pipelines import inputs
from pipelines.inputs import Refused

LOCK: Final = "dvc.lock"
POINTER: Final = "datasets.dvc"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a retraining did to each model."""

    ran: tuple[str, ...]
    models: Mapping[str, RetrainedModel]
    recorded: bool


def freshness(declarations: Declarations, models: Iterable[str], now: date) -> list[str]:
    """What is wrong with the age of the models' data.

    The age of a dataset is that of its newest event, or of its newest landing when its contract
    names no event time; no model named means all. The time of a file on disk is never read.
    """
    contracts = {found.value.name: found.value for found in declarations.all(Contract)}
    named = set(models)
    wanted = {
        m.value.dataset for m in declarations.all(Model) if not named or m.value.name in named
    }
    lines = []
    for name in sorted(wanted):
        contract = contracts.get(name)
        landings = [
            found.value for found in declarations.all(Landing) if found.value.dataset == name
        ]
        if contract is None or not landings:
            continue
        ends = [found.source.collected_until for found in landings if found.source.collected_until]
        newest = max(ends) if contract.event_column and ends else max(f.at.date() for f in landings)
        if newest > now:
            lines.append(f"{name}: its newest rows are of {newest}, after today, {now}")
        elif contract.fresh_days is not None and (now - newest).days > contract.fresh_days:
            late = (now - newest).days - contract.fresh_days
            lines.append(
                f"{name}: stale by {late} days: newest rows of {newest}, {contract.fresh_days} days"
                f" allowed\n  fix: land newer data: charter land {name} FILE"
            )
    return lines


def refuse_stale(declarations: Declarations, models: Iterable[str], now: date) -> None:
    """Stops when the data of a model are too old, or from the future.

    Raises:
        Refused: with a line for each dataset.
    """
    if lines := freshness(declarations, models, now):
        raise Refused(*lines)


def refuse_changed(root: Path, declarations: Declarations) -> None:
    """Stops when the data files that are here are not those that were landed.

    Raises:
        Refused: with a line for each file.
    """
    if lines := _differences(root, declarations):
        raise Refused(*lines)


def whole(root: Path) -> bool:
    """Whether the record of the newest run, and all that the lock names, are here as named."""
    if not (root / LAST_RETRAIN).is_file():
        return False
    stages = _parsed(root, LOCK).get("stages")
    entries = _parsed(root, POINTER).get("outs")
    if not isinstance(stages, dict) or not isinstance(entries, list):
        return False
    wanted = {
        out["path"]: out["md5"]
        for name, stage in stages.items()
        if name.partition("@")[0] in pipeline.BY_NAME
        for out in stage.get("outs", [])
        if str(out["md5"]).endswith(".dir")
    }
    here = all((root / str(entry["path"])).is_dir() for entry in entries)
    return here and all(_folder(root / path) == md5 for path, md5 in wanted.items())


def _parsed(root: Path, name: str) -> dict[str, Any]:
    loaded, _ = document.load(name, (root / name).read_bytes(), max_bytes=1 << 26, tool=True)
    return loaded.value if loaded and isinstance(loaded.value, dict) else {}


def _folder(path: Path) -> str:
    return pipeline.folder_md5({name: files.md5(file) for name, file in files.folder(path)})


def _differences(root: Path, declarations: Declarations) -> list[str]:
    """Where the data files that are here differ from those landed; datasets not here are not."""
    return [
        line
        for name, manifest in manifests(declarations).items()
        if any(files.folder(root / DATA / name))
        for line in inputs.differences(name, manifest, root)
    ]


def retrain(  # noqa: PLR0913 - one argument per choice of the person who retrains
    root: Path, declarations: Declarations, names: Sequence[str], *, command: Sequence[str],
    pull: bool = False, force: bool = False, say: Callable[[str], None] = print,
) -> Outcome:  # fmt: skip
    """Runs the pipeline for some models, or for all.

    Args:
        root: top of the repository.
        declarations: what is declared in the work tree.
        names: the models; all of the index when empty.
        command: what was typed, for the record.
        pull: fetch data and models that are not here.
        force: train again though nothing changed.
        say: told what is being done.

    Raises:
        Refused: data differ from what was landed, or the run changed them.
        StepFailed: a step ended with an error; `last_retrain.json` says so.
    """
    index = declarations.one(Index, "index").value
    refuse_changed(root, declarations)
    chosen = list(names) or sorted(index.models)
    commit, dirty = git.head(root), git.changed(root)
    if commit is None:
        msg = "nothing was committed yet; provenance names a commit\n  fix: git commit first"
        raise Refused(msg)
    before = _state(root, index)
    started = clock.now()
    code, ran, failure = 0, [], None
    try:
        if force:
            targets = [
                f"{step}@{name}" for name in chosen for step in ("train", "evaluate", "record")
            ]
            dvc.reproduce(root, _designed(index, ()), pull=pull)
            ran = dvc.reproduce(root, targets, pull=pull, force=True)
        else:
            ran = dvc.reproduce(root, _designed(index, names), pull=pull)
    except StepFailed as error:
        code, failure = error.code, error
    _unchanged(root, before["pointer"])
    models = {} if failure else _models(root, index, before["models"])
    moved = _digest(root / LOCK) != before["lock"]
    if moved or failure or force or not (root / LAST_RETRAIN).is_file():
        record = _record(root, declarations, index, models)
        _write(root, record | {
            "commit": commit,
            "uncommitted": [p for p in dirty if p != LAST_RETRAIN],
            "command": list(command),
            "exit_code": code,
            "started_at": started,
            "finished_at": clock.now(),
        })  # fmt: skip
        say(f"provenance: {LAST_RETRAIN}")
    if failure:
        raise failure
    return Outcome(tuple(ran), models, moved)


def _designed(index: Index, names: Sequence[str]) -> list[str]:
    """The last designed stage of each model; with no name given, of every dataset as well.

    Naming them keeps DVC from running stages that are not part of the design.
    """
    if names:
        return [f"record@{name}" for name in names]
    return [
        *(f"scan_bias@{name}" for name in index.datasets),
        *(f"record@{n}" for n in index.models),
    ]


def _state(root: Path, index: Index) -> dict[str, object]:
    pointer = root / POINTER
    return {
        "pointer": pointer.read_bytes() if pointer.is_file() else b"",
        "lock": _digest(root / LOCK),
        "models": {name: _metadata(root, name) for name in index.models},
    }


def _metadata(root: Path, name: str) -> Metadata | None:
    path = of_model(name, "metadata")
    return inputs.read(path, Metadata, root) if (root / path).is_file() else None


def _digest(path: Path) -> str:
    return digest.of_bytes(path.read_bytes()) if path.is_file() else digest.of_bytes(b"")


def _unchanged(root: Path, before: object) -> None:
    """DVC accepts changed source data and rewrites the pointer; that is a landing, not a run."""
    pointer = root / POINTER
    if isinstance(before, bytes) and pointer.read_bytes() != before:
        files.write(pointer, before)
        msg = f"the data changed during the run; {POINTER} was put back\n  fix: dvc checkout"
        raise Refused(msg)


def _models(root: Path, index: Index, before: object) -> dict[str, RetrainedModel]:
    found = {}
    for name in index.models:
        now = _metadata(root, name)
        old = before.get(name) if isinstance(before, dict) else None
        if now is None:
            continue
        same = old is not None and (old.training_hash, old.model_digest) == (
            now.training_hash,
            now.model_digest,
        )
        found[name] = RetrainedModel(
            outcome="unchanged" if same else "retrained",
            training_hash=now.training_hash,
            model_digest=now.model_digest,
        )
    return found


def _record(
    root: Path, declarations: Declarations, index: Index, models: Mapping[str, RetrainedModel]
) -> dict[str, object]:
    found = [_metadata(root, name) for name in sorted(models)]
    landed = manifests(declarations)
    code = {path: files.sha256(root / path) for path in pipeline.code_files()}
    return {
        "host": {
            "system": platform.system(),
            "machine": platform.machine(),
            "cpus": str(os.cpu_count()),
        },
        "lock_digest": _digest(root / LOCK),
        "datasets": {
            name: manifest.digest for name, manifest in landed.items() if name in index.datasets
        },
        "code_digest": digest.of_value(code),
        "params_digest": digest.of_value({m.model: m.inputs.params for m in found if m}),
        "environment_digest": digest.of_value({m.model: m.inputs.environment for m in found if m}),
        "models": {name: model.model_dump(mode="json") for name, model in models.items()},
    }


def _write(root: Path, record: dict[str, object]) -> None:
    open_ = LastRetrain.model_validate(record | {"seal": digest.of_bytes(b"")}, strict=False)
    inputs.write(LAST_RETRAIN, open_.model_copy(update={"seal": open_.sealed()}), root)
