"""What identifiers look like: one search per kind, and the screen an engine uses before it.

The screens keep to what RE2 and Java read alike, so that every engine looks at the same
cells; they may let through more than the searches find, never less. Python adds guards at both
ends, so that the middle of a longer number is no identifier.
"""

from __future__ import annotations

import re
from typing import Final

from governance.identifiers import Kind, names
from governance.identifiers.checkdigits import IBAN_COUNTRIES

_LABEL: Final = r"[^\s@.,;:<>()\[\]\"']+"
EMAIL: Final = rf"[^\s@,;:<>()\[\]\"]+@(?:{_LABEL}\.)+[^\W\d_][^\s@.,;:<>()\[\]\"'0-9_]+"
_START: Final = "(?:^|[^0-9A-Za-z_])"
_END: Final = "(?:[^0-9A-Za-z_]|$)"
_SCREEN_EMAIL: Final = r"[^ @]@[^ @.]+\.[^ @.]"
_SCREEN_IBAN: Final = rf"{_START}(?i:(?:{'|'.join(IBAN_COUNTRIES)})[0-9]{{2}} ?[0-9A-Z]{{4}})"
_SCREEN_IPV6: Final = r"::[0-9A-Fa-f]|[0-9A-Fa-f]::|(?:[0-9A-Fa-f]{1,4}:){4}"
IBAN: Final = r"[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?"
IPV4: Final = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
IPV6: Final = r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*"

CARD: Final = (
    r"[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{1,4}(?:[ -][0-9]{3})?"
    r"|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}"
)
MEDICARE: Final = r"[2-6][0-9]{3}[ -][0-9]{5}[ -][1-9](?:[ /-]?[1-9])?"
SSN: Final = r"[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}"
ABN: Final = r"[0-9]{2} [0-9]{3} [0-9]{3} [0-9]{3}"
TFN: Final = r"[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}"
_COUNTRY: Final = r"\+[1-9][0-9]{0,2}[ .()-]{0,2}[0-9](?:[ .()-]{0,2}[0-9]){5,13}"
_AUSTRALIA: Final = (
    r"\(0[23478]\) ?[0-9]{4}[ -]?[0-9]{4}"
    r"|04[0-9]{2}[ -][0-9]{3}[ -][0-9]{3}|0[2378][ -][0-9]{4}[ -][0-9]{4}"
)
_NORTH_AMERICA: Final = (
    r"(?:1[ .-])?\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .-]?[0-9]{4}"
    r"|(?:1[ .-])?[2-9][0-9]{2}[ .-][2-9][0-9]{2}[ .-][0-9]{4}"
)
PHONE: Final = f"{_COUNTRY}|{_AUSTRALIA}|{_NORTH_AMERICA}"
BARE: Final = rf"(?<!\d[ -]){TFN}(?![ -]\d)|[0-9]{{8,19}}"
"""Digits with nothing around them that says what they are."""

WORDS: Final[dict[str, str]] = {
    "payment-card": r"card|visa|mastercard|amex|pan|credit",
    "medicare": r"medicare",
    "ssn": r"ssn|social security|social",
    "abn": r"abn|business number",
    "tfn": r"tfn|tax file|tax",
    "phone": r"phone|mobile|telephone|tel|cell|call|fax|contact|sms|msisdn",
    "email": r"e-?mail|mail",
    "iban": r"iban",
    "ip-address": r"ip|ip address",
    "person-name": r"name|fullname|surname|person|holder|customer|client|patient",
}
"""Words that say what follows, in a text or as part of a column's name."""

_DIGIT_WORDS: Final = "|".join(
    WORDS[kind] for kind in ("payment-card", "medicare", "ssn", "abn", "tfn", "phone")
)
_GROUPED: Final = f"{IPV4}|{CARD}|{MEDICARE}|{SSN}|{ABN}"
MARKED: Final = "|".join((
    _SCREEN_EMAIL, _SCREEN_IBAN, _SCREEN_IPV6, _COUNTRY, _AUSTRALIA, _NORTH_AMERICA,
    f"{_START}(?:{_GROUPED}){_END}",
    f"{_START}(?i:{_DIGIT_WORDS}){_END}[^0-9]{{0,24}}[0-9][0-9 -]{{7}}",
))  # fmt: skip
"""Screen for cells that alone may prove something."""

UNMARKED: Final = "|".join((
    f"{_START}(?:[0-9]{{8,19}}|[0-9]{{3}}[ -][0-9]{{3}}[ -][0-9]{{3}}){_END}",
    f"{_START}[A-Z][a-z]+ [A-Z]",
))  # fmt: skip
"""Screen for cells that prove something only together with many others."""


def guarded(shape: str) -> re.Pattern[str]:
    """A search for a shape that stands by itself, not inside a longer word or number."""
    return re.compile(rf"(?<![\w+])(?<!\d[.,-])(?:{shape})(?![\w]|[.,-]\d)")


SEARCHES: Final[dict[Kind, re.Pattern[str]]] = {
    "email": re.compile(EMAIL),
    "iban": guarded(IBAN),
    "ip-address": re.compile(rf"(?<![\w.:-])(?:{IPV6}|{IPV4})(?![\w:]|\.\d)"),
    "payment-card": guarded(CARD),
    "medicare": guarded(MEDICARE),
    "ssn": guarded(SSN),
    "abn": guarded(ABN),
    "phone": guarded(PHONE),
    "person-name": names.PAIR,
}
LOOSE: Final = guarded(BARE)


def mask(value: str) -> str:
    """The outline of a value: its separators and its length, not one letter or digit of it."""
    outline = re.sub(r"[^@+().:/ -]+", "…", value)
    return f"{outline[:24]}, {len(value)} characters"
