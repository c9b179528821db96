"""Each model reaches the bounds of its task and its own.

Demands: every bound of the base's `policies/gates.yaml`, of the tree's own, and of the model
    passes on the measured metrics. Where the rows are too few to tell, the board has decided on
    the version with exactly this evidence.
Why: owners sign off on evaluation metrics, and bias is tested (ML Governance and Release
    Policies; IE-MGP-2025.01 §3).
Fix: improve the model or its data, evaluate on more rows, or have the board decide with
    `charter decide model:NAME@VERSION`; a bound is loosened only by those who own the policy.
"""

from collections.abc import Iterator

from governance.bounds import SliceBound
from governance.catalogue import Declarations, Law
from governance.decision import SignedOpinions
from governance.declaration import Declared
from governance.evidence import Metrics, of_model
from governance.facts import Evidence, Subjects
from governance.finding import Finding, NotApplicable, Place, Verdict
from governance.gates import GateResult, Gates, demanded
from governance.model import Model
from governance.records import Decision
from governance.settled import by_version
from governance.version import Version


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, known: Subjects, signed: SignedOpinions
) -> Iterator[Finding | NotApplicable]:
    policies = [d.one(Gates, "gates").value for d in (declarations, law.declarations)]
    versions, decisions = declarations.all(Version), declarations.all(Decision)
    judged = 0
    for declared in declarations.all(Model):
        model = declared.value
        metrics = found.files.get(of_model(model.name, "metrics"))
        if not isinstance(metrics, Metrics):
            continue  # runs/complete or runs/readable speaks of it
        judged += 1
        bounds = demanded(model, *policies)
        results = bounds.judge(metrics, model.protected)
        decided = by_version(model.name, versions, decisions, signed, known, found)
        for result in results:
            if not result.verdict.green:
                yield _told(model.name, result, decided)
    if not judged:
        yield NotApplicable("no model was evaluated")


def _told(model: str, result: GateResult, decided: Declared[Decision] | None) -> Finding:
    place = Place(of_model(model, "metrics"), _route(result))
    problem, fix = f"{model}: {result}", "improve the model or its data"
    if result.verdict is not Verdict.INCONCLUSIVE:
        return Finding(place, problem, fix, verdict=result.verdict)
    if decided is not None:
        note = f"settled by {decided.path}: {decided.value.rationale}"
        fix = "nothing, while the evidence stays as it is"
        return Finding(place, problem, fix, (note,), verdict=Verdict.PASS)
    fix = "evaluate on more rows, or ask for a recorded decision"
    return Finding(place, problem, fix, verdict=result.verdict)


def _route(result: GateResult) -> tuple[str, ...]:
    """Where the metrics say what was judged."""
    if isinstance(result.threshold, SliceBound):
        return ("slices", *(result.group or "").split(" = ", 1))
    part = "fairness" if result.group else "performance"
    return (part, result.group or result.threshold.metric)
