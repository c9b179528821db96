"""`charter retention` says what is due, writes what people approve, and audits what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import small

from cli.main import main
from governance import catalogue, digest
from governance.records import Removal, Review

Run = Callable[..., tuple[int, str, str]]
POLICY = "policies/retention.yaml"
NEXT = "2026-11-23"
WINDOW = 2557
FIRST = (small.NOW - timedelta(days=1, hours=120)).date()  # the oldest visit
DUE = FIRST + timedelta(WINDOW + 1)  # the first day on which visits are due


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter retention`; exit code, standard output and standard error."""

    def command(root: Path, *arguments: object, now: str = NEXT) -> tuple[int, str, str]:
        words = ["retention", *map(str, arguments), "--repo", str(root), "--now", now]
        monkeypatch.setattr("sys.argv", ["charter", *words])
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        else:
            code = 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def due_rows(through: date) -> int:
    """Visits of days through one, counted without the engine."""
    tables = [small.visits(), small.visits(200, 100)]
    times = [moment for table in tables for moment in table["seen_at"].to_pylist()]
    return sum(moment.date() <= through for moment in times)


def declare(root: Path, old: str, new: str) -> None:
    text = (root / POLICY).read_text()
    assert old in text
    (root / POLICY).write_text(text.replace(old, new, 1))


def hold(root: Path, **changes: str) -> None:
    found = {"dataset": "visits", "since": f'"{NEXT}"', "matter": "A case"} | changes
    body = ", ".join(f"{key}: {value}" for key, value in found.items())
    declare(root, "\nwindows:", f"\nholds:\n  - {{{body}}}\n\nwindows:")


def record(root: Path, out: str) -> tuple[str, Any]:
    """Path and content of the record that was written."""
    (path,) = [line.split()[1] for line in out.splitlines() if line.startswith("record: ")]
    value, _, findings = catalogue.read(path, (root / path).read_bytes())
    assert value is not None, findings
    return path, value


def test_nothing_is_due_today(run: Run, landed: Path) -> None:
    with small.unchanged(landed):
        code, out, err = run(landed, "plan")
    assert (code, err) == (0, "")
    assert "as of 2026-11-23 (UTC); nothing is deleted by a plan" in out
    assert "visits: 2,557 days (default_days), from the event, then purge" in out
    assert "flats: 3,653 days (windows.flats.days), from the event, then purge" in out
    assert f"waiting      220 rows; the next fall due on {DUE}" in out
    assert "no event     120 rows, counted from their landing" in out
    assert "example.org" not in out


