"""Whether a release is in order, from a clone alone: no bucket, no forge, no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from governance import deployment, promotion, rollout
from governance.digest import short
from governance.release import Rollout
from governance.rollout import Change
from pipelines import registry_entry, registry_tag
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry
from pipelines.roll_out import change_of, doubted
from pipelines.rollout_state import State, state


@dataclass(frozen=True, slots=True)
class Verified:
    """A release and everything that is wrong with it; nothing is when it may go ahead."""

    entry: Entry
    step: str
    lacking: tuple[str, ...]


def verify(root: Path, model: str, version: str | None, now: datetime) -> Verified:
    """How the release of a model stands by what is committed and signed.

    Entry, reviews, decisions, approvals for the step, the gates of the step, incidents, the way
    back and the tag: whatever cannot be shown is missing.

    Args:
        root: top of the repository.
        model: the model.
        version: the version it has to be; the one rolled out when none.
        now: the moment of judgement.

    Raises:
        Refused: the governed branch rolls out nothing, or another version.
        CouldNotJudge: the law or a record cannot be read.
    """
    here = state(root, now)
    declared = next(
        (one for one in here.law.declarations.all(Rollout) if one.value.model == model), None
    )
    if declared is None:
        msg = f"{model} has no rollout.yaml on {here.law.name}, so nothing is to be released"
        raise Refused(f"{msg}\n  fix: add one, and merge it")
    wanted = declared.value
    if version not in {None, wanted.version}:
        msg = f"{declared.path} of {here.law.name} releases {wanted.version}, not {version}"
        raise Refused(f"{msg}\n  fix: release that version, or change the rollout")
    entry = registry_entry.entry(root, here.law, model, wanted.version)
    stands = deployment.standing(here.ground.history(model))
    change = change_of(here, declared, stands)
    lacking = (*doubted(here, entry, wanted.step), *_tag(here, entry), *_gates(here, change))
    return Verified(entry, wanted.step, tuple(dict.fromkeys(lacking)))


def _tag(here: State, entry: Entry) -> Iterator[str]:
    fix = f"charter register {entry.value.model}, then push the tag"
    try:
        if wrong := registry_tag.trouble(here.root, here.law, entry):
            yield f"{wrong}\n  fix: find out who made it so: see `charter audit`"
    except LookupError as name:
        yield f"the tag {name} is not here ({short(entry.value.digest)})\n  fix: {fix}"


def _gates(here: State, change: Change) -> Iterator[str]:
    """The gates of the step, and those that hold for a version in service as well."""
    found = list(promotion.obstacles(here.ground, change))
    if not change.grows:  # released again: what people meet still has to be decided about
        model = change.after.model
        found += [("incidents/triaged", f) for f in promotion.triaged(here.ground, model)]
        if change.move == "stay":
            target = rollout.target(
                here.release, change.after, here.ground.history(model), here.now
            )
            for problem, fix in target:
                yield f"{change.path}: {problem}  [rollout/rollback]\n  fix: {fix}"
    for rule, one in found:
        yield f"{one.at}: {one.problem}  [{rule}]\n  fix: {one.fix}"
