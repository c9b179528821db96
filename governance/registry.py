"""What the model registry accepts (`policies/registry.yaml`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from governance.declaration import Person, Policy, Text

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
    machines: tuple[Person, ...] = ()
    """Bots of `policies/roles.yaml` whose signed statements count."""
