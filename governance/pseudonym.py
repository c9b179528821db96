"""Keyed pseudonyms: HMAC-SHA-256 of an identifier, cut to 128 bits.

An unkeyed hash of a phone number is found by trying all phone numbers; without the key this
one is not. The key stays outside Git and is destroyed when the retention duty says so.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from collections.abc import Callable
from typing import Final

TOKEN_DIGITS: Final = 32
"""Hexadecimal digits kept: 128 bits."""

SAMPLE_KEY: Final = b"charter sample data: not a secret"
"""Published key for the repository's synthetic and public sample data only."""

_BLOCK: Final = 64
_FEWEST_DISTINCT: Final = 8
"""Different bytes a key must have; 32 random ones have fewer once in 10**24 times."""
_WORDS: Final = re.compile(r"[a-z]{2,}(?:[ _.:,/-]+[a-z]{2,})*[ _.:,/-]?[0-9!]{0,4}", re.IGNORECASE)
_VOWELS: Final = re.compile(r"[aeiou]", re.IGNORECASE)


def token(key: bytes, value: str) -> str:
    """The pseudonym of `value`; the engine's expression gives the same."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:TOKEN_DIGITS]


def tokens(key: bytes) -> Callable[[str], str]:
    """`token` under one key: what depends on the key alone is hashed once, not for each value."""
    inner, outer = (hashlib.sha256(pad) for pad in pads(key))

    def make(value: str) -> str:
        first, second = inner.copy(), outer.copy()
        first.update(value.encode())
        second.update(first.digest())
        return second.hexdigest()[:TOKEN_DIGITS]

    return make


def pads(key: bytes) -> tuple[bytes, bytes]:
    """Inner and outer pad of a key (RFC 2104), from which an engine without HMAC builds it."""
    block = hashlib.sha256(key).digest() if len(key) > _BLOCK else key
    block = block.ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def fingerprint(key: bytes) -> str:
    """Names a key without telling anything about it."""
    return token(key, "charter key fingerprint")


def weakness(key: bytes, minimum: int) -> str | None:
    """Why a key would be guessed, or None; the reason tells nothing of the key.

    Args:
        key: the key.
        minimum: bytes below which it is refused.
    """
    if len(key) < minimum:
        return f"has {len(key)} bytes; at least {minimum} bytes are needed"
    if hmac.compare_digest(key, SAMPLE_KEY):
        return "is the published sample key"
    if (key + key).find(key, 1) < len(key):
        return "repeats one part over and over"
    if len(set(key)) < _FEWEST_DISTINCT:
        return f"has only {len(set(key))} different bytes"
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    if len(steps) == 1:
        return "counts up or down"
    text = key.decode(errors="replace")
    vowels = len(_VOWELS.findall(text)) / len(text)
    if _WORDS.fullmatch(text.strip()) and 0.25 < vowels < 0.65:  # noqa: PLR2004 - as languages have
        return "is made of words"
    return None
