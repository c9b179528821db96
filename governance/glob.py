"""Path patterns of policies: gitignore's wildcards, always anchored at the top.

`*` and `?` match within one name, `**` as a whole name matches any number of folders, a pattern
that ends in `/` matches everything below. Names that begin with a dot are no exception. There is
no `!` and no `[…]`: a rule that takes something back would depend on its place.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, TypeAlias

from pydantic import Field

Glob: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^(?:\*\*|[A-Za-z0-9_.*?=@+,~ -]+)(?:/(?:\*\*|[A-Za-z0-9_.*?=@+,~ -]+))*/?$",
        max_length=400,
    ),
]
"""A path pattern from the top of the repository."""


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern matches a whole path."""
    return compiled(pattern).fullmatch(path) is not None


def any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression that matches what any of the patterns matches; nothing when there is none."""
    return _joined(patterns)


@cache
def _joined(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_expression(p)})" for p in patterns) or r"(?!)", re.DOTALL)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression for one pattern; use `fullmatch`."""
    return re.compile(_expression(pattern), re.DOTALL)


def _expression(pattern: str) -> str:
    """A regular expression that never tries a path in more ways than it has places.

    What stands between two wildcards is looked for from the left, and its first place is final:
    whatever the next wildcard can match from a later one, it can match from there.
    """
    names = (f"{pattern}**" if pattern.endswith("/") else pattern).split("/")
    runs: list[list[str]] = [[]]
    for index, name in enumerate(names):
        if name != "**":
            runs[-1].append(_name(name))
        elif index == 0 or names[index - 1] != "**":
            runs.append([])
    first, *others = ["/".join(run) for run in runs]
    if not others:
        return first
    *middle, last = others
    parts = [f"{first}/" if first else ""]
    parts += [f"(?>(?:[^/]+/)*?{run}/)" for run in middle]
    parts.append(f"(?:[^/]+/)*{last}" if last else ".*")
    return "".join(parts)


def _name(name: str) -> str:
    first, *others = (_literal(part) for part in re.split(r"\*+", name))
    if not others:
        return first
    *middle, last = others
    return "".join([first, *(f"(?>[^/]*?{part})" for part in middle), f"[^/]*{last}"])


def _literal(text: str) -> str:
    return "".join("[^/]" if sign == "?" else re.escape(sign) for sign in text)
