"""Bias reports come from an approved tool.

Demands: name and version of the tool behind each bias report and each metrics file stand in
    `policies/approved_tools.yaml`.
Why: data sets are scanned with approved bias detection tools (IE-MGP-2025.01 §2).
Fix: install the approved version and retrain, or have the new version approved.
"""

from collections.abc import Iterator

from governance.catalogue import Law
from governance.evidence import BiasScan, Metrics
from governance.facts import Evidence
from governance.finding import Finding, Place
from governance.tools import ApprovedTools


def evaluate(law: Law, found: Evidence) -> Iterator[Finding]:
    approved = law.declarations.one(ApprovedTools, "approved_tools").value
    for path, report in found.files.items():
        if isinstance(report, BiasScan | Metrics):
            tool = report.tool
            if not approved.approved(tool.name, tool.version, "bias-detection"):
                problem = f"{tool.name} {tool.version} is not approved for bias detection"
                fix = "install the approved version and run `charter retrain`"
                yield Finding(Place(path, ("tool", "version")), problem, fix)
