"""The published schemas are those of the kinds.

Demands: `schemas/` holds exactly what `charter schemas` writes.
Why: an editor that reads an old schema approves what the checks refuse.
Fix: run `charter schemas` and commit the result.
"""

from collections.abc import Iterator

from governance.facts import Published
from governance.finding import Finding, NotApplicable, Place


def evaluate(published: Published) -> Iterator[Finding | NotApplicable]:
    if not published.found:
        yield NotApplicable("this repository publishes no schemas")
        return
    fix = "run `charter schemas`"
    for path, expected in published.expected.items():
        if path not in published.found:
            yield Finding(Place(path, line=1), f"{path} is missing", fix)
        elif published.found[path] != expected:
            yield Finding(Place(path, line=1), "the schema is not that of its kind", fix)
    for path in sorted(published.found.keys() - published.expected.keys()):
        if path.endswith(".json"):
            yield Finding(Place(path, line=1), "no kind has this schema", "delete the file")
