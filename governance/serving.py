"""The serving pointer: which version answers which share of the requests, in each environment.

One small file per model in the registry's bucket, `serving/<model>.json`, the only thing there that
is ever replaced. It carries no secret and no row: services and flags are made from it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from governance import digest, jsontext
from governance.declaration import Moment, Name, Part, Semver, Text, parse_json
from governance.digest import Digest
from governance.release import Release, Rollout, Stage
from governance.rollout import shares

FLAGS: Final = "serving/flags.json"
"""Key of the flags of every model."""


def key(model: str) -> str:
    """Key of a model's pointer."""
    return f"serving/{model}.json"


class Slice(Part):
    """A version and its share of the requests."""

    version: Semver
    """The version."""
    digest: Digest
    """Digest of its bytes; a service refuses any other."""
    share: Annotated[float, Field(gt=0, le=1)]
    """Fraction of requests it answers."""


class Serving(Part):
    """What a model serves, since when, and how that came about."""

    model: Name
    """The model."""
    version: Semver
    """The version that is rolled out."""
    step: Name
    """The step it is on."""
    move: Literal["begin", "advance", "stay", "retreat", "return"]
    """How it came there."""
    left: Semver | None = None
    """The version that was taken back, when this is a return."""
    stages: dict[Stage, tuple[Slice, ...]]
    """Shares by environment."""
    at: Moment
    """When it was written."""
    envelope: Text | None = None
    """The signed statement about all this; none while only a person has taken a version back."""

    def alike(self, other: Serving | None) -> bool:
        """Whether another pointer serves the same, whenever and by whomever it was written."""
        return other is not None and _served(self) == _served(other)

    @property
    def data(self) -> bytes:
        """The bytes in the bucket."""
        return jsontext.dump(self.model_dump(mode="json"))

    @property
    def digest(self) -> str:
        """What a statement names it by: everything but the envelope that holds the statement."""
        return digest.of_value(self.model_dump(mode="json", exclude={"envelope"}))

    def digest_of(self, version: str) -> str | None:
        """Digest of the bytes of one of its versions."""
        slices = (one for found in self.stages.values() for one in found)
        return next((one.digest for one in slices if one.version == version), None)


def _served(one: Serving) -> tuple[object, ...]:
    return one.model, one.version, one.step, one.stages


def read(data: bytes) -> Serving | None:
    """The pointer in the bytes; None when they are something else."""
    try:
        jsontext.load(data)
        found: Serving | None = parse_json(Serving, data.decode())
    except (jsontext.Ambiguous, UnicodeDecodeError):
        return None
    return found


def stages(
    release: Release, rollout: Rollout, digests: dict[str, str]
) -> dict[Stage, tuple[Slice, ...]]:
    """Shares by environment when a rollout is carried out; `digests` by version."""
    found = shares(release, rollout, rollout.rollback_to)
    return {
        stage: tuple(
            Slice(version=version, digest=digests[version], share=share)
            for version, share in slices
            if share > 0
        )
        for stage, slices in found.items()
    }
