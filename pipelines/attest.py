"""A machine's statement becomes a record: signed, appended, never edited."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from adapters import attest as machines
from governance import attestation, catalogue, digest
from governance.attestation import OWN, Attestations
from governance.catalogue import Law
from governance.finding import Blocked, CouldNotJudge
from governance.records import Attestation
from governance.registry import Registry
from pipelines.append import append, loads, real
from pipelines.confirmed import Base, base
from pipelines.inputs import Refused

FOLDER: Final = "records/attestations"
_LONGEST: Final = 60
"""Characters of a slug in a record's name, which holds 100 in all."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Who signs here, under which law."""

    signer: machines.Signer
    law: Base


def machine(root: Path, now: datetime) -> Machine:
    """The machine whose key is configured; asked early, so that long work is not done in vain.

    Raises:
        Refused: no key is configured, or it is no machine's today.
        CouldNotJudge: the law of the governed branch does not load.
    """
    law = base(root)
    try:
        registry = law.declarations.one(Registry, "registry").value
        found = machines.signer(root, law.roles, registry.machines, now.date())
    except Blocked as blocked:
        msg = f"{blocked} of {law.name} does not load: see `charter check`"
        raise CouldNotJudge(msg) from None
    except machines.Unusable as error:
        raise Refused(str(error)) from None
    return Machine(found, law)


def attest(  # noqa: PLR0913 - what is said about what, and when
    root: Path, slug: str, subjects: Mapping[str, str], predicate_type: str,
    predicate: Mapping[str, Any], now: datetime, by: Machine | None = None,
) -> str:  # fmt: skip
    """The path of the record of a new signed statement; the same one again is the same record.

    Args:
        root: top of the repository.
        slug: words for the record's name, such as `security-credit`.
        subjects: `sha256:…` of each thing the statement is about, by its name.
        predicate_type: one of `governance.attestation`.
        predicate: what is said; who said it and when is added under `charter`.
        now: the moment of signing.
        by: who signs, when that was found out already.

    Raises:
        Refused: no key is configured, it is no machine's, or the record would not load.
    """
    who = by or machine(root, now)
    at = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    own = {
        **predicate.get(OWN, {}),
        "at": at, "by": who.signer.machine, "repository": who.law.policy.repository,
    }  # fmt: skip
    payload = attestation.stated(subjects, predicate_type, {**predicate, OWN: own})
    seen = digest.of_bytes(payload).removeprefix("sha256:")
    identity = f"{now:%Y-%m-%d}-{_slug(slug)}-{seen[:12]}"
    path = f"{FOLDER}/{identity}.yaml"
    envelope = who.signer.sign(payload)
    text = render(identity, at, envelope)
    value = loads(path, text)
    if not isinstance(value, Attestation) or value.envelope != envelope:
        msg = f"{path} cannot hold the statement as it is"
        raise Refused(f"{msg}\n  fix: leave out characters that hide or steer")
    try:
        append(root, path, text)
    except FileExistsError:
        _same(root, path, payload)
    return path


def _slug(words: str) -> str:
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in words.lower())
    return kept[:_LONGEST].strip("-._") or "statement"


def _same(root: Path, path: str, payload: bytes) -> None:
    """Nothing; the record that is there holds this very statement.

    Raises:
        Refused: it holds another one.
    """
    value, _, _ = catalogue.read(path, (root / path).read_bytes())
    if isinstance(value, Attestation):
        try:
            if attestation.opened(value.envelope).payload == payload:
                return
        except attestation.Unreadable:
            pass
    raise Refused(f"{path} is there and holds something else\n  fix: look at it, then remove it")


def render(identity: str, at: str, envelope: str) -> str:
    """An attestation record as the strict loader accepts it."""
    return (
        "# yaml-language-server: $schema=../../schemas/attestation.json\n"
        f"id: {json.dumps(identity)}\nat: {json.dumps(at)}\nenvelope: |-\n  {envelope}\n"
    )


def said(root: Path, now: datetime, law: Base | None = None) -> Attestations:
    """Statements that lie in the work tree, judged by the law of the governed branch.

    Raises:
        CouldNotJudge: that law does not load.
    """
    law = law or base(root)
    real(root, f"{FOLDER}/x")
    entries = []
    for file in sorted((root / FOLDER).glob("*.yaml")):
        path = f"{FOLDER}/{file.name}"
        if file.is_symlink() or catalogue.kind_of(path) is None:
            continue
        value, _, _ = catalogue.read(path, file.read_bytes())
        entries.append((path, value))
    own = catalogue.gather(entries)
    return machines.verified(own, Law(law.declarations), now)
