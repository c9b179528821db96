"""Removals find every row that goes, touch nothing else, and stop before they do harm."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import erasing
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from erasing import ADA, LATER, NEAR

from governance.finding import CouldNotJudge
from governance.records import Certificate, Removal, Tombstone
from pipelines import eradicate, inputs, journal, removal_journal, retention_plan
from pipelines.erasure import Outcome, Request, erase
from pipelines.inputs import Refused
from pipelines.land import land
from pipelines.retention_apply import apply

TESTS = Path(__file__).parents[1]
RETENTION = "policies/retention.yaml"


@pytest.fixture
def erasable(shared: Path, tmp_path: Path) -> Path:
    """A repository in which Ada's removal is approved."""
    return small.copied(small.template(shared, erasing.erasable), tmp_path / "w") / "repository"


@pytest.fixture
def plain(shared: Path, tmp_path: Path) -> Path:
    """The same before anybody asked for it."""
    root = small.copied(small.template(shared, erasing.erasable), tmp_path / "w") / "repository"
    for path in (*root.glob("records/removals/*"), *root.glob("records/approvals/*")):
        path.unlink()
    small.commit(root, "as it was")
    return root


@pytest.fixture
def outdated(shared: Path, tmp_path: Path) -> Path:
    """A repository in which the removal of old rows is approved."""
    return small.copied(small.template(shared, erasing.outdated), tmp_path / "w") / "repository"


def asked(root: Path, identifier: str = ADA, **more: Any) -> Outcome:
    """Erases somebody, by people who always say yes."""
    request = Request(identifier, "gdpr-17", **more)
    try:
        return erase(root, request, LATER, say=lambda _: None)
    except Refused as refusal:
        if "is not approved" not in str(refusal):
            raise
    (fresh,) = [i for i in erasing.removals(root) if i not in certified(root)]
    erasing.approve(root, fresh)
    return erase(root, request, LATER, say=lambda _: None)


def certified(root: Path) -> set[str]:
    return {found.value.removal for found in small.declarations(root).all(Certificate)}


def the(root: Path, kind: Any) -> Any:
    (found,) = small.declarations(root).all(kind)
    return found.value


def everything(root: Path) -> list[str]:
    return erasing.found(erasing.below(root, root.parent / "near"))


def state(root: Path) -> dict[str, bytes]:
    """Work tree, cache and remote, and nothing that only tools keep."""
    found = {name: sha.encode() for name, sha in small.state(root).items()}
    for place in (root / ".dvc/cache", root.parent / "near"):
        found |= dict(erasing.below(place))
    return found


def others(table: pa.Table) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if row["customer"] != ADA]


def test_only_the_rows_of_one_person_go(plain: Path) -> None:
    assert len(everything(plain)) > 5
    done = asked(plain)
    assert everything(plain) == []
    for name in ("b.parquet", "c.parquet"):
        assert erasing.rows(plain, name) == others(erasing.FILES[name])
    assert erasing.rows(plain, "a.parquet") == erasing.FILES["a.parquet"].to_pylist()
    assert not list((plain / "quarantine").rglob("*.parquet"))
    assert done.plan is not None
    stone, proof = the(plain, Tombstone), the(plain, Certificate)
    assert [file.path for file in stone.files] == ["b.parquet", "c.parquet"]
    assert stone.approved_by == ("ingrid.solberg", "jonas.weber")
    assert {place.place for place in proof.searched} == {"work tree", "cache", "near"}
    assert all(place.left == 0 for place in proof.searched)
    assert inputs.differences("visits", inputs.manifest("visits", plain), plain) == []


@pytest.mark.parametrize("identifier", NEAR)
def test_an_id_is_not_mistaken_for_another(plain: Path, identifier: str) -> None:
    done = asked(plain, identifier)
    assert done.removal.files
    for name, table in erasing.FILES.items():
        left = [row for row in table.to_pylist() if row["customer"] != identifier]
        assert (erasing.rows(plain, name) if left else []) == left


@pytest.mark.parametrize(
    "identifier", ["nobody", "0042", "C-0042\0", "C-%", "'; drop table", "*", "ü" * 40, "C-0042\n"]
)
def test_somebody_who_is_nowhere_is_certified_without_asking(plain: Path, identifier: str) -> None:
    before = state(plain)
    done = erase(plain, Request(identifier, "gdpr-17"), LATER, say=lambda _: None)
    assert done.removal.files == ()
    assert the(plain, Certificate).tombstones == ()
    new = {path for path in state(plain) if path not in before}
    assert {path.split("/")[1] for path in new} == {"certificates", "removals"}


