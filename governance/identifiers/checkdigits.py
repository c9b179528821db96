"""Whether the digits of an identifier add up; each function takes them without separators."""

from __future__ import annotations

from typing import Final

_TFN: Final = (1, 4, 3, 7, 5, 8, 6, 9, 10)
_ABN: Final = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_MEDICARE: Final = (1, 3, 7, 9, 1, 3, 7, 9)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Sum of the digits of twice a digit."""

# Lengths by country: ISO 13616, IBAN registry.
_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28,
    "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
    "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30,
    "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22,
    "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23,
    "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip
IBAN_COUNTRIES: Final = tuple(_IBAN_LENGTHS)


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1)."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[n] for n in numbers[1::2])) % 10 == 0


def issued(digits: str) -> bool:
    """Whether a payment card of this length begins like this (ISO/IEC 7812 issuer ranges)."""
    size, two, four = len(digits), int(digits[:2]), int(digits[:4])
    if digits[0] == "4":
        return size in {13, 16, 19}
    if 51 <= two <= 55 or 2221 <= four <= 2720:  # noqa: PLR2004 - ranges of one issuer
        return size == 16  # noqa: PLR2004
    if two in {34, 37}:
        return size == 15  # noqa: PLR2004
    if two in {36, 38, 39} or 3000 <= four <= 3059:  # noqa: PLR2004
        return size == 14  # noqa: PLR2004
    return (four == 6011 or two == 65 or 3528 <= four <= 3589) and size == 16  # noqa: PLR2004


def iban(text: str) -> bool:
    """Whether length and remainder are those of the country (ISO 13616, ISO 7064 MOD 97-10)."""
    text = text.upper()
    if _IBAN_LENGTHS.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def tfn(digits: str) -> bool:
    """Whether nine digits are an Australian tax file number: weighted sum divisible by 11."""
    return _weighted(digits, _TFN) % 11 == 0 and digits != "000000000"


def abn(digits: str) -> bool:
    """Whether eleven digits are an Australian business number: sum after taking 1 off, mod 89."""
    return digits[0] != "0" and (_weighted(digits, _ABN) - _ABN[0]) % 89 == 0


def medicare(digits: str) -> bool:
    """Whether ten or eleven digits are an Australian Medicare card number, with issue digit."""
    known = digits[0] in "23456" and digits[9] != "0"
    return known and _weighted(digits[:8], _MEDICARE) % 10 == int(digits[8])


def ssn(digits: str) -> bool:
    """Whether nine digits may be a US social security number: no part that is never issued."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    known = area not in {"000", "666"} and area[0] != "9"
    return known and group != "00" and serial != "0000"


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
