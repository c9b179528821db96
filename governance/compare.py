"""The meanings of a change, from the declarations on both of its sides."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel

from governance import catalogue, glob
from governance.approvals import Approvals
from governance.catalogue import Declarations
from governance.changeset import Touched
from governance.declaration import Declared
from governance.effect import Effect, EffectKind
from governance.finding import Place
from governance.gates import Gates
from governance.model import Model
from governance.monitoring import Monitoring
from governance.privacy import Privacy
from governance.records import Landing, Tombstone
from governance.release import Release, Rollout
from governance.retention import Retention
from governance.reviews import Reviews
from governance.roles import Roles
from governance.strictness import FieldChange, differences

CODE: Final = (
    "governance/**", "adapters/**", "checks/**", "cli/**", "pipelines/**", "services/**",
    "locks/**", "pyproject.toml", "Makefile", ".ci/**", "dvc.yaml", ".dvc/**",
)  # fmt: skip
WORKFLOWS: Final = (".github/**", "action.yml")
_THRESHOLDS: Final = (Gates, Monitoring, Privacy, Release, Reviews)


def effects(
    before: Declarations, after: Declarations, touched: Iterable[Touched]
) -> tuple[Effect, ...]:
    """Every meaning of a change, by path."""
    touched = tuple(touched)
    paths = {found.path for found in touched}
    old, new = _by_path(before, paths), _by_path(after, paths)
    found = [e for path in sorted(paths) for e in _declared(path, old, new, before, after)]
    found += [effect for change in touched for effect in _by_place(change, new)]
    return tuple(_with_pointer(found) if POINTER in paths else found)


POINTER: Final = "datasets.dvc"
_MOVING: Final = frozenset({"lands-data", "removes-data"})


def _with_pointer(found: list[Effect]) -> Iterator[Effect]:
    """The pointer to the data belongs to what moves it; alone, it lands something."""
    if not any(effect.kind in _MOVING for effect in found):
        yield _effect("lands-data", "the data pointer moves without a landing", POINTER)
    for effect in found:
        if effect.kind in _MOVING:
            yield replace(effect, paths=(*effect.paths, POINTER))
        else:
            yield effect


def _by_path(declarations: Declarations, paths: set[str]) -> dict[str, Any]:
    return {
        declared.path: declared.value
        for group in declarations.by_class.values()
        for declared in group
        if declared.path in paths
    }


def _effect(
    kind: EffectKind, words: str, path: str, route: tuple[str | int, ...] = (),
    subject: str | None = None,
) -> Effect:  # fmt: skip
    return Effect(kind, words, Place(path, route), (path,), subject)


def _by_place(change: Touched, new: dict[str, Any]) -> Iterator[Effect]:
    """Meanings that follow from where a file stands."""
    path = change.path
    if path.startswith("policies/"):
        yield _effect("changes-policy", f"{_verb(change)} {path}", path)
    if path.startswith("policies/datasets/"):
        yield _effect("changes-contract", f"{_verb(change)} {path}", path)
    if glob.any_of(CODE).fullmatch(path):
        yield _effect("touches-code", f"{_verb(change)} {path}", path)
    if glob.any_of(WORKFLOWS).fullmatch(path):
        yield _effect("touches-workflow", f"{_verb(change)} {path}", path)
    if _KEPT.match(path) and change.before is not None:
        yield _effect("edits-record", f"{_verb(change)} {path}, which is append-only", path)
    if path.startswith("records/waivers/"):
        yield _effect("adds-waiver", f"{_verb(change)} {path}", path)
    if path.startswith("records/landings/") and change.before is None:
        landing = new.get(path)
        subject = f"dataset:{landing.dataset}" if isinstance(landing, Landing) else None
        yield _effect("lands-data", f"lands {path}", path, subject=subject)
    if path.startswith(("records/removals/", "records/tombstones/")) and change.before is None:
        stone = new.get(path)
        of = stone.removal if isinstance(stone, Tombstone) else getattr(stone, "id", None)
        yield _effect("removes-data", f"adds {path}", path, subject=of and f"removal:{of}")
    registered = _VERSION.fullmatch(path)
    if registered and change.before is None:
        subject = f"model:{registered['model']}@{registered['version']}"
        yield _effect("registers-version", f"registers {subject}", path, subject=subject)


_KEPT: Final = re.compile(r"records/|models/[^/]+/versions/")
_VERSION: Final = re.compile(r"models/(?P<model>[^/]+)/versions/(?P<version>[0-9.]+)\.yaml")


def _verb(change: Touched) -> str:
    if change.before is None:
        return "adds"
    return "removes" if change.after is None else "edits"


def _declared(
    path: str, old: dict[str, Any], new: dict[str, Any], before: Declarations, after: Declarations
) -> Iterator[Effect]:
    """Meanings that follow from what a declaration says."""
    was, now = old.get(path), new.get(path)
    if isinstance(now or was, Model):
        yield from _model(path, was, now)
    elif isinstance(now, Rollout):
        yield from _rollout(path, was, now, before, after)
    elif isinstance(now or was, Roles):
        yield from _roles(path, was, now)
    elif isinstance(was, BaseModel) and isinstance(now, type(was)):
        yield from _policy(path, was, now)  # a contract is none: where it stands says enough
    elif isinstance(was, Retention):
        yield _effect("shortens-retention", f"removes {path}", path)
        if was.holds:
            yield _effect("lifts-hold", f"removes {path} with its holds", path)
    elif isinstance(was, Approvals):
        yield _effect("loosens-approval", f"removes {path}", path)
    elif isinstance(was, _THRESHOLDS):
        yield _effect("changes-threshold", f"removes {path}", path)
        yield _effect("loosens-threshold", f"removes {path}", path)


def _policy(path: str, was: BaseModel, now: BaseModel) -> Iterator[Effect]:
    for change in differences(was, now):
        if isinstance(was, _THRESHOLDS):
            yield from _threshold(path, change)
        elif isinstance(was, Approvals) and change.way != "changed":
            kind: EffectKind = "loosens-approval" if change.way == "looser" else "tightens-approval"
            yield _effect(kind, str(change), path, change.route)
        elif isinstance(was, Retention):
            for kind in _retention(change):
                yield _effect(kind, str(change), path, change.route)


def _retention(change: FieldChange) -> tuple[EffectKind, ...]:
    """Whether data go earlier, later, or in spite of a hold; both ways where nobody can tell."""
    if change.route[0] == "holds":
        # A hold that begins later holds nothing until then.
        lifts = change.way == "looser" or change.route[-1] == "since"
        return ("lifts-hold",) if lifts else ()
    if change.way == "changed":
        return ()
    if isinstance(change.before, int) and isinstance(change.after, int):
        return ("lengthens-retention" if change.way == "looser" else "shortens-retention",)
    # A window that comes or goes has the default or its class beside it, which may be either.
    return ("shortens-retention", "lengthens-retention")


def _threshold(path: str, change: FieldChange) -> Iterator[Effect]:
    if change.way == "changed":
        return
    kind: EffectKind = "loosens-threshold" if change.way == "looser" else "tightens-threshold"
    yield _effect("changes-threshold", str(change), path, change.route)
    yield _effect(kind, str(change), path, change.route)


def _model(path: str, was: Model | None, now: Model | None) -> Iterator[Effect]:
    if was is not None and now is not None:
        for change in differences(was.gates, now.gates, ("gates",)):
            yield from _threshold(path, change)
    elif was is not None and (was.gates.performance or was.gates.fairness):
        yield _effect("loosens-threshold", f"removes {path} with its bounds", path)
    champion = now.champion if now else None
    if now is not None and champion is not None and champion != (was.champion if was else None):
        subject = f"model:{now.name}@{champion}"
        words = f"makes {champion} the champion of {now.name}"
        yield _effect("promotes-to-production", words, path, ("champion",), subject)


def _rollout(
    path: str, was: Rollout | None, now: Rollout, before: Declarations, after: Declarations
) -> Iterator[Effect]:
    if was is not None and (was.version, was.step) == (now.version, now.step):
        return
    # A step that either side calls production is one: renaming a stage promotes nobody in secret.
    stages = {stage for law in (before, after) for stage in _stages(law, now.step)}
    subject = f"model:{now.model}@{now.version}"
    words = f"puts {now.version} of {now.model} on step {now.step}"
    if "production" in stages or not stages:
        yield _effect("promotes-to-production", words, path, ("step",), subject)
    elif "staging" in stages:
        yield _effect("promotes-to-staging", words, path, ("step",), subject)


def _stages(declarations: Declarations, step: str) -> set[str]:
    return {
        found.stage
        for release in declarations.all(Release)
        for found in release.value.steps
        if found.id == step
    }


def _roles(path: str, was: Roles | None, now: Roles | None) -> Iterator[Effect]:
    old_roles, new_roles = (was.roles if was else {}), (now.roles if now else {})
    for name in sorted(old_roles.keys() | new_roles.keys()):
        if old_roles.get(name) != new_roles.get(name):
            words = f"changes who holds {name}"
            yield _effect("changes-role", words, path, ("roles", name), f"role:{name}")
    old_people, new_people = (was.people if was else {}), (now.people if now else {})
    for name in sorted(old_people.keys() | new_people.keys()):
        old, new = old_people.get(name), new_people.get(name)
        if old == new:
            continue
        words = f"changes the accounts or keys of {name}"
        yield _effect("changes-key", words, path, ("people", name))
        # New accounts of a person reach every seat the person may fill.
        held = (r for r, role in old_roles.items() if any(m.person == name for m in role.members))
        for role in sorted(held):
            words = f"changes {name}, who holds {role}"
            yield _effect("changes-role", words, path, ("people", name), f"role:{role}")


def is_opinion(path: str) -> bool:
    """Whether an approval or a decision belongs at a path: to add one changes nothing else.

    A note or a stray file in the same folder is neither.
    """
    kind = catalogue.kind_of(path)
    return kind is not None and kind.name in {"approval", "decision"}


def given(touched: Touched) -> bool:
    """Whether it is an added approval or decision: those are no part of what they approve."""
    return (
        touched.before is None
        and is_opinion(touched.path)
        and touched.after is not None
        and touched.after.mode == "file"
    )


def champions(declarations: Declarations) -> tuple[Declared[Model], ...]:
    """Models with a version in production."""
    return tuple(m for m in declarations.all(Model) if m.value.champion is not None)
