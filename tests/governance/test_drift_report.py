"""A column fails when it moved further than allowed, on enough rows, and by no accident."""

from __future__ import annotations

import pytest

from governance.counters import Levels, Numbers
from governance.drift_report import DriftReport, report
from governance.finding import Verdict
from governance.monitoring import Drift

POLICY = Drift(metric="population_stability_index", at_most=0.2, minimum_rows=500)


def side(*rows: int, missing: int = 0) -> Numbers:
    return Numbers(centre=0.0, cells=dict(enumerate(rows)), missing=missing)


def said(reference: Numbers | Levels, current: Numbers | Levels, policy: Drift = POLICY) -> str:
    (moved,) = report({"c": reference}, {"c": current}, policy, {}).columns.values()
    return f"{moved.verdict} {moved.reason}".strip()


@pytest.mark.parametrize(
    ("reference", "current", "expected"),
    [
        (side(500, 500), side(5000, 5000), "pass"),
        (side(250, 250), side(250, 250), "pass"),
        (side(500, 500), side(900, 100), "fail"),
        (side(500, 500), side(500, 500, missing=1000), "fail"),
        (side(1000), side(0, 1000), "fail"),
        (side(500, 500), side(449, 50), "inconclusive 499 of 500 rows"),
        (side(449, 50), side(500, 500), "inconclusive 499 of 500 rows"),
        (side(500, 500), side(), "inconclusive 0 of 500 rows"),
        (side(), side(), "inconclusive 0 of 500 rows"),
        (
            Levels(levels={"a": 600, "b": 400}, other=0, missing=0),
            Levels(levels={"a": 300, "b": 200}, other=500, missing=0),
            "fail",
        ),
    ],
)
def test_verdicts(reference: Numbers | Levels, current: Numbers | Levels, expected: str) -> None:
    assert said(reference, current) == expected


def test_a_distance_that_few_rows_make_by_accident_is_inconclusive() -> None:
    policy = POLICY.model_copy(update={"minimum_rows": 10, "at_most": 0.05})
    assert said(side(10, 10), side(7, 13), policy) == "inconclusive may be an accident"


def test_more_columns_need_stronger_proof() -> None:
    policy = POLICY.model_copy(update={"minimum_rows": 10, "at_most": 0.01})
    moved = {"moved": (side(100, 100), side(80, 120))}  # p = 0.045
    still = {f"still-{n}": (side(100, 100), side(100, 100)) for n in range(9)}

    def verdict(columns: dict[str, tuple[Numbers, Numbers]]) -> Verdict:
        sides = ({name: pair[n] for name, pair in columns.items()} for n in (0, 1))
        return report(*sides, policy, {}).columns["moved"].verdict

    assert verdict(moved) is Verdict.FAIL
    assert verdict(moved | still) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("currents", "expected"),
    [
        ([side(500, 500)], Verdict.PASS),
        ([side(500, 500), side(1, 1)], Verdict.INCONCLUSIVE),
        ([side(500, 500), side(1, 1), side(900, 100)], Verdict.FAIL),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_the_worst_column_decides(currents: list[Numbers], expected: Verdict) -> None:
    current = {f"c{n}": one for n, one in enumerate(currents)}
    found: DriftReport = report(dict.fromkeys(current, side(500, 500)), current, POLICY, {})
    assert found.verdict is expected
