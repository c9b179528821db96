"""The declarations of a tree: every file read, each refusal kept."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

from adapters.parses import Parses, language
from adapters.tree import Tree
from governance import catalogue, contract, declaration
from governance.catalogue import Kind
from governance.contract import Contract
from governance.finding import Finding, Place


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Keeps the garbage collector from walking the nodes of every file while they are made."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Reading:
    """Declarations of one tree, their JSON texts, and what was refused on the way."""

    def __init__(self, tree: Tree, parses: Parses | None = None) -> None:
        self.refused: list[Finding] = []
        self.texts: dict[str, str] = {}
        paths = [path for path in tree.entries() if catalogue.is_declaration(path)]
        plain = [path for path in paths if self._plain(path, tree)]
        parses = parses or Parses(None)
        with _no_collection():
            values = {path: self._value(path, data, parses) for path, data in tree.read_many(plain)}
        parses.save()
        self.declarations = catalogue.gather((path, values.get(path)) for path in paths)

    def _plain(self, path: str, tree: Tree) -> bool:
        mode = tree.entries()[path].mode
        if mode in {"symlink", "submodule"}:
            problem = (
                f"a {'symbolic link' if mode == 'symlink' else mode} stands among declarations"
            )
            fix = "put the file itself here: what it points at escapes review"
            self.refused.append(Finding(Place(path), problem, fix))
        return mode in {"file", "executable"}

    def _value(self, path: str, data: bytes, parses: Parses) -> Any | None:
        kind = catalogue.kind_of(path)
        key = parses.key(data)
        text = parses.get(key) if kind else None
        if kind and text is not None and (value := self._known(kind, key, text, parses)):
            self.texts[path] = text
            return value
        value, text, findings = catalogue.read(path, data)
        self.refused += findings
        if text is not None:
            self.texts[path] = text
            parses.put(key, text)
            self._keep(key, value, parses)
        return value

    @staticmethod
    def _keep(key: bytes, value: Any, parses: Parses) -> None:
        """Keeps what interpreting a contract made: that takes longer than parsing it."""
        if isinstance(value, Contract):
            parses.put(parses.key(language() + key), contract.dump(value))

    @staticmethod
    def _known(kind: Kind, key: bytes, text: str, parses: Parses) -> Any | None:
        """The declaration in JSON text kept earlier; None when it does not fit any more."""
        if kind.name == "contract":
            kept = parses.get(parses.key(language() + key))
            return None if kept is None else contract.restore(kept)
        return declaration.parse_json(kind.model, text)
