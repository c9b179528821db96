"""A registered model as a CycloneDX 1.7 bill of materials: what it is made of, by digest.

Source: ECMA-424 and its JSON schema, version 1.7 (machine-learning-model, modelCard, data).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from governance import jsontext

if TYPE_CHECKING:
    from governance.evidence import Metadata, Metrics
    from governance.model import Model
    from governance.version import Version

_SPACE: Final = uuid.UUID("6f0d9a43-5d35-5c1b-9d0c-8a2b6a6f3f11")
"""Names of serial numbers: the same model has the same number wherever it is packed."""
_SUPERVISED: Final = {"approach": {"type": "supervised"}}


def render(model: Model, version: Version, metadata: Metadata, metrics: Metrics) -> bytes:
    """The bill of materials; equal declarations and evidence give equal bytes."""
    own = f"pkg:generic/{model.name}@{version.version}"
    data = f"dataset:{metadata.dataset.name}@{_hex(metadata.dataset.digest)[:12]}"
    libraries = [_library(name, at) for name, at in sorted(metadata.environment.items())]
    number = uuid.uuid5(_SPACE, f"{model.name} {version.version} {version.digest}")
    return jsontext.dump(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.7",
            "serialNumber": f"urn:uuid:{number}",
            "version": 1,
            "metadata": {
                "timestamp": f"{version.registered_at:%Y-%m-%dT%H:%M:%SZ}",
                "component": _model(own, data, model, version, metrics),
            },
            "components": [_data(data, metadata), *libraries],
            "dependencies": [
                {"ref": own, "dependsOn": sorted([data, *(lib["bom-ref"] for lib in libraries)])}
            ],
        }
    )


def _model(own: str, data: str, model: Model, version: Version, metrics: Metrics) -> dict[str, Any]:
    parameters = _SUPERVISED | {
        "task": model.task,
        "modelArchitecture": model.training.estimator or model.training.trainer or "",
        "datasets": [{"ref": data}],
        "inputs": [{"format": name} for name in model.features.names],
        "outputs": [{"format": model.target.column}],
    }
    return {
        "type": "machine-learning-model",
        "bom-ref": own,
        "name": model.name,
        "version": version.version,
        "description": model.title,
        "hashes": [{"alg": "SHA-256", "content": _hex(version.digest)}],
        "components": [
            {
                "type": "file",
                "bom-ref": f"{own}#{file.path}",
                "name": file.path,
                "hashes": [{"alg": "SHA-256", "content": file.sha256}],
            }
            for file in version.files
        ],
        "modelCard": {
            "modelParameters": parameters,
            "quantitativeAnalysis": {"performanceMetrics": [*_metrics(metrics)]},
            "considerations": {
                "users": list(model.purpose.users),
                "useCases": [model.purpose.intended],
                "technicalLimitations": list(model.purpose.out_of_scope),
                "fairnessAssessments": [
                    {"groupAtRisk": f"people by {attribute}"} for attribute in model.protected
                ],
            },
        },
        "properties": [
            {"name": "charter:owner", "value": model.owner},
            {"name": "charter:risk_tier", "value": model.risk_tier},
            {"name": "charter:training_hash", "value": version.training_hash},
        ],
    }


def _metrics(metrics: Metrics) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "type": name,
            "value": f"{measure.value:g}",
            "confidenceInterval": {
                "lowerBound": f"{measure.low:g}",
                "upperBound": f"{measure.high:g}",
            },
        }
        for name, measure in sorted(metrics.performance.items())
    ]
    found += [
        {"type": gap, "value": f"{value:g}", "slice": attribute}
        for attribute, report in sorted(metrics.fairness.items())
        for gap, value in sorted(report.disparities.items())
    ]
    return found


def _data(ref: str, metadata: Metadata) -> dict[str, Any]:
    data = metadata.dataset
    return {
        "type": "data",
        "bom-ref": ref,
        "name": data.name,
        "hashes": [{"alg": "SHA-256", "content": _hex(data.digest)}],
        "data": [
            {
                "type": "dataset",
                "name": data.name,
                "description": f"{data.files} files, {data.rows} rows, {data.columns} columns",
            }
        ],
    }


def _library(name: str, version: str) -> dict[str, Any]:
    """A library by its package address; Python itself is the platform it runs on."""
    if name == "python":
        return {
            "type": "platform", "bom-ref": f"pkg:generic/python@{version}", "name": name,
            "version": version,
        }  # fmt: skip
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
