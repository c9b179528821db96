"""What a change of declarations means, whatever the files it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from governance.finding import Place

EffectKind = Literal[
    "promotes-to-staging",
    "promotes-to-production",
    "registers-version",
    "lands-data",
    "removes-data",
    "changes-contract",
    "changes-threshold",
    "loosens-threshold",
    "tightens-threshold",
    "shortens-retention",
    "lengthens-retention",
    "lifts-hold",
    "loosens-approval",
    "tightens-approval",
    "changes-policy",
    "changes-role",
    "changes-key",
    "adds-waiver",
    "edits-record",
    "touches-code",
    "touches-workflow",
]


@dataclass(frozen=True, slots=True)
class Effect:
    """One meaning of a change.

    `subject` names what can be approved on its own (`dataset:<name>`, `model:<name>@<version>`,
    `removal:<id>`),
    or the role that is edited (`role:<name>`). `paths` are the touched files that bring it about.
    """

    kind: EffectKind
    words: str
    at: Place
    paths: tuple[str, ...]
    subject: str | None = None

    @property
    def approvable(self) -> bool:
        """Whether its subject has a digest of its own that people can approve."""
        return self.subject is not None and not self.subject.startswith("role:")
