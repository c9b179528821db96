"""Models were trained with the locked libraries.

Demands: each library version recorded at training equals that of `locks/runtime.txt`.
Why: the lock is what serves and replays the model; other versions may predict otherwise.
Fix: run `charter retrain --force MODEL` in an environment made from the lock.
"""

from collections.abc import Iterator

from governance.evidence import Metadata, of_model
from governance.facts import Evidence, Locked
from governance.finding import Finding, NotApplicable, Place


def evaluate(found: Evidence, locked: Locked) -> Iterator[Finding | NotApplicable]:
    trained = any(isinstance(report, Metadata) for report in found.files.values())
    if not locked.versions:
        if trained:
            problem = "the runtime lock is missing, and models were trained"
            fix = "restore it: it says which libraries serve and replay them"
            yield Finding(Place("locks/runtime.txt", line=1), problem, fix)
        else:
            yield NotApplicable("nothing was trained yet")
        return
    for path, metadata in found.files.items():
        if not isinstance(metadata, Metadata) or path != of_model(metadata.model, "metadata"):
            continue
        for library, version in sorted(metadata.environment.items()):
            pins = locked.versions.get(library)
            if pins is None and library != "python":
                problem = f"trained with {library} {version}, which the lock does not name"
                fix = "restore the line of locks/runtime.txt"
                yield Finding(Place(path, ("environment", library)), problem, fix)
            elif pins is not None and version not in pins.split("|"):
                problem = f"trained with {library} {version}; the lock has {pins}"
                fix = f"run `charter retrain --force {metadata.model}`"
                yield Finding(Place(path, ("environment", library)), problem, fix)
