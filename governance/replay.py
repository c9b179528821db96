"""Whether a run can be repeated: what its evidence claims, beside what came out again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from governance.attestation import OWN
from governance.digest import short

if TYPE_CHECKING:
    from governance.evidence import Metadata, Metrics

PROPERTY: Final = "CHARTER_REPLAYED"
"""What a replay that passed says of a model, in the words of a verification summary."""
_MOST: Final = 5
"""Differences told one by one."""
_APART: Final = frozenset({"model_digest", "probe", "tool"})
"""Fields of the metrics that are compared as parts of their own."""


class Alike(StrEnum):
    """How one part of a run compares with its repetition."""

    SAME = "same"
    DIFFERS = "differs"
    UNKNOWN = "not compared"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the comparison. Of those that do not bind, a difference is only told."""

    name: str
    alike: Alike
    binds: bool = True
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What a run came to. `environment` holds versions of libraries, those of its tools too."""

    dataset_digest: str
    prepared_digest: str
    model_digest: str
    metrics: Metrics
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Replay:
    """A run and its repetition, compared part by part.

    `causes` says in words what is behind a difference; `notes` under which conditions it was run.
    """

    model: str
    version: str | None
    commit: str
    digest: str
    parts: tuple[Part, ...]
    causes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every part that binds came out the same."""
        return all(part.alike is Alike.SAME for part in self.parts if part.binds)

    @property
    def result(self) -> str:
        """`PASSED` or `FAILED`, as a test result has it."""
        return "PASSED" if self.passed else "FAILED"

    def facts(self) -> dict[str, Any]:
        """All of it as plain values; counts, digests and metrics, never a row."""
        return {
            "result": self.result,
            "model": self.model,
            "version": self.version,
            "commit": self.commit,
            "digest": self.digest,
            "parts": {
                part.name: {
                    "outcome": part.alike.value,
                    "binds": part.binds,
                    "details": list(part.details),
                }
                for part in self.parts
            },
            "causes": list(self.causes),
            "notes": list(self.notes),
        }

    def predicate(self, at: str, explains: Mapping[str, str]) -> dict[str, Any]:
        """The predicate of a simple verification result (SVR).

        Args:
            at: the moment of the replay, ISO 8601.
            explains: the cause of each earlier replay that failed, by the id of its record.
        """
        return {
            "verifier": {"id": "urn:charter:replay:v1"},
            "timeCreated": at,
            "properties": [PROPERTY] if self.passed else [],
            OWN: {"review": "replay", **self.facts(), "explains": dict(explains)},
        }


def compare(claimed: Run, found: Run, told: Metadata | None) -> Iterator[Part]:
    """Every part of two runs, in the order in which one decides the next.

    Args:
        claimed: what the evidence says.
        found: what the repetition came to.
        told: `metadata.json`, which repeats the metrics.
    """
    yield _digests("landed data", claimed.dataset_digest, found.dataset_digest)
    yield _digests("prepared data", claimed.prepared_digest, found.prepared_digest)
    yield predictions("predictions", claimed.metrics, found.metrics)
    yield _part("metrics", [*measured(claimed.metrics, found.metrics), *_repeated(found, told)])
    yield _digests("model bytes", claimed.model_digest, found.model_digest, binds=False)
    yield _part("environment", _libraries(claimed, found), binds=False)


def predictions(name: str, claimed: Metrics, found: Metrics) -> Part:
    """What two models said of the held-out rows, to the last bit."""
    one, other = claimed.probe, found.probe
    if one is None or other is None:
        return Part(name, Alike.UNKNOWN, details=("the evidence keeps no digest of predictions",))
    if one == other:
        return Part(name, Alike.SAME)
    claim = f"claimed {short(one.digest)} over {one.rows:,} rows"
    return _part(name, [f"{claim}, came out {short(other.digest)} over {other.rows:,}"])


def measured(claimed: Metrics, found: Metrics) -> list[str]:
    """Every number that two evaluations do not share."""
    one, other = (_flat(metrics.model_dump(mode="json")) for metrics in (claimed, found))
    return [
        f"{key}: claimed {one.get(key, 'nothing')}, came out {other.get(key, 'nothing')}"
        for key in sorted(one.keys() | other.keys())
        if key.partition(".")[0] not in _APART and one.get(key) != other.get(key)
    ]


def _repeated(found: Run, told: Metadata | None) -> list[str]:
    """Numbers of `metadata.json` that are not those of the repetition."""
    if told is None:
        return ["metadata.json is missing"]
    performance = {name: measure.value for name, measure in found.metrics.performance.items()}
    fairness = {
        f"{gap} by {attribute}": value
        for attribute, report in found.metrics.fairness.items()
        for gap, value in report.disparities.items()
    }
    return [
        f"metadata.json {key}: claimed {one.get(key, 'nothing')},"
        f" came out {other.get(key, 'nothing')}"
        for one, other in ((told.metrics, performance), (told.fairness, fairness))
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _libraries(claimed: Run, found: Run) -> list[str]:
    one, other = claimed.environment, found.environment
    return [
        f"{name}: {one.get(name, 'none')} then, {other.get(name, 'none')} here"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


def _flat(value: Any, key: str = "") -> dict[str, Any]:
    """Leaves of nested mappings and lists by their dotted path."""
    if isinstance(value, dict):
        pairs: Iterable[tuple[Any, Any]] = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    else:
        return {key: value}
    return {
        path: leaf
        for name, part in pairs
        for path, leaf in _flat(part, f"{key}.{name}" if key else str(name)).items()
    }


def _digests(name: str, claimed: str, found: str, *, binds: bool = True) -> Part:
    if claimed == found:
        return Part(name, Alike.SAME, binds)
    return _part(name, [f"claimed {short(claimed)}, came out {short(found)}"], binds=binds)


def _part(name: str, differences: list[str], *, binds: bool = True) -> Part:
    told = differences[:_MOST]
    if len(differences) > _MOST:
        told.append(f"and {len(differences) - _MOST} more")
    return Part(name, Alike.DIFFERS if differences else Alike.SAME, binds, tuple(told))


@dataclass(frozen=True, slots=True)
class Signs:
    """What was seen beside the numbers, from which a cause can be named.

    `edited` says that `dvc.lock` names other bytes than those of `metrics.json`; `commands` holds
    what `dvc.yaml` lets a step run that is designed otherwise.
    """

    edited: bool
    commands: Mapping[str, str]


def causes(parts: Iterable[Part], signs: Signs) -> Iterator[str]:
    """What is behind the differences, in words."""
    found = {part.name: part.alike for part in parts}
    numbers = {found.get("predictions"), found.get("metrics")}
    if Alike.DIFFERS in numbers and signs.edited:
        yield "metrics.json was edited after the run: dvc.lock names other bytes"
    elif Alike.DIFFERS in numbers and not signs.commands:
        yield "dvc.lock is forged or the run cannot be repeated: its inputs do not give its result"
    for step, command in sorted(signs.commands.items()):
        yield f"dvc.yaml lets step {step} run {command}"
    if found.get("governed steps") is Alike.DIFFERS:
        yield "the change measures itself: the governed branch's own steps come to other numbers"
    if found.get("landed data") is Alike.DIFFERS:
        yield "the evidence is about other data than were landed"
    if found.get("kept model") is Alike.DIFFERS:
        yield "the kept model bytes are not those that this run gives"
    if found.get("environment") is Alike.DIFFERS and Alike.DIFFERS in numbers:
        yield "libraries differ, which may be the whole reason: repeat it with those of the lock"
