"""Invented rows of many columns, for whatever is measured on large data.

`python -m bench.columns OUT ROWS` writes one Parquet file: an account id, a time, 20 numbers and
8 categories. The same number of rows gives the same bytes. Row groups are written as they are
made, so memory does not grow with ROWS.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

NUMBERS: Final = tuple(f"n{index:02d}" for index in range(20))
"""Even ones are normal (0, 1), odd ones log-normal (0, 0.5); none is missing."""
CATEGORIES: Final = {f"k{index}": size for index, size in enumerate((2, 3, 5, 8, 12, 20, 40, 60))}
"""Number of levels by column; level `n` is drawn in proportion to 1 / (n + 1)."""
IDENTITY: Final = "account"
TIME: Final = "billed_at"
LABEL: Final = "k0"
FIRST_DAY: Final = "2025-01-01"
DAYS: Final = 365
GROUP: Final = 250_000
"""Rows in a row group."""


def level(column: str, number: int) -> str:
    """Name of one level of a category."""
    return f"{column}-{number:02d}"


def write(path: Path, rows: int, *, first: int = 1, seed: int = 1, codec: str = "zstd") -> None:
    """Leaves a file of that many rows.

    Args:
        path: the file, whose folder exists.
        rows: how many.
        first: number of the first account, so that files can follow one another.
        seed: of the random numbers.
        codec: how columns are compressed.
    """
    with pq.ParquetWriter(path, group(first, 1, seed).schema, compression=codec) as writer:
        for number, start in enumerate(range(0, rows, GROUP)):
            writer.write_table(group(first + start, min(GROUP, rows - start), (seed, number)))


def group(first: int, rows: int, seed: int | tuple[int, int]) -> pa.Table:
    """Rows of one row group."""
    random = np.random.default_rng(seed)
    begin = np.datetime64(FIRST_DAY, "us")
    seconds = random.integers(0, DAYS * 86_400, rows).astype("timedelta64[s]")
    columns: dict[str, pa.Array] = {
        IDENTITY: pa.array([f"u{number:08d}" for number in range(first, first + rows)]),
        TIME: pa.array(begin + seconds),
    }
    for index, name in enumerate(NUMBERS):
        draw = random.lognormal(0.0, 0.5, rows) if index % 2 else random.normal(size=rows)
        columns[name] = pa.array(draw)
    for name, size in CATEGORIES.items():
        weights = 1 / np.arange(1, size + 1)
        codes = random.choice(size, size=rows, p=weights / weights.sum()).astype("int8")
        names = pa.array([level(name, number) for number in range(size)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), names).cast(pa.string())
    return pa.table(columns)


def main() -> None:
    """Writes the file that the command line asks for."""
    try:
        out, rows = Path(sys.argv[1]), int(sys.argv[2])
    except (IndexError, ValueError):
        sys.exit("usage: python -m bench.columns OUT ROWS")
    write(out, rows)


if __name__ == "__main__":
    main()
