"""What is claimed about a registered version of a model (`models/<m>/versions/<v>.yaml`)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from governance.declaration import Declaration, Moment, Name, Part, Person, RepoPath, Semver
from governance.digest import Digest

Review: TypeAlias = Literal["security", "performance", "bias"]
REVIEWS: Final[tuple[Review, ...]] = ("security", "performance", "bias")
"""What a model has to be reviewed for before it is registered."""


class ModelFile(Part):
    """One file of a model."""

    path: RepoPath
    """Path inside the model's folder."""
    bytes: Annotated[int, Field(ge=0)]
    """Size in bytes."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes."""


class Reviewed(Part):
    """The signed statement that tells how a review came out."""

    record: RepoPath
    """The record that holds it."""
    digest: Digest
    """Digest of the signed envelope in it."""


class Version(Declaration):
    """A registered version. Never edited: a correction is a new version."""

    model: Name
    """The model."""
    version: Semver
    """The version."""
    digest: Digest
    """Digest of the model's bytes."""
    files: tuple[ModelFile, ...] = ()
    """The files that digest is made of, in order of path."""
    dataset_digest: Digest
    """Digest of the dataset's manifest."""
    training_hash: Digest
    """Digest of everything that went into the training."""
    registered_at: Moment
    """When it was registered, UTC."""
    registered_by: Person
    """Who registered it."""
    evidence: dict[Name, Digest]
    """Digest of each evidence file."""
    reviews: dict[Review, Reviewed] = {}
    """Statement of each review."""
