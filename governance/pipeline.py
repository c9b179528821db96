"""The pipeline as designed: what `dvc.yaml` has to say, and what its lock claims.

DVC pastes declared values into shell commands and lock files without looking at them, so the
design leaves nothing to paste but names, which the kinds restrict to safe words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from governance import digest

DATA: Final = "data/ml/training"
"""Folder of the landed datasets, one folder each; `datasets.dvc` points at them."""

_DATASET: Final = "artifacts/ml/datasets/${key}"
_PREPARED: Final = "artifacts/ml/datasets/${item.dataset}"
_MODEL: Final = "artifacts/ml/models/${key}"
_CONTRACT: Final = "policies/datasets/${key}.yaml"
_CONTRACT_OF: Final = "policies/datasets/${item.dataset}.yaml"
_DECLARED: Final = "models/${key}/model.yaml"


@dataclass(frozen=True, slots=True)
class Step:
    """One `foreach` stage of `dvc.yaml`."""

    name: str
    each: str
    about: str
    deps: tuple[str, ...]
    code: tuple[str, ...]
    params: tuple[tuple[str, tuple[str, ...]], ...]
    cached: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command DVC runs."""
        return f"python -m pipelines.{self.name} ${{key}}"

    def entry(self) -> dict[str, Any]:
        """The stage as it stands in `dvc.yaml`."""
        body: dict[str, Any] = {
            "desc": self.about,
            "cmd": self.command,
            "deps": [*self.deps, *self.code],
            "params": [{file: list(keys)} for file, keys in self.params],
            "outs": [*self.cached, *({path: {"cache": False}} for path in self.evidence)],
        }
        if self.metrics:
            body["metrics"] = [{path: {"cache": False}} for path in self.metrics]
        return {"foreach": f"${{{self.each}}}", "do": {k: v for k, v in body.items() if v}}


_DATA_CODE: Final = (
    "adapters/engine/__init__.py",
    "adapters/engine/dialect.py",
    "adapters/engine/duckdb.py",
    "adapters/engine/expressions.py",
    "adapters/engine/spark.py",
    "governance/contract.py",
    "governance/pseudonym.py",
)
_PRIVACY_CODE: Final = (
    "adapters/secrets.py",
    "governance/anonymity.py",
    "governance/disclosure.py",
    "governance/guesses.py",
    "governance/identifiers/checkdigits.py",
    "governance/identifiers/names.py",
    "governance/identifiers/shapes.py",
    "governance/identifiers/sightings.py",
    "governance/reversal.py",
    "pipelines/anonymity.py",
    "pipelines/disclosure.py",
    "pipelines/identify.py",
    "pipelines/landed.py",
    "pipelines/reversal.py",
)
_MODEL_CODE: Final = (
    "adapters/modelfile.py",
    "governance/contract.py",
    "governance/model.py",
    "pipelines/estimators.py",
    "pipelines/frames.py",
)

_PREPARING: Final = (*_DATA_CODE, *_PRIVACY_CODE, "pipelines/prepare.py")
_CONTRACTED: Final = ("schema", "servers", "customProperties")
_PRIVACY: Final = ("policies/privacy.yaml", ("classes", "pseudonyms", "regulations"))
_TRAINING: Final = (*_MODEL_CODE, "pipelines/train.py", "pipelines/trainers.py")
_TRAINED: Final = (
    (_DECLARED, ("dataset", "features", "target", "task", "training")),
    ("policies/registry.yaml", ("estimators", "trainers", "trusted_types")),
)

