"""The newest retraining is that of this tree.

Demands: `artifacts/ml/last_retrain.json` is there, ended well, keeps its seal, and names the
    lock, datasets, parameters and models that stand here. The commit it started from need
    not be in this history: a squash merge leaves it out.
Why: the retraining workflow captures provenance in this file (ML Governance and Release
    Policies, Training and Retraining Workflow 2).
Fix: run `charter retrain` and commit what it wrote.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.digest import of_value, short
from governance.evidence import LAST_RETRAIN, LastRetrain, Metadata, of_model
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.index import PATH, Index
from governance.manifest import manifests

FIX = "run `charter retrain` and commit what it wrote"


def evaluate(declarations: Declarations, found: Evidence) -> Iterator[Finding | NotApplicable]:
    if PATH not in declarations.paths:
        yield NotApplicable("no dataset has landed")
        return
    index = declarations.one(Index, "index").value
    if LAST_RETRAIN in found.broken:
        return  # runs/readable speaks of it
    last = found.files.get(LAST_RETRAIN)
    if not isinstance(last, LastRetrain):
        if index.models:
            yield Finding(Place(LAST_RETRAIN, line=1), "the file is missing", FIX)
        else:
            yield NotApplicable("no model is ready to train")
        return
    yield from _run(last, found)
    yield from _results(last, declarations, index, found)
    if index.models.keys() <= last.models.keys():
        yield from _inputs(last, found)


def _run(last: LastRetrain, found: Evidence) -> Iterator[Finding]:
    if last.exit_code:
        problem = f"the newest retraining ended with exit code {last.exit_code}"
        yield Finding(Place(LAST_RETRAIN, ("exit_code",)), problem, FIX)
    if last.seal != last.sealed():
        problem = "the seal is not that of the other fields: one was edited by hand"
        yield Finding(Place(LAST_RETRAIN, ("seal",)), problem, FIX)
    lock = found.digests.get("dvc.lock")
    if last.lock_digest != lock:
        problem = f"names dvc.lock {short(last.lock_digest)}, here it is {short(lock or 'absent')}"
        yield Finding(Place(LAST_RETRAIN, ("lock_digest",)), problem, FIX)


def _results(
    last: LastRetrain, declarations: Declarations, index: Index, found: Evidence
) -> Iterator[Finding]:
    for name, manifest in manifests(declarations).items():
        if name in index.datasets and last.datasets.get(name) != manifest.digest:
            trained = short(last.datasets.get(name, "none"))
            problem = f"dataset {name} is {short(manifest.digest)}; the run saw {trained}"
            yield Finding(Place(LAST_RETRAIN, ("datasets", name)), problem, FIX)
    for name in index.models:
        metadata = found.files.get(of_model(name, "metadata"))
        seen = last.models.get(name)
        place = Place(LAST_RETRAIN, ("models", name))
        if seen is None:
            yield Finding(place, f"model {name} was not part of it", FIX)
        elif isinstance(metadata, Metadata):
            here = (metadata.training_hash, metadata.model_digest)
            if (seen.training_hash, seen.model_digest) != here:
                yield Finding(place, f"model {name} is another one in its metadata", FIX)


def _inputs(last: LastRetrain, found: Evidence) -> Iterator[Finding]:
    trained = {name: found.files.get(of_model(name, "metadata")) for name in last.models}
    inputs = {name: m.inputs for name, m in trained.items() if isinstance(m, Metadata)}
    for part in ("params", "environment"):
        here = of_value({name: getattr(digests, part) for name, digests in inputs.items()})
        named = getattr(last, f"{part}_digest")
        if named != here and len(inputs) == len(trained):
            problem = f"names {part} {short(named)}, the metadata have {short(here)}"
            yield Finding(Place(LAST_RETRAIN, (f"{part}_digest",)), problem, FIX)
