"""A waiver stands for one rule, one file, and its days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from governance.records import Waiver
from governance.waivers import standing

GIVEN = Waiver(
    id="w", at=datetime(2026, 11, 20, 8, tzinfo=UTC), rule="datasets/bias", owner="omar",
    subject="policies/datasets/loans.yaml", reason="a trial", until=date(2026, 12, 31),
)  # fmt: skip
OTHER = GIVEN.model_copy(update={"id": "v", "until": date(2027, 1, 31)})


@pytest.mark.parametrize(
    ("rule", "subject", "day", "stands"),
    [
        ("datasets/bias", GIVEN.subject, date(2026, 11, 20), True),
        ("datasets/bias", GIVEN.subject, date(2026, 12, 31), True),
        ("datasets/bias", GIVEN.subject, date(2026, 11, 19), False),
        ("datasets/bias", GIVEN.subject, date(2027, 1, 1), False),
        ("datasets/proxies", GIVEN.subject, date(2026, 11, 20), False),
        ("datasets/bias", "policies/datasets/homes.yaml", date(2026, 11, 20), False),
    ],
)
def test_it_stands(rule: str, subject: str, day: date, *, stands: bool) -> None:
    assert (standing([GIVEN], rule, subject, day) is GIVEN) is stands


def test_the_longest_counts() -> None:
    day = date(2026, 12, 1)
    assert standing([GIVEN, OTHER], GIVEN.rule, GIVEN.subject, day) is OTHER
    assert standing([OTHER, GIVEN], GIVEN.rule, GIVEN.subject, day) is OTHER
