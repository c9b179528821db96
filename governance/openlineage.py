"""Trainings as OpenLineage run events, for the catalogues and observers that read that standard.

Source: OpenLineage 2-0-2, object `RunEvent`, and its dataset, job and run facets.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from governance import sources
from governance.evidence import ROOT
from governance.lineage import Data, Datasets, Run
from governance.pipeline import DATA

_SPEC: Final = "https://openlineage.io/spec"
_EVENT: Final = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_PRODUCER: Final = "urn:charter:lineage"
_FACETS: Final = {
    "dataSource": "1-0-1/DatasourceDatasetFacet",
    "jobType": "2-0-3/JobTypeJobFacet",
    "parent": "1-1-0/ParentRunFacet",
    "schema": "1-1-1/SchemaDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}
_SPACE: Final = uuid.uuid5(uuid.NAMESPACE_URL, _PRODUCER)
_URI: Final = re.compile(r"[a-z][a-z0-9+.-]*:\S+")


@dataclass(frozen=True, slots=True)
class Times:
    """When a run began and ended; both are the moment of its commit where nothing else tells."""

    started: datetime
    finished: datetime


def events(run: Run, known: Datasets, times: Times, namespace: str) -> Iterator[dict[str, Any]]:
    """The start and the end of one training, the same bytes whenever they are written."""
    data = known.version(run.dataset, run.dataset_digest)
    model = {
        "namespace": namespace,
        "name": f"{ROOT}/models/{run.model}/model",
        "facets": _facets(version={"datasetVersion": run.model_digest}),
    }
    yield _event(run, "START", times.started, namespace, [_dataset(data, known, namespace)], [])
    yield _event(
        run, "COMPLETE", times.finished, namespace, [_dataset(data, known, namespace)], [model]
    )


def _event(  # noqa: PLR0913 - the fields of an event
    run: Run, kind: Literal["START", "COMPLETE"], at: datetime, namespace: str,
    inputs: list[dict[str, Any]], outputs: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    parent = {
        "run": {"runId": _id(f"retrain {run.commit}")},
        "job": {"namespace": namespace, "name": "retrain"},
    }
    kind_of_job = {"processingType": "BATCH", "integration": "CHARTER", "jobType": "TRAINING"}
    return {
        "eventType": kind,
        "eventTime": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "run": {
            "runId": run_id(run),
            "facets": _facets(parent=parent) if run.commit else {},
        },
        "job": {
            "namespace": namespace,
            "name": f"train.{run.model}",
            "facets": _facets(jobType=kind_of_job),
        },
        "inputs": inputs,
        "outputs": outputs,
        "producer": _PRODUCER,
        "schemaURL": _EVENT,
    }


def run_id(run: Run) -> str:
    """The id of a run: the same training has the same one on every machine."""
    return _id(f"{run.model} {run.training_hash}")


def _id(name: str) -> str:
    return str(uuid.uuid5(_SPACE, name))


def _dataset(data: Data, known: Datasets, namespace: str) -> dict[str, Any]:
    facets: dict[str, dict[str, Any]] = {}
    if data.digest:
        facets["version"] = {"datasetVersion": data.digest}
    contract = known.contracts.get(data.name)
    if contract and known.current.get(data.name) == data.digest:  # of former ones nobody knows
        facets["schema"] = {
            "fields": [{"name": column.name, "type": column.type} for column in contract.columns]
        }
    if data.landings:
        newest = max(data.landings, key=lambda landing: landing.value.at)
        source = sources.in_force(newest.value, known.contracts)
        uri = {"uri": source.uri} if _URI.fullmatch(source.uri) else {}
        facets["dataSource"] = {"name": source.id, **uri}
    return {"namespace": namespace, "name": f"{DATA}/{data.name}", "facets": _facets(**facets)}


def _facets(**facets: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "_producer": _PRODUCER,
            "_schemaURL": f"{_SPEC}/facets/{_FACETS[name]}.json#/$defs/{_kind(name)}",
            **value,
        }
        for name, value in sorted(facets.items())
    }


def _kind(name: str) -> str:
    return _FACETS[name].partition("/")[2]
