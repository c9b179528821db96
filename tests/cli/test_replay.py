"""`charter replay` tells what differs, signs what it found, and keeps failures in sight."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import replaying
import small
from click.testing import CliRunner

from cli.replay import replay
from governance.finding import CouldNotJudge

METRICS = "artifacts/ml/models/rent/metrics.json"


@pytest.fixture
def quick(trained, monkeypatch) -> Path:
    replaying.quick(monkeypatch)
    monkeypatch.delenv("CHARTER_MACHINE_KEY", raising=False)
    return trained


def told(root: Path, *arguments: str):
    result = CliRunner().invoke(replay, [*arguments, "--repo", str(root)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)


def test_an_honest_run_passes_and_says_that_nothing_was_recorded(quick):
    found = told(quick, "rent")
    assert found.code == 0
    assert "replay PASSED" in found.out
    assert "same          predictions" in found.out
    assert "not recorded: no machine key" in found.out
    assert "replay: train (rent)" in found.err
    assert not (quick / "records/attestations").exists()


def test_a_difference_is_told_with_both_numbers_and_its_cause(quick):
    replaying.edited(quick, METRICS, performance__r2__value=0.999)
    small.commit(quick)
    found = told(quick, "rent")
    assert found.code == 1
    assert "performance.r2.value: claimed 0.999, came out 0.9" in found.out
    assert "cause: metrics.json was edited" in found.out
    assert "replay FAILED" in found.out


def test_scripts_get_all_of_it(quick):
    value = json.loads(told(quick, "rent", "--format", "json").out)
    assert (value["result"], value["model"], value["record"]) == ("PASSED", "rent", None)
    assert value["parts"]["predictions"] == {"outcome": "same", "binds": True, "details": []}


def test_a_machine_records_what_it_found_and_a_failure_stays(quick, tmp_path, monkeypatch):
    replaying.machine(quick, tmp_path, monkeypatch)
    honest = (quick / METRICS).read_text()
    replaying.edited(quick, METRICS, performance__r2__value=0.999)
    small.commit(quick)
    failed = json.loads(told(quick, "rent", "--format", "json", "--now", "2026-11-22").out)
    small.put(quick / METRICS, honest)
    small.commit(quick)
    identity = Path(failed["record"]).stem
    passed = told(quick, "rent", "--now", "2026-11-22T01:00:00Z")
    assert passed.code == 1
    assert "replay PASSED" in passed.out
    assert f"--explain {identity}=CAUSE" in passed.out
    explained = told(
        quick, "rent", "--now", "2026-11-22T02:00:00Z", "--explain", f"{identity}=edited by hand"
    )
    assert explained.code == 0, explained.out
    assert len(list((quick / "records/attestations").glob("*.yaml"))) == 3


def test_a_key_of_nobody_is_refused_before_the_long_work(quick, tmp_path, monkeypatch):
    replaying.machine(quick, tmp_path, monkeypatch)
    registry = quick / "policies/registry.yaml"
    registry.write_text(registry.read_text().replace("machines: [ci]", "machines: []"))
    small.commit(quick)
    found = told(quick, "rent")
    assert found.code == 1
    assert "policies/registry.yaml does not name" in found.err
    assert "replay: prepare" not in found.err


@pytest.mark.parametrize("given", ["nameless", "=cause", "r-1="])
def test_a_cause_has_a_record_and_words(bare, given):
    found = told(bare, "rent", "--explain", given)
    assert found.code == 2
    assert "write it as ID=CAUSE" in found.err


def test_a_model_nobody_declared_is_refused(bare):
    found = told(bare, "nobody")
    assert found.code == 1
    assert "is missing" in found.err


def test_a_version_nobody_registered_leaves_the_question_open(bare):
    with pytest.raises(CouldNotJudge, match="no commit brings"):
        told(bare, "rent@9.9.9")
