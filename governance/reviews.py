"""What must be looked at again, and how often (`policies/reviews.yaml`)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from governance.declaration import Name, Part, Policy, Text
from governance.period import Period
from governance.strictness import More, Shorter


class Obligation(Part):
    """Something due again and again."""

    id: Name
    """Identity of the obligation."""
    title: Text
    """What is done."""
    every: Annotated[Period, Shorter]
    """Longest time between two of them."""
    owner: Name
    """The role that does it."""
    covers: Annotated[tuple[Text, ...], Field(min_length=1), More]
    """Globs of the files it covers."""


class Reviews(Policy):
    """Recurring obligations."""

    obligations: Annotated[tuple[Obligation, ...], Field(min_length=1), More]
    """The obligations."""
