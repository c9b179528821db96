"""`charter drift` tells how far data moved: 0 nowhere, 1 somewhere, 2 nobody can say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
import small

from cli.main import main

Run = Callable[..., tuple[int, str, str]]


def rows(seed: int, count: int = 4000, shift: float = 0.0, web: float = 0.5) -> pa.Table:
    """Spendings and channels of people, each with a name of their own."""
    dice = Random(seed)
    return pa.table({
        "name": [f"person-{seed}-{number}" for number in range(count)],
        "seen": pa.array([dice.randrange(9000) for _ in range(count)], pa.date32()),
        "spend": [dice.gauss(shift, 1) for _ in range(count)],
        "channel": ["web" if dice.random() < web else "shop" for _ in range(count)],
    })  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a bound, and the current folder."""
    policy = (small.TOP / "policies/monitoring.yaml").read_text()
    small.put(tmp_path / "policies/monitoring.yaml", policy)
    small.git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    pq.write_table(rows(1), "reference.parquet")
    pq.write_table(rows(2), "same.parquet")
    pq.write_table(rows(3, shift=0.8), "shifted.parquet")
    pq.write_table(rows(4, count=499), "few.parquet")
    return tmp_path


@pytest.fixture
def run(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter drift`; exit code, standard output and standard error."""
    del here

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["charter", "drift", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return int(end.value.code or 0), said.out, said.err

    return command


def verdicts(run: Run, *arguments: object) -> dict[str, Any]:
    code, out, _ = run(*arguments, "--format", "json")
    found = json.loads(out)
    assert code == {"pass": 0, "fail": 1, "inconclusive": 2}[found["verdict"]]
    return {name: about["verdict"] for name, about in found["columns"].items()}


def test_a_table_for_people(run: Run) -> None:
    code, out, err = run("reference.parquet", "shifted.parquet")
    assert (code, err) == (1, "")
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["column", "PSI", "KS", "p", "verdict"]
    assert lines[1][0] == "spend"
    assert lines[1][-1] == "fail"
    assert 0.5 < float(lines[1][1]) < 0.8
    assert 0.28 < float(lines[1][2]) < 0.36
    assert (lines[2][0], lines[2][-1]) == ("channel", "pass")
    assert out.splitlines()[3:] == [
        "seen: left out, neither numbers nor words",
        "name: left out, words that hardly any rows share, as keys are",
        "2 columns: 1 pass, 1 fail, 0 inconclusive",
    ]
    assert "person-" not in out


@pytest.mark.parametrize(
    ("current", "code", "spend"),
    [("same", 0, "pass"), ("shifted", 1, "fail"), ("few", 2, "inconclusive")],
)
def test_the_verdict_is_the_exit_code(run: Run, current: str, code: int, spend: str) -> None:
    assert run("reference.parquet", f"{current}.parquet")[0] == code
    assert verdicts(run, "reference.parquet", f"{current}.parquet")["spend"] == spend


def test_the_bound_is_the_policys(run: Run, here: Path) -> None:
    path = here / "policies/monitoring.yaml"
    path.write_text(path.read_text().replace("at_most: 0.2", "at_most: 2"))
    assert verdicts(run, "reference.parquet", "shifted.parquet")["spend"] == "pass"


@pytest.mark.parametrize("form", ["csv", "folder"])
def test_the_form_of_the_files_does_not_matter(run: Run, here: Path, form: str) -> None:
    expected = run("reference.parquet", "shifted.parquet", "--format", "json")[1]
    table = rows(3, shift=0.8)
    if form == "csv":
        pc.write_csv(table, here / "other.csv")
    else:
        (here / "other").mkdir()
        pq.write_table(table.slice(0, 1500), here / "other/a.parquet")
        pq.write_table(table.slice(1500), here / "other/b.parquet")
    found = run("reference.parquet", "other.csv" if form == "csv" else "other", "--format", "json")
    old, new = json.loads(expected), json.loads(found[1])
    assert old["columns"] == new["columns"]


def test_saved_counters_stand_in_for_the_reference(run: Run, here: Path) -> None:
    expected = json.loads(run("reference.parquet", "shifted.parquet", "--format", "json")[1])
    assert run("reference.parquet", "--save", "reference.json") == (0, "", "")
    assert "person-" not in Path("reference.json").read_text()
    (here / "reference.parquet").unlink()
    found = json.loads(run("reference.json", "shifted.parquet", "--format", "json")[1])
    assert found["columns"] == expected["columns"]
    assert found["reference"] == "reference.parquet"


@pytest.mark.parametrize(
    ("dataset", "columns"),
    [
        ("visits", ["returned", "sex", "spend", "channel"]),
        ("flats", ["flat_id", "district", "area", "rooms", "rent"]),
    ],
)
def test_landed_data_are_compared_without_what_is_hidden(
    run: Run, still: Path, dataset: str, columns: list[str]
) -> None:
    found = verdicts(run, dataset, dataset, "--repo", still)
    assert found == dict.fromkeys(columns, "inconclusive")


def test_landed_data_that_are_not_here_are_refused(run: Run, landed: Path) -> None:
    for path in (landed / "data/ml/training/flats").glob("*.csv"):
        path.unlink()
    code, _, err = run("flats", "reference.parquet", "--repo", landed)
    assert code == 1
    assert err.endswith("a.csv: missing\n  fix: dvc pull data/ml/training/flats\n")


def test_named_columns_only(run: Run) -> None:
    assert verdicts(run, "reference.parquet", "shifted.parquet", "--columns", "channel") == {
        "channel": "pass"
    }
    run("reference.parquet", "--save", "r.json")
    assert list(verdicts(run, "r.json", "shifted.parquet", "--columns", "spend")) == ["spend"]


def test_new_words_and_missing_values_are_drift(run: Run, here: Path) -> None:
    table = rows(2)
    words = [None if n % 2 else word for n, word in enumerate(table["channel"].to_pylist())]
    pq.write_table(small.altered(table, channel=words), here / "a.parquet")
    pq.write_table(small.altered(table, channel=["mail"] * 4000), here / "b.parquet")
    assert verdicts(run, "reference.parquet", "a.parquet")["channel"] == "fail"
    assert verdicts(run, "reference.parquet", "b.parquet")["channel"] == "fail"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nix", "same.parquet"], "nix: no dataset, and no Parquet or CSV file"),
        (["reference.parquet", "nix.csv"], "nix.csv: no dataset, and no Parquet or CSV file"),
        (["nix.json", "same.parquet"], "nix.json"),
        (
            ["reference.parquet", "same.parquet", "--columns", "age,seen"],
            "reference.parquet: no column seen that holds numbers or words\n  fix: name columns of",
        ),
        (
            ["reference.parquet", "same.parquet", "--columns", "name"],
            "column name: words that hardly any rows share, as keys are\n  fix: leave it out of",
        ),
        (["reference.parquet", "--save", "r.npz"], "fix: name it r.json"),
        (["reference.parquet"], "give CURRENT to compare with, or --save FILE"),
        (["policy.json", "same.parquet"], "policy.json: no counters"),
        (["reference.parquet", "words.parquet"], "column spend is categorical, in reference.pa"),
        (["reference.parquet", "damaged.csv"], "damaged.csv: not"),
        (["reference.parquet", "damaged.parquet"], "damaged.parquet: not a complete Parquet"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    run: Run, here: Path, arguments: list[str], told: str
) -> None:
    (here / "policy.json").write_text('{"counters": 1, "counters": 1}')
    (here / "damaged.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    (here / "damaged.parquet").write_bytes(b"PAR1")
    words = pa.array(["much"] * 4000)
    pq.write_table(small.altered(rows(2), spend=words), here / "words.parquet")
    code, out, err = run(*arguments)
    assert code in {1, 2}
    assert out == ""
    assert told in err
    assert "Traceback" not in err
    assert "person-" not in err


def test_files_nobody_prepared_are_compared_with_rows_as_they_landed(ran: Path) -> None:
    """What `prepare` coarsened in the dataset is no drift of the file it came from."""
    for path in (ran / "artifacts/ml/datasets/visits/prepared").glob("*.parquet"):
        table = pq.read_table(path)
        coarse = pa.array([0.0] * table.num_rows)
        place = table.column_names.index("spend")
        pq.write_table(table.set_column(place, "spend", coarse), path)
    files = "data/ml/training/visits"
    for sides in (("visits", files), (files, "visits")):
        words = (*sides, "--columns", "spend", "--format", "json")
        done = subprocess.run(
            [sys.executable, "-m", "cli", "drift", *words], cwd=ran, check=False, text=True,
            capture_output=True, env=small.environment(),
        )  # fmt: skip
        assert done.returncode == 2, done.stderr  # too few rows to be sure
        moved = json.loads(done.stdout)["columns"]["spend"]
        assert moved["population_stability_index"] == 0.0
