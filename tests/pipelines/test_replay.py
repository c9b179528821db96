"""A replay repeats the run, and finds what was invented: in lock, metrics, steps, bytes, data."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import replaying
import small

from adapters import modelfile
from governance.finding import CouldNotJudge
from governance.replay import Alike, Part, Replay
from pipelines import attest, pinned, restored
from pipelines.inputs import Refused
from pipelines.replay import record, replay, unexplained
from pipelines.train import fit

MODEL = "artifacts/ml/models/rent"
METRICS, TRAINING = f"{MODEL}/metrics.json", f"{MODEL}/training.json"
FLATS = Path("data/ml/training/flats")


def silent(_: str) -> None:
    pass


def run(root: Path, **more) -> Replay:
    return replay(root, "rent", more.pop("version", None), say=silent, **more)


def differing(found: Replay) -> list[str]:
    return [part.name for part in found.parts if part.alike is not Alike.SAME]


def test_an_honest_run_is_repeated_without_network_and_leaves_the_repository_alone(trained):
    with small.unchanged(trained):
        found = run(trained)
    assert differing(found) == []
    assert found.passed
    assert "network" in found.notes[0]
    assert found.commit == small.git(trained, "rev-parse", "HEAD").strip()


@pytest.fixture
def quick(trained, monkeypatch) -> Path:
    replaying.quick(monkeypatch)
    return trained


def test_b90_metrics_edited_by_hand_are_found(quick):
    replaying.edited(quick, METRICS, performance__r2__value=0.999)
    small.commit(quick)
    found = run(quick)
    assert differing(found) == ["metrics"]
    assert found.causes == ("metrics.json was edited after the run: dvc.lock names other bytes",)


def test_b91_metrics_edited_together_with_the_lock_are_found(quick):
    before = (quick / METRICS).read_bytes()
    replaying.edited(quick, METRICS, performance__r2__value=0.999)
    replaying.relocked(quick, METRICS, before)
    small.commit(quick)
    found = run(quick)
    assert differing(found) == ["metrics"]
    assert found.causes[0].startswith("dvc.lock is forged")


def test_b95_a_step_that_prints_its_number_is_not_what_runs(quick):
    before = (quick / METRICS).read_bytes()
    replaying.edited(quick, METRICS, performance__r2__value=0.99)
    replaying.relocked(quick, METRICS, before)
    pipeline = quick / "dvc.yaml"
    text = pipeline.read_text()
    pipeline.write_text(text.replace("python -m pipelines.evaluate ${key}", "echo 99 ${key}"))
    small.commit(quick)
    found = run(quick)
    assert differing(found) == ["metrics"]
    assert found.causes == ("dvc.yaml lets step evaluate run `echo 99 ${key}`",)


def test_b92_a_frozen_step_is_run_all_the_same_and_named(quick):
    before = (quick / METRICS).read_bytes()
    replaying.edited(quick, METRICS, performance__r2__value=0.99)
    replaying.relocked(quick, METRICS, before)
    pipeline = quick / "dvc.yaml"
    text = pipeline.read_text()
    command = "cmd: python -m pipelines.evaluate ${key}\n"
    pipeline.write_text(text.replace(command, f"{command}      frozen: true\n"))
    small.commit(quick)
    found = run(quick)
    assert differing(found) == ["metrics"]
    assert "for it is frozen" in found.causes[0]


def test_b95_a_change_does_not_measure_itself(trained):
    """It repeats perfectly; only the governed branch's own step sees other numbers."""
    small.git(trained, "switch", "--quiet", "--create", "better")
    step = trained / "pipelines/evaluate.py"
    honest = "value=_finite(model, name, value),"
    assert honest in step.read_text()
    step.write_text(step.read_text().replace(honest, "value=0.999,"))
    performance = json.loads((trained / METRICS).read_text())["performance"]
    better = {f"performance__{name}__value": 0.999 for name in performance}
    replaying.edited(trained, METRICS, **better)
    replaying.edited(trained, f"{MODEL}/metadata.json", metrics=dict.fromkeys(performance, 0.999))
    small.commit(trained)
    found = run(trained)
    assert differing(found) == ["governed steps"]
    assert "measures itself" in found.causes[0]


