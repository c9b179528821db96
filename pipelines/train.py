"""Step `train`: fit the declared estimator on the training rows, and store it without pickle."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import clock
from governance import digest
from governance.evidence import Preparation, TrainingRun, of_dataset, of_model
from pipelines import confirmed, inputs, scanned
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract
    from governance.model import Model
    from governance.registry import Registry

LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "skops",
)
"""Libraries whose version may change a model's bytes."""


def train(name: str) -> None:
    """Fits one model and leaves its file and the facts of the run.

    Raises:
        Refused: no steward confirmed the data, they were not scanned for bias, or the declaration
            cannot be carried out.
    """
    model: Model = inputs.model(name)
    preparation = inputs.read(of_dataset(model.dataset, "preparation"), Preparation)
    _confirmed(model.dataset, preparation.dataset_digest)
    _scanned(model, preparation)
    fit(name)


def fit(name: str) -> None:
    """The same without asking whether the data may be used: a replay repeats what was done.

    Raises:
        Refused: the declaration cannot be carried out.
    """
    model: Model = inputs.model(name)
    registry: Registry = inputs.declared("policies/registry.yaml")
    contract: Contract = inputs.contract(model.dataset)
    preparation = inputs.read(of_dataset(model.dataset, "preparation"), Preparation)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(model.training.threads)

    from adapters import modelfile  # noqa: PLC0415 - numeric libraries read the threads above
    from pipelines import estimators, frames  # noqa: PLC0415

    trained, held = frames.split(model, contract)
    fitted = estimators.fit(model, registry, trained.features, trained.target)
    data = modelfile.dump(fitted)
    if unknown := modelfile.untrusted(data, registry.trusted_types):
        msg = f"{name}: the model holds types not in policies/registry.yaml: {', '.join(unknown)}"
        raise Refused(msg)
    folder = Path(of_model(name, "training")).parent / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / modelfile.NAME).write_bytes(data)
    root, facts = modelfile.digest(folder)
    report = TrainingRun(
        model=name,
        dataset=model.dataset,
        dataset_digest=preparation.dataset_digest,
        prepared_digest=digest.of_value([[f.path, f.sha256] for f in preparation.files]),
        rows_trained=len(trained.target),
        rows_held_out=len(held.target),
        params_digest=digest.of_value(model.training.model_dump(mode="json")),
        environment=environment(),
        model_digest=root,
        files=facts,
    )
    inputs.write(of_model(name, "training"), report)
    print(f"{name}: trained on {report.rows_trained:,} rows, {report.rows_held_out:,} held out;"
          f" model {digest.short(root)}")  # fmt: skip


def _confirmed(dataset: str, seen: str) -> None:
    """Nothing; those whom the law asks confirmed these bytes.

    Read at run time: a word given or taken back changes no result, so it is no dependency.
    """
    root = Path()
    found = confirmed.standing(
        root, f"dataset:{dataset}", seen, clock.now(), by=inputs.landed_by(dataset), expires=False
    )
    if not found.satisfied:
        raise Refused(
            f"{dataset} at {digest.short(seen)} is not confirmed: {'; '.join(found.lacking)}",
            *(f"  ignored: {ignored}" for ignored in found.ignored),
            f"  fix: {found.fix}",
        )


def _scanned(model: Model, preparation: Preparation) -> None:
    scanned.demand(model, preparation.dataset_digest, clock.now().date())


def environment() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a model's bytes."""
    found = {name: version(name) for name in LIBRARIES}
    return found | {"python": ".".join(platform.python_version_tuple()[:2])}


if __name__ == "__main__":
    inputs.main(train)
