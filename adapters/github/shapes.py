"""Answers of GitHub in the shape they must have: what is used has to be there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from governance.finding import CouldNotJudge


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        msg = "a moment is text"
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports ValueError only
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        msg = "a moment has a time zone"
        raise ValueError(msg)
    return found.astimezone(UTC)


def repository_name(value: str) -> str:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", value, re.ASCII) or {".", ".."} & {*value.split("/")}:
        msg = "a repository is `owner/name`"
        raise ValueError(msg)
    return value


Moment = Annotated[datetime, BeforeValidator(_moment)]
Sha = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
FullName = Annotated[str, AfterValidator(repository_name)]


class Answer(BaseModel):
    """Part of an answer: what is used has to be there; what is new does not disturb."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


A = TypeVar("A", bound=Answer)


class User(Answer):
    """An account."""

    login: str
    id: int
    type: str


class App(Answer):
    """An app that acts."""

    slug: str | None = None


class Repository(Answer):
    """A repository."""

    full_name: FullName


class Side(Answer):
    """One end of a pull request."""

    ref: str
    sha: Sha
    repo: Repository | None


class Label(Answer):
    """A label."""

    name: str


class Listed(Answer):
    """A pull request in a list."""

    number: int
    head: Side


class Merged(Answer):
    """A pull request that was merged, in a list."""

    number: int
    merged_at: Moment | None = None


class Pull(Answer):
    """A pull request."""

    number: int
    title: str
    state: Literal["open", "closed"]
    draft: bool
    user: User | None
    labels: list[Label]
    changed_files: int
    updated_at: Moment
    base: Side
    head: Side


class Review(Answer):
    """A review."""

    id: int
    user: User | None
    body: str | None
    state: str
    commit_id: Sha | None
    submitted_at: Moment | None = None


class Dismissal(Answer):
    """What a dismissal says about its review."""

    review_id: int
    state: str


class Event(Answer):
    """An event of a pull request."""

    id: int
    event: str
    actor: User | None
    created_at: Moment
    assigner: User | None = None
    performed_via_github_app: App | None = None
    dismissed_review: Dismissal | None = None


class Activity(Answer):
    """A push or another move of a branch."""

    ref: str
    after: Sha
    timestamp: Moment
    activity_type: str
    actor: User | None


class Comment(Answer):
    """A comment."""

    id: int
    user: User | None
    body: str | None


class CheckRun(Answer):
    """A check run."""

    id: int


class RulesetName(Answer):
    """A ruleset in a list."""

    id: int


class RuleShape(Answer):
    """One rule of a ruleset."""

    type: str
    parameters: dict[str, Any] | None = None


class BypassShape(Answer):
    """Somebody a ruleset does not bind."""

    actor_type: str
    actor_id: int | None = None
    bypass_mode: str = "always"


class RulesetShape(Answer):
    """A ruleset with its details."""

    id: int
    name: str
    target: str = "branch"
    source_type: str
    source: str
    enforcement: str
    conditions: dict[str, Any] | None = None
    rules: list[RuleShape]
    bypass_actors: list[BypassShape] | None = None


class Viewer(Answer):
    """Whoever owns the token."""

    login: str
    id: int = Field(alias="databaseId")


class Owner(Answer):
    """The answer to who owns the token."""

    viewer: Viewer


class Commit(Answer):
    """A commit."""

    oid: Sha


class Target(Answer):
    """What a reference points at."""

    sha: Sha


class Reference(Answer):
    """A reference."""

    target: Target = Field(alias="object")


class Numbered(Answer):
    """A pull request by its number."""

    number: int


class Entry(Answer):
    """An entry of a merge queue."""

    position: int
    head: Commit | None = Field(alias="headCommit")
    pull: Numbered | None = Field(alias="pullRequest")


class PageInfo(Answer):
    """Where the next page begins."""

    more: bool = Field(alias="hasNextPage")
    cursor: str | None = Field(alias="endCursor")


class Entries(Answer):
    """A page of a merge queue."""

    total: int = Field(alias="totalCount")
    nodes: list[Entry]
    page: PageInfo = Field(alias="pageInfo")


class Queue(Answer):
    """A merge queue."""

    entries: Entries


class Queues(Answer):
    """The merge queue of a repository."""

    queue: Queue | None = Field(alias="mergeQueue")


class QueueAnswer(Answer):
    """The answer about a merge queue."""

    repository: Queues | None


def shaped(kind: type[A], value: Any, path: str) -> A:
    """An answer in the shape it has to have."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        msg = f"{path}: {place}: {clean(first['msg'])}; GitHub answers in an unknown shape"
        raise CouldNotJudge(msg) from None


def clean(text: str | None) -> str:
    """Foreign words as one short printable line: they end in logs."""
    return "".join(c for c in " ".join((text or "").split()) if c.isprintable())[:200]
