"""How old the rows of a landed file are: one pass of the engine, and the rows that are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis

from adapters import engine
from adapters.engine import Unreadable
from governance.window import Ages, Effective, midnight, shift, today
from pipelines import landed

_OFFSET: Final = r":[0-5][0-9].*(Z|[-+][0-9]{2}(:?[0-9]{2})?) *$"
"""A time of day with its offset from UTC."""

if TYPE_CHECKING:
    from governance.contract import Contract
    from governance.records import LandedFile
    from governance.retention import Retention


@dataclass(frozen=True, slots=True)
class Question:
    """What the rows of a dataset are asked: under which policy and window, on which day."""

    contract: Contract
    policy: Retention
    window: Effective
    day: date

    @property
    def through(self) -> date:
        """The last start day that is due."""
        return self.window.through(self.day)


def past(raw: ibis.Table, question: Question, landing: date) -> ibis.expr.types.BooleanValue:
    """True for each row that is due, false for every other; never null: what to filter by.

    Args:
        raw: the rows of a file as they stand.
        question: what is asked.
        landing: the day the file landed, where the policy counts its days.

    Raises:
        Unreadable: the event column is missing.
    """
    late = ibis.literal(landing <= question.through)
    event = _Event.of(raw, question)
    if event is None:
        return late
    return event.moment.isnull().ifelse(late, event.before(shift(question.through, 1)))


def ages(
    connection: Any, folder: Path, file: LandedFile, question: Question, landing: date
) -> Ages:
    """The rows of one file by their day.

    Raises:
        Unreadable: the file is damaged.
    """
    raw = landed.table(connection, folder, file.path, question.contract)
    event = _Event.of(raw, question)
    if event is None:
        return Ages(file.path, file.sha256, file.rows, landing, undated=file.rows)
    due = event.before(shift(question.through, 1))
    row = engine.run(
        lambda: engine.one(
            raw.aggregate(
                rows=raw.count(),
                undated=event.moment.isnull().sum(),
                due=due.sum(),
                future=(~event.before(shift(question.day, 1))).sum(),
                **event.first("earliest", due.notnull()),
                **event.first("following", ~due),
            )
        ),
        question.contract.format,
    )
    return Ages(
        path=file.path,
        sha256=file.sha256,
        rows=int(row["rows"]),
        landed=landing,
        undated=int(row["undated"] or 0),
        dated_due=int(row["due"] or 0),
        future=int(row["future"] or 0),
        earliest=event.day(row, "earliest"),
        following=event.day(row, "following"),
    )


@dataclass(frozen=True, slots=True)
class _Event:
    """When rows happened: `moment` in UTC where a row is an `instant`, else on its own calendar."""

    moment: Any
    instant: Any
    policy: Retention

    @classmethod
    def of(cls, raw: ibis.Table, question: Question) -> _Event | None:
        """The event time of rows; None where they have none or the window asks for their landing.

        A date, and a time without offset, say their day themselves. A time with one is an
        instant: it has the day that the policy's calendar shows then.
        """
        name = question.contract.event_column
        column = question.contract.column(name) if name else None
        if column is None or question.window.counted_from == "landing":
            return None
        if column.type not in {"date", "timestamp"}:
            return None
        if column.physical not in raw.columns:
            msg = f"column {column.physical}, the event time, is missing"
            raise Unreadable(msg)
        value = raw[column.physical]
        form = value.type()
        moment, instant = engine.cast(raw, column), ibis.literal(value=False)
        if form.is_timestamp() and form.timezone is not None:
            moment, instant = value, ibis.literal(value=True)
        elif form.is_string() and column.type == "timestamp":
            instant = value.re_search(_OFFSET).fill_null(ibis.literal(value=False))
        return cls(moment.cast("timestamp"), instant, question.policy)

    def before(self, day: date) -> Any:
        """Whether rows happened before a day began; null where nobody knows."""
        begins = ibis.literal(midnight(self.policy, day).replace(tzinfo=None))
        own = ibis.literal(datetime.combine(day, time()))
        return self.instant.ifelse(self.moment < begins, self.moment < own)

    def first(self, name: str, where: Any) -> dict[str, Any]:
        """The first moments among some rows, for `day`: of the instants, and of the others."""
        # The years 1 to 9999 are those Python has names for.
        first, last = (
            ibis.timestamp(text) for text in ("0001-01-01 00:00:00", "9999-12-31 23:59:59")
        )
        named = ibis.cases(
            (self.moment < first, first), (self.moment > last, last), else_=self.moment
        )
        return {
            f"{name} instant": named.min(where=where & self.instant),
            f"{name} local": named.min(where=where & ~self.instant),
        }

    def day(self, row: dict[str, Any], name: str) -> date | None:
        """The calendar day of what `first` asked for."""
        instant, local = row[f"{name} instant"], row[f"{name} local"]
        days = [] if local is None else [local.date()]
        if instant is not None:
            try:
                days.append(today(self.policy, instant.replace(tzinfo=UTC)))
            except OverflowError:
                days.append(instant.date())
        return min(days, default=None)
