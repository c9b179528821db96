"""Landing: new files join a dataset, all of them or none.

Nothing is visible until every file has been checked; then everything appears under a journal,
so that a process killed in between leaves the old state to go back to.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters import dvc, files
from governance import catalogue, digest
from governance.index import PATH
from governance.manifest import Manifest
from governance.pipeline import DATA
from governance.records import Source
from pipelines import fetch, inputs, journal
from pipelines.admit import Candidate
from pipelines.fetch import Incoming
from pipelines.index import write_index
from pipelines.inputs import Refused
from pipelines.inspection import Inspection
from pipelines.quarantine import FOLDER as QUARANTINE

if TYPE_CHECKING:
    from governance.contract import Contract

POINTER: Final = "datasets.dvc"
Seen = Callable[[str, int, int], None]
"""Told what is going on, how much of it is done and how much there is."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing did."""

    record: str
    files: int
    rows: int
    set_aside: int
    digest: str


def land(  # noqa: PLR0913 - one argument per choice of the person who lands
    root: Path, dataset: str, sources: Sequence[Path | str], now: datetime, *,
    without_bad_rows: bool = False, keep_values: bool = False, by: str | None = None,
    say: Callable[[str], None] = print, seen: Seen = lambda *_: None,
) -> Landed:  # fmt: skip
    """Checks files and makes them part of a dataset.

    Args:
        root: top of the repository.
        dataset: the dataset, whose contract the files must keep.
        sources: files, folders and `s3://` addresses; a file keeps its name, below a folder its
            path.
        now: the moment of landing, UTC.
        without_bad_rows: land the good rows of a file and set the others aside.
        keep_values: leave personal values of rows set aside as they are.
        by: id of the person who lands.
        say: told what is being done.
        seen: told how far the work is.

    Returns:
        The record written and the numbers of files and rows.

    Raises:
        Refused: a file is refused, or the dataset has no contract or source; nothing changed.
        CouldNotJudge: another landing runs, or a store does not answer.
    """
    with journal.alone(root):
        journal.recover(root, say)
        contract = inputs.contract(dataset, root)
        if contract.source is None:
            msg = (
                f"policies/datasets/{dataset}.yaml names no source\n"
                "  fix: add customProperties `source` with kind, id, uri and licence"
            )
            raise Refused(msg)
        _real(root, f"{DATA}/{dataset}", f"{QUARANTINE}/{dataset}", f"records/landings/{dataset}")
        manifest = inputs.manifest(dataset, root)
        staging = journal.folder(root) / "staged"
        shutil.rmtree(staging, ignore_errors=True)
        try:
            incoming, refused = fetch.found(sources, say)
            taken = {name.casefold() for name in manifest.rows}
            refused += [*fetch.refusals(incoming, dataset, contract, taken)]
            names = {file.name for file in incoming}
            refused += inputs.differences(dataset, manifest, root, names)
            if refused:
                raise Refused(*refused, f"nothing landed in {dataset}")
            candidates = _staged(incoming, staging, dataset, seen)
            _copies(dataset, candidates, manifest, inputs.erased(root))
            good, aside = _judge(
                root, contract, manifest, candidates, now, say, seen,
                without_bad_rows=without_bad_rows, keep_values=keep_values,
            )  # fmt: skip
            _in_the_way(root, dataset, good)
            return _apply(root, contract, contract.source, good, now, by, aside, say)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _staged(
    incoming: Sequence[Incoming], staging: Path, dataset: str, seen: Seen
) -> list[Candidate]:
    """The files as private copies."""
    total, done = sum(file.bytes for file in incoming), 0

    def copied(size: int) -> None:
        nonlocal done
        done += size
        seen("copying", done, total)

    staging.mkdir(mode=0o700, parents=True, exist_ok=True)
    copies = fetch.staged(incoming, staging, dataset, copied)
    return [Candidate(name, path) for name, path in copies]


def _judge(  # noqa: PLR0913 - what, against what, when and how
    root: Path, contract: Contract, manifest: Manifest, candidates: Sequence[Candidate],
    now: datetime, say: Callable[[str], None], seen: Seen, *,
    without_bad_rows: bool, keep_values: bool,
) -> tuple[Sequence[Candidate], int]:  # fmt: skip
    """What may land, and the number of rows set aside; warnings are said."""
    number, done = len(candidates), 0

    def looked() -> None:
        nonlocal done
        done += 1
        seen("checking", min(done, number), number)

    say(f"checking {count(number, 'file')} against policies/datasets/{contract.name}.yaml")
    inspection = Inspection(
        root=root,
        contract=contract,
        staging=journal.folder(root) / "staged",
        landed={path: row.file.rows for path, row in manifest.rows.items()},
        now=now,
        stamp=_stamp(now),
        seen=looked,
    )
    try:
        return inspection.judge(
            candidates, without_bad_rows=without_bad_rows, keep_values=keep_values
        )
    finally:
        for warning in inspection.warnings:
            say(f"warning: {contract.name}: {warning}")


def _copies(
    dataset: str, candidates: Sequence[Candidate], manifest: Manifest, gone: Mapping[str, str]
) -> None:
    """Refuses bytes that were erased, and those the dataset holds: rows would count twice."""
    known = {row.file.sha256: path for path, row in manifest.rows.items()}
    lines = []
    for candidate in candidates:
        sha256 = files.sha256(candidate.path)
        if sha256 in gone:
            lines.append(
                f"{dataset}/{candidate.name}: {gone[sha256]} erased these bytes; they never land"
                " again\n  fix: land the data without the rows that were erased"
            )
        twin = known.setdefault(sha256, candidate.name)
        if twin != candidate.name:
            lines.append(
                f"{dataset}/{candidate.name}: the same bytes as {twin}; a copy never lands"
            )
    if lines:
        raise Refused(*lines, f"nothing landed in {dataset}")


