"""Every dataset and model of the index left its evidence.

Demands: validation, preparation, privacy and bias report per dataset; training, metrics, metadata,
    provenance and telemetry snapshot per model.
Why: retraining must produce metadata and a snapshot (ML Governance and Release Policies,
    Training and Retraining Workflow 3 and 4).
Fix: run `charter retrain` and commit `artifacts/ml/`.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.evidence import ROOT, of_dataset, of_model
from governance.facts import Files
from governance.finding import Finding, NotApplicable, Place
from governance.index import PATH, Index

_DATASET = ("validation", "preparation", "privacy", "bias")
_MODEL = ("training", "metrics", "metadata", "provenance", "telemetry")


def evaluate(declarations: Declarations, files: Files) -> Iterator[Finding | NotApplicable]:
    if PATH not in declarations.paths:
        yield NotApplicable("no dataset has landed")
        return
    index = declarations.one(Index, "index")
    known = {"datasets": set(index.value.datasets), "models": set(index.value.models)}
    for path in files.below(ROOT):
        part, _, rest = path.removeprefix(f"{ROOT}/").partition("/")
        name = rest.partition("/")[0]
        if part in known and name not in known[part] and path.endswith(".json"):
            problem = f"evidence of {name}, which is not in the index"
            yield Finding(Place(path, line=1), problem, "delete it, or declare what it speaks of")
    fix = "run `charter retrain` and commit artifacts/ml/"
    for name in index.value.datasets:
        for stem in _DATASET:
            if of_dataset(name, stem) not in files:
                problem = f"dataset {name} has no {stem} report"
                yield Finding(index.at("datasets", name), problem, fix)
    for name in index.value.models:
        for stem in _MODEL:
            if of_model(name, stem) not in files:
                problem = f"model {name} has no {stem} evidence"
                yield Finding(index.at("models", name), problem, fix)
