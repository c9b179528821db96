"""Clauses of a regulation and the evidence that answers them (`policies/controls/`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from governance.declaration import Day, Part, Policy, Text


class Clause(Part):
    """One clause."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .()_/-]{0,39}$")]
    """The clause as the regulation numbers it."""
    title: Text
    """What it demands, in a few words of our own."""
    applies_from: Day
    """First day on which it applies."""
    applies_until: Day | None = None
    """Last day on which it applies."""
    rules: tuple[Annotated[str, Field(pattern=r"^[a-z]+/[a-z_*]+$")], ...] = ()
    """Rules of Charter that answer the clause, `family/rule` or `family/*`."""
    evidence: tuple[Text, ...] = ()
    """Globs of files that show it."""


class Framework(Policy):
    """A regulation, its edition and its clauses."""

    title: Text
    """Full name of the regulation."""
    edition: Text
    """The edition these clauses were taken from."""
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    """The clauses."""
