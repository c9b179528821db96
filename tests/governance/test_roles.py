"""Public keys as `policies/roles.yaml` declares them."""

from __future__ import annotations

import pytest
import signing
from pydantic import ValidationError

from governance.roles import Key

WHOLE = signing.public("lea")


def key(public: str) -> Key:
    return Key.model_validate_json(f'{{"public": "{public}", "valid_from": "2026-01-01"}}')


def test_a_whole_key_is_taken() -> None:
    assert key(WHOLE).fingerprint.startswith("SHA256:")


@pytest.mark.parametrize(
    "public",
    [
        WHOLE[:-4],
        WHOLE[:-8],
        f"ssh-ed25519 {'A' * 64}",
        WHOLE.replace("ssh-ed25519 ", "ssh-rsa "),
        "ssh-ed25519 AAAA",
        "ssh-ed25519 ====",
        "ssh-ed25519 AAA",
    ],
)
def test_a_key_that_was_cut_or_is_of_another_kind_is_refused(public: str) -> None:
    with pytest.raises(ValidationError, match=r"not a whole ssh-(ed25519|rsa) key"):
        key(public)
