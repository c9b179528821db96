"""One DVC pointer at the top, with one entry for each landed dataset.

Demands: `datasets.dvc` is the only `.dvc` file; each landed dataset has exactly one entry
    with `hash: md5`, a `.dir` MD5, and the number of files of its manifest.
Why: DVC hashes entries without that line the old way, and a second pointer hides data from
    whoever reviews the first.
Fix: `charter land` writes the entry; delete other `.dvc` files.
"""

from collections.abc import Iterator
from typing import Any

from governance.catalogue import Declarations
from governance.facts import Files, Pipeline
from governance.finding import Finding, NotApplicable, Place
from governance.manifest import Manifest, manifests
from governance.pipeline import DATA

POINTER = "datasets.dvc"


def evaluate(
    declarations: Declarations, files: Files, dvc: Pipeline
) -> Iterator[Finding | NotApplicable]:
    for path in files.modes:
        if path.endswith(".dvc") and path != POINTER:
            yield Finding(
                Place(path, line=1), f"a pointer beside {POINTER}", f"move it into {POINTER}"
            )
    expected = manifests(declarations)
    outs = dvc.pointer.get("outs")
    entries = outs if isinstance(outs, list) else []
    if not expected and not entries:
        yield NotApplicable("no dataset has landed")
        return
    for key in sorted(dvc.pointer.keys() - {"desc", "frozen", "meta", "outs", "wdir"}):
        yield Finding(Place(POINTER, (key,)), f"`{key}` does not belong here", f"remove `{key}`")
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        place = Place(POINTER, ("outs", index))
        path = str(entry.get("path")) if isinstance(entry, dict) else "?"
        name = path.removeprefix(f"{DATA}/")
        if path in seen:
            yield Finding(place, f"{path} has two entries", "keep one")
        seen[path] = index
        if name not in expected or path == name:
            yield Finding(place, f"{path} was never landed", f"land files: charter land {name} …")
        else:
            yield from _entry(entry, place, expected[name])
    for name in expected:
        if f"{DATA}/{name}" not in seen:
            yield Finding(Place(POINTER, ("outs",)), f"{DATA}/{name} has no entry", "restore it")


_KEYS = frozenset(
    {"cache", "desc", "hash", "labels", "md5", "meta", "nfiles", "path", "push", "remote", "size",
     "type"}
)  # fmt: skip


def _entry(entry: dict[str, Any], place: Place, manifest: Manifest) -> Iterator[Finding]:
    for key in sorted(entry.keys() - _KEYS):
        yield Finding(place, f"`{key}` does not belong into an entry", f"remove `{key}`")
    if entry.get("hash") != "md5":
        yield Finding(place, "the entry lacks `hash: md5`", "add the line")
    if not str(entry.get("md5", "")).endswith(".dir"):
        yield Finding(place, "the entry names no folder of files", "run `charter land` again")
    for key in ("cache", "push"):
        if entry.get(key) is False:
            yield Finding(place, f"`{key}: false` leaves the data unstored", f"remove `{key}`")
    size = sum(row.file.bytes for row in manifest.rows.values())
    count = len(manifest.rows)
    if (entry.get("nfiles"), entry.get("size")) != (count, size):
        problem = (
            f"the entry has {entry.get('nfiles')} files and {entry.get('size')} bytes; "
            f"{count} files and {size} bytes were landed"
        )
        yield Finding(place, problem, "restore the entry, or land what was added")
