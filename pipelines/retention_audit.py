"""The retention audit: every version of every dataset, its age, its window and what is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from governance import digest, window
from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.finding import Blocked, CouldNotJudge
from governance.manifest import fold
from governance.records import (
    AuditedDataset,
    AuditedVersion,
    Certificate,
    Landing,
    Removal,
    Review,
    Tombstone,
)
from governance.retention import Retention
from governance.reviews import AUDIT, Due, Reviews, due
from governance.roles import Roles
from governance.window import Outcome
from pipelines.append import append, loads
from pipelines.inputs import Refused
from pipelines.rendered import render
from pipelines.retention_plan import DatasetPlan, plan, policy, read

FOLDER: Final = "records/reviews"


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit sees; `due` says when it is owed, `removals` what was removed since the last.

    `late` names files with rows older than the maximum.
    """

    day: date
    time_zone: str
    due: Due
    datasets: tuple[AuditedDataset, ...]
    removals: tuple[str, ...]
    late: tuple[str, ...]

    @property
    def in_order(self) -> bool:
        """Whether nothing is due."""
        return not any(entry.due_rows for entry in self.datasets)

    @property
    def notes(self) -> str:
        """What it says in a sentence or two."""
        due_, held = (
            ", ".join(f"{rows:,} rows of {entry.dataset}" for entry, rows in found if rows)
            for found in (
                [(entry, entry.due_rows) for entry in self.datasets],
                [(entry, entry.held_rows) for entry in self.datasets],
            )
        )
        words = [f"Due: {due_}." if due_ else "Nothing is due."]
        if held:
            words.append(f"Held past their window: {held}.")
        if self.late:
            words.append(f"Older than the maximum: {', '.join(self.late)}.")
        return " ".join(words)


def audit(root: Path, now: datetime) -> Audit:
    """Every version of every dataset as of now; nothing is written.

    Raises:
        Refused: a window is out of bounds, or landed bytes are missing or changed.
        CouldNotJudge: the policies do not load, or the clock disagrees with the records.
    """
    declarations = read(root)
    law, owed = policy(declarations), _due(declarations, now)
    found = plan(root, (), now)
    return Audit(
        day=found.day,
        time_zone=found.time_zone,
        due=owed,
        datasets=tuple(_dataset(entry, law, declarations, found.day) for entry in found.datasets),
        removals=tuple(_since(owed, declarations, now)),
        late=tuple(o.ages.path for entry in found.datasets for o in entry.due if o.overdue),
    )


def record(root: Path, found: Audit, by: tuple[str, ...], now: datetime) -> Review:
    """The record of an audit.

    Args:
        root: top of the repository.
        found: the audit.
        by: ids of the people who audit.
        now: its moment, UTC.

    Raises:
        Refused: nobody of them holds the role that owes the audit.
    """
    owner = found.due.obligation.owner
    role = read(root).one(Roles, "roles").value.roles.get(owner)
    able = {m.person for m in role.members if m.active(now.date())} if role else set()
    if not able & set(by):
        who = ", ".join(by) or "nobody"
        msg = (
            f"{AUDIT} is made by {owner}; {who} does not hold that role\n"
            f"  fix: --by {' or --by '.join(sorted(able)) or 'a holder'}"
        )
        raise Refused(msg)
    mark = digest.of_value([entry.model_dump(mode="json") for entry in found.datasets])
    return Review(
        id=f"{AUDIT}-{now:%Y%m%d}-{digest.short(mark)[:8]}",
        at=now,
        obligation=AUDIT,
        subject=f"retention of {len(found.datasets)} datasets on {found.day} ({found.time_zone})",
        by=by,
        outcome="in-order" if found.in_order else "changes-needed",
        notes=found.notes,
        datasets=found.datasets,
        removals=found.removals,
    )


def write(root: Path, record: Review) -> str:
    """Path of the record; the same audit on the same day is written once."""
    path = f"{FOLDER}/{record.id}.yaml"
    text = render("review", record)
    loads(path, text)
    if not (root / path).exists():
        append(root, path, text)
    return path


def _due(declarations: Declarations, now: datetime) -> Due:
    """When the audit is due.

    Raises:
        CouldNotJudge: the policies do not load, or nobody owes an audit.
    """
    try:
        owed = declarations.one(Reviews, "reviews").value
        roles = declarations.one(Roles, "roles").value
    except Blocked as blocked:
        msg = f"{blocked}: it does not load, see `charter check`"
        raise CouldNotJudge(msg) from None
    for entry in due(owed, declarations.all(Review), declarations, roles, now):
        if entry.obligation.id == AUDIT:
            return entry
    msg = f"policies/reviews.yaml has no obligation {AUDIT}\n  fix: add it, with its owner"
    raise CouldNotJudge(msg)


def _dataset(
    found: DatasetPlan, law: Retention, declarations: Declarations, day: date
) -> AuditedDataset:
    own = found.window
    going = {outcome.ages.path: outcome for outcome in found.due}
    total = sum(outcome.rows for outcome in found.due)
    return AuditedDataset(
        dataset=own.dataset,
        days=own.days,
        origin=own.origin,
        minimum_days=own.minimum_days,
        maximum_days=own.maximum_days,
        action=own.at_end if total else "none",
        due_rows=total,
        held_rows=sum(outcome.rows for outcome in found.stopped),
        holds=tuple(hold.matter for hold in window.held(law, own.dataset, day)),
        next_due=found.next_due,
        versions=tuple(_versions(own.dataset, law, declarations, going, day)),
    )


def _versions(
    dataset: str, law: Retention, declarations: Declarations, going: dict[str, Outcome], day: date
) -> Iterator[AuditedVersion]:
    """The dataset as each landing and each erasure left it, oldest first."""
    landings = [found for found in declarations.all(Landing) if found.value.dataset == dataset]
    stones = [found for found in declarations.all(Tombstone) if found.value.dataset == dataset]
    events: list[Declared[Landing] | Declared[Tombstone]] = [*landings, *stones]
    for event in sorted(events, key=lambda found: (found.value.at, found.path)):
        until = event.value.at
        manifest = fold(
            [found for found in landings if found.value.at <= until],
            [found for found in stones if found.value.at <= until],
        )
        at = window.today(law, until)
        files = {(path, row.file.sha256) for path, row in manifest.rows.items()}
        yield AuditedVersion(
            digest=manifest.digest,
            record=event.path,
            at=at,
            age_days=(day - at).days,
            files=len(manifest.rows),
            rows=manifest.total_rows,
            due_rows=sum(
                outcome.rows
                for path, outcome in going.items()
                if (path, outcome.ages.sha256) in files
            ),
        )


def _since(owed: Due, declarations: Declarations, now: datetime) -> Iterator[str]:
    """Removals, tombstones and certificates written after the audit before."""
    last = next((r.value.at for r in declarations.all(Review) if r.path == owed.last), None)
    for kind in (Removal, Tombstone, Certificate):
        for found in declarations.all(kind):
            if found.value.at <= now and (last is None or found.value.at > last):
                yield found.path
