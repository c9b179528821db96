"""Flags for flagd: which version answers a request, by environment and in fixed shares.

The variant is the version. A caller asks for the flag `<model>-version` with its `environment` and
a `targetingKey`; the same key gets the same version for as long as the shares stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from typing import Any, Final

from governance.serving import Serving, Slice

SCHEMA: Final = "https://flagd.dev/schema/v0/flags.json"
_PARTS: Final = 10_000
"""Shares are written in ten-thousandths, shortened where they can be."""
NOBODY: Final = "none"
"""The variant of requests that no version answers: the caller's own default holds."""


def name(model: str) -> str:
    """The flag of a model."""
    return f"{model}-version"


def flag(serving: Serving) -> dict[str, Any]:
    """The flag of one model."""
    versions = sorted({one.version for slices in serving.stages.values() for one in slices})
    rule: Any = NOBODY
    for stage, slices in sorted(serving.stages.items(), reverse=True):
        chosen = _chosen(slices)
        rule = {"if": [{"==": [{"var": "environment"}, stage]}, chosen, rule]}
    return {
        "state": "ENABLED",
        "variants": {version: version for version in [*versions, NOBODY]},
        "defaultVariant": NOBODY,
        "targeting": rule,
    }


def _chosen(slices: Sequence[Slice]) -> Any:
    """One version for all, or a fixed share of keys for each."""
    parts = {one.version: round(one.share * _PARTS) for one in slices}
    if (rest := _PARTS - sum(parts.values())) > 0:
        parts[NOBODY] = rest
    if len(parts) == 1:
        return next(iter(parts))
    common = gcd(*parts.values())
    weights = [[version, part // common] for version, part in sorted(parts.items())]
    return {"fractional": weights}


def merged(known: Mapping[str, Any], serving: Serving) -> dict[str, Any]:
    """The whole file with one model's flag as it should be; other models' stay as they are."""
    flags = known.get("flags")
    others = dict(flags) if isinstance(flags, dict) else {}
    others[name(serving.model)] = flag(serving)
    return {"$schema": SCHEMA, "flags": dict(sorted(others.items()))}
