"""No file lies in a dataset that no landing brought.

Demands: each file in a dataset's folder, and each file the validation evidence saw, is listed
    in a landing record.
Why: data without source and licence may not be trained on (ML Governance and Release
    Policies, Data Stewards).
Fix: land it with `charter land`, or take it out of the folder.
"""

from collections.abc import Iterator

from governance import evidence
from governance.catalogue import Declarations
from governance.evidence import Validation
from governance.facts import DataBytes, Evidence
from governance.finding import Finding, NotApplicable, Place
from governance.manifest import manifests
from governance.pipeline import DATA


def evaluate(
    declarations: Declarations, data: DataBytes, found: Evidence
) -> Iterator[Finding | NotApplicable]:
    expected = manifests(declarations)
    if not expected and not data.files:
        yield NotApplicable("no dataset has landed")
    for name, present in data.files.items():
        known = expected[name].rows.keys() if name in expected else set()
        for path in sorted(present.keys() - known):
            fix = f"land it: charter land {name} {path}; or remove it"
            yield Finding(Place(f"{DATA}/{name}/{path}", line=1), f"{path} is uncatalogued", fix)
    for name, manifest in expected.items():
        path = evidence.of_dataset(name, "validation")
        report = found.files.get(path)
        for index, file in enumerate(report.files if isinstance(report, Validation) else ()):
            if file.path not in manifest.rows:
                problem = f"{file.path} was used, but no landing brought it"
                yield Finding(Place(path, ("files", index)), problem, f"charter land {name} …")
