"""A window of a version in service, measured: how it did, beside the version before it.

The requests it answered are given as a file; the version and the one it would go back to answer
them again here, so that both are held against the same outcomes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapters import modelfile
from adapters.git import Revision
from governance import catalogue, digest, drift, gaps, jsontext
from governance.digest import rounded, short
from governance.evidence import (
    SNAPSHOTS,
    GroupReport,
    Latency,
    Metrics,
    Shift,
    Snapshot,
    Watched,
    of_model,
)
from governance.finding import CouldNotJudge
from governance.model import Model
from governance.release import Rollout
from pipelines import evaluate, frames, inputs, pinned, registry_entry
from pipelines.append import real
from pipelines.confirmed import Base, base
from pipelines.fetch_model import fetch
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.version import Version


@dataclass(frozen=True, slots=True)
class Window:
    """When requests were answered, and how the service did meanwhile.

    `errors`: share of requests without an answer. `p50`, `p95`: milliseconds to an answer.
    """

    begins: datetime
    ends: datetime
    errors: float
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class _Served:
    """A version as it was registered: its entry, its declaration and its metrics."""

    entry: Version
    declared: Model
    metrics: Metrics


def snapshot(
    root: Path, model: str, sources: Sequence[Path], window: Window,
    say: Callable[[str], None] = lambda _: None,
) -> Snapshot:  # fmt: skip
    """What the version that the governed branch rolls out did in a window.

    Args:
        root: top of the repository.
        model: the model.
        sources: Parquet or CSV files of the requests: the columns the model reads, its protected
            attributes and, as far as it is known, the outcome.
        window: when, and how the service did.
        say: told what is being done.

    Raises:
        Refused: the model is not rolled out, the window is none, a file or a column is missing,
            or the bucket holds other bytes.
        CouldNotJudge: the law does not load, or the bucket does not answer.
    """
    if window.ends <= window.begins:
        msg = "the window ends before it begins\n  fix: swap --begins and --ends"
        raise Refused(msg)
    law = base(root)
    wanted = _rollout(law, model)
    served = _served(root, law, model, wanted.version)
    contract = inputs.contract(served.declared.dataset, root)
    rows, known = frames.answered(sources, served.declared, contract)
    say(f"{model} {wanted.version} answers {len(known):,} requests again")
    scores = _answers(root, law, served, rows)
    prior = _prior(root, law, wanted)
    before: np.ndarray | None = None
    if prior is not None and known.any():
        say(f"{model} {prior.entry.version} answers them as well")
        asked, _ = frames.answered(sources, prior.declared, contract)
        before = _answers(root, law, prior, asked)
    labelled = rows.where(known)
    return Snapshot(
        model=model,
        version=wanted.version,
        model_digest=served.entry.digest,
        step=wanted.step,
        begins=window.begins,
        ends=window.ends,
        rows=len(known),
        labelled_rows=int(known.sum()),
        performance=_performance(served.declared, labelled, scores, before, known),
        fairness=_fairness(served.declared, labelled, scores, before, known),
        drift=_drift(served, rows),
        errors=rounded(window.errors),
        latency_ms=Latency(p50=rounded(window.p50), p95=rounded(window.p95)),
    )


def write(root: Path, found: Snapshot) -> str:
    """Path of the snapshot's file; the same window again is the same file.

    Raises:
        Refused: another snapshot of that window is there.
    """
    path = f"{SNAPSHOTS}/{found.model}/{found.begins:%Y%m%dt%H%M%Sz}-{found.version}.json"
    real(root, path)
    if (root / path).exists():
        if inputs.read(path, Snapshot, root) == found:
            return path
        raise Refused(f"{path} is there and says something else\n  fix: a window is measured once")
    inputs.write(path, found, root)
    return path


def _rollout(law: Base, model: str) -> Rollout:
    for found in law.declarations.all(Rollout):
        if found.value.model == model:
            return found.value
    msg = f"models/{model}/rollout.yaml of {law.name} is missing: {model} is not rolled out"
    raise Refused(f"{msg}\n  fix: a change that adds it, see docs/rollout.md")


def _prior(root: Path, law: Base, wanted: Rollout) -> _Served | None:
    """The approved version that would take over."""
    if wanted.rollback_to is None or wanted.rollback_to == wanted.version:
        return None
    return _served(root, law, wanted.model, wanted.rollback_to)


def _served(root: Path, law: Base, model: str, version: str) -> _Served:
    entry = registry_entry.entry(root, law, model, version).value
    tree = Revision(root, pinned.commit_of(root, model, version))
    paths = (f"models/{model}/model.yaml", of_model(model, "metrics"))
    texts = dict(tree.read_many(paths))
    if digest.of_bytes(texts.get(paths[1], b"")) != entry.evidence.get("metrics"):
        msg = f"the commit that brought {model} {version} holds other metrics than its entry names"
        raise CouldNotJudge(f"{msg}\n  fix: find out who rewrote it: charter audit")
    declared, _, _ = catalogue.read(paths[0], texts.get(paths[0], b""))
    if not isinstance(declared, Model):
        msg = f"{paths[0]} of the commit that brought {version} does not load"
        raise CouldNotJudge(msg)
    jsontext.load(texts[paths[1]])
    return _Served(entry, declared, Metrics.model_validate_json(texts[paths[1]], strict=True))


def _answers(root: Path, law: Base, served: _Served, rows: frames.Rows) -> np.ndarray:
    trusted, entry = registry_entry.policy(law).trusted_types, served.entry
    with tempfile.TemporaryDirectory() as folder:
        target = fetch(root, entry.model, entry.version, Path(folder, "model"))
        try:
            fitted = modelfile.load(target / modelfile.NAME, trusted)
        except modelfile.Untrusted as error:
            raise Refused(f"{entry.model} {short(entry.digest)}: {error}") from None
        return evaluate.answers(served.declared, fitted, rows.features)


def _performance(
    model: Model, rows: frames.Rows, scores: np.ndarray, before: np.ndarray | None, known: Any
) -> dict[str, Watched]:
    """Metrics on the rows whose outcome is known; none where they show one class only."""
    if len(np.unique(rows.target)) < 2:  # noqa: PLR2004 - one outcome teaches nothing
        return {}
    now = evaluate.performance(model, rows.target, scores[known])
    then = {} if before is None else evaluate.points(model, rows.target, before[known])
    return {
        name: Watched(value=m.value, low=m.low, high=m.high, reference=then.get(name))
        for name, m in now.items()
    }


def _fairness(
    model: Model, rows: frames.Rows, scores: np.ndarray, before: np.ndarray | None, known: Any
) -> dict[str, Watched]:
    if len(np.unique(rows.target)) < 2:  # noqa: PLR2004
        return {}
    found = {}
    for attribute in model.protected:
        report = evaluate.fairness(model, rows, scores[known], attribute)
        then = None
        if before is not None:
            then = evaluate.fairness(model, rows, before[known], attribute).disparities
        for name, value in report.disparities.items():
            found[f"{name} by {attribute}"] = Watched(
                value=value,
                low=_least(name),
                high=rounded(max(value, _widest(name, report))),
                reference=None if then is None else then.get(name),
            )
    return found


def _least(metric: str) -> float:
    """A gap is never known to be there at all."""
    return 1.0 if metric == "mean_absolute_error_ratio" else 0.0


def _widest(metric: str, report: GroupReport) -> float:
    return max((gap.widest for gap in gaps.pairs(metric, report, 0.95)), default=0.0)


def _drift(served: _Served, rows: frames.Rows) -> dict[str, Shift]:
    """How far each feature moved from the training rows, with p-values for all together."""
    counted = {
        name: (reference.trained, evaluate.counts(rows.features[name], reference))
        for name, reference in served.metrics.drift.items()
    }
    chances = drift.adjusted(
        {name: drift.same_shares(*drift.pooled(*sides)) for name, sides in counted.items()}
    )
    return {
        name: Shift(
            population_stability_index=rounded(drift.population_stability_index(*sides)),
            chance=rounded(chances[name], 9),
        )
        for name, sides in sorted(counted.items())
    }


def paths(given: Iterable[Path]) -> list[Path]:
    """The files named, and those in folders that are named.

    Raises:
        Refused: one is not there, or holds neither Parquet nor CSV.
    """
    found: list[Path] = []
    for path in given:
        inside = sorted([*path.rglob("*.parquet"), *path.rglob("*.csv")]) if path.is_dir() else []
        if path.is_file() and path.suffix in {".parquet", ".csv"}:
            inside = [path]
        if not inside:
            raise Refused(f"{path}: no Parquet or CSV file\n  fix: name the file of the requests")
        found += inside
    return found
