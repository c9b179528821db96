"""False alarms and detections of the gates, on rows drawn from known truths.

Nothing is timed: the same seed gives the same table on every machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.calibration import Line, table

SEED: Final = 20261101
TRIALS: Final = 5_000
"""Trials a line: a true rate of 5 % is met within 0.3 points (one standard error)."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What lines of one design and truth have to keep, for some sizes or for all."""

    design: str
    truth: str
    rows: int | None
    at_most: float = 1.0
    at_least: float = 0.0
    """Bounds on the share of trials that fail."""


DEMANDS: Final = (
    Demand("accuracy, same rows", "no change", None, at_most=0.06),
    Demand("accuracy, own rows", "no change", None, at_most=0.06),
    Demand("roc_auc, same rows", "no change", None, at_most=0.06),
    Demand("f1, same rows", "no change", None, at_most=0.06),
    Demand("accuracy, same rows", "5 % worse", 3_000, at_least=0.95),
    Demand("accuracy, own rows", "5 % worse", 3_000, at_least=0.95),
    Demand("parity, one small group", "no gap", 20, at_most=0.06),
    Demand("parity, six small groups", "no gap", 20, at_most=0.06),
)


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether all bars were kept; `rounds` is the number of trials, where one is given."""
    del folder
    return judge(list(table(SEED, rounds or TRIALS)))


def judge(lines: Iterable[Line]) -> bool:
    """Prints each bar with the line that comes closest to it; whether all were kept."""
    kept, lines = True, list(lines)
    for demand in DEMANDS:
        found = [
            line
            for line in lines
            if (line.design, line.truth) == (demand.design, demand.truth)
            and demand.rows in {None, line.rows}
        ]
        worst = (
            min(found, key=lambda line: line.fail)
            if demand.at_least
            else max(found, key=lambda line: line.fail)
        )
        good = demand.at_least <= worst.fail <= demand.at_most
        bar = (
            f"at least {demand.at_least:.0%}"
            if demand.at_least
            else f"at most {demand.at_most:.0%}"
        )
        print(
            f"  {demand.design}, {demand.truth}: {worst.fail:.1%} fail at {worst.rows:,} rows"
            f" (naive {worst.naive:.1%})  bar {bar}: {'kept' if good else 'MISSED'}",
            flush=True,
        )
        kept = kept and good
    return kept
