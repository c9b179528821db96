"""What happened (`records/`): one file per event, never edited."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from governance.declaration import (
    Day,
    Declaration,
    Moment,
    Name,
    Part,
    Person,
    RepoPath,
    Semver,
    Text,
)
from governance.digest import Digest
from governance.statement import SubjectName


class Record(Declaration):
    """The part all records share."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    """The file's name without extension."""
    at: Moment
    """When it happened, with its UTC offset."""


class Source(Part):
    """Where data came from and why it may be used."""

    kind: Literal["client", "anonymised-client", "licensed-public", "synthetic", "derived"]
    """Kind of source."""
    id: Name
    """Identity of the source."""
    uri: Text
    """Where it was obtained: an address, a system, or the command that generates it."""
    licence: Text
    """SPDX licence id, or the name of the agreement."""
    agreement: Text | None = None
    """Number of the agreement, when there is one."""
    licence_ends: Day | None = None
    """Last day of the licence; none for one without end."""
    collected_from: Day | None = None
    """First day the rows speak about."""
    collected_until: Day | None = None
    """Last day the rows speak about."""


class LandedFile(Part):
    """One file of a landing."""

    path: RepoPath
    """Path inside the dataset's folder."""
    bytes: Annotated[int, Field(ge=1)]
    """Size in bytes."""
    rows: Annotated[int, Field(ge=1)]
    """Rows it holds."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes."""


class Landing(Record):
    """Files that became part of a dataset."""

    dataset: Name
    """The dataset."""
    files: Annotated[tuple[LandedFile, ...], Field(min_length=1)]
    """The files."""
    source: Source
    """Where they came from."""
    by: Person | None = None
    """Who landed them."""


class Decision(Record):
    """A decision of the board, with its reasons."""

    subject: SubjectName
    """What was decided on."""
    digest: Digest
    """The bytes the board saw."""
    decision: Literal["approve", "reject", "defer"]
    """The outcome."""
    rationale: Text
    """Why."""
    options: tuple[Text, ...] = ()
    """Alternatives considered."""
    votes: Annotated[dict[Person, Literal["yes", "no", "abstain"]], Field(min_length=1)]
    """Vote of each member."""
    evidence: dict[Text, Digest] = {}
    """Digests of what the board saw."""


class Approval(Record):
    """One person's signed opinion about a subject, in a role."""

    statement: Text
    """The in-toto Statement that was signed, as canonical JSON text."""
    signature: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True,
            pattern=r"^-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n]+\n"
            r"-----END SSH SIGNATURE-----$",
        ),
    ]
    """The SSH signature over its bytes, as `ssh-keygen -Y sign` writes it."""


class Incident(Record):
    """A breach, with its severity and what was done."""

    model: Name
    """The model concerned."""
    severity: Literal["P0", "P1", "P2", "P3"]
    """How bad."""
    summary: Text
    """What was seen."""
    owner: Person | None = None
    """Who handles it."""
    triage: Text | None = None
    """What was decided about it."""
    closed_at: Moment | None = None
    """When it was closed."""


class Review(Record):
    """An obligation carried out."""

    obligation: Name
    """The obligation of `policies/reviews.yaml`."""
    subject: Text
    """What was reviewed."""
    by: Annotated[tuple[Person, ...], Field(min_length=1)]
    """Who reviewed."""
    outcome: Literal["in-order", "changes-needed"]
    """What they found."""
    notes: Text
    """What they saw."""


class Waiver(Record):
    """A dated exception from one rule for one subject."""

    rule: Annotated[str, Field(pattern=r"^[a-z]+/[a-z_]+$")]
    """The rule waived."""
    subject: RepoPath
    """The exact file it is waived for."""
    owner: Person
    """Who answers for it."""
    reason: Text
    """Why."""
    until: Day
    """Last day."""


class Tombstone(Record):
    """Bytes that were erased; their digests are refused for ever."""

    dataset: Name
    """The dataset they were part of."""
    digests: Annotated[tuple[Digest, ...], Field(min_length=1)]
    """Digests of the erased files."""
    ground: Text
    """Why they were erased."""
    approved_by: Annotated[tuple[Person, ...], Field(min_length=1)]
    """Who approved it."""
    model: Name | None = None
    """The model erased, when it was one."""
    version: Semver | None = None
    """Its version."""
