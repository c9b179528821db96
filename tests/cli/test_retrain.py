"""`charter retrain` runs what changed and nothing else, on the data that were landed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import small

from cli.main import main
from governance import digest, pipeline
from pipelines import inputs, journal
from pipelines.land import land

LAST = Path("artifacts/ml/last_retrain.json")
RENT = "models/rent/model.yaml"


@dataclass(frozen=True)
class Told:
    """What a run of `charter retrain` left in the terminal."""

    code: int
    out: str
    err: str

    @property
    def ran(self) -> list[str]:
        """The steps DVC ran, in order."""
        return re.findall(r"^Running stage '(.+)':$", self.out, re.MULTILINE)


Run = Callable[..., Told]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter retrain` in this process; the steps run in their own."""

    def command(root: Path, *arguments: str, now: str = "2026-11-20") -> Told:
        words = ["charter", "retrain", "--repo", str(root), "--now", now, *arguments]
        monkeypatch.setattr("sys.argv", words)
        capfd.readouterr()  # what preparing the repository said
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        else:
            code = 0
        said = capfd.readouterr()
        return Told(code, said.out, said.err)

    return command


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(run: Run, root: Path, *arguments: str, code: int = 1, now: str = "2026-11-20") -> str:
    """What is said by a run that must not start anything."""
    with small.unchanged(root):
        told = run(root, *arguments, now=now)
    assert (told.code, told.ran) == (code, []), told
    assert "Traceback" not in told.err
    return told.err


