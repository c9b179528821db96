"""What a pickle would do, from its opcodes: nothing in it is ever built or called."""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

_CALLS: Final = frozenset({"REDUCE", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "BUILD"})
"""Opcodes that run code of whoever wrote the pickle."""
_TEXT: Final = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING"})
_PUT: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"})
_GET: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_MOST: Final = 1_000_000
"""Opcodes looked at in one pickle; what names something to call does so long before."""


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickle: what it imports, as `module.name`, and whether it calls any of it.

    `whole`: it was read to its end.
    """

    imports: tuple[str, ...]
    calls: bool
    whole: bool

    def __str__(self) -> str:
        if not self.imports:
            return "a pickle"
        told = sorted(self.imports, key=lambda name: name.startswith(_USUAL))
        some = ", ".join(told[:_SHOWN])
        more = f" and {len(self.imports) - _SHOWN} more" if len(self.imports) > _SHOWN else ""
        return f"a pickle that {'calls' if self.calls else 'imports'} {some}{more}"


_SHOWN: Final = 3
_USUAL: Final = ("collections.", "copyreg.", "joblib.", "numpy.", "scipy.", "sklearn.")
"""What pickles of arrays and estimators import; anything else is told first."""


def walk(stream: IO[bytes]) -> Pickled | None:
    """What the pickle at the stream's position would do; None when there is none.

    Without the marker of protocol 2 or later, bytes count as a pickle only if they import
    something: any text that begins with a full stop is one that does nothing.
    """
    names: dict[str, None] = {}
    calls, whole, marked = False, False, False
    try:
        for opcode, argument in _opcodes(stream, names):
            marked = marked or opcode == "PROTO"
            calls = calls or opcode in _CALLS
            whole = opcode == "STOP"
            del argument
    except Exception:  # noqa: BLE001 - pickletools raises as it likes on bytes that are none
        if not marked and not (names and calls):
            return None
        return Pickled(tuple(names), calls, whole=False)
    return Pickled(tuple(names), calls, whole) if marked or names else None


def _opcodes(stream: IO[bytes], names: dict[str, None]) -> Iterator[tuple[str, Any]]:
    """Opcodes of one pickle; what they import is added to `names`."""
    texts: list[str] = []
    memo: dict[int, str] = {}
    last: str | None = None
    for number, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        name = opcode.name
        if name in _TEXT and isinstance(argument, str):
            last = argument
            texts.append(argument)
        elif name in _PUT:
            key = len(memo) if argument is None else int(argument)
            memo[key] = last or "?"
        elif name in _GET:
            last = memo.get(int(argument or 0), "?")
            texts.append(last)
        elif name in {"GLOBAL", "INST"} and isinstance(argument, str):
            names[_plain(argument.replace(" ", ".", 1))] = None
            last = None
        elif name == "STACK_GLOBAL":
            names[_plain(".".join(texts[-2:]))] = None
            last = None
        else:
            last = None
        yield name, argument
        if number >= _MOST:
            return


def _plain(text: str) -> str:
    """A dotted name that can be shown: names in a pickle are whatever its author wrote."""
    return "".join(c if c.isalnum() or c in "._" else "?" for c in text)[:120]
