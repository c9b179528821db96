"""What a machine signed: an in-toto Statement in a DSSE envelope, and what counts of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from governance import digest, jsontext
from governance.declaration import Declared, Moment, Part, Person, Text
from governance.finding import Finding
from governance.opinions import SKEW
from governance.records import Attestation
from governance.roles import Key, Roles
from governance.statement import TYPE, Sha256

P = TypeVar("P", bound=Part)

TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"
PROVENANCE: Final = "https://slsa.dev/provenance/v1"
VERIFICATION: Final = "https://in-toto.io/attestation/svr/v0.1"
DEPLOYMENT: Final = "urn:charter:deployment:v1"
PAYLOAD: Final = "application/vnd.in-toto+json"
"""The one type of payload a machine signs here."""
OWN: Final = "charter"
"""Key of the predicate under which `Origin` stands, whatever the predicate's type."""
SIGNABLE: Final = ("ssh-ed25519", "ecdsa-sha2-nistp256")
"""Kinds of key a machine may sign with."""


class Seal(Part):
    """One signature of an envelope."""

    keyid: Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
    """The key's fingerprint as `ssh-keygen -l` gives it."""
    sig: str
    """The signature in base64."""


class Envelope(Part):
    """A DSSE envelope (version 1 of the protocol)."""

    payload: str
    """The statement in base64."""
    payload_type: Annotated[Literal["application/vnd.in-toto+json"], Field(alias="payloadType")]
    """What the payload is."""
    signatures: Annotated[tuple[Seal, ...], Field(min_length=1, max_length=1)]
    """The signature; a second one would speak for a machine nobody asked about."""


class Resource(Part):
    """A thing a statement is about."""

    name: Annotated[Text, Field(max_length=400)]
    """Its name: `model:NAME`, a path inside the model, …"""
    digest: Sha256
    """Its digest."""


class Statement(Part):
    """An in-toto Statement; what its predicate holds is said by its type."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    """The statement's type."""
    subject: Annotated[tuple[Resource, ...], Field(min_length=1)]
    """What it is about."""
    predicate_type: Annotated[Text, Field(alias="predicateType", max_length=200)]
    """The predicate's type."""
    predicate: dict[str, Any]
    """What is said."""


class Origin(Part):
    """Who made a statement, when and where: the part of each predicate that Charter reads."""

    by: Person
    """The machine."""
    at: Moment
    """When it signed."""
    repository: Text
    """The repository, as `policies/approvals.yaml` names it."""


@dataclass(frozen=True, slots=True)
class Attested:
    """A statement whose signature holds."""

    path: str
    at: datetime
    by: str
    predicate_type: str
    subjects: Mapping[str, str]
    predicate: Mapping[str, Any]

    @property
    def own(self) -> Mapping[str, Any]:
        """The part of the predicate that is Charter's."""
        found = self.predicate.get(OWN)
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Attestations:
    """Statements that count, and a finding for each record that does not."""

    valid: tuple[Attested, ...] = ()
    problems: tuple[Finding, ...] = ()

    def about(self, subject: str, predicate_type: str) -> list[Attested]:
        """Statements of a type about a digest (`sha256:…`), the newest first."""
        found = [
            one
            for one in self.valid
            if one.predicate_type == predicate_type and subject in one.subjects.values()
        ]
        return sorted(found, key=lambda one: (one.at, one.path), reverse=True)


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope taken apart, its signature not judged yet."""

    payload: bytes
    keyid: str
    signature: bytes
    statement: Statement
    origin: Origin

    @property
    def signed(self) -> bytes:
        """The bytes the signature covers: DSSE's pre-authentication encoding."""
        return pae(self.payload)


class Unreadable(ValueError):
    """An envelope or its statement is not what it should be; the message says where."""


