"""How a change stands with its approvals: every demand, every opinion, every reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

from governance.approvals import Approvals
from governance.authorship import Authorship
from governance.changeset import CHANGE, Changeset, Opinion
from governance.declaration import Declared
from governance.effect import Effect
from governance.finding import Place
from governance.records import Decision
from governance.roles import Roles


@dataclass(frozen=True, slots=True)
class LawDigest:
    """The law a change was judged by: version of the approval rules, digest of all policies."""

    version: str = ""
    digest: str = ""


class Standing(StrEnum):
    """How a demand for approvals stands. Only APPROVED and OVERRIDDEN let a change through."""

    APPROVED = "APPROVED"
    OVERRIDDEN = "OVERRIDDEN"
    MISSING = "MISSING"
    EXPIRED = "EXPIRED"
    STALE = "STALE"
    INVALID = "INVALID"
    SOD_VIOLATION = "SOD-VIOLATION"
    UNATTRIBUTED = "UNATTRIBUTED"
    REJECTED = "REJECTED"

    @property
    def green(self) -> bool:
        """Whether the change may go ahead as far as this demand is concerned."""
        return self in {Standing.APPROVED, Standing.OVERRIDDEN}


GRAVITY: Final = tuple(Standing)


@dataclass(frozen=True, slots=True)
class Ignored:
    """An opinion that does not count, and why."""

    opinion: Opinion
    standing: Standing
    reason: str

    def __str__(self) -> str:
        return f"{self.opinion.who} ({self.reason})"


@dataclass(frozen=True, slots=True)
class SeatState:
    """One seat: who fills it, and who could."""

    label: str
    needed: int
    filled: tuple[Opinion, ...]
    candidates: tuple[str, ...]

    @property
    def open(self) -> int:
        """How many people it still lacks."""
        return self.needed - len(self.filled)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one rule asks of the change, and how that stands."""

    rule: str
    because: str
    reasons: tuple[str, ...]
    subjects: tuple[str, ...]
    standing: Standing
    seats: tuple[SeatState, ...]
    counted: tuple[Opinion, ...]
    ignored: tuple[Ignored, ...]
    objections: tuple[Opinion, ...]
    at: Place
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Glass:
    """An emergency declared for a change: who signed it, who still has to, what does not count.

    `due` is None while the glass is not broken.
    """

    seats: tuple[SeatState, ...]
    counted: tuple[Opinion, ...]
    ignored: tuple[Ignored, ...]
    due: date | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How all demands on one change stand."""

    change: Changeset
    demands: tuple[Demand, ...]
    skipped: tuple[tuple[str, str], ...]
    authorship: Authorship
    effects: tuple[Effect, ...]
    law: LawDigest
    repository: str
    at: datetime
    glass: Glass | None = None

    @property
    def due(self) -> date | None:
        """The day by which approvals that an emergency left out must follow."""
        return self.glass.due if self.glass else None

    @property
    def standing(self) -> Standing:
        """The gravest standing among the demands; APPROVED when nothing is demanded."""
        return max(
            (demand.standing for demand in self.demands),
            key=GRAVITY.index,
            default=Standing.APPROVED,
        )

    @property
    def green(self) -> bool:
        """Whether the change may be merged as far as approvals are concerned."""
        return all(demand.standing.green for demand in self.demands)


@dataclass(frozen=True)
class Case:
    """Everything the judgement of one change rests on: the law of its base, and facts."""

    policy: Approvals
    roles: Roles
    change: Changeset
    effects: tuple[Effect, ...]
    opinions: tuple[Opinion, ...]
    now: datetime
    decisions: tuple[Declared[Decision], ...] = ()
    law: LawDigest = LawDigest()

    @cached_property
    def authorship(self) -> Authorship:
        """Who wrote the change."""
        return Authorship.of(self.change, self.roles)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """The digest an approval of each subject must name."""
        return {**self.change.subjects, CHANGE: self.change.digest}

    @property
    def day(self) -> date:
        """The day of judgement."""
        return self.now.date()
