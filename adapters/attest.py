"""Machines' keys: signing a statement with one, and finding out which made a signature."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from adapters import git
from governance import attestation
from governance.approvals import Approvals
from governance.attestation import Attestations, Attested, Signatory, Unreadable
from governance.catalogue import Declarations, Law
from governance.declaration import Declared
from governance.finding import CouldNotJudge, Finding
from governance.records import Attestation
from governance.registry import Registry
from governance.roles import Key, Roles

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

FILE: Final = "CHARTER_MACHINE_KEY"
"""Environment variable that names the file of a machine's private key."""
_LIMIT: Final = 1 << 16


class Unusable(Exception):
    """No key can be had; the message says why and how to mend it, and nothing of any key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A machine that can sign."""

    machine: str
    keyid: str
    private: Any

    def sign(self, payload: bytes) -> str:
        """The envelope of a statement."""
        from securesystemslib.signer import CryptoSigner  # noqa: PLC0415 - most commands sign nothing

        made = CryptoSigner(self.private).sign(attestation.pae(payload))
        return attestation.enveloped(payload, self.keyid, bytes.fromhex(made.signature))


def signer(root: Path, roles: Roles, machines: tuple[str, ...], day: date) -> Signer:
    """The machine whose private key the environment names.

    Args:
        root: top of the repository, in which no key may be.
        roles: people and keys of the base.
        machines: bots whose statements count, by the registry policy of the base.
        day: the day of signing.

    Raises:
        Unusable: no key is named, others may read it, it is of a kind that does not count, or it
            is no machine's on that day.
    """
    private = _load(_file(root))
    public = _public(private)
    name = Key.model_construct(public=public, valid_from=day).fingerprint
    holders = attestation.signatories(roles, machines).get(name, [])
    if len(holders) != 1 or not holders[0].key.active(day):
        msg = (
            f"{FILE}: the key {name} {_not_one(holders, roles, public, day)}\n"
            f"  fix: declare {public} with kind: bot in policies/roles.yaml and name that entry in"
            " machines of policies/registry.yaml; people approve that change as any other"
        )
        raise Unusable(msg)
    return Signer(holders[0].machine, name, private)


def _not_one(holders: list[Signatory], roles: Roles, public: str, day: date) -> str:
    if len(holders) > 1:
        return f"belongs to several machines: {', '.join(h.machine for h in holders)}"
    if holders:
        return f"of {holders[0].machine} does not count on {day}"
    owners = [
        person
        for person, entry in roles.people.items()
        if any(key.public.rstrip("=") == public.rstrip("=") for key in entry.keys)
    ]
    if not owners:
        return "is nobody's in policies/roles.yaml of the governed branch"
    bot = roles.people[owners[0]].kind == "bot"
    why = "which policies/registry.yaml does not name" if bot else "a person"
    return f"belongs to {owners[0]}, {why}"


def _file(root: Path) -> Path:
    given = os.environ.get(FILE)
    if not given:
        msg = f"no machine key is configured\n  fix: set {FILE} to the file of its private key"
        raise Unusable(msg)
    path = Path(given).expanduser().resolve()
    try:
        state = path.stat()
    except OSError as error:
        msg = f"{FILE}: {error.strerror}\n  fix: name a file that you own and can read"
        raise Unusable(msg) from None
    if not stat.S_ISREG(state.st_mode) or state.st_size > _LIMIT:
        msg = f"{FILE} names no key file\n  fix: name a private key in PEM or OpenSSH form"
        raise Unusable(msg)
    if state.st_mode & 0o077:
        mode = f"{state.st_mode & 0o777:o}"
        msg = f"{FILE}: others may open the key file (mode {mode})\n  fix: chmod 600"
        raise Unusable(msg)
    if path.is_relative_to(root.resolve()) and not _out_of_reach(root, path):
        msg = f"{FILE}: the key file lies in the repository\n  fix: move it out of Git's reach"
        raise Unusable(msg)
    return path


def _out_of_reach(root: Path, path: Path) -> bool:
    """Whether Git never takes a file: it lies among its own, or is ignored and was never added."""
    if path.is_relative_to((root / ".git").resolve()):
        return True
    try:
        return bool(git.run(root, "check-ignore", "--", str(path)))
    except CouldNotJudge:
        return False


