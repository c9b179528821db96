"""Who must say yes to what (`policies/approvals.yaml`)."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from governance import glob
from governance.declaration import Name, Part, Person, Policy, Text
from governance.effect import EffectKind
from governance.glob import Glob
from governance.period import Period
from governance.strictness import Fewer, Higher, Lower, More, Shorter, Stays

SURFACE: Final = (
    "policies/**", "records/**", "models/**", "schemas/**",
    ".github/**", ".ci/**", "action.yml", "Makefile", "locks/**", "pyproject.toml",
    "governance/**", "adapters/**", "checks/**", "cli/**", "pipelines/**", "services/**",
    "dvc.yaml", "dvc.lock", "datasets.dvc", "artifacts/ml/**", "data/ml/**",
    ".dvc/**", "**/.dvcignore", "**/.gitattributes", "**/.gitmodules", "**/.mailmap",
    "**/pytest.ini", "**/tox.ini", "**/setup.cfg", "*.toml", "**/conftest.py",
    "**/sitecustomize.py", "**/*.pth",
)  # fmt: skip
"""Paths that decide what is judged, how and by whom. No policy can free them of approval."""


class Size(Part):
    """How large a change is. A file that is no text counts as larger than any number of lines."""

    files_above: Annotated[int, Field(ge=0)] | None = None
    """More touched files than this."""
    lines_above: Annotated[int, Field(ge=0)] | None = None
    """More added and removed lines than this."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.files_above is None and self.lines_above is None:
            msg = "give files_above, lines_above or both"
            raise ValueError(msg)
        return self


class When(Part):
    """A condition on a change: exactly one of its keys; `any`, `all` and `not` combine others."""

    paths: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    """A touched path matches one of these, on either side of a rename."""
    changes: Annotated[tuple[EffectKind, ...], Field(min_length=1)] | None = None
    """The change has one of these meanings."""
    author: Annotated[tuple[Person, ...], Field(min_length=1)] | None = None
    """One of these people contributed."""
    author_role: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """A holder of one of these roles contributed."""
    size: Size | None = None
    """It is larger than this."""
    branch: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    """It is for a branch that matches one of these."""
    labels: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """The pull request carries one of these labels."""
    any: Annotated[tuple[When, ...], Field(min_length=1)] | None = None
    """One of these holds."""
    all: Annotated[tuple[When, ...], Field(min_length=2)] | None = None
    """All of these hold."""
    not_: Annotated[When | None, Field(alias="not")] = None
    """This does not hold."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            msg = "give exactly one key; combine several with any, all and not"
            raise ValueError(msg)
        return self

    def leaves(self) -> tuple[When, ...]:
        """The conditions inside that combine no others."""
        inner = (self.any or ()) + (self.all or ()) + ((self.not_,) if self.not_ else ())
        return tuple(leaf for when in inner for leaf in when.leaves()) if inner else (self,)


class Seat(Part):
    """Approvals one role has to give, each by a different person."""

    role: Name | None = None
    """The role that approves."""
    changed_role: Literal[True] | None = None
    """Instead of `role`: whichever role the change edits, as it stands at the base."""
    function: Name | None = None
    """The function within a board that the approvers represent."""
    count: Annotated[int, Field(ge=1, le=50), Higher]
    """How many different people."""

    @model_validator(mode="after")
    def _one_role(self) -> Self:
        if (self.role is None) == (self.changed_role is None):
            msg = "give exactly one of role and changed_role"
            raise ValueError(msg)
        return self

    def __str__(self) -> str:
        name = self.role or "the changed role"
        return f"{name} ({self.function})" if self.function else name


class Choice(Part):
    """Some of several seats."""

    at_least: Annotated[int, Field(ge=1), Higher]
    """How many of the seats must be filled, by different people."""
    of: Annotated[tuple[Seat, ...], Field(min_length=2), Stays]
    """The seats to choose from; each asks for one person."""

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if any(seat.count != 1 for seat in self.of):
            msg = "a seat of a choice has count 1"
            raise ValueError(msg)
        if self.at_least > len(self.of):
            msg = "at_least is larger than the number of seats"
            raise ValueError(msg)
        return self


def _kind(item: object) -> str:
    """Which of the two an item of a requirement is, so that a mistake is told once."""
    keys = item if isinstance(item, dict) else vars(item) if isinstance(item, Choice) else ()
    return "choice" if "of" in keys or "at_least" in keys else "seat"


_Item = Annotated[
    Annotated[Seat, Tag("seat")] | Annotated[Choice, Tag("choice")], Discriminator(_kind)
]
Requirement = Annotated[tuple[_Item, ...], Field(min_length=1), More]
"""Seats that must all be filled. One person fills one of them."""


class ApprovalRule(Part):
    """Which changes need which approvals."""

    id: Name
    """Identity of the rule, used in findings."""
    because: Text
    """The clause or reason the rule implements."""
    when: Annotated[When, Stays]
    """The changes the rule applies to."""
    require: Requirement
    """Seats, each filled by different people."""
    expires_after: Annotated[Period | None, Shorter] = None
    """How long an approval counts."""
    reading_minutes: Annotated[Annotated[int, Field(ge=1)] | None, Higher] = None
    """Shortest time between the push of what is approved and its approval."""
    rationale_required: Annotated[bool, Higher] = False
    """An approval without a reason does not count."""
    decision_required: Annotated[bool, Higher] = False
    """The board's decision on the subject must be recorded."""
    veto: Annotated[tuple[Name, ...], More] = ()
    """Roles whose objection stops the change though they hold no seat."""
    contributors_may_approve: Annotated[bool, Lower] = False
    """Whether somebody who wrote part of the change may approve it; its author never may."""


