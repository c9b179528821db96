"""A retention plan for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from governance.digest import short

if TYPE_CHECKING:
    from governance.records import AuditedDataset
    from governance.window import Effective, Outcome
    from pipelines.retention_audit import Audit
    from pipelines.retention_plan import DatasetPlan, Plan


def text(plan: Plan) -> str:
    """The plan in lines: what goes, what is held, when the rest falls due."""
    lines = [f"as of {plan.day} ({plan.time_zone}); nothing is deleted by a plan"]
    for dataset in plan.datasets:
        lines += ["", *_dataset(dataset)]
    lines += [f"note: {note}" for note in plan.ignored]
    return "\n".join(lines)


def _dataset(found: DatasetPlan) -> Iterator[str]:
    own = found.window
    yield (
        f"{own.dataset}: {own.days:,} days ({own.origin}), from the {own.counted_from}, then"
        f" {own.at_end}"
    )
    yield f"  bounds       {own.minimum_days:,} to {own.maximum_days:,} days: {own.basis}"
    due = sum(outcome.rows for outcome in found.due)
    yield f"  due          {due:,} rows, of days through {found.through}"
    for outcome in found.due:
        late = ", older than the maximum" if outcome.overdue else ""
        yield (
            f"    {outcome.ages.path}: {outcome.rows:,} of {outcome.ages.rows:,} rows,"
            f" since {outcome.since}{late}"
        )
    for outcome in found.stopped:
        until = " and ".join(
            f"{hold.matter} ({f'until {hold.until}' if hold.until else 'no end known'})"
            for hold in outcome.held
        )
        yield f"    {outcome.ages.path}: {outcome.rows:,} rows past their window, held: {until}"
    for file in found.elsewhere:
        yield (f"    {file.path} ({short(file.sha256)}, not in this version): {file.rows:,} rows")
    rest = sum(outcome.ages.rows - outcome.rows for outcome in found.outcomes)
    after = f"; the next fall due on {found.next_due}" if found.next_due else ""
    yield f"  waiting      {rest:,} rows{after}"
    undated = sum(outcome.ages.undated for outcome in found.outcomes)
    if undated and own.counted_from == "event":
        yield f"  no event     {undated:,} rows, counted from their landing"
    if future := sum(outcome.ages.future for outcome in found.outcomes):
        yield f"  in future    {future:,} rows are dated after today; their window has not begun"


def audited(audit: Audit) -> str:
    """An audit in lines: each dataset with its window, then its versions."""
    owed = audit.due
    state = f"{owed.overdue_days} days late" if owed.overdue_days else "in time"
    lines = [
        f"retention audit of {audit.day} ({audit.time_zone})",
        f"  owner        {owed.obligation.owner}; due on {owed.on}, {state} ({owed.why})",
    ]
    for found in audit.datasets:
        lines += ["", *_audited(found)]
    lines += ["", f"removals, tombstones and certificates since: {len(audit.removals) or 'none'}"]
    lines += [f"  {path}" for path in audit.removals]
    return "\n".join([*lines, audit.notes])


def _audited(found: AuditedDataset) -> Iterator[str]:
    bounds = f"bounds {found.minimum_days:,} to {found.maximum_days:,}"
    yield f"{found.dataset}: {found.days:,} days ({found.origin}), {bounds}"
    then = f"; the next fall due on {found.next_due}" if found.next_due else ""
    yield f"  due          {found.due_rows:,} rows, action {found.action}{then}"
    if found.holds:
        yield f"  held         {found.held_rows:,} rows: {', '.join(found.holds)}"
    for version in found.versions:
        yield (
            f"  version      {short(version.digest)}, {version.at}, {version.age_days:,} days old,"
            f" {count(version.files, 'file')}, {count(version.rows, 'row')},"
            f" {version.due_rows:,} due"
        )


def audited_json(audit: Audit) -> dict[str, Any]:
    """An audit as plain values."""
    owed = audit.due
    return {
        "day": audit.day.isoformat(),
        "time_zone": audit.time_zone,
        "obligation": {
            "id": owed.obligation.id,
            "owner": owed.obligation.owner,
            "due": owed.on.isoformat(),
            "overdue_days": owed.overdue_days,
        },
        "datasets": [found.model_dump(mode="json") for found in audit.datasets],
        "removals": list(audit.removals),
        "notes": audit.notes,
    }


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain values."""
    return {
        "day": plan.day.isoformat(),
        "time_zone": plan.time_zone,
        "datasets": {found.window.dataset: _plain(found) for found in plan.datasets},
        "notes": list(plan.ignored),
    }


def _plain(found: DatasetPlan) -> dict[str, Any]:
    return {
        "window": _window(found.window),
        "through": found.through.isoformat(),
        "due_rows": sum(outcome.rows for outcome in found.due),
        "held_rows": sum(outcome.rows for outcome in found.stopped),
        "next_due": _day(found.next_due),
        "files": [_file(outcome) for outcome in found.outcomes],
        "elsewhere": [file.model_dump(mode="json") for file in found.elsewhere],
    }


def _window(own: Effective) -> dict[str, Any]:
    return {
        "days": own.days,
        "origin": own.origin,
        "minimum_days": own.minimum_days,
        "maximum_days": own.maximum_days,
        "basis": own.basis,
        "at_end": own.at_end,
        "counted_from": own.counted_from,
    }


def _file(outcome: Outcome) -> dict[str, Any]:
    ages = outcome.ages
    return {
        "path": ages.path,
        "sha256": ages.sha256,
        "rows": ages.rows,
        "due": outcome.rows,
        "since": _day(outcome.since),
        "overdue": outcome.overdue,
        "held": [{"matter": hold.matter, "until": _day(hold.until)} for hold in outcome.held],
        "next_due": _day(outcome.next_due),
        "undated": ages.undated,
        "future": ages.future,
    }


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def count(number: int, noun: str) -> str:
    """A number with its noun, as people write it."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