BOUNDARIES = {
    "the second before": (f"{DUE - timedelta(1)}T23:59:59Z", FIRST - timedelta(1)),
    "the moment it is due": (f"{DUE}T00:00:00Z", FIRST),
    "the same moment elsewhere": (f"{DUE}T05:30:00+05:30", FIRST),
    "the day after": (f"{DUE + timedelta(1)}", FIRST + timedelta(1)),
    "all of them": ("2040-01-01", date(2030, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize(("now", "through"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_rows_are_due_from_the_first_second(
    run: Run, landed: Path, now: str, through: date
) -> None:
    code, out, _ = run(landed, "plan", "visits", "--format", "json", now=now)
    assert code == 0
    found = json.loads(out)["datasets"]
    assert list(found) == ["visits"]
    assert found["visits"]["due_rows"] == due_rows(through)
    assert sum(file["rows"] for file in found["visits"]["files"]) == 220


def test_the_record_of_a_removal_is_the_same_for_the_same_plan(run: Run, landed: Path) -> None:
    code, out, _ = run(landed, "plan", "--write", "--by", "nadia.okafor", now=f"{DUE}")
    assert code == 0
    path, found = record(landed, out)
    data = (landed / path).read_bytes()
    assert isinstance(found, Removal)
    assert (found.ground, found.action, found.through) == ("retention", "purge", FIRST)
    assert found.id == f"retention-visits-{FIRST:%Y%m%d}-{path[-13:-5]}"
    assert found.basis.startswith("2557 days from default_days, counted from the event: Credit")
    assert found.by == "nadia.okafor"
    assert sum(file.rows for file in found.files) == due_rows(FIRST)
    for file in found.files:
        there = (landed / "data/ml/training/visits" / file.path).read_bytes()
        assert digest.of_bytes(there) == f"sha256:{file.sha256}"
    assert f"({digest.short(digest.of_bytes(data))})" in out
    assert f"then: charter retention apply {found.id}" in out
    _, again, _ = run(landed, "plan", "--write", now=f"{DUE}T23:59:59Z")
    assert record(landed, again)[0] == path
    assert (landed / path).read_bytes() == data
    _, later, _ = run(landed, "plan", "--write", now=f"{DUE + timedelta(1)}")
    assert record(landed, later)[0] != path


def test_nothing_due_writes_nothing(run: Run, landed: Path) -> None:
    with small.unchanged(landed):
        code, out, _ = run(landed, "plan", "--write")
    assert code == 0
    assert "record:" not in out


def test_a_hold_keeps_what_is_due(run: Run, landed: Path) -> None:
    hold(landed)
    code, out, _ = run(landed, "plan", "--write", now="2034-01-01")
    assert code == 0
    assert "due          0 rows" in out
    assert "a.parquet: 120 rows past their window, held: A case (no end known)" in out
    assert "record:" not in out


def test_a_hold_on_one_file_lets_the_others_go(run: Run, landed: Path) -> None:
    hold(landed, files="[a.parquet]", until='"2040-01-01"')
    _, out, _ = run(landed, "plan", "--write", now="2034-01-01")
    _, found = record(landed, out)
    assert isinstance(found, Removal)
    assert [file.path for file in found.files] == ["b.parquet"]
    ((bar),) = found.barred
    assert (bar.duty, bar.until) == ("A case", date(2040, 1, 1))


def test_versions_that_were_never_merged_are_searched_where_asked(
    run: Run, landed: Path, tmp_path: Path
) -> None:
    from pipelines.land import land  # noqa: PLC0415 - loads the data engine

    small.git(landed, "checkout", "--quiet", "-b", "other")
    file = small.put(tmp_path / "c.parquet", small.visits(900, 20))
    land(landed, "visits", [file], small.NOW, say=lambda _: None)
    sha256 = digest.of_bytes(file.read_bytes()).removeprefix("sha256:")
    small.commit(landed)
    small.git(landed, "checkout", "--quiet", "main")
    (landed / "data/ml/training/visits/c.parquet").unlink()
    (landed / ".dvc/store").mkdir()
    assert "c.parquet" not in run(landed, "plan", now="2034-01-01")[1]
    _, out, err = run(landed, "plan", "--everywhere", "--write", now="2034-01-01")
    assert err == ""
    assert f"c.parquet ({sha256[:12]}, not in this version): 20 rows" in out
    _, found = record(landed, out)
    assert isinstance(found, Removal)
    assert [(file.path, file.rows) for file in found.files] == [
        ("a.parquet", 120), ("b.parquet", 100), ("c.parquet", 20),
    ]  # fmt: skip
    hold(landed, since="2033-01-01".join('""'), files="[c.parquet]")
    assert "c.parquet" not in run(landed, "plan", "--everywhere", now="2034-01-01")[1]


REFUSED = {
    "below the legal minimum": (
        {"DATA_RETENTION_DAYS": "3"},
        "visits: 3 days from DATA_RETENTION_DAYS lie outside 2557 to 3653 days (Credit account",
    ),
    "no number": ({"DATA_RETENTION_DAYS": "1e3"}, "DATA_RETENTION_DAYS='1e3' is no whole number"),
    "empty": ({"DATA_RETENTION_DAYS": ""}, "DATA_RETENTION_DAYS='' is no whole number"),
    "a dataset that is none": (
        {"DATA_RETENTION_DAYS_VISIT": "3000"}, "did you mean DATA_RETENTION_DAYS_VISITS?",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("variables", "words"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("command", ["plan", "audit"])
def test_a_variable_out_of_bounds_is_refused(
    run: Run, landed: Path, monkeypatch: pytest.MonkeyPatch, command: str,
    variables: dict[str, str], words: str,
) -> None:  # fmt: skip
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    code, out, err = run(landed, command)
    assert (code, out) == (1, "")
    assert words in err
    assert "fix: " in err


def test_the_variable_moves_the_default_and_the_plan_says_so(
    run: Run, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_RETENTION_DAYS", "3000")
    _, out, _ = run(landed, "plan")
    assert "visits: 3,000 days (DATA_RETENTION_DAYS), from the event, then purge" in out
    assert "note: DATA_RETENTION_DAYS=3000 does not move flats: windows.flats.days sets" in out


def test_a_clock_before_the_landing_removes_nothing(run: Run, landed: Path) -> None:
    for command in ("plan", "audit"):
        code, out, err = run(landed, command, now="2026-11-19T09:29:59Z")
        assert (code, out) == (2, "")
        assert "clock: now is 2026-11-19T09:29:59+0000, but a record was written at" in err
    assert run(landed, "plan", now="2026-11-19T09:30:00Z")[0] == 0


def test_bytes_that_are_not_those_landed_are_refused(run: Run, landed: Path) -> None:
    (landed / "data/ml/training/visits/a.parquet").unlink()
    small.put(landed / "data/ml/training/flats/a.csv", "x\n")
    code, _, err = run(landed, "plan")
    assert code == 1
    assert "visits/a.parquet: missing" in err
    assert "flats/a.csv: other bytes than were landed" in err


def test_an_unknown_dataset_is_told(run: Run, landed: Path) -> None:
    code, _, err = run(landed, "plan", "visit")
    assert code == 2
    assert "visit is no dataset with a contract and landed files; known: flats, visits" in err


def test_the_audit_lists_every_version(run: Run, landed: Path, tmp_path: Path) -> None:
    from pipelines.land import land  # noqa: PLC0415 - loads the data engine

    later = small.NOW + timedelta(days=2)
    file = small.put(tmp_path / "c.parquet", small.visits(900, 20, later))
    land(landed, "visits", [file], later, say=lambda _: None)
    code, out, _ = run(landed, "audit", "--format", "json", now=f"{DUE}")
    assert code == 1
    (flats, visits) = json.loads(out)["datasets"]
    assert (flats["action"], len(flats["versions"])) == ("none", 1)
    assert (visits["days"], visits["origin"], visits["action"]) == (2557, "default_days", "purge")
    assert [version["rows"] for version in visits["versions"]] == [220, 240]
    assert [version["at"] for version in visits["versions"]] == ["2026-11-19", "2026-11-22"]
    ages = [(DUE - date(2026, 11, day)).days for day in (19, 22)]
    assert [version["age_days"] for version in visits["versions"]] == ages
    assert {version["due_rows"] for version in visits["versions"]} == {due_rows(FIRST)}
    code, out, _ = run(landed, "audit", "--format", "json", now="2034-01-01")
    (_, all_due) = json.loads(out)["datasets"]
    assert [version["due_rows"] for version in all_due["versions"]] == [220, 240]
    from pipelines import inputs  # noqa: PLC0415 - as above

    assert visits["versions"][-1]["digest"] == inputs.manifest("visits", landed).digest


def test_an_audit_becomes_a_record_that_settles_the_obligation(run: Run, landed: Path) -> None:
    code, out, _ = run(landed, "audit", "--write", "--by", "david.kim", now="2027-03-02")
    assert code == 0
    assert "privacy-office; due on 2027-02-22, 8 days late (never done; in force since" in out
    path, found = record(landed, out)
    assert isinstance(found, Review)
    assert (found.obligation, found.outcome, found.by) == (
        "retention-audit", "in-order", ("david.kim",),
    )  # fmt: skip
    assert [entry.dataset for entry in found.datasets] == ["flats", "visits"]
    assert found.at == datetime(2027, 3, 2, tzinfo=UTC)
    again = run(landed, "audit", "--write", "--by", "david.kim", now="2027-03-02T09:00")[1]
    assert record(landed, again)[0] == path
    _, out, _ = run(landed, "audit", now="2027-03-03")
    assert "due on 2027-06-02, in time (last done on 2027-03-02)" in out


def test_an_audit_names_what_was_removed_since(run: Run, landed: Path) -> None:
    _, out, _ = run(landed, "plan", "--write", now=f"{DUE}")
    path, _ = record(landed, out)
    _, out, _ = run(landed, "audit", now=f"{DUE + timedelta(1)}")
    assert f"removals, tombstones and certificates since: 1\n  {path}" in out


@pytest.mark.parametrize("by", [(), ("--by", "nadia.okafor"), ("--by", "nobody")])
def test_who_does_not_owe_the_audit_does_not_write_it(
    run: Run, landed: Path, by: tuple[str, ...]
) -> None:
    with small.unchanged(landed):
        code, _, err = run(landed, "audit", "--write", *by)
    assert code == 1
    assert "retention-audit is made by privacy-office;" in err
    assert "fix: --by david.kim" in err
