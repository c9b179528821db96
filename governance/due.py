"""One thing that is due, and what the calendar of all of them is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from governance.catalogue import Declarations
from governance.declaration import Part
from governance.deployment import Deployed
from governance.finding import Place

if TYPE_CHECKING:
    from governance.catalogue import Law


@dataclass(frozen=True, slots=True)
class Due:
    """One thing to be done by a day.

    `id` stays the same from day to day. `model` is the one it concerns, None for every model.
    `blocks` says that promotions wait once the day is over.
    """

    id: str
    title: str
    on: date
    owner: str
    fix: str
    at: Place
    model: str | None = None
    blocks: bool = False

    @property
    def reach(self) -> str:
        """What waits for it, in words."""
        if not self.blocks:
            return "nothing by itself"
        return f"the next promotion of {self.model}" if self.model else "every promotion"

    def late(self, today: date) -> int:
        """Days since the last day to do it; 0 while there is time."""
        return max(0, (today - self.on).days)

    def lateness(self, today: date) -> str:
        """How late it is, in words."""
        days = self.late(today)
        return f"{days} day late" if days == 1 else f"{days} days late"

    def hinders(self, model: str, today: date) -> bool:
        """Whether a promotion of `model` has to wait for it."""
        return self.blocks and self.late(today) > 0 and self.model in {None, model}


@dataclass(frozen=True, slots=True)
class Sources:
    """What the calendar is made from.

    `own` is the tree, `law` the base's policies, `history` all deployments, oldest first,
    `evidence` and `digests` the files under `artifacts/ml/` by path.
    """

    own: Declarations
    law: Declarations
    history: tuple[Deployed, ...]
    evidence: Mapping[str, Part]
    digests: Mapping[str, str]
    now: datetime

    @classmethod
    def of(  # noqa: PLR0913 - one argument per source
        cls, own: Declarations, law: Law, history: Iterable[Deployed],
        evidence: Mapping[str, Part], digests: Mapping[str, str], now: datetime,
    ) -> Sources:  # fmt: skip
        """The sources of a judged tree."""
        return cls(own, law.declarations, tuple(history), evidence, digests, now)
