"""A review of a model as a test result: what was checked, what came out, on which bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from governance.attestation import OWN
from governance.finding import Verdict
from governance.version import Review

_LISTS: Final = {"PASSED": "passedTests", "WARNED": "warnedTests", "FAILED": "failedTests"}


@dataclass(frozen=True, slots=True)
class Check:
    """One question of a review; `measured` is its answer in numbers or words."""

    name: str
    verdict: Verdict
    measured: str

    @property
    def result(self) -> str:
        """PASSED, WARNED or FAILED: what is inconclusive is left to people, an error is none."""
        if self.verdict.green:
            return "PASSED"
        return "WARNED" if self.verdict is Verdict.INCONCLUSIVE else "FAILED"


def result(checks: Iterable[Check]) -> str:
    """The worst of several results; a review without checks failed."""
    found = {check.result for check in checks}
    return next((one for one in ("FAILED", "WARNED", "PASSED") if one in found), "FAILED")


def predicate(
    review: Review, checks: Iterable[Check], configuration: Mapping[str, str],
    facts: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """The in-toto test result of a review.

    Args:
        review: which one.
        checks: every check with its outcome.
        configuration: digests (`sha256:…`) of evidence, policies and tools' inputs, by name.
        facts: what else the review found out, as JSON.
    """
    checks = tuple(checks)
    lists: dict[str, list[str]] = {name: [] for name in _LISTS.values()}
    for check in checks:
        lists[_LISTS[check.result]].append(check.name)
    return {
        "result": result(checks),
        "configuration": [
            {"name": name, "digest": {"sha256": seen.removeprefix("sha256:")}}
            for name, seen in sorted(configuration.items())
        ],
        **lists,
        OWN: {
            "review": review,
            "checks": [
                {"name": one.name, "verdict": one.verdict.value, "measured": one.measured}
                for one in checks
            ],
            **facts,
        },
    }
