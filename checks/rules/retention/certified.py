"""Every removal that was carried out is proved.

Demands: each tombstone belongs to a recorded removal, erases no file that its record does not
    name, and stands in a certificate that found nothing left in any place.
Why: deletion of data is evidence as well: whoever asks must be shown what went, where, on whose
    word, and that nothing stayed (CDR Rules 1.18; ML Governance and Release Policies, Privacy,
    Retention, and Compliance).
Fix: finish the removal: `charter retention apply ID`, or `charter erase` with the identifier.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.finding import Finding, NotApplicable
from governance.records import Certificate, Removal, Tombstone


def evaluate(declarations: Declarations) -> Iterator[Finding | NotApplicable]:
    stones = declarations.all(Tombstone)
    certificates = declarations.all(Certificate)
    if not stones and not certificates:
        yield NotApplicable("nothing was ever erased")
        return
    removals = {found.value.id: found.value for found in declarations.all(Removal)}
    proved = {path for found in certificates for path in found.value.tombstones}
    for stone in stones:
        yield from _stone(stone, removals, proved)
    known = {stone.path for stone in stones}
    for found in certificates:
        if found.value.removal not in removals:
            problem = f"no removal is called {found.value.removal}"
            yield Finding(found.at("removal"), problem, "restore its record")
        for index, path in enumerate(found.value.tombstones):
            if path not in known:
                problem = f"{path} is missing: what was erased is not refused any more"
                yield Finding(found.at("tombstones", index), problem, "restore it")
        for index, place in enumerate(found.value.searched):
            if place.left:
                problem = f"{place.left} objects are left in {place.place}"
                fix = "delete them: charter store sweep --delete"
                yield Finding(found.at("searched", index, "left"), problem, fix)


def _stone(
    stone: Declared[Tombstone], removals: dict[str, Removal], proved: set[str]
) -> Iterator[Finding]:
    removal = removals.get(stone.value.removal)
    if removal is None:
        problem = f"no removal is called {stone.value.removal}"
        yield Finding(stone.at("removal"), problem, "erase with `charter erase` only")
        return
    named = {(f.dataset, f.path, f.sha256, f.rows) for f in removal.files}
    for index, erased in enumerate(stone.value.files):
        if (stone.value.dataset, erased.path, erased.sha256, erased.rows) not in named:
            problem = f"{erased.path}: {erased.rows} rows of it are not part of {removal.id}"
            fix = "nobody approved that; restore the file and plan a removal"
            yield Finding(stone.at("files", index), problem, fix)
    if stone.path not in proved:
        problem = f"no certificate proves what became of {stone.value.dataset}"
        fix = f"finish it: charter retention apply {removal.id}; then commit records/certificates"
        yield Finding(stone.at("removal"), problem, fix)
