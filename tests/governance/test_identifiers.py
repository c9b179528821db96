"""Identifiers are known by what proves them, and numbers that only look alike are left alone."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from bench import people
from governance.identifiers import KINDS, Kind, checkdigits
from governance.identifiers.shapes import MARKED, UNMARKED, mask
from governance.identifiers.sightings import Tally, at_most, find, is_named

CERTAIN = {
    "a plain address": ("jo.bloggs@example.com", "email"),
    "an address in a sentence": ("Write to jo+x@mail.example.co.uk.", "email"),
    "an address in brackets": ("Jo <jo@example.com>", "email"),
    "an address in another script": ("иван@пример.рф", "email"),
    "an Australian mobile": ("+61 491 570 006", "phone"),
    "the same without spaces": ("+61491570006", "phone"),
    "a mobile as spoken": ("0491 570 006", "phone"),
    "a landline": ("(02) 5550 1234", "phone"),
    "a number of North America": ("(212) 555-0142", "phone"),
    "the same with dashes": ("212-555-0142", "phone"),
    "a number of Germany": ("+49 30 901820", "phone"),
    "bare digits after a word": ("mobile: 0491570006", "phone"),
    "a card in groups": ("4111 1111 1111 1111", "payment-card"),
    "a card with dashes": ("5500-0055-5555-5559", "payment-card"),
    "a card of fifteen digits": ("3782 822463 10005", "payment-card"),
    "a card after a word": ("card 4111111111111111 expired", "payment-card"),
    "an account of Germany": ("DE89370400440532013000", "iban"),
    "an account in groups": ("GB82 WEST 1234 5698 7654 32", "iban"),
    "an account in small letters": ("nl91abna0417164300", "iban"),
    "a tax file number after a word": ("TFN 123 456 782", "tfn"),
    "a business number in groups": ("51 824 753 556", "abn"),
    "a business number after a word": ("ABN: 51824753556", "abn"),
    "a Medicare card": ("2123 45670 1", "medicare"),
    "a social security number": ("078-05-1120", "ssn"),
    "an address of version 4": ("from 203.0.113.77 at noon", "ip-address"),
    "an address of version 6": ("2001:db8::ff00:42:8329", "ip-address"),
}


@pytest.mark.parametrize(("text", "kind"), CERTAIN.values(), ids=CERTAIN)
def test_one_cell_is_enough(text: str, kind: Kind) -> None:
    assert [(seen.kind, seen.certain) for seen in find(text)] == [(kind, True)]
    assert re.search(MARKED, text), "the engine's screen would lose it"


NOTHING = {
    "an address without domain": "jo@localhost",
    "a handle": "@jo_bloggs",
    "a card with a wrong digit": "4111 1111 1111 1112",
    "a card nobody issues": "9111 1111 1111 1111",
    "an account with a wrong digit": "DE89370400440532013001",
    "an account of a wrong length": "DE8937040044053201300",
    "an area never issued": "666-05-1120",
    "a group never issued": "078-00-1120",
    "a business number with a wrong digit": "51 824 753 557",
    "a Medicare card with a wrong digit": "2123 45671 1",
    "a version": "1.4.18.2",
    "a version of a program": "v10.40.0.77",
    "one's own machine": "127.0.0.1",
    "a mask": "255.255.255.0",
    "numbers above 255": "300.1.2.3",
    "a time": "12:30:45",
    "a date and a time": "2026-11-22 10:11:12.123456",
    "an address of hardware": "00:1a:2b:3c:4d:5e",
    "a place": "-33.868820, 151.209290",
    "an amount": "1,234,567,890.12",
    "a street": "12 Victoria Street",
    "a unique id": "550e8400-e29b-41d4-a716-446655440000",
    "words": "Nothing to see here",
    "nothing": "",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_what_only_looks_alike(text: str) -> None:
    assert [seen for seen in find(text) if seen.valid] == []


@pytest.mark.parametrize(
    "text", ["Spoke with John Smith today", "Met Anna de Vries", "Dr Priya O'Neil"]
)
def test_a_name_is_a_hint(text: str) -> None:
    (seen,) = find(text)
    assert (seen.kind, seen.certain) == ("person-name", False)
    assert re.search(UNMARKED, text)


PROOFS = {
    "luhn": (checkdigits.luhn, "4111111111111111"),
    "tfn": (checkdigits.tfn, "123456782"),
    "abn": (checkdigits.abn, "51824753556"),
    "medicare": (checkdigits.medicare, "2123456701"),
}


@pytest.mark.parametrize(("proof", "digits"), PROOFS.values(), ids=PROOFS)
def test_a_check_digit_tells_every_single_wrong_digit(proof, digits) -> None:
    assert proof(digits)
    proved = 9 if proof is checkdigits.medicare else len(digits)  # the rest is an issue number
    for place in range(proved):
        for other in set("0123456789") - {digits[place]}:
            assert not proof(digits[:place] + other + digits[place + 1 :])


@given(st.text("0123456789", min_size=18, max_size=18))
def test_an_account_number_tells_two_swapped_digits(body: str) -> None:
    (text,) = [t for n in range(2, 99) if checkdigits.iban(t := f"DE{n:02d}{body}")]
    for place in range(4, len(text) - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        assert checkdigits.iban(swapped) == (swapped == text)


@given(st.sampled_from(sorted(people._IN_TEXT)), st.integers(0, 2**32))
def test_whatever_is_written_is_screened_and_found(kind: Kind, seed: int) -> None:
    dice = Random(seed)
    text = f"{people.words(dice, 3)} {people._IN_TEXT[kind](dice)} {people.words(dice, 2)}"
    assert re.search(MARKED, text) or re.search(UNMARKED, text)
    seen = [s for s in find(text) if s.kind == kind and s.valid]
    assert seen or kind == "ip-address"


@given(st.text(max_size=60))
def test_no_text_stops_the_search_and_no_mask_tells_a_letter(text: str) -> None:
    for seen in find(text):
        assert not re.search(r"[^\W_]", mask(seen.text).partition(", ")[0])


def confidence(kind: Kind, column: str, cells: list[str]) -> str | None:
    tally = Tally()
    for cell in cells:
        for seen in find(cell):
            if seen.kind == kind:
                tally.add(seen, "a")
    return tally.confidence(kind, column)


DICE = Random(5)
TFNS = [people.tfn(DICE) for _ in range(40)]
PLAIN = [f"{DICE.randrange(10**8, 10**9)}" for _ in range(4000)]
COLUMNS = {
    "tax file numbers": ("tfn", "x7", TFNS, "high"),
    "a few of them": ("tfn", "x7", TFNS[:4], "low"),
    "a few under their name": ("tfn", "customer_tfn", TFNS[:2], "high"),
    "half of them": ("tfn", "x7", [*TFNS, *PLAIN[:40]], "high"),
    "plain numbers": ("tfn", "x7", PLAIN, None),
    "plain numbers under a name": ("tfn", "tfn", PLAIN, None),
    "one number that repeats": ("tfn", "x7", TFNS[:1] * 500, None),
    "plain numbers as social security": ("ssn", "x7", PLAIN, None),
    "the same under a name": ("ssn", "SSN", PLAIN, "high"),
    "phones without a sign": (
        "phone", "x7", [f"614{DICE.randrange(10**8):08d}" for _ in range(60)], "high",
    ),
    "accounts counted up": ("phone", "x7", [str(61_400_000_000 + n) for n in range(900)], None),
    "cards": ("payment-card", "x7", [people.card(DICE) for _ in range(30)], "high"),
    "numbers that begin like cards": (
        "payment-card", "x7", [f"4{DICE.randrange(10**15):015d}" for _ in range(900)], None,
    ),
    "names among words": ("person-name", "notes", ["Called John Smith"], "low"),
    "names in a column of names": ("person-name", "full_name", ["John Smith", "Ana Rossi"], "high"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "column", "cells", "sure"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_is_judged_as_a_whole(kind, column, cells, sure) -> None:
    assert confidence(kind, column, cells) == sure


@given(st.integers(0, 300), st.integers(1, 300), st.floats(0.01, 0.9))
def test_the_bound_on_luck_is_one(passed: int, tried: int, chance: float) -> None:
    passed = min(passed, tried)
    assert at_most(passed, tried, chance) >= binom.sf(passed - 1, tried, chance) - 1e-12


@pytest.mark.parametrize("column", ["phone", "mobile_no", "homePhone", "Tel 2"])
def test_a_column_says_what_it_holds(column: str) -> None:
    assert is_named("phone", column)
    assert not is_named("email", column)


def test_every_kind_has_been_tried() -> None:
    assert {kind for _, kind in CERTAIN.values()} | {"person-name"} == set(KINDS)
