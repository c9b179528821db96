"""When rows fall due: windows, bounds, holds, calendars and clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from world import DECLARED, World

from adapters.reading import Reading
from governance import window
from governance.changeset import Touched, Version
from governance.compare import effects
from governance.retention import Hold, Replica, Retention, Window
from governance.window import Ages, OutOfBounds, Variables

DUTY = {"minimum_days": 2557, "maximum_days": 3653, "basis": "Seven years", "at_end": "purge"}
LOOSE = {"minimum_days": 0, "maximum_days": 3653, "basis": "No duty", "at_end": "anonymise"}
SHA = "a" * 64


def policy(**changes: Any) -> Retention:
    """A policy with a dataset under a duty, one without, and a class."""
    head = {
        "id": "retention",
        "version": "1.0.0",
        "effective": date(2026, 11, 1),
        "owner": "privacy-office",
        "review_every": "P3M",
    }
    body = {
        "default_days": 2557,
        "windows": {"loans": Window(**DUTY), "homes": Window(days=30, **LOOSE)},
        "classes": {"short": Window(days=90, **(LOOSE | {"maximum_days": 400}))},
    }
    return Retention(**(head | body | changes))


def days(name: str, kind: str | None = None, **variables: str) -> tuple[int, str]:
    found = window.effective(policy(), name, kind, Variables(variables))
    return found.days, found.origin


DATA_DAYS = "DATA_RETENTION_DAYS"
EFFECTIVE: dict[str, tuple[tuple[int, str], str, str | None, dict[str, str]]] = {
    "the default": ((2557, "default_days"), "loans", None, {}),
    "a window of its own": ((30, "windows.homes.days"), "homes", None, {}),
    "a class": ((90, "classes.short.days"), "other", "short", {}),
    "a window before its class": ((30, "windows.homes.days"), "homes", "short", {}),
    "neither": ((2557, "default_days"), "other", None, {}),
    "the variable replaces the default": ((3000, DATA_DAYS), "loans", None, {DATA_DAYS: "3000"}),
    "the lower bound": ((2557, DATA_DAYS), "loans", None, {DATA_DAYS: "2557"}),
    "the upper bound": ((3653, DATA_DAYS), "loans", None, {DATA_DAYS: "3653"}),
    "the variable moves no window that was set": (
        (30, "windows.homes.days"), "homes", None, {DATA_DAYS: "3000"},
    ),
    "the dataset's own variable moves it": (
        (31, "DATA_RETENTION_DAYS_HOMES"), "homes", None, {"DATA_RETENTION_DAYS_HOMES": "31"},
    ),
    "the dataset's own variable goes first": (
        (2600, "DATA_RETENTION_DAYS_LOANS"), "loans", None,
        {DATA_DAYS: "3000", "DATA_RETENTION_DAYS_LOANS": "2600"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "name", "kind", "variables"), EFFECTIVE.values(), ids=EFFECTIVE
)
def test_the_days_in_force_and_what_sets_them(
    expected: tuple[int, str], name: str, kind: str | None, variables: dict[str, str]
) -> None:
    assert days(name, kind, **variables) == expected


REFUSED: dict[str, tuple[str, str | None, dict[str, str], str]] = {
    "below the duty": (
        "loans", None, {DATA_DAYS: "2556"},
        "loans: 2556 days from DATA_RETENTION_DAYS lie outside 2557 to 3653 days (Seven years)",
    ),
    "above the maximum": ("loans", None, {DATA_DAYS: "3654"}, "lie outside 2557 to 3653"),
    "a class is a bound as well": (
        "homes", "short", {"DATA_RETENTION_DAYS_HOMES": "401"}, "outside 0 to 400 days (No duty)",
    ),
    "a class nobody declared": ("homes", "long", {}, "homes: long is no class"),
    "a dataset with a dash": (
        "my-loans", None, {"DATA_RETENTION_DAYS_MY_LOANS": "0"}, "is no whole number of days",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "variables", "words"), REFUSED.values(), ids=REFUSED)
def test_days_out_of_bounds_are_refused(
    name: str, kind: str | None, variables: dict[str, str], words: str
) -> None:
    with pytest.raises(OutOfBounds, match="fix: ") as caught:
        days(name, kind, **variables)
    assert words in caught.value.problem


NO_NUMBERS = (
    "", " ", " 30", "30 ", "30\n", "+30", "-30", "030", "0", "3e3", "30.0", "1_000", "0x1e",
    "three", "nan", "inf", "\u0663\u0660", "\uff13\uff10", "100000", "9" * 400, "2557;rm",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_number_of_days_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(OutOfBounds, match="is no whole number of days"):
        days("loans", **{DATA_DAYS: text})
    (mistake,) = Variables({DATA_DAYS: text}).mistakes(["homes"])
    assert "is no whole number of days" in mistake.problem
    assert mistake.problem.isprintable()
    assert len(mistake.problem) < 200


def test_a_variable_that_sets_the_window_of_nothing_is_told() -> None:
    variables = {"DATA_RETENTION_DAYS_LOAN": "3000", DATA_DAYS: "3000"}
    (mistake,) = Variables(variables).mistakes(["loans", "homes"])
    assert mistake.problem == "DATA_RETENTION_DAYS_LOAN sets the window of no dataset"
    assert mistake.fix == "did you mean DATA_RETENTION_DAYS_LOANS?"


# Each row: zone, start day, days, and the moments just before and at which it falls due.
BOUNDARIES = {
    "an ordinary day": ("UTC", "2026-01-10", 30, "2026-02-09T23:59:59Z", "2026-02-10T00:00:00Z"),
    "one day": ("UTC", "2026-01-10", 1, "2026-01-11T23:59:59Z", "2026-01-12T00:00:00Z"),
    "over a leap day": ("UTC", "2028-02-28", 2, "2028-03-01T23:59:59Z", "2028-03-02T00:00:00Z"),
    "over no leap day": ("UTC", "2026-02-28", 2, "2026-03-02T23:59:59Z", "2026-03-03T00:00:00Z"),
    "from a leap day": ("UTC", "2028-02-29", 365, "2029-02-28T23:59:59Z", "2029-03-01T00:00:00Z"),
    "seven years": ("UTC", "2024-11-01", 2557, "2031-11-02T23:59:59Z", "2031-11-03T00:00:00Z"),
    "east of Greenwich": (
        "Australia/Sydney", "2026-01-10", 30, "2026-02-09T12:59:59Z", "2026-02-09T13:00:00Z",
    ),
    "far east": (
        "Pacific/Kiritimati", "2026-01-10", 30, "2026-02-09T09:59:59Z", "2026-02-09T10:00:00Z",
    ),
    "west of Greenwich": (
        "America/Los_Angeles", "2026-01-10", 30, "2026-02-10T07:59:59Z", "2026-02-10T08:00:00Z",
    ),
    "over the night that loses an hour": (
        "Europe/Berlin", "2026-03-28", 1, "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z",
    ),
    "over the night that gains an hour": (
        "Europe/Berlin", "2026-10-24", 1, "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z",
    ),
    "on the day whose midnight does not exist": (
        "America/Sao_Paulo", "2018-11-02", 1, "2018-11-04T02:59:59Z", "2018-11-04T03:00:00Z",
    ),
    "the moment is given in another zone": (
        "UTC", "2026-01-10", 30, "2026-02-10T09:59:59+10:00", "2026-02-10T10:00:00+10:00",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "start", "length", "before", "at"), BOUNDARIES.values(), ids=BOUNDARIES
)
def test_a_row_is_due_from_the_first_second_after_its_last_day(
    zone: str, start: str, length: int, before: str, at: str
) -> None:
    law = policy(windows={"homes": Window(days=length, **LOOSE)}, time_zone=zone)
    own = window.effective(law, "homes", None, Variables())
    begun = date.fromisoformat(start)
    early, due = (window.today(law, datetime.fromisoformat(moment)) for moment in (before, at))
    assert own.through(early) == begun - timedelta(1)
    assert own.through(due) == begun
    assert own.due_from(begun) == due
    assert window.midnight(law, due) == datetime.fromisoformat(at)


@given(
    st.dates(date(1900, 1, 1), date(2300, 1, 1)),
    st.integers(1, 36_525),
    st.integers(0, 80_000),
)
def test_due_days_and_last_starts_say_the_same(start: date, length: int, later: int) -> None:
    law = policy(windows={"homes": Window(days=length, **(LOOSE | {"maximum_days": 36_525}))})
    own = window.effective(law, "homes", None, Variables())
    day = start + timedelta(later)
    assert (start <= own.through(day)) == (day >= own.due_from(start)) == (later > length)


def test_the_ends_of_the_calendar_fall_due_never_and_long_ago() -> None:
    own = window.effective(policy(), "loans", None, Variables())
    assert own.due_from(date.max) == date.max
    assert own.through(date.min) == date.min
    assert not own.overdue(date.max, date(2026, 1, 1))


HOLDS = {
    "the day before": ("2026-10-31", None, None, False),
    "its first day": ("2026-11-01", None, None, True),
    "its last day": ("2026-11-30", "2026-11-30", None, True),
    "the day after": ("2026-12-01", "2026-11-30", None, False),
    "without an end": ("2099-01-01", None, None, True),
    "a file it names": ("2026-11-02", None, "2026-09.csv", True),
    "another file": ("2026-11-02", None, "2025-09.csv", False),
}


@pytest.mark.parametrize(("day", "until", "path", "held"), HOLDS.values(), ids=HOLDS)
def test_a_hold_holds_from_its_first_to_its_last_day(
    day: str,
    until: str | None,
    path: str | None,
    held: bool,  # noqa: FBT001
) -> None:
    hold = Hold(
        dataset="homes",
        since=date(2026, 11, 1),
        until=date.fromisoformat(until) if until else None,
        matter="A case",
        files=("2026-*.csv",) if path else (),
    )
    law = policy(holds=(hold,))
    found = window.held(law, "homes", date.fromisoformat(day), path)
    assert found == ((hold,) if held else ())
    assert not window.held(law, "loans", date.fromisoformat(day), path)


def test_a_hold_of_one_file_holds_something_of_the_dataset() -> None:
    hold = Hold(dataset="homes", since=date(2026, 11, 1), matter="A case", files=("a.csv",))
    assert window.held(policy(holds=(hold,)), "homes", date(2026, 11, 2)) == (hold,)


BARS = {
    "the duty's last day": ("2033-01-01", ["Seven years"]),
    "the day after": ("2033-01-02", []),
}


@pytest.mark.parametrize(("day", "duties"), BARS.values(), ids=BARS)
def test_a_duty_to_keep_bars_erasure_through_its_last_day(day: str, duties: list[str]) -> None:
    own = window.effective(policy(), "loans", None, Variables())
    newest = date(2026, 1, 1)
    bars = window.bars(policy(), own, date.fromisoformat(day), newest)
    assert [bar.duty for bar in bars] == duties
    assert {bar.until for bar in bars} <= {date(2033, 1, 1)}


def test_what_bars_erasure_where_nobody_has_a_duty() -> None:
    own = window.effective(policy(), "homes", None, Variables())
    assert window.bars(policy(), own, date(2026, 1, 1), date(2026, 1, 1)) == ()
    hold = Hold(dataset="homes", since=date(2026, 1, 1), until=date(2026, 2, 1), matter="A case")
    (bar,) = window.bars(policy(holds=(hold,)), own, date(2026, 1, 1), None)
    assert (bar.dataset, bar.duty, bar.until) == ("homes", "A case", date(2026, 2, 1))


def test_a_record_after_now_is_told_and_one_of_now_is_not() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    later = now + timedelta(seconds=1)
    assert window.ahead(now, [now, now - timedelta(1)]) is None
    assert window.ahead(now, [now, later]) == later


def ages(**changes: Any) -> Ages:
    """A file of ten rows with event days, six of them due."""
    found = {
        "path": "a.csv", "sha256": SHA, "rows": 10, "landed": date(2026, 1, 20), "dated_due": 6,
        "earliest": date(2026, 1, 1), "following": date(2026, 1, 15),
    }  # fmt: skip
    return Ages(**(found | changes))


DAY = date(2026, 2, 10)  # a window of 30 days is over for days through 10 January
OUTCOMES = {
    "dated rows": (ages(), {}, (6, "2026-02-01", "2026-02-15", False)),
    "nothing due": (ages(dated_due=0), {}, (0, None, "2026-02-15", False)),
    "undated rows wait for their landing": (
        ages(undated=2), {}, (6, "2026-02-01", "2026-02-15", False),
    ),
    "undated rows go with their landing": (
        ages(undated=2, landed=date(2026, 1, 5)), {}, (8, "2026-02-01", "2026-02-15", False),
    ),
    "only undated rows": (
        ages(undated=10, dated_due=0, earliest=None, following=None, landed=date(2026, 1, 10)),
        {}, (10, "2026-02-10", None, False),
    ),
    "all rows from their landing": (
        ages(landed=date(2026, 1, 10)), {"counted_from": "landing"},
        (10, "2026-02-10", None, False),
    ),
    "all rows wait from their landing": (
        ages(landed=date(2026, 1, 11)), {"counted_from": "landing"},
        (0, None, "2026-02-11", False),
    ),
    "on the last day of the maximum": (
        ages(), {"maximum_days": 40}, (6, "2026-02-01", "2026-02-15", False),
    ),
    "past the maximum": (ages(), {"maximum_days": 39}, (6, "2026-02-01", "2026-02-15", True)),
    "rows of the future only": (
        ages(dated_due=0, future=10, earliest=date(2099, 1, 1), following=date(2099, 1, 1)), {},
        (0, None, "2099-02-01", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "more", "expected"), OUTCOMES.values(), ids=OUTCOMES)
def test_what_happens_to_a_file(
    file: Ages, more: dict[str, Any], expected: tuple[int, str | None, str | None, bool]
) -> None:
    law = policy(windows={"homes": Window(days=30, **(LOOSE | more))})
    own = window.effective(law, "homes", None, Variables())
    found = window.outcome(law, own, file, DAY)
    seen = (found.rows, _text(found.since), _text(found.next_due), found.overdue)
    assert seen == expected
    assert found.held == ()


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def test_a_hold_keeps_the_file_it_names() -> None:
    hold = Hold(dataset="homes", since=date(2026, 1, 1), matter="A case", files=("a.csv",))
    law = policy(holds=(hold,))
    own = window.effective(law, "homes", None, Variables())
    assert window.outcome(law, own, ages(), DAY).held == (hold,)
    assert window.outcome(law, own, ages(path="b.csv"), DAY).held == ()
    assert window.outcome(law, own, ages(dated_due=0), DAY).held == ()


LATE = {
    "the last day of grace": (10, 400, "2026-02-10", False),
    "the day after": (10, 400, "2026-02-11", True),
    "without grace": (0, 400, "2026-02-01", True),
    "the maximum ends before the grace": (100, 35, "2026-02-06", True),
    "the last day of the maximum": (100, 35, "2026-02-05", False),
}


@pytest.mark.parametrize(("grace", "most", "day", "late"), LATE.values(), ids=LATE)
def test_rows_are_a_finding_after_the_grace(
    grace: int,
    most: int,
    day: str,
    late: bool,  # noqa: FBT001
) -> None:
    bounds = {"homes": Window(days=30, **(LOOSE | {"maximum_days": most}))}
    own = window.effective(policy(windows=bounds, grace_days=grace), "homes", None, Variables())
    assert (date.fromisoformat(day) >= own.late_from(date(2026, 1, 1))) is late


PLACES = {
    "a bucket": ("s3://copies/loans", True),
    "a folder elsewhere": ("/srv/copies", True),
    "a folder beside": ("copies/loans", True),
    "climbing out": ("../copies", False),
    "climbing out of a bucket": ("s3://copies/../x", False),
    "the repository itself": (".", False),
    "everything": ("/", False),
    "the landed data": ("data/ml/training/loans", False),
    "Git's own folder": (".git/objects", False),
    "with a password": ("s3://me:secret@copies/loans", False),
    "another kind of place": ("ftp://copies/loans", False),
    "a bucket without a name": ("s3:///loans", False),
    "a blank in it": ("my copies", False),
}


@pytest.mark.parametrize(("uri", "good"), PLACES.values(), ids=PLACES)
def test_a_replica_is_a_place_of_its_own(uri: str, good: bool) -> None:  # noqa: FBT001
    if good:
        assert Replica(id="copy", dataset="loans", uri=uri).uri == uri
    else:
        with pytest.raises(ValidationError, match="no place of a copy"):
            Replica(id="copy", dataset="loans", uri=uri)


TWICE = (Replica(id="x", dataset="a", uri="/a"), Replica(id="x", dataset="b", uri="/b"))
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a zone nobody knows": ({"time_zone": "Mars/Olympus"}, "no time zone"),
    "a zone that is a path": ({"time_zone": "../../etc/passwd"}, "no time zone"),
    "two replicas of one name": ({"replicas": TWICE}, "two replicas are called x"),
    "a default below its bound": ({"default_minimum_days": 3000}, "default_days lies outside"),
    "a default above its bound": ({"default_maximum_days": 300}, "default_days lies outside"),
}


@pytest.mark.parametrize(("changes", "words"), WRONG.values(), ids=WRONG)
def test_a_policy_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        policy(**changes)


RETENTION = "policies/retention.yaml"
BOTH = {"shortens-retention", "lengthens-retention"}


def classes(w: World) -> World:
    kind = {"days": 90, "minimum_days": 30, "maximum_days": 400, "basis": "x", "at_end": "purge"}
    return w.set(RETENTION, ("classes",), {"short": kind})


def copies(w: World) -> World:
    return w.set(RETENTION, ("replicas",), [{"id": "c", "dataset": "loans", "uri": "/srv/c"}])


def field(*route: str | int, value: Any) -> Any:
    return lambda w: w.set(RETENTION, route, value)


MEANINGS: dict[str, tuple[Any, Any, set[str]]] = {
    "a class keeps shorter": (classes, field("classes", "short", "days", value=60),
                              {"shortens-retention"}),
    "a class keeps longer": (classes, field("classes", "short", "days", value=120),
                             {"lengthens-retention"}),
    "a duty ends sooner": (classes, field("classes", "short", "minimum_days", value=0),
                           {"shortens-retention"}),
    "more than the law allowed": (classes, field("classes", "short", "maximum_days", value=500),
                                  {"lengthens-retention"}),
    "a class goes": (classes, lambda w: w.drop(RETENTION, "classes", "short"), BOTH),
    "a class comes": (lambda w: w, classes, BOTH),
    "a class falls back to the default": (
        classes, lambda w: w.drop(RETENTION, "classes", "short", "days"), BOTH,
    ),
    "counted from something else": (
        classes, field("classes", "short", "counted_from", value="landing"), BOTH,
    ),
    "another end": (classes, field("classes", "short", "at_end", value="anonymise"), BOTH),
    "another calendar": (classes, field("time_zone", value="Asia/Tokyo"), BOTH),
    "a longer grace": (classes, field("grace_days", value=90), {"lengthens-retention"}),
    "a copy no longer reached": (copies, lambda w: w.drop(RETENTION, "replicas", 0), BOTH),
    "a copy somewhere else": (copies, field("replicas", 0, "uri", value="/srv/d"), BOTH),
    "other words": (classes, field("classes", "short", "basis", value="y"), set()),
    "a hold on fewer files": (
        lambda w: w, field("holds", 0, "files", value=["2026-09.csv"]), {"lifts-hold"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("before", "change", "kinds"), MEANINGS.values(), ids=MEANINGS)
def test_what_a_change_of_the_policy_means(before: Any, change: Any, kinds: set[str]) -> None:
    old = before(World({RETENTION: DECLARED[RETENTION].encode()}))
    new = change(old.copy())
    touched = [Touched(RETENTION, Version("file", "x"), Version("file", "y"))]
    found = effects(Reading(old).declarations, Reading(new).declarations, touched)
    assert {effect.kind for effect in found} - {"changes-policy"} == kinds
