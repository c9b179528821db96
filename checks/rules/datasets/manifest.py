"""The bytes are those that were landed.

Demands: every file a landing recorded has the recorded size and SHA-256, in the work tree
    where data are present and in the validation evidence everywhere.
Why: training sets are immutable and traceable to their source (IE-MGP-2025.01 §2); DVC's own
    MD5 is a cache key and is not verified on disk.
Fix: restore the file with `dvc checkout`, or land the new bytes under a new name.
"""

from collections.abc import Iterator

from governance import evidence
from governance.catalogue import Declarations
from governance.evidence import Validation
from governance.facts import DataBytes, Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.manifest import Manifest, manifests
from governance.pipeline import DATA


def evaluate(
    declarations: Declarations, data: DataBytes, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    expected = manifests(declarations)
    if not expected:
        yield NotApplicable("no dataset has landed")
        return
    for name, manifest in expected.items():
        present = data.files.get(name)
        if present:
            here = {path: (file.bytes, file.sha256) for path, file in present.items()}
            yield from _compare(manifest, here, "the work tree", f"restore {DATA}/{name}/")
        report = found.files.get(evidence.of_dataset(name, "validation"))
        if isinstance(report, Validation):
            seen = {file.path: (file.bytes, file.sha256) for file in report.files}
            path = evidence.of_dataset(name, "validation")
            yield from _compare(manifest, seen, path, "run `charter retrain`; first restore")


def _compare(
    manifest: Manifest, seen: dict[str, tuple[int, str]], where: str, fix: str
) -> Iterator[Finding]:
    for path, row in sorted(manifest.rows.items()):
        place = Place(row.landing, ("files",))
        if path not in seen:
            yield Finding(place, f"{path} is missing in {where}", f"{fix} {path}")
        elif seen[path] != (row.file.bytes, row.file.sha256):
            recorded, actual = row.file.sha256[:12], seen[path][1][:12]
            problem = f"{path} has other bytes in {where}: {actual}…, landed as {recorded}…"
            yield Finding(place, problem, f"{fix} {path}")
