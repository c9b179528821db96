"""Tagging a version: `name@vX.Y.Z`, signed by a person, on the commit that brought its entry."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from adapters import keys, ledger, tags
from adapters.git import Revision
from adapters.reading import Reading
from adapters.tags import RawTag
from governance import registration
from governance.authorship import identity_of
from governance.digest import short
from governance.finding import CouldNotJudge
from governance.roles import Roles
from pipelines.approve import find_signer
from pipelines.confirmed import Base
from pipelines.inputs import Refused
from pipelines.registry_entry import Entry


def origin(root: Path, law: Base, entry: Entry) -> str:
    """The commit of the governed branch that brought an entry.

    Raises:
        CouldNotJudge: it is on no commit of the branch.
    """
    found = ledger.arrivals(root, law.commit, [entry.path]).get(entry.path)
    if found is None:
        msg = f"no commit of {law.name} brought {entry.path}\n  fix: git fetch --unshallow"
        raise CouldNotJudge(msg)
    return found


def trouble(root: Path, law: Base, entry: Entry, tag: RawTag | None = None) -> str | None:
    """What is wrong with a version's tag, in words; None when it is as it was made.

    Args:
        root: the repository.
        law: of the governed branch.
        entry: the version.
        tag: its tag, looked up when none is given.

    Raises:
        LookupError: it has none.
    """
    name = registration.tag(entry.value.model, entry.value.version)
    found = tag or tags.one(root, name)
    if found is None:
        raise LookupError(name)
    where = origin(root, law, entry)
    if found.commit != where:
        to = found.commit[:12] if found.commit else "no commit"
        return f"{name} points at {to}, but {where[:12]} brought the version: it was moved"
    if found.says is None:
        return f"{name} is a lightweight tag: nobody signed it"
    if found.says != name:
        return f"{name} holds the signed tag {found.says} under another name"
    if signer(root, found) is None:
        return f"{name} is signed by no key of a person of the roles at its commit"
    return None


def signer(root: Path, tag: RawTag) -> str | None:
    """The one person, of the roles at its commit, whose key signed a tag on that day."""
    if tag.commit is None or tag.at is None:
        return None
    day = tag.at.date()
    roles = [found.value for found in Reading(Revision(root, tag.commit)).declarations.all(Roles)]
    people = roles[0].people if roles else {}
    jobs = [
        keys.Job(tag.text, tag.signature, person, publics, keys.COMMITS)
        for person, human in people.items()
        if human.kind == "human"
        and (publics := tuple(key.public for key in human.keys if key.active(day)))
    ]
    answers = keys.Verifier(None).verify_many(jobs)
    by = [job.person for job, key in zip(jobs, answers, strict=True) if key]
    return by[0] if len(by) == 1 else None


def mark(
    root: Path, law: Base, entry: Entry, now: datetime, key: Path | None = None
) -> bool:  # fmt: skip
    """The version's signed tag is there; False when it was before.

    Raises:
        Refused: a tag of that name is something else, or nobody here has a key that counts.
        CouldNotJudge: Git cannot write it.
    """
    version = entry.value
    name = registration.tag(version.model, version.version)
    try:
        wrong = trouble(root, law, entry)
    except LookupError:
        pass
    else:
        if wrong is not None:
            fix = "find out who made it so, and put it back: see `charter audit`"
            raise Refused(f"{wrong}\n  fix: {fix}")
        return False
    who = find_signer(root, law.roles, now.date(), base=law.name, key=key)
    identity = identity_of(who.person, law.roles)
    message = (
        f"Register {version.version} of {version.model}\n\n"
        f"model: {version.digest}\nentry: {entry.digest}"
    )
    tagger = f"{identity.name} <{identity.email}>"
    plain = tags.text(name, origin(root, law, entry), tagger, now, message)
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        path = who.path or Path(folder, "key.pub")
        if who.path is None:  # only an agent holds it, which finds it by its public half
            path.write_text(f"{who.public}\n")
        seal = keys.sign(plain, path, keys.COMMITS)
    if not tags.write(root, name, plain + f"{seal.strip()}\n".encode()):
        msg = f"{name} was tagged by somebody else meanwhile ({short(version.digest)})"
        raise Refused(f"{msg}\n  fix: run the command again: it looks at what is there")
    return True
