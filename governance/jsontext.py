"""JSON with one meaning: duplicate keys, NaN and infinities are refused."""

from __future__ import annotations

import json
import math
from typing import Any


class Ambiguous(ValueError):
    """JSON text that programs read differently."""


def load(data: bytes) -> Any:
    """The value of JSON text.

    Raises:
        Ambiguous: it is not JSON, or repeats a key, or holds NaN, an infinity or a number
            beyond the range of a float.
    """
    try:
        return json.loads(
            data, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_number
        )
    except Ambiguous:
        raise
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise Ambiguous(msg) from None


def dump(value: Any) -> bytes:
    """JSON text for people and diffs: sorted keys, two spaces, one line end at the end."""
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"key {twice!r} is given twice"
        raise Ambiguous(msg)
    return found


def _constant(text: str) -> float:
    msg = f"{text} is not a JSON number"
    raise Ambiguous(msg)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        msg = f"{text} is beyond the range of a float"
        raise Ambiguous(msg)
    return value
