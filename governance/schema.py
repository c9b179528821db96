"""JSON Schemas of all kinds: published for editors, and the door for evidence files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from governance import catalogue, evidence, jsontext
from governance.declaration import meanings
from governance.finding import Finding, Place

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def published() -> dict[str, bytes]:
    """Every schema file of the repository: path and bytes."""
    kinds = {f"schemas/{kind.name}.json": kind.model for kind in catalogue.KINDS}
    facts = {f"schemas/evidence/{stem}.json": model for stem, model in evidence.KINDS.items()}
    return {path: jsontext.dump(of(model)) for path, model in sorted((kinds | facts).items())}


def of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of one kind, with the meaning of each key, closed to unknown keys."""
    schema = _closed(model)
    for name, part in [(model.__name__, schema), *schema.get("$defs", {}).items()]:
        texts = _meanings(model.__module__, name)
        for key, field in part.get("properties", {}).items():
            if key in texts:
                field["description"] = texts[key]
    return {"$schema": _DIALECT, **schema}


def _closed(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return schema


def _meanings(module: str, name: str) -> dict[str, str]:
    """Texts of a class that a module defines or imports."""
    found = getattr(sys.modules[module], name, None)
    return meanings(found) if isinstance(found, type) and issubclass(found, BaseModel) else {}


@cache
def _validator(model: type[BaseModel]) -> Validator:
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - 90 ms of imports

    return Draft202012Validator(_closed(model), format_checker=FormatChecker())


def mismatches(path: str, model: type[BaseModel], value: Any) -> Iterator[Finding]:
    """Where a JSON value departs from the schema of its kind, each with its JSON pointer."""
    for error in sorted(_validator(model).iter_errors(value), key=lambda e: list(map(str, e.path))):
        place = Place(path, tuple(error.absolute_path))
        problem = f"{place.pointer or '/'}: {error.message}"
        yield Finding(place, problem, "run the step that writes it again: `charter retrain`")
