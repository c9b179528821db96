"""Every path in the approval rules matches something.

Demands: each pattern in `when` matches a file of the repository or of a case in
    `policies/cases`, or a place where every repository has some; no freed pattern matches only
    what can never be free.
Why: a mistyped pattern takes a seat away without a sound.
Fix: correct the pattern, or add a case that shows what it is for.
"""

from collections.abc import Iterator

from governance import glob
from governance.approvals import Approvals, When
from governance.catalogue import KINDS, Declarations
from governance.declaration import Declared
from governance.facts import Files
from governance.finding import Finding, Route
from governance.policy_case import PolicyCase

PLACES = ("dvc.lock", "dvc.yaml", "datasets.dvc", "artifacts/ml/x", "data/ml/training/x/x")


def evaluate(declarations: Declarations, files: Files) -> Iterator[Finding]:
    declared = declarations.one(Approvals, "approvals")
    known = {*files.modes, *PLACES, *(kind.example for kind in KINDS)}
    for case in declarations.all(PolicyCase):
        known |= {*case.value.change.added, *case.value.change.edited, *case.value.change.removed}
    for index, rule in enumerate(declared.value.rules):
        yield from _dead(declared, ("rules", index, "when"), rule.when, known)
    for index, free in enumerate(declared.value.free):
        for number, pattern in enumerate(free.paths):
            found = [path for path in known if glob.matches(pattern, path)]
            if found and not any(map(declared.value.is_free, found)):
                problem = f"{pattern} frees nothing: what it matches decides over other things"
                fix = "take it out, and say with a rule who approves such changes"
                yield Finding(declared.at("free", index, "paths", number), problem, fix)


def _dead(
    declared: Declared[Approvals], route: Route, when: When, known: set[str]
) -> Iterator[Finding]:
    for index, pattern in enumerate(when.paths or ()):
        if not any(map(glob.compiled(pattern).fullmatch, known)):
            problem = f"{pattern} matches none of {len(known)} files"
            fix = "correct the pattern, or show what it is for with a case in policies/cases"
            yield Finding(declared.at(*route, "paths", index), problem, fix)
    for key in ("any", "all"):
        for index, inner in enumerate(getattr(when, key) or ()):
            yield from _dead(declared, (*route, key, index), inner, known)
    if when.not_ is not None:
        yield from _dead(declared, (*route, "not"), when.not_, known)
