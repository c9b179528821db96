"""Exceptions somebody answers for: which one stands for a rule and a file on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.records import Waiver


def standing(waivers: Iterable[Waiver], rule: str, subject: str, day: date) -> Waiver | None:
    """The waiver of a rule for a file that holds longest, given by that day and not over."""
    found = [
        waiver
        for waiver in waivers
        if waiver.rule == rule
        and waiver.subject == subject
        and waiver.at.date() <= day <= waiver.until
    ]
    return max(found, key=lambda waiver: (waiver.until, waiver.id), default=None)
