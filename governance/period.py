"""Calendar periods as policies write them: `P30D`, `P2W`, `P3M`, `P1Y`."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Annotated, TypeAlias

from pydantic import Field

Period: TypeAlias = Annotated[str, Field(pattern=r"^P[1-9][0-9]{0,3}[DWMY]$")]
"""An ISO 8601 duration of one unit: days, weeks, months or years."""


def after(start: date, period: str) -> date:
    """The day that lies `period` after `start`; a month's missing days fall on its last one."""
    match = re.fullmatch(r"P(\d+)([DWMY])", period)
    if match is None:
        msg = f"{period!r} is not a period such as P3M"
        raise ValueError(msg)
    count, unit = int(match[1]), match[2]
    if unit in "DW":
        return start + timedelta(days=count * (7 if unit == "W" else 1))
    months = start.month - 1 + count * (12 if unit == "Y" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def days(period: str) -> int:
    """The length of `period` in days, counted from a day in a year without a leap day."""
    return (after(date(2025, 1, 1), period) - date(2025, 1, 1)).days
