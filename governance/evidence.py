"""What runs leave behind under `artifacts/ml/`: the shape of each JSON file.

The JSON Schemas in `schemas/evidence/` are made from these classes. Evidence holds counts,
rounded numbers and digests; never a row, never a personal value.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from governance import digest
from governance.declaration import Moment, Name, Part, RepoPath, Semver, Share
from governance.digest import Digest
from governance.identifiers import Confidence, Kind

Count = Annotated[int, Field(ge=0)]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class FileFacts(Part):
    """One file and its digest."""

    path: str
    bytes: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DataFileFacts(FileFacts):
    """One data file."""

    rows: Count


class ColumnFacts(Part):
    """What a column holds, in counts."""

    type: str
    nulls: Count
    minimum: float | None = None
    maximum: float | None = None
    distinct: Count | None = None


class Violation(Part):
    """Rows that break one clause of the contract."""

    clause: str
    column: str | None = None
    rows: Count
    files: tuple[str, ...] = ()


class Measured(Part):
    """One quality rule of the contract, measured on the whole dataset."""

    rule: str
    metric: str
    columns: tuple[str, ...]
    severity: Literal["error", "warning", "info"]
    unit: Literal["rows", "percent"]
    number: float | None
    demand: str
    outcome: Literal["pass", "fail"]


class Span(Part):
    """First and last event time of the rows, as days."""

    earliest: date
    latest: date


class Validation(Part):
    """`datasets/<d>/validation.json`: the landed bytes against contract and manifest."""

    dataset: Name
    dataset_digest: Digest
    files: tuple[DataFileFacts, ...]
    rows: Count
    columns: dict[str, ColumnFacts]
    events: Span | None
    violations: tuple[Violation, ...]
    quality: tuple[Measured, ...] = ()
    references: dict[Name, Digest] = {}
    """Digest of each other dataset whose values were looked up."""


class KeyUsed(Part):
    """Which key made the pseudonyms; its fingerprint tells nothing of it."""

    name: str
    version: Annotated[int, Field(ge=1)]
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Preparation(Part):
    """`datasets/<d>/preparation.json`: what was done to the columns."""

    dataset: Name
    dataset_digest: Digest
    rows: Count
    techniques: dict[str, str]
    key: KeyUsed | None
    files: tuple[FileFacts, ...]


class IdentifierFacts(Part):
    """One kind of identifier seen where the contract declares none.

    `cells` stops counting where more would prove nothing; `sample` is an outline, no value.
    """

    column: str
    kind: Kind
    confidence: Confidence
    cells: Count
    files: dict[str, Count]
    sample: str
    survives: bool
    resembles: bool


class ColumnWidth(Part):
    """How far a prepared column tells rows apart."""

    type: str
    rows: Count
    distinct: Count


class AnonymityFacts(Part):
    """Classes of prepared rows that agree in `attributes`; `below`: rows in classes smaller."""

    attributes: tuple[str, ...]
    rows: Count
    classes: Count
    smallest: Count
    below: dict[str, Count]


class ReversalFacts(Part):
    """What an attacker without the key found out about one column.

    `values`: values attacked. `tried`: hashes computed. `reversed`: values found out. `by`: how.
    """

    values: Count
    tried: Count
    reversed: Count
    by: tuple[str, ...]


class PrivacyReport(Part):
    """`datasets/<d>/privacy.json`: what the landed and the prepared rows tell about people."""

    dataset: Name
    dataset_digest: Digest
    identifiers: tuple[IdentifierFacts, ...]
    columns: dict[str, ColumnWidth]
    anonymity: AnonymityFacts
    reversal: dict[str, ReversalFacts]


class GroupFacts(Part):
    """A label in one group: mean of the rows that have one, with its 95 % interval."""

    rows: Count
    label_mean: float
    label_low: float
    label_high: float


class LabelBias(Part):
    """How one label differs between groups. `ratio`: lowest by highest rate, None for no rates."""

    groups: dict[str, GroupFacts]
    difference: float
    ratio: float | None


class Groups(Part):
    """Rows and labels by group. `small_groups` have too few rows to be told apart."""

    groups: dict[str, Count]
    small_groups: Count
    small_rows: Count
    labels: dict[str, LabelBias]


class AttributeBias(Groups):
    """One protected attribute. `missing`: missing values by column and group.

    `proxies`: bias-corrected Cramér's V by feature, 0 to 1.
    """

    missing: dict[str, dict[str, Count]]
    proxies: dict[str, float]


class ToolUsed(Part):
    """The tool that made a report."""

    name: str
    version: str


class BiasScan(Part):
    """`datasets/<d>/bias.json`: groups by attribute, and where two attributes meet."""

    dataset: Name
    dataset_digest: Digest
    tool: ToolUsed
    minimum_cell: Count
    attributes: dict[str, AttributeBias]
    intersections: dict[str, Groups]


class TrainingRun(Part):
    """`models/<m>/training.json`: what was fitted on what."""

    model: Name
    dataset: Name
    dataset_digest: Digest
    prepared_digest: Digest
    rows_trained: Count
    rows_held_out: Count
    params_digest: Digest
    environment: dict[str, str]
    model_digest: Digest
    files: tuple[FileFacts, ...]


class Measure(Part):
    """A metric with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
    rows: Count


