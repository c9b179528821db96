"""How a model reaches production (`policies/release.yaml`, `models/<m>/rollout.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.declaration import Declaration, Name, Part, Policy, Semver, Share
from governance.period import Period
from governance.strictness import Longer, Lower, More, Shorter, Stays

Stage = Literal["development", "staging", "production"]


class ReleaseStep(Part):
    """One step of growing exposure."""

    id: Name
    """Name of the step."""
    stage: Annotated[Stage, Stays]
    """The environment it runs in."""
    exposure: Annotated[Share, Lower]
    """Fraction of requests the version answers."""
    soak: Annotated[Period, Longer]
    """Shortest time with healthy telemetry before the next step."""


class Release(Policy):
    """Steps and their conditions."""

    steps: Annotated[tuple[ReleaseStep, ...], Field(min_length=1), More]
    """The steps in order; none may be skipped."""
    rollback_drill_every: Annotated[Period, Shorter]
    """Longest time since the rollback target was last exercised."""
    review_within: Annotated[Period, Shorter]
    """Time after a full release within which it is reviewed."""


class Rollout(Declaration):
    """Where a model's versions should be serving: desired state."""

    model: Name
    """The model."""
    version: Semver
    """The version rolled out."""
    step: Name
    """The step of `policies/release.yaml` it should be on."""
    rollback_to: Semver | None = None
    """The approved version that takes over when this one fails."""
