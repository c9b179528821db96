"""A version of a pseudonym key ends: what it made names nobody any more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters import secrets
from adapters.git import Revision
from adapters.reading import Reading
from adapters.secrets import Unusable
from adapters.worktree import Worktree
from governance import pseudonym
from governance.catalogue import Declarations
from governance.contract import Contract
from governance.evidence import ROOT, Preparation
from governance.finding import CouldNotJudge
from governance.keyname import KeyName
from pipelines import confirmed
from pipelines.inputs import Refused

_PREPARED: Final = f"{ROOT}/datasets"


def fingerprint(root: Path, wanted: KeyName) -> str:
    """The fingerprint of a key version that nothing needs any more.

    Raises:
        Refused: it is the published key, or a contract or prepared rows still name it.
        CouldNotJudge: there is no such key.
    """
    if wanted.is_sample:
        msg = "`sample` is published: everybody has it"
        raise Refused(f"{msg}\n  fix: name a secret key in the contract, and retrain")
    needed = tuple(dict.fromkeys(_needing(root, wanted)))
    if needed:
        raise Refused(*needed)
    try:
        return pseudonym.fingerprint(secrets.key(wanted.name, wanted.version, root))
    except Unusable as reason:
        raise CouldNotJudge(str(reason)) from None


def destroy(root: Path, wanted: KeyName) -> None:
    """The key is gone from the key file; ask `fingerprint` first.

    Raises:
        CouldNotJudge: it stands where only somebody else can delete it.
    """
    try:
        gone = secrets.destroy(wanted.name, wanted.version, root)
    except Unusable as reason:
        raise CouldNotJudge(str(reason)) from None
    if not gone:
        msg = f"the key file holds no {wanted}"
        raise CouldNotJudge(msg)


def _needing(root: Path, wanted: KeyName) -> Iterator[str]:
    """Why somebody still needs the key, here or on the branch that governs."""
    law = Reading(Revision(root, confirmed.base(root).name)).declarations
    for declarations in (Reading(Worktree(root)).declarations, law):
        yield from _contracts(declarations, wanted)
    for path in sorted((root / _PREPARED).glob("*/preparation.json")):
        try:
            made = Preparation.model_validate_json(path.read_bytes())
        except ValueError:
            msg = f"{path.relative_to(root)} does not load: see `charter check`"
            raise CouldNotJudge(msg) from None
        if made.key and KeyName(made.key.name, made.key.version) == wanted:
            yield (
                f"{path.relative_to(root)}: the prepared rows of {made.dataset} were made with"
                f" {wanted}\n  fix: name its next version in the contract, then `charter retrain`"
            )


def _contracts(declarations: Declarations, wanted: KeyName) -> Iterator[str]:
    broken = [path for path in sorted(declarations.broken) if path.startswith("policies/datasets/")]
    if broken:
        msg = f"{broken[0]} does not load, so nobody knows which key it names"
        raise CouldNotJudge(msg)
    for contract in declarations.all(Contract):
        if contract.value.pseudonym_key == wanted:
            yield f"{contract.path} names {wanted}\n  fix: name its next version, and merge that"
