"""The training hash can be recomputed, and the evidence of a model speaks of one model.

Demands: the hash in `metadata.json` equals the one computed from the manifest, the code, the
    parameters and the environment; every file names its own model or dataset, and the same
    model digest and dataset digest.
Why: metadata must include the training hash (ML Governance and Release Policies, Training and
    Retraining Workflow 3); a hash nobody can recompute is decoration.
Fix: run `charter retrain`; metadata is never edited by hand.
"""

from collections.abc import Iterator

from governance import pipeline
from governance.catalogue import Declarations
from governance.digest import of_value, short
from governance.evidence import (
    BiasScan,
    Metadata,
    Metrics,
    Preparation,
    PrivacyReport,
    Telemetry,
    TrainingRun,
    Validation,
    of_dataset,
    of_model,
)
from governance.facts import Contents, Evidence, Sections
from governance.finding import Finding, NotApplicable, Place, Route
from governance.index import PATH, Index
from governance.manifest import manifests

FIX = "run `charter retrain`"
_OF_DATASET = (
    ("validation", Validation), ("preparation", Preparation), ("privacy", PrivacyReport),
    ("bias", BiasScan),
)  # fmt: skip
_OF_MODEL = (("training", TrainingRun), ("metrics", Metrics), ("telemetry", Telemetry))


def evaluate(
    declarations: Declarations, found: Evidence, contents: Contents, sections: Sections
) -> Iterator[Finding | NotApplicable]:
    if PATH not in declarations.paths:
        yield NotApplicable("no dataset has landed")
        return
    index = declarations.one(Index, "index").value
    landed = manifests(declarations)
    digests = {name: landed[name].digest for name in index.datasets if name in landed}
    for name, digest in digests.items():
        yield from _dataset(name, digest, found)
    for name, entry in index.models.items():
        metadata = found.files.get(of_model(name, "metadata"))
        if isinstance(metadata, Metadata) and entry.dataset in digests:
            yield from _inputs(name, entry.dataset, digests, metadata, contents, sections)
            yield from _one_model(name, entry.dataset, metadata, found)


def _dataset(name: str, digest: str, found: Evidence) -> Iterator[Finding]:
    for stem, kind in _OF_DATASET:
        path = of_dataset(name, stem)
        report = found.files.get(path)
        if not isinstance(report, kind):
            continue
        yield from _same(path, ("dataset",), report.dataset, name)
        if report.dataset_digest != digest:
            yield from _same(path, ("dataset_digest",), report.dataset_digest, digest)
            return  # the later steps lag behind for the same reason


def _inputs(  # noqa: PLR0913 - the four inputs of a training and where they are claimed
    name: str,
    dataset: str,
    digests: dict[str, str],
    metadata: Metadata,
    contents: Contents,
    sections: Sections,
) -> Iterator[Finding]:
    path = of_model(name, "metadata")
    inputs = metadata.inputs
    recomputed = pipeline.training_hash(
        inputs.dataset, inputs.code, inputs.params, inputs.environment
    )
    if metadata.training_hash != recomputed:
        problem = "the training hash is not the digest of its inputs"
        yield Finding(Place(path, ("training_hash",)), problem, FIX)
    try:
        code = pipeline.code_digest(name, dataset, contents.sha256)
        params = pipeline.params_digest(name, dataset, sections.documents)
    except KeyError as missing:
        problem = f"the training hash cannot be recomputed: {missing} is missing"
        yield Finding(Place(path, ("inputs",)), problem, "restore it")
        return
    actual = {
        "dataset": digests[dataset],
        "code": code,
        "params": params,
        "environment": of_value(metadata.environment),
    }
    for part, value in actual.items():
        claimed = getattr(inputs, part)
        if claimed != value:
            problem = f"trained with {part} {short(claimed)}, now {short(value)}"
            yield Finding(Place(path, ("inputs", part)), problem, FIX)


def _one_model(name: str, dataset: str, metadata: Metadata, found: Evidence) -> Iterator[Finding]:
    path = of_model(name, "metadata")
    yield from _same(path, ("model",), metadata.model, name)
    yield from _same(path, ("dataset", "name"), metadata.dataset.name, dataset)
    yield from _same(path, ("dataset", "digest"), metadata.dataset.digest, metadata.inputs.dataset)
    for stem, kind in _OF_MODEL:
        other = found.files.get(of_model(name, stem))
        if isinstance(other, kind):
            yield from _same(of_model(name, stem), ("model",), other.model, name)
            yield from _same(
                of_model(name, stem), ("model_digest",), other.model_digest, metadata.model_digest
            )
    training = found.files.get(of_model(name, "training"))
    if isinstance(training, TrainingRun):
        route = ("dataset_digest",)
        at = of_model(name, "training")
        yield from _same(at, route, training.dataset_digest, metadata.inputs.dataset)
        if training.environment != metadata.environment:
            yield Finding(Place(path, ("environment",)), "not that of training.json", FIX)
    metrics = found.files.get(of_model(name, "metrics"))
    if isinstance(metrics, Metrics):
        values = {key: measure.value for key, measure in metrics.performance.items()}
        if values != metadata.metrics:
            yield Finding(Place(path, ("metrics",)), "not the key metrics of metrics.json", FIX)


def _same(path: str, route: Route, here: str, expected: str) -> Iterator[Finding]:
    if here != expected:
        problem = f"speaks of {route[0]} {short(here)}, not of {short(expected)}"
        yield Finding(Place(path, route), problem, FIX)
