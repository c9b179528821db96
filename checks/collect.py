"""Collects facts: each kind once, however many rules ask for it, then never again."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

import checks.facts
from checks.situation import Situation
from governance.document import Marks
from governance.finding import CouldNotJudge, Place


class Collector:
    """Facts of one situation by their class."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self._known: dict[type, Any] = {Situation: situation}
        self._marks: dict[str, Marks] = {}

    def get(self, fact: Any) -> Any:
        """The fact of a class.

        Raises:
            CouldNotJudge: it is missing or partial.
        """
        found = self.attempt(fact)
        if isinstance(found, CouldNotJudge):
            raise found
        return found

    def attempt(self, fact: Any) -> Any:
        """The fact of a class, or the reason why it could not be collected."""
        if fact not in self._known:
            try:
                provider, needs = _providers()[fact]
                self._known[fact] = provider(*(self.get(need) for need in needs))
            except CouldNotJudge as reason:
                self._known[fact] = reason
            except OSError as error:
                self._known[fact] = CouldNotJudge(f"{error.filename}: {error.strerror}")
            except Exception as error:  # noqa: BLE001 - what breaks on an input is no verdict on it
                name = getattr(fact, "__name__", str(fact))
                words = f"{name} could not be collected: {type(error).__name__}: {error}"
                self._known[fact] = CouldNotJudge(words)
        return self._known[fact]

    def locate(self, place: Place) -> Place:
        """A place with its line and column, read from the judged file."""
        tree = self.situation.tree
        entry = tree.entries().get(place.path)
        if place.line is not None or entry is None:
            return place
        plain = entry.mode in {"file", "executable"}
        if not plain or not place.path.endswith((".yaml", ".yml", ".json", ".dvc", ".lock")):
            return Place(place.path, place.route, 1)
        if place.path not in self._marks:
            self._marks[place.path] = Marks(place.path, tree.read(place.path))
        return self._marks[place.path].place(place.route)


@cache
def _providers() -> dict[type, tuple[Callable[..., Any], tuple[type, ...]]]:
    """Functions in `checks.facts` by the fact they return, with the facts they need."""
    found: dict[type, tuple[Callable[..., Any], tuple[type, ...]]] = {}
    for info in pkgutil.iter_modules(checks.facts.__path__, f"{checks.facts.__name__}."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_"):
                hints = typing.get_type_hints(function)
                fact = hints.pop("return")
                found[fact] = (function, tuple(hints.values()))
    return found
