"""How personal data may be used for training (`policies/privacy.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from governance.contract import Column, ColumnClass, Technique
from governance.declaration import Name, Part, Policy, Text
from governance.strictness import Fewer, Higher, More


class ClassRule(Part):
    """What may be done with the columns of one class."""

    techniques: Annotated[tuple[Technique, ...], Field(min_length=1), Fewer]
    """Techniques allowed before data are used for training."""
    purpose_required: Annotated[bool, Higher] = True
    """Whether each column must say what it is used for."""


class Pseudonyms(Part):
    """Keyed hashing of identifiers: HMAC-SHA-256 with a key kept outside Git."""

    minimum_key_bytes: Annotated[int, Field(ge=16), Higher]
    """Length below which a key is refused."""
    sample_key_sources: Annotated[tuple[Name, ...], Fewer] = ()
    """Source kinds whose data may be pseudonymised with the published sample key."""


class Regulation(Part):
    """A regulation the rules answer to."""

    id: Name
    """Framework in `policies/controls/`."""
    version: Text
    """The edition reviewed against."""


@dataclass(frozen=True, slots=True)
class Misuse:
    """A column that may not be used for training as its contract says."""

    column: str
    problem: str
    fix: str


class Privacy(Policy):
    """Rules by column class."""

    classes: Annotated[dict[ColumnClass, ClassRule], More]
    """A rule for each class of column."""
    pseudonyms: Pseudonyms
    """How identifiers are replaced."""
    regulations: Annotated[tuple[Regulation, ...], More] = ()
    """What the rules are reviewed against."""

    def misuses(self, columns: Iterable[Column]) -> Iterator[Misuse]:
        """Columns whose technique their class does not allow, or that say no purpose."""
        for column in columns:
            rule = self.classes.get(column.classification)
            if rule is None or column.technique not in rule.techniques:
                allowed = ", ".join(rule.techniques) if rule else "none"
                also = " and say its `purpose`" if rule and rule.purpose_required else ""
                yield Misuse(
                    column.name,
                    f"{column.classification}; technique {column.technique} is not allowed",
                    f"set custom property `technique` to one of {allowed}{also}",
                )
            elif rule.purpose_required and column.technique != "drop" and not column.purpose:
                yield Misuse(
                    column.name,
                    f"{column.classification}; what training needs it for is not declared",
                    "add custom property `purpose`, or set `technique` to drop",
                )
