"""Invented identifiers in the forms people write them, among numbers that only look like them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from governance.identifiers import Kind, checkdigits

_GIVEN: Final = (
    "Anna",
    "John",
    "Maria",
    "Wei",
    "Fatima",
    "Liam",
    "Priya",
    "Carlos",
    "Emma",
    "Yusuf",
)
_FAMILY: Final = (
    "Nguyen",
    "Smith",
    "Garcia",
    "Okafor",
    "Rossi",
    "Tanaka",
    "Novak",
    "Brown",
    "Haddad",
    "Larsen",
)
_DOMAINS: Final = (
    "example.com",
    "example.org",
    "example.net",
    "mail.example.co.uk",
    "example.com.au",
)
_TEXT: Final = """
please call back about the late fee refund order statement was sent again customer asked for
a new limit and wants to hear from us before Friday thanks account closed moved overseas
"""
_WORDS: Final = _TEXT.split()


_AMEX: Final = 15
_IPV6_SHARE: Final = 0.3
_HELD_SHARE: Final = 0.05


def _digits(dice: Random, count: int) -> str:
    return "".join(dice.choices("0123456789", k=count))


def _proved(make: Callable[[], str], proof: Callable[[str], bool]) -> str:
    while not proof(found := make()):
        pass
    return found


def email(dice: Random) -> str:
    local = dice.choice((
        f"{dice.choice(_GIVEN)}.{dice.choice(_FAMILY)}", f"{dice.choice(_GIVEN)}{_digits(dice, 3)}",
        f"{dice.choice(_GIVEN)}+{_digits(dice, 2)}", f"{dice.choice(_GIVEN)}_x", "o'neil",
    ))  # fmt: skip
    return f"{dice.choice((local, local.lower()))}@{dice.choice(_DOMAINS)}"


def phone(dice: Random) -> str:
    d, area, exchange = _digits(dice, 8), dice.randrange(201, 990), dice.randrange(201, 999)
    return dice.choice((
        f"+61 4{d[:2]} {d[2:5]} {d[5:]}", f"+614{d}", f"04{d[:2]} {d[2:5]} {d[5:]}",
        f"(0{dice.choice('2378')}) {d[:4]} {d[4:]}", f"0{dice.choice('2378')} {d[:4]} {d[4:]}",
        f"+1 {area} {exchange} {d[:4]}", f"({area}) {exchange}-{d[:4]}",
        f"{area}-{exchange}-{d[:4]}",
        f"+44 20 {d[:4]} {d[4:]}", f"+49 30 {d}", f"04{d}", f"call 0{dice.choice('23478')}{d}",
    ))  # fmt: skip


def card(dice: Random) -> str:
    head, size = dice.choice(
        (("4", 16), ("5" + dice.choice("12345"), 16), ("37", 15), ("2221", 16))
    )
    return _proved(lambda: head + _digits(dice, size - len(head)), checkdigits.luhn)


def grouped_card(dice: Random) -> str:
    digits, sign = card(dice), dice.choice(" -")
    if len(digits) == _AMEX:
        return sign.join((digits[:4], digits[4:10], digits[10:]))
    return sign.join(digits[at : at + 4] for at in range(0, 16, 4))


def iban(dice: Random) -> str:
    country, bank, size = dice.choice((("DE", "", 18), ("GB", "WEST", 14), ("NL", "ABNA", 10)))
    body = bank + _digits(dice, size)
    text = next(
        found for check in range(2, 99) if checkdigits.iban(found := f"{country}{check:02d}{body}")
    )
    return dice.choice((text, " ".join(text[at : at + 4] for at in range(0, len(text), 4))))


def tfn(dice: Random) -> str:
    return _proved(lambda: _digits(dice, 9), checkdigits.tfn)


def abn(dice: Random) -> str:
    return _proved(lambda: _digits(dice, 11), checkdigits.abn)


def medicare(dice: Random) -> str:
    return _proved(
        lambda: dice.choice("23456") + _digits(dice, 8) + dice.choice("123456789"),
        checkdigits.medicare,
    )  # fmt: skip


def ssn(dice: Random) -> str:
    found = _proved(lambda: _digits(dice, 9), checkdigits.ssn)
    return f"{found[:3]}-{found[3:5]}-{found[5:]}"


def address(dice: Random) -> str:
    if dice.random() < _IPV6_SHARE:
        return str(ipaddress.IPv6Address((0x2001 << 112) + dice.getrandbits(100)))
    return ".".join(str(dice.randrange(20, 220)) for _ in range(4))


def words(dice: Random, count: int = 6) -> str:
    return " ".join(dice.choices(_WORDS, k=count))


@dataclass(frozen=True, slots=True)
class Column:
    """Cells, and for each of them the kind that was put there."""

    name: str
    cells: tuple[str | int, ...]
    kinds: tuple[Kind | None, ...]


_IN_TEXT: Final[dict[Kind, Callable[[Random], str]]] = {
    "email": email,
    "phone": phone,
    "payment-card": lambda dice: dice.choice(
        (
            grouped_card(dice),
            f"card {card(dice)}",
            f"paid with {card(dice)}",
        )
    ),
    "iban": iban,
    "tfn": lambda dice: dice.choice(("TFN {}", "tax file number is {}", "tfn:{}")).format(
        tfn(dice)
    ),
    "abn": lambda dice: f"ABN: {abn(dice)}",
    "medicare": lambda dice: f"Medicare no. {medicare(dice)}",
    "ssn": ssn,
    "ip-address": address,
}
_ALONE: Final[dict[Kind, Callable[[Random], str | int]]] = {
    "email": email,
    "phone": lambda dice: int(f"614{_digits(dice, 8)}"),
    "payment-card": lambda dice: int(card(dice)),
    "iban": iban,
    "tfn": tfn,
    "abn": lambda dice: int(abn(dice)),
    "medicare": medicare,
    "ssn": ssn,
    "ip-address": address,
}
_LOOKALIKES: Final[dict[str, Callable[[Random], str | int]]] = {
    "invoice": lambda dice: f"INV-{_digits(dice, 9)}",
    "reference": lambda dice: dice.randrange(10**8, 10**9),
    "batch": lambda dice: dice.randrange(10**9, 10**10),
    "ledger": lambda dice: dice.randrange(10**10, 10**11),
    "trace": lambda dice: 4 * 10**15 + dice.randrange(10**15),
    "epoch": lambda dice: dice.randrange(1_500_000_000_000, 1_800_000_000_000),
    "made_at": lambda dice: f"2026-{dice.randrange(1, 13):02d}-{dice.randrange(1, 28):02d}"
                            f" {dice.randrange(24):02d}:{dice.randrange(60):02d}:07.123456",
    "amount": lambda dice: f"{dice.randrange(10**9) / 100:,.2f}",
    "digest": lambda dice: f"{dice.getrandbits(256):064x}",
    "session": lambda dice: "-".join(f"{dice.getrandbits(bits):0{bits // 4}x}"
                                     for bits in (32, 16, 16, 16, 48)),
    "version": lambda dice: ".".join(str(dice.randrange(19)) for _ in range(4)),
    "place": lambda dice: f"{dice.uniform(-90, 90):.6f}, {dice.uniform(-180, 180):.6f}",
    "sku": lambda dice: f"{_digits(dice, 3)}-{_digits(dice, 4)}-{_digits(dice, 2)}",
    "handle": lambda dice: f"@{words(dice, 1)}{_digits(dice, 4)}",
    "network": lambda dice: ":".join(f"{dice.getrandbits(8):02x}" for _ in range(6)),
    "memo": lambda dice: f"{words(dice)} order {_digits(dice, dice.choice((9, 11, 12, 16)))} now",
    "street": lambda dice: f"{dice.randrange(1, 400)} Victoria Street, Rose Bay {_digits(dice, 4)}",
}  # fmt: skip


def columns(seed: int, cells: int) -> Iterator[Column]:
    """A column for each kind alone and in text, and one for each look-alike.

    Args:
        seed: of everything random.
        cells: cells of each column; one in twenty of a text holds something.
    """
    dice = Random(seed)  # noqa: S311 - nothing secret
    for kind, alone in _ALONE.items():
        yield Column(f"x_{len(kind)}", tuple(alone(dice) for _ in range(cells)), (kind,) * cells)
    for kind, spoken in _IN_TEXT.items():
        texts, kinds = [], []
        for _ in range(cells):
            there = dice.random() < _HELD_SHARE
            middle = spoken(dice) if there else dice.choice((words(dice, 2), _digits(dice, 7)))
            texts.append(f"{words(dice, 4)} {middle}{dice.choice(('', ',', '.'))} {words(dice, 3)}")
            kinds.append(kind if there else None)
        yield Column("remarks", tuple(texts), tuple(kinds))
    for name, look in _LOOKALIKES.items():
        yield Column(name, tuple(look(dice) for _ in range(cells)), (None,) * cells)
    yield Column("row", tuple(range(100_000_000, 100_000_000 + cells)), (None,) * cells)
    yield Column("account", tuple(range(61_400_000_000, 61_400_000_000 + cells)), (None,) * cells)
