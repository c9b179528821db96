"""`charter lineage` over the evidence of a real history, and the events other tools read."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from keeping import FIRST, SECOND, Kept, landing, sha256
from small import git

from adapters import runs
from governance import digest

MODEL = "artifacts/ml/models/returning"


def manifest(*landed: dict[str, bytes]) -> list[list[Any]]:
    files = {path: data for part in landed for path, data in part.items()}
    return [[path, len(data), 1, sha256(data)] for path, data in sorted(files.items())]


BEFORE, BOTH = digest.of_value(manifest(FIRST)), digest.of_value(manifest(FIRST, SECOND))


def hashed(name: str) -> str:
    return digest.of_value(name)


class Trained(Kept):
    """The same with a training on the first landing, then one on both."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.train("first", BEFORE)
        self.train("second", BOTH)

    def train(self, name: str, on: str) -> None:
        metadata = {
            "model": "returning", "dataset": {"name": "visits", "digest": on},
            "training_hash": hashed(name), "model_digest": hashed(f"{name} model"),
        }  # fmt: skip
        training = {
            "model": "returning", "dataset": "visits", "dataset_digest": on,
            "model_digest": hashed(f"{name} model"),
        }  # fmt: skip
        self.write(f"{MODEL}/metadata.json", json.dumps(metadata))
        self.write(f"{MODEL}/training.json", json.dumps(training))
        self.commit(f"train {name}")


