"""Landing: new files join a dataset, all of them or none.

Nothing is visible until every file has been checked; then everything appears under a journal,
so that a process killed in between leaves the old state to go back to.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
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
from pipelines import admit, inputs, journal
from pipelines.admit import Candidate, Problem
from pipelines.index import write_index
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract

POINTER: Final = "datasets.dvc"
QUARANTINE: Final = "quarantine"
_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*")
_SUFFIX: Final = {"parquet": (".parquet",), "csv": (".csv",)}


@dataclass(frozen=True, slots=True)
class Landed:
    """What a landing did."""

    record: str
    files: int
    rows: int
    set_aside: int
    digest: str


class Rejected(Refused):
    """Files that break their contract; nothing was landed."""

    def __init__(
        self, dataset: str, problems: Sequence[Problem], quarantine: str | None, *, fix: str
    ) -> None:
        lines = [
            f"{dataset}/{problem.file}: {f'column {problem.column}: ' if problem.column else ''}"
            f"{problem.text}  [{problem.clause}]"
            for problem in problems
        ]
        lines.append(f"nothing landed in {dataset}")
        if quarantine:
            lines.append(
                f"bad rows with their reasons: {quarantine} (not in Git; treat as personal data)"
            )
        lines.append(f"fix: {fix}")
        super().__init__(*lines)


def land(  # noqa: PLR0913 - one argument per choice of the person who lands
    root: Path, dataset: str, paths: Sequence[Path], now: datetime, *,
    without_bad_rows: bool = False, by: str | None = None, say: Callable[[str], None] = print,
) -> Landed:  # fmt: skip
    """Checks files and makes them part of a dataset.

    Args:
        root: top of the repository.
        dataset: the dataset, whose contract the files must keep.
        paths: the files; their names become their names in the dataset.
        now: the moment of landing, UTC.
        without_bad_rows: land the good rows of a file and set the others aside.
        by: id of the person who lands.
        say: told what is being done.

    Returns:
        The record written and the numbers of files and rows.

    Raises:
        Refused: a file is refused, or the dataset has no contract or source; nothing changed.
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
            refused = [*_refusals(paths, dataset, contract, manifest)]
            refused += inputs.differences(dataset, manifest, root, {path.name for path in paths})
            if refused:
                raise Refused(*refused, f"nothing landed in {dataset}")
            candidates = [_staged(path, staging, dataset) for path in paths]
            _copies(dataset, candidates, manifest)
            here = [root / DATA / dataset / path for path in sorted(manifest.rows)]
            number = count(len(candidates), "file")
            say(f"checking {number} against policies/datasets/{dataset}.yaml")
            admit.inspect(candidates, contract, here, now)
            good, aside = _judge(
                root, contract, candidates, here, now, without_bad_rows=without_bad_rows
            )
            _in_the_way(root, dataset, good)
            return _apply(root, contract, contract.source, good, now, by, aside, say)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _refusals(
    paths: Sequence[Path], dataset: str, contract: Contract, manifest: Manifest
) -> Iterator[str]:
    """What forbids a file to land before anyone looks inside."""
    landed = {name.casefold() for name in manifest.rows}
    seen: set[str] = set()
    for path in paths:
        name, where = path.name.casefold(), f"{dataset}/{_shown(path.name)}"
        if path.is_symlink():
            yield f"{where}: a symbolic link; name the file itself"
        elif path.is_dir():
            yield f"{where}: a folder; name the files in it"
        elif not path.is_file():
            yield f"{where}: no file {_shown(str(path))}"
        elif not _SAFE.fullmatch(path.name):
            yield (
                f"{where}: a file name begins with a letter, digit or '_', then come also '.', '='"
                " and '-', nothing else\n  fix: rename the file"
            )
        elif path.suffix not in _SUFFIX[contract.format]:
            yield f"{where}: the contract says {contract.format}, the name says otherwise"
        elif name in landed:
            yield f"{where}: landed before and never overwritten\n  fix: use a new name"
        elif name in seen:
            yield f"{where}: two files would get this name\n  fix: rename one"
        elif admit.still_written(path):
            yield f"{where}: some process is still writing it; land it when it is done"
        seen.add(name)


def _shown(text: str) -> str:
    """A path as a message may show it, whatever characters somebody put into it."""
    return text if text.isprintable() else ascii(text)


def _staged(path: Path, staging: Path, dataset: str) -> Candidate:
    """A private copy of a file, so that what is checked is what is landed."""
    try:
        before = path.stat()
        staging.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, staging / path.name, follow_symlinks=False)
        after = path.stat()
    except OSError as error:
        msg = f"{dataset}/{path.name}: not readable: {error.strerror}\nnothing landed in {dataset}"
        raise Refused(msg) from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        msg = f"{dataset}/{path.name}: changed while it was read, so it is still being written"
        raise Refused(msg, f"nothing landed in {dataset}")
    return Candidate(path.name, staging / path.name)


