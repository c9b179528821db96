"""A landed file is never landed again.

Demands: no two files that were ever landed in a dataset have the same path, or the same bytes.
Why: the same name must never stand for other bytes (IE-MGP-2025.01 §2, immutably stored), and
    bytes that count twice make every sample look larger than it is.
Fix: land corrected data under a new name; do not land a copy.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.finding import Finding
from governance.records import Landing


def evaluate(declarations: Declarations) -> Iterator[Finding]:
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
