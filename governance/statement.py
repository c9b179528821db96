"""What a person signs: an in-toto Statement about one subject, in one role."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from governance import digest
from governance.declaration import Moment, Name, Part, Person, Text

NAMESPACE: Final = "charter-approval"
"""The namespace of the SSH signature: a signature made for anything else never counts."""
TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "urn:charter:approval:v1"

SubjectName = Annotated[
    str,
    Field(
        pattern=r"^(change|dataset:[a-z][a-z0-9_-]*|model:[a-z][a-z0-9_-]*@[0-9]+\.[0-9]+\.[0-9]+"
        r"|removal:[a-z0-9][a-z0-9._-]*)$",
        max_length=200,
    ),
]
"""`change`, `dataset:<name>` or `model:<name>@<version>`."""


class Sha256(Part):
    """A digest set in the form in-toto gives it."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """64 hexadecimal digits."""


class Subject(Part):
    """What the statement is about."""

    name: SubjectName
    """Name of the subject."""
    digest: Sha256
    """Its digest."""


class Predicate(Part):
    """Who says what, in which role, when and why."""

    repository: Text
    """The repository, as `policies/approvals.yaml` names it."""
    branch: Text
    """The branch the change is for."""
    base: Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
    """The commit of that branch the person looked from."""
    by: Person
    """The person, as `policies/roles.yaml` of the base names them."""
    role: Name
    """The role in which they speak."""
    said: Literal["approve", "reject", "withdraw", "break-glass"]
    """What they say."""
    because: Text
    """Why."""
    at: Moment
    """When they signed."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """Random text that makes every statement unique."""


class Statement(Part):
    """An in-toto Statement whose predicate is an approval."""

    type: Annotated[Literal["https://in-toto.io/Statement/v1"], Field(alias="_type")]
    """The statement's type."""
    subject: Annotated[tuple[Subject, ...], Field(min_length=1, max_length=1)]
    """The one thing it is about."""
    predicate_type: Annotated[Literal["urn:charter:approval:v1"], Field(alias="predicateType")]
    """The predicate's type."""
    predicate: Predicate
    """The approval."""

    @property
    def about(self) -> str:
        """Name of the subject."""
        return self.subject[0].name

    @property
    def digest(self) -> str:
        """Digest of the subject, `sha256:…`."""
        return f"sha256:{self.subject[0].digest.sha256}"


def text(subject: str, seen: str, predicate: dict[str, Any]) -> str:
    """The canonical text that is signed, from a subject, its digest and the predicate."""
    value = {
        "_type": TYPE,
        "subject": [{"name": subject, "digest": {"sha256": seen.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return digest.canonical(value).decode()
