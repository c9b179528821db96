"""Whether a version on a step of its rollout is well, from its telemetry snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from governance import drift
from governance.finding import Verdict

if TYPE_CHECKING:
    from governance.evidence import Snapshot, Watched
    from governance.monitoring import Monitoring
    from governance.release import ServiceBounds

LOWER_IS_BETTER: Final = frozenset(
    {"log_loss", "brier_score", "calibration_error", "expected_calibration_error",
     "mean_absolute_error", "root_mean_squared_error"}
)  # fmt: skip
"""Performance metrics of which a smaller value is better."""


@dataclass(frozen=True, slots=True)
class Window:
    """A step that was to be watched: which version, on which step, from when until when."""

    version: str
    step: str
    digest: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that keeps a step from counting as healthy. `path`: the snapshot, if it is one."""

    verdict: Verdict
    problem: str
    path: str | None = None


def judge(
    window: Window, snapshots: Iterable[tuple[str, Snapshot]], policy: Monitoring,
    service: ServiceBounds,
) -> Iterator[Symptom]:  # fmt: skip
    """What speaks against the step; nothing when it was watched throughout and is well.

    Args:
        window: the step.
        snapshots: those of the model, by path.
        policy: bounds on drift, performance, fairness and silence.
        service: bounds on errors and waiting.
    """
    own = sorted(
        (
            (path, one)
            for path, one in snapshots
            if (one.version, one.step) == (window.version, window.step)
            and one.ends > window.begins
            and one.begins < window.ends
        ),
        key=lambda item: (item[1].begins, item[0]),
    )
    yield from _covered(window, [one for _, one in own], policy.freshness.snapshot_minutes)
    rows = sum(one.rows for _, one in own)
    if rows < policy.drift.minimum_rows:
        problem = f"{rows:,} of {policy.drift.minimum_rows:,} rows: too few to tell drift"
        yield Symptom(Verdict.INCONCLUSIVE, problem)
    for path, one in own:
        if one.model_digest != window.digest:
            yield Symptom(Verdict.FAIL, "measured on other bytes than those of the version", path)
        for verdict, problem in _breaches(one, policy, service):
            yield Symptom(verdict, problem, path)


def _covered(window: Window, own: list[Snapshot], minutes: int) -> Iterator[Symptom]:
    """The times nobody watched: silence is an alarm, not health."""
    seen, gap = window.begins, timedelta(minutes=minutes)
    for one in own:
        if one.begins - seen > gap:
            yield _silent(seen, one.begins)
        seen = max(seen, one.ends)
    if window.ends - seen > gap:
        yield _silent(seen, window.ends)


def _silent(since: datetime, until: datetime) -> Symptom:
    form = "%Y-%m-%d %H:%M"
    problem = f"no telemetry from {since.strftime(form)} to {until.strftime(form)} UTC"
    return Symptom(Verdict.INCONCLUSIVE, problem)


def _breaches(
    one: Snapshot, policy: Monitoring, service: ServiceBounds
) -> Iterator[tuple[Verdict, str]]:
    if one.errors > service.errors_at_most:
        yield Verdict.FAIL, f"{one.errors:.2%} of requests failed, {service.errors_at_most:.2%} may"
    if one.latency_ms.p95 > service.p95_ms_at_most:
        words = f"95 of 100 answers took up to {one.latency_ms.p95:g} ms"
        yield Verdict.FAIL, f"{words}, {service.p95_ms_at_most} are allowed"
    if one.rows >= policy.drift.minimum_rows:
        for name, shift in sorted(one.drift.items()):
            distance, bound = shift.population_stability_index, policy.drift.at_most
            verdict = drift.verdict(
                distance, shift.chance, at_most=bound, confidence=policy.drift.confidence
            )
            if verdict is not Verdict.PASS:
                yield verdict, f"{name} has moved by {distance:.3g}, {bound:g} is the limit"
    if one.labelled_rows >= policy.performance.minimum_rows:
        if not set(policy.performance.metrics) & one.performance.keys():
            wanted = ", ".join(policy.performance.metrics)
            yield Verdict.INCONCLUSIVE, f"outcomes are known, and none of {wanted} was measured"
        for name in policy.performance.metrics:
            if (seen := one.performance.get(name)) is not None:
                yield from _worse(name, seen, policy.performance.relative)
        for name, seen in sorted(one.fairness.items()):
            grown = seen.value - (seen.reference or 0.0)
            if seen.reference is not None and grown > policy.fairness_drop:
                limit = policy.fairness_drop
                yield Verdict.FAIL, f"the gap {name} has grown by {grown:.3g}, {limit:g} is allowed"


def _worse(name: str, seen: Watched, allowed: float) -> Iterator[tuple[Verdict, str]]:
    """A breach: worse than allowed, and the interval leaves the reference out as well."""
    if seen.reference is None:
        return
    small = name in LOWER_IS_BETTER
    loss = seen.value - seen.reference if small else seen.reference - seen.value
    relative = loss / abs(seen.reference) if seen.reference else float(loss > 0)
    if relative <= allowed:
        return
    sure = seen.low > seen.reference if small else seen.high < seen.reference
    verdict = Verdict.FAIL if sure else Verdict.INCONCLUSIVE
    yield verdict, f"{name} {seen.value:g} is {relative:.1%} worse than {seen.reference:g}"
