"""What stands in the way of a promotion: every gate of one step, asked in the same words anywhere.

The rules ask it of a proposed change; `charter plan` and `charter apply` of what is deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from governance import health, incidents, rollout
from governance.declaration import Declared
from governance.deployment import Deployed, standing, taken_back
from governance.due import Sources
from governance.evidence import Snapshot
from governance.finding import Finding, Place, Verdict
from governance.health import Window
from governance.model import Model
from governance.monitoring import Monitoring
from governance.obligations import calendar
from governance.records import Incident
from governance.release import Release
from governance.rollout import Change
from governance.version import Version


@dataclass(frozen=True, slots=True)
class Ground:
    """What a promotion is judged on."""

    release: Release
    monitoring: Monitoring
    sources: Sources

    @classmethod
    def of(cls, sources: Sources) -> Ground:
        """The ground that policies of the base and records of the tree give."""
        release = sources.law.one(Release, "release").value
        return cls(release, sources.law.one(Monitoring, "monitoring").value, sources)

    @property
    def now(self) -> datetime:
        """The moment of judgement."""
        return self.sources.now

    def history(self, model: str) -> tuple[Deployed, ...]:
        """Deployments of one model, oldest first."""
        return tuple(one for one in self.sources.history if one.what.model == model)


def step(ground: Ground, change: Change) -> Iterator[Finding]:
    """The change leads to the next step."""
    if problem := rollout.refused(ground.release, change):
        first = ground.release.steps[0].id
        fix = f"step: {first}" if change.move == "leap" else "take one step at a time"
        yield Finding(change.at("step"), problem, fix)
    wanted = change.after
    since = taken_back(ground.history(wanted.model), wanted.version)
    if change.move == "begin" and since is not None:
        found = incidents.cases(ground.sources.own.all(Incident))
        if not any(c.model == wanted.model and c.at >= since and c.closed_at for c in found):
            problem = f"{wanted.version} of {wanted.model} was taken back on {since:%Y-%m-%d %H:%M}"
            fix = "close the incident that says why, or roll out another version"
            yield Finding(change.at("version"), problem, fix)


def soak(ground: Ground, change: Change) -> Iterator[Finding]:
    """The step before has lasted as long as the policy asks."""
    stands = standing(ground.history(change.after.model))
    if problem := rollout.waiting(ground.release, change, stands, ground.now):
        model = change.after.model
        on = (
            stands is not None
            and change.before is not None
            and stands.is_on(change.before.version, change.before.step)
        )
        fix = "wait until then" if on else f"charter apply {model}, and commit the statement"
        yield Finding(change.at("step"), problem, fix)


def healthy(ground: Ground, change: Change) -> Iterator[Finding]:
    """The step before was watched all the time, and was well."""
    before, model = change.before, change.after.model
    stands = standing(ground.history(model))
    if change.move != "advance" or before is None or stands is None:
        return
    if not stands.is_on(before.version, before.step):
        return  # `soak` says so
    shots = [
        (path, shot)
        for path, shot in sorted(ground.sources.evidence.items())
        if isinstance(shot, Snapshot) and shot.model == model
    ]
    window = Window(
        before.version, before.step, stands.newest.what.digest, stands.since, ground.now
    )
    for found in health.judge(window, shots, ground.monitoring, ground.release.service):
        where = f"{before.version} of {model} on {before.step}"
        fix = f"charter rollback {model}, or explain it in a waiver"
        if found.verdict is Verdict.INCONCLUSIVE:
            fix = "publish the missing snapshots, or wait for more requests"
        at = Place(found.path, ("ends",)) if found.path else change.at("step")
        yield Finding(at, f"{where}: {found.problem}", fix, verdict=found.verdict)


def way_back(ground: Ground, change: Change) -> Iterator[Finding]:
    """There is a way back that was tried."""
    history = ground.history(change.after.model)
    field = "rollback_to" if change.after.rollback_to else "version"
    for problem, fix in rollout.target(ground.release, change.after, history, ground.now):
        yield Finding(change.at(field), problem, fix)
    named = change.after.rollback_to
    known = {
        (v.value.model, v.value.version): v.value.digest for v in ground.sources.law.all(Version)
    }
    if named and named != change.after.version and (change.after.model, named) not in known:
        problem = f"{named} of {change.after.model} is not registered on the governed branch"
        yield Finding(change.at(field), problem, "name a version that was approved and merged")


def triaged(ground: Ground, model: str) -> Iterator[Finding]:
    """Every gravest incident of the model was decided about."""
    records = {found.path: found for found in ground.sources.law.all(Incident)}
    records |= {found.path: found for found in ground.sources.own.all(Incident)}
    for case in incidents.untriaged(records.values(), model):
        yield Finding(
            Place(case.path),
            f"P0 {case.id} of {model} lacks {' and '.join(case.lacking)}: {case.summary}",
            f"record it: a file in records/incidents/ with `of: {case.id}`, owner and triage",
            (f"blocks: the next promotion of {model}",),
        )


def overdue(ground: Ground, model: str) -> Iterator[Finding]:
    """Nothing is overdue that concerns the model, or every model."""
    today = ground.now.date()
    for due in calendar(ground.sources):
        if due.hinders(model, today):
            problem = f"{due.id} was due on {due.on} and is {due.lateness(today)}: {due.title}"
            notes = (f"owner: {due.owner}", f"blocks: {due.reach}")
            yield Finding(due.at, problem, due.fix, notes)


OF_STEP: Final[dict[str, Callable[[Ground, Change], Iterator[Finding]]]] = {
    "rollout/step": step,
    "rollout/soak": soak,
    "rollout/healthy": healthy,
    "rollout/rollback": way_back,
}
"""What each rule asks of a step."""
OF_MODEL: Final[dict[str, Callable[[Ground, str], Iterator[Finding]]]] = {
    "incidents/triaged": triaged,
    "reviews/overdue": overdue,
}
"""What each rule asks of a model, whichever its step."""


def obstacles(ground: Ground, change: Change) -> Iterator[tuple[str, Finding]]:
    """Everything in the way of a change of exposure, by rule; nothing for one that shrinks it."""
    if not change.grows:
        return
    for rule, ask in OF_STEP.items():
        yield from ((rule, found) for found in ask(ground, change))
    for rule, wonder in OF_MODEL.items():
        yield from ((rule, found) for found in wonder(ground, change.after.model))


@dataclass(frozen=True, slots=True)
class Promotions:
    """What a proposed change promotes: rollouts that differ, and models with another champion."""

    ground: Ground
    changes: tuple[Change, ...]
    champions: tuple[Declared[Model], ...]
    malformed: tuple[Finding, ...] = ()

    @property
    def growing(self) -> tuple[Change, ...]:
        """Rollouts by which more people will meet a version."""
        return tuple(change for change in self.changes if change.grows)

    @property
    def models(self) -> tuple[str, ...]:
        """Models that are promoted in one way or the other."""
        named = [change.after.model for change in self.growing]
        return tuple(dict.fromkeys([*named, *(found.value.name for found in self.champions)]))


def champion(ground: Ground, declared: Declared[Model]) -> Iterator[Finding]:
    """The champion is the version that answers everybody, as a machine signed it."""
    model, named = declared.value.name, declared.value.champion
    last, stands = ground.release.steps[-1].id, standing(ground.history(model))
    if named is None or (stands is not None and stands.is_on(named, last)):
        return
    where = "nothing is deployed"
    if stands is not None:
        where = f"{stands.newest.what.version} is on {stands.newest.what.step}"
    problem = f"{named} of {model} is no champion yet, by what machines signed: {where}"
    yield Finding(declared.at("champion"), problem, f"roll it out to {last} first")
