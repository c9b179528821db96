"""An attacker without the key undoes what has no key, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import guesses, pseudonym, reversal

VALUES = [f"+614{n * 7919 % 10**8:08d}" for n in range(200)]


def digest(name: str) -> Callable[[str], bytes]:
    return lambda value: hashlib.new(name, value.encode(), usedforsecurity=False).digest()


FORMS: dict[str, Callable[[str], str]] = {
    **{name: lambda v, n=name: digest(n)(v).hex() for name in ("md5", "sha1", "sha256", "sha512")},
    "in capitals": lambda v: digest("sha256")(v).hex().upper(),
    "cut to our length": lambda v: digest("sha256")(v).hex()[:32],
    "long one cut": lambda v: digest("sha512")(v).hex()[:32],
    "base64": lambda v: base64.b64encode(digest("sha256")(v)).decode(),
    "base64 for addresses": lambda v: (
        base64.urlsafe_b64encode(digest("sha1")(v)).decode().strip("=")
    ),
    "of the digits alone": lambda v: digest("sha256")(v[1:]).hex(),
}


def attacked(tokens: list[str]) -> tuple[reversal.Targets, reversal.Outcome]:
    aim, outcome = reversal.targets(tokens), reversal.Outcome()
    assert aim is not None
    spelled = (spelling for value in VALUES for spelling in reversal.spellings(value))
    reversal.dictionary(aim, spelled, 10**6, "known", outcome)
    return aim, outcome


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_unkeyed_hash_is_undone(form: Callable[[str], str]) -> None:
    aim, outcome = attacked([form(value) for value in VALUES])
    assert len(outcome.found) == len(aim.tokens) == 200


@given(st.binary(min_size=32, max_size=64))
def test_a_keyed_one_is_not(key: bytes) -> None:
    make = pseudonym.tokens(key)
    _, outcome = attacked([make(value) for value in VALUES[:20]])
    assert not outcome.found
    assert outcome.tried > 0


@given(st.binary(max_size=80), st.text(max_size=20))
def test_many_pseudonyms_are_made_like_one(key: bytes, value: str) -> None:
    assert pseudonym.tokens(key)(value) == pseudonym.token(key, value)


GUESSED = {
    "the empty key": (b"", True),
    "a word": (b"secret", True),
    "the name of the dataset": (b"loans", True),
    "the published key": (pseudonym.SAMPLE_KEY, True),
    "a secret": (bytes(range(32)), False),
}


@pytest.mark.parametrize(("key", "undone"), GUESSED.values(), ids=GUESSED)
def test_a_key_is_guessed(key: bytes, *, undone: bool) -> None:
    aim = reversal.targets([pseudonym.token(key, value) for value in VALUES])
    assert aim is not None
    outcome = reversal.Outcome()
    reversal.guessed_keys(aim, VALUES[:5], outcome, published=True, more=["loans"])
    assert bool(outcome.found) == undone


def test_the_published_key_is_not_tried_where_it_is_known_to_be_used() -> None:
    aim = reversal.targets([pseudonym.token(pseudonym.SAMPLE_KEY, value) for value in VALUES])
    assert aim is not None
    outcome = reversal.Outcome()
    reversal.guessed_keys(aim, VALUES, outcome, published=False, more=())
    assert not outcome.found


@pytest.mark.parametrize(
    "values",
    [["one", "two"], [], ["0123456789"] * 9, [f"{n:032x}" for n in range(9)] + ["x"] * 9],
    ids=["words", "nothing", "numbers", "digests among others"],
)
def test_what_is_no_digest_is_not_attacked(values: list[str]) -> None:
    assert reversal.targets(values) is None


def test_the_budget_is_kept() -> None:
    aim = reversal.targets([hashlib.sha256(b"x").hexdigest()])
    assert aim is not None
    outcome = reversal.Outcome()
    reversal.dictionary(aim, map(str, range(10**9)), 1000, "all", outcome)
    assert outcome.tried == 1000


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(0, 10**6))
def test_a_budget_is_shared_out_whole_and_fairly(sizes: list[int], budget: int) -> None:
    given_ = reversal.share_out(sizes, budget)
    assert sum(given_) == min(budget, sum(sizes))
    assert all(count <= size for count, size in zip(given_, sizes, strict=True))
    short = [count for count, size in zip(given_, sizes, strict=True) if count < size]
    assert not short or max(short) - min(short) <= 1
    assert not short or max(given_) <= max(short) + 1


@given(st.integers(1, 3000))
def test_a_scattered_walk_meets_every_number_once(size: int) -> None:
    assert sorted(reversal.scattered(size)) == list(range(size))


PATTERNS = {
    "^AC-[0-9]{10}$": ["AC-0000000000", "AC-0000000001"],
    r"[A-Z]{2}\d{3}": ["AA000", "AA001"],
    "^V-[0-9]{6}$": ["V-000000", "V-000001"],
    "[+]61[ ]4[0-9]{8}": ["+61 400000000", "+61 400000001"],
    r"\+\d": ["+0", "+1"],
}


@pytest.mark.parametrize(("pattern", "first"), PATTERNS.items(), ids=PATTERNS)
def test_a_pattern_is_counted_up(pattern: str, first: list[str]) -> None:
    domain = guesses.of_pattern(pattern)
    assert domain is not None
    assert list(domain.first(2)) == first
    assert re.fullmatch(pattern, domain.at(domain.size - 1))


@pytest.mark.parametrize(
    "pattern", ["[a-z]+", "a|b", "(a)", "a*", "[0-9]{2,3}", "[^@]+@[^@]+", "."]
)
def test_a_pattern_that_is_more_than_a_row_of_signs(pattern: str) -> None:
    assert guesses.of_pattern(pattern) is None


@pytest.mark.parametrize("domain", guesses.DOMAINS, ids=lambda domain: domain.name)
def test_every_form_has_as_many_as_it_says(domain: guesses.Domain) -> None:
    assert domain.at(0) != domain.at(domain.size - 1)
    some = list(domain.first(2000))
    assert len(set(some)) == min(2000, domain.size)


def test_what_a_name_hints_at_is_tried_most() -> None:
    tried = list(guesses.candidates("mobile_hash", None, 400_000, 1))
    assert len(tried) <= 400_000
    assert sum(1 for value in tried if value.startswith("+614")) > 25_000


def test_small_domains_are_tried_whole() -> None:
    tried = set(guesses.candidates("born", None, 2_000_000, 1))
    assert {"1984-05-17", "17/05/1984", "0042", "99999"} <= tried
