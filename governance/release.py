"""How a model reaches production (`policies/release.yaml`, `models/<m>/rollout.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.declaration import Declaration, Name, Part, Policy, Semver, Share
from governance.glob import Glob
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


class ServiceBounds(Part):
    """What answering requests may cost before a step counts as unhealthy."""

    errors_at_most: Annotated[Share, Lower] = 0.01
    """Largest share of requests without an answer."""
    p95_ms_at_most: Annotated[int, Field(ge=1), Lower] = 500
    """Longest time within which 95 of 100 requests are answered, in milliseconds."""


class Release(Policy):
    """Steps and their conditions."""

    steps: Annotated[tuple[ReleaseStep, ...], Field(min_length=1), More]
    """The steps in order; none may be skipped."""
    rollback_drill_every: Annotated[Period, Shorter]
    """Longest time since the rollback target was last exercised."""
    review_within: Annotated[Period, Shorter]
    """Time after a full release within which it is reviewed."""
    review_by: Name = "mlops"
    """The role that reviews it."""
    service: ServiceBounds = ServiceBounds()
    """What a healthy service keeps to; drift, performance and fairness: `monitoring.yaml`."""

    application: Annotated[tuple[Glob, ...], More] = ("services/**",)
    """Globs of core application code, which no change touches together with a release."""
    releases: Annotated[tuple[Glob, ...], More] = (
        "models/*/rollout.yaml", "models/*/versions/**", "policies/release.yaml",
        ".github/workflows/release.yml",
    )  # fmt: skip
    """Globs of what a release is made of."""

    def position(self, step: str) -> int | None:
        """Place of a step in the order, counted from 0; None for one that does not exist."""
        return next((i for i, found in enumerate(self.steps) if found.id == step), None)

    def step(self, name: str) -> ReleaseStep | None:
        """The step of that name."""
        return next((found for found in self.steps if found.id == name), None)


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
