"""Identifiers of people in text and numbers: what they look like and what proves them."""

from __future__ import annotations

from typing import Final, Literal, get_args

Kind = Literal[
    "email", "iban", "ip-address", "payment-card", "medicare", "ssn", "abn", "tfn", "phone",
    "person-name",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In the order in which they are looked for: what one has claimed is no other's."""

Confidence = Literal["high", "low"]
"""`high`: refused where it is not declared. `low`: a hint for whoever reviews the contract."""
