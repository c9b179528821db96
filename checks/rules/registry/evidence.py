"""An entry says what its model is made of, and its evidence is what was seen.

Demands: the files an entry lists make the digest it names; while the evidence in the repository
    is that of this version, model, dataset and each evidence file are those the entry names.
Why: approved artefacts are versioned in a metadata file (ML Governance and Release Policies,
    Release Management); an entry copied from another model's would vouch for bytes nobody saw.
Fix: `charter register MODEL` writes the entry; it is never written by hand.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.digest import short
from governance.evidence import Metadata, of_model
from governance.facts import Evidence
from governance.finding import Finding, NotApplicable
from governance.registration import root
from governance.version import Version

FIX = "remove the entry, and let `charter register` write it"
NEEDED = ("metadata", "metrics")


def evaluate(declarations: Declarations, found: Evidence) -> Iterator[Finding | NotApplicable]:
    versions = declarations.all(Version)
    if not versions:
        yield NotApplicable("nothing is registered")
    for entry in versions:
        version = entry.value
        if not version.files:
            yield Finding(entry.at("digest"), "no file is listed: nobody can fetch it", FIX)
        elif root(version.files) != version.digest:
            problem = f"the files make {short(root(version.files))}, not {short(version.digest)}"
            yield Finding(entry.at("files"), problem, FIX)
        for stem in NEEDED:
            if stem not in version.evidence:
                yield Finding(entry.at("evidence"), f"{stem}.json is not among its evidence", FIX)
        metadata = found.files.get(of_model(version.model, "metadata"))
        if isinstance(metadata, Metadata) and metadata.training_hash == version.training_hash:
            yield from _current(entry, metadata, found)


def _current(
    entry: Declared[Version], metadata: Metadata, found: Evidence
) -> Iterator[Finding]:  # fmt: skip
    """What differs from the evidence in the repository, which is that of this version."""
    version = entry.value
    pairs = (
        ("digest", version.digest, metadata.model_digest),
        ("dataset_digest", version.dataset_digest, metadata.inputs.dataset),
    )
    for key, claimed, actual in pairs:
        if claimed != actual:
            problem = f"{short(claimed)}, but the evidence is about {short(actual)}"
            yield Finding(entry.at(key), problem, FIX)
    for stem, claimed in version.evidence.items():
        path = of_model(version.model, stem)
        actual = found.digests.get(path, "absent")
        if actual != claimed:
            problem = f"{path} is {short(actual)}, not {short(claimed)}: it was changed since"
            yield Finding(entry.at("evidence", stem), problem, "restore it, or `charter retrain`")
