"""Every evidence file fits its published schema.

Demands: each JSON file below `artifacts/ml/` is unambiguous JSON and fits the schema of its
    kind in `schemas/evidence/`.
Why: evidence nobody can read proves nothing.
Fix: run the step that writes it; evidence is never edited by hand.
"""

from collections.abc import Iterator

from governance.evidence import ROOT
from governance.facts import Evidence, Files
from governance.finding import Finding, NotApplicable, Place


def evaluate(files: Files, found: Evidence) -> Iterator[Finding | NotApplicable]:
    yield from found.problems
    paths = [path for path in files.below(ROOT) if path.endswith(".json")]
    for path in paths:
        if path not in found.files and path not in found.broken:
            yield Finding(Place(path, line=1), "no evidence of this name exists", "delete the file")
    if not paths:
        yield NotApplicable("nothing has run yet")
