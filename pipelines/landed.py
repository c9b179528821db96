"""The one way to read a file of a dataset, landed or about to land.

Columns declared `partitioned` stand in no file but in folder names, Hive style:
`year=2026/part.parquet`. They join the rows as text, like every column of a CSV file, and get
their types where all others do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import ibis

from adapters import engine
from adapters.engine import Unreadable

if TYPE_CHECKING:
    from governance.contract import Contract

_NULL: Final = "__HIVE_DEFAULT_PARTITION__"
"""What Hive calls the folder of rows without a value."""


def table(connection: Any, folder: Path, path: str, contract: Contract) -> ibis.Table:
    """The rows of one file as they stand, with the columns that its folders name.

    Args:
        connection: the engine.
        folder: the folder of the dataset.
        path: path of the file below it, with forward slashes.
        contract: what the rows must satisfy.

    Raises:
        Unreadable: the file is damaged, or its path does not hold the contract's partitions.
    """
    named = partitions(path)
    if problem := next(path_problems(path, contract), None):
        raise Unreadable(problem)
    raw = engine.read(connection, folder / path, contract)
    if twice := [name for name in named if name in raw.columns]:
        msg = f"column {twice[0]} stands in the file and in the name of its folder"
        raise Unreadable(msg)
    values = {
        name: ibis.null("string") if value == _NULL else ibis.literal(value)
        for name, value in named.items()
    }
    return raw.mutate(**values) if values else raw


def partitions(path: str) -> dict[str, str]:
    """Names and values in the folders of a path, outermost first."""
    parts = (part.partition("=") for part in PurePosixPath(path).parts[:-1] if "=" in part)
    return {name: value for name, _, value in parts}


def path_problems(path: str, contract: Contract) -> Iterator[str]:
    """What a path says that the contract does not, and the other way round."""
    folders = [part for part in PurePosixPath(path).parts[:-1] if "=" in part]
    given = [folder.partition("=")[0] for folder in folders]
    declared = [column.physical for column in contract.columns if column.partitioned]
    for name in dict.fromkeys(given):
        if name not in declared:
            yield f"folder {name}=… names no partitioned column of the contract"
        elif given.count(name) > 1:
            yield f"two of its folders name {name}"
    if missing := [name for name in declared if name not in given]:
        yield f"it lies in no folder {missing[0]}=…, where the contract has column {missing[0]}"
    elif given != declared and sorted(given) == sorted(declared):
        yield f"its folders are not in the order of the contract: {'/'.join(declared)}"
