"""How two path patterns relate: does one match all the other does, can one path match both?

Both answers err on the same side: a pattern is said to cover another only when it does, and to
miss another only when it does.
"""

from __future__ import annotations

from functools import cache

from governance import glob

_ANY = "**"


def covers(wide: str, narrow: str) -> bool:
    """Whether every path `narrow` matches is matched by `wide` too; False when unsure."""
    return _covers(_names(wide), _names(narrow))


def meet(one: str, other: str) -> bool:
    """Whether some path matches both patterns."""
    return _meet(_names(one), _names(other))


@cache
def _names(pattern: str) -> tuple[str, ...]:
    """Names of a pattern, where `**` means any number of folders, none included."""
    names = (f"{pattern}{_ANY}" if pattern.endswith("/") else pattern).split("/")
    if names[-1] == _ANY:  # at the end it stands for a file and the folders above it
        names[-1:] = [_ANY, "*"]
    return tuple(names)


@cache
def _covers(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide or not narrow:
        return wide == narrow
    if wide[0] == _ANY:
        return _covers(wide[1:], narrow) or _covers(wide, narrow[1:])
    if narrow[0] == _ANY:
        return False
    fits = wide[0] in {"*", narrow[0]} or (
        not {"*", "?"} & set(narrow[0]) and glob.matches(wide[0], narrow[0])
    )
    return fits and _covers(wide[1:], narrow[1:])


@cache
def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    if one[:1] == (_ANY,):
        return _meet(one[1:], other) or (bool(other) and _meet(one, other[1:]))
    if other[:1] == (_ANY,):
        return _meet(other, one)
    if not one or not other:
        return one == other
    return _same_name(one[0], other[0]) and _meet(one[1:], other[1:])


@cache
def _same_name(one: str, other: str) -> bool:
    """Whether one name without a slash can match both."""
    if one[:1] == "*":
        return _same_name(one[1:], other) or (bool(other) and _same_name(one, other[1:]))
    if other[:1] == "*":
        return _same_name(other, one)
    if not one or not other:
        return one == other
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _same_name(one[1:], other[1:])
