"""What is said about each column of data that are compared with a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from governance import counters, drift
from governance.finding import Verdict

if TYPE_CHECKING:
    from governance.counters import Levels, Numbers, Table
    from governance.monitoring import Drift

BINS: Final = 10
"""Bins of about equal rows that numbers of the reference fall into."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far one column moved. `chance` is its p-value, adjusted for the number of columns."""

    kind: str
    rows: tuple[int, int]
    population_stability_index: float
    kolmogorov_smirnov: float | None
    chance: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class DriftReport:
    """How far every column moved, and why some could not be compared."""

    columns: Mapping[str, Moved]
    left_out: Mapping[str, str]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of a column; inconclusive without any."""
        found = {moved.verdict for moved in self.columns.values()}
        order = (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
        return next((verdict for verdict in order if verdict in found), Verdict.INCONCLUSIVE)


def report(
    reference: Mapping[str, Numbers | Levels], current: Mapping[str, Numbers | Levels],
    policy: Drift, left_out: Mapping[str, str],
) -> DriftReport:  # fmt: skip
    """The verdict on every column of the reference; `current` is counted by its cells and levels.

    Raises:
        KeyError: `current` lacks a column.
        ValueError: a column was counted another way.
    """
    tables = {name: counters.table(one, current[name], BINS) for name, one in reference.items()}
    full = {name: table for name, table in tables.items() if all(_rows(table))}
    chances = drift.adjusted(
        {name: drift.same_shares(*drift.pooled(t.reference, t.current)) for name, t in full.items()}
    )
    return DriftReport(
        columns={
            name: _moved(reference[name].kind, table, chances.get(name, 1.0), policy)
            for name, table in tables.items()
        },
        left_out=left_out,
    )


def _moved(kind: str, table: Table, chance: float, policy: Drift) -> Moved:
    rows = _rows(table)
    distance = 0.0
    if all(rows):
        pooled = drift.pooled(table.reference, table.current)
        distance = drift.population_stability_index(*pooled)
    verdict, reason = Verdict.INCONCLUSIVE, f"{min(rows):,} of {policy.minimum_rows:,} rows"
    if min(rows) >= policy.minimum_rows:
        verdict = drift.verdict(
            distance, chance, at_most=policy.at_most, confidence=policy.confidence
        )
        reason = "may be an accident" if verdict is Verdict.INCONCLUSIVE else ""
    return Moved(kind, rows, distance, table.kolmogorov_smirnov, chance, verdict, reason)


def _rows(table: Table) -> tuple[int, int]:
    return sum(table.reference), sum(table.current)
