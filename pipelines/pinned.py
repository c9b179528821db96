"""The commit a model or a version stands in, its files, and what its evidence claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from adapters import files, git, versions
from governance import digest, document, pipeline
from governance.evidence import (
    KINDS,
    Metadata,
    Metrics,
    TrainingRun,
    of_dataset,
    of_model,
)
from governance.finding import CouldNotJudge
from governance.replay import Run, Signs
from governance.version import Version
from pipelines import inputs
from pipelines.inputs import Refused

STEPS: Final = ("prepare", "train", "evaluate")
"""Steps that decide what a model is and how it measures."""
_LEFT: Final = (".dvc", ".git")
_MOST: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class Claim:
    """What a commit says of a model. `entry` says where evidence and registry entry part."""

    dataset: str
    training: TrainingRun
    metadata: Metadata | None
    run: Run
    signs: Signs
    entry: tuple[str, ...] = ()


def commit_of(root: Path, model: str, version: str | None) -> str:
    """The commit to repeat: the current one, or that which brought a version.

    Raises:
        CouldNotJudge: there is no such commit.
    """
    if version is None:
        found = git.head(root)
        if found is None:
            msg = "nothing was committed yet, so there is no run to repeat\n  fix: git commit"
            raise CouldNotJudge(msg)
        return found
    path = f"models/{model}/versions/{version}.yaml"
    # The oldest one: an entry that came a second time is not that which was approved.
    listing = git.run(
        root, "log", "--format=%H", "--diff-filter=A", "--no-renames", "--full-history", "--", path
    ).split()  # fmt: skip
    if not listing:
        msg = f"no commit brings {path}\n  fix: commit the entry that `charter register` wrote"
        raise CouldNotJudge(msg)
    return listing[-1].decode()


def export(root: Path, commit: str, target: Path) -> None:
    """Writes the files of a commit, byte for byte: no attribute or filter has a say.

    Links and submodules are left out, for nothing a step reads is one.
    """
    tree = git.Revision(root, commit)
    wanted = [
        path
        for path, entry in tree.entries().items()
        if entry.mode in {"file", "executable"} and PurePosixPath(path).parts[0] not in _LEFT
    ]
    for path, data in tree.read_many(wanted):
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def claim(tree: Path, model: str, version: str | None) -> Claim:
    """What the evidence in an exported tree says, which nothing has vouched for yet.

    Raises:
        Refused: the model was never trained there, or its evidence does not fit its schema.
    """
    training = inputs.read(of_model(model, "training"), TrainingRun, tree)
    metrics = inputs.read(of_model(model, "metrics"), Metrics, tree)
    path = of_model(model, "metadata")
    metadata = inputs.read(path, Metadata, tree) if (tree / path).is_file() else None
    run = Run(
        dataset_digest=training.dataset_digest,
        prepared_digest=training.prepared_digest,
        model_digest=training.model_digest,
        metrics=metrics,
        environment=training.environment | {metrics.tool.name: metrics.tool.version},
    )
    entry = _entry(tree, training, metadata, version) if version else ()
    return Claim(training.dataset, training, metadata, run, _signs(tree, model), entry)


def _entry(
    tree: Path, training: TrainingRun, metadata: Metadata | None, version: str
) -> tuple[str, ...]:
    """Where a registry entry says something else than the evidence beside it."""
    name, dataset = training.model, training.dataset
    entry: Version = inputs.declared(f"models/{name}/versions/{version}.yaml", tree)
    pairs = {
        "model": (entry.digest, training.model_digest),
        "dataset": (entry.dataset_digest, training.dataset_digest),
        "training hash": (entry.training_hash, metadata.training_hash if metadata else None),
    }
    for stem, told in entry.evidence.items():
        places = (of_model(name, stem), of_dataset(dataset, stem))
        path = next((tree / p for p in places if stem in KINDS and (tree / p).is_file()), None)
        pairs[f"{stem}.json"] = (told, digest.of_bytes(path.read_bytes()) if path else None)
    return tuple(
        f"{what}: the entry names {digest.short(told)}, here is {digest.short(here or 'none')}"
        for what, (told, here) in pairs.items()
        if told != here
    )


def _signs(tree: Path, model: str) -> Signs:
    metrics = of_model(model, "metrics")
    named = {md5 for path, md5 in entries(tree, "dvc.lock") if path == metrics}
    return Signs(edited=named != {files.md5(tree / metrics)}, commands=_commands(tree, model))


def entries(tree: Path, name: str) -> list[tuple[str, str]]:
    """Path and MD5 of everything that `dvc.lock` or `datasets.dvc` names; none without it."""
    file = tree / name
    return list(versions.entries(file.read_bytes())) if file.is_file() else []


def _commands(tree: Path, model: str) -> Mapping[str, str]:
    """What `dvc.yaml` lets steps run that are designed otherwise."""
    file = tree / "dvc.yaml"
    loaded, _ = document.load(
        "dvc.yaml", file.read_bytes() if file.is_file() else b"", max_bytes=_MOST, tool=True
    )
    value: Any = loaded.value if loaded and isinstance(loaded.value, dict) else {}
    stages = value.get("stages")
    found = {}
    for name in STEPS:
        stage = stages.get(name, stages.get(f"{name}@{model}")) if isinstance(stages, dict) else {}
        body = stage.get("do", stage) if isinstance(stage, dict) else {}
        command = body.get("cmd") if isinstance(body, dict) else None
        if command != pipeline.BY_NAME[name].command:
            found[name] = f"`{document.shown(str(command))}`" if command else "nothing"
        elif body.get("frozen") or (isinstance(stage, dict) and stage.get("frozen")):
            found[name] = "only what it ran before, for it is frozen"
    return found


def clear(tree: Path, model: str, dataset: str) -> None:
    """Evidence and results of the run are gone, so that nothing claimed is read again.

    Raises:
        Refused: something there is no file.
    """
    for path in (of_dataset(dataset, "preparation"), of_model(model, "training")):
        folder = (tree / path).parent
        for _, file in list(files.folder(folder)):
            if file.is_symlink() or not file.is_file():
                msg = f"{file.relative_to(tree)} is no file"
                raise Refused(msg)
            file.unlink()
