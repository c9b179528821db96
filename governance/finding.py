"""What a judgement says: verdicts, findings, and the places they point at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Route: TypeAlias = tuple[str | int, ...]
"""Keys and list indices from the top of a document down to one value."""


class Verdict(StrEnum):
    """The outcome of one check. Only PASS and NOT_APPLICABLE are green."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    ERROR = "error"

    @property
    def green(self) -> bool:
        """Whether a change may go ahead as far as this verdict is concerned."""
        return self in {Verdict.PASS, Verdict.NOT_APPLICABLE}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: a file, and inside it a route of keys or a line.

    `line` and `column` count from 1. A rule names a route; the engine finds the line.
    """

    path: str
    route: Route = ()
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part)

    @property
    def pointer(self) -> str:
        """The route as a JSON pointer (RFC 6901)."""
        parts = (str(key).replace("~", "~0").replace("/", "~1") for key in self.route)
        return "".join(f"/{part}" for part in parts)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not in order: where, what, and how to mend it."""

    at: Place
    problem: str
    fix: str
    notes: tuple[str, ...] = ()
    verdict: Verdict = Verdict.FAIL


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A rule's own statement that it had nothing to judge, with the reason."""

    reason: str


class CouldNotJudge(Exception):
    """A fact is missing or partial, so the question stays open: exit 2, never green."""


class Blocked(CouldNotJudge):
    """A declaration this question needs is itself a finding of the same run."""
