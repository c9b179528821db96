"""Whether a dataset is fit to be confirmed: what the rules about data say of it as committed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks import engine
from checks.collect import Collector
from cli.target import Target
from governance.finding import Finding

_RULES = ("datasets", "retention")
_ASKED_HERE = "datasets/confirmed"


def unfit(target: Target) -> Iterator[str]:
    """Each reason why a steward should not confirm the dataset; none for another subject.

    Privacy and retention have to be in order when the data are signed for, not only when they are
    used.
    """
    if not target.subject.startswith("dataset:"):
        return
    asked = [rule for rule in engine.select(_RULES) if rule.id != _ASKED_HERE]
    judgement = engine.judge(Collector(target.situation), asked)
    for rule, finding in judgement.findings:
        if _about(finding, target.name):
            yield f"{finding.at}: {finding.problem}  [{rule}]"
    for result in judgement.results:
        if result.verdict == "error":
            yield f"{result.rule} could not be judged: {result.reason}"


def _about(finding: Finding, name: str) -> bool:
    path = finding.at.path
    own = (f"records/landings/{name}/", f"artifacts/ml/datasets/{name}/")
    spoken = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", finding.problem)
    return path == f"policies/datasets/{name}.yaml" or path.startswith(own) or bool(spoken)
