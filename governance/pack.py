"""What a pack of evidence says about itself: of which version it is, and what lies in it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from governance import digest
from governance.declaration import Moment, Name, Part, Semver, Text
from governance.digest import Digest
from governance.evidence import Commit

INDEX: Final = "evidence.json"
CARD: Final = "card.md"
BOM: Final = "bom.cdx.json"
SIGNATURE: Final = "model.sig"
PUBLIC: Final = "machine.pem"
FORMAT: Final = "urn:charter:evidence:v1"


class Packed(Part):
    """One file of a pack."""

    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Index(Part):
    """`evidence.json`: which version, by which law, and every other file with its digest.

    `law`: the commit in which the policies became what they are. `as_of`: the last word of a
    person about it. `seal`: digest of everything else here.
    """

    format: Literal["urn:charter:evidence:v1"]
    model: Name
    version: Semver
    digest: Digest
    subject: Text
    subject_digest: Digest
    law: Commit
    as_of: Moment
    files: dict[str, Packed]
    seal: Digest

    def sealed(self) -> str:
        """The digest of everything but the seal."""
        return digest.of_value(self.model_dump(mode="json", exclude={"seal"}))
