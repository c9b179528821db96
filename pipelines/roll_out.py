"""Rolling out: the bucket comes to serve what the governed branch wants, one gate at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from governance import deployment, promotion, rollout, serving
from governance.declaration import Declared
from governance.deployment import Standing
from governance.effect import EffectKind
from governance.finding import Finding
from governance.release import Rollout
from governance.rollout import Change
from governance.serving import Serving
from pipelines import registry_entry, registry_standing, registry_store, registry_tag
from pipelines.attest import Machine, machine
from pipelines.confirmed import standing
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry
from pipelines.rollout_state import Service, State, service, state
from pipelines.rollout_write import alone, flags, point, record, signed

_KINDS: Final[dict[str, EffectKind]] = {
    "development": "promotes-to-staging",
    "staging": "promotes-to-staging",
    "production": "promotes-to-production",
}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is wanted of a model, what it serves, what has to be done, and what is in the way.

    `todo` are steps in words; `obstacles` findings by rule; `doubts` lines about the version.
    """

    model: str
    change: Change
    stands: Standing | None
    service: Service
    entry: Entry
    wanted: Serving | None
    todo: tuple[str, ...] = ()
    obstacles: tuple[tuple[str, Finding], ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether something is to be done that may not be done yet."""
        return bool(self.todo) and bool(self.obstacles or self.doubts)


def outlooks(here: State, models: tuple[str, ...] = ()) -> Iterator[Outlook]:
    """How every model that has a rollout stands, or those that are named.

    Raises:
        Refused: a named model has none, or a version has no entry.
        CouldNotJudge: the bucket does not answer.
    """
    found = {one.value.model: one for one in here.law.declarations.all(Rollout)}
    if missing := [model for model in models if model not in found]:
        lines = (f"{m} has no rollout.yaml on {here.law.name}" for m in missing)
        raise Refused(*(f"{line}\n  fix: add one, and merge it" for line in lines))
    for model in models or sorted(found):
        yield outlook(here, found[model])


def outlook(here: State, declared: Declared[Rollout]) -> Outlook:
    """How one model stands."""
    wanted, model = declared.value, declared.value.model
    known = service(here, model)
    if known.virtual is not None:  # told by the bucket, and on its way into the records
        sources = here.ground.sources
        sources = replace(sources, history=(*sources.history, known.virtual))
        here = replace(here, ground=replace(here.ground, sources=sources))
    history = here.ground.history(model)
    stands = deployment.standing(history)
    change = change_of(here, declared, stands)
    entry = registry_entry.entry(here.root, here.law, model, wanted.version)
    if change.move == "stay" and known.serving is not None and known.odd is None:
        move: str = known.serving.move
    else:
        move = change.move
    aim = _serving(here, wanted, entry, move, stands) if move not in {"skip", "leap"} else None
    todo = list(_todo(here, known, aim, change, entry))
    found = Outlook(model, change, stands, known, entry, aim, tuple(todo))
    if not todo:
        return found
    obstacles = tuple(promotion.obstacles(here.ground, change))
    doubts = tuple(doubted(here, entry, wanted.step)) if change.grows else ()
    return replace(found, obstacles=obstacles, doubts=doubts)


def change_of(here: State, declared: Declared[Rollout], stands: Standing | None) -> Change:
    """What has to happen, from what is served to what is wanted."""
    before, wanted = None, declared.value
    if stands is not None:
        newest = stands.newest.what
        able = deployment.proven(here.ground.history(wanted.model), here.release.steps[-1].id)
        back = wanted.version if wanted.version in able else None
        before = Rollout(
            model=wanted.model, version=newest.version, step=newest.step, rollback_to=back
        )
    return Change(declared.path, before, wanted, rollout.move(here.release, before, wanted))


def _serving(
    here: State, wanted: Rollout, entry: Entry, move: str, stands: Standing | None
) -> Serving:
    digests = {wanted.version: entry.value.digest}
    if wanted.rollback_to is not None:
        back = registry_entry.entry(here.root, here.law, wanted.model, wanted.rollback_to)
        digests[wanted.rollback_to] = back.value.digest
    left = stands.newest.what.version if stands and move == "return" else None
    return Serving.model_validate(
        {
            "model": wanted.model, "version": wanted.version, "step": wanted.step, "move": move,
            "left": left, "stages": serving.stages(here.release, wanted, digests),
            "at": here.now.replace(microsecond=0),
        }
    )  # fmt: skip


def _todo(
    here: State, known: Service, aim: Serving | None, change: Change, entry: Entry
) -> Iterator[str]:
    """What has to be done, in words, in this order."""
    if known.odd:
        yield known.odd
    if known.serving is not None and known.virtual is not None:
        yield f"record that {known.serving.version} is on {known.serving.step}"
    if aim is None:
        yield f"{change.after.version} is wanted on {change.after.step}"
        return
    if not registry_store.stored(here.bucket, entry):
        yield f"store {entry.value.version} in {here.bucket.url}"
    try:
        if wrong := registry_tag.trouble(here.root, here.law, entry):
            yield wrong
    except LookupError as name:
        yield f"tag {name}"
    served = known.serving if known.odd is None else None
    if not aim.alike(served):
        yield f"serve {_shares(aim)}"
    if flags(here, served if served is not None and aim.alike(served) else aim, dry=True):
        yield "write the flags"


def _shares(aim: Serving) -> str:
    parts = []
    for stage, slices in sorted(aim.stages.items()):
        shares = ", ".join(f"{one.version} {one.share:.0%}" for one in slices) or "nothing"
        parts.append(f"{stage}: {shares}")
    return "; ".join(parts)


def doubted(here: State, entry: Entry, step: str) -> Iterator[str]:
    """Lines about what a version lacks before more people may meet it."""
    if not entry.governed:
        yield f"{entry.path} is not on {here.law.name}\n  fix: merge it first"
        return
    found = registry_standing.standing_of(here.root, here.law, entry, here.now)
    yield from found.lacking
    stage = (here.release.step(step) or here.release.steps[-1]).stage
    kinds = frozenset({_KINDS[stage]})
    said = standing(
        here.root, entry.name, found.digest, here.now, by=(entry.value.registered_by,), kinds=kinds
    )
    if not said.satisfied:
        lacking = "; ".join(said.lacking)
        yield "\n".join([
            f"{entry.name} is not approved for {stage}: {lacking}",
            *(f"  ignored: {ignored}" for ignored in said.ignored),
            f"  fix: {said.fix}",
        ])  # fmt: skip


def refusals(found: Outlook) -> tuple[str, ...]:
    """Everything in the way, a line each, with how to mend it."""
    lines = [
        f"{one.at}: {one.problem}  [{rule}]\n  fix: {one.fix}" for rule, one in found.obstacles
    ]
    return (*lines, *found.doubts)


def apply(
    root: Path, model: str, now: datetime, *, say: Callable[[str], None] = print,
    key: Path | None = None,
) -> bool:  # fmt: skip
    """The bucket serves what the governed branch wants of one model; False when it did before.

    Whatever moment a process is killed at, the same command goes on from there: bytes and tag,
    then the pointer with the signed statement inside, then flags, then the statement's record.

    Raises:
        Refused: a gate is in the way, or no machine key is configured; nothing was changed.
        Overtaken: another process rolled out meanwhile, and what it did stands.
        CouldNotJudge: the law, a record or the bucket cannot be read or written.
    """
    with alone(root):
        here = state(root, now)
        (found,) = outlooks(here, (model,))
        if not found.todo:
            return False
        by = machine(root, now)
        settled = _settle(here, found.service, by, say)
        if found.obstacles or found.doubts or found.wanted is None:
            raise Refused(*refusals(found))
        _register(here, found.entry, key, say)
        _serve(here, found, settled, by, say)
        return True


def _settle(here: State, known: Service, by: Machine, say: Callable[[str], None]) -> Service:
    """What is served already stands in the records, whoever put it there."""
    if known.serving is None or known.virtual is None:
        return known
    serves = known.serving
    if serves.envelope is None:
        serves = signed(here, serves, by)
        known = replace(known, serving=serves, mark=point(here, serves, known.mark))
    if path := record(here.root, serves):
        say(f"wrote {path}")
    return known


def _register(here: State, entry: Entry, key: Path | None, say: Callable[[str], None]) -> None:
    """Bytes and tag are where they belong."""
    if not registry_store.stored(here.bucket, entry):
        registry_store.store(here.root, here.law, entry, here.now, say=say)
    if registry_tag.mark(here.root, here.law, entry, here.now, key):
        say(f"tagged {entry.value.model}@v{entry.value.version}")


def _serve(
    here: State, found: Outlook, known: Service, by: Machine, say: Callable[[str], None]
) -> None:
    assert found.wanted is not None  # noqa: S101 - the caller looked
    serves = known.serving if known.odd is None else None
    if serves is None or not found.wanted.alike(serves):
        serves = signed(here, found.wanted, by)
        point(here, serves, known.mark)
        say(f"serving {_shares(serves)}")
    if flags(here, serves):
        say(f"wrote {serving.FLAGS}")
    if path := record(here.root, serves):
        say(f"wrote {path}: commit it, the soak counts from its moment")