def _load(path: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
        load_ssh_private_key,
    )

    data = path.read_bytes()
    load = load_ssh_private_key if b"BEGIN OPENSSH" in data else load_pem_private_key
    try:
        found: PrivateKeyTypes = load(data, password=None)
    except TypeError:
        msg = f"{FILE}: the key has a passphrase\n  fix: give machines a key without one"
        raise Unusable(msg) from None
    except (ValueError, UnsupportedAlgorithm):
        msg = f"{FILE} names no private key\n  fix: name one in PEM or OpenSSH form"
        raise Unusable(msg) from None
    return found


def _public(private: PrivateKeyTypes) -> str:
    """The public half as `policies/roles.yaml` declares it."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
    )

    good = isinstance(private, ed25519.Ed25519PrivateKey) or (
        isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1"
    )
    if not good:
        msg = f"{FILE}: machines sign with Ed25519 or ECDSA P-256\n  fix: make such a key"
        raise Unusable(msg)
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return public.decode("ascii")


def genuine(keyid: str, public: str, signature: bytes, signed: bytes) -> bool:
    """Whether a declared public key made a signature over these bytes."""
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key  # noqa: PLC0415
    from securesystemslib.exceptions import UnverifiedSignatureError  # noqa: PLC0415
    from securesystemslib.signer import Signature, SSlibKey  # noqa: PLC0415

    try:
        key = SSlibKey.from_crypto(load_ssh_public_key(public.encode()), keyid)
        key.verify_signature(Signature(keyid, signature.hex()), signed)
    except (UnverifiedSignatureError, ValueError):
        return False
    return True


def pem(public: str) -> str | None:
    """A declared ECDSA key as other tools read it; None for a key of another kind."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        PublicFormat,
        load_ssh_public_key,
    )

    key = load_ssh_public_key(public.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return None
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def verified(own: Declarations, law: Law, now: datetime) -> Attestations:
    """Statements in the records of a tree that count under the law; a finding for each other one.

    Args:
        own: declarations of the judged tree.
        law: policies of the base, and the records that stood there.
        now: the moment of judgement.

    Raises:
        CouldNotJudge: the law lacks roles, approval rules or the registry policy.
    """
    records = own.all(Attestation)
    if not records:
        return Attestations()
    there = law.declarations
    known = attestation.signatories(
        there.one(Roles, "roles").value, there.one(Registry, "registry").value.machines
    )
    settled = {(record.path, record.value.envelope) for record in there.all(Attestation)}
    valid: list[Attested] = []
    problems: list[Finding] = []
    first: dict[str, str] = {}
    for record in records:
        found = weighed(
            record, known, repository=there.one(Approvals, "approvals").value.repository, now=now,
            settled=(record.path, record.value.envelope) in settled,
        )  # fmt: skip
        other = first.setdefault(record.value.envelope, record.path)
        if other != record.path:
            problem = f"holds the statement of {other} a second time"
            problems.append(Finding(record.at("envelope"), problem, "remove the copy"))
        elif isinstance(found, Attested):
            valid.append(found)
        else:
            problems += found
    return Attestations(tuple(valid), tuple(problems))


def weighed(
    record: Declared[Attestation], known: Mapping[str, list[Signatory]], *, repository: str,
    now: datetime, settled: bool,
) -> Attested | list[Finding]:  # fmt: skip
    """What a record states, or every reason why it counts for nothing."""
    place, again = record.at("envelope"), "let the machine sign again, and add what it writes"
    try:
        opened = attestation.opened(record.value.envelope)
    except Unreadable as error:
        return [Finding(place, f"its {error}", again)]
    problems = list(
        attestation.refused(
            record, opened, known, repository=repository, now=now, settled=settled
        )
    )  # fmt: skip
    holders = known.get(opened.keyid, [])
    if holders and not any(
        genuine(opened.keyid, holder.key.public, opened.signature, opened.signed)
        for holder in holders
    ):
        problems.insert(
            0, ("its signature does not hold: the statement is not what was signed", again)
        )
    if problems:
        return [Finding(place, problem, fix) for problem, fix in problems]
    statement, origin = opened.statement, opened.origin
    return Attested(
        path=record.path, at=origin.at.astimezone(UTC), by=origin.by,
        predicate_type=statement.predicate_type,
        subjects={one.name: f"sha256:{one.digest.sha256}" for one in statement.subject},
        predicate=statement.predicate,
    )  # fmt: skip
