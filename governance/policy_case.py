"""A case that shows what the approval rules do (`policies/cases/<name>.yaml`)."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from governance.declaration import Declaration, Moment, Name, Part, Person, Text
from governance.effect import EffectKind
from governance.statement import SubjectName
from governance.tally import Standing

Path = Annotated[str, Field(min_length=1, max_length=400)]


class Meaning(Part):
    """One meaning the change is given, without the declarations that would bring it about.

    What follows from where a file stands (code, a policy, a record) need not be said.
    """

    kind: EffectKind
    """The meaning."""
    subject: Annotated[str, Field(pattern=r"^(role|dataset|model|removal):[^\s]+$")] | None = None
    """What it is about, such as `model:credit@1.2.0` or `role:legal`."""
    path: Path
    """The touched file that brings it about."""


class CaseChange(Part):
    """The change of a case."""

    by: Annotated[tuple[Person, ...], Field(min_length=1)]
    """Who wrote it, the author first."""
    added: tuple[Path, ...] = ()
    """Paths that are new."""
    edited: tuple[Path, ...] = ()
    """Paths that differ."""
    removed: tuple[Path, ...] = ()
    """Paths that are gone."""
    meanings: tuple[Meaning, ...] = ()
    """Meanings of the change."""
    branch: Text = "main"
    """The branch it is for."""
    labels: tuple[Text, ...] | None = None
    """Labels of its pull request; left out when it has none to show, so that any may be on it."""
    lines: Annotated[int, Field(ge=0)] = 10
    """Lines added and removed in each path."""
    verified: bool = True
    """Whether signatures or a forge show who wrote it."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every touched path."""
        return (*self.added, *self.edited, *self.removed)

    @model_validator(mode="after")
    def _touches(self) -> Self:
        if not self.paths:
            msg = "name a path in added, edited or removed"
            raise ValueError(msg)
        for path in self.paths:
            if self.paths.count(path) > 1:
                msg = f"{path} is named twice"
                raise ValueError(msg)
        for meaning in self.meanings:
            if meaning.path not in self.paths:
                msg = f"{meaning.path} brings about {meaning.kind}, but is not touched"
                raise ValueError(msg)
        return self


class CaseOpinion(Part):
    """What somebody says in a case."""

    by: Person
    """Who."""
    said: Literal["approve", "reject", "withdraw", "lift", "break-glass"] = "approve"
    """What; `lift` takes away the objection of `of`."""
    of: Person | None = None
    """Whose objection is lifted."""
    role: Name | None = None
    """The role they sign in; a review at a forge speaks for all they hold."""
    subject: SubjectName = "change"
    """What about."""
    because: str = "looked at it"
    """Why; "" for an opinion without a reason."""
    days_ago: Annotated[int, Field(ge=0)] = 0
    """How long before the judgement. Of one day, what is listed later was said later."""
    minutes_after_push: Annotated[int, Field(ge=0)] | None = None
    """Time since a forge first showed what it is about; left out where no forge saw it."""
    stale: bool = False
    """Whether it was given for other bytes."""
    invalid: Text | None = None
    """Why its signature or account counts for nothing, such as a key that has expired."""

    @model_validator(mode="after")
    def _lifts_one(self) -> Self:
        if (self.said == "lift") != (self.of is not None):
            msg = "give `of` with `said: lift`, and only then"
            raise ValueError(msg)
        return self


class Expected(Part):
    """What the rules must answer."""

    standing: Standing
    """How the whole change stands."""
    rules: dict[Name, Standing] = {}
    """How single rules stand; a rule that is not demanded cannot be named here."""
    open: dict[Name, tuple[Text, ...]] = {}
    """Every seat of single rules that is still open, such as `legal` or `ml-review-board (risk)`; a
    seat for two is listed twice."""
    skipped: tuple[Name, ...] = ()
    """Rules that must not apply."""

    @model_validator(mode="after")
    def _of_one_mind(self) -> Self:
        if both := (self.rules.keys() | self.open.keys()) & set(self.skipped):
            msg = f"{min(both)} cannot be expected to apply and to be skipped"
            raise ValueError(msg)
        return self


class PolicyCase(Declaration):
    """A change, what people say about it, and what the rules must answer."""

    about: Text
    """What the case shows."""
    now: Moment
    """The moment of judgement."""
    change: CaseChange
    """The change."""
    opinions: tuple[CaseOpinion, ...] = ()
    """What people say."""
    decided: dict[SubjectName, Literal["approve", "reject", "defer"]] = {}
    """What the board's recorded decision on a subject is."""
    expect: Expected
    """The answer."""

    @model_validator(mode="after")
    def _speaks_of_itself(self) -> Self:
        known = {"change", *(meaning.subject for meaning in self.change.meanings)}
        for subject in chain((opinion.subject for opinion in self.opinions), self.decided):
            if subject not in known:
                msg = f"{subject} is no subject of the change; give it a meaning"
                raise ValueError(msg)
        return self
