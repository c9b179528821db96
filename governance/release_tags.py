"""Release tags, which carry the head of the ledger: `name@v1.2.3`, `name#stage#1`.

The grammar is that of GTO. A tag that ends in `!` takes its registration or stage back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from governance.audit import TAGS, Landed, Remark
from governance.finding import Finding, Place

_NAME: Final = r"(?P<name>[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*)"
_GRAMMAR: Final = re.compile(
    _NAME + r"(?:@v(?P<version>[0-9]+\.[0-9]+\.[0-9]+)|#(?P<stage>[a-z][a-z0-9-]*)"
    r"(?P<gone>!)?(?:#(?P<number>[1-9][0-9]*))?)(?P<off>!)?"
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the clone.

    `commit` is what it ends at, None when that is no commit. `says` is the name inside an
    annotated tag, None for a lightweight one. `signed_by` is the person, active as a human of the
    roles at that commit, whose key signed it.
    """

    name: str
    commit: str | None
    says: str | None
    signed_by: str | None


@dataclass(frozen=True, slots=True)
class Release:
    """What a tag's name says: a version, or a stage; `off` takes it back."""

    model: str
    version: str | None
    off: bool


def read(name: str) -> Release | None:
    """What a tag's name says; None for a tag that is about nothing here."""
    match = _GRAMMAR.fullmatch(name)
    if match is None:
        return None
    return Release(match["name"], match["version"], bool(match["off"] or match["gone"]))


def judge(
    tags: Iterable[Tag],
    *,
    along: Mapping[str, Landed | None],
    brought: Mapping[tuple[str, str], str],
    champions: Mapping[str, str],
    rolled: Iterable[tuple[str, str]] = (),
) -> Iterator[Remark]:
    """What is wrong with release tags.

    Args:
        tags: every tag of the clone.
        along: the commits of the branch, with how they are called where that is known.
        brought: the commit that brought each registered version, by model and version.
        champions: version in production by model.
        rolled: model and version of everything a rollout serves or would return to.
    """
    found: set[tuple[str, str]] = set()
    for tag in sorted(tags, key=lambda tag: tag.name):
        release = read(tag.name)
        if release is None:
            continue
        if release.version is not None and not release.off:
            found.add((release.model, release.version))
        yield from (
            _remark(tag.name, problem, fix, along.get(tag.commit or ""))
            for problem, fix in _problems(tag, release, along, brought)
        )
    wanted = dict.fromkeys(rolled, "is rolled out, or what a rollout returns to")
    wanted |= dict.fromkeys(champions.items(), "is in production")
    for (model, version), why in sorted(wanted.items()):
        if (model, version) not in found:
            problem = f"{version} of {model} {why}, but its tag was deleted or never made"
            fix = (
                "fetch the tags (git fetch --tags); if it is gone, find out who deleted it;"
                f" charter register {model} makes it where it was never made"
            )
            place = along.get(brought.get((model, version), ""))
            yield _remark(f"{model}@v{version}", problem, fix, place)


def reused(path: str, first: str, commit: Landed | None) -> Remark:
    """An entry that was taken out stands again: its version could mean other bytes by now.

    Args:
        path: of the entry.
        first: the commit that brought it at first.
        commit: the one that brought it again.
    """
    problem = f"registered a second time: {first[:12]} brought it first, and it was taken out since"
    fix = "hold the two against each other; a correction is a version of its own"
    return Remark(TAGS, Finding(Place(path), problem, fix), commit)


def _problems(
    tag: Tag, release: Release, along: Mapping[str, Landed | None],
    brought: Mapping[tuple[str, str], str],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    if tag.says is None:
        yield "a lightweight tag: nobody signed it", f"git tag --sign --force {tag.name}"
    elif tag.says != tag.name:
        yield f"it holds the signed tag {tag.says} under another name", "delete it"
    elif tag.signed_by is None:
        yield (
            "signed by no key of a person of the roles at its commit",
            f"sign it again as one of them: git tag --sign --force {tag.name}",
        )
    if tag.commit is None or tag.commit not in along:
        yield "points at no commit of the branch", "find out who moved it, and put it back"
        return
    if release.version is None:
        return
    origin = brought.get((release.model, release.version))
    if origin is None:
        yield f"no version {release.version} of {release.model} is registered", "delete it"
    elif origin != tag.commit:
        moved = f"points at {tag.commit[:12]}, but {origin[:12]} brought {release.version}"
        yield f"{moved}: it was moved", "find out who moved it, and put it back"


def _remark(name: str, problem: str, fix: str, commit: Landed | None) -> Remark:
    return Remark(TAGS, Finding(Place(f"refs/tags/{name}"), problem, fix), commit)
