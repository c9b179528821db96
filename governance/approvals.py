"""Who must say yes to what (`policies/approvals.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from governance.declaration import Name, Part, Policy, Text
from governance.period import Period

Change = Literal[
    "promotes-to-production",
    "promotes-to-staging",
    "changes-policy",
    "changes-role",
    "loosens-threshold",
    "shortens-retention",
    "lands-data",
    "edits-record",
]
"""Changes of meaning, whatever the files they stand in."""


class When(Part):
    """The changes a rule speaks about: any of the paths, or any of the meanings."""

    paths: tuple[Text, ...] = ()
    """Globs in the gitignore dialect, anchored at the top of the repository."""
    changes: tuple[Change, ...] = ()
    """Changes of meaning."""


class Seat(Part):
    """Approvals one role has to give."""

    role: Name
    """The role that approves."""
    function: Name | None = None
    """The function within a board that must be among the approvers."""
    count: Annotated[int, Field(ge=1)]
    """How many different people."""


class ApprovalRule(Part):
    """Which changes need which approvals."""

    id: Name
    """Identity of the rule, used in findings."""
    because: Text
    """The clause or reason the rule implements."""
    when: When
    """The changes the rule applies to."""
    require: Annotated[tuple[Seat, ...], Field(min_length=1)]
    """Seats, each filled by different people."""
    expires_after: Period | None = None
    """How long an approval counts."""


class Approvals(Policy):
    """Approval rules. All that match apply; none replaces another."""

    rules: Annotated[tuple[ApprovalRule, ...], Field(min_length=1)]
    """The rules, in any order."""
