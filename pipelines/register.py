"""Registering: a reviewed model becomes a version; an approved version is stored and tagged.

One command does what is next, and run again goes on where it stopped.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from adapters import git, versions
from governance import digest, registration
from governance.authorship import Directory
from governance.changeset import Identity
from governance.digest import short
from governance.evidence import Metadata, of_model
from governance.registration import Bump
from governance.version import ModelFile, Version
from pipelines import (
    inputs,
    registry_entry,
    registry_evidence,
    registry_reviews,
    registry_store,
    registry_tag,
)
from pipelines.append import append, loads
from pipelines.confirmed import Base, base
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry
from pipelines.registry_standing import Standing, standing_of

_ENTRY: Final = re.compile(r"models/[^/]+/versions/([0-9]+\.[0-9]+\.[0-9]+)\.yaml")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version as it is proposed; `written` says whether its entry is new."""

    entry: Entry
    text: str
    written: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a version is. `stored` and `tagged` are None where it did not come to that.

    `untagged` says why a stored version has no tag, with how to give it one.
    """

    entry: Entry
    standing: Standing
    stored: bool | None = None
    tagged: bool | None = None
    untagged: str | None = None


def propose(  # noqa: PLR0913 - one argument per choice of the person who registers
    root: Path, model: str, now: datetime, *, bump: Bump | None = None, by: str | None = None,
    dry: bool = False, say: Callable[[str], None] = print,
) -> Proposal:  # fmt: skip
    """The entry of the model as it was trained and reviewed last; the one that is there already.

    Args:
        root: top of the repository.
        model: the model.
        now: the moment of registering.
        bump: which of the three numbers goes up; the middle one when none is named.
        by: who registers; the person Git's address leads to when none is named.
        dry: write nothing.
        say: told what is being done.

    Raises:
        Refused: evidence is stale or not committed, a review is missing, failed or of other
            bytes, or the model is too large; with a line for each.
        CouldNotJudge: the law does not load, or the clone may miss versions.
    """
    law = base(root)
    metadata = inputs.read(of_model(model, "metadata"), Metadata, root)
    known = registry_entry.entries(root, law, model)
    for found in known:
        if found.value.digest != metadata.model_digest:
            continue
        if found.value.training_hash != metadata.training_hash:
            msg = f"{short(metadata.model_digest)} is {found.value.version} of {model} already"
            raise Refused(f"{msg}: a training that changes no byte makes no version")
        if bump is not None and not found.governed:
            say(f"{found.name} is proposed already; its number stays")
        return Proposal(found, registration.render(found.value), written=False)
    seen, facts = registry_evidence.hashed(root, model)
    evidence = registry_evidence.evidence(root, model)
    chosen, doubts = registry_reviews.reviews(root, law, model, seen, evidence, now)
    lines = [
        *registry_evidence.stale(root, model, metadata),
        *registry_evidence.wrong_bytes(law, metadata, seen, facts),
        *doubts,
    ]
    if lines:
        raise Refused(*lines)
    version = Version(
        model=model,
        version=registration.following(_taken(root, model, known), bump or "minor"),
        digest=metadata.model_digest,
        files=tuple(ModelFile.model_validate(fact.model_dump()) for fact in facts),
        dataset_digest=metadata.inputs.dataset,
        training_hash=metadata.training_hash,
        registered_at=now.replace(microsecond=0),
        registered_by=_person(root, law, by),
        evidence=evidence,
        reviews=chosen,
    )
    text = registration.render(version)
    path = registration.entry_path(model, version.version)
    loads(path, text)
    entry = Entry(version, digest.of_bytes(text.encode()), governed=False)
    if not dry:
        try:
            append(root, path, text)
        except FileExistsError:
            msg = f"{path} appeared meanwhile\n  fix: run the command again"
            raise Refused(msg) from None
    return Proposal(entry, text, written=not dry)


def register(  # noqa: PLR0913 - which version, when, and by whose key
    root: Path, model: str, version: str, now: datetime, *, key: Path | None = None,
    say: Callable[[str], None] = print,
) -> Progress:  # fmt: skip
    """Stores and tags a version the governed branch has and people approved; else says what lacks.

    Args:
        root: top of the repository.
        model: the model.
        version: its version.
        now: the moment of the act.
        key: the key the tag is signed with; Git's own when none.
        say: told what is being done.

    Raises:
        Refused: the bytes are not here, or others lie where they belong.
        CouldNotJudge: the bucket or Git does not do what it is asked.
    """
    law = base(root)
    entry = registry_entry.entry(root, law, model, version)
    standing = standing_of(root, law, entry, now)
    if not entry.governed:
        return Progress(entry, standing)
    kept = registry_store.stored(registry_entry.bucket(root, law), entry)
    if not kept and not standing.approved:  # an approval may end later; the bytes stay
        return Progress(entry, standing)
    done = not kept and registry_store.store(root, law, entry, now, say=say)
    try:
        tagged = registry_tag.mark(root, law, entry, now, key)
    except Refused as refusal:
        return Progress(entry, standing, stored=done, untagged=str(refusal))
    return Progress(entry, standing, stored=done, tagged=tagged)


def _taken(root: Path, model: str, known: Iterable[Entry]) -> set[str]:
    """Every number that was ever used for a model: in any commit of any branch, or a tag."""
    taken = {found.value.version for found in known}
    for seen in versions.everywhere(root, f"models/{model}/versions/"):
        if match := _ENTRY.fullmatch(seen.path):
            taken.add(match[1])
    listing = git.run(root, "for-each-ref", "--format=%(refname)", f"refs/tags/{model}@v*")
    for ref in listing.decode().split():
        number = ref.partition("@v")[2].rstrip("!")
        if _ENTRY.fullmatch(f"models/{model}/versions/{number}.yaml"):
            taken.add(number)
    return taken


def _person(root: Path, law: Base, by: str | None) -> str:
    """Who registers: the person named, else the one Git's address leads to.

    Raises:
        Refused: it is nobody of the roles.
    """
    where = f"policies/roles.yaml of {law.name}"
    if by is not None:
        if by not in law.roles.people:
            near = difflib.get_close_matches(by, list(law.roles.people), 1)
            fix = f"did you mean {near[0]}?" if near else "people are the keys below `people`"
            raise Refused(f"{by} is nobody in {where}\n  fix: {fix}")
        return by
    listing = git.run(root, "config", "--null", "--list").decode(errors="replace").split("\0")
    settings = dict(entry.partition("\n")[::2] for entry in listing)
    mine = Identity(settings.get("user.name", ""), settings.get("user.email", ""))
    person = Directory(law.roles).person_at(mine)
    if person is None:
        msg = f"{mine.email or 'no address'} is nobody's in {where}"
        raise Refused(f"{msg}\n  fix: say who registers with --by, or set git config user.email")
    return person
