"""Incidents with everything that was said about them later: records are never edited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance.declaration import Declared
    from governance.records import Incident


@dataclass(frozen=True, slots=True)
class Case:
    """An incident as it stands. `path` is the record that opened it."""

    path: str
    id: str
    model: str
    severity: str
    summary: str
    at: datetime
    owner: str | None
    triage: str | None
    closed_at: datetime | None

    @property
    def lacking(self) -> tuple[str, ...]:
        """What has to be said before it counts as triaged."""
        said = {"an owner": self.owner, "its triage": self.triage}
        return tuple(name for name, value in said.items() if not value)


def cases(records: Iterable[Declared[Incident]]) -> tuple[Case, ...]:
    """Every incident as it stands, oldest first; a follow-up adds to the one it names.

    A follow-up never makes an incident less grave: it raises the severity, or leaves it.
    """
    ordered = sorted(records, key=lambda found: (found.value.at, found.path))
    found: dict[str, Case] = {}
    for record in ordered:
        said = record.value
        if said.of in found and found[said.of].model == said.model:
            first = found[said.of]
            found[said.of] = replace(
                first,
                severity=min(first.severity, said.severity),
                owner=said.owner or first.owner,
                triage=said.triage or first.triage,
                closed_at=said.closed_at or first.closed_at,
            )
        else:
            found[said.id] = Case(
                record.path, said.id, said.model, said.severity, said.summary, said.at,
                said.owner, said.triage, said.closed_at,
            )  # fmt: skip
    return tuple(found.values())


def untriaged(records: Iterable[Declared[Incident]], model: str) -> Iterator[Case]:
    """P0 incidents of a model about which nobody has decided yet, closed or not."""
    for case in cases(records):
        if case.model == model and case.severity == "P0" and case.lacking:
            yield case
