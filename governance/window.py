"""When rows fall due: days, bounds, holds and clocks, without a clock of its own.

A row stays through day `start + days`, where `start` is the calendar day of its event. It is
due from the next midnight in the policy's time zone. Days are days: a leap day is one, and the
hour that summer time takes or gives changes none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from governance.records import Barred
from governance.retention import AtEnd, CountedFrom, Hold, Retention, Window

VARIABLE: Final = "DATA_RETENTION_DAYS"
"""The environment variable that replaces `default_days`; with `_<DATASET>` one window's days."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Variables:
    """Variables of the environment whose names begin with `DATA_RETENTION_DAYS`."""

    values: Mapping[str, str] = field(default_factory=dict)

    def mistakes(self, datasets: Iterable[str]) -> Iterator[OutOfBounds]:
        """Variables that set no dataset's window, or that hold no number, used or not."""
        known = {VARIABLE: "", **{variable(name): name for name in datasets}}
        for name, text in sorted(self.values.items()):
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.8)
                fix = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}"
                yield OutOfBounds(f"{name} sets the window of no dataset", fix)
            elif not _NUMBER.fullmatch(text):
                yield _no_number(name, text)


class OutOfBounds(Exception):
    """No window can be made out: what is wrong, and how to mend it."""

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}\n  fix: {fix}")
        self.problem, self.fix = problem, fix


@dataclass(frozen=True, slots=True)
class Effective:
    """The window in force for a dataset, and where its length comes from."""

    dataset: str
    days: int
    origin: str
    minimum_days: int
    maximum_days: int
    basis: str
    at_end: AtEnd
    counted_from: CountedFrom
    grace_days: int = 0

    def through(self, today: date) -> date:
        """The last start day whose rows are due today."""
        return shift(today, -self.days - 1)

    def due_from(self, start: date) -> date:
        """First day on which rows of a start day are due."""
        return shift(start, self.days + 1)

    def kept_until(self, start: date) -> date:
        """Last day on which the duty to keep speaks against deleting rows of a start day."""
        return shift(start, self.minimum_days)

    def late_from(self, start: date) -> date:
        """First day on which rows of a start day that are still here are a finding."""
        return shift(start, min(self.days + self.grace_days, self.maximum_days) + 1)

    def overdue(self, start: date, today: date) -> bool:
        """Whether rows of a start day are older than the law or a contract allows at most."""
        return shift(start, self.maximum_days) < today