class GroupMeasures(Part):
    """One group of a protected attribute after training.

    `bases`: rows behind each rate. `errors`: standard error of each mean.
    """

    rows: Count
    metrics: dict[str, float]
    bases: dict[str, Count] = {}
    errors: dict[str, float] = {}


class GroupReport(Part):
    """Groups of one attribute and the gaps between them."""

    groups: dict[str, GroupMeasures]
    disparities: dict[str, float]


class Reference(Part):
    """Bins of a feature in the training rows, and the counts in both parts."""

    kind: Literal["numeric", "categorical"]
    bins: tuple[float | str, ...]
    trained: tuple[Count, ...]
    held_out: tuple[Count, ...]
    population_stability_index: float


class Probe(Part):
    """What a model said of every held-out row, in their order: SHA-256 over its scores as float64.

    Models that answer alike have it in common, whatever their bytes; a replay holds it to this.
    """

    rows: Count
    digest: Digest


class Metrics(Part):
    """`models/<m>/metrics.json`: facts, not verdicts."""

    model: Name
    model_digest: Digest
    task: Literal["classification", "regression"]
    rows: Count
    tool: ToolUsed
    performance: dict[str, Measure]
    slices: dict[str, dict[str, dict[str, Measure]]] = {}
    fairness: dict[str, GroupReport]
    drift: dict[str, Reference]
    probe: Probe | None = None
    """None in evidence from before it was kept."""


class TrainingInputs(Part):
    """Everything that decides the model's bytes; their digest is the training hash."""

    dataset: Digest
    code: Digest
    params: Digest
    environment: Digest


class DatasetSummary(Part):
    """The dataset in a few numbers."""

    name: Name
    digest: Digest
    files: Count
    rows: Count
    columns: Count
    events: Span | None


class Metadata(Part):
    """`models/<m>/metadata.json`: dataset summary, training hash and key metrics."""

    model: Name
    task: Literal["classification", "regression"]
    dataset: DatasetSummary
    training_hash: Digest
    inputs: TrainingInputs
    environment: dict[str, str]
    model_digest: Digest
    metrics: dict[str, float]
    fairness: dict[str, float]
    probe: Probe | None = None


class Health(Part):
    """How the data path did."""

    rows_landed: Count
    rows_in_violation: Count
    missing_share: float


class Telemetry(Part):
    """`models/<m>/telemetry.json`: one window of measurements."""

    model: Name
    model_digest: Digest
    window: Span | None
    rows: Count
    performance: dict[str, float]
    drift: dict[str, float]
    fairness: dict[str, float]
    health: Health


