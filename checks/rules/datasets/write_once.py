"""A landed file is never landed again, and only an erasure puts another in its place.

Demands: no two files that were ever landed in a dataset have the same path, or the same bytes;
    a tombstone stands for bytes that were landed, once, and leaves their path as it is.
Why: the same name must never stand for other bytes (IE-MGP-2025.01 §2, immutably stored), and
    bytes that count twice make every sample look larger than it is.
Fix: land corrected data under a new name; do not land a copy; let an erasure write its tombstones.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.finding import Finding
from governance.records import Landing, Tombstone


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    yield from _landed(declarations)
    yield from _erased(declarations)


def _landed(declarations: Declarations) -> Iterator[Finding]:
    first: dict[tuple[str, str], tuple[str, int]] = {}
    bytes_: dict[tuple[str, str], str] = {}
    landings = sorted(declarations.all(Landing), key=lambda found: (found.value.at, found.path))
    for landing in landings:
        for index, file in enumerate(landing.value.files):
            key = (landing.value.dataset, file.path.casefold())
            earlier, _ = own = first.setdefault(key, (landing.path, index))
            if own != (landing.path, index):
                problem = f"{file.path} was landed before, by {earlier}"
                yield Finding(landing.at("files", index, "path"), problem, "use a new name")
                continue
            twin = bytes_.setdefault((landing.value.dataset, file.sha256), file.path)
            if twin != file.path:
                problem = f"{file.path} is a copy of {twin}: its rows count twice"
                place = landing.at("files", index, "sha256")
                yield Finding(place, problem, "take the copy out of the dataset")


def _erased(declarations: Declarations) -> Iterator[Finding]:
    """Each replacement has to take the place of what stood there before it."""
    standing = {
        (landing.value.dataset, file.path): file.sha256
        for landing in declarations.all(Landing)
        for file in landing.value.files
    }
    stones = sorted(declarations.all(Tombstone), key=lambda found: (found.value.at, found.path))
    for stone in stones:
        for index, erased in enumerate(stone.value.files):
            key, place = (stone.value.dataset, erased.path), stone.at("files", index)
            held = standing.get(key)
            # A file of another branch may be erased here before it ever landed here.
            if held != erased.sha256 and not (held is None and erased.becomes is None):
                problem = f"{erased.path} did not hold these bytes when they were erased"
                fix = "name bytes that a landing or an earlier tombstone put there"
                yield Finding(place, problem, fix)
            elif erased.becomes is None:
                standing.pop(key, None)
            elif erased.becomes.path != erased.path or erased.becomes.sha256 == erased.sha256:
                problem = f"{erased.path} becomes no other bytes under its own path"
                yield Finding(place, problem, "write what is left of it under the same path")
            else:
                standing[key] = erased.becomes.sha256
