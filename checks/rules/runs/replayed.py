"""No failed replay stands unexplained, and versions were replayed where the registry asks for it.

Demands: a replay of the bytes of a model or version that failed is followed by one that passed
    and names its cause; with `demands: [replay]` in the base's `policies/registry.yaml`, every
    version was replayed.
Why: models are reproducible (IE-MGP-2025.01, Purpose; §3, Model Registry), and a check that is
    run again until it is green proves nothing.
Fix: find out why it failed; then `charter replay MODEL --explain ID=CAUSE`, and commit its record.
"""

from collections.abc import Iterator

from governance.attestation import Attestations
from governance.catalogue import Declarations, Law
from governance.evidence import TrainingRun, of_model
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.registry import Registry
from governance.replayed import lacks
from governance.version import Version


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, attestations: Attestations
) -> Iterator[Finding | NotApplicable]:
    demanded = "replay" in law.declarations.one(Registry, "registry").value.demands
    known: dict[str, tuple[Place, str, bool]] = {}
    for entry in declarations.all(Version):
        name = f"{entry.value.model}@{entry.value.version}"
        known[entry.value.digest] = (entry.at("digest"), name, True)
    for report in found.files.values():
        if isinstance(report, TrainingRun):
            place = Place(of_model(report.model, "training"), ("model_digest",))
            known.setdefault(report.model_digest, (place, report.model, False))
    if not known:
        yield NotApplicable("nothing was trained yet")
    for digest, (place, name, registered) in known.items():
        for problem, record in lacks(digest, attestations, demanded=demanded and registered):
            explain = f" --explain {record.rpartition('/')[2][:-5]}=CAUSE" if record else ""
            at = Place(record, ("envelope",)) if record else place
            yield Finding(at, problem, f"charter replay {name}{explain}, and commit its record")
