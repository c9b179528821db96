"""Entries and bucket as the governed branch has them: where every act on the registry begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from adapters import registry as buckets
from adapters.git import Revision
from adapters.registry import Bucket
from governance import catalogue, digest, period, registration
from governance.finding import Blocked, CouldNotJudge
from governance.registry import Registry
from governance.version import Version
from pipelines.append import real
from pipelines.confirmed import Base
from pipelines.inputs import Refused


@dataclass(frozen=True, slots=True)
class Entry:
    """A version's entry; `digest` is that of its file. `governed`: the governed branch has it."""

    value: Version
    digest: str
    governed: bool

    @property
    def name(self) -> str:
        """The version as people and approvals call it."""
        return f"model:{self.value.model}@{self.value.version}"

    @property
    def path(self) -> str:
        """Where the entry stands."""
        return registration.entry_path(self.value.model, self.value.version)


def policy(law: Base) -> Registry:
    """The registry policy of the governed branch.

    Raises:
        CouldNotJudge: it does not load.
    """
    try:
        return law.declarations.one(Registry, "registry").value
    except Blocked as blocked:
        msg = f"{blocked} of {law.name} does not load: see `charter check`"
        raise CouldNotJudge(msg) from None


def bucket(root: Path, law: Base, now: datetime | None = None) -> Bucket:
    """The bucket the governed branch names, never one that only a change under review names.

    Args:
        root: top of the repository.
        law: of the governed branch.
        now: the moment of writing, from which the policy's object lock counts.

    Raises:
        CouldNotJudge: the policy does not load, or the machine lacks what the bucket needs.
    """
    rules = policy(law)
    until = None
    if rules.object_lock and now is not None:
        until = datetime.combine(period.after(now.date(), rules.object_lock), time(), UTC)
    return buckets.open_bucket(rules.bucket, root, locked_until=until)


def entries(root: Path, law: Base, model: str | None = None) -> list[Entry]:
    """Every entry of the governed branch and of the work tree, by model and number.

    Raises:
        Refused: one in the work tree does not load, or is not what the governed branch has.
    """
    there = Revision(root, law.commit)
    paths = [v.path for v in law.declarations.all(Version) if model in {None, v.value.model}]
    texts = dict(there.read_many(paths))
    governed = {
        found.path: Entry(found.value, digest.of_bytes(texts[found.path]), governed=True)
        for found in law.declarations.all(Version)
        if found.path in texts
    }
    here = _here(root, model or "*")
    lines = [
        f"{path}: not what {law.name} has: a registered version is never edited\n"
        f"  fix: git checkout {law.name} -- {path}; a correction is a new version"
        for path, found in here.items()
        if path in governed and governed[path].digest != found.digest
    ]
    if lines:
        raise Refused(*lines)
    return sorted({**here, **governed}.values(), key=order)


def order(entry: Entry) -> tuple[str, tuple[int, ...]]:
    """By model, then by number."""
    return entry.value.model, registration.numbers(entry.value.version)


def entry(root: Path, law: Base, model: str, version: str) -> Entry:
    """The entry of one version.

    Raises:
        Refused: there is none, or it does not load.
    """
    known = entries(root, law, model)
    for found in known:
        if found.value.version == version:
            return found
    some = ", ".join(found.value.version for found in known) or "none"
    msg = f"{model} has no version {version}; known: {some}"
    raise Refused(f"{msg}\n  fix: charter register {model}")


def _here(root: Path, model: str) -> dict[str, Entry]:
    real(root, f"models/{model}/versions/x" if model != "*" else "models/x")
    found = {}
    for file in sorted(root.glob(f"models/{model}/versions/*.yaml")):
        path = file.relative_to(root).as_posix()
        if file.is_symlink() or catalogue.kind_of(path) is None:
            continue
        data = file.read_bytes()
        value, _, findings = catalogue.read(path, data)
        if not isinstance(value, Version):
            raise Refused(*(f"{f.at}: {f.problem}\n  fix: {f.fix}" for f in findings))
        found[path] = Entry(value, digest.of_bytes(data), governed=False)
    return found
