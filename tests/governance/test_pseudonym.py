"""Pseudonyms are HMAC-SHA-256, also when an engine without HMAC builds them from pads."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import pseudonym

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.binary(max_size=200), TEXT)
def test_pads_build_the_hmac(key: bytes, text: str) -> None:
    inner, outer = pseudonym.pads(key)
    once = hashlib.sha256(inner + text.encode()).digest()
    built = hashlib.sha256(outer + once).hexdigest()
    assert built == hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    assert pseudonym.token(key, text) == built[:32]


@pytest.mark.parametrize("size", [0, 63, 64, 65, 1000])
def test_pads_are_one_block_long(size: int) -> None:
    assert [len(pad) for pad in pseudonym.pads(b"k" * size)] == [64, 64]


def test_the_published_vector_of_rfc_4231() -> None:
    expected = "b0344c61d8db38535ca8afceaf0bf12b"
    assert pseudonym.token(b"\x0b" * 20, "Hi There") == expected


@given(TEXT, TEXT)
def test_other_texts_have_other_pseudonyms(one: str, two: str) -> None:
    tokens = {pseudonym.token(pseudonym.SAMPLE_KEY, text) for text in (one, two)}
    assert len(tokens) == len({one, two})


def test_the_sample_key_is_long_enough_to_be_taken_for_a_key() -> None:
    assert len(pseudonym.SAMPLE_KEY) >= 32
