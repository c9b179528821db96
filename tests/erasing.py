"""A repository with people in its rows, for tests that make them disappear.

`visits` says by `customer` whose row it is: Ada stands in the second and third file, never in
the first. The ids are chosen to be mistaken for one another.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import signing
import small

from governance import digest, pseudonym

ADA: Final = "C-0042"
NEAR: Final = ("C-00421", "c-0042", "C-0042 ", "XC-0042", "C-004")
"""Other people, whose ids are almost Ada's."""
TOKEN: Final = pseudonym.token(pseudonym.SAMPLE_KEY, ADA)
LATER: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
_WORD: Final = re.compile(rb"(?<![0-9A-Za-z_.@+-])C-0042(?![0-9A-Za-z_.@+ -])")
SIGNERS: Final = {"ingrid.solberg": "privacy-office", "jonas.weber": "data-steward"}

_CUSTOMER: Final = """\
      - name: customer
        logicalType: string
        required: true
        classification: direct-identifier
        customProperties:
          - {property: technique, value: pseudonymise}
          - {property: purpose, value: a test}
          - {property: subject, value: customer}
"""
_RETENTION: Final = """\
id: retention
version: 1.0.0
effective: "2026-11-01"
owner: privacy-office
review_every: P3M
default_days: 400
windows:
  visits: {days: 400, minimum_days: MINIMUM, maximum_days: 3653, basis: a duty to keep, at_end: END}
  flats: {days: 3653, minimum_days: 0, maximum_days: 36525, basis: none, at_end: purge}
"""


def visits(first: int, rows: int, until: datetime, *people: str) -> pa.Table:
    """Visits of many customers, in which the named people stand too, each on three rows."""
    table = small.visits(first, rows, until)
    customers = [f"C-{first + number:06d}" for number in range(rows)]
    for place, person in enumerate(people):
        for row in range(place, rows, rows // 3):
            customers[row] = person
    return table.append_column("customer", pa.array(customers))


FILES: Final = {
    "a.parquet": visits(1, 120, small.NOW, *NEAR),
    "b.parquet": visits(200, 100, small.NOW, ADA, *NEAR),
    "c.parquet": visits(400, 90, small.NOW - timedelta(days=600), ADA, NEAR[0]),
}


def landed(root: Path, *, minimum: int = 0, at_end: str = "purge") -> None:
    """Three versions of visits, one commit each, and one of flats."""
    from pipelines.land import land  # noqa: PLC0415 - loads the data engine

    small.bare(root)
    contract = root / "policies/datasets/visits.yaml"
    contract.write_text(contract.read_text() + _CUSTOMER)
    retention = _RETENTION.replace("MINIMUM", str(minimum)).replace("END", at_end)
    small.put(root / "policies/retention.yaml", retention)
    roles = root / "policies/roles.yaml"
    roles.write_text(_keyed(roles.read_text(), "ingrid.solberg"))
    small.commit(root, "people")
    inbox = root.parent / f"{root.name}-inbox"
    for name, table in FILES.items():
        file = inbox / name
        inbox.mkdir(exist_ok=True)
        pq.write_table(table, file, row_group_size=40, compression="zstd")
        land(root, "visits", [file], small.NOW, say=_silent)
        small.commit(root, f"land {name}")
        small.git(root, "tag", name[0])
    flats = [small.put(inbox / "a.csv", small.flats())]
    land(root, "flats", flats, small.NOW, say=_silent)
    small.commit(root, "land flats")


def trained(root: Path) -> None:
    """The same after every step, in one process, with results in the cache and the lock."""
    from adapters import dvc  # noqa: PLC0415
    from pipelines import evaluate, prepare, record, scan_bias, train, validate  # noqa: PLC0415

    landed(root)
    small.confirm(root)
    with contextlib.chdir(root):
        for name in ("visits", "flats"):
            validate.validate(name)
            prepare.prepare(name)
            scan_bias.scan_bias(name)
        for name in small.MODELS:
            train.train(name)
            evaluate.evaluate(name)
            record.record(name)
    with dvc.opened(root) as repo:
        repo.commit(force=True)
    small.commit(root, "train")
    small.git(root, "tag", "trained")


def erasable(work: Path) -> None:
    """A repository with a remote beside it, in which Ada's removal waits to be carried out."""
    from pipelines.erasure import Request, erase  # noqa: PLC0415
    from pipelines.inputs import Refused  # noqa: PLC0415

    with_remote(work, landed)
    root = work / "repository"
    with contextlib.suppress(Refused):
        erase(root, Request(ADA, "gdpr-17"), LATER, say=_silent)
    (identity,) = removals(root)
    approve(root, identity)
    small.commit(root, "approve")


def outdated(work: Path) -> None:
    """The same with a planned removal of rows past their window."""
    from pipelines import retention_plan  # noqa: PLC0415

    with_remote(work, landed)
    root = work / "repository"
    (due,) = retention_plan.plan(root, ["visits"], LATER).datasets
    removal = retention_plan.removal(due, LATER, None)
    assert removal is not None
    retention_plan.write(root, removal)
    approve(root, removal.id)
    small.commit(root, "approve")


def with_remote(work: Path, make: Callable[[Path], None]) -> None:
    """A repository below a folder, and its remote `near` with everything the cache holds."""
    root = work / "repository"
    make(root)
    config = "[core]\n    remote = near\n    analytics = false\n"
    (root / ".dvc/config").write_text(f"{config}['remote \"near\"']\n    url = ../../near\n")
    small.commit(root, "remote")
    shutil.copytree(root / ".dvc/cache", work / "near")
    small.put(root / "quarantine/visits/20261101t000000z/q.bad.parquet", FILES["c.parquet"])


def _keyed(text: str, person: str) -> str:
    """`roles.yaml` with a key for somebody who has none."""
    head, tail = text.split(f"  {person}:\n", 1)
    key = f'    keys: [{{public: {signing.public(person)}, valid_from: "2026-01-01"}}]\n'
    return f"{head}  {person}:\n{key}{tail}"


def approve(root: Path, removal: str) -> None:
    """Both people whom the policy asks sign a removal as it stands."""
    seen = digest.of_bytes((root / f"records/removals/{removal}.yaml").read_bytes())
    for person, role in SIGNERS.items():
        name = f"{removal}-{role}"
        text = signing.record(
            name, person, role, f"removal:{removal}", seen, repository="example/charter",
            at="2026-11-22T11:00:00Z",
        )  # fmt: skip
        small.put(root / f"records/approvals/{name}.yaml", text)


def removals(root: Path) -> list[str]:
    """Ids of the removals that were recorded."""
    return sorted(path.stem for path in (root / "records/removals").glob("*.yaml"))


def rows(root: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a landed file of visits."""
    found: list[dict[str, Any]] = pq.read_table(root / small.VISITS / name).to_pylist()
    return found


def occurs(data: bytes) -> bool:
    """Whether bytes hold Ada's token, or her id as a value or a word of its own."""
    if TOKEN.encode() in data or _WORD.search(data):
        return True
    if not data.startswith(b"PAR1"):
        return False
    cells = (
        value
        for column in pq.read_table(io.BytesIO(data)).columns
        for value in column.unique().to_pylist()
    )
    return bool({ADA, TOKEN} & {str(value) for value in cells})


def below(*folders: Path) -> Iterator[tuple[str, bytes]]:
    """Every file in some folders, Git's own among them, with its bytes."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield str(path), path.read_bytes()


def found(files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Where Ada still is."""
    return [name for name, data in files if occurs(data)]


def _silent(_: str) -> None:
    pass