def pae(payload: bytes, kind: str = PAYLOAD) -> bytes:
    """The bytes a DSSE signature covers."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload)


def stated(subjects: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """The payload of a statement: canonical JSON text, so that equal statements are equal bytes."""
    resources = [
        {"name": name, "digest": {"sha256": seen.removeprefix("sha256:")}}
        for name, seen in sorted(subjects.items())
    ]
    return digest.canonical(
        {
            "_type": TYPE,
            "subject": resources,
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )


def enveloped(payload: bytes, keyid: str, signature: bytes) -> str:
    """The text of an envelope."""
    value = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD,
        "signatures": [{"keyid": keyid, "sig": base64.b64encode(signature).decode()}],
    }
    return digest.canonical(value).decode()


def opened(text: str) -> Opened:
    """The envelope in a text, read strictly: every program reads the same statement in it.

    Raises:
        Unreadable: it is not JSON of that shape, repeats a key, carries no or two signatures, or
            its payload is no statement that says who made it and when.
    """
    envelope = _read(Envelope, text.encode(), "envelope")
    payload = _bytes(envelope.payload, "payload")
    seal = envelope.signatures[0]
    statement = _read(Statement, payload, "statement")
    names = [resource.name for resource in statement.subject]
    if len(set(names)) < len(names):
        msg = "statement: a subject is named twice"
        raise Unreadable(msg)
    own = statement.predicate.get(OWN)
    given = {key: own.get(key) for key in Origin.model_fields} if isinstance(own, dict) else {}
    try:
        origin = Origin.model_validate_json(digest.canonical(given), strict=True)
    except ValidationError as error:
        raise Unreadable(_first(f"predicate.{OWN}", error)) from None
    return Opened(payload, seal.keyid, _bytes(seal.sig, "signature"), statement, origin)


def _read(kind: type[P], data: bytes, what: str) -> P:
    try:
        jsontext.load(data)
        return kind.model_validate_json(data, strict=True)
    except jsontext.Ambiguous as error:
        msg = f"{what}: {error}"
        raise Unreadable(msg) from None
    except ValidationError as error:
        raise Unreadable(_first(what, error)) from None


def _first(what: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(key) for key in (what, *first["loc"]))
    return f"{where}: {first['msg'].lower()}"


def _bytes(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if not data or base64.b64encode(data).decode() != text:
        msg = f"{what}: not whole base64"
        raise Unreadable(msg)
    return data


@dataclass(frozen=True, slots=True)
class Signatory:
    """A machine's key."""

    machine: str
    key: Key


def signatories(roles: Roles, machines: Iterable[str]) -> dict[str, list[Signatory]]:
    """Keys of the machines that may sign, by fingerprint; a person in the list is left out."""
    found: dict[str, list[Signatory]] = {}
    for machine in machines:
        entry = roles.people.get(machine)
        for key in entry.keys if entry is not None and entry.kind == "bot" else ():
            if key.public.startswith(SIGNABLE):
                found.setdefault(key.fingerprint, []).append(Signatory(machine, key))
    return found


def refused(  # noqa: PLR0913 - one argument per thing it is held against
    record: Declared[Attestation], opened: Opened, known: Mapping[str, list[Signatory]], *,
    repository: str, now: datetime, settled: bool,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Why a record counts for nothing though its signature may hold: problem and remedy.

    Args:
        record: the record.
        opened: its envelope.
        known: keys of machines by fingerprint, of the base.
        repository: what the base calls this repository.
        now: the moment of judgement.
        settled: the record stands on the base already, so its key was judged on that day.
    """
    origin, holders = opened.origin, known.get(opened.keyid, [])
    again = "let the machine sign again, and add the record it writes"
    declared = "declare it: a bot of policies/roles.yaml, named in policies/registry.yaml machines"
    if not holders:
        yield f"signed with {opened.keyid}, which is no machine's key", declared
    elif len(holders) > 1:
        some = ", ".join(holder.machine for holder in holders)
        yield f"the key {opened.keyid} belongs to {some}", "give each machine a key of its own"
    elif holders[0].machine != origin.by:
        yield f"{origin.by} is named, the key is that of {holders[0].machine}", again
    else:
        moments = (origin.at,) if settled else (origin.at, now)
        if lapsed := [m for m in moments if not holders[0].key.active(m.astimezone(UTC).date())]:
            day = lapsed[0].astimezone(UTC).date()
            yield f"the key of {origin.by} does not count on {day}", again
    if record.value.at != origin.at:
        yield "the record gives another moment than the one that was signed", again
    if origin.at > now + SKEW:
        yield f"signed in the future, {origin.at:%Y-%m-%d %H:%M}", "set the machine's clock"
    if origin.repository != repository:
        yield f"signed for the repository {origin.repository}", again
