"""The outcome of a run: every rule's verdict, and what the process should exit with."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from governance.finding import Finding, Verdict

_GRAVITY = (
    Verdict.NOT_APPLICABLE,
    Verdict.PASS,
    Verdict.INCONCLUSIVE,
    Verdict.FAIL,
    Verdict.ERROR,
)


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """The gravest verdict among findings; pass when there is none."""
    return max((found.verdict for found in findings), key=_GRAVITY.index, default=Verdict.PASS)


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule's verdict, its findings, and the reason when it judged nothing.

    `waits` marks a rule that could not judge because of a finding another rule reports.
    """

    rule: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything a run of the checks found."""

    results: tuple[RuleResult, ...]
    tree: str
    commit: str | None
    base: str | None
    at: datetime

    @property
    def findings(self) -> list[tuple[str, Finding]]:
        """Rule and finding, by place."""
        pairs = [(result.rule, found) for result in self.results for found in result.findings]
        return sorted(
            pairs, key=lambda p: (p[1].at.path, p[1].at.line or 0, p[1].at.column or 0, p[0])
        )

    @property
    def counts(self) -> Counter[Verdict]:
        """Number of rules by verdict."""
        return Counter(result.verdict for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 when all is green, 1 for findings, 2 when a question stayed open for another cause."""
        if any(r.verdict is Verdict.ERROR and not r.waits for r in self.results):
            return 2
        return 0 if all(r.verdict.green for r in self.results) else 1
