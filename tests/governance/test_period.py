"""Periods are counted in calendar units."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from governance import period


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-11-22", "P1D", "2026-11-23"),
        ("2026-11-22", "P2W", "2026-12-06"),
        ("2026-11-22", "P3M", "2027-02-22"),
        ("2026-11-30", "P3M", "2027-02-28"),
        ("2027-11-30", "P3M", "2028-02-29"),
        ("2026-12-31", "P1M", "2027-01-31"),
        ("2028-02-29", "P1Y", "2029-02-28"),
        ("2028-02-29", "P4Y", "2032-02-29"),
        ("2026-01-31", "P13M", "2027-02-28"),
        ("2026-11-22", "P999D", "2029-08-17"),
    ],
)
def test_the_day_after_a_period(start: str, length: str, end: str) -> None:
    assert period.after(date.fromisoformat(start), length) == date.fromisoformat(end)


@given(st.dates(date(1900, 1, 1), date(2500, 1, 1)), st.integers(1, 999), st.sampled_from("DWMY"))
def test_a_longer_period_ends_later(start: date, count: int, unit: str) -> None:
    ends = [period.after(start, f"P{count + more}{unit}") for more in (0, 1)]
    assert start < ends[0] < ends[1]


@pytest.mark.parametrize(
    "text", ["", "P", "P0D", "3M", "P3", "P-3M", "P3m", "P3H", "P3M1D", "P12345D"]
)
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(period.Period).validate_python(text)


@pytest.mark.parametrize("text", ["", "P3", "3M", "P3H", "P3M1D"])
def test_what_is_no_period_is_not_counted(text: str) -> None:
    with pytest.raises(ValueError, match="is not a period such as P3M"):
        period.after(date(2026, 1, 1), text)


def test_lengths_in_days() -> None:
    assert [period.days(text) for text in ("P1D", "P1W", "P1M", "P3M", "P1Y")] == [
        1,
        7,
        31,
        90,
        365,
    ]
