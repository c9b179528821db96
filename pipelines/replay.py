"""A run repeated from its pinned inputs, and what came out beside what its evidence claims.

`dvc.lock` and the evidence are claims: whoever can write a commit can write them (threat B91).
The proof is that code, parameters and data of the commit give the same predictions and metrics.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters import git
from adapters.sandbox import Sandbox, sandbox
from governance.attestation import VERIFICATION
from governance.evidence import Metrics, TrainingRun, of_model
from governance.finding import CouldNotJudge
from governance.replay import (
    Alike,
    Part,
    Replay,
    Run,
    causes,
    compare,
    measured,
    predictions,
)
from governance.replayed import identity, standing
from pipelines import attest, confirmed, fetch_model, inputs, pinned, restored
from pipelines.inputs import Refused
from pipelines.pinned import STEPS, Claim
from pipelines.rerun import Place

_CODE: Final = ("adapters", "governance", "pipelines")
"""Folders that hold what a step imports."""


@dataclass(frozen=True, slots=True)
class _Rerun:
    """Everything a repetition is made with."""

    place: Place
    sandbox: Sandbox
    model: str
    dataset: str
    say: Callable[[str], None]

    def steps(self, code: Path, *steps: str) -> Metrics:
        return replace(self.place, code=code).run(
            self.sandbox, self.model, self.dataset, steps, self.say
        )


def replay(
    root: Path, model: str, version: str | None, *, keep: Path | None = None,
    say: Callable[[str], None] = print,
) -> Replay:  # fmt: skip
    """Repeats the run of a model and compares it with its evidence.

    Args:
        root: top of the repository.
        model: the model.
        version: a registered version; None for the evidence of the current commit.
        keep: an empty folder that keeps tree and results; a temporary one when None.
        say: told what is being done.

    Raises:
        Refused: there is no evidence to hold it against, or bytes are not those that landed.
        CouldNotJudge: the commit, its data or a key is not here, or a step does not run.
    """
    law = confirmed.base(root)
    commit = pinned.commit_of(root, model, version)
    with _folder(keep) as folder, sandbox() as apart:
        tree, home = folder / "tree", folder / "home"
        home.mkdir()
        pinned.export(root, commit, tree)
        claim = pinned.claim(tree, model, version)
        sources = restored.Sources(root, law.commit)
        say(f"replay: data ({claim.dataset})")
        data = restored.data(sources, tree, claim.dataset)
        pinned.clear(tree, model, claim.dataset)
        place = Place(root, tree, tree, home)
        rerun = _Rerun(place, apart, model, claim.dataset, say)
        found = place.result(model, claim.dataset, data, rerun.steps(tree, *STEPS))
        parts = list(compare(claim.run, found, claim.metadata))
        if version:
            alike = Alike.DIFFERS if claim.entry else Alike.SAME
            parts.insert(0, Part("registry entry", alike, details=claim.entry))
        ruler = _ruler(root, commit, law.commit, folder)
        if found.model_digest != claim.run.model_digest:
            parts.append(_kept(rerun, sources, claim, version, ruler or tree))
        if ruler:
            parts.append(_ruled(rerun, ruler, found, data))
        notes = (apart.about, *_left_out(root, version))
        return Replay(
            model, version, commit, claim.run.model_digest, tuple(parts),
            tuple(causes(parts, claim.signs)), notes,
        )  # fmt: skip


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="charter-replay-") as name:
            yield Path(name)
        return
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        msg = f"{keep} is not empty\n  fix: name a folder that is, or is not there yet"
        raise Refused(msg)
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


def _ruler(root: Path, commit: str, law: str, folder: Path) -> Path | None:
    """The code of the governed branch, where the commit brings another: it must not rule itself."""
    if git.is_ancestor(root, commit, law):
        return None
    ours, theirs = (
        {
            path: entry.object_id
            for path, entry in git.Revision(root, revision).entries().items()
            if path.startswith(tuple(f"{name}/" for name in _CODE))
        }
        for revision in (law, commit)
    )
    if ours == theirs:
        return None
    pinned.export(root, law, folder / "ruler")
    return folder / "ruler"


def _ruled(rerun: _Rerun, ruler: Path, found: Run, data: str) -> Part:
    """Whether the governed branch's own steps prepare and measure alike."""
    rerun.say("replay: the same by the steps of the governed branch")
    name = "governed steps"
    folder = (rerun.place.tree / of_model(rerun.model, "training")).parent / "model"
    if not folder.is_dir():
        return Part(name, Alike.UNKNOWN, details=("the model bytes are not here",))
    try:
        metrics = rerun.steps(ruler, "prepare", "evaluate")
    except CouldNotJudge as reason:
        return Part(name, Alike.DIFFERS, details=(str(reason),))
    again = rerun.place.result(rerun.model, rerun.dataset, data, metrics)
    details = measured(found.metrics, metrics)
    if again.prepared_digest != found.prepared_digest:
        details.insert(0, "they prepare the data otherwise")
    if predictions(name, found.metrics, metrics).alike is not Alike.SAME:
        details.insert(0, "they see other predictions")
    return Part(name, Alike.DIFFERS if details else Alike.SAME, details=tuple(details[:5]))


