"""One value, one digest."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from governance import digest

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_the_digest_of_nothing() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest.of_bytes(b"") == f"sha256:{empty}"
    assert digest.short(digest.of_bytes(b"")) == empty[:12]


@given(VALUES)
def test_the_text_of_a_value_reads_back(value: Any) -> None:
    assert json.loads(digest.canonical(value)) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.integers()))
def test_the_order_of_keys_is_no_part(value: dict[str, int]) -> None:
    assert digest.of_value(value) == digest.of_value(dict(reversed(value.items())))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_has_no_json_form_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest.of_value({"a": [number]})
    with pytest.raises(ValueError, match="is not a finite number"):
        digest.rounded(number)


@pytest.mark.parametrize(
    ("number", "kept"),
    [(0.1 + 0.2, 0.3), (-0.0, 0.0), (-1e-9, 0.0), (1 / 3, 0.333333), (7, 7.0), (1e300, 1e300)],
)
def test_numbers_keep_six_digits(number: float, kept: float) -> None:
    assert repr(digest.rounded(number)) == repr(kept)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounding_twice_is_rounding_once(number: float) -> None:
    once = digest.rounded(number)
    assert digest.rounded(once) == once
    assert math.copysign(1, once) == 1 or once < 0


@pytest.mark.parametrize(
    "text",
    ["", "sha256:", "sha256:" + "a" * 63, "sha256:" + "A" * 64, "md5:" + "a" * 32,
     "sha256:" + "a" * 64 + "\n", " sha256:" + "a" * 64],
)  # fmt: skip
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(digest.Digest).validate_python(text)
