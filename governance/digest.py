"""Digests: everything approved, released or proved is named by the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Annotated, Any, TypeAlias

from pydantic import Field

Digest: TypeAlias = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""`sha256:` and 64 lower-case hexadecimal digits."""


def of_bytes(data: bytes) -> str:
    """The digest of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def of_value(value: Any) -> str:
    """The digest of the canonical JSON text of `value`.

    Raises:
        ValueError: `value` holds NaN or an infinity, which have no JSON form.
    """
    return of_bytes(canonical(value))


def canonical(value: Any) -> bytes:
    """One JSON text per value: sorted keys, no spaces, UTF-8; NaN and infinities refused."""
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def short(digest: str) -> str:
    """Twelve hexadecimal digits: enough to read aloud, never enough to decide by."""
    return digest.removeprefix("sha256:")[:12]


def rounded(number: float, digits: int = 6) -> float:
    """`number` at the precision evidence keeps, so that bytes are equal between runs.

    Raises:
        ValueError: the number is NaN or infinite; evidence never holds either.
    """
    if not math.isfinite(number):
        msg = f"{number} is not a finite number"
        raise ValueError(msg)
    return round(float(number), digits) + 0.0
