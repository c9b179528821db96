"""Every version was reviewed for security, performance and bias, and no review failed.

Demands: for each review, the entry names a statement that a machine of the base signed, about
    exactly these bytes and this evidence, whose result is PASSED; one that is WARNED counts once
    the board approved this version.
Why: only models that were approved after security, performance and bias review are in the registry
    (ML Governance and Release Policies, Approval Gates; IE-MGP-2025.01 §3, Model Registry).
Fix: `charter review MODEL`, then `charter register MODEL`.
"""

from collections.abc import Iterator

from governance import digest, reviewed
from governance.attestation import Attestations
from governance.catalogue import Declarations
from governance.facts import Subjects
from governance.finding import Finding, NotApplicable, Verdict
from governance.records import Attestation, Decision
from governance.version import Version


def evaluate(
    declarations: Declarations, attestations: Attestations, subjects: Subjects
) -> Iterator[Finding | NotApplicable]:
    versions = declarations.all(Version)
    if not versions:
        yield NotApplicable("nothing is registered")
        return
    envelopes = {
        record.path: digest.of_bytes(record.value.envelope.encode())
        for record in declarations.all(Attestation)
    }
    decisions = [record.value for record in declarations.all(Decision)]
    for entry in versions:
        name = f"model:{entry.value.model}@{entry.value.version}"
        settled = reviewed.settled(name, subjects.digests.get(name, ""), decisions)
        for doubt in reviewed.doubts(entry.value, attestations, envelopes, settled=settled):
            named = doubt.review in entry.value.reviews
            at = entry.at("reviews", doubt.review) if named else entry.at("digest")
            verdict = Verdict.INCONCLUSIVE if doubt.undecided else Verdict.FAIL
            yield Finding(at, doubt.problem, doubt.fix, verdict=verdict)
