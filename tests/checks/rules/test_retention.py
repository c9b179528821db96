"""Do data leave when their time is over, and not before?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cases import Green, Red, Table, keeps_quiet, rows, shown, tells
from world import World, dump, world

from governance.finding import Verdict

HOMES = "records/landings/homes/first.yaml"
LANDING = "records/landings/loans/first.yaml"
LOANS = "policies/datasets/loans.yaml"
RETENTION = "policies/retention.yaml"
VALIDATION = "artifacts/ml/datasets/loans/validation.json"
DUE = "loans: rows of 2026-09-01 are due since "
CLASS = {
    "minimum_days": 30,
    "maximum_days": 400,
    "basis": "an agreement",
    "at_end": "anonymise",
}


def free(w: World, **changes: Any) -> World:
    """The window of loans with changes, and nothing held. Rows are of 1 September and later."""
    w.set(RETENTION, ("holds",), [])
    for name, value in changes.items():
        w.set(RETENTION, ("windows", "loans", name), value)
    return w


def classed(w: World, name: str, **changes: Any) -> World:
    """Loans names a retention class instead of having a window."""
    properties = [
        *w.value(LOANS)["customProperties"],
        {"property": "retention_class", "value": name},
    ]
    w.set(LOANS, ("customProperties",), properties)
    w.set(RETENTION, ("windows",), {})
    return w.set(RETENTION, ("classes",), {"short": CLASS | changes})


def of(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


RED: Table = {
    "retention/bounds": {
        "the default lies below a window's minimum": Red(
            lambda w: w.set(RETENTION, ("windows", "loans"), CLASS | {"minimum_days": 366}),
            (RETENTION, "loans:", "loans: 365 days from default_days lie outside 366 to 400 days"),
        ),
        "the default lies above a class's maximum": Red(
            lambda w: classed(w, "short", maximum_days=364),
            (RETENTION, "short:", "loans: 365 days from default_days lie outside 30 to 364 days"),
            only=True,
        ),
        "a window longer than its class allows": Red(
            lambda w: classed(w, "short").set(
                RETENTION, ("windows",), {"loans": CLASS | {"days": 401, "maximum_days": 500}}
            ),
            (RETENTION, "loans:", "loans: 401 days from windows.loans.days lie outside 30 to 400"),
            only=True,
        ),
        "a class nobody declared": Red(
            lambda w: classed(w, "long"),
            (LOANS, "customProperties", "loans: long is no class of policies/retention.yaml"),
            only=True,
        ),
        "a copy of nothing": Red(
            lambda w: w.set(
                RETENTION, ("replicas",), [{"id": "c", "dataset": "loan", "uri": "/srv/copies"}]
            ),
            (RETENTION, "dataset: loan", "loan is no dataset: nothing would ever be removed"),
        ),
    },
    "retention/window": {
        "rows are due": Red(
            lambda w: free(w, days=30),
            (VALIDATION, "earliest", f"{DUE}2026-10-02, 51 days ago (window 30 days from windows"),
        ),
        "the first day without grace": Red(
            lambda w: free(w, days=81), (VALIDATION, "earliest", f"{DUE}2026-11-22, 0 days ago")
        ),
        "the first day after the grace": Red(
            lambda w: free(w, days=71).set(RETENTION, ("grace_days",), 10),
            (VALIDATION, "earliest", f"{DUE}2026-11-12, 10 days ago"),
        ),
        "the maximum ends before the grace": Red(
            lambda w: free(w, days=30, maximum_days=60).set(RETENTION, ("grace_days",), 300),
            (VALIDATION, "earliest", "and the maximum of 60 days is passed"),
        ),
        "a class sets the window": Red(
            lambda w: free(classed(w, "short", days=80)),
            (VALIDATION, "earliest", "(window 80 days from classes.short.days)"),
            only=True,
        ),
        "rows without event time are due": Red(
            lambda w: w.set(RETENTION, ("default_days",), 19),
            (HOMES, "at:", "homes: rows of 2026-11-02 are due since 2026-11-22"),
        ),
        "counted from the landing": Red(
            lambda w: free(w, days=30, minimum_days=0, counted_from="landing").set(
                RETENTION, ("windows", "loans", "days"), 19
            ),
            (LANDING, "at:", "loans: rows of 2026-11-02 are due since 2026-11-22"),
        ),
        "some rows lack the event time": Red(
            lambda w: free(w, days=365)
            .set(RETENTION, ("default_days",), 3650)
            .set(VALIDATION, ("events", "earliest"), "2026-11-20")
            .set(VALIDATION, ("events", "latest"), "2026-11-20")
            .set(VALIDATION, ("columns", "billed_at", "nulls"), 1),
            (LANDING, "at:", "loans: rows of 2026-11-02 are due since 2027-11-03"),
            now=of("2027-11-03"), only=True,
        ),
        "the last day of a hold is over": Red(
            lambda w: free(w, days=30).set(
                RETENTION,
                ("holds",),
                [{"dataset": "loans", "since": "2026-11-01", "until": "2026-11-21", "matter": "x"}],
            ),
            (VALIDATION, "earliest", DUE),
        ),
        "the base keeps them for less": Red(
            lambda w: free(w, days=365),
            (VALIDATION, "earliest", "(window 30 days from windows.loans.days)"),
            base=lambda w: free(w, days=30), only=True,
        ),
        "a landing after now": Red(
            lambda w: w,
            (HOMES, "at:", "the clocks disagree: landed at 2026-11-02 08:00:00+00:00, now is"),
            (LANDING, "at:", "the clocks disagree"),
            now=of("2026-11-02T07:59:59"), only=True, verdict=Verdict.INCONCLUSIVE,
        ),
    },
}  # fmt: skip
GREEN = {
    "retention/bounds": {
        "the default on a bound": Green(
            lambda w: w.set(RETENTION, ("windows", "loans"), CLASS | {"minimum_days": 365})
        ),
        "a copy of a dataset": Green(
            lambda w: w.set(
                RETENTION, ("replicas",), [{"id": "c", "dataset": "loans", "uri": "s3://copies/x"}]
            )
        ),
    },
    "retention/window": {
        "the last day of the window": Green(lambda w: free(w, days=82)),
        "the last day of grace": Green(
            lambda w: free(w, days=72).set(RETENTION, ("grace_days",), 10)
        ),
        "a hold keeps rows that are due": Green(
            lambda w: w.set(RETENTION, ("windows", "loans", "days"), 30)
        ),
        "the last day of a hold": Green(
            lambda w: free(w, days=30).set(
                RETENTION,
                ("holds",),
                [{"dataset": "loans", "since": "2026-11-01", "until": "2026-11-22", "matter": "x"}],
            )
        ),
        "elsewhere the day has not begun": Green(
            lambda w: free(w, days=81).set(RETENTION, ("time_zone",), "America/Los_Angeles")
        ),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


VARIABLES = {
    "no number": ("DATA_RETENTION_DAYS", "1e3", "DATA_RETENTION_DAYS='1e3' is no whole number"),
    "nothing": ("DATA_RETENTION_DAYS", "", "DATA_RETENTION_DAYS='' is no whole number"),
    "a dataset that is none": ("DATA_RETENTION_DAYS_LOAN", "90", "sets the window of no dataset"),
    "out of bounds": (
        "DATA_RETENTION_DAYS_LOANS", "29",
        "loans: 29 days from DATA_RETENTION_DAYS_LOANS lie outside 30 to 3650 days (a duty)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), VARIABLES.values(), ids=VARIABLES)
def test_a_variable_out_of_bounds_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, words: str
) -> None:
    monkeypatch.setenv(name, text)
    judgement = world().judge(["retention/*"])
    ((rule, finding),) = judgement.findings
    assert rule == "retention/bounds", shown(judgement)
    assert words in finding.problem
    assert finding.at.path == RETENTION


def test_a_variable_moves_the_window_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_RETENTION_DAYS", "19")
    ((_, finding),) = world().judge(["retention/window"]).findings
    assert "(window 19 days from DATA_RETENTION_DAYS)" in finding.problem
    assert finding.at.path == HOMES


def test_where_everything_is_held_the_reason_is_told() -> None:
    held = world().set(
        RETENTION,
        ("holds",),
        [{"dataset": d, "since": "2026-11-01", "matter": "a case"} for d in ("homes", "loans")],
    )
    (result,) = held.judge(["retention/window"]).results
    assert (result.verdict, result.reason) == (
        Verdict.NOT_APPLICABLE,
        "loans is under a legal hold: a case",
    )


def nameless(through: str) -> World:
    """Loans whose September file names nobody up to a day; a window of 30 days has ended."""
    w = free(world(), days=30)
    file = w.value(LANDING)["files"][0]
    becomes = file | {"sha256": "c" * 64}
    removal = {"id": "rm-2", "at": "2026-11-10T08:00:00Z", "ground": "retention",
               "basis": "windows.loans", "action": "anonymise", "through": through}  # fmt: skip
    stone = {"id": "t-2", "at": "2026-11-10T09:00:00Z", "dataset": "loans", "removal": "rm-2",
             "ground": "a window", "files": [
                 {"path": file["path"], "sha256": file["sha256"], "rows": 5, "becomes": becomes}
             ]}  # fmt: skip
    w.put("records/removals/rm-2.yaml", dump(removal))
    return w.put("records/tombstones/t-2.yaml", dump(stone))


def test_rows_that_name_nobody_any_more_are_not_due_again() -> None:
    assert not nameless("2026-10-31").judge(["retention/window"]).findings
    ((_, finding),) = nameless("2026-09-30").judge(["retention/window"]).findings
    assert "loans: rows of 2026-10-01 are due" in finding.problem


def test_old_rows_that_land_after_the_others_lost_their_names_are_due() -> None:
    w = nameless("2026-10-31")
    late = w.value(LANDING) | {"id": "late", "at": "2026-11-15T08:00:00Z"}
    late["source"] = late["source"] | {"collected_from": "2026-09-05"}
    late["files"] = [late["files"][0] | {"path": "late.csv", "sha256": "d" * 64}]
    w.put("records/landings/loans/late.yaml", dump(late))
    ((_, finding),) = w.judge(["retention/window"]).findings
    assert "loans: rows of 2026-09-05 are due" in finding.problem