class Free(Part):
    """Paths that need nobody's approval."""

    paths: Annotated[tuple[Glob, ...], Field(min_length=1), Fewer]
    """The paths."""
    because: Text
    """Why nobody needs to look."""


class BreakGlass(Part):
    """The way out of an emergency. It leaves a debt."""

    require: Annotated[tuple[Seat, ...], Field(min_length=1), More]
    """Who must sign it; contributors never count."""
    due_within: Annotated[Period, Shorter]
    """Time within which the missing approvals follow."""


class Approvals(Policy):
    """Approval rules. All that match apply; none replaces another."""

    repository: Text
    """The repository's name at its forge, which every signed approval names."""
    branches: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Branches changes may be proposed for; every other one is refused."""
    rules: Annotated[tuple[ApprovalRule, ...], Field(min_length=1), More]
    """The rules, in any order."""
    otherwise: Requirement
    """What a touched path needs that no rule speaks of and that is not free."""
    free: Annotated[tuple[Free, ...], Fewer] = ()
    """Paths that need no approval."""
    unverified_authorship: Literal["one-more", "refuse", "accept"] = "one-more"
    """When neither signatures nor a forge show who wrote a change: one more approver for each
    rule, no approval at all, or nothing."""
    lifts: Annotated[tuple[Name, ...], Fewer] = ()
    """Roles that may lift an objection of somebody else."""
    break_glass: Annotated[BreakGlass | None, Fewer] = None
    """The way out of an emergency; none when left out."""
    waiver_limit: Annotated[Period, Shorter] = "P90D"
    """Longest life of a waiver."""
    trusted_until: Annotated[
        Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")] | None, Stays
    ] = None
    """Last commit before the rules were in force; the audit begins after it."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [rule.id for rule in self.rules]
        for name in ids:
            if ids.count(name) > 1:
                msg = f"two rules are called {name}"
                raise ValueError(msg)
        return self

    def is_free(self, path: str) -> bool:
        """Whether a path needs nobody's approval."""
        if glob.any_of(SURFACE).fullmatch(path):
            return False
        return any(glob.any_of(free.paths).fullmatch(path) for free in self.free)
