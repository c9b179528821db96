"""Rows are counted and chosen by the same day, whatever form their event time has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small

from adapters import engine
from governance import catalogue, window
from governance.contract import Contract
from governance.records import LandedFile
from governance.retention import Retention, Window
from governance.window import Ages, Variables
from pipelines import landed
from pipelines.ages import Question, ages, past

DAY = date(2026, 2, 10)  # a window of 30 days is over for days through 10 January
LANDED = date(2026, 1, 20)
LINES = {
    "dates": (["2026-01-10", "2026-01-11", "2026-02-10", "2026-02-11"], 1, 1),
    "times": (
        ["2026-01-10T23:59:59.999999", "2026-01-11 00:00:00", "2026-02-10 23:00", "2026-03-01"],
        1, 1,
    ),
    "times with an offset": (
        ["2026-01-11T00:30:00+01:00", "2026-01-10T23:30:00-01", "2026-02-10T23:59:59Z",
         "2026-02-10T23:00:00-01:00"],
        1, 1,
    ),
}  # fmt: skip


def contract(form: str) -> Contract:
    text = small.visits_contract()
    if form == "csv":
        text = text.replace("format: parquet", "format: csv")
    found, _, findings = catalogue.read("policies/datasets/visits.yaml", text.encode())
    assert isinstance(found, Contract), findings
    return found


def question(form: str = "parquet", zone: str = "UTC", **changes: Any) -> Question:
    policy = Retention(
        id="retention",
        version="1.0.0",
        effective=date(2026, 1, 1),
        owner="privacy-office",
        review_every="P3M",
        default_days=30,
        time_zone=zone,
        windows={
            "visits": Window(
                days=30, minimum_days=0, maximum_days=400, basis="x", at_end="purge", **changes
            )
        },
    )
    own = window.effective(policy, "visits", None, Variables())
    return Question(contract(form), policy, own, DAY)


def parquet(folder: Path, values: pa.Array) -> Path:
    table = small.altered(small.visits(1, len(values)), seen_at=values)
    pq.write_table(table, folder / "a.parquet")
    return folder / "a.parquet"


def csv(folder: Path, values: list[str]) -> Path:
    (folder / "a.csv").write_text("seen_at,visit_id\n" + "".join(f"{v},V-1\n" for v in values))
    return folder / "a.csv"


def seen(path: Path, asked: Question, landing: date = LANDED) -> tuple[Ages, int]:
    """What was counted, and how many rows the filter chooses."""
    connection = engine.connect()
    raw = landed.table(connection, path.parent, path.name, asked.contract)
    rows = engine.one(raw.aggregate(n=raw.count()))["n"]
    file = LandedFile(path=path.name, bytes=1, rows=rows, sha256="a" * 64)
    found = ages(connection, path.parent, file, asked, landing)
    chosen = past(raw, asked, landing)
    kept, gone = (
        engine.one(part.aggregate(n=part.count()))["n"]
        for part in (raw.filter(~chosen), raw.filter(chosen))
    )
    assert kept + gone == rows
    return found, gone


@pytest.mark.parametrize(("values", "due", "future"), LINES.values(), ids=LINES)
def test_text_is_dated_by_what_it_says(
    tmp_path: Path, values: list[str], due: int, future: int
) -> None:
    found, chosen = seen(csv(tmp_path, values), question("csv"))
    assert (found.rows, found.undated, found.dated_due, found.future) == (4, 0, due, future)
    assert chosen == due
    assert (found.earliest, found.following) == (date(2026, 1, 10), date(2026, 1, 11))


def test_text_with_and_without_offset_stands_in_one_column(tmp_path: Path) -> None:
    values = ["2026-01-10T14:00:00Z", "2026-01-10T12:00:00Z", "2026-01-10 23:59:59", "2026-01-11"]
    found, chosen = seen(csv(tmp_path, values), question("csv", "Australia/Sydney"))
    assert (found.dated_due, chosen) == (2, 2)
    assert (found.earliest, found.following) == (date(2026, 1, 10), date(2026, 1, 11))


def test_years_beyond_what_python_names_are_its_last(tmp_path: Path) -> None:
    far = pa.array([400_000_000_000_000_000, 1_000_000], pa.int64()).cast(pa.timestamp("us"))
    found, chosen = seen(parquet(tmp_path, far), question())
    assert (found.earliest, found.following) == (date(1970, 1, 1), date(9999, 12, 31))
    assert (found.dated_due, found.future, chosen) == (1, 1, 1)


def test_rows_without_event_time_follow_their_landing(tmp_path: Path) -> None:
    path = csv(tmp_path, ["", "not a day", "2026-01-10", "2026-01-11"])
    waiting, chosen = seen(path, question("csv"))
    assert (waiting.undated, waiting.dated_due, chosen) == (2, 1, 1)
    gone, chosen = seen(path, question("csv"), date(2026, 1, 10))
    assert (gone.undated, gone.dated_due, chosen) == (2, 1, 3)


def test_a_window_from_the_landing_asks_no_row(tmp_path: Path) -> None:
    path = csv(tmp_path, ["1990-01-01", "2099-01-01"])
    asked = question("csv", counted_from="landing")
    assert seen(path, asked)[1] == 0
    assert seen(path, asked, date(2026, 1, 10))[1] == 2
    assert seen(path, asked)[0].undated == 2


ZONES = {
    "UTC": ("UTC", datetime(2026, 1, 11, tzinfo=UTC)),
    "Sydney": ("Australia/Sydney", datetime(2026, 1, 10, 13, tzinfo=UTC)),
    "Los Angeles": ("America/Los_Angeles", datetime(2026, 1, 11, 8, tzinfo=UTC)),
}


@pytest.mark.parametrize(("zone", "midnight"), ZONES.values(), ids=ZONES)
def test_an_instant_has_the_day_of_the_policys_calendar(
    tmp_path: Path, zone: str, midnight: datetime
) -> None:
    moments = [midnight - timedelta(microseconds=1), midnight, None]
    path = parquet(tmp_path, pa.array(moments, pa.timestamp("us", tz="Asia/Tokyo")))
    found, chosen = seen(path, question(zone=zone))
    assert (found.dated_due, found.undated, chosen) == (1, 1, 1)
    assert (found.earliest, found.following) == (date(2026, 1, 10), date(2026, 1, 11))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_time_without_zone_says_its_day_itself(tmp_path: Path, unit: str) -> None:
    moments = [datetime(2026, 1, 10, 23, 59, 59), datetime(2026, 1, 11)]  # noqa: DTZ001
    path = parquet(tmp_path, pa.array(moments, pa.timestamp(unit)))
    found, chosen = seen(path, question(zone="Australia/Sydney"))
    assert (found.dated_due, chosen) == (1, 1)
    assert (found.earliest, found.following) == (date(2026, 1, 10), date(2026, 1, 11))


def test_a_file_without_the_event_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("visit_id\nV-1\n")
    with pytest.raises(engine.Unreadable, match="column seen_at, the event time, is missing"):
        seen(tmp_path / "a.csv", question("csv"))
