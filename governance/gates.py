"""What a model must show before anyone is asked to approve it (`policies/gates.yaml`)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from governance import weighing
from governance.bias import BiasLimits
from governance.bounds import ChampionBound, SliceBound, Threshold
from governance.declaration import Part, Policy
from governance.drift import adjusted
from governance.finding import Verdict
from governance.strictness import More
from governance.weighing import Weighed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from governance.comparison import Comparison
    from governance.evidence import Metrics
    from governance.model import Model, ModelGates


class TaskGates(Part):
    """Bounds for all models of one task."""

    performance: Annotated[tuple[Threshold, ...], Field(min_length=1), More]
    """Bounds on how well the model predicts."""
    fairness: Annotated[tuple[Threshold, ...], Field(min_length=1), More]
    """Bounds on how differently it treats groups."""
    champion: Annotated[tuple[ChampionBound, ...], More] = ()
    """Bounds on what it may lose against the version in production."""
    slices: Annotated[tuple[SliceBound, ...], More] = ()
    """Bounds on how well it predicts inside slices of the rows."""


class Gates(Policy):
    """Bounds by task. A model may add bounds of its own, never loosen these."""

    classification: TaskGates
    """Bounds for classifiers."""
    regression: TaskGates
    """Bounds for regressors."""
    bias: BiasLimits = BiasLimits()
    """Bounds on the data, before training."""

    def task(self, name: str) -> TaskGates:
        """The bounds of `classification` or `regression`."""
        return self.classification if name == "classification" else self.regression


@dataclass(frozen=True, slots=True)
class Demanded:
    """Every bound one model is held to, without repetitions."""

    performance: tuple[Threshold, ...]
    fairness: tuple[Threshold, ...]
    champion: tuple[ChampionBound, ...]
    slices: tuple[SliceBound, ...] = ()

    def judge(self, metrics: Metrics, protected: Iterable[str]) -> Iterator[GateResult]:
        """The verdict of every bound but those beside the champion."""
        return judge(self.performance, self.fairness, metrics, protected, self.slices)


def demanded(model: Model, *policies: Gates) -> Demanded:
    """The bounds of each policy and the model's own."""
    sources: list[TaskGates | ModelGates] = [gates.task(model.task) for gates in policies]
    sources.append(model.gates)
    performance = {bound for source in sources for bound in source.performance}
    fairness = {bound for source in sources for bound in source.fairness}
    champion = {bound for source in sources for bound in source.champion}
    slices = {bound for source in sources for bound in source.slices}
    return Demanded(
        tuple(sorted(performance, key=str)),
        tuple(sorted(fairness, key=str)),
        tuple(sorted(champion, key=str)),
        tuple(sorted(slices, key=str)),
    )


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one bound says about one measured value.

    `group`: the protected attribute of a fairness bound, the slice of one on slices. `why`: what
    an inconclusive one lacks.
    """

    threshold: Threshold | ChampionBound
    verdict: Verdict
    measured: str
    group: str | None = None
    why: str | None = None

    def __str__(self) -> str:
        about = f" by {self.group}" if self.group else ""
        reason = f"; {self.why}" if self.why else ""
        return f"{self.threshold}{about}: {self.measured}{reason}"


def judge(
    performance: Iterable[Threshold],
    fairness: Iterable[Threshold],
    metrics: Metrics,
    protected: Iterable[str],
    slices: Iterable[SliceBound] = (),
) -> Iterator[GateResult]:
    """The verdict of every bound. A metric that was not measured is an error, never a pass.

    A fairness bound is judged for each protected attribute, declared or measured, on the rows
    of its smallest group; a performance bound on the evaluation rows; a bound on slices on the
    rows of each.
    """
    found = [weighing.performance(bound, metrics) for bound in performance]
    yield from _settled("performance", found)
    inside = [weighed for bound in slices for weighed in weighing.slices(bound, metrics)]
    yield from _settled("slices", inside)
    attributes = sorted({*protected, *metrics.fairness})
    yield from _settled(
        "fairness",
        [
            weighing.fairness(bound, attribute, metrics.fairness.get(attribute))
            for bound in fairness
            for attribute in attributes
        ],
    )


def beside_champion(
    bounds: Iterable[ChampionBound], comparison: Comparison
) -> Iterator[GateResult]:
    """The verdict of every bound on what the candidate may lose against the champion."""
    found = [weighing.loss(bound, comparison.metrics.get(bound.metric)) for bound in bounds]
    yield from _settled("champion", found)


def _settled(part: str, found: list[Weighed]) -> Iterator[GateResult]:
    """Verdicts, once the alarms of each family are known together (Benjamini-Hochberg)."""
    families: dict[str, dict[str, float]] = defaultdict(dict)
    for place, weighed in enumerate(found):
        family = families[weighed.bound.family or part]
        family |= {f"{place}.{n}": alarm.chance for n, alarm in enumerate(weighed.alarms)}
    sure = {
        name: chance for chances in families.values() for name, chance in adjusted(chances).items()
    }
    for place, weighed in enumerate(found):
        verdict, why = weighed.verdict, weighed.why
        raised = [
            (sure[f"{place}.{n}"], alarm) for n, alarm in enumerate(weighed.alarms) if alarm.beyond
        ]
        if raised and weighed.bound.confidence is not None:
            chance, alarm = min(raised, key=lambda pair: pair[0])
            if chance <= 1 - weighed.bound.confidence:
                verdict, why = Verdict.FAIL, None
            else:
                why = alarm.further(weighed.bound.confidence, chance)
        yield GateResult(weighed.bound, verdict, weighed.measured, weighed.group, why)