def shift(day: date, days: int) -> date:
    """The day so many days later; before the first and after the last day there is none."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def today(policy: Retention, now: datetime) -> date:
    """The calendar day of a moment where the policy counts its days."""
    return now.astimezone(policy.zone).date()


def midnight(policy: Retention, day: date) -> datetime:
    """The moment a day begins there, UTC; where its midnight is skipped, the first moment after."""
    return datetime.combine(day, time(), tzinfo=policy.zone).astimezone(UTC)


def variable(dataset: str) -> str:
    """Name of the variable that sets the window of one dataset."""
    return f"{VARIABLE}_{dataset.upper().replace('-', '_')}"


def effective(
    policy: Retention, dataset: str, retention_class: str | None, variables: Variables
) -> Effective:
    """The window of a dataset.

    The dataset's own variable comes first, then the days of its window, then those of its
    class; `DATA_RETENTION_DAYS` stands in for the default. All bounds hold at once.

    Args:
        policy: the retention policy.
        dataset: the dataset.
        retention_class: the class its contract names.
        variables: what the environment sets.

    Raises:
        OutOfBounds: the class is unknown, a variable is no number of days, or the days lie
            outside the bounds.
    """
    own = policy.windows.get(dataset)
    shared = policy.classes.get(retention_class) if retention_class else None
    if retention_class and shared is None:
        known = ", ".join(sorted(policy.classes)) or "none yet"
        problem = f"{dataset}: {retention_class} is no class of policies/retention.yaml"
        raise OutOfBounds(problem, f"known: {known}; correct `retention_class` in the contract")
    bounds = tuple(window for window in (own, shared) if window is not None)
    days, origin = _days(policy, dataset, retention_class, variables)
    found = bounds or (_default(policy),)
    for bound in found:
        if not bound.minimum_days <= days <= bound.maximum_days:
            problem = (
                f"{dataset}: {days} days from {origin} lie outside {bound.minimum_days} to"
                f" {bound.maximum_days} days ({bound.basis})"
            )
            raise OutOfBounds(problem, f"set {origin} to a number of days between the bounds")
    return Effective(
        dataset=dataset,
        days=days,
        origin=origin,
        minimum_days=max(bound.minimum_days for bound in found),
        maximum_days=min(bound.maximum_days for bound in found),
        basis=found[0].basis,
        at_end=found[0].at_end,
        counted_from=found[0].counted_from,
        grace_days=policy.grace_days,
    )


def _days(
    policy: Retention, dataset: str, retention_class: str | None, variables: Variables
) -> tuple[int, str]:
    """The days of a window and what says so."""
    given = variables.values
    if (name := variable(dataset)) in given:
        return _number(name, given[name]), name
    for part, key in (("windows", dataset), ("classes", retention_class)):
        found: Window | None = getattr(policy, part).get(key)
        if found is not None and found.days is not None:
            return found.days, f"{part}.{key}.days"
    if VARIABLE in given:
        return _number(VARIABLE, given[VARIABLE]), VARIABLE
    return policy.default_days, "default_days"


def _number(name: str, text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise _no_number(name, text)
    return int(text)


def _no_number(name: str, text: str) -> OutOfBounds:
    problem = f"{name}={text[:40]!a} is no whole number of days"
    return OutOfBounds(problem, "write digits only, such as 2557, or unset it")


def _default(policy: Retention) -> Window:
    return Window(
        minimum_days=policy.default_minimum_days,
        maximum_days=policy.default_maximum_days,
        basis="default bounds of policies/retention.yaml",
        at_end="purge",
    )


def held(policy: Retention, dataset: str, day: date, path: str | None = None) -> tuple[Hold, ...]:
    """Legal holds that stop a removal on a day: of a file, or of anything of a dataset."""
    return tuple(hold for hold in policy.holds if hold.dataset == dataset and hold.holds(day, path))


def bars(
    policy: Retention, window: Effective, day: date, newest: date | None, path: str | None = None
) -> tuple[Barred, ...]:
    """Duties that bar deleting rows on a day, each with its last day where it is known.

    Args:
        policy: the retention policy.
        window: the dataset's window.
        day: the day of the removal.
        newest: newest start day among the rows; None when there are none.
        path: the file they stand in, inside the dataset's folder; None for any.
    """
    found = [
        Barred(dataset=window.dataset, duty=hold.matter, until=hold.until)
        for hold in held(policy, window.dataset, day, path)
    ]
    if newest is not None and window.minimum_days and day <= window.kept_until(newest):
        until = window.kept_until(newest)
        found.append(Barred(dataset=window.dataset, duty=window.basis, until=until))
    return tuple(found)


def ahead(now: datetime, moments: Iterable[datetime]) -> datetime | None:
    """The latest of the moments that lie after now: one of two clocks is wrong."""
    return max((moment for moment in moments if moment > now), default=None)


@dataclass(frozen=True, slots=True)
class Ages:
    """Rows of one file by their day, as the engine counted them.

    `dated_due` rows have an event day through the window's last; `following` is the first event
    day after it. `undated` rows have none. `future` counts rows dated after today.
    """

    path: str
    sha256: str
    rows: int
    landed: date
    undated: int = 0
    dated_due: int = 0
    future: int = 0
    earliest: date | None = None
    following: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to happen to a file.

    `rows` go now unless `held`, due since `since`; further rows fall due on `next_due`. `overdue`
    says that some are older than the maximum.
    """

    ages: Ages
    rows: int
    since: date | None
    next_due: date | None
    overdue: bool
    held: tuple[Hold, ...] = ()


def outcome(policy: Retention, window: Effective, ages: Ages, day: date) -> Outcome:
    """What is to happen to a file on a day."""
    gone = ages.landed <= window.through(day)
    by_landing = ages.rows if window.counted_from == "landing" else ages.undated
    rows = (0 if window.counted_from == "landing" else ages.dated_due) + (by_landing if gone else 0)
    starts = [ages.earliest] if window.counted_from == "event" and ages.dated_due else []
    starts += [ages.landed] if by_landing and gone else []
    waiting = [ages.following] if window.counted_from == "event" else []
    waiting += [ages.landed] if by_landing and not gone else []
    first = min((start for start in starts if start), default=None)
    then = min((start for start in waiting if start), default=None)
    return Outcome(
        ages=ages,
        rows=rows,
        since=window.due_from(first) if first else None,
        next_due=window.due_from(then) if then else None,
        overdue=first is not None and window.overdue(first, day),
        held=held(policy, window.dataset, day, ages.path) if rows else (),
    )
