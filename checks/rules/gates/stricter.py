"""A model's own bounds are stricter than the policy's.

Demands: a bound in `model.yaml` on a metric the policy bounds lets nothing through that the
    policy stops.
Why: what the organisation demands cannot be waived by the one it is demanded of.
Fix: tighten the bound, or remove it.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, Law
from governance.finding import Finding
from governance.gates import Gates
from governance.model import Model


def evaluate(declarations: Declarations, law: Law) -> Iterator[Finding]:
    gates = law.declarations.one(Gates, "gates").value
    for model in declarations.all(Model):
        task = gates.task(model.value.task)
        for part in ("performance", "fairness", "champion", "slices"):
            for index, own in enumerate(getattr(model.value.gates, part)):
                for bound in getattr(task, part):
                    same = getattr(bound, "by", None) in {None, getattr(own, "by", None)}
                    if same and bound.metric == own.metric and own.loosens(bound):
                        problem = f"{own} is looser than the policy's {bound}"
                        fix = "tighten it, or remove it"
                        yield Finding(model.at("gates", part, index), problem, fix)
