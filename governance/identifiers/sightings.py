"""Identifiers seen in one cell, and what the cells of a column amount to."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from governance.identifiers import Confidence, Kind, checkdigits, names
from governance.identifiers.shapes import LOOSE, SEARCHES, WORDS, mask

_BEFORE: Final = 28
"""Characters before digits in which a word may say what they are."""
_FEWEST: Final = 8
"""Digits of the shortest number looked for."""
_SURE: Final = 1e-6
_LIKELY: Final = 1e-3
_NUMBERING: Final = 20
"""A range this many times its values or denser was counted up, not given by a phone company."""


@dataclass(frozen=True, slots=True)
class Digits:
    """A kind that bare digits can be: their number, the proof, and how often chance passes it.

    `chance` is the share of random numbers that would pass; None where nothing adds up.
    """

    kind: Kind
    lengths: frozenset[int]
    proof: Callable[[str], bool]
    chance: float | None


_CARD_LENGTHS: Final = frozenset({13, 14, 15, 16, 19})


def _card(digits: str) -> bool:
    return len(digits) in _CARD_LENGTHS and checkdigits.issued(digits) and checkdigits.luhn(digits)


def _mobile(digits: str) -> bool:
    """Digits of an Australian number as people store it without separators."""
    return bool(re.fullmatch(r"0[23478]\d{8}|61[23478]\d{8}", digits))


BARE: Final = (
    Digits("payment-card", _CARD_LENGTHS, _card, 0.1),
    Digits("medicare", frozenset({10, 11}), checkdigits.medicare, 0.1),
    Digits("abn", frozenset({11}), checkdigits.abn, 1 / 89),
    Digits("tfn", frozenset({9}), checkdigits.tfn, 1 / 11),
    Digits("ssn", frozenset({9}), checkdigits.ssn, None),
    Digits("phone", frozenset({10, 11}), _mobile, 0.05),
)
"""In the order in which one number is taken for one kind; `chance` of a card: once issued."""
_BY_KIND: Final = {digits.kind: digits for digits in BARE}
_VERSION: Final = re.compile(r"(?:\bv|version|release|build|firmware)\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something of a kind's shape. `certain`: it alone proves the kind; `valid`: it adds up."""

    kind: Kind
    text: str
    certain: bool
    valid: bool = True


def find(text: str) -> Iterator[Sighting]:
    """What a cell holds, each place counted once."""
    digits = sum(map(text.count, "0123456789"))
    for kind, search in SEARCHES.items():
        if not _possible(kind, text, digits):
            continue
        hits = [hit for hit in search.finditer(text) if _proved(kind, hit, text)]
        for hit in hits:
            yield Sighting(kind, hit[0], certain=kind != "person-name")
        for hit in hits:
            text = text[: hit.start()] + " " * len(hit[0]) + text[hit.end() :]
    for hit in LOOSE.finditer(text) if digits >= _FEWEST else ():
        yield from _loose(hit[0], text[max(0, hit.start() - _BEFORE) : hit.start()])


def _possible(kind: Kind, text: str, digits: int) -> bool:
    """Whether a search can find anything: most cells need none of them."""
    if kind == "email":
        return "@" in text
    if kind == "ip-address":
        return text.count(".") >= 3 or ":" in text  # noqa: PLR2004 - four numbers
    return kind == "person-name" or digits >= _FEWEST


def _proved(kind: Kind, hit: re.Match[str], text: str) -> bool:
    found = hit[0]
    if kind in _BY_KIND and kind != "phone":
        return _BY_KIND[kind].proof(re.sub(r"\D", "", found))
    if kind == "iban":
        return checkdigits.iban(found.replace(" ", ""))
    if kind == "ip-address":
        return _address(found, text[: hit.start()])
    return kind != "person-name" or names.is_name(hit[1], hit[2])


def _address(text: str, before: str) -> bool:
    """An address of a machine, and neither a version number nor one everybody has."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 4:  # noqa: PLR2004 - of the protocol
        small = all(int(part) < 20 for part in text.split("."))  # noqa: PLR2004 - reads like a version
        if small or _VERSION.search(before) or text.startswith("255."):
            return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _loose(found: str, before: str) -> Iterator[Sighting]:
    """What bare digits may be: what the words before them say, else everything they fit."""
    digits = re.sub(r"\D", "", found)
    fitting = [bare for bare in BARE if len(digits) in bare.lengths]
    proved = [bare for bare in fitting if bare.proof(digits)]
    for bare in proved:
        if _words(bare.kind).search(before):
            yield Sighting(bare.kind, found, certain=True)
            return
    for bare in fitting:
        if bare.kind != "payment-card" or checkdigits.issued(digits):
            yield Sighting(bare.kind, found, certain=False, valid=bare in proved)


@cache
def _words(kind: Kind) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{WORDS[kind]})\b", re.IGNORECASE)


@dataclass(slots=True)
class Tally:
    """Cells of one column that hold one kind."""

    cells: int = 0
    files: dict[str, int] = field(default_factory=dict)
    certain: int = 0
    shaped: set[str] = field(default_factory=set)
    valid: set[str] = field(default_factory=set)
    sample: str = ""

    def add(self, seen: Sighting, file: str) -> None:
        """Counts one sighting."""
        if not seen.certain:
            self.shaped.add(seen.text)
        if not seen.valid:
            return
        self.cells += 1
        self.files[file] = self.files.get(file, 0) + 1
        self.sample = self.sample or mask(seen.text)
        if seen.certain:
            self.certain += 1
        else:
            self.valid.add(seen.text)

    def confidence(self, kind: Kind, column: str) -> Confidence | None:
        """How sure it is that the column holds the kind; None when chance explains it."""
        if self.certain:
            return "high"
        if not self.valid:
            return None
        share, named = len(self.valid) / len(self.shaped), is_named(kind, column)
        if named and share >= 0.5:  # noqa: PLR2004 - most of what the column holds
            return "high"
        if kind == "person-name":
            return "low"
        chance = _BY_KIND[kind].chance
        if chance is None or (kind == "phone" and _counted_up(self.valid)):
            return None
        luck = at_most(len(self.valid), len(self.shaped), chance)
        return "high" if luck < _SURE else "low" if luck < _LIKELY else None


def is_named(kind: Kind, column: str) -> bool:
    """Whether a column's name says that it holds the kind."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|[_\W]+|\d+", " ", column)
    return bool(_words(kind).search(spaced))


def at_most(passed: int, tried: int, chance: float) -> float:
    """Bound on the probability that chance alone passes so many (Chernoff 1952); 1 when expected.

    Args:
        passed: numbers that passed the proof.
        tried: numbers of the right shape.
        chance: probability that a random one passes, between 0 and 1.
    """
    share = passed / tried
    if share <= chance:
        return 1.0
    distance = share * math.log(share / chance)
    if share < 1:
        distance += (1 - share) * math.log((1 - share) / (1 - chance))
    return math.exp(-tried * distance)


def _counted_up(values: Iterable[str]) -> bool:
    numbers = [int(re.sub(r"\D", "", value)) for value in values]
    return max(numbers) - min(numbers) < _NUMBERING * len(numbers)
