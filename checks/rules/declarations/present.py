"""No policy is missing.

Demands: each of the policy files the layout names is there.
Why: an absent policy demands nothing, so deleting one would be the easiest way past it.
Fix: restore the file from the base branch, or from the template.
"""

from collections.abc import Iterator

from governance.catalogue import KINDS, Declarations
from governance.finding import Finding, Place


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    for kind in KINDS:
        path = kind.only_path
        if kind.required and path and path not in declarations.paths:
            yield Finding(Place(path), f"{path} is missing", "restore it: no policy may be absent")