def last(root: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((root / LAST).read_text())
    return found


def test_a_second_run_does_nothing_and_says_so(run: Run, trained: Path) -> None:
    with small.unchanged(trained):
        told = run(trained)
    assert (told.code, told.ran) == (0, [])
    assert told.out.splitlines()[0] == (
        "nothing changed since the last retraining: no data, parameter or code; nothing trained"
    )
    assert re.search(r"^rent  model [0-9a-f]{12}, \d+ held-out rows$", told.out, re.MULTILINE)


def test_a_stage_of_ones_own_is_never_run(run: Run, trained: Path) -> None:
    path = trained / "dvc.yaml"
    path.write_text(path.read_text() + "  own:\n    cmd: touch own-ran\n")
    change(trained / RENT, "alpha: 1", "alpha: 100")
    told = run(trained)
    assert (told.code, told.ran) == (0, ["train@rent", "evaluate@rent", "record@rent"]), told.err
    assert not (trained / "own-ran").exists()


def test_a_change_of_purpose_trains_nothing(run: Run, trained: Path) -> None:
    change(trained / RENT, "intended: Test the pipeline", "intended: Something else")
    with small.unchanged(trained):
        told = run(trained)
    assert (told.code, told.ran) == (0, [])
    assert "nothing trained" in told.out


def test_a_change_of_training_runs_the_steps_of_that_model(run: Run, trained: Path) -> None:
    before = small.state(trained / "artifacts/ml")
    change(trained / RENT, "alpha: 1", "alpha: 100")
    told = run(trained)
    assert (told.code, told.ran) == (0, ["train@rent", "evaluate@rent", "record@rent"]), told.err
    after = small.state(trained / "artifacts/ml")
    moved = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert moved <= {
        *(path for path in after if path.startswith("models/rent/")), "last_retrain.json",
    }  # fmt: skip
    models = last(trained)["models"]
    assert isinstance(models, dict)
    assert {name: model["outcome"] for name, model in models.items()} == {
        "rent": "retrained", "returning": "unchanged",
    }  # fmt: skip
    assert last(trained)["uncommitted"] == [RENT]


def test_new_data_run_the_steps_of_their_dataset_and_its_models(
    run: Run, trained: Path, tmp_path: Path
) -> None:
    path = small.put(tmp_path / "c.parquet", small.visits(900, 60))
    land(trained, "visits", [path], small.NOW, say=lambda _: None)
    small.confirm(trained, "visits")
    told = run(trained)
    assert told.code == 0, told.err
    assert sorted(told.ran) == [
        "evaluate@returning", "prepare@visits", "record@returning", "scan_bias@visits",
        "train@returning", "validate@visits",
    ]  # fmt: skip
    datasets = last(trained)["datasets"]
    assert isinstance(datasets, dict)
    assert datasets["visits"] == inputs.manifest("visits", trained).digest
    assert run(trained).ran == []


def test_force_trains_again_and_gives_the_same_bytes(run: Run, trained: Path) -> None:
    before = small.state(trained / "artifacts/ml")
    told = run(trained, "rent", "--force")
    assert (told.code, told.ran) == (0, ["train@rent", "evaluate@rent", "record@rent"]), told.err
    after = small.state(trained / "artifacts/ml")
    assert [path for path in after if after[path] != before[path]] == ["last_retrain.json"]
    models = last(trained)["models"]
    assert isinstance(models, dict)
    assert models["rent"]["outcome"] == "unchanged"


def test_two_runs_from_nothing_leave_the_same_bytes(ran: Path, trained: Path) -> None:
    """One by hand in one process, one by DVC with a process for each step, in other folders."""
    one, two = (small.state(root / "artifacts/ml") for root in (ran, trained))
    del two["last_retrain.json"]
    assert one == two
    assert len(one) > 20


def test_the_record_of_the_run_names_what_went_in(trained: Path) -> None:
    found = last(trained)
    assert found["commit"] == small.git(trained, "rev-parse", "HEAD~1").strip()
    assert (found["exit_code"], found["command"]) == (0, ["charter", "retrain"])
    assert found["datasets"] == {
        name: inputs.manifest(name, trained).digest for name in ("flats", "visits")
    }
    lock = digest.of_bytes((trained / "dvc.lock").read_bytes())
    assert found["lock_digest"] == lock
    sums = {
        path: hashlib.sha256((trained / path).read_bytes()).hexdigest()
        for path in pipeline.code_files()
    }
    assert found["code_digest"] == digest.of_value(sums)
    models = found["models"]
    assert isinstance(models, dict)
    for name, model in models.items():
        metadata = json.loads((trained / f"artifacts/ml/models/{name}/metadata.json").read_text())
        assert model == {
            "outcome": "retrained",
            "training_hash": metadata["training_hash"],
            "model_digest": metadata["model_digest"],
        }
    assert set(small.LATEST_FIELDS) < found.keys()


def test_changed_data_are_refused_by_path(run: Run, trained: Path) -> None:
    path = trained / small.VISITS / "b.parquet"
    stat = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    told = refused(run, trained)
    assert told.startswith("data/ml/training/visits/b.parquet: other bytes than were landed")
    change(trained / RENT, "alpha: 1", "alpha: 100")
    assert refused(run, trained) == told


def test_a_file_nobody_landed_is_refused_by_path(run: Run, trained: Path) -> None:
    small.put(trained / small.VISITS / "stray.parquet", small.visits(900, 20))
    told = refused(run, trained)
    assert told.splitlines() == [
        "data/ml/training/visits/stray.parquet: uncatalogued",
        "  fix: charter land visits data/ml/training/visits/stray.parquet, or remove it",
    ]


def test_a_missing_file_is_refused_by_path(run: Run, trained: Path) -> None:
    (trained / small.VISITS / "a.parquet").unlink()
    told = refused(run, trained)
    assert told.startswith("data/ml/training/visits/a.parquet: missing")


def test_stale_data_are_refused_by_their_days(run: Run, trained: Path) -> None:
    change(trained / "models/returning/model.yaml", "C: 1", "C: 2")
    told = refused(run, trained, now="2027-01-20")
    assert told.splitlines() == [
        "visits: stale by 2 days: newest rows of 2026-11-19, 60 days allowed",
        "  fix: land newer data: charter land visits FILE",
    ]


def test_data_from_the_future_are_refused(run: Run, trained: Path) -> None:
    change(trained / "models/returning/model.yaml", "C: 1", "C: 2")
    told = refused(run, trained, now="2026-11-01")
    assert told == (
        "flats: its newest rows are of 2026-11-19, after today, 2026-11-01\n"
        "visits: its newest rows are of 2026-11-19, after today, 2026-11-01\n"
    )


TRAINER = "import sys\ndef fit(features, target, *, seed):\n    sys.exit(3)\n"


def test_a_failing_step_keeps_its_exit_code(run: Run, trained: Path) -> None:
    small.put(trained / "pipelines/trainers.py", TRAINER)
    change(
        trained / RENT, "estimator: sklearn.linear_model.Ridge", "trainer: pipelines.trainers:fit"
    )
    change(trained / RENT, "params: {alpha: 1}", "params: {}")
    pointer = (trained / small.POINTER).read_bytes()
    told = run(trained)
    assert (told.code, told.ran) == (3, ["train@rent"])
    assert told.err.splitlines()[-1] == "charter retrain: step train@rent ended with exit code 3"
    found = last(trained)
    assert (found["exit_code"], found["models"]) == (3, {})
    assert (trained / small.POINTER).read_bytes() == pointer


def test_a_refusing_step_says_why(run: Run, trained: Path) -> None:
    change(trained / RENT, "alpha: 1", "slope: 1")
    told = run(trained)
    assert (told.code, told.ran) == (1, ["train@rent"])
    assert "rent: Ridge takes no parameter slope; it takes alpha, " in told.err
    assert "Traceback" not in told.err
    assert last(trained)["exit_code"] == 1


HOSTILE = ("$(touch x)", "a;touch x", "`touch x`", "a b", "../up", "A", "a\\ntouch x", "${x}", "-m")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused_before_anything_runs(
    name: str, run: Run, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    change(trained / "models/index.yaml", "  rent:\n", f'  "{name}":\n')
    told = refused(run, trained)
    assert "models/index.yaml" in told
    assert told.endswith("nothing was run\n")
    assert not list(tmp_path.rglob("x"))


def test_a_hostile_model_is_refused_before_anything_runs(run: Run, trained: Path) -> None:
    shutil.copytree(trained / "models/rent", trained / "models/$(touch x)")
    told = refused(run, trained)
    assert "models/$(touch x)/model.yaml" in told
    assert told.endswith("nothing was run\n")
    assert not (trained / "x").exists()


def test_a_changed_command_is_refused_before_it_runs(run: Run, trained: Path) -> None:
    change(trained / "dvc.yaml", "python -m pipelines.train ${key}", "touch x")
    assert "dvc.yaml" in refused(run, trained)
    assert not (trained / "x").exists()


def test_an_unknown_model_is_no_question(run: Run, trained: Path) -> None:
    told = refused(run, trained, "rents", code=2)
    assert told == "charter: rents is no model of models/index.yaml; it has rent, returning\n"


def test_a_repository_without_data_is_told_what_to_do(run: Run, bare: Path) -> None:
    told = refused(run, bare, code=2)
    assert told == "charter: no dataset has landed yet: charter land DATASET FILE\n"


def test_a_repository_without_a_commit_is_told_what_to_do(run: Run, landed: Path) -> None:
    shutil.rmtree(landed / ".git")
    small.git(landed, "init", "--quiet")
    told = refused(run, landed)
    assert told.startswith("nothing was committed yet; provenance names a commit")


def test_while_something_else_acts_nothing_runs(run: Run, trained: Path) -> None:
    with journal.alone(trained):
        told = refused(run, trained, code=2)
    assert told == "charter: another landing or retraining is running in this repository\n"


def test_an_interrupted_landing_is_undone_first(run: Run, trained: Path) -> None:
    before = small.state(trained)
    journal.open_(trained, "visits", ["data/ml/training/visits/half.parquet"], ["datasets.dvc"])
    small.put(trained / "data/ml/training/visits/half.parquet", b"half")
    small.put(trained / small.POINTER, b"half")
    told = run(trained)
    assert (told.code, told.ran) == (0, [])
    assert told.out.startswith("an interrupted landing in visits was undone\n")
    assert small.state(trained) == before
