"""`record` draws the evidence of a run together, without the clock."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import small

from governance import digest, pipeline
from pipelines import inputs
from pipelines.inputs import Refused
from pipelines.record import record

FOLDER = Path("artifacts/ml/models/returning")

pytestmark = pytest.mark.usefixtures("ran")


def load(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((FOLDER / name).read_text())
    return found


def test_the_training_hash_is_over_the_four_inputs() -> None:
    metadata = json.loads((FOLDER / "metadata.json").read_text())
    assert metadata["training_hash"] == pipeline.training_hash(**metadata["inputs"])
    assert metadata["inputs"]["dataset"] == inputs.manifest("visits").digest
    assert metadata["inputs"]["environment"] == digest.of_value(metadata["environment"])


def test_a_second_run_writes_the_same_bytes() -> None:
    before = small.state(FOLDER)
    record("returning")
    assert small.state(FOLDER) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "same"),
    [
        ("models/returning/model.yaml", "C: 1", "C: 2", False),
        ("models/returning/model.yaml", "intended: Test", "intended: Try", True),
        ("policies/datasets/visits.yaml", "minimum: 0", "minimum: 1", False),
        ("pipelines/train.py", '"""Step `train`', '"""The step `train`', False),
        ("pipelines/record.py", '"""Step `record`', '"""The step `record`', True),
    ],
)
def test_the_training_hash_follows_what_decides_the_model(
    path: str, old: str, new: str, *, same: bool
) -> None:
    before = load("metadata.json")["training_hash"]
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))
    record("returning")
    assert (load("metadata.json")["training_hash"] == before) is same


def test_provenance_names_the_model_files_and_their_materials() -> None:
    provenance = json.loads((FOLDER / "provenance.json").read_text())
    training = json.loads((FOLDER / "training.json").read_text())
    assert provenance["_type"] == "https://in-toto.io/Statement/v1"
    assert provenance["subject"] == [
        {"name": f"model/{file['path']}", "digest": {"sha256": file["sha256"]}}
        for file in training["files"]
    ]
    materials = provenance["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [entry["name"] for entry in materials] == [
        "dataset:visits", "code", "params", "environment",
    ]  # fmt: skip


def test_the_snapshot_can_be_scraped() -> None:
    text = (FOLDER / "telemetry.prom").read_text()
    sample = re.compile(
        r'charter_[a-z_]+\{model="returning",digest="[0-9a-f]{12}"[^}]*\} -?[0-9.e+-]+'
    )
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    assert len(lines) > 8
    assert all(sample.fullmatch(line) for line in lines), text


def test_no_evidence_holds_a_time_or_a_person() -> None:
    for path in Path("artifacts/ml").rglob("*.json"):
        text = path.read_text()
        assert not re.search(r"T\d\d:\d\d|@|V-\d", text), path


def test_missing_evidence_is_refused_by_name() -> None:
    (FOLDER / "metrics.json").unlink()
    with pytest.raises(Refused, match=r"returning/metrics\.json is missing: run `dvc repro`"):
        record("returning")


def test_evidence_of_another_shape_is_refused_by_name() -> None:
    path = FOLDER / "training.json"
    path.write_text(path.read_text().replace('"rows_trained": 154', '"rows_trained": -1'))
    with pytest.raises(Refused, match=r"returning/training\.json: .*rows_trained"):
        record("returning")


@pytest.mark.parametrize("text", ["", "{", '{"a": 1, "a": 2}', '{"a": NaN}', "[]"])
def test_evidence_that_is_no_plain_json_is_refused(text: str) -> None:
    (FOLDER / "training.json").write_text(text)
    with pytest.raises(Refused, match=r"returning/training\.json"):
        record("returning")
