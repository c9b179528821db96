"""Runs copied into an MLflow tracking store, under the same names; Git stays the source.

One MLflow run stands for one training hash of a model. Copying again adds what is new, and
finishes what an interrupted copy began.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from governance.finding import CouldNotJudge
from governance.runs import Logged
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

HASH: Final = "charter.training_hash"
"""Tag that says which run it is."""
_LONGEST: Final = 6000
"""Characters of a parameter that MLflow keeps."""


def mirror(runs: Sequence[Logged], uri: str) -> int:
    """Writes runs to a tracking store; how many were not there yet.

    Args:
        runs: newest first.
        uri: such as `sqlite:///mlruns.db` or the address of a server.

    Raises:
        Refused: the library is not installed.
        CouldNotJudge: the store does not answer or denies it.
    """
    # A store that is away is asked a few times, not for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    try:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - an extra
        from mlflow.tracking import MlflowClient  # noqa: PLC0415
    except ImportError:
        msg = "MLflow is not installed\n  fix: install `ml-charter[mlflow]`"
        raise Refused(msg) from None
    try:
        client = MlflowClient(tracking_uri=uri)
        experiments: dict[str, str] = {}
        written = 0
        for run in reversed(runs):
            model = run.metadata.model
            if model not in experiments:
                experiments[model] = _experiment(client, model)
            written += _written(client, experiments[model], run)
    except (MlflowException, OSError) as error:
        # An address may carry a password, and messages repeat it.
        said = str(error).replace(uri, "the store").splitlines()
        msg = f"MLflow: {said[0] if said else type(error).__name__}"
        raise CouldNotJudge(msg) from None
    return written


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _written(client: MlflowClient, experiment: str, run: Logged) -> bool:
    """Whether the store lacked the run, or some of it."""
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    wanted = f"tags.`{HASH}` = '{run.metadata.training_hash}'"
    found = client.search_runs([experiment], wanted, max_results=1)
    if found and found[0].info.status == "FINISHED":
        return False
    at = int(run.at.timestamp() * 1000)
    target = found[0] if found else client.create_run(
        experiment, start_time=at, run_name=run.name,
        tags={HASH: run.metadata.training_hash},
    )  # fmt: skip
    # Several calls, for a store takes a limited number at once.
    client.log_batch(
        target.info.run_id,
        metrics=[Metric(name, value, at, 0) for name, value in run.measured.items()],
        params=[Param(name, value) for name, value in _params(run.params).items()][:100],
        tags=[RunTag(name, value) for name, value in _tags(run).items()],
    )
    client.set_terminated(target.info.run_id, "FINISHED", end_time=at)
    return True


def _params(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[
            :_LONGEST
        ]
        for name, value in values.items()
    }


def _tags(run: Logged) -> dict[str, str]:
    metadata = run.metadata
    return {
        "charter.model": metadata.model,
        "charter.model_digest": metadata.model_digest,
        "charter.dataset": metadata.dataset.name,
        "charter.dataset_digest": metadata.dataset.digest,
        "charter.code": metadata.inputs.code,
        "charter.params": metadata.inputs.params,
        "charter.environment": metadata.inputs.environment,
        **({"git.commit": run.commit} if run.commit else {}),
        **({"dvc.experiment": run.experiment} if run.experiment else {}),
    }