def _copies(dataset: str, candidates: Sequence[Candidate], manifest: Manifest) -> None:
    """Refuses bytes the dataset holds already: its rows would count twice."""
    known = {row.file.sha256: path for path, row in manifest.rows.items()}
    lines = []
    for candidate in candidates:
        twin = known.setdefault(files.sha256(candidate.path), candidate.name)
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


def _judge(  # noqa: PLR0913 - what, against what, when and how
    root: Path, contract: Contract, candidates: Sequence[Candidate], here: Sequence[Path],
    now: datetime, *, without_bad_rows: bool,
) -> tuple[Sequence[Candidate], int]:  # fmt: skip
    """What may land, and the number of rows set aside.

    Raises:
        Rejected: something is wrong that leaving rows out does not mend, or nobody asked for that.
    """
    found = list(admit.problems(candidates))
    if not found:
        return candidates, 0
    bad = [candidate for candidate in candidates if candidate.bad_rows and not candidate.broken]
    where = f"{QUARANTINE}/{contract.name}/{_stamp(now)}"
    for candidate in bad:
        _quarantine(root / where, candidate, contract)
    if any(not problem.rows for problem in found):
        raise Rejected(contract.name, found, where if bad else None, fix="correct the file")
    if not without_bad_rows:
        fix = "correct the file, or land the rest with --without-bad-rows"
        raise Rejected(contract.name, found, where, fix=fix)
    good = [_cleansed(candidate, contract) for candidate in candidates]
    admit.inspect(good, contract, here, now)
    if left := list(admit.problems(good)):
        raise Rejected(contract.name, left, where, fix="without its bad rows it cannot land either")
    return good, sum(len(candidate.bad_rows) for candidate in bad)


def _numbered(candidate: Candidate, contract: Contract, *, bad: bool) -> object:
    """The good or the bad rows of a candidate as an Arrow table, with their numbers."""
    import pyarrow as pa  # noqa: PLC0415 - engine has it loaded
    import pyarrow.compute as pc  # noqa: PLC0415

    from adapters import engine  # noqa: PLC0415

    table = engine.read(engine.connect(), candidate.path, contract).to_pyarrow()
    numbers = pa.array(range(1, table.num_rows + 1))
    chosen = pc.is_in(numbers, value_set=pa.array(sorted(candidate.bad_rows), type=pa.int64()))
    if not bad:
        return table.filter(pc.invert(chosen))
    reasons = ["; ".join(candidate.bad_rows[number]) for number in sorted(candidate.bad_rows)]
    kept = table.filter(chosen)
    kept = kept.append_column("charter_row", numbers.filter(chosen))
    return kept.append_column("charter_reason", pa.array(reasons))


def _quarantine(folder: Path, candidate: Candidate, contract: Contract) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pq.write_table(
        _numbered(candidate, contract, bad=True), folder / f"{candidate.name}.bad.parquet"
    )


def _cleansed(candidate: Candidate, contract: Contract) -> Candidate:
    """The candidate with its staged copy rewritten without the bad rows."""
    import pyarrow.csv as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    if candidate.bad_rows:
        good = _numbered(candidate, contract, bad=False)
        if contract.format == "parquet":
            pq.write_table(good, candidate.path, compression="zstd")
        else:
            pc.write_csv(good, candidate.path, pc.WriteOptions(delimiter=contract.delimiter))
    return Candidate(candidate.name, candidate.path)


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
    text = render(identity, dataset, now, span, by, rows)
    value, _, findings = catalogue.read(record, text.encode())
    if value is None:
        raise Refused(*(f"{found.problem}; {found.fix}" for found in findings))
    folder = root / DATA / dataset
    moving = [candidate for candidate in candidates if not (folder / candidate.name).exists()]
    created = [record, *(f"{DATA}/{dataset}/{candidate.name}" for candidate in moving)]
    journal.open_(root, dataset, created, touched=(POINTER, PATH, f"{DATA}/.gitignore"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for candidate in moving:  # the data folder may lie on another disk than Git's
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
    rows: Sequence[tuple[Candidate, str, int]],
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
        lines.append(f"  {key}: {json.dumps(value, ensure_ascii=False)}")
    lines.append("files:")
    for candidate, sha256, size in rows:
        lines += [
            f"  - path: {json.dumps(candidate.name)}",
            f"    bytes: {size}",
            f"    rows: {candidate.rows}",
            f"    sha256: {json.dumps(sha256)}",
        ]
    return "\n".join(lines) + "\n"
