"""Each model reaches the bounds of its task and its own.

Demands: every bound of the base's `policies/gates.yaml`, of the tree's own, and of the model
    passes on the measured metrics; too few rows make it inconclusive.
Why: owners sign off on evaluation metrics, and bias is tested (ML Governance and Release
    Policies; IE-MGP-2025.01 §3).
Fix: improve the model or its data; a bound is loosened only by those who own the policy.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, Law
from governance.evidence import Metrics, of_model
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable, Place, Verdict
from governance.gates import Gates, judge
from governance.model import Model


def evaluate(
    declarations: Declarations, law: Law, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    own = declarations.one(Gates, "gates").value
    base = law.declarations.one(Gates, "gates").value
    judged = 0
    for model in declarations.all(Model):
        path = of_model(model.value.name, "metrics")
        metrics = found.files.get(path)
        if not isinstance(metrics, Metrics):
            continue  # runs/complete or runs/readable speaks of it
        judged += 1
        policies = {gates.task(model.value.task) for gates in (own, base)}
        performance = {b for p in policies for b in p.performance} | set(
            model.value.gates.performance
        )
        fairness = {b for p in policies for b in p.fairness} | set(model.value.gates.fairness)
        bounds = sorted(performance, key=str), sorted(fairness, key=str)
        results = judge(*bounds, metrics, model.value.protected)
        for result in results:
            if result.verdict.green:
                continue
            part = "fairness" if result.group else "performance"
            key = result.group or result.threshold.metric
            about = f" by {result.group}" if result.group else ""
            problem = f"{model.value.name}: {result.threshold}{about}: {result.measured}"
            fix = "improve the model or its data"
            if result.verdict is Verdict.INCONCLUSIVE:
                problem += f"; too few rows, {result.threshold.minimum_rows} are needed"
                fix = "evaluate on more rows, or ask for a recorded decision"
            yield Finding(Place(path, (part, key)), problem, fix, verdict=result.verdict)
    if not judged:
        yield NotApplicable("no model was evaluated")
