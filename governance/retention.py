"""How long data stays and what happens then (`policies/retention.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from governance.declaration import Day, Name, Part, Policy, Text
from governance.strictness import Lower, More, Stays

Days = Annotated[int, Field(ge=1, le=36_525)]


class Window(Part):
    """The retention window of one dataset."""

    days: Annotated[Days | None, Lower] = None
    """How long rows stay, counted from their event time; the default when left out."""
    minimum_days: Annotated[Days, Lower]
    """What a legal duty to keep demands."""
    maximum_days: Annotated[Days, Lower]
    """What the law or a contract allows at most."""
    basis: Text
    """The duty or agreement behind the bounds."""
    at_end: Annotated[Literal["purge", "anonymise"], Stays]
    """What happens to rows past their window."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum_days > self.maximum_days:
            msg = "minimum_days is larger than maximum_days"
            raise ValueError(msg)
        if self.days is not None and not self.minimum_days <= self.days <= self.maximum_days:
            msg = "days lies outside minimum_days and maximum_days"
            raise ValueError(msg)
        return self


class Hold(Part):
    """A legal hold: nothing of the dataset is deleted until it is lifted."""

    dataset: Name
    """The dataset held."""
    since: Day
    """First day of the hold."""
    until: Annotated[Day | None, Stays] = None
    """Last day of the hold, when known."""
    matter: Text
    """The case or order behind the hold."""


class Retention(Policy):
    """Windows by dataset."""

    default_days: Annotated[Days, Lower]
    """Window of a dataset that sets none; `DATA_RETENTION_DAYS` overrides it within the bounds."""
    windows: Annotated[dict[Name, Window], More]
    """A window for each dataset."""
    holds: Annotated[tuple[Hold, ...], More] = ()
    """Legal holds."""
