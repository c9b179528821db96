"""Derived data name the data they were made from, which still stand.

Demands: a derived source names its parents; each has landed; each landing holds the digest its
    parents had by then, and no row of those bytes was erased since, unless the derived files were
    rewritten as well.
Why: erasure and the end of a licence reach what was made from the data only through this chain
    (IE-MGP-2025.01 §2, traceable to source).
Fix: name the parents in the contract's `source`; `charter land` records their digests. Derive
    again from what is left, and erase the files that were made from erased rows.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.contract import Contract
from governance.declaration import Declared
from governance.digest import short
from governance.finding import Finding
from governance.lineage import Datasets, Erased, erased
from governance.manifest import Manifest, manifests
from governance.records import Landing


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    contracts = [
        contract
        for contract in declarations.all(Contract)
        if contract.value.source and contract.value.source.kind == "derived"
    ]
    landings = [
        landing
        for landing in declarations.all(Landing)
        if landing.value.source.kind == "derived" or landing.value.parents
    ]
    for contract in contracts:
        if not contract.value.source or not contract.value.source.parents:
            problem = f"{contract.value.name} is derived, and nothing says from what"
            yield Finding(contract.at("customProperties"), problem, "add `parents` to its source")
    known, standing, gone = (
        Datasets(declarations, {}),
        manifests(declarations),
        erased(declarations),
    )
    for landing in landings:
        yield from _landing(landing, known, standing, gone)


def _landing(
    landing: Declared[Landing], known: Datasets, standing: dict[str, Manifest], gone: list[Erased]
) -> Iterator[Finding]:
    value = landing.value
    if not value.source.parents and not value.parents:
        problem = "derived files landed, and nothing says from what"
        yield Finding(landing.at("source"), problem, "land them again with `parents` in the source")
    for name in dict.fromkeys((*value.source.parents, *value.parents)):
        place = landing.at("parents", name) if name in value.parents else landing.at("source")
        digest = value.parents.get(name)
        if name == value.dataset or name not in known.current:
            problem = f"parent {name} has never landed"
            if name == value.dataset:
                problem = f"{name} names itself as its parent"
            yield Finding(place, problem, "name the dataset it was made from")
        elif digest is None:
            problem = f"the digest {name} had when this was made from it is not recorded"
            yield Finding(place, problem, "land with `charter land`, which records it")
        else:
            yield from _version(landing, name, digest, known, standing, gone)


def _version(  # noqa: PLR0913 - a landing, one parent of it, and what is known of both
    landing: Declared[Landing], name: str, digest: str, known: Datasets,
    standing: dict[str, Manifest], gone: list[Erased],
) -> Iterator[Finding]:  # fmt: skip
    place, value = landing.at("parents", name), landing.value
    since, files = known.since(name, digest), known.version(name, digest).files or frozenset()
    if since is None:
        problem = f"{name} never was {short(digest)}"
        yield Finding(place, problem, f"name a digest that landings of {name} give")
    elif since > value.at:
        problem = f"{short(digest)} of {name} is newer than what was made from it"
        yield Finding(place, problem, "name the digest it had before")
    here = {(path, row.file.sha256) for path, row in standing[value.dataset].rows.items()}
    left = [file.path for file in value.files if (file.path, file.sha256) in here]
    lost = [file for file in gone if file.dataset == name and (file.path, file.sha256) in files]
    if left and lost:
        problem = f"it was made from bytes of {name} that were erased since"
        notes = tuple(dict.fromkeys(file.why for file in lost))
        fix = f"derive again from {name} as it is, and erase {', '.join(left[:3])}"
        yield Finding(place, problem, fix, notes)