def _kept(
    rerun: _Rerun, sources: restored.Sources, claim: Claim, version: str | None, code: Path
) -> Part:
    """Whether the bytes that are kept predict what the evidence says, where they are not ours.

    Without it, evidence of an honest model would vouch for the bytes of another one.
    """
    name, digest = "kept model", claim.run.model_digest
    rerun.say("replay: the kept model bytes, which are not those that came out")
    tree = rerun.place.tree
    path = of_model(rerun.model, "training")
    ours = (tree / path).parent / "model"
    aside = tree.parent / "model"
    training = inputs.read(path, TrainingRun, tree)
    ours.rename(aside)
    try:
        if restored.model(sources, tree, rerun.model, digest) is None:
            if version is None:
                return Part(name, Alike.UNKNOWN, details=("its bytes are nowhere",))
            fetch_model.fetch(sources.root, rerun.model, version, ours)
        inputs.write(path, claim.training, tree)
        metrics = rerun.steps(code, "evaluate")
        return predictions(name, claim.run.metrics, metrics)
    except (CouldNotJudge, Refused) as reason:
        return Part(name, Alike.DIFFERS, details=(str(reason),))
    finally:
        restored.swap(aside, ours)
        inputs.write(path, training, tree)


def _left_out(root: Path, version: str | None) -> Iterator[str]:
    changed = () if version else git.changed(root)
    if changed:
        yield f"{len(changed)} uncommitted changes are no part of it, such as {changed[0]}"


def record(
    root: Path, found: Replay, explains: Mapping[str, str], now: datetime
) -> str:  # fmt: skip
    """The path of the signed statement on a replay, whatever its outcome.

    Raises:
        Refused: what it is to explain is no earlier failure of this model, or no machine key is
            configured.
    """
    earlier = standing(attest.said(root, now), found.digest)
    open_ = {identity(one) for one in earlier.unexplained}
    if unknown := sorted(explains.keys() - open_):
        some = ", ".join(sorted(open_)) or "none"
        msg = f"{unknown[0]} is no failed replay of this model that waits for its cause\n"
        raise Refused(f"{msg}  fix: name one of them: {some}")
    if explains and not found.passed:
        msg = "only a replay that passes explains an earlier one that failed"
        raise Refused(msg)
    predicate = found.predicate(f"{now:%Y-%m-%dT%H:%M:%SZ}", explains)
    subjects = {f"model:{found.model}": found.digest}
    return attest.attest(root, f"replay-{found.model}", subjects, VERIFICATION, predicate, now)


def unexplained(root: Path, found: Replay, now: datetime) -> tuple[str, ...]:
    """Earlier replays of the same bytes that failed, and whose cause nobody has named."""
    return tuple(
        identity(one) for one in standing(attest.said(root, now), found.digest).unexplained
    )
