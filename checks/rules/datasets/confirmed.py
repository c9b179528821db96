"""A steward confirmed the data before they were trained on.

Demands: for every dataset that a model in the tree was trained on, the approvals that the rules
    about `lands-data` ask for, signed over the dataset's digest as it stands, by people who did
    not land it. A confirmation follows the bytes: it does not end with time.
Why: stewards confirm privacy before training commences (ML Governance and Release Policies, Roles
    and Responsibilities; Approval Gates).
Fix: read the contract and the landing records, then
    `charter approve dataset:NAME --role data-steward --because "…"`.
"""

from collections.abc import Iterator

from governance import digest
from governance.confirmation import Confirmations
from governance.evidence import TrainingRun
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place


def evaluate(evidence: Evidence, confirmations: Confirmations) -> Iterator[Finding | NotApplicable]:
    trained = {
        run.dataset: path
        for path, run in sorted(evidence.files.items(), reverse=True)
        if isinstance(run, TrainingRun)
    }
    if not trained:
        yield NotApplicable("nothing was trained")
    for name, path in sorted(trained.items()):
        found = confirmations.by_subject.get(f"dataset:{name}")
        if found is None:
            continue  # `runs/metadata` speaks of evidence about no dataset
        if not found.satisfied:
            problem = f"{name} at {digest.short(found.digest)} was trained on unconfirmed"
            notes = [f"ignored: {ignored}" for ignored in found.ignored]
            yield Finding(
                Place(path, ("dataset_digest",)), f"{problem}: {'; '.join(found.lacking)}",
                found.fix, tuple(notes),
            )  # fmt: skip
