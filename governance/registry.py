"""What the model registry accepts (`policies/registry.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.declaration import Person, Policy, Text
from governance.period import Period
from governance.strictness import More

DottedName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+$")]


class Registry(Policy):
    """The bucket and what may lie in it."""

    bucket: Annotated[str, Field(pattern=r"^(file|s3)://\S+$")]
    """Where approved model bytes are stored."""
    estimators: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Module prefixes an `estimator` may come from."""
    trainers: tuple[Text, ...] = ()
    """Modules a `trainer` function may come from."""
    trusted_types: Annotated[tuple[DottedName, ...], Field(min_length=1)]
    """Types a model file may hold beyond those skops trusts by itself."""
    maximum_model_bytes: Annotated[int, Field(ge=1)]
    """Largest model file accepted."""
    object_lock: Period | None = None
    """How long an S3 bucket with object lock refuses to delete what was registered."""
    demands: Annotated[tuple[Literal["replay"], ...], More] = ()
    """Statements that are asked for beyond the three reviews."""
    machines: tuple[Person, ...] = ()
    """Bots of `policies/roles.yaml` whose signed statements count."""
