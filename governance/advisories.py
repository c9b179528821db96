"""Known vulnerabilities of locked distributions, from a file in the OSV format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from packaging.version import InvalidVersion, Version

_LOCKED: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Affected:
    """A locked distribution an advisory speaks of. `sure`: its versions could be compared."""

    name: str
    version: str
    advisory: str
    sure: bool = True


class Unreadable(ValueError):
    """A file of advisories has another shape."""


def locked(text: str) -> dict[str, str]:
    """Version of each distribution in a lock, by normalised name."""
    return {normal(name): version for name, version in _LOCKED.findall(text)}


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(value: Any) -> list[dict[str, Any]]:
    """The advisories in a file: a list of them, `vulns` as a query answers, or a single one.

    Raises:
        Unreadable: it is none of these.
    """
    if isinstance(value, dict):
        value = value.get("vulns", [value])
    good = isinstance(value, list) and all(
        isinstance(one, dict) and isinstance(one.get("id"), str) for one in value
    )
    if not good:
        msg = "no list of advisories in the OSV format"
        raise Unreadable(msg)
    found: list[dict[str, Any]] = value
    return found


def affected(
    versions: Mapping[str, str], advisories: Iterable[Mapping[str, Any]]
) -> Iterator[Affected]:
    """Locked distributions that an advisory names, each advisory once.

    Source: the OSV schema's evaluation algorithm, for PyPI's ecosystem.
    """
    for advisory in advisories:
        if advisory.get("withdrawn"):
            continue
        for part in advisory.get("affected", ()):
            package = part.get("package", {}) if isinstance(part, dict) else {}
            name = normal(str(package.get("name", "")))
            version = versions.get(name)
            if str(package.get("ecosystem", "")).partition(":")[0] != "PyPI" or version is None:
                continue
            try:
                hit = _hit(version, part)
            except (InvalidVersion, AttributeError, TypeError):
                yield Affected(name, version, advisory["id"], sure=False)
                break
            if hit:
                yield Affected(name, version, advisory["id"])
                break


def _hit(version: str, part: Mapping[str, Any]) -> bool:
    own = Version(version)
    if any(_same(own, one) for one in part.get("versions", ())):
        return True
    return any(
        _within(own, span.get("events", ()))
        for span in part.get("ranges", ())
        if span.get("type") == "ECOSYSTEM"
    )


def _same(own: Version, other: str) -> bool:
    try:
        return own == Version(other)
    except InvalidVersion:  # releases from before the rules; no lock holds one
        return False


def _within(own: Version, events: Iterable[Mapping[str, str]]) -> bool:
    inside = False
    for event in sorted(events, key=_when):
        (kind, text), *_ = event.items()
        at = Version("0.dev0") if text == "0" else Version(text)
        if kind == "introduced" and own >= at:
            inside = True
        elif (kind == "fixed" and own >= at) or (kind == "last_affected" and own > at):
            inside = False
    return inside


def _when(event: Mapping[str, str]) -> tuple[Version, bool]:
    (kind, text), *_ = event.items()
    return Version("0.dev0") if text == "0" else Version(text), kind != "introduced"
