"""`charter runs` lists and compares what every commit, branch and experiment left."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import logging_runs
import pytest
import small
from click.testing import CliRunner

from adapters.experiments import logged
from cli.runs import runs
from governance.finding import CouldNotJudge
from governance.runs import changes, difference, pick, unrepeatable


@pytest.fixture(scope="module")
def past(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that no test here changes."""
    source = small.template(shared, logging_runs.history)
    return small.copied(source, tmp_path_factory.mktemp("past") / "repository")


def told(root: Path, *arguments: str):
    result = CliRunner().invoke(runs, [*arguments, "--repo", str(root)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)


def listed(root: Path, *arguments: str):
    return json.loads(told(root, *arguments, "--format", "json").out)


def short(name: str) -> str:
    return logging_runs.hashed(name)[7:19]


def test_every_branch_and_experiment_is_listed_once(past):
    found = listed(past, "returning")
    assert {run["name"] for run in found} == {
        short("first"), short("second"), short("aside"), short("third"), "wide",
    }  # fmt: skip
    assert [run["name"] for run in found if run["current"]] == [short("third")]


def test_a_run_tells_parameters_digests_performance_and_fairness(past):
    (run,) = [run for run in listed(past) if run["name"] == short("second")]
    assert run["params"]["training.params.C"] == 2
    assert run["dataset"] == {"name": "visits", "digest": logging_runs.hashed("data")}
    assert run["code"] == logging_runs.hashed("code")
    assert run["performance"] == {"roc_auc": 0.8}
    assert run["fairness"] == {"demographic_parity_difference by sex": 0.02}
    assert run["verdict"] == "pass"
    assert len(run["commit"]) == 40


def test_runs_below_a_bound_of_today_fail(past, tmp_path):
    root = small.copied(past, tmp_path / "repository")
    logging_runs.leave(root, "bad", 0.4)
    (run,) = [run for run in listed(root) if run["name"] == short("bad")]
    assert (run["verdict"], run["commit"], run["current"]) == ("fail", None, True)


def test_the_table_shows_what_changed_since_the_run_before(past):
    out = told(past, "returning").out
    assert "training.params.C" in out
    assert "0.82" in out
    assert "pass" in out
    assert "*" in out


def test_few_are_shown_unless_all_are_asked_for(past):
    assert "4 older runs" in told(past, "--last", "1").out
    assert len(listed(past, "--last", "0")) == 5
    assert "older" not in told(past, "--last", "0").out


def test_a_metric_is_chosen_by_name(past):
    assert "roc_auc" in told(past, "--metric", "roc_auc").out
    with pytest.raises(CouldNotJudge, match="no run measured speed; there are"):
        told(past, "--metric", "speed")


def test_two_runs_are_compared(past):
    value = listed(past, "--compare", "wide", short("third"))
    assert value["params"] == {"training.params.C": [9, 2]}
    assert set(value["inputs"]) == {"data"}
    assert value["metrics"]["roc_auc"] == [0.81, 0.82]
    out = told(past, "--compare", "wide", short("third")).out
    assert "+0.01" in out


def test_equal_inputs_are_said_to_be_so(past):
    assert "nothing went in otherwise" in told(past, "--compare", "wide", "wide").out


def test_a_name_that_means_nothing_is_refused(past):
    with pytest.raises(CouldNotJudge, match="nobody means no run"):
        told(past, "--compare", "nobody", "wide")


def test_no_run_is_no_empty_table(past):
    with pytest.raises(CouldNotJudge, match="no run of rent left evidence"):
        told(past, "rent")


def test_equal_inputs_with_another_model_are_told(past, tmp_path):
    """B62: whoever trains again until the numbers please leaves such a pair."""
    root = small.copied(past, tmp_path / "repository")
    logging_runs.leave(root, "third", 0.9, c=2, data="more data", model="another")
    small.commit(root, "again")
    found = told(root)
    assert found.code == 1
    assert "the same inputs gave another model" in found.err


def test_evidence_that_cannot_be_read_is_passed_over(past, tmp_path):
    root = small.copied(past, tmp_path / "repository")
    small.put(root / logging_runs.PATH / "metadata.json", '{"model": "returning"}')
    small.commit(root, "of another shape")
    assert len(listed(root)) == 5


def test_metrics_of_another_model_give_no_verdict(past, tmp_path):
    root = small.copied(past, tmp_path / "repository")
    logging_runs.leave(root, "torn", 0.9)
    other = logging_runs.evidence("first", 0.9)["metrics"]
    small.put(root / logging_runs.PATH / "metrics.json", json.dumps(other))
    (run,) = [run for run in listed(root) if run["name"] == short("torn")]
    assert run["verdict"] is None


def test_a_name_of_several_runs_is_refused(past):
    found = logged(past, None, small.NOW)
    one, other = found[:2]
    with pytest.raises(CouldNotJudge, match="means several runs"):
        pick([one, one.__class__(**{**_fields(other), "experiment": one.name})], one.name)


def _fields(run):
    return {name: getattr(run, name) for name in run.__slots__}


def test_a_run_is_compared_with_the_one_before_it(past):
    found = logged(past, "returning", small.NOW)
    assert changes(found)[-1] is None
    assert difference(found[0], found[0]).summary() == ""
    assert unrepeatable(found) == []
