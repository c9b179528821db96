"""A calendar file (RFC 5545) of everything due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from governance import digest
from governance.due import Due

_WIDTH: Final = 75
"""Octets of a line; longer ones are folded."""


def render(found: Iterable[Due], now: datetime) -> str:
    """The calendar: one day-long event for each thing due, the same one on every run."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//charter//obligations//EN"]
    lines += ["CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for due in found:
        lines += _event(due, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(due: Due, now: datetime) -> Iterator[str]:
    late = due.late(now.date())
    title = f"{due.id}: {due.title}" + (f" ({due.lateness(now.date())})" if late else "")
    about = f"Owner: {due.owner}\nBlocks: {due.reach}\nTo do: {due.fix}"
    yield "BEGIN:VEVENT"
    yield f"UID:{digest.of_value(due.id)[7:39]}@charter"
    yield f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{due.on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{due.on + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(title)}"
    yield f"DESCRIPTION:{_text(about)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _text(words: str) -> str:
    """Text with what means something to the format escaped, and no other control character."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        words = words.replace(plain, written)
    return "".join(c for c in words if c.isprintable())


def _folded(line: str) -> Iterator[str]:
    """The line in parts of 75 octets at most; no character is cut in two."""
    part, room = "", _WIDTH
    for character in line:
        width = len(character.encode())
        if width > room:
            yield part
            part, room = " ", _WIDTH - 1
        part += character
        room -= width
    yield part
