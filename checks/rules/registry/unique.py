"""A version is one model's bytes for ever, and those bytes are one version.

Demands: no two entries of a model name the same bytes; an entry that stands on the base is
    neither edited nor removed.
Why: each version has a unique tag that never means anything else (ML Governance and Release
    Policies, Release Management; IE-MGP-2025.01 §3, Model Registry).
Fix: put the entry back as it was; a correction is a new version: `charter register`.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.declaration import Declared
from governance.digest import short
from governance.facts import Change
from governance.finding import Finding, NotApplicable, Place
from governance.registration import numbers
from governance.version import Version


def evaluate(
    declarations: Declarations, change: Change | None
) -> Iterator[Finding | NotApplicable]:
    entries = declarations.all(Version)
    before = change.base.all(Version) if change else ()
    if not entries and not before:
        yield NotApplicable("nothing is registered")
    yield from _twice(entries)
    for old in before:
        if change is None or change.head_digests.get(old.path) == change.base_digests[old.path]:
            continue
        verb = "edited" if old.path in change.head_digests else "removed"
        problem = f"{old.value.version} of {old.value.model} is registered, and was {verb}"
        fix = f"git checkout {change.base_revision} -- {old.path}"
        yield Finding(Place(old.path), problem, fix)


def _twice(entries: tuple[Declared[Version], ...]) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for entry in sorted(entries, key=lambda found: numbers(found.value.version)):
        version = entry.value
        other = first.setdefault((version.model, version.digest), version.version)
        if other != version.version:
            problem = f"{short(version.digest)} is {other} of {version.model} already"
            fix = f"remove this entry: what was approved as {other} keeps that name"
            yield Finding(entry.at("digest"), problem, fix)