class Watched(Part):
    """A metric of the version in service, with its 95 % interval.

    `reference` is what the prior approved version shows on the same requests, None without one.
    """

    value: float
    low: float
    high: float
    reference: float | None = None


class Shift(Part):
    """How far a feature moved from the training rows. `chance`: adjusted p-value of the move."""

    population_stability_index: Annotated[float, Field(ge=0)]
    chance: Annotated[float, Field(ge=0, le=1)]


class Latency(Part):
    """Time to an answer, in milliseconds."""

    p50: Annotated[float, Field(ge=0)]
    p95: Annotated[float, Field(ge=0)]


class Snapshot(Part):
    """`telemetry/<m>/<id>.json`: one window of a version in service, on one step of its rollout.

    `errors`: share of requests without an answer. `labelled_rows`: rows whose outcome is known.
    """

    model: Name
    version: Semver
    model_digest: Digest
    step: Name
    begins: Moment
    ends: Moment
    rows: Count
    labelled_rows: Count
    performance: dict[str, Watched]
    fairness: dict[str, Watched]
    drift: dict[str, Shift]
    errors: Share
    latency_ms: Latency


class Statement(Part):
    """`models/<m>/provenance.json`: an in-toto Statement with SLSA provenance v1."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    subject: tuple[dict[str, str | dict[str, str]], ...]
    predicate_type: Annotated[
        Literal["https://slsa.dev/provenance/v1"], Field(alias="predicateType")
    ]
    predicate: dict[str, object]


class RetrainedModel(Part):
    """What one retraining did to one model."""

    outcome: Literal["retrained", "unchanged"]
    training_hash: Digest
    model_digest: Digest


class LastRetrain(Part):
    """`last_retrain.json`: the newest run of `charter retrain`.

    `started_at`, `finished_at` and `host` are its only clock fields.
    """

    commit: Commit
    uncommitted: tuple[str, ...]
    command: tuple[str, ...]
    exit_code: int
    started_at: datetime
    finished_at: datetime
    host: dict[str, str]
    lock_digest: Digest
    datasets: dict[Name, Digest]
    code_digest: Digest
    params_digest: Digest
    environment_digest: Digest
    models: dict[Name, RetrainedModel]
    seal: Digest

    def sealed(self) -> str:
        """The digest of everything but the seal: a field that was edited breaks it."""
        return digest.of_value(self.model_dump(mode="json", exclude={"seal"}))


ROOT: Final = "artifacts/ml"
KINDS: Final[dict[str, type[Part]]] = {
    "validation": Validation,
    "preparation": Preparation,
    "privacy": PrivacyReport,
    "bias": BiasScan,
    "training": TrainingRun,
    "metrics": Metrics,
    "metadata": Metadata,
    "telemetry": Telemetry,
    "provenance": Statement,
    "last_retrain": LastRetrain,
    "snapshot": Snapshot,
}
"""Kind of an evidence file by its stem; a snapshot by its folder."""
SNAPSHOTS: Final = f"{ROOT}/telemetry"
"""Folder of the telemetry snapshots, one folder per model below it."""


def of_dataset(name: str, stem: str) -> RepoPath:
    """Path of an evidence file of a dataset."""
    return f"{ROOT}/datasets/{name}/{stem}.json"


def of_model(name: str, stem: str) -> RepoPath:
    """Path of an evidence file of a model."""
    return f"{ROOT}/models/{name}/{stem}.json"


LAST_RETRAIN: Final = f"{ROOT}/last_retrain.json"


def kind_of(path: str) -> type[Part] | None:
    """The evidence class of a path, or None when no evidence of that name exists."""
    if not path.startswith(f"{ROOT}/") or not path.endswith(".json"):
        return None
    if path.startswith(f"{SNAPSHOTS}/"):
        return Snapshot
    return KINDS.get(path.rsplit("/", 1)[-1].removesuffix(".json"))
