"""A machine is a bot with a key of its own.

Demands: each of `machines` in `policies/registry.yaml` is an entry of `policies/roles.yaml` with
    `kind: bot` and a key machines may sign with, Ed25519 or ECDSA P-256, that nobody else has.
Why: a person who signs as a machine, or two who share a key, cannot be told apart afterwards.
Fix: add the bot with its public key to the roles, or take the name off the list.
"""

from collections.abc import Iterator

from governance.attestation import SIGNABLE
from governance.catalogue import Declarations
from governance.finding import Finding, NotApplicable
from governance.registry import Registry
from governance.roles import Roles


def evaluate(declarations: Declarations) -> Iterator[Finding | NotApplicable]:
    if not any(registry.value.machines for registry in declarations.all(Registry)):
        yield NotApplicable("no machine is named")
    for registry in declarations.all(Registry):
        roles = declarations.one(Roles, "roles").value
        for number, name in enumerate(registry.value.machines):
            for problem, fix in _wrong(name, roles):
                yield Finding(registry.at("machines", number), problem, fix)


def _wrong(name: str, roles: Roles) -> Iterator[tuple[str, str]]:
    entry = roles.people.get(name)
    if entry is None:
        fix = "add it to policies/roles.yaml with kind: bot and its public key"
        yield f"{name} is nobody in policies/roles.yaml", fix
        return
    if entry.kind != "bot":
        fix = "name a bot with a key of its own: people approve, machines attest"
        yield f"{name} is a person", fix
        return
    own = [key.fingerprint for key in entry.keys if key.public.startswith(SIGNABLE)]
    if not own:
        fix = "give it an Ed25519 or ECDSA P-256 key in policies/roles.yaml"
        yield f"{name} has no key that machines may sign with", fix
    for who, other in roles.people.items():
        shared = [key.fingerprint for key in other.keys if key.fingerprint in own]
        if who != name and shared:
            yield f"the key {shared[0]} of {name} is also that of {who}", "give each its own key"
