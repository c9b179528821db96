"""What a version is made of: the model's bytes and evidence, as they stand and as they should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from adapters import files, git, modelfile
from governance import pipeline, registration
from governance.digest import short
from governance.evidence import FileFacts, Metadata, TrainingRun, of_model
from governance.model import Model
from governance.version import ModelFile
from pipelines import inputs, registry_entry, registry_store
from pipelines.confirmed import Base
from pipelines.inputs import Refused
from pipelines.record import training_inputs

EVIDENCE: Final = ("metadata", "metrics", "provenance", "telemetry", "training")
"""Evidence files of a model that its entry names by digest."""


def hashed(root: Path, model: str) -> tuple[str, tuple[FileFacts, ...]]:
    """Root digest and files of the model in the work tree.

    Raises:
        Refused: it is not here.
    """
    folder = registry_store.model_folder(root, model)
    if not folder.is_dir():
        where = folder.relative_to(root).as_posix()
        raise Refused(f"{where} is not here\n  fix: dvc pull {where}")
    return modelfile.digest(folder)


def wrong_bytes(
    law: Base, metadata: Metadata, seen: str, facts: tuple[FileFacts, ...]
) -> Iterator[str]:  # fmt: skip
    """What is wrong with the model's files."""
    where = registry_store.model_folder(Path(), metadata.model).as_posix()
    if seen != metadata.model_digest:
        yield (
            f"{where}: {short(seen)}, but the evidence is about {short(metadata.model_digest)}\n"
            f"  fix: dvc checkout --force {where}, or charter retrain"
        )
    limit = registry_entry.policy(law).maximum_model_bytes
    if (size := sum(fact.bytes for fact in facts)) > limit:
        yield (
            f"{where}: {size:,} bytes, the registry takes {limit:,} (maximum_model_bytes)\n"
            "  fix: train a smaller model, or have policies/registry.yaml raised"
        )
    for fact in facts:
        if fact.path == registration.MANIFEST or not _nameable(fact.path):
            yield (
                f"{where}/{fact.path!r}: no name for a file of a model\n"
                "  fix: use letters, digits, dots, dashes and underscores, and not manifest.json"
            )


def _nameable(path: str) -> bool:
    try:
        ModelFile(path=path, bytes=0, sha256="0" * 64)
    except ValidationError:
        return False
    return True


def stale(root: Path, model: str, metadata: Metadata) -> Iterator[str]:
    """What the evidence of a model says that is not so any more, or is not committed."""
    declared: Model = inputs.declared(f"models/{model}/model.yaml", root)
    training = inputs.read(of_model(model, "training"), TrainingRun, root)
    actual = training_inputs(model, declared.dataset, training, root)
    actual = actual.model_copy(update={"dataset": inputs.manifest(declared.dataset, root).digest})
    where = of_model(model, "metadata")
    for part, value in actual.model_dump().items():
        claimed = getattr(metadata.inputs, part)
        if claimed != value:
            yield (
                f"{where}: trained with {part} {short(claimed)}, now {short(value)}\n"
                "  fix: charter retrain"
            )
    own = metadata.inputs
    if metadata.training_hash != pipeline.training_hash(
        own.dataset, own.code, own.params, own.environment
    ):
        yield f"{where}: its training hash is not that of its inputs\n  fix: charter retrain"
    folder = f"{Path(where).parent.as_posix()}/"
    changed = [
        path for path in git.changed(root)
        if path.startswith((folder, f"models/{model}/model.yaml", "dvc.lock"))
    ]  # fmt: skip
    if changed:
        yield f"not committed: {', '.join(changed)}\n  fix: git add and git commit, then register"


def evidence(root: Path, model: str) -> dict[str, str]:
    """Digest of each evidence file that is there, by its stem."""
    paths = {stem: root / of_model(model, stem) for stem in EVIDENCE}
    return {stem: f"sha256:{files.sha256(path)}" for stem, path in paths.items() if path.is_file()}