@pytest.fixture(scope="module")
def template(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del shared  # DVC keeps its notes there
    return Trained(tmp_path_factory.mktemp("trained") / "repository").root.parent


@pytest.fixture
def trained(template: Path, tmp_path: Path) -> Trained:
    return Trained.copied(template, tmp_path / "copy")


def shown(name: str) -> str:
    return digest.short(hashed(name))


def gone(path: str, data: bytes) -> dict[str, Any]:
    return {"files": [{"path": path, "sha256": sha256(data), "rows": 1}]}


def test_every_run_in_the_history_is_known_once(trained: Trained) -> None:
    found = runs.trained(trained.root)
    assert [(run.training_hash, run.dataset_digest, run.current) for run in found.runs] == [
        (hashed("first"), BEFORE, False),
        (hashed("second"), BOTH, True),
    ]
    first = git(trained.root, "log", "--format=%H", "--grep", "train first").strip()
    assert found.runs[0].commit == first


def test_evidence_of_what_a_dataset_held_has_to_give_its_digest(trained: Trained) -> None:
    files = [dict(zip(("path", "bytes", "rows", "sha256"), row, strict=True))
             for row in manifest(FIRST)]  # fmt: skip
    for name, claimed in (("visits", BEFORE), ("flats", BOTH)):
        value = {"dataset_digest": claimed, "files": files}
        trained.write(f"artifacts/ml/datasets/{name}/validation.json", json.dumps(value))
    held = runs.trained(trained.root).held
    assert held == {BEFORE: frozenset((path, sha256(data)) for path, data in FIRST.items())}


def test_the_tree_of_a_dataset(trained: Trained) -> None:
    result = trained.charter("lineage", f"visits@{BEFORE}")
    commit = git(trained.root, "log", "--format=%h", "--abbrev=8", "--grep", "train first").strip()
    assert (result.exit_code, result.stdout) == (
        0,
        f"""\
dataset visits  {digest.short(BEFORE)}, 2 files, former
├─ made from
│  └─ source made  synthetic, Apache-2.0 without end
└─ used by
   └─ run {shown("first")}  {commit}, former
      └─ model returning  {shown("first model")}, not registered
""",
    )


def test_exactly_the_tainted_runs_are_told(trained: Trained) -> None:
    trained.erase(**gone("c.csv", SECOND["c.csv"]))
    result = trained.charter("lineage", "--tainted")
    assert (result.exit_code, result.stdout) == (
        1,
        f"""\
returning not registered, run {shown("second")}, current
  rows of c.csv were erased (rm-1)
fix: retrain without these rows, or withdraw the versions
""",
    )
    rows = json.loads(trained.charter("lineage", "--tainted", "--format", "json").stdout)
    assert [row["training_hash"] for row in rows] == [hashed("second")]


def test_a_name_narrows_what_is_told(trained: Trained) -> None:
    trained.erase(**gone("a.csv", FIRST["a.csv"]))
    told = trained.charter("lineage", "--tainted", f"visits@{BEFORE}").stdout
    assert shown("first") in told
    assert shown("second") not in told


def test_nothing_tainted_is_green(trained: Trained) -> None:
    result = trained.charter("lineage", "--tainted")
    said = "no model saw rows that were erased or whose licence ended\n"
    assert (result.exit_code, result.stdout) == (0, said)


def test_a_licence_ends_as_of_the_moment_asked_for(trained: Trained) -> None:
    source = landing("second", SECOND)["source"] | {"licence_ends": "2026-11-20"}
    trained.record("records/landings/visits/second.yaml", landing("second", SECOND, source=source))
    for now, code in (("2026-11-20", 0), ("2026-11-21", 1)):
        result = trained.charter("lineage", "--tainted", "--now", now)
        assert result.exit_code == code
        assert ("licence Apache-2.0 of made ended on 2026-11-20" in result.stdout) == bool(code)


def test_evidence_that_cannot_be_read_is_never_exonerated(trained: Trained) -> None:
    trained.write(f"{MODEL}/metadata.json", "{}")
    trained.commit("damage")
    assert trained.charter("lineage", "--tainted").exit_code == 0
    trained.erase(**gone("c.csv", SECOND["c.csv"]))
    told = trained.charter("lineage", "--tainted").stdout
    assert "its evidence cannot be read, so nobody knows what it saw" in told


REFUSED = {
    "nothing asked": ((), 2),
    "an unknown name": (("ghosts",), 2),
    "a picture of the tainted": (("--tainted", "--format", "dot"), 2),
}


@pytest.mark.parametrize(("arguments", "code"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused(
    trained: Trained, arguments: tuple[str, ...], code: int
) -> None:
    assert trained.charter("lineage", *arguments).exit_code == code


# What the standard asks of an event: the parts of OpenLineage 2-0-2 that are used here.

FACET: dict[str, Any] = {
    "type": "object",
    "required": ["_producer", "_schemaURL"],
    "properties": {
        "_producer": {"type": "string", "format": "uri"},
        "_schemaURL": {"type": "string", "pattern": r"^https://openlineage\.io/spec/.+#/\$defs/"},
    },
}


def facet(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "required": [*FACET["required"], *required],
        "properties": FACET["properties"] | properties,
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
UUID = {"type": "string", "format": "uuid"}
RUN = {"type": "object", "required": ["runId"], "properties": {"runId": UUID}}
NAMED = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {"namespace": TEXT, "name": TEXT, "facets": {"additionalProperties": FACET}},
}
DATASET = NAMED | {
    "properties": NAMED["properties"] | {
        "facets": {
            "additionalProperties": False,
            "properties": {
                "version": facet("datasetVersion", datasetVersion=TEXT),
                "dataSource": facet(name=TEXT, uri={"type": "string", "pattern": r"^\w+:\S+$"}),
                "schema": facet(
                    fields={"type": "array", "items": {"required": ["name"], "type": "object"}}
                ),
            },
        }
    },
    "additionalProperties": False,
}  # fmt: skip
EVENT = {
    "type": "object",
    "required": ["eventTime", "eventType", "run", "job", "producer", "schemaURL"],
    "additionalProperties": False,
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "producer": {"type": "string", "format": "uri"},
        "schemaURL": {"const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
        "run": {
            "type": "object",
            "required": ["runId"],
            "properties": {
                "runId": UUID,
                "facets": {
                    "additionalProperties": False,
                    "properties": {
                        "parent": facet("run", "job", run=RUN, job=NAMED),
                    },
                },
            },
        },
        "job": NAMED,
        "inputs": {"type": "array", "items": DATASET},
        "outputs": {"type": "array", "items": DATASET},
    },
}  # fmt: skip


def events(trained: Trained, *arguments: str) -> list[dict[str, Any]]:
    result = trained.charter("lineage", *arguments, "--openlineage", "-")
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_events_fit_the_standard(trained: Trained) -> None:
    found = events(trained, "dataset:visits")
    assert found
    checker = jsonschema.Draft202012Validator(
        EVENT, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for event in found:
        assert [problem.message for problem in checker.iter_errors(event)] == []
        uuid.UUID(event["run"]["runId"])


def test_a_run_begins_and_ends_with_what_it_read_and_made(trained: Trained) -> None:
    start, end = events(trained, f"visits@{BEFORE}")
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"] == end["run"]
    assert (start["outputs"], start["job"]["name"]) == ([], "train.returning")
    read, made = end["inputs"][0], end["outputs"][0]
    assert (read["name"], read["facets"]["version"]["datasetVersion"]) == (
        "data/ml/training/visits", BEFORE,
    )  # fmt: skip
    assert read["facets"]["dataSource"]["name"] == "made"
    assert (made["name"], made["facets"]["version"]["datasetVersion"]) == (
        f"{MODEL}/model", hashed("first model"),
    )  # fmt: skip


def test_the_same_training_has_the_same_events_on_every_machine(
    trained: Trained, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", str(trained.root), "clone")
    before = events(trained, "dataset:visits")
    trained.root = tmp_path / "clone"
    assert events(trained, "dataset:visits") == before
    assert len({event["run"]["runId"] for event in before}) == len(before) / 2


def test_a_file_gets_the_events(trained: Trained, tmp_path: Path) -> None:
    target = tmp_path / "events.ndjson"
    result = trained.charter("lineage", "returning", "--openlineage", str(target))
    assert (result.exit_code, result.stdout) == (0, "")
    assert len(target.read_text().splitlines()) == 2
