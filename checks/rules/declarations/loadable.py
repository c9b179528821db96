"""Every declaration loads, and means one thing.

Demands: each file below `policies/`, `models/` and `records/` is YAML that no two programs
    read differently, stands where its kind belongs, and fits the schema of the kind.
Why: what a reviewer reads and what the machine obeys must be the same (IE-MGP-2025.01 §1).
Fix: correct the line; an editor that reads `schemas/` marks most of these while you type.
"""

from collections.abc import Iterator

from governance.facts import Refusals
from governance.finding import Finding


def evaluate(refusals: Refusals) -> Iterator[Finding]:
    yield from refusals.findings
