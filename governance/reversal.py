"""What an attacker without the key tries on hashed identifiers.

Hashing alone hides nothing that can be listed: whoever knows or guesses the values hashes them
and looks which digests are there. Nothing here knows the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from governance.pseudonym import SAMPLE_KEY

_FUNCTIONS: Final[dict[str, Callable[[bytes], hashlib._Hash]]] = {
    "md5": partial(hashlib.md5, usedforsecurity=False),
    "sha1": partial(hashlib.sha1, usedforsecurity=False),
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}
_LENGTHS: Final = frozenset({32, 40, 64, 128})
"""Hexadecimal digits of the digests of `_FUNCTIONS`."""
_HEX: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_MOST: Final = 0.95
"""Share of values that must look like digests for a column to count as hashed."""

WEAK_KEYS: Final = (
    b"", b"0", b"1", b"a", b"key", b"secret", b"password", b"changeme", b"change-me", b"salt",
    b"pepper", b"default", b"test", b"admin", b"charter", b"pseudonym", b"hmac", b"token",
    b"0" * 32, b"a" * 32, b"x" * 32, b"0123456789abcdef", b"0123456789abcdef" * 2,
)  # fmt: skip
"""Keys that somebody in a hurry would set."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Digests of one column as lower-case hexadecimal digits, all of one length."""

    tokens: frozenset[str]
    digits: int

    @property
    def functions(self) -> dict[str, Callable[[bytes], hashlib._Hash]]:
        """Hash functions whose digest, whole or cut, has this length."""
        sizes = {name: 2 * function(b"").digest_size for name, function in _FUNCTIONS.items()}
        cut = 32  # what is cut is cut to the length of an MD5 or a UUID
        return {
            name: function
            for name, function in _FUNCTIONS.items()
            if sizes[name] == self.digits or (self.digits <= cut < sizes[name])
        }


def targets(values: Iterable[str]) -> Targets | None:
    """What to attack in a column; None when its values are no digests."""
    given = list(values)
    found = [digest for value in given if (digest := _digest(value))]
    if not given or len(found) < _MOST * len(given):
        return None
    lengths = sorted({len(digest) for digest in found}, key=[len(d) for d in found].count)
    digits = lengths[-1]
    return Targets(frozenset(digest for digest in found if len(digest) == digits), digits)


def _digest(value: str) -> str | None:
    if len(value) in _LENGTHS and _HEX.fullmatch(value):
        return value.lower()
    if not _BASE64.fullmatch(value):
        return None
    text = value.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data.hex() if 2 * len(data) in _LENGTHS else None


@dataclass(slots=True)
class Outcome:
    """Hashes computed, and digests found out, each with the attack that did."""

    tried: int = 0
    found: dict[str, str] = field(default_factory=dict)


def dictionary(
    aim: Targets, candidates: Iterable[str], budget: int, label: str, outcome: Outcome
) -> None:
    """Hashes candidates without a key, as long as the budget lasts."""
    functions = [(f"{label}, {name}", function) for name, function in aim.functions.items()]
    tokens, digits, left = aim.tokens, aim.digits, budget
    for candidate in candidates:
        if left < len(functions):
            break
        left -= len(functions)
        data = candidate.encode(errors="surrogatepass")
        for name, function in functions:
            digest = function(data).hexdigest()[:digits]
            if digest in tokens:
                outcome.found.setdefault(digest, name)
    outcome.tried += budget - left


def guessed_keys(
    aim: Targets, known: Sequence[str], outcome: Outcome, *, published: bool, more: Iterable[str]
) -> None:
    """Tries keys that are guessable on a few values that are known to be there.

    Args:
        aim: what is attacked.
        known: values of which some are hidden in the column.
        outcome: what was found so far.
        published: whether the sample key is tried too.
        more: names an attacker knows, such as that of the dataset.
    """
    names = tuple(name.encode() for name in more)
    keys = (*WEAK_KEYS, *names, *((SAMPLE_KEY,) if published else ()))
    for key in keys:
        label = "the published sample key" if key == SAMPLE_KEY else "a key that is guessed"
        for value in known:
            data = value.encode(errors="surrogatepass")
            for digest in (
                hmac.digest(key, data, "sha256").hex(),
                hashlib.sha256(key + data).hexdigest(),
                hashlib.sha256(data + key).hexdigest(),
            ):
                outcome.tried += 1
                if digest[: aim.digits] in aim.tokens:
                    outcome.found.setdefault(digest[: aim.digits], label)


def spellings(value: str) -> Iterator[str]:
    """A value as different programs would write it, each once."""
    bare = value.strip()
    digits = re.sub(r"\D", "", bare)
    yield from dict.fromkeys((value, bare, bare.lower(), bare.upper(), digits or value))


def share_out(sizes: Sequence[int], budget: int) -> list[int]:
    """How many candidates of each domain are tried: small ones whole, the rest divided evenly."""
    given = [0] * len(sizes)
    left = budget
    order = sorted(range(len(sizes)), key=lambda index: sizes[index])
    for place, index in enumerate(order):
        given[index] = min(sizes[index], left // (len(order) - place))
        left -= given[index]
    return given


def scattered(size: int) -> Iterator[int]:
    """Every number below `size` once, spread evenly from the first on (additive recurrence)."""
    step = max(1, round(size * (math.sqrt(5) - 1) / 2))
    while math.gcd(step, size) != 1:
        step += 1
    place = 0
    for _ in range(size):
        yield place
        place = (place + step) % size
