"""In which direction a field of a declaration is stricter, said once, where the field is declared.

A field carries its direction in its annotation: `count: Annotated[int, Higher]`. From that alone a
change of any declaration can be told to loosen or to tighten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from governance import period
from governance.finding import Route

Way = Literal["looser", "tighter", "changed"]


@dataclass(frozen=True, slots=True)
class Stricter:
    """How values of a field compare."""

    when: Literal["higher", "lower", "longer", "shorter", "more", "fewer", "unchanged"]


Higher: Final = Stricter("higher")
"""A higher number is stricter; none at all is loosest."""
Lower: Final = Stricter("lower")
"""A lower number is stricter; none at all is loosest."""
Longer: Final = Stricter("longer")
"""A longer period is stricter; none at all is loosest."""
Shorter: Final = Stricter("shorter")
"""A shorter period is stricter; none at all is loosest."""
More: Final = Stricter("more")
"""Every further item is stricter."""
Fewer: Final = Stricter("fewer")
"""Every further item is looser; none at all is strictest."""
Stays: Final = Stricter("unchanged")
"""Nobody can say which value is stricter, so every change counts as looser."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. The route leads to it in the file that still has it."""

    route: Route
    way: Way
    before: Any
    after: Any

    def __str__(self) -> str:
        name = ".".join(str(key) for key in self.route)
        return f"{name}: {_shown(self.before)} → {_shown(self.after)}"


def differences(before: BaseModel, after: BaseModel, route: Route = ()) -> Iterator[FieldChange]:
    """Every field that differs between two declarations of one class, with its direction."""
    for name, info in type(before).model_fields.items():
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        here = (*route, info.alias or name)
        stricter = next((mark for mark in info.metadata if isinstance(mark, Stricter)), None)
        yield from _field(old, new, here, stricter)


def _field(old: Any, new: Any, route: Route, stricter: Stricter | None) -> Iterator[FieldChange]:
    if stricter is not None and stricter.when not in {"more", "fewer"}:
        yield FieldChange(route, _way(old, new, stricter), old, new)
    elif isinstance(old, BaseModel) and type(old) is type(new):
        yield from differences(old, new, route)
    elif isinstance(old or new, tuple | Mapping):
        yield from _items(_by_identity(old), _by_identity(new), route, stricter)
    else:
        yield FieldChange(route, _one_sided(old, new, stricter), old, new)


def _items(
    old: Mapping[Any, tuple[Any, Any]], new: Mapping[Any, tuple[Any, Any]], route: Route,
    stricter: Stricter | None,
) -> Iterator[FieldChange]:  # fmt: skip
    for identity in [*old, *(key for key in new if key not in old)]:
        if identity not in new:
            key, value = old[identity]
            yield FieldChange(route, _one_sided(value, None, stricter), value, None)
        elif identity not in old:
            key, value = new[identity]
            yield FieldChange((*route, key), _one_sided(None, value, stricter), None, value)
        else:
            (_, was), (key, value) = old[identity], new[identity]
            if was != value:
                yield from _field(was, value, (*route, key), None)


def _one_sided(old: Any, new: Any, stricter: Stricter | None) -> Way:
    if stricter is None:
        return "changed"
    grows = old is None
    if not grows and new is not None:
        return "looser"
    return "tighter" if grows == (stricter.when == "more") else "looser"


def _way(old: Any, new: Any, stricter: Stricter) -> Way:
    if stricter.when == "unchanged":
        return "looser"
    if old is None or new is None:
        return "tighter" if old is None else "looser"
    if stricter.when in {"longer", "shorter"}:
        old, new = period.days(old), period.days(new)
    if old == new:
        return "changed"
    return "tighter" if (new > old) == (stricter.when in {"higher", "longer"}) else "looser"


def _by_identity(value: Any) -> dict[Any, tuple[Any, Any]]:
    """Items by what names them, each with its key or index in the file."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {key: (key, item) for key, item in value.items()}
    found: dict[Any, tuple[Any, Any]] = {}
    for index, item in enumerate(value):
        name, again = _identity(item), 0
        while (name, again) in found:
            again += 1
        found[name, again] = (index, item)
    return found


_NAMES: Final = ("id", "name", "metric", "dataset", "person", "login", "public", "obligation")


def _identity(item: Any) -> Any:
    if not isinstance(item, BaseModel):
        return repr(item)
    if "role" in type(item).model_fields:
        return type(item).__name__, getattr(item, "role", None), getattr(item, "function", None)
    name = next((name for name in _NAMES if name in type(item).model_fields), None)
    return repr(item) if name is None else (type(item).__name__, getattr(item, name))


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        shown = value.model_dump(exclude_none=True, exclude_defaults=True)
        return ", ".join(f"{key} {item}" for key, item in shown.items())
    return str(value)
