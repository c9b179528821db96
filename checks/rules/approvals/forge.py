"""The forge is told what the policies say.

Demands: `.github/CODEOWNERS` and the rulesets under `.github/rulesets` are what the policies give
    today, and no second CODEOWNERS lies where a forge would read it instead.
Why: whom GitHub asks and which check it waits for decide who can merge (ML Governance and Release
    Policies, Approval Gates); a file edited by hand says something nobody approved.
Fix: run `charter forge`, commit the result, and set the rulesets as docs/forge.md says.
"""

from collections.abc import Iterator
from itertools import zip_longest

from governance.finding import Finding, Place
from governance.forge_settings import OWNERS, ForgeFiles

_LONGEST = 160
_FIX = "run `charter forge` and commit the result"


def evaluate(files: ForgeFiles) -> Iterator[Finding]:
    for path, wanted in files.expected.items():
        text = files.found.get(path)
        if text is None:
            yield Finding(Place(path), "is missing, or no plain file", _FIX)
        elif text != wanted:
            yield _differs(path, text, wanted)
    for path in files.others:
        problem = f"a second CODEOWNERS: a forge reads it instead of {OWNERS}, or ignores it"
        yield Finding(Place(path, line=1), problem, f"remove it; {OWNERS} is generated")


def _differs(path: str, text: str, wanted: str) -> Finding:
    pairs = zip_longest(text.split("\n"), wanted.split("\n"))
    line, should = next((n, b) for n, (a, b) in enumerate(pairs, start=1) if a != b)
    place = Place(path, line=min(line, text.count("\n") + 1))
    if not should:  # no generated file holds an empty line
        return Finding(place, "goes on where it should end", _FIX)
    shown = should if len(should) <= _LONGEST else f"{should[:_LONGEST]}…"
    return Finding(place, f"line {line} should be `{shown}`", _FIX)
