"""What was put where: deployment statements of machines, and where a model stands by them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from governance.attestation import DEPLOYMENT, Attestations, Attested
from governance.declaration import Name, Part, Semver, Share, parse_json
from governance.digest import Digest
from governance.finding import Finding, Place
from governance.release import Stage

OF: Final = "deployed"
"""Key of Charter's part of a deployment statement under which `Deployment` stands."""


class Deployment(Part):
    """What was put where: the predicate of a deployment statement."""

    model: Name
    """The model."""
    version: Semver
    """The version."""
    digest: Digest
    """Digest of the version's bytes."""
    step: Name
    """The step it was put on."""
    stage: Stage
    """The environment of the step."""
    exposure: Share
    """Fraction of requests it answers there."""
    move: Literal["begin", "advance", "stay", "retreat", "return"] = "begin"
    """How it came there."""
    drill: bool = False
    """Whether it was an exercise: fetched and verified, and nothing switched."""
    serving: Digest | None = None
    """Digest of the pointer of the bucket that says so; None for an exercise."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment with the statement that tells of it."""

    path: str
    at: datetime
    what: Deployment


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a model stands: its newest deployment, and since when without a break."""

    newest: Deployed
    since: datetime

    def is_on(self, version: str, step: str) -> bool:
        """Whether that version is the one on that step."""
        return (self.newest.what.version, self.newest.what.step) == (version, step)


def deployments(attestations: Attestations, model: str | None = None) -> tuple[Deployed, ...]:
    """Every deployment and exercise that a machine signed, oldest first."""
    found = (
        Deployed(one.path, one.at, what)
        for one in attestations.valid
        if one.predicate_type == DEPLOYMENT and (what := _read(one)) is not None
    )
    wanted = (one for one in found if model in {None, one.what.model})
    return tuple(sorted(wanted, key=lambda one: (one.at, one.path)))


def unreadable(attestations: Attestations) -> Iterator[Finding]:
    """A finding for each deployment statement that does not say what was put where."""
    for one in attestations.valid:
        if one.predicate_type == DEPLOYMENT and _read(one) is None:
            problem = "a deployment statement that does not say what was put where"
            yield Finding(Place(one.path), problem, "find out which machine wrote it, and why")


def _read(one: Attested) -> Deployment | None:
    given: Any = one.own.get(OF)
    found: Deployment | None = parse_json(Deployment, json.dumps(given))
    # A statement about other bytes than those it names tells nothing about either.
    return found if found is not None and found.digest in one.subjects.values() else None


def standing(history: Iterable[Deployed]) -> Standing | None:
    """Where one model stands, from its deployments oldest first; exercises switch nothing."""
    newest, since = None, None
    for one in history:
        if one.what.drill:
            continue
        if newest is None or _place(newest) != _place(one):
            since = one.at
        newest = one
    return Standing(newest, since) if newest and since else None


def _place(one: Deployed) -> tuple[str, str]:
    return one.what.version, one.what.step


def proven(history: Iterable[Deployed], last: str) -> tuple[str, ...]:
    """Versions that have been on the last step and were not taken back since, oldest first."""
    found: dict[str, None] = {}
    newest: Deployed | None = None
    for one in history:
        if one.what.drill:
            continue
        if one.what.move == "return" and newest is not None:
            found.pop(newest.what.version, None)
        if one.what.step == last:
            found[one.what.version] = None
        newest = one
    return tuple(found)


def taken_back(history: Iterable[Deployed], version: str) -> datetime | None:
    """When a version was last taken back; None when it never was, or served everybody since."""
    found, newest = None, None
    for one in history:
        if one.what.drill:
            continue
        if newest is not None and newest.what.version == version and one.what.move == "return":
            found = one.at
        elif one.what.version == version and one.what.move != "begin":
            found = None
        newest = one
    return found


def exercised(history: Iterable[Deployed], version: str) -> datetime | None:
    """When a version was last shown to be there whole: in an exercise, or put in service."""
    return max((one.at for one in history if one.what.version == version), default=None)


def begun(history: Iterable[Deployed], last: str) -> dict[str, datetime]:
    """When each version first answered everybody, by version."""
    found: dict[str, datetime] = {}
    for one in history:
        if one.what.step == last and not one.what.drill:
            found.setdefault(one.what.version, one.at)
    return found
