"""What can be compared with one another: datasets, data files and folders of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from governance.evidence import of_dataset
from pipelines import inputs
from pipelines.counting import ParquetRows, Rows, TableRows
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract

HIDDEN = frozenset({"drop", "pseudonymise"})
"""Techniques of columns that nobody but `prepare` looks into."""


def rows(root: Path, given: str, *, as_landed: bool = False) -> Rows:
    """The rows of a dataset, as prepared or else as landed, or those of files.

    Args:
        root: top of the repository.
        given: name of a dataset, or a Parquet or CSV file, or a folder of either.
        as_landed: do not take prepared rows, for what they are compared with was never prepared.

    Raises:
        Refused: there is no such data, or a file is damaged.
    """
    if is_dataset(root, given):
        prepared = root / Path(of_dataset(given, "preparation")).parent / "prepared"
        if not as_landed and (found := sorted(prepared.rglob("*.parquet"))):
            return ParquetRows.of(found)
        return _landed(root, inputs.contract(given, root))
    path = Path(given)
    for form in ("parquet", "csv"):
        found = [path] if path.is_file() and path.suffix == f".{form}" else []
        found = found or sorted(path.rglob(f"*.{form}"))
        if found:
            return ParquetRows.of(found) if form == "parquet" else _csv(found)
    msg = f"{given}: no dataset, and no Parquet or CSV file\n  fix: name one, or a folder of them"
    raise Refused(msg)


def is_dataset(root: Path, given: str) -> bool:
    """Whether a name is that of a dataset with a contract."""
    return (root / f"policies/datasets/{given}.yaml").is_file()


def countable(given: str, kinds: Mapping[str, str | None], wanted: Iterable[str]) -> list[str]:
    """The wanted columns; all that hold numbers or words when none is.

    Raises:
        Refused: a wanted one does not.
    """
    known = [name for name, kind in kinds.items() if kind]
    chosen = list(wanted)
    if absent := [name for name in chosen if name not in known]:
        lines = (f"{given}: no column {name} that holds numbers or words" for name in absent)
        raise Refused(*lines, f"  fix: name columns of {', '.join(known)}")
    return chosen or known


def _landed(root: Path, contract: Contract) -> Rows:
    from adapters import engine  # noqa: PLC0415 - half a second that Parquet does not need
    from pipelines import landed  # noqa: PLC0415

    paths = sorted(inputs.manifest(contract.name, root).rows)
    if not paths:
        msg = f"{contract.name}: no file has landed\n  fix: charter land {contract.name} FILE"
        raise Refused(msg)
    folder = root / inputs.data_folder(contract.name)
    if missing := [path for path in paths if not (folder / path).is_file()]:
        lines = (f"{folder / path}: missing" for path in missing)
        raise Refused(*lines, f"  fix: dvc pull {inputs.data_folder(contract.name)}")
    shown = [column.name for column in contract.columns if column.technique not in HIDDEN]
    connection = engine.connect(contract.engine, threads=None)
    try:
        tables = [
            engine.typed(landed.table(connection, folder, path, contract), contract).select(*shown)
            for path in paths
        ]
    except engine.Unreadable as error:
        msg = f"{folder}: {error}"
        raise Refused(msg) from None
    return TableRows.of(connection, tables)


def _csv(paths: list[Path]) -> Rows:
    from adapters import engine  # noqa: PLC0415 - half a second that Parquet does not need

    connection = engine.connect(threads=None)
    tables = []
    for path in paths:
        try:
            tables.append(engine.sniff(connection, path, "csv")[0])
        except engine.Unreadable as error:
            msg = f"{path}: {error}\n  fix: name another, or write it again"
            raise Refused(msg) from None
    return TableRows.of(connection, tables)
