"""Every run as its evidence tells it: what went in, what came out, and how two runs differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from governance.digest import short
from governance.evidence import Metadata, Metrics
from governance.finding import CouldNotJudge, Verdict
from governance.gates import Gates, demanded

if TYPE_CHECKING:
    from governance.model import Model

_DECIDING = ("dataset", "features", "target", "task", "training")
"""Fields of `model.yaml` that are parameters of a run."""
_WORST = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Logged:
    """A run that left evidence.

    `commit` is the oldest one with it, none when it is not committed; `experiment` the name that
    `dvc exp` gave it; `current` says that it is the evidence in the tree. `metrics` is None where
    the whole evaluation is not beside it or not readable.
    """

    metadata: Metadata
    params: Mapping[str, Any]
    metrics: Metrics | None
    commit: str | None
    at: datetime
    experiment: str | None = None
    current: bool = False

    @property
    def name(self) -> str:
        """What people call it: its experiment, else the first digits of its training hash."""
        return self.experiment or short(self.metadata.training_hash)

    @property
    def measured(self) -> dict[str, float]:
        """Performance and fairness by the names of `metadata.json`."""
        return {**self.metadata.metrics, **self.metadata.fairness}

    @property
    def digests(self) -> dict[str, str]:
        """Digests of data, code and environment."""
        inputs = self.metadata.inputs
        return {"data": inputs.dataset, "code": inputs.code, "environment": inputs.environment}


def params(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in the plain values of a `model.yaml`, by dotted name."""
    return dict(_flat({key: declared[key] for key in _DECIDING if key in declared}, ""))


def _flat(value: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, tuple(value) if isinstance(value, list) else value


def verdict(run: Logged, model: Model, gates: Gates) -> Verdict | None:
    """The worst word of today's gates on a run; None where its evaluation is not known."""
    if run.metrics is None:
        return None
    bounds = demanded(model, gates)
    said = {result.verdict for result in bounds.judge(run.metrics, model.protected)}
    return next((word for word in _WORST if word in said), Verdict.PASS)


@dataclass(frozen=True, slots=True)
class Difference:
    """How one run differs from another: values of the first, values of the second."""

    params: Mapping[str, tuple[Any, Any]]
    inputs: Mapping[str, tuple[str, str]]
    libraries: Mapping[str, tuple[str | None, str | None]]
    metrics: Mapping[str, tuple[float | None, float | None]]

    def summary(self) -> str:
        """What went in otherwise, in one line."""
        words = [f"{key} {_said(one)} → {_said(other)}" for key, (one, other)
                 in self.params.items()]  # fmt: skip
        words += [f"{name} {short(one)} → {short(other)}" for name, (one, other)
                  in self.inputs.items() if name != "environment"]  # fmt: skip
        words += [f"{name} {one or 'none'} → {other or 'none'}" for name, (one, other)
                  in self.libraries.items()]  # fmt: skip
        return "; ".join(words)


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return "none" if value is None else str(value)


def difference(one: Logged, other: Logged) -> Difference:
    """Everything in which two runs differ; all metrics, equal or not."""
    return Difference(
        params=_apart(one.params, other.params),
        inputs=_apart(one.digests, other.digests),
        libraries=_apart(one.metadata.environment, other.metadata.environment),
        metrics={
            name: (one.measured.get(name), other.measured.get(name))
            for name in sorted(one.measured.keys() | other.measured.keys())
        },
    )


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        key: (one.get(key), other.get(key))
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    }


def changes(runs: Sequence[Logged]) -> list[Difference | None]:
    """How each run differs from the one of its model before it; runs are given newest first."""
    last: dict[str, Logged] = {}
    found: list[Difference | None] = []
    for run in reversed(runs):
        before = last.get(run.metadata.model)
        found.append(difference(before, run) if before else None)
        last[run.metadata.model] = run
    return found[::-1]


def pick(runs: Iterable[Logged], name: str) -> Logged:
    """The run that a name means: an experiment, or the beginning of a training hash or commit.

    Raises:
        CouldNotJudge: it means none or several.
    """
    found = [
        run
        for run in runs
        if name == run.experiment
        or (len(name) >= 4  # noqa: PLR2004 - as Git has it
            and any(text.startswith(name) for text in _names(run)))
    ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    hint = ", ".join(f"{run.metadata.model} {run.name}" for run in found[:5])
    msg = f"{name} means {f'several runs: {hint}' if found else 'no run'}; see `charter runs`"
    raise CouldNotJudge(msg)


def _names(run: Logged) -> tuple[str, ...]:
    digest = run.metadata.training_hash
    return (digest, digest.removeprefix("sha256:"), run.commit or "")


def unrepeatable(runs: Iterable[Logged]) -> list[tuple[Logged, Logged]]:
    """Pairs of runs whose inputs are the same and whose models are not.

    Whoever trains again until the numbers please leaves such a pair (threat B62).
    """
    seen: dict[tuple[str, str], Logged] = {}
    found = []
    for run in runs:
        key = (run.metadata.model, run.metadata.training_hash)
        other = seen.setdefault(key, run)
        if other.metadata.model_digest != run.metadata.model_digest:
            found.append((other, run))
    return found
