"""The door for declarations: what every kind shares, and how a refused field is explained."""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import json
import re
import sys
import types
import typing
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, Generic, TypeAlias, TypeVar, Union

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from governance.document import MAX_FINDINGS, shown
from governance.finding import Finding, Place, Route
from governance.period import Period

if typing.TYPE_CHECKING:
    from collections.abc import Iterator

    from governance.document import Document

Name: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*$", max_length=64)
]
"""A lower-case word with `-` or `_` inside: safe in paths, Git tags and shell commands."""

Person: TypeAlias = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*$", max_length=64)
]
"""The id of a person in `policies/roles.yaml`."""

Semver: TypeAlias = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$", max_length=40)
]
"""A semantic version of three numbers."""


_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"


def _read(kind: type[date], pattern: str, words: str) -> BeforeValidator:
    """Reads text of one form; pydantic itself takes `1767225600` for a date, which nobody would."""
    form = re.compile(pattern)

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not form.fullmatch(value):
            msg = f"not {words}"
            raise ValueError(msg)
        return kind.fromisoformat(value)

    return BeforeValidator(read)


Day: TypeAlias = Annotated[date, _read(date, _DAY, "a day, YYYY-MM-DD")]
"""A calendar day."""

Moment: TypeAlias = Annotated[
    AwareDatetime,
    _read(datetime, f"{_DAY}T{_TIME}", "a moment with its offset, such as 2026-11-22T09:30:00Z"),
]
"""A moment with its offset from UTC."""

Text: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text for people; blank text is refused."""

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""A fraction from 0 to 1."""

RepoPath: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._=-]*(?:/[A-Za-z0-9_][A-Za-z0-9._=-]*)*$", max_length=400
    ),
]
"""A path below the repository's top: ASCII, forward slashes, nothing that climbs out."""


class Part(BaseModel):
    """Any piece of a declaration: frozen, nothing coerced, no key it does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, defer_build=True, allow_inf_nan=False
    )


class Declaration(Part):
    """A whole declaration file."""


class Policy(Declaration):
    """A policy document: the header both source policies carry, then its content."""

    id: Name
    """The document's identity; no two policies share one."""
    version: Semver
    """Goes up with every change of content."""
    effective: Day
    """First day on which the document is in force."""
    owner: Name
    """The role of `policies/roles.yaml` that answers for the document."""
    review_every: Period
    """The longest time between two reviews."""
    supersedes: Semver | None = None
    """The version this one replaces."""


D_co = TypeVar("D_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Declared(Generic[D_co]):
    """A declaration together with the file it stands in."""

    path: str
    value: D_co

    def at(self, *route: str | int) -> Place:
        """The place of one of its fields."""
        return Place(self.path, route)


def parse(kind: type[BaseModel], document: Document) -> tuple[Any | None, tuple[Finding, ...]]:
    """The declaration a document holds, or every field that is wrong with its place."""
    if not isinstance(document.value, dict):
        found = "is empty" if document.value is None else "is not a mapping of keys"
        problem = f"the file {found}; {kind.__name__} is expected"
        return None, (Finding(Place(document.path, line=1), problem, _outline(kind)),)
    try:
        return kind.model_validate_json(text(document), strict=True, extra="forbid"), ()
    except ValidationError as error:
        problems: list[dict[str, Any]] = [dict(p) for p in error.errors(include_url=False)]
    deeper = {p["loc"][:end] for p in problems for end in range(len(p["loc"]))}
    told = [p for p in problems if not (p["type"] == "too_short" and p["loc"] in deeper)]
    findings = (_explain(kind, document, problem) for problem in told[:MAX_FINDINGS])
    return None, tuple(sorted(findings, key=lambda found: (found.at.line, found.at.column)))


def parse_json(kind: type[BaseModel], data: str) -> Any | None:
    """The declaration in canonical JSON text, or None when it does not fit the kind."""
    try:
        return kind.model_validate_json(data, strict=True, extra="forbid")
    except ValidationError:
        return None


def _explain(kind: type[BaseModel], document: Document, error: dict[str, Any]) -> Finding:
    """One pydantic error in the words of the person who wrote the file."""
    route = _route(document.value, error["loc"])
    last = str(error["loc"][-1]) if error["loc"] else ""
    parents = list(models_at(kind, error["loc"][:-1]))
    where = shown(".".join(str(key) for key in route)) or document.path
    if error["type"] == "extra_forbidden":
        known = sorted({name for model in parents for name in fields(model)})
        near = difflib.get_close_matches(last, known, 1)
        fix = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(known)}"
        return Finding(document.place(route), f"unknown key `{where}`", fix)
    if error["type"] == "missing":
        meaning = next((words for model in parents if (words := meanings(model).get(last))), "")
        fix = f"add `{last}: …`" + (f" ({meaning[0].lower()}{meaning[1:]})" if meaning else "")
        return Finding(document.place(route), f"`{shown(last)}` is missing", fix)
    message = error["msg"].removeprefix("Value error, ")
    problem = f"`{where}`: {shown(message[0].lower() + message[1:], 200)}"
    return Finding(document.place(route), problem, _fix(error))


