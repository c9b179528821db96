"""Keyed pseudonyms: HMAC-SHA-256 of an identifier, cut to 128 bits.

An unkeyed hash of a phone number is found by trying all phone numbers; without the key this
one is not. The key stays outside Git and is destroyed when the retention duty says so.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

TOKEN_DIGITS: Final = 32
"""Hexadecimal digits kept: 128 bits."""

SAMPLE_KEY: Final = b"charter sample data: not a secret"
"""Published key for the repository's synthetic and public sample data only."""

_BLOCK: Final = 64


def token(key: bytes, value: str) -> str:
    """The pseudonym of `value`; the engine's expression gives the same."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:TOKEN_DIGITS]


def pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer pad of a key (RFC 2104), from which an engine without HMAC builds it."""
    block = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    block = block.ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything about it."""
    return token(key, "charter key fingerprint")
