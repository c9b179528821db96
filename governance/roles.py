"""Who may act: people, their keys, and the roles they hold (`policies/roles.yaml`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from governance.declaration import Day, Name, Part, Person, Policy, Text

Address = Annotated[str, Field(pattern=r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", max_length=254)]
"""An e-mail address in ASCII."""


class Login(Part):
    """An account at a forge. The numeric id stays when a login is renamed or given away."""

    login: Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\[bot\])?$")]
    """ASCII login as the forge spells it."""
    id: Annotated[int, Field(gt=0)]
    """The forge's numeric account id."""


class Key(Part):
    """A public SSH key and the days on which its signatures count."""

    public: Annotated[
        str,
        Field(
            pattern=r"^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa|sk-ssh-ed25519@openssh\.com"
            r"|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/=]+$"
        ),
    ]
    """Key type and base64 text, without comment."""
    valid_from: Day
    """First day on which the key counts."""
    valid_until: Day | None = None
    """Last day on which the key counts."""

    @field_validator("public")
    @classmethod
    def _is_a_key(cls, public: str) -> str:
        kind, _, text = public.partition(" ")
        try:
            blob = base64.b64decode(text, validate=True)
        except binascii.Error:
            blob = b""
        if not _whole(blob, kind.encode()):
            msg = f"not a whole {kind} key: copy the line of the .pub file again, without comment"
            raise ValueError(msg)
        return public

    def active(self, day: date) -> bool:
        """Whether signatures made on `day` count, both ends included."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    @property
    def fingerprint(self) -> str:
        """The name `ssh-keygen -l` gives it; its own text when that is not base64."""
        kind, _, text = self.public.partition(" ")
        try:
            found = hashlib.sha256(base64.b64decode(f"{text.rstrip('=')}==")).digest()
        except binascii.Error:
            return f"{kind} {text}"
        return f"SHA256:{base64.b64encode(found).decode().rstrip('=')}"


def _whole(blob: bytes, kind: bytes) -> bool:
    """Whether the bytes are parts with their lengths, the first of which names the kind of key."""
    parts = []
    while len(blob) >= _LENGTH:
        end = _LENGTH + int.from_bytes(blob[:_LENGTH], "big")
        parts.append(blob[_LENGTH:end])
        if len(blob) < end:
            return False
        blob = blob[end:]
    return not blob and len(parts) > 1 and parts[0] == kind


_LENGTH = 4  # bytes of a length in SSH's wire format (RFC 4251)


class Human(Part):
    """A person: one entry whatever the number of accounts."""

    name: Text
    """Full name, as the organisation's directory spells it."""
    email: Address | None = None
    """Address for pages and reminders; commits that carry it are this person's."""
    aliases: tuple[Address, ...] = ()
    """Further addresses this person commits with."""
    kind: Literal["human", "bot"] = "human"
    """A bot fills no seat, whatever role it is put in."""
    github: tuple[Login, ...] = ()
    """Every GitHub account of this person."""
    keys: tuple[Key, ...] = ()
    """Public keys whose signatures are this person's."""


class Membership(Part):
    """One person's time in a role."""

    person: Person
    """Id of the person."""
    function: Name | None = None
    """The function the person represents in a board, such as risk or legal."""
    valid_from: Day
    """First day in the role."""
    valid_until: Day | None = None
    """Last day in the role."""
    capacity: Literal["member", "lead", "deputy"] = "member"
    """A lead answers for the role; a deputy counts while no member can act."""

    def active(self, day: date) -> bool:
        """Whether the membership holds on `day`, both ends included."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class Role(Part):
    """A function that people exercise."""

    title: Text
    """What people call the role."""
    functions: tuple[Name, ...] = ()
    """Functions that must each be represented by an active member."""
    members: Annotated[tuple[Membership, ...], Field(min_length=1)]
    """Who holds the role, and when."""


class Roles(Policy):
    """People and roles."""

    people: Annotated[dict[Person, Human], Field(min_length=1)]
    """Everyone who may act, by id."""
    roles: Annotated[dict[Name, Role], Field(min_length=1)]
    """Every role, by name."""

    def holders(self, role: str, function: str | None, day: date) -> dict[str, str]:
        """Humans active in a role on `day`, with their capacity; of one function when given."""
        found = self.roles.get(role)
        if found is None:
            return {}
        return {
            member.person: member.capacity
            for member in found.members
            if member.active(day)
            and function in {None, member.function}
            and (human := self.people.get(member.person)) is not None
            and human.kind == "human"
        }

    def held_by(self, person: str, day: date) -> tuple[str, ...]:
        """Names of the roles a person holds on `day`."""
        return tuple(
            name
            for name, role in self.roles.items()
            if any(m.person == person and m.active(day) for m in role.members)
        )
