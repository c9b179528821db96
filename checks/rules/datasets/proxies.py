"""No feature that a model reads gives a protected attribute away.

Demands: the strength of each feature as a proxy, as the bias report measures it, stays within
    `proxy_at_most`; a waiver on the model lets its features pass.
Why: leaving an attribute out does not help when another column tells it (IE-MGP-2025.01 §2).
Fix: leave the feature out, generalise it, or have a waiver merged first.
"""

from collections.abc import Iterator

from governance import waivers
from governance.catalogue import Declarations, Law
from governance.evidence import BiasScan, of_dataset
from governance.facts import Evidence, Now
from governance.finding import Finding, NotApplicable
from governance.gates import Gates
from governance.model import Model
from governance.records import Waiver

RULE = "datasets/proxies"


def evaluate(
    declarations: Declarations, law: Law, found: Evidence, now: Now
) -> Iterator[Finding | NotApplicable]:
    sides = (declarations, law.declarations)
    most = min(side.one(Gates, "gates").value.bias.proxy_at_most for side in sides)
    given = [waiver.value for waiver in law.declarations.all(Waiver)]
    judged = 0
    for model in declarations.all(Model):
        scan = found.files.get(of_dataset(model.value.dataset, "bias"))
        if not isinstance(scan, BiasScan):
            continue
        judged += 1
        if waivers.standing(given, RULE, model.path, now.day):
            continue
        for attribute in model.value.protected:
            about = scan.attributes.get(attribute)
            for feature in model.value.features.names:
                strength = about.proxies.get(feature, 0.0) if about else 0.0
                if strength > most:
                    problem = f"feature {feature} tells {attribute}: {strength:g}, at most {most:g}"
                    fix = f"leave it out, or have a waiver of {RULE} for {model.path} merged"
                    yield Finding(model.at("features"), problem, fix)
    if not judged:
        yield NotApplicable("no model reads a scanned dataset")
