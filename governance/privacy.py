"""How personal data may be used for training (`policies/privacy.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from governance.anonymity import Demand
from governance.contract import Column, ColumnClass, Contract, Technique
from governance.declaration import Name, Part, Policy, Share, Text
from governance.strictness import Fewer, Higher, Lower, More


class ClassRule(Part):
    """What may be done with the columns of one class."""

    techniques: Annotated[tuple[Technique, ...], Field(min_length=1), Fewer]
    """Techniques allowed before data are used for training."""
    purpose_required: Annotated[bool, Higher] = True
    """Whether each column must say what it is used for."""


class Narrowing(Part):
    """What a regulation leaves of the techniques of one class."""

    techniques: Annotated[tuple[Technique, ...], Field(min_length=1), Fewer]
    """Techniques it allows; only those the class allows as well count."""


class Pseudonyms(Part):
    """Keyed hashing of identifiers: HMAC-SHA-256 with a key kept outside Git."""

    minimum_key_bytes: Annotated[int, Field(ge=16), Higher]
    """Length below which a key is refused."""
    sample_key_sources: Annotated[tuple[Name, ...], Fewer] = ()
    """Source kinds whose data may be pseudonymised with the published sample key."""
    attack_budget: Annotated[int, Field(ge=10_000), Higher] = 2_000_000
    """Hashes computed per column in the attempt to reverse it, on every run of `prepare`."""


class Minimisation(Part):
    """When a column tells more than its purpose needs."""

    unique_share: Annotated[Share, Lower] = 0.9
    """Different values per row from which a kept column counts as naming each row."""
    minimum_rows: Annotated[int, Field(ge=1), Lower] = 100
    """Rows below which that is not asked."""


class Regulation(Part):
    """A regulation the rules answer to."""

    id: Name
    """Framework in `policies/controls/`."""
    version: Text
    """The edition reviewed against."""
    classes: Annotated[dict[ColumnClass, Narrowing], More] = {}
    """What it narrows for datasets whose contract names it."""


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
    minimisation: Minimisation = Minimisation()
    """When a column tells too much."""
    anonymity: Annotated[dict[Name, Demand], More] = {}
    """How many people must look alike in prepared data, by kind of source; `otherwise` stands
    for kinds that are not named."""
    regulations: Annotated[tuple[Regulation, ...], More] = ()
    """What the rules are reviewed against."""

    def techniques(self, group: ColumnClass, regulations: Iterable[str]) -> tuple[Technique, ...]:
        """What a class of column allows under all of some regulations."""
        rule = self.classes.get(group)
        allowed = rule.techniques if rule else ()
        for regulation in self.regulations:
            narrowing = regulation.classes.get(group) if regulation.id in regulations else None
            if narrowing:
                allowed = tuple(one for one in allowed if one in narrowing.techniques)
        return allowed

    def unknown(self, contract: Contract) -> list[str]:
        """Regulations a contract names that the policy does not know."""
        known = {regulation.id for regulation in self.regulations}
        return [name for name in contract.regulations if name not in known]

    def misuses(self, contract: Contract) -> Iterator[Misuse]:
        """Columns whose technique their class does not allow, or that say no purpose."""
        for column in contract.columns:
            misuse = self._misuse(column, contract.regulations)
            if misuse:
                yield misuse

    def _misuse(self, column: Column, regulations: tuple[str, ...]) -> Misuse | None:
        rule = self.classes.get(column.classification)
        allowed = self.techniques(column.classification, regulations)
        if column.technique not in allowed:
            also = " and say its `purpose`" if rule and rule.purpose_required else ""
            by = (
                f" under {', '.join(regulations)}"
                if rule and column.technique in rule.techniques
                else ""
            )
            return Misuse(
                column.name,
                f"{column.classification}; technique {column.technique} is not allowed{by}",
                f"set custom property `technique` to one of {', '.join(allowed) or 'none'}{also}",
            )
        if rule and rule.purpose_required and column.technique != "drop" and not column.purpose:
            return Misuse(
                column.name,
                f"{column.classification}; what training needs it for is not declared",
                "add custom property `purpose`, or set `technique` to drop",
            )
        return None

    def demand(self, kind: str | None) -> Demand | None:
        """What data of a kind of source must reach; None when nothing is demanded."""
        return self.anonymity.get(kind or "otherwise") or self.anonymity.get("otherwise")