STEPS: Final = (
    Step(
        "validate", "datasets",
        "Landed bytes against manifest and contract",
        deps=(f"{DATA}/${{key}}", "${item.landings}"),
        code=(
            *_DATA_CODE,
            "governance/demands.py",
            "governance/quality.py",
            "governance/query.py",
            "pipelines/clauses.py",
            "pipelines/landed.py",
            "pipelines/quality.py",
            "pipelines/scan.py",
            "pipelines/validate.py",
        ),
        params=(
            (_CONTRACT, ("schema", "servers", "slaProperties")),
            # The manifest of a dataset it refers to is no dependency of its own.
            ("models/index.yaml", ("datasets.${key}.references",)),
        ),
        evidence=(f"{_DATASET}/validation.json",),
    ),
    Step(
        "prepare", "datasets",
        "Pseudonymise, minimise and keep what training may see",
        deps=(f"{DATA}/${{key}}", f"{_DATASET}/validation.json"),
        code=_PREPARING,
        params=((_CONTRACT, _CONTRACTED), _PRIVACY),
        cached=(f"{_DATASET}/prepared",),
        evidence=(f"{_DATASET}/preparation.json", f"{_DATASET}/privacy.json"),
    ),
    Step(
        "scan_bias", "datasets",
        "Group sizes, label rates, missing values and proxies by protected attribute",
        deps=(f"{_DATASET}/preparation.json", f"{_DATASET}/prepared"),
        code=(
            *_DATA_CODE,
            "governance/association.py",
            "governance/counters.py",
            "pipelines/cells.py",
            "pipelines/group_counts.py",
            "pipelines/proxies.py",
            "pipelines/scan_bias.py",
        ),
        params=(
            (_CONTRACT, ("schema", "servers")),
            ("policies/approved_tools.yaml", ("tools",)),
            ("policies/gates.yaml", ("bias",)),
        ),
        evidence=(f"{_DATASET}/bias.json",),
    ),
    Step(
        "train", "models",
        "Fit the declared estimator on the training rows",
        deps=(f"{_PREPARED}/bias.json", f"{_PREPARED}/preparation.json", f"{_PREPARED}/prepared"),
        code=_TRAINING,
        params=_TRAINED,
        cached=(f"{_MODEL}/model",),
        evidence=(f"{_MODEL}/training.json",),
    ),
    Step(
        "evaluate", "models",
        "Performance with intervals, fairness by group, drift of the held-out rows",
        deps=(f"{_PREPARED}/prepared", f"{_MODEL}/model", f"{_MODEL}/training.json"),
        code=(
            *_MODEL_CODE,
            "governance/drift.py",
            "governance/uncertainty.py",
            "pipelines/evaluate.py",
            "pipelines/pulls.py",
            "pipelines/slices.py",
        ),
        params=(
            (_DECLARED, ("dataset", "features", "protected", "target", "task", "training")),
            ("policies/registry.yaml", ("trusted_types",)),
        ),
        metrics=(f"{_MODEL}/metrics.json",),
    ),
    Step(
        "record", "models",
        "Metadata, provenance and the telemetry snapshot of the run",
        deps=(
            f"{_PREPARED}/validation.json",
            f"{_MODEL}/metrics.json",
            f"{_MODEL}/training.json",
        ),
        # What it writes down of code and parameters goes stale with them, even where the bytes
        # that came of them are the same.
        code=(
            *dict.fromkeys((*_PREPARING, *_TRAINING)),
            "governance/pipeline.py",
            "pipelines/record.py",
        ),
        params=((_CONTRACT_OF, _CONTRACTED), _PRIVACY, *_TRAINED),
        evidence=tuple(
            f"{_MODEL}/{name}"
            for name in ("metadata.json", "provenance.json", "telemetry.json", "telemetry.prom")
        ),
    ),
)  # fmt: skip
BY_NAME: Final = {step.name: step for step in STEPS}


def designed() -> dict[str, Any]:
    """The content of `dvc.yaml`."""
    return {
        "vars": ["models/index.yaml"],
        "stages": {step.name: step.entry() for step in STEPS},
    }


