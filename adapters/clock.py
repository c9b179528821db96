"""The one place that reads the clock."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
