"""Nothing DVC should hash is ignored.

Demands: no `.dvcignore` outside the top folder, and no line in it that could hide data,
    records, code or results.
Why: an ignored file is read by the training command and missing from its hash.
Fix: remove the line; keep stray files out of the data folders instead.
"""

from collections.abc import Iterator

from governance.facts import Files, Pipeline
from governance.finding import Finding, Place

HARMLESS = frozenset({"/.venv/", "/.venv", "/.git/", ".DS_Store", "__pycache__/", "*.pyc"})


def evaluate(files: Files, dvc: Pipeline) -> Iterator[Finding]:
    for path in files.modes:
        if path.rsplit("/", 1)[-1] == ".dvcignore" and path != ".dvcignore":
            yield Finding(Place(path, line=1), "a .dvcignore below the top", "delete it")
    for number, line in dvc.ignore:
        if line not in HARMLESS:
            fix = f"remove it; harmless lines are {', '.join(sorted(HARMLESS))}"
            yield Finding(Place(".dvcignore", line=number), f"`{line}` may hide data", fix)
