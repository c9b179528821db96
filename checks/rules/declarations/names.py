"""A declaration is called what its file is called.

Demands: the name inside a file equals the name in its path, and no two policies share an id.
Why: people, tags, approvals and paths must speak of the same thing.
Fix: rename the file, or correct the name inside.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.contract import Contract
from governance.declaration import Declared, Policy
from governance.finding import Finding
from governance.model import Model
from governance.records import Landing, Record
from governance.release import Rollout
from governance.version import Version


def evaluate(declarations: Declarations) -> Iterator[Finding]:
    for contract in declarations.all(Contract):
        yield from _same(contract, "name", contract.value.name, _stem(contract.path))
    for model in declarations.all(Model):
        yield from _same(model, "name", model.value.name, model.path.split("/")[1])
    for rollout in declarations.all(Rollout):
        yield from _same(rollout, "model", rollout.value.model, rollout.path.split("/")[1])
    for version in declarations.all(Version):
        yield from _same(version, "model", version.value.model, version.path.split("/")[1])
        yield from _same(version, "version", version.value.version, _stem(version.path))
    for landing in declarations.all(Landing):
        yield from _same(landing, "dataset", landing.value.dataset, landing.path.split("/")[2])
    owners: dict[str, str] = {}
    for kind, found in declarations.by_class.items():
        for declared in found:
            if issubclass(kind, Record):
                yield from _same(declared, "id", declared.value.id, _stem(declared.path))
            if issubclass(kind, Policy):
                first = owners.setdefault(declared.value.id, declared.path)
                if first != declared.path:
                    problem = f"policy id {declared.value.id} is also that of {first}"
                    yield Finding(declared.at("id"), problem, "give each policy an id of its own")


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".yaml")


def _same(declared: Declared[object], key: str, inside: str, outside: str) -> Iterator[Finding]:
    if inside != outside:
        problem = f"{key} is {inside}, but the path says {outside}"
        yield Finding(declared.at(key), problem, f"write `{key}: {outside}`, or move the file")
