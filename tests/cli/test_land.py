"""`charter land` tells what it did or refuses, with an exit code to act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import small

from cli.main import main
from pipelines import journal

NEW = small.visits(900, 20)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter land`; exit code, standard output and standard error."""

    def command(root: Path, *arguments: object) -> tuple[int, str, str]:
        words = ["land", "--repo", str(root), "--now", small.NOW.isoformat(), *map(str, arguments)]
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


def test_a_good_file_lands(run: Run, bare: Path, tmp_path: Path) -> None:
    code, out, err = run(bare, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "checking 1 file against policies/datasets/visits.yaml",
        "warning: visits: rowCount is 20, must be at least 50",
        "adding data/ml/training/visits to the store",
    ]
    assert re.fullmatch(r"landed 20 rows in 1 file; visits is now [0-9a-f]{12}", lines[3])
    assert re.fullmatch(r"record: records/landings/visits/20261120t093000z-\w{8}\.yaml", lines[4])
    assert lines[5].startswith("next: dvc push data/ml/training/visits; git add ")


def test_a_bad_file_is_a_finding(run: Run, still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", small.with_cell(NEW, "age", 0, 7))
    with small.unchanged(still):
        code, _, err = run(still, "visits", path)
    assert code == 1
    assert err == (
        "visits/new.parquet: column age: is below 18: row 1 (1 character)  [minimum]\n"
        "nothing landed in visits\n"
        "bad rows with their reasons: quarantine/visits/20261120t093000z"
        " (not in Git; treat as personal data)\n"
        "fix: correct the file, or land the rest with --without-bad-rows\n"
    )


def test_the_rest_lands_when_asked(run: Run, landed: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", small.with_cell(NEW, "age", 0, 7))
    code, out, _ = run(landed, "visits", path, "--without-bad-rows")
    assert code == 0
    assert "landed 19 rows in 1 file, 1 row set aside; visits is now " in out


def test_while_another_landing_runs_nothing_is_judged(
    run: Run, still: Path, tmp_path: Path
) -> None:
    path = small.put(tmp_path / "new.parquet", NEW)
    with small.unchanged(still), journal.alone(still):
        code, _, err = run(still, "visits", path)
    assert (code, err) == (
        2, "charter: another landing or retraining is running in this repository\n",
    )  # fmt: skip


def test_a_full_disk_is_no_finding(
    run: Run, landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "datasets.dvc")

    monkeypatch.setattr("adapters.dvc.add", full)
    with small.unchanged(landed):
        code, _, err = run(landed, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert (code, err) == (2, "charter: datasets.dvc: No space left on device\n")


def test_an_interrupted_landing_is_undone_first(run: Run, landed: Path, tmp_path: Path) -> None:
    journal.open_(landed, "visits", ["data/ml/training/visits/half.parquet"], ["datasets.dvc"])
    small.put(landed / "data/ml/training/visits/half.parquet", b"half")
    code, out, _ = run(landed, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert code == 0
    assert out.startswith("an interrupted landing in visits was undone\n")
    assert not (landed / "data/ml/training/visits/half.parquet").exists()


def test_a_name_that_looks_like_an_option(run: Run, still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "-rf.parquet", NEW)
    with small.unchanged(still):
        code, _, err = run(still, "visits", "--", path)
        assert code == 1
        assert "visits/-rf.parquet: a file name begins with a letter" in err
        assert run(still, "visits", "-rf.parquet")[0] == 2


UNUSABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "no file": (("visits",), "Missing argument 'FILES...'"),
    "no moment": (("visits", "a.parquet", "--now", "yesterday"), "is no ISO 8601 moment"),
    "no repository": (("visits", "a.parquet", "--repo", "/"), "lies in no Git repository"),
    "no folder": (("visits", "a.parquet", "--repo", "/nowhere"), "/nowhere is no folder"),
}


@pytest.mark.parametrize(("words", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_question_that_cannot_be_judged(
    words: tuple[str, ...], says: str, run: Run, still: Path
) -> None:
    code, _, err = run(still, *words)
    assert code == 2
    assert says in err
    assert "Traceback" not in err
