"""The registry held against its records: every byte hashed again, every tag looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from adapters import tags
from adapters.ledger import Objects
from adapters.registry import Bucket
from adapters.tags import RawTag
from governance import jsontext, registration, release_tags, serving
from governance.digest import short
from pipelines import registry_entry, registry_tag
from pipelines.confirmed import Base, base
from pipelines.registry_entry import Entry
from pipelines.registry_gc import named, version_of

_ASK = "find out who wrote there, and put back what was registered: see docs/registry.md"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is not as it was registered: where, what, and what to do."""

    at: str
    problem: str
    fix: str


@dataclass(slots=True)
class Report:
    """What was found, and how much was looked at; `waiting` versions were never stored."""

    found: list[Trouble] = field(default_factory=list)
    versions: int = 0
    bytes: int = 0
    waiting: list[str] = field(default_factory=list)


def verify(
    root: Path, model: str | None = None, seen: Callable[[str, int, int], None] = lambda *_: None
) -> Report:
    """What lies in the bucket, and the tags, held against the entries of the governed branch.

    Args:
        root: top of the repository.
        model: one model; all when none.
        seen: told what is hashed, how much of it is done and how much there is.

    Raises:
        Refused: an entry does not load, or is not what the governed branch has.
        CouldNotJudge: the bucket does not answer, or the law or the history cannot be read.
    """
    law = base(root)
    bucket = registry_entry.bucket(root, law)
    known = [e for e in registry_entry.entries(root, law, model) if e.governed]
    prefix = f"models/{model}/" if model else "models/"
    there = {item.key: item.bytes for item in bucket.list(prefix)}
    report = Report()
    with Objects(root) as objects:
        marks = {tag.name: tag for tag in tags.tags(root, objects, "@")}
    for entry in known:
        _version(root, law, bucket, entry, there, marks, report, seen)
    report.found += _strangers(root, known, there, model)
    report.found += _tags(known, marks, model)
    for name in sorted({entry.value.model for entry in known}):
        report.found += _pointer(bucket, name, known)
    return report


def _version(  # noqa: PLR0913 - a version, and everything it is held against
    root: Path, law: Base, bucket: Bucket, entry: Entry, there: dict[str, int],
    marks: dict[str, RawTag], report: Report, seen: Callable[[str, int, int], None],
) -> None:  # fmt: skip
    version = entry.value
    inside = registration.folder(version.model, version.version)
    tag = marks.get(registration.tag(version.model, version.version))
    mine = {key for key in there if key.startswith(f"{inside}/")}
    if not mine and tag is None:
        report.waiting.append(entry.name)
        return
    report.versions += 1
    again = f"charter register {version.model} finishes it where the bytes are here"
    if f"{inside}/{registration.MANIFEST}" not in mine:
        what = "was begun and not finished" if mine else "is tagged, but its bytes are gone"
        report.found.append(Trouble(entry.name, f"{what}: no manifest in {bucket.url}", again))
    elif wrong := _manifest(bucket, entry):
        report.found.append(Trouble(f"{inside}/{registration.MANIFEST}", wrong, _ASK))
    report.found += _files(bucket, entry, there, report, seen)
    try:
        if wrong := registry_tag.trouble(root, law, entry, tag):
            fix = "find out who made it so, and put it back"
            report.found.append(Trouble(f"refs/tags/{tag.name if tag else ''}", wrong, fix))
    except LookupError as missing:
        fix = f"git fetch --tags; if it was never made: charter register {version.model}"
        problem = f"{entry.name} has no tag: it was deleted or never made"
        report.found.append(Trouble(f"refs/tags/{missing.args[0]}", problem, fix))


def _manifest(bucket: Bucket, entry: Entry) -> str | None:
    version = entry.value
    key = f"{registration.folder(version.model, version.version)}/{registration.MANIFEST}"
    data = bucket.read(key)
    if data == registration.manifest(version, entry.digest):
        return None
    try:
        jsontext.load(data)
    except jsontext.Ambiguous as error:
        return str(error)
    return f"not what was written for {entry.name} at {short(version.digest)}"


def _files(
    bucket: Bucket, entry: Entry, there: dict[str, int], report: Report,
    seen: Callable[[str, int, int], None],
) -> Iterator[Trouble]:  # fmt: skip
    version = entry.value
    inside = registration.folder(version.model, version.version)
    wanted = {f"{inside}/{file.path}": file for file in version.files}
    for key, file in wanted.items():
        if key not in there:
            yield Trouble(key, "missing", _ASK)
            continue
        seen(key, 0, file.bytes)
        if there[key] != file.bytes or bucket.sha256(key) != file.sha256:
            yield Trouble(key, f"other bytes than were registered as {version.version}", _ASK)
        report.bytes += there[key]
        seen(key, file.bytes, file.bytes)
    known = {*wanted, f"{inside}/{registration.MANIFEST}"}
    for key in sorted(there):
        if key.startswith(f"{inside}/") and key not in known:
            yield Trouble(key, f"no file of {version.version}", _ASK)


def _strangers(
    root: Path, known: list[Entry], there: dict[str, int], model: str | None
) -> Iterator[Trouble]:
    """Bytes of versions that the governed branch does not have."""
    have = {(entry.value.model, entry.value.version) for entry in known}
    anywhere = named(root)
    for version in sorted({found for key in there if (found := version_of(key))} - have):
        where = registration.folder(*version)
        if version in anywhere:
            yield Trouble(where, "bytes of a version the governed branch does not have", _ASK)
        else:
            yield Trouble(
                where, "no entry on any branch names it", "git fetch; charter registry gc"
            )
    for key in sorted(there):
        if version_of(key) is None and model is None:
            yield Trouble(key, "belongs to no version", _ASK)


def _tags(
    known: list[Entry], marks: dict[str, RawTag], model: str | None
) -> Iterator[Trouble]:  # fmt: skip
    """Version tags that no entry stands behind."""
    have = {(entry.value.model, entry.value.version) for entry in known}
    for name in sorted(marks):
        told = release_tags.read(name)
        if told is None or told.version is None or model not in {None, told.model}:
            continue
        if (told.model, told.version) not in have:
            problem = f"no version {told.version} of {told.model} is registered"
            yield Trouble(f"refs/tags/{name}", problem, f"git tag --delete {name}")


def _pointer(bucket: Bucket, model: str, known: list[Entry]) -> Iterator[Trouble]:
    """What a model serves that is no registered version."""
    key = serving.key(model)
    pointer = bucket.pointer(key)
    if pointer is None:
        return
    told = serving.read(pointer.data)
    if told is None or told.model != model:
        yield Trouble(key, "no serving pointer of this model", _ASK)
        return
    have = {e.value.version: e.value.digest for e in known if e.value.model == model}
    for slices in told.stages.values():
        for one in slices:
            if have.get(one.version) != one.digest:
                problem = f"serves {short(one.digest)} as {one.version}, which nobody registered"
                yield Trouble(key, problem, f"charter rollback {model}")