def test_a_second_request_finds_nothing_and_writes_nothing(erasable: Path) -> None:
    asked(erasable)
    before = state(erasable)
    assert asked(erasable).before
    assert state(erasable) == before


def test_a_dry_run_changes_nothing(plain: Path) -> None:
    before = state(plain)
    done = erase(plain, Request(ADA, "gdpr-17"), LATER, dry=True, say=lambda _: None)
    assert sum(file.rows for file in done.removal.files) == 7
    assert state(plain) == before


def test_a_number_is_found_as_a_number_in_csv(plain: Path) -> None:
    contract = plain / "policies/datasets/flats.yaml"
    old = "classification: none\n        customProperties: [{property: technique, value: keep}"
    new = old.replace(": none", ": direct-identifier").replace("keep}", "pseudonymise}, "
                      "{property: subject, value: tenant}")  # fmt: skip
    contract.write_text(contract.read_text().replace(old, new, 1))
    small.commit(plain, "flats have tenants")
    lines = (plain / "data/ml/training/flats/a.csv").read_text().splitlines(keepends=True)
    done = asked(plain, "042", kind="tenant")
    assert [(file.path, file.rows) for file in done.removal.files] == [("a.csv", 1)]
    left = [line for line in lines if not line.startswith("42;")]
    assert (plain / "data/ml/training/flats/a.csv").read_text() == "".join(left)


def test_a_dataset_in_which_nobody_can_be_found_stops_it(plain: Path) -> None:
    contract = plain / "policies/datasets/flats.yaml"
    text = contract.read_text().replace("classification: none", "classification: direct-identifier")
    contract.write_text(text.replace("value: keep", "value: drop", 1))
    before = state(plain)
    with pytest.raises(CouldNotJudge, match="flats: no column is marked `subject`"):
        asked(plain)
    assert state(plain) == before
    asked(plain, only=("visits",))
    assert "flats was not searched." in the(plain, Certificate).limits


def test_a_dataset_made_from_people_stops_it_too(plain: Path) -> None:
    contract = plain / "policies/datasets/flats.yaml"
    text = contract.read_text().replace("kind: synthetic,", "kind: derived, parents: [visits],")
    contract.write_text(text)
    with pytest.raises(CouldNotJudge, match="flats: no column is marked `subject`"):
        asked(plain)


def held(root: Path, **more: Any) -> None:
    path = root / RETENTION
    hold = {"dataset": "visits", "since": "2026-01-01", "matter": "a case", **more}
    path.write_text(f"{path.read_text()}holds: [{json.dumps(hold)}]\n")


def test_what_a_hold_keeps_is_left_as_it_is(plain: Path) -> None:
    held(plain)
    small.commit(plain, "hold")
    before = state(plain)
    done = asked(plain)
    assert [bar.duty for bar in done.removal.barred] == ["a case"]
    assert done.removal.files == ()
    changed = {path for path, data in state(plain).items() if before.get(path) != data}
    assert {path.split("/")[1] for path in changed} == {"certificates", "removals"}
    assert any("kept with no end known: a case" in line for line in the(plain, Certificate).limits)


def test_where_rows_must_be_kept_they_name_nobody(plain: Path) -> None:
    path = plain / RETENTION
    path.write_text(path.read_text().replace("minimum_days: 0", "minimum_days: 300", 1))
    small.commit(plain, "a duty to keep")
    done = asked(plain)
    assert done.removal.action == "anonymise"
    (bar,) = done.removal.barred
    assert (bar.duty, bar.until) == ("a duty to keep", small.NOW.date() + timedelta(days=300))
    assert everything(plain) == []
    for name in ("b.parquet", "c.parquet"):
        new, old = erasing.rows(plain, name), erasing.FILES[name].to_pylist()
        assert len(new) == len(old)
        for after, before in zip(new, old, strict=True):
            if before["customer"] != ADA:
                assert after == before
                continue
            assert after["customer"] != ADA
            assert after["visit_id"] != before["visit_id"]
            assert after["age"] is None
            assert after["spend"] == before["spend"]
    assert the(plain, Certificate).key_destroyed


def test_a_remote_that_is_away_stops_it_before_anything_is_done(erasable: Path) -> None:
    near = erasable.parent / "near"
    near.rename(erasable.parent / "elsewhere")
    before = small.state(erasable)
    with pytest.raises(CouldNotJudge, match="near is not there"):
        asked(erasable)
    assert small.state(erasable) == before
    assert removal_journal.unfinished(erasable) is None