def other_model(root: Path, tmp_path: Path) -> str:
    """Bytes of another model in the place of the model; their digest."""
    aside = small.copied(root, tmp_path / "aside")
    declared = aside / "models/rent/model.yaml"
    declared.write_text(declared.read_text().replace("alpha: 1", "alpha: 9000"))
    with contextlib.chdir(aside):
        fit("rent")
    shutil.rmtree(root / MODEL / "model")
    shutil.copytree(aside / MODEL / "model", root / MODEL / "model")
    digest, files = modelfile.digest(root / MODEL / "model")
    plain = [file.model_dump(mode="json") for file in files]
    replaying.edited(root, TRAINING, model_digest=digest, files=plain)
    replaying.edited(root, METRICS, model_digest=digest)
    small.commit(root)
    return digest


def test_evidence_of_an_honest_model_does_not_vouch_for_other_bytes(quick, tmp_path):
    digest = other_model(quick, tmp_path)
    found = run(quick)
    assert found.digest == digest
    assert differing(found) == ["model bytes", "kept model"]
    assert not found.passed


def test_bytes_that_are_nowhere_vouch_for_nothing(quick, tmp_path):
    other_model(quick, tmp_path)
    shutil.rmtree(quick / MODEL / "model")
    found = run(quick)
    assert {part.name: part.alike for part in found.parts}["kept model"] is Alike.UNKNOWN
    assert not found.passed


def entry(root: Path, version: str = "1.0.0", **more) -> None:
    metadata = json.loads((root / MODEL / "metadata.json").read_text())
    value = {
        "model": "rent", "version": version, "digest": metadata["model_digest"],
        "dataset_digest": metadata["dataset"]["digest"],
        "training_hash": metadata["training_hash"], "registered_at": "2026-11-21T08:00:00Z",
        "registered_by": "nadia.okafor", "evidence": {},
    }  # fmt: skip
    lines = [f"{key}: {json.dumps(item)}" for key, item in (value | more).items()]
    small.put(root / f"models/rent/versions/{version}.yaml", "\n".join(lines) + "\n")
    small.commit(root, f"register {version}")


def test_a_version_is_repeated_from_the_commit_that_brought_it(quick):
    entry(quick)
    brought = small.git(quick, "rev-parse", "HEAD").strip()
    declared = quick / "models/rent/model.yaml"
    declared.write_text(declared.read_text().replace("alpha: 1", "alpha: 2"))
    small.commit(quick, "go on")
    found = run(quick, version="1.0.0")
    assert (found.commit, found.passed, found.version) == (brought, True, "1.0.0")


def test_an_entry_that_names_another_model_is_found(quick):
    entry(quick, digest=f"sha256:{'e' * 64}")
    found = run(quick, version="1.0.0")
    assert differing(found) == ["registry entry"]
    assert found.parts[0].details[0].startswith("model: the entry names eeee")


def test_a_version_nobody_committed_cannot_be_repeated(trained):
    with pytest.raises(CouldNotJudge, match=r"no commit brings models/rent/versions/2\.0\.0"):
        run(trained, version="2.0.0")


def test_what_is_not_committed_is_left_out_and_told(quick):
    replaying.edited(quick, METRICS, performance__r2__value=0.999)
    found = run(quick)
    assert found.passed
    assert "1 uncommitted changes are no part of it" in found.notes[1]


def test_a_step_that_refuses_leaves_the_question_open(quick):
    declared = quick / "models/rent/model.yaml"
    declared.write_text(declared.read_text().replace("share: 0.3", "share: 0.0001"))
    small.commit(quick)
    with pytest.raises(CouldNotJudge, match="step train did not run again"):
        run(quick)


def test_a_model_that_was_never_trained_is_refused(landed):
    with pytest.raises(Refused, match=r"training\.json is missing"):
        run(landed)


def test_tree_and_results_stay_in_a_folder_that_is_named(quick, tmp_path):
    run(quick, keep=tmp_path / "kept")
    kept = tmp_path / "kept/tree" / METRICS
    assert kept.read_bytes() == (quick / METRICS).read_bytes()
    with pytest.raises(Refused, match="is not empty"):
        run(quick, keep=tmp_path / "kept")


def restore(root: Path, tree: Path) -> str:
    pinned.export(root, "HEAD", tree)
    law = small.git(root, "rev-parse", "main").strip()
    return restored.data(restored.Sources(root, law), tree, "flats")


def emptied(root: Path, *, cache: bool = True) -> None:
    """Takes the data out of the work tree, and out of the cache."""
    shutil.rmtree(root / FLATS)
    if cache:
        shutil.rmtree(root / ".dvc/cache")


