"""Data stay out of Git.

Demands: no file below `data/ml/training/`, no prepared file and no model file is one of Git's.
Why: what was once committed cannot be erased, and DVC refuses to keep what Git keeps.
Fix: `git rm --cached` it and keep the patterns of the template's `.gitignore`; rewrite history
    when the rows are real.
"""

import re
from collections.abc import Iterator

from governance.evidence import ROOT
from governance.facts import Files
from governance.finding import Finding, Place
from governance.pipeline import DATA

_HELD = re.compile(
    rf"{DATA}/[^/]+/.+|{ROOT}/datasets/[^/]+/prepared/.+|{ROOT}/models/[^/]+/model/.+"
)


def evaluate(files: Files) -> Iterator[Finding]:
    for path in sorted(files.modes):
        if _HELD.fullmatch(path):
            problem = "the file is in Git, or would be with the next `git add`"
            fix = f"git rm --cached {path}; name it in .gitignore"
            yield Finding(Place(path, line=1), problem, fix)
