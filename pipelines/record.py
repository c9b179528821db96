"""Step `record`: metadata, provenance and the telemetry snapshot of a run, free of the clock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters import files
from governance import digest, document, pipeline
from governance.evidence import (
    DatasetSummary,
    Health,
    Metadata,
    Metrics,
    Statement,
    Telemetry,
    TrainingInputs,
    TrainingRun,
    Validation,
    of_dataset,
    of_model,
)
from pipelines import inputs

if TYPE_CHECKING:
    from governance.model import Model


def record(name: str) -> None:
    """Draws the evidence of one model together.

    Raises:
        Refused: evidence of an earlier step is missing or of another shape.
    """
    model: Model = inputs.model(name)
    training = inputs.read(of_model(name, "training"), TrainingRun)
    metrics = inputs.read(of_model(name, "metrics"), Metrics)
    validation = inputs.read(of_dataset(model.dataset, "validation"), Validation)
    metadata = _metadata(model, training, metrics, validation)
    inputs.write(of_model(name, "metadata"), metadata)
    inputs.write(of_model(name, "provenance"), _provenance(metadata, training))
    snapshot = _snapshot(metadata, metrics, validation)
    inputs.write(of_model(name, "telemetry"), snapshot)
    text = Path(of_model(name, "telemetry")).with_suffix(".prom")
    files.write(text, prometheus(snapshot).encode())
    print(f"{name}: training hash {digest.short(metadata.training_hash)}")


def _metadata(
    model: Model, training: TrainingRun, metrics: Metrics, validation: Validation
) -> Metadata:
    inputs_ = training_inputs(model.name, model.dataset, training)
    return Metadata(
        model=model.name,
        task=model.task,
        dataset=DatasetSummary(
            name=model.dataset,
            digest=validation.dataset_digest,
            files=len(validation.files),
            rows=validation.rows,
            columns=len(validation.columns),
            events=validation.events,
        ),
        training_hash=pipeline.training_hash(
            inputs_.dataset, inputs_.code, inputs_.params, inputs_.environment
        ),
        inputs=inputs_,
        environment=training.environment,
        model_digest=training.model_digest,
        metrics={name: measure.value for name, measure in metrics.performance.items()},
        fairness={
            f"{gap} by {attribute}": value
            for attribute, report in sorted(metrics.fairness.items())
            for gap, value in sorted(report.disparities.items())
        },
        probe=metrics.probe,
    )


def training_inputs(
    name: str, dataset: str, training: TrainingRun, root: Path = Path()
) -> TrainingInputs:
    """Digests of everything that decided the model's bytes."""
    paths = {path for stage in pipeline.deciding(name, dataset) for path in stage.step.code}
    declared = {file for stage in pipeline.deciding(name, dataset) for file, _ in stage.params}
    sums = {path: files.sha256(root / path) for path in paths}
    values: dict[str, Any] = {}
    for path in declared:
        loaded, _ = document.load(path, (root / path).read_bytes())
        values[path] = loaded.value if loaded else {}
    return TrainingInputs(
        dataset=training.dataset_digest,
        code=pipeline.code_digest(name, dataset, sums),
        params=pipeline.params_digest(name, dataset, values),
        environment=digest.of_value(training.environment),
    )


def _provenance(metadata: Metadata, training: TrainingRun) -> Statement:
    """SLSA provenance v1; times stand in `last_retrain.json`, so that these bytes stay equal."""
    sums = {file.path: file.sha256 for file in training.files}
    materials = [
        {"name": f"dataset:{metadata.dataset.name}", "digest": _sha256(metadata.inputs.dataset)},
        {"name": "code", "digest": _sha256(metadata.inputs.code)},
        {"name": "params", "digest": _sha256(metadata.inputs.params)},
        {"name": "environment", "digest": _sha256(metadata.inputs.environment)},
    ]
    return Statement.model_validate(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [
                {"name": f"model/{path}", "digest": {"sha256": value}}
                for path, value in sums.items()
            ],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": {
                "buildDefinition": {
                    "buildType": "urn:charter:retrain:v1",
                    "externalParameters": {
                        "model": metadata.model,
                        "dataset": metadata.dataset.name,
                    },
                    "internalParameters": {"trainingHash": metadata.training_hash},
                    "resolvedDependencies": materials,
                },
                "runDetails": {
                    "builder": {"id": "urn:charter:pipeline", "version": training.environment},
                },
            },
        },
        strict=False,
    )


def _sha256(name: str) -> dict[str, str]:
    return {"sha256": name.removeprefix("sha256:")}


def _snapshot(metadata: Metadata, metrics: Metrics, validation: Validation) -> Telemetry:
    cells = validation.rows * max(len(validation.columns), 1)
    nulls = sum(column.nulls for column in validation.columns.values())
    return Telemetry(
        model=metadata.model,
        model_digest=metadata.model_digest,
        window=validation.events,
        rows=metrics.rows,
        performance=metadata.metrics,
        drift={
            name: moved.population_stability_index for name, moved in sorted(metrics.drift.items())
        },
        fairness=metadata.fairness,
        health=Health(
            rows_landed=validation.rows,
            rows_in_violation=sum(broken.rows for broken in validation.violations),
            missing_share=digest.rounded(nulls / cells) if cells else 0.0,
        ),
    )


def prometheus(snapshot: Telemetry) -> str:
    """The snapshot in the Prometheus text format."""
    model = f'model="{snapshot.model}",digest="{digest.short(snapshot.model_digest)}"'
    lines = [
        "# HELP charter_performance Metric on held-out rows.",
        "# TYPE charter_performance gauge",
    ]
    for name, value in sorted(snapshot.performance.items()):
        lines.append(f'charter_performance{{{model},metric="{name}"}} {value:g}')
    lines += [
        "# HELP charter_drift Population stability index per feature.",
        "# TYPE charter_drift gauge",
    ]
    for name, value in snapshot.drift.items():
        lines.append(f'charter_drift{{{model},feature="{name}"}} {value:g}')
    lines += [
        "# HELP charter_fairness_gap Gap between groups.",
        "# TYPE charter_fairness_gap gauge",
    ]
    for name, value in snapshot.fairness.items():
        gap, _, attribute = name.partition(" by ")
        lines.append(
            f'charter_fairness_gap{{{model},metric="{gap}",attribute="{attribute}"}} {value:g}'
        )
    lines += ["# HELP charter_rows Rows evaluated.", "# TYPE charter_rows gauge"]
    lines.append(f"charter_rows{{{model}}} {snapshot.rows}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    inputs.main(record)
