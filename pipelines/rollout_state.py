"""What `plan`, `apply` and `rollback` start from: the governed branch, statements, the bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters import attest as machines
from adapters.git import Revision
from adapters.registry import Bucket
from governance import catalogue, deployment, digest, evidence, jsontext, schema, serving
from governance.attestation import Attestations
from governance.catalogue import Law
from governance.declaration import Declared, Part, parse_json
from governance.deployment import Deployed, Deployment
from governance.due import Sources
from governance.evidence import SNAPSHOTS
from governance.finding import Blocked, CouldNotJudge
from governance.promotion import Ground
from governance.records import Attestation, Incident
from governance.release import Release, Rollout
from governance.serving import Serving
from governance.version import Version
from pipelines import attest, registry_entry
from pipelines.append import real
from pipelines.confirmed import Base, base


@dataclass(frozen=True, slots=True)
class State:
    """Desired state and everything a gate asks for, as the governed branch has it."""

    root: Path
    law: Base
    ground: Ground
    bucket: Bucket
    now: datetime

    @property
    def release(self) -> Release:
        """The steps."""
        return self.ground.release


@dataclass(frozen=True, slots=True)
class Service:
    """What the bucket says that a model serves.

    `recorded` tells whether a record of the repository states it; `odd` why it counts for nothing.
    """

    serving: Serving | None = None
    mark: str | None = None
    recorded: bool = False
    odd: str | None = None
    virtual: Deployed | None = None


def state(root: Path, now: datetime) -> State:
    """Where everything stands.

    Raises:
        CouldNotJudge: the law, a record or a snapshot of the governed branch cannot be read.
    """
    law = base(root)
    try:
        own = law.declarations
        incidents = {f.path: f for f in own.all(Incident)} | dict(_incidents(root))
        own = replace(own, by_class={**own.by_class, Incident: tuple(incidents.values())})
        history = deployment.deployments(statements(root, law, now))
        files, digests = _telemetry(root, law)
        ground = Ground.of(Sources(own, law.declarations, history, files, digests, now))
    except Blocked as blocked:
        msg = f"{blocked} of {law.name} does not load: see `charter check`"
        raise CouldNotJudge(msg) from None
    return State(root, law, ground, registry_entry.bucket(root, law, now), now)


def statements(root: Path, law: Base, now: datetime) -> Attestations:
    """Statements of the governed branch and of the work tree that count."""
    settled = machines.verified(law.declarations, Law(law.declarations), now)
    valid = {
        one.path: one for found in (settled, attest.said(root, now, law)) for one in found.valid
    }
    return Attestations(tuple(valid.values()))


def _incidents(root: Path) -> Iterator[tuple[str, Declared[Incident]]]:
    """Incidents of the work tree: one that nobody has merged yet is true all the same."""
    real(root, "records/incidents/x")
    for file in sorted((root / "records/incidents").glob("*.yaml")):
        path = f"records/incidents/{file.name}"
        if not file.is_symlink() and catalogue.kind_of(path) is not None:
            value, _, _ = catalogue.read(path, file.read_bytes())
            if isinstance(value, Incident):
                yield path, Declared(path, value)


def _telemetry(root: Path, law: Base) -> tuple[Mapping[str, Part], Mapping[str, str]]:
    """Snapshots of the governed branch, by path, and their digests."""
    tree = Revision(root, law.commit)
    paths = [path for path in tree.entries() if path.startswith(f"{SNAPSHOTS}/")]
    found: dict[str, Part] = {}
    digests = {}
    for path, data in tree.read_many(path for path in paths if path.endswith(".json")):
        try:
            value: Any = jsontext.load(data)
            wrong = [f.problem for f in schema.mismatches(path, evidence.Snapshot, value)]
        except jsontext.Ambiguous as error:
            wrong = [str(error)]
        shot = None if wrong else parse_json(evidence.Snapshot, data.decode())
        if shot is None:
            msg = f"{path} of {law.name} does not load: {'; '.join(wrong) or 'another shape'}"
            raise CouldNotJudge(f"{msg}\n  fix: see `charter check`")
        found[path], digests[path] = shot, digest.of_bytes(data)
    return found, digests


def service(here: State, model: str) -> Service:
    """What the bucket says that a model serves, and whether that counts.

    A pointer counts when a machine signed it, or when it takes the model back to a version that
    has served everybody, which a person may do in a hurry. Any other was written by hand.
    """
    pointer = here.bucket.pointer(serving.key(model))
    if pointer is None:
        return Service()
    found = serving.read(pointer.data)
    if found is None or found.model != model:
        return Service(None, pointer.mark, odd="the serving pointer is no pointer of this model")
    history = here.ground.history(model)
    if any(one.what.serving == found.digest for one in history):
        return Service(found, pointer.mark, recorded=True)
    one = _stated(here, found)
    if one is not None:
        return Service(found, pointer.mark, virtual=one)
    if found.envelope is None and _hurried(here, history, found):
        what = deployed(here.release, found)
        return Service(found, pointer.mark, virtual=Deployed("", found.at, what))
    odd = f"the serving pointer of {model} was written by hand: no machine has signed it"
    return Service(found, pointer.mark, odd=odd)


def _hurried(here: State, history: tuple[Deployed, ...], found: Serving) -> bool:
    """Whether a pointer that no machine signed only takes something back, and nothing else."""
    first, last = here.release.steps[0].id, here.release.steps[-1].id
    stands = deployment.standing(history)
    if found.move == "return" and found.step == last:
        able = found.version in deployment.proven(history, last)
    else:
        able = (
            found.move == "retreat" and found.step == first
            and stands is not None and stands.newest.what.version == found.version
        )  # fmt: skip
    known = here.law.declarations.all(Version)
    own = next((v for v in known if _named(v.value, found)), None)
    return able and own is not None and found.alike(going_back(here, own.value, found.step))


def _named(version: Version, found: Serving) -> bool:
    return (version.model, version.version) == (found.model, found.version)


def going_back(here: State, version: Version, step: str, left: str | None = None) -> Serving:
    """The pointer that takes a model back to a version, alone on a step."""
    aim = Rollout(model=version.model, version=version.version, step=step)
    return Serving(
        model=version.model, version=version.version, step=step,
        move="return" if step == here.release.steps[-1].id else "retreat",
        left=left, at=here.now.replace(microsecond=0),
        stages=serving.stages(here.release, aim, {version.version: version.digest}),
    )  # fmt: skip


def _stated(here: State, found: Serving) -> Deployed | None:
    """The statement inside a pointer, when it is about just this pointer and counts."""
    record = record_of(found)
    if record is None:
        return None
    own = catalogue.gather([(record.path, record.value)])
    valid = machines.verified(own, Law(here.law.declarations), here.now)
    for one in deployment.deployments(valid):
        if one.what.serving == found.digest and one.at == found.at:
            return one
    return None


def record_of(found: Serving) -> Declared[Attestation] | None:
    """The record of the statement inside a pointer; None when it holds none."""
    if found.envelope is None:
        return None
    path = f"{attest.FOLDER}/{identity(found)}.yaml"
    text = attest.render(identity(found), moment(found.at), found.envelope)
    value, _, _ = catalogue.read(path, text.encode())
    return Declared(path, value) if isinstance(value, Attestation) else None


def identity(found: Serving) -> str:
    """Name of the record about a pointer: the same wherever it is written."""
    seen = found.digest.removeprefix("sha256:")[:12]
    return f"{found.at:%Y-%m-%d}-deploy-{found.model[:40]}-{found.step[:20]}-{seen}"


def moment(at: datetime) -> str:
    """A moment as records write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def deployed(release: Release, found: Serving) -> Deployment:
    """What a statement says about a pointer."""
    step = release.step(found.step) or release.steps[-1]
    return Deployment(
        model=found.model, version=found.version, digest=found.digest_of(found.version) or "",
        step=found.step, stage=step.stage, exposure=step.exposure, move=found.move,
        serving=found.digest,
    )  # fmt: skip
