"""The mirror in MLflow holds each run once, under the names Charter uses.

Without the extra, what is tested is that its absence is said.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import logging_runs
import pytest
import small

from adapters.experiments import logged
from governance.finding import CouldNotJudge
from pipelines.inputs import Refused
from pipelines.mirror import HASH, mirror

needs_mlflow = pytest.mark.skipif(find_spec("mlflow") is None, reason="needs ml-charter[mlflow]")


@pytest.fixture(scope="module")
def found(shared: Path):
    return logged(small.template(shared, logging_runs.history), None, small.NOW)


def test_without_the_library_it_says_what_to_install(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(Refused, match=r"install `ml-charter\[mlflow\]`"):
        mirror(found, "sqlite:///unused.db")


@needs_mlflow
@pytest.mark.filterwarnings("ignore")
def test_each_run_is_there_once_with_its_numbers(found, tmp_path):
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    assert mirror(found[1:], uri) == len(found) - 1
    assert mirror(found, uri) == 1
    assert mirror(found, uri) == 0
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("returning")
    copies = client.search_runs([experiment.experiment_id])
    assert len(copies) == len(found)
    (wide,) = [run for run in copies if run.info.run_name == "wide"]
    assert wide.data.params["training.params.C"] == "9"
    assert wide.data.metrics["roc_auc"] == 0.81
    assert wide.data.metrics["demographic_parity_difference by sex"] == 0.02
    assert wide.data.tags[HASH] == logging_runs.hashed("tried")
    assert wide.data.tags["charter.dataset_digest"] == logging_runs.hashed("data")


@needs_mlflow
@pytest.mark.filterwarnings("ignore")
def test_what_an_interrupted_copy_began_is_finished(found, tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    uri = f"sqlite:///{tmp_path / 'runs.db'}"
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            mirror(found, uri)
    assert mirror(found, uri) == len(found)
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("returning")
    assert len(client.search_runs([experiment.experiment_id])) == len(found)


@needs_mlflow
@pytest.mark.filterwarnings("ignore")
def test_a_store_that_is_away_is_named_without_its_password(found):
    with pytest.raises(CouldNotJudge) as caught:
        mirror(found, "http://me:hidden@127.0.0.1:9")
    assert "MLflow" in str(caught.value)
    assert "hidden" not in str(caught.value)
