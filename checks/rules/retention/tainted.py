"""No model is in use that was trained on rows that were erased.

Demands: no training that a certificate calls tainted is the present one of a model, or that of a
    version a rollout serves or would roll back to.
Why: deleting rows does not make a model forget them; a person's right reaches what was learned
    from their data until it is learned anew (GDPR Art. 17; ML Governance and Release Policies,
    Privacy, Retention, and Compliance).
Fix: `charter retrain`, then release the new version; or waive this rule for the file, with a
    reason and a last day.
"""

from collections.abc import Iterator

from governance import evidence
from governance.catalogue import Declarations
from governance.evidence import Metadata
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.records import Certificate
from governance.release import Rollout
from governance.version import Version


def evaluate(declarations: Declarations, found: Evidence) -> Iterator[Finding | NotApplicable]:
    certificates = declarations.all(Certificate)
    if not certificates:
        yield NotApplicable("nothing was ever erased")
        return
    tainted = {
        (model.model, model.training_hash): certificate.value.removal
        for certificate in certificates
        for model in certificate.value.tainted
    }
    for path, report in sorted(found.files.items()):
        if isinstance(report, Metadata):
            removal = tainted.get((report.model, report.training_hash))
            if removal is not None and path == evidence.of_model(report.model, "metadata"):
                problem = f"{report.model} was trained on rows that {removal} erased"
                yield Finding(Place(path, ("training_hash",)), problem, "run `charter retrain`")
    versions = {
        (one.value.model, one.value.version): one.value for one in declarations.all(Version)
    }
    for rollout in declarations.all(Rollout):
        for field in ("version", "rollback_to"):
            version = versions.get((rollout.value.model, getattr(rollout.value, field)))
            if version is None:
                continue
            removal = tainted.get((version.model, version.training_hash))
            if removal is not None:
                problem = f"{version.version} was trained on rows that {removal} erased"
                fix = "retrain, register and roll out a version without them"
                yield Finding(rollout.at(field), problem, fix)