def render(own: Mapping[str, Any]) -> str:
    """The text of `dvc.yaml`: the designed stages, then an organisation's `own`."""
    content = designed()
    content["stages"] |= {name: stage for name, stage in own.items() if name not in BY_NAME}
    head = (
        "# The pipeline as designed; `charter pipeline` writes it. Add stages of your own below.\n"
    )
    return head + yaml.dump(content, Dumper=_Indented, sort_keys=False, width=100)


class _Indented(yaml.SafeDumper):
    """Indents lists below their key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
        super().increase_indent(flow, False)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class Stage:
    """A step for one dataset or model, with nothing left to fill in."""

    step: Step
    key: str
    item: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name in `dvc.lock`."""
        return f"{self.step.name}@{self.key}"

    def fill(self, text: str) -> str:
        """`text` with the key and the fields of the item in place."""
        text = text.replace("${key}", self.key)
        for field, value in self.item.items():
            text = text.replace(f"${{item.{field}}}", str(value))
        return text

    def paths(self, templates: Iterable[str]) -> list[str]:
        """Templates filled in."""
        return [self.fill(template) for template in templates]

    @property
    def params(self) -> list[tuple[str, tuple[str, ...]]]:
        """Files and the sections of them that the stage depends on."""
        return [(self.fill(file), tuple(map(self.fill, keys))) for file, keys in self.step.params]


def stages(
    datasets: Mapping[str, Mapping[str, Any]], models: Mapping[str, Mapping[str, Any]]
) -> Iterator[Stage]:
    """Every stage of an index."""
    for step in STEPS:
        for key, item in sorted((datasets if step.each == "datasets" else models).items()):
            yield Stage(step, key, item)


def deciding(model: str, dataset: str) -> list[Stage]:
    """The stages that decide a model's bytes."""
    landings = f"records/landings/{dataset}"
    return [
        Stage(BY_NAME["prepare"], dataset, {"landings": landings}),
        Stage(BY_NAME["train"], model, {"dataset": dataset}),
    ]


def code_files() -> list[str]:
    """Every code file a step depends on."""
    return sorted({path for step in STEPS for path in step.code})


def sections(stage: Stage, documents: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The values of a stage's parameters, by file and section.

    Raises:
        KeyError: a file or a section is missing.
    """
    return {
        file: {key: section(documents[file], key) for key in keys} for file, keys in stage.params
    }


def section(document: Mapping[str, Any], key: str) -> Any:
    """The value of one parameter; dots in its key lead into mappings, as DVC has it.

    Raises:
        KeyError: it is missing.
    """
    value: Any = document
    for part in key.split("."):
        if not isinstance(value, dict):
            raise KeyError(key)
        value = value[part]
    return value


def code_digest(model: str, dataset: str, sha256: Mapping[str, str]) -> str:
    """Digest of the code that decides a model's bytes.

    Raises:
        KeyError: the SHA-256 of a file is missing.
    """
    paths = sorted({path for stage in deciding(model, dataset) for path in stage.step.code})
    return digest.of_value({path: sha256[path] for path in paths})


def params_digest(model: str, dataset: str, documents: Mapping[str, Mapping[str, Any]]) -> str:
    """Digest of the parameters that decide a model's bytes.

    Raises:
        KeyError: a file or a section is missing.
    """
    stages_ = deciding(model, dataset)
    return digest.of_value({stage.name: sections(stage, documents) for stage in stages_})


def training_hash(dataset: str, code: str, params: str, environment: str) -> str:
    """One digest of everything that decides a model's bytes (four digests in)."""
    parts = {"code": code, "dataset": dataset, "environment": environment, "params": params}
    return digest.of_value(parts)


def folder_md5(files: Mapping[str, str]) -> str:
    """DVC's name for a folder: MD5 of the list of relative paths and their MD5 sums."""
    listing = [{"md5": md5, "relpath": path} for path, md5 in sorted(files.items())]
    text = json.dumps(listing, sort_keys=True).encode()
    return f"{hashlib.md5(text, usedforsecurity=False).hexdigest()}.dir"