_BOUNDS: Final = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def _fix(error: dict[str, Any]) -> str:
    given = error["input"]
    if error["type"] == "string_type" and isinstance(given, int | float):
        return f'quote it: "{given}"'
    if error["type"] == "string_pattern_mismatch":
        return f"write text that matches {error['ctx']['pattern']}"
    if error["type"] in {"literal_error", "enum"}:
        expected = error["ctx"]["expected"]
        words = [word.strip(" '") for word in expected.replace(" or ", ",").split(",")]
        near = difflib.get_close_matches(str(given), words, 1)
        return f"did you mean `{near[0]}`?" if near else f"use one of {expected}"
    if error["type"].startswith(("datetime", "timezone")) or "moment" in error["msg"]:
        return "write the moment as 2026-11-22T09:30:00Z"
    if error["type"].startswith("date") or "YYYY" in error["msg"]:
        return "write the day as YYYY-MM-DD"
    if "ctx" in error and (bounds := [f"{k} {v}" for k, v in error["ctx"].items() if k in _BOUNDS]):
        return f"write a value that is {_BOUNDS[bounds[0].split()[0]]} {bounds[0].split()[1]}"
    return "correct the value"


def _route(value: Any, loc: tuple[str | int, ...]) -> Route:
    """The part of a pydantic location that names keys of the file."""
    route: list[str | int] = []
    for step in loc:
        if isinstance(value, dict):
            if step not in value:
                continue
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        route.append(step)
    return tuple(route)


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotation of each key the model knows, by the name used in the file."""
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def models_at(annotation: Any, loc: tuple[str | int, ...]) -> Iterator[type[BaseModel]]:
    """The models that may stand at `loc` below `annotation`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not loc:
            yield annotation
            return
        known = fields(annotation)
        if loc[0] in known:
            yield from models_at(known[str(loc[0])], loc[1:])
        else:  # the tag of a union stands in the location, not in the file
            yield from models_at(annotation, loc[1:])
        return
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {Union, types.UnionType}:
        for member in args:
            yield from models_at(member, loc)
    elif origin is Annotated:
        yield from models_at(args[0], loc)
    elif origin in {tuple, list} and loc:
        yield from models_at(args[0], loc[1:])
    elif origin is dict and loc:
        yield from models_at(args[1], loc[1:])


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """What the text below each field says, without its last stop; read from the source on demand.

    pydantic can attach these texts itself, at the price of parsing every module at start-up.
    """
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, BaseModel) and cls is not BaseModel:
            found |= _texts(cls.__module__).get(cls.__name__, {})
    return found


@cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    """The texts of all classes of a module, by class and field."""
    source = inspect.getsource(sys.modules[module])
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return {node.name: dict(_below(node.body)) for node in classes}


def _below(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in itertools.pairwise(body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                yield name, " ".join(words.split()).rstrip(".")


def _outline(kind: type[BaseModel]) -> str:
    needed = [info.alias or name for name, info in kind.model_fields.items() if info.is_required()]
    return f"start with the keys {', '.join(needed)}"


def text(document: Document) -> str:
    """The document as JSON text, from which its declaration can be read again."""
    return json.dumps(document.value)
