"""Taking a version back: one command that needs the bucket, and neither CI nor a machine's key.

The pointer is switched first; what people read about it, `rollout.yaml` and the incident, follows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from adapters import files
from adapters.registry import Overtaken
from governance import deployment, serving
from governance.attestation import DEPLOYMENT, OWN
from governance.deployment import OF, Deployment
from governance.release import Rollout
from governance.serving import Serving
from pipelines import fetch_model, inputs, registry_entry
from pipelines.append import append, loads
from pipelines.attest import Machine, attest, machine
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry
from pipelines.rollout_state import Service, State, going_back, service, state
from pipelines.rollout_write import alone, flags, point, record, signed

_TRIES: Final = 8
"""Times the pointer is read again when somebody rolls out at the same moment."""
Severity = Literal["P0", "P1"]


@dataclass(frozen=True, slots=True)
class Way:
    """From which version to which, with its bytes in the bucket. `left` is None: not known."""

    model: str
    left: str | None
    entry: Entry
    step: str
    rollout: str

    @property
    def to(self) -> str:
        """The version that takes over."""
        return self.entry.value.version

    @property
    def words(self) -> str:
        """From where to where, in words."""
        if self.left is None:
            return f"{self.to} → step {self.step} of {self.to}"
        return f"{self.left} → {self.to}"


@dataclass(frozen=True, slots=True)
class Back:
    """What was done: whether the pointer moved, and the files to commit."""

    way: Way
    switched: bool
    written: tuple[str, ...]
    signed: bool


def way(here: State, model: str, to: str | None) -> Way:
    """The way back of a model: to the version that is named, or to its first step without one.

    A first version has none to go back to; on its first step it answers nobody in production.

    Raises:
        Refused: nothing is served, or the version may not take over, or is not in the bucket.
    """
    path = f"models/{model}/rollout.yaml"
    rollouts = {found.value.model: found.value for found in here.law.declarations.all(Rollout)}
    known, steps = rollouts.get(model), [step.id for step in here.release.steps]
    history, served = here.ground.history(model), service(here, model).serving
    now = served.version if served else known.version if known else None
    named = known.rollback_to if known else None
    able = [one for one in deployment.proven(history, steps[-1]) if one != now or to == one]
    chosen = to or named
    if served is not None and served.move == "return" and to is None:
        chosen, now = served.version, served.left
    if chosen is None and able:
        msg = f"{path} of {here.law.name} names no rollback target"
        raise Refused(f"{msg}\n  fix: --to {able[-1]}")
    if chosen is not None and chosen not in {named, *able, served.version if served else None}:
        fix = f"name one of {', '.join(able)}" if able else "leave --to out"
        raise Refused(f"{chosen} of {model} never served everybody\n  fix: {fix}")
    if chosen is None and now is None:
        msg = f"{model} serves nothing, so there is nothing to take back"
        raise Refused(f"{msg}\n  fix: see `charter plan {model}`")
    entry = registry_entry.entry(here.root, here.law, model, chosen or str(now))
    if not entry.governed:
        raise Refused(f"{entry.path} is not on {here.law.name}\n  fix: name a version that is")
    fetch_model.listed(here.bucket, entry.value)
    left = now if chosen is not None and now != chosen else None
    return Way(model, left, entry, steps[-1] if chosen else steps[0], path)


def back(  # noqa: PLR0913 - what, where to, why, when
    root: Path, model: str, now: datetime, *, because: str, to: str | None = None,
    severity: Severity = "P1", say: Callable[[str], None] = print,
) -> Back:  # fmt: skip
    """The target answers everybody; `rollout.yaml` and an incident wait to be proposed.

    Run again, it goes on where it was stopped, and does nothing twice.

    Raises:
        Refused: there is no way back, with what can be done.
        CouldNotJudge: the bucket or the law cannot be read or written.
    """
    now = now.replace(microsecond=0)
    with alone(root):
        here = state(root, now)
        chosen = way(here, model, to)
        by = _machine(root, now, say)
        serves, switched = _switch(here, chosen, by)
        if serves.move not in {"return", "retreat"}:
            msg = f"{chosen.to} of {model} is on {serves.step}, and nothing was taken back"
            raise Refused(f"{msg}\n  fix: name another version with --to")
        say(f"{model}: {chosen.to} is on {chosen.step}" + ("" if switched else ", as before"))
        if flags(here, serves):
            say(f"wrote {serving.FLAGS}")
        written = [path for path in (record(root, serves),) if path]
        written += _propose(here, chosen, serves, because, severity)
    for path in written:
        say(f"wrote {path}")
    return Back(chosen, switched, tuple(written), serves.envelope is not None)


def _machine(root: Path, now: datetime, say: Callable[[str], None]) -> Machine | None:
    """Who signs, when somebody can: a way back waits for no key."""
    try:
        return machine(root, now)
    except Refused:
        say("no machine key here: `charter apply` will sign what happened")
        return None


def _switch(here: State, chosen: Way, by: Machine | None) -> tuple[Serving, bool]:
    """The pointer names the target for everybody, whatever somebody else does meanwhile."""
    last = None
    for _ in range(_TRIES):
        known: Service = service(here, chosen.model)
        wanted = going_back(here, chosen.entry.value, chosen.step, chosen.left)
        if known.serving is not None and known.odd is None and wanted.alike(known.serving):
            return known.serving, False
        wanted = signed(here, wanted, by) if by else wanted
        try:
            point(here, wanted, known.mark)
        except Overtaken as lost:
            last = lost
            continue
        return wanted, True
    raise last or Overtaken(chosen.model)


def _propose(
    here: State, chosen: Way, serves: Serving, because: str, severity: Severity
) -> list[str]:
    """What people review afterwards: the rollout as it is now, and why."""
    text = (
        "# yaml-language-server: $schema=../../schemas/rollout.json\n"
        f"model: {chosen.model}\nversion: {chosen.to}\nstep: {serves.step}\n"
    )
    written = []
    path = here.root / chosen.rollout
    if not path.is_file() or inputs.declared(chosen.rollout, here.root) != _read(text):
        loads(chosen.rollout, text)
        files.write(path, text.encode())
        written.append(chosen.rollout)
    left = chosen.left or serves.left or chosen.to
    identity = f"{serves.at:%Y-%m-%d-%H%M%S}-{chosen.model}-taken-back"[:100]
    to = chosen.to if serves.move == "return" else f"step {chosen.step}"
    summary = f"{left} was taken back to {to}: {because}"
    incident = f"records/incidents/{identity}.yaml"
    content = (
        "# yaml-language-server: $schema=../../schemas/incident.json\n"
        f"id: {identity}\nat: {json.dumps(f'{serves.at:%Y-%m-%dT%H:%M:%SZ}')}\n"
        f"model: {chosen.model}\nseverity: {severity}\n"
        f"summary: {json.dumps(summary, ensure_ascii=False)}\n"
    )
    loads(incident, content)
    try:
        append(here.root, incident, content)
    except FileExistsError:
        return written
    return [*written, incident]


def _read(text: str) -> object:
    return loads("models/x/rollout.yaml", text)


def drill(
    root: Path, model: str, now: datetime, *, to: str | None = None,
    say: Callable[[str], None] = print,
) -> str:  # fmt: skip
    """The way back was exercised: the target fetched, every digest compared, and that signed.

    Nothing is switched. Without a machine key nothing is recorded, and so nothing counts.

    Raises:
        Refused: there is no way back, its bytes are others, or no key is configured.
    """
    now = now.replace(microsecond=0)
    here = state(root, now)
    chosen = way(here, model, to)
    version = chosen.entry.value
    with tempfile.TemporaryDirectory(prefix="charter-drill-") as folder:
        fetch_model.fetch(root, model, chosen.to, Path(folder) / "model")
    say(f"{model}: {chosen.to} came whole out of {here.bucket.url}")
    step = here.release.steps[-1]
    what = Deployment(
        model=model, version=chosen.to, digest=version.digest, step=step.id, stage=step.stage,
        exposure=0.0, drill=True,
    )  # fmt: skip
    subjects = {f"model:{model}@{chosen.to}": version.digest}
    own = {OWN: {OF: what.model_dump(mode="json")}}
    return attest(root, f"drill-{model}", subjects, DEPLOYMENT, own, now)