def count(number: int, noun: str) -> str:
    """A number with its noun, as people write it."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _real(root: Path, *folders: str) -> None:
    """Refuses to write through a link: rows would leave the repository unseen."""
    for folder in folders:
        for part in (root / folder, *(root / folder).parents):
            if part == root:
                break
            if part.is_symlink():
                msg = (
                    f"{part.relative_to(root)} is a symbolic link\n  fix: put a folder in its place"
                )
                raise Refused(msg)


def _in_the_way(root: Path, dataset: str, candidates: Sequence[Candidate]) -> None:
    """Refuses to replace a file nobody landed: it may be the only copy of something else."""
    folder = root / DATA / dataset
    lines = [
        f"{DATA}/{dataset}/{c.name}: other bytes lie there under this name\n  fix: move them away"
        for c in candidates
        if (folder / c.name).exists() and files.sha256(folder / c.name) != files.sha256(c.path)
    ]
    if lines:
        raise Refused(*lines, f"nothing landed in {dataset}")


def _apply(  # noqa: PLR0913 - everything that becomes visible at once
    root: Path, contract: Contract, source: Source, candidates: Sequence[Candidate], now: datetime,
    by: str | None, aside: int, say: Callable[[str], None],
) -> Landed:  # fmt: skip
    dataset = contract.name
    rows = [(c, files.sha256(c.path), c.path.stat().st_size) for c in candidates]
    mark = digest.short(digest.of_value([[c.name, sha256] for c, sha256, _ in rows]))[:8]
    identity = f"{_stamp(now)}-{mark}"
    record = f"records/landings/{dataset}/{identity}.yaml"
    span = source.model_copy(
        update={
            "collected_from": min(
                (c.earliest for c in candidates if c.earliest), default=source.collected_from
            ),
            "collected_until": max(
                (c.latest for c in candidates if c.latest), default=source.collected_until
            ),
        }
    )
    text = render(identity, dataset, now, span, by, rows, _parents(root, dataset, source))
    value, _, findings = catalogue.read(record, text.encode())
    if value is None:
        raise Refused(*(f"{found.problem}; {found.fix}" for found in findings))
    folder = root / DATA / dataset
    moving = [candidate for candidate in candidates if not (folder / candidate.name).exists()]
    created = [record, *(f"{DATA}/{dataset}/{candidate.name}" for candidate in moving)]
    journal.open_(root, dataset, created, touched=(POINTER, PATH, f"{DATA}/.gitignore"))
    try:
        for candidate in moving:  # the data folder may lie on another disk than Git's
            (folder / candidate.name).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(candidate.path, folder / candidate.name)
        files.write(root / record, text.encode())
        _point(root, dataset)
        write_index(root)  # DVC reads it whenever it opens the project
        say(f"adding {DATA}/{dataset} to the store")
        dvc.add(root, f"{DATA}/{dataset}")
    except BaseException:
        journal.recover(root, say)
        raise
    journal.close(root)
    return Landed(
        record=record,
        files=len(candidates),
        rows=sum(candidate.rows for candidate in candidates),
        set_aside=aside,
        digest=inputs.manifest(dataset, root).digest,
    )


def _parents(root: Path, dataset: str, source: Source) -> dict[str, str]:
    """Digest of each dataset a derived one was made from, as it stands now."""
    found = {name: inputs.manifest(name, root) for name in source.parents}
    lines = [
        f"{dataset}: made from {name}, which has not landed\n"
        f"  fix: land {name} first, or correct `parents` in policies/datasets/{dataset}.yaml"
        for name, manifest in found.items()
        if not manifest.rows
    ]
    if source.kind == "derived" and not found:
        lines.append(
            f"{dataset}: derived, and nothing says from what\n"
            f"  fix: add `parents` to the source in policies/datasets/{dataset}.yaml"
        )
    if lines:
        raise Refused(*lines, f"nothing landed in {dataset}")
    return {name: manifest.digest for name, manifest in found.items()}


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dt%H%M%Sz}"


def _point(root: Path, dataset: str) -> None:
    """Gives the dataset an entry in the one pointer file; DVC fills in hash and size."""
    path = root / POINTER
    text = path.read_text() if path.is_file() else "outs:\n"
    entry = f"- path: {DATA}/{dataset}\n"
    if entry not in text:
        files.write(path, f"{text}{entry}  hash: md5\n".encode())


def render(  # noqa: PLR0913 - the fields of a record
    identity: str, dataset: str, now: datetime, source: Source, by: str | None,
    rows: Sequence[tuple[Candidate, str, int]], parents: Mapping[str, str],
) -> str:  # fmt: skip
    """The landing record as YAML that the strict loader accepts."""
    lines = [
        "# yaml-language-server: $schema=../../../schemas/landing.json",
        f"id: {identity}",
        f"at: {json.dumps(now.isoformat())}",
        f"dataset: {dataset}",
    ]
    if by:
        lines.append(f"by: {by}")
    lines.append("source:")
    for key, value in source.model_dump(mode="json", exclude_none=True).items():
        if value != []:
            lines.append(f"  {key}: {json.dumps(value, ensure_ascii=False)}")
    if parents:
        lines.append("parents:")
        lines += [f"  {name}: {json.dumps(found)}" for name, found in sorted(parents.items())]
    lines.append("files:")
    for candidate, sha256, size in rows:
        lines += [
            f"  - path: {json.dumps(candidate.name)}",
            f"    bytes: {size}",
            f"    rows: {candidate.rows}",
            f"    sha256: {json.dumps(sha256)}",
        ]
    return "\n".join(lines) + "\n"