def test_a_remote_that_cannot_be_written_to_stops_it(
    erasable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.store.folder import Folder  # noqa: PLC0415

    def denied(self: Folder, path: str, _: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(self.root / path))

    before = state(erasable)
    monkeypatch.setattr(Folder, "put", denied)  # root may write anywhere, so nothing real denies it
    with pytest.raises(CouldNotJudge, match="cannot be written to, so nothing can be deleted"):
        asked(erasable)
    assert state(erasable) == before


def test_another_version_with_rows_of_its_own_is_not_thrown_away_unasked(plain: Path) -> None:
    small.git(plain, "checkout", "--quiet", "-b", "side")
    file = small.put(plain.parent / "d.parquet", erasing.visits(700, 30, small.NOW, ADA))
    land(plain, "visits", [file], small.NOW, say=lambda _: None)
    small.commit(plain, "land d")
    small.git(plain, "checkout", "--quiet", "main")
    (plain / small.VISITS / "d.parquet").unlink()
    with pytest.raises(Refused, match=r"visits/d.parquet .* part of another version only"):
        asked(plain)
    assert len(everything(plain)) > 5
    asked(plain, drop=True)
    (plain.parent / "d.parquet").unlink()
    assert everything(plain) == []


def test_a_name_in_an_unmarked_column_is_told_not_left(plain: Path) -> None:
    """Rows of others that mention the person would survive: nobody is told that all is gone."""
    table = erasing.visits(9000, 60, small.NOW)
    customers = ["V-009005" if row == 3 else f"K-{row}" for row in range(60)]  # is a visit as well
    file = small.put(plain.parent / "e.parquet", small.altered(table, customer=customers))
    land(plain, "visits", [file], small.NOW, say=lambda _: None)
    with pytest.raises(CouldNotJudge, match="names the person in other rows or columns") as told:
        asked(plain, "V-009005")
    assert "V-009005" not in str(told.value)


def test_files_nobody_landed_stop_it(erasable: Path) -> None:
    small.put(erasable / small.VISITS / "z.parquet", small.visits(3000, 5))
    with pytest.raises(Refused, match=r"z.parquet: uncatalogued"):
        asked(erasable)


def test_while_something_else_acts_nothing_is_done(erasable: Path) -> None:
    with journal.alone(erasable), pytest.raises(CouldNotJudge, match="is running"):
        asked(erasable)


def test_what_is_open_names_nobody_and_is_finished_without_the_identifier(
    erasable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(eradicate, "carry_out", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            asked(erasable)
    plan = removal_journal.unfinished(erasable)
    assert plan is not None
    private = erasable / ".git/charter"
    assert erasing.found(erasing.below(private)) == []
    assert (private / "removal").stat().st_mode & 0o077 == 0
    assert (private / "removal/staged").stat().st_mode & 0o077 == 0
    with pytest.raises(CouldNotJudge, match="begun and not finished"):
        asked(erasable, "somebody else")
    apply(erasable, plan.removal, LATER, say=lambda _: None)
    assert everything(erasable) == []
    assert not (private / "removal/staged").exists()


def test_erased_bytes_never_land_again(erasable: Path) -> None:
    old = small.put(erasable.parent / "again.parquet",
                    (erasable / small.VISITS / "b.parquet").read_bytes())  # fmt: skip
    asked(erasable)
    with pytest.raises(Refused, match=r"again.parquet: erasure-\S+ erased these bytes"):
        land(erasable, "visits", [old], LATER, say=lambda _: None)


def removal_of(root: Path) -> Removal:
    found: Removal = the(root, Removal)
    return found


def applied(root: Path, now: Any = LATER) -> Any:
    return apply(root, removal_of(root).id, now, say=lambda _: None)


def test_rows_past_their_window_go_everywhere(outdated: Path) -> None:
    done = applied(outdated)
    assert done.plan is not None
    assert not (outdated / small.VISITS / "c.parquet").exists()
    for name in ("a.parquet", "b.parquet"):
        assert erasing.rows(outdated, name) == erasing.FILES[name].to_pylist()
    gone = pq.ParquetFile(io.BytesIO(_bytes(erasing.FILES["c.parquet"]))).metadata.num_rows
    (file,) = the(outdated, Tombstone).files
    assert (file.path, file.rows, file.becomes) == ("c.parquet", gone, None)
    oldest = LATER.replace(tzinfo=None) - timedelta(days=401)
    for name, data in erasing.below(outdated, outdated.parent / "near"):
        if data.startswith(b"PAR1"):
            days = pq.read_table(io.BytesIO(data))["seen_at"].to_pylist()
            assert min(days) > oldest, name
    assert applied(outdated).plan is None


def _bytes(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    pq.write_table(table, stream)
    return bytes(stream.getvalue())


def longer(root: Path) -> None:
    path = root / RETENTION
    path.write_text(path.read_text().replace("days: 400, minimum", "days: 900, minimum", 1))


def reworded(root: Path) -> None:
    (path,) = (root / "records/removals").glob("*.yaml")
    path.write_text(path.read_text() + "# seen\n")


def unsigned(root: Path) -> None:
    for path in (root / "records/approvals").glob("*steward*"):
        path.unlink()


def overwritten(root: Path) -> None:
    (root / small.VISITS / "c.parquet").write_bytes(_bytes(small.visits(5, 5)))


def lifted_in_this_change(root: Path) -> None:
    before = (root / RETENTION).read_text()
    held(root)
    small.commit(root, "hold")
    (root / RETENTION).write_text(before)


@pytest.mark.parametrize(
    ("case", "change", "says"),
    [
        ("a longer window", longer, "are due on"),
        ("a hold", held, "must be kept with no end known: a case"),
        ("a hold lifted in the work tree only", lifted_in_this_change, "must be kept"),
        ("no second signature", unsigned, "data-steward 0 of 1"),
        ("another record than was signed", reworded, "is not approved"),
        ("other bytes", overwritten, "other bytes than were landed"),
    ],
)
def test_a_removal_that_may_not_be_is_refused(
    outdated: Path, case: str, change: Callable[[Path], None], says: str
) -> None:
    change(outdated)
    before = state(outdated)
    with pytest.raises(Refused) as caught:
        applied(outdated)
    assert says in str(caught.value), case
    assert state(outdated) == before
    assert removal_journal.unfinished(outdated) is None


def test_rows_are_not_removed_a_day_early(outdated: Path) -> None:
    through = removal_of(outdated).through
    assert through is not None
    with pytest.raises(Refused, match=f"rows of {through} are due on 2026-11-22, and it is"):
        applied(outdated, LATER - timedelta(days=1))


def test_rows_that_went_meanwhile_were_not_approved(outdated: Path) -> None:
    record = removal_of(outdated)
    path = outdated / f"records/removals/{record.id}.yaml"
    path.write_text(path.read_text().replace("rows: 90", "rows: 91"))
    for old in (outdated / "records/approvals").glob("*"):
        old.unlink()
    erasing.approve(outdated, record.id)
    with pytest.raises(Refused, match=r"91 rows of .* were approved, and they are not there"):
        applied(outdated)


def test_at_the_end_of_a_window_rows_may_stay_without_names(shared: Path, tmp_path: Path) -> None:
    root = small.copied(small.template(shared, erasing.outdated), tmp_path / "w") / "repository"
    path = root / RETENTION
    path.write_text(path.read_text().replace("at_end: purge", "at_end: anonymise", 1))
    for old in (*root.glob("records/approvals/*"), *root.glob("records/removals/*")):
        old.unlink()
    small.commit(root, "anonymise")
    (due,) = retention_plan.plan(root, ["visits"], LATER).datasets
    record = retention_plan.removal(due, LATER, None)
    assert record is not None
    retention_plan.write(root, record)
    erasing.approve(root, record.id)
    applied(root)
    new, old_rows = erasing.rows(root, "c.parquet"), erasing.FILES["c.parquet"].to_pylist()
    assert len(new) == len(old_rows)
    assert not {row["customer"] for row in new} & {row["customer"] for row in old_rows}
    assert [row["spend"] for row in new] == [row["spend"] for row in old_rows]
    (after,) = retention_plan.plan(root, ["visits"], LATER).datasets
    assert retention_plan.removal(after, LATER, None) is None


@pytest.mark.parametrize(("act", "make"), [("erase", "erasable"), ("apply", "outdated")])
def test_a_removal_may_be_killed_anywhere(
    shared: Path, tmp_path: Path, act: str, make: str
) -> None:
    template = small.template(shared, getattr(erasing, make))
    done = subprocess.run(
        [sys.executable, TESTS / "killed_removal.py", template, tmp_path / "work", act, "6"],
        check=True, env=small.environment() | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
        capture_output=True,
    )  # fmt: skip
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(attempts) >= 6
    assert all(attempt["killed"] for attempt in attempts)
    assert {json.dumps(attempt["after"]) for attempt in attempts} == {'"new"'}
    assert {attempt["others"] for attempt in attempts} == {"may act", "finish it first"}
