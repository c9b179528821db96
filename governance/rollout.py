"""Growing exposure: where a version stands, as machines signed it, and what its next step needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Literal

from governance import period
from governance.deployment import Deployed, Standing, exercised, proven
from governance.finding import Place
from governance.release import Release, Rollout, Stage

if TYPE_CHECKING:
    from governance.catalogue import Declarations

Move = Literal["begin", "advance", "stay", "retreat", "return", "skip", "leap"]
"""What a change of `rollout.yaml` does; the last two are refused."""


def move(release: Release, before: Rollout | None, after: Rollout) -> Move:
    """What a change of desired state does."""
    to = release.position(after.step)
    if before is not None and before.version == after.version:
        at = release.position(before.step)
        if at is None or to is None:
            return "skip"
        return (
            "stay" if to == at else "advance" if to == at + 1 else "retreat" if to < at else "skip"
        )
    if before is not None and after.version == before.rollback_to:
        return "return"
    return "begin" if to == 0 else "leap"


@dataclass(frozen=True, slots=True)
class Change:
    """A rollout that differs between two trees."""

    path: str
    before: Rollout | None
    after: Rollout
    move: Move

    @property
    def grows(self) -> bool:
        """Whether more people will meet the version: what every gate is asked about."""
        return self.move not in {"stay", "retreat", "return"}

    def at(self, *route: str) -> Place:
        """A field of the rollout."""
        return Place(self.path, route)


def changes(release: Release, before: Declarations, after: Declarations) -> tuple[Change, ...]:
    """Rollouts that differ, with what each change does."""
    old = {found.value.model: found.value for found in before.all(Rollout)}
    return tuple(
        Change(found.path, was, found.value, move(release, was, found.value))
        for found in after.all(Rollout)
        if (was := old.get(found.value.model)) != found.value
    )


def refused(release: Release, change: Change) -> str | None:
    """Why a change of `rollout.yaml` is no next step, in words; None when it is one."""
    steps, wanted = [step.id for step in release.steps], change.after
    if change.move == "leap":
        first = f"{wanted.version} of {wanted.model} begins on {steps[0]}, not on {wanted.step}"
        return f"{first}: every version takes every step ({' → '.join(steps)})"
    if change.move == "skip" and change.before is not None:
        was = f"{wanted.version} of {wanted.model} is on {change.before.step}"
        return f"{was}: the next step is not {wanted.step} ({' → '.join(steps)})"
    return None


def ready(release: Release, step: str, since: datetime) -> datetime:
    """When a step that began at `since` has soaked."""
    found = release.step(step)
    start = since.astimezone(UTC)
    day = period.after(start.date(), found.soak) if found else start.date()
    return datetime.combine(day, time(start.hour, start.minute, start.second), UTC)


def waiting(release: Release, change: Change, stands: Standing | None, now: datetime) -> str | None:
    """Why the step before has not soaked, in words; None when it has, or when none comes before.

    Time counts from the signed statement of the step, never from the date of a commit.
    """
    if change.move != "advance" or change.before is None:
        return None
    version, step, model = change.before.version, change.before.step, change.after.model
    if stands is None or not stands.is_on(version, step):
        newest = stands.newest.what if stands else None
        where = f"{newest.version} is on {newest.step}" if newest else "nothing is deployed"
        return f"no machine has signed that {version} of {model} is on {step}: {where}"
    soaked = ready(release, step, stands.since)
    if now >= soaked:
        return None
    begun = f"{version} of {model} is on {step} since {stands.since:%Y-%m-%d %H:%M}"
    return f"{begun}; it has soaked on {soaked:%Y-%m-%d %H:%M} UTC"


def target(
    release: Release, rollout: Rollout, history: tuple[Deployed, ...], now: datetime
) -> Iterator[tuple[str, str]]:
    """What is wrong with the way back of a rollout: problem and remedy.

    A model whose versions never reached the last step has nothing to go back to: switched off, it
    leaves its callers where they were before.
    """
    named, model, last = rollout.rollback_to, rollout.model, release.steps[-1].id
    able = [version for version in proven(history, last) if version != rollout.version]
    if named is None:
        if able:
            problem = f"no rollback target is named, though {able[-1]} has served everybody"
            yield problem, f"rollback_to: {able[-1]}"
        return
    if named == rollout.version:
        yield f"{model} would go back to {named}, the version it leaves", "name an earlier version"
        return
    if named not in able:
        fix = f"name {' or '.join(able)}" if able else "leave rollback_to out"
        yield f"{named} of {model} never reached {last}, or was taken back from there", fix
    at = exercised(history, named)
    until = period.after(at.date(), release.rollback_drill_every) if at else None
    if until is None or until < now.date():
        since = f"was last exercised on {at:%Y-%m-%d}" if at else "was never exercised"
        problem = f"the way back to {named} {since}; it is every {release.rollback_drill_every}"
        yield problem, f"charter rollback {model} --drill"


def shares(
    release: Release, rollout: Rollout, stable: str | None
) -> dict[Stage, tuple[tuple[str, float], ...]]:
    """Versions and their shares of the requests, by stage.

    Stages before that of the step run the version alone, those after it the stable one; without a
    stable version the rest of the requests is answered by nobody, and the caller's default holds.
    """
    at = release.position(rollout.step) or 0
    found: dict[Stage, tuple[tuple[str, float], ...]] = {}
    for number, step in enumerate(release.steps):
        if number < at and step.stage != release.steps[at].stage:
            found[step.stage] = ((rollout.version, 1.0),)
        elif number == at:
            found[step.stage] = _split(rollout.version, step.exposure, stable)
        elif step.stage not in found:
            found[step.stage] = ((stable, 1.0),) if stable else ()
    return found


def _split(version: str, exposure: float, stable: str | None) -> tuple[tuple[str, float], ...]:
    if stable in {None, version} or exposure >= 1:
        return ((version, exposure if stable is None else 1.0),)
    return (version, exposure), (str(stable), round(1 - exposure, 6))
