"""Quality rules of a contract: what is measured on the rows, and which numbers are good enough.

The metrics and operators are those of the Open Data Contract Standard. A rule of severity `error`
stops landing and training, one of `warning` is told and kept as evidence, one of `info` is kept
as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Metric = Literal[
    "rowCount",
    "nullValues",
    "missingValues",
    "invalidValues",
    "duplicateValues",
    "sql",
    "references",
]
Operator = Literal[
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan",
    "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween",
]  # fmt: skip
Severity = Literal["error", "warning", "info"]
Unit = Literal["rows", "percent"]

_SAYS: Final = {
    "mustBe": "must be {0:g}",
    "mustNotBe": "must not be {0:g}",
    "mustBeGreaterThan": "must be greater than {0:g}",
    "mustBeGreaterOrEqualTo": "must be at least {0:g}",
    "mustBeLessThan": "must be less than {0:g}",
    "mustBeLessOrEqualTo": "must be at most {0:g}",
    "mustBeBetween": "must be between {0:g} and {1:g}",
    "mustNotBeBetween": "must not be between {0:g} and {1:g}",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One number that is measured on a dataset, and what it must be.

    `columns` are those it speaks of, none for the whole table. `values` are the missing or the
    valid ones. Between means between or equal to the limits.
    """

    name: str
    metric: Metric
    columns: tuple[str, ...]
    operator: Operator
    limits: tuple[float, ...]
    unit: Unit = "rows"
    severity: Severity = "error"
    values: tuple[str | int | float | bool | None, ...] = ()
    pattern: str | None = None
    query: str | None = None

    @property
    def by_row(self) -> bool:
        """Whether each row by itself counts or not."""
        return self.metric in {"nullValues", "missingValues", "invalidValues"}

    @property
    def demand(self) -> str:
        """What the number must be, in words."""
        return _SAYS[self.operator].format(*self.limits) + (" %" if self.unit == "percent" else "")

    def number(self, count: float | None, rows: int) -> float | None:
        """The number that is judged: a count as it is, or as a share of the rows in percent."""
        if self.unit == "rows" or count is None:
            return count
        return 100 * count / rows if rows else 0.0

    def kept(self, number: float | None) -> bool:
        """Whether a number is good enough; one that is not known or not finite never is."""
        if number is None or not abs(number) < float("inf"):
            return False
        low, high = self.limits[0], self.limits[-1]
        return {
            "mustBe": number == low,
            "mustNotBe": number != low,
            "mustBeGreaterThan": number > low,
            "mustBeGreaterOrEqualTo": number >= low,
            "mustBeLessThan": number < low,
            "mustBeLessOrEqualTo": number <= low,
            "mustBeBetween": low <= number <= high,
            "mustNotBeBetween": not low <= number <= high,
        }[self.operator]

    def may_come(self, number: float | None) -> bool:
        """Whether it is a number of rows that further rows can make good enough."""
        never = self.operator in {"mustBeLessThan", "mustBeLessOrEqualTo"}
        if self.metric != "rowCount" or number is None or never:
            return False
        return number <= self.limits[-1]


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns whose values must stand in columns of another dataset, or of the same."""

    columns: tuple[str, ...]
    dataset: str
    targets: tuple[str, ...]
    severity: Severity = "error"

    @property
    def rule(self) -> Rule:
        """What is measured: rows whose values stand nowhere in the other dataset."""
        name = f"references {self.dataset}.{'+'.join(self.targets)}"
        return Rule(name, "references", self.columns, "mustBe", (0,), severity=self.severity)
