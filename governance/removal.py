"""What a removal writes down: whose rows, what is gone, and the proof of it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from governance import pseudonym
from governance.records import Certificate, Removal, SubjectToken, Tombstone

if TYPE_CHECKING:
    from governance.catalogue import Declarations

GROUNDS: Final = {
    "gdpr-17": "GDPR Art. 17: right to erasure",
    "gdpr-21": "GDPR Art. 17(1)(c) after an objection under Art. 21",
    "cdr-1.18": "CDR Rules, rule 1.18: deletion of redundant data at the consumer's request",
    "consent": "Consent withdrawn; no other ground to keep the rows",
}
"""Grounds of an erasure by the word people type."""
LIMITS: Final = (
    "A model keeps what it learned from the rows: retrain, withdraw or waive each tainted model.",
    "Clones, other work trees and caches elsewhere are beyond reach: see `charter store sweep`.",
    "Backups and old states of disks outside the places named here were not searched.",
    "Git keeps digests, sizes and row counts of the files that are gone, and no row of them.",
)
"""What no deletion of data can undo."""


def subject_token(identifier: str, salt: str, key: bytes) -> SubjectToken:
    """A person as a record may name them."""
    text = f"{salt}\0{identifier}"
    return SubjectToken(salt=salt, token=pseudonym.token(key, text), key=pseudonym.fingerprint(key))


def is_about(removal: Removal, identifier: str, keys: Iterable[bytes]) -> bool:
    """Whether an erasure is that of a person; false too where its key is not at hand."""
    told = removal.subject
    if told is None:
        return False
    return any(
        hmac.compare_digest(subject_token(identifier, told.salt, key).token, told.token)
        for key in keys
        if pseudonym.fingerprint(key) == told.key
    )


def certified(declarations: Declarations) -> frozenset[str]:
    """Ids of removals that a certificate proves."""
    return frozenset(found.value.removal for found in declarations.all(Certificate))


@dataclass(frozen=True, slots=True)
class Anonymised:
    """Rows of a file that stay, but name nobody any more: those of days up to `through`."""

    through: date
    since: datetime


def anonymised(declarations: Declarations) -> Mapping[tuple[str, str], Anonymised]:
    """Files whose old rows were anonymised at the end of their window, by dataset and SHA-256."""
    ended = {
        found.value.id: found.value.through
        for found in declarations.all(Removal)
        if found.value.ground == "retention" and found.value.action == "anonymise"
    }
    return {
        (stone.value.dataset, file.becomes.sha256): Anonymised(through, stone.value.at)
        for stone in declarations.all(Tombstone)
        if (through := ended.get(stone.value.removal)) is not None
        for file in stone.value.files
        if file.becomes is not None
    }


def tombstoned(declarations: Declarations) -> Mapping[str, str]:
    """The removal behind every MD5 name that must never be stored again."""
    return {
        name: found.value.removal
        for found in declarations.all(Tombstone)
        for name in found.value.objects
    }


def erased_bytes(declarations: Declarations) -> Mapping[str, str]:
    """The removal behind the SHA-256, as 64 digits, of every landed file that is gone."""
    return {
        file.sha256: found.value.removal
        for found in declarations.all(Tombstone)
        for file in found.value.files
    }