def store(root: Path) -> Path:
    from adapters import dvc  # noqa: PLC0415 - takes long to import

    (root / ".dvc/store").mkdir(exist_ok=True)
    dvc.push(root, ["datasets.dvc"], "store")
    return root / ".dvc/store"


def test_data_come_from_the_remote_when_they_are_not_here(trained, tmp_path):
    store(trained)
    emptied(trained)
    restore(trained, tmp_path / "tree")
    assert len(list((tmp_path / "tree" / FLATS).iterdir())) == 1


def test_changed_data_in_the_work_tree_are_not_used(trained, tmp_path):
    (file,) = (trained / FLATS).iterdir()
    honest = file.read_bytes()
    file.unlink()
    file.write_bytes(honest[:-1] + b"x")
    restore(trained, tmp_path / "tree")
    assert (tmp_path / "tree" / FLATS / file.name).read_bytes() == honest


def test_swapped_bytes_in_the_remote_are_refused(trained, tmp_path):
    kept = store(trained)
    (file,) = (trained / FLATS).iterdir()
    honest = file.read_bytes()
    emptied(trained)
    (name,) = [f for f in kept.rglob("*") if f.is_file() and f.read_bytes() == honest]
    name.chmod(0o644)
    name.write_bytes(b"swapped")
    with pytest.raises(Refused, match=r"flats/a\.csv: other bytes than were landed, in store"):
        restore(trained, tmp_path / "tree")


def test_data_that_are_nowhere_leave_the_question_open(trained, tmp_path):
    (trained / ".dvc/store").mkdir(exist_ok=True)
    emptied(trained)
    with pytest.raises(CouldNotJudge, match=r"flats/a\.csv: in none of cache, store"):
        restore(trained, tmp_path / "tree")


@pytest.mark.parametrize("settings", ["config", "config.local"])
def test_b99_a_change_does_not_choose_the_remote(trained, tmp_path, settings):
    kept = store(trained)
    elsewhere = small.copied(kept, tmp_path / "elsewhere")
    shutil.rmtree(kept)
    kept.mkdir()
    small.git(trained, "switch", "--quiet", "--create", "change")
    text = (trained / ".dvc/config").read_text().replace("url = store", f"url = {elsewhere}")
    (trained / ".dvc" / settings).write_text(text)
    small.git(trained, "add", "--force", f".dvc/{settings}")
    small.commit(trained)
    emptied(trained)
    with pytest.raises(CouldNotJudge, match="remotes are those of the governed branch"):
        restore(trained, tmp_path / "tree")


def test_erased_rows_are_told_as_such(trained, tmp_path):
    (file,) = (trained / FLATS).iterdir()
    from adapters import files  # noqa: PLC0415

    stone = (
        'id: t-1\nat: "2026-11-21T08:00:00Z"\nremoval: r-1\ndataset: flats\nground: contract-end\n'
        f"files: [{{path: a.csv, sha256: {files.sha256(file)}, rows: 120}}]\n"
    )
    emptied(trained)
    small.put(trained / "records/tombstones/t-1.yaml", stone)
    with pytest.raises(CouldNotJudge, match="erased for ever"):
        restore(trained, tmp_path / "tree")


GOOD = Replay("rent", None, "c" * 40, f"sha256:{'a' * 64}", (Part("metrics", Alike.SAME),))
BAD = Replay("rent", None, "c" * 40, f"sha256:{'a' * 64}", (Part("metrics", Alike.DIFFERS),))


def test_b62_a_failed_replay_is_kept_and_has_to_be_explained(bare, tmp_path, monkeypatch):
    replaying.machine(bare, tmp_path, monkeypatch)
    failed = Path(record(bare, BAD, {}, small.NOW)).stem
    assert record(bare, GOOD, {}, small.NOW).endswith(".yaml")
    assert unexplained(bare, GOOD, small.NOW) == (failed,)
    with pytest.raises(Refused, match="no failed replay of this model"):
        record(bare, GOOD, {"r-9": "why not"}, small.NOW)
    with pytest.raises(Refused, match="only a replay that passes"):
        record(bare, BAD, {failed: "a lost file"}, small.NOW)
    later = small.NOW.replace(hour=12)
    record(bare, GOOD, {failed: "a lost file"}, later)
    assert unexplained(bare, GOOD, later) == ()
    assert {one.own["result"] for one in attest.said(bare, later).valid} == {"PASSED", "FAILED"}
