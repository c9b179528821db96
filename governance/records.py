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
    parents: tuple[Name, ...] = ()
    """Datasets a derived one was made from."""


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
    parents: dict[Name, Digest] = {}
    """Digest of each parent as it stood when a derived dataset landed."""
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


class Attestation(Record):
    """What a machine signed: how something came to be, or what a test of it showed."""

    envelope: Text
    """The DSSE envelope with its in-toto Statement, as JSON text."""


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
    of: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")] | None = None
    """The incident this one says more about: its triage, its end. Records are never edited."""


class AuditedVersion(Part):
    """A dataset as one landing or erasure left it."""

    digest: Digest
    """Digest of its manifest."""
    record: RepoPath
    """The landing or tombstone that made it."""
    at: Day
    """The day of that record."""
    age_days: Annotated[int, Field(ge=0)]
    """Days since."""
    files: Annotated[int, Field(ge=0)]
    """Files it has."""
    rows: Annotated[int, Field(ge=0)]
    """Rows it has."""
    due_rows: Annotated[int, Field(ge=0)] = 0
    """Rows of it that are due and not held; their action is that of the dataset."""


class AuditedDataset(Part):
    """How long a dataset is kept, what is due, and every version of it."""

    dataset: Name
    """The dataset."""
    days: Annotated[int, Field(ge=1)]
    """Its window in force."""
    origin: Text
    """What sets the window: a field of the policy, or a variable of the environment."""
    minimum_days: Annotated[int, Field(ge=0)]
    """Lower bound."""
    maximum_days: Annotated[int, Field(ge=1)]
    """Upper bound."""
    action: Literal["purge", "anonymise", "none"]
    """What is due now."""
    due_rows: Annotated[int, Field(ge=0)]
    """Rows past their window that go."""
    held_rows: Annotated[int, Field(ge=0)] = 0
    """Rows past their window that a legal hold keeps."""
    holds: tuple[Text, ...] = ()
    """Matters of the holds in force."""
    next_due: Day | None = None
    """The next day on which rows fall due."""
    versions: Annotated[tuple[AuditedVersion, ...], Field(min_length=1)]
    """Every version, oldest first."""


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
    catalogue: dict[Text, Text] = {}
    """Editions of the regulations it was made against; another edition asks for another review."""
    datasets: tuple[AuditedDataset, ...] = ()
    """Retention audit: what was kept."""
    removals: tuple[RepoPath, ...] = ()
    """Retention audit: removals, tombstones and certificates since the audit before."""
    evidence: dict[RepoPath, Digest] = {}
    """Digests of the evidence that was looked at; after a release, its telemetry snapshots."""


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


class SubjectToken(Part):
    """A person whose rows are removed, without a name: only the key tells who it is."""

    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """Random text hashed together with the identifier, so that two requests look unrelated."""
    token: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """HMAC-SHA-256 of salt and identifier, cut to 128 bits."""
    key: Text
    """Fingerprint of the key it was made with."""


class Barred(Part):
    """A duty to keep that bars deletion, so that rows are anonymised instead."""

    dataset: Name
    """The dataset it holds for."""
    duty: Text
    """The duty: `basis` of the window, or `matter` of the hold."""
    until: Day | None = None
    """Its last day; none when nobody knows it."""


class DoomedFile(Part):
    """A file that holds rows to be removed."""

    dataset: Name
    """The dataset it belongs to."""
    path: RepoPath
    """Path inside the dataset's folder."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of its bytes as they stand."""
    rows: Annotated[int, Field(ge=1)]
    """Rows in it that go."""


class Removal(Record):
    """Rows that are to go, and why: what people approve before anything is deleted."""

    ground: Literal["retention", "erasure"]
    """A window that has ended, or a person's right."""
    basis: Text
    """The article, clause or window behind it."""
    action: Literal["purge", "anonymise"]
    """What happens to the rows."""
    through: Day | None = None
    """Retention: last event day that goes."""
    subject: SubjectToken | None = None
    """Erasure: whose rows go."""
    files: tuple[DoomedFile, ...] = ()
    """Files of any version that hold such rows; none when nothing was found."""
    barred: tuple[Barred, ...] = ()
    """Duties that bar deletion."""
    by: Person | None = None
    """Who asked for it."""


class ErasedFile(Part):
    """A file that is gone, and what stands in its place."""

    path: RepoPath
    """Path inside the dataset's folder."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of the bytes that are gone."""
    rows: Annotated[int, Field(ge=1)]
    """Rows removed or anonymised."""
    becomes: LandedFile | None = None
    """The file without them, under the same path; none when no row was left."""


class Tombstone(Record):
    """Bytes that were erased; their digests are refused for ever."""

    dataset: Name
    """The dataset they were part of."""
    removal: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    """Id of the removal that was carried out."""
    files: tuple[ErasedFile, ...] = ()
    """Landed files that are gone."""
    digests: tuple[Digest, ...] = ()
    """SHA-256 of files made from them that are gone as well."""
    objects: tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{32}(\.dir)?$")], ...] = ()
    """Names DVC gave the bytes that are gone, in caches and remotes."""
    ground: Text
    """Why they were erased."""
    approved_by: tuple[Person, ...] = ()
    """Who approved it; nobody where the policy asks for nobody."""


class Searched(Part):
    """A place that was searched, and what was deleted there."""

    place: Text
    """The cache, a remote by its name, a replica, the work tree."""
    objects: Annotated[int, Field(ge=0)]
    """Objects deleted there, each version counted."""
    left: Annotated[int, Field(ge=0)] = 0
    """Objects found there afterwards that should be gone."""


class Tainted(Part):
    """A model that was trained on rows that are gone."""

    model: Name
    """The model."""
    training_hash: Digest
    """The training that saw them."""
    version: Semver | None = None
    """The registered version, when it is one."""


class Certificate(Record):
    """Evidence that a removal was carried out."""

    removal: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
    """Id of the removal."""
    tombstones: tuple[RepoPath, ...]
    """What was written about each dataset."""
    searched: Annotated[tuple[Searched, ...], Field(min_length=1)]
    """Every place that was searched."""
    tainted: tuple[Tainted, ...] = ()
    """Models that saw the rows: retrain, waive or withdraw each."""
    key_destroyed: Text | None = None
    """Fingerprint of the key version destroyed with it."""
    limits: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What deletion cannot undo."""
