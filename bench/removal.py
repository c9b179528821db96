"""Removing a quarter of the rows of a large file.

The peer is what people write themselves: pandas reads the file, keeps what is young enough and
writes it. Each runs in a process of its own and times its second go: what is loaded at first is
paid once for any number of files. A file of ten times the rows shows the peak.
"""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from bench import columns
from bench.rounds import PYTHON, ROOT, Bar, CouldNotMeasure, report

ROWS, MANY = 1_000_000, 10_000_000
BAR = 0.3
CODEC = "snappy"
"""What pandas writes: charter keeps the codec of the file, and both must do the same work."""
MEMORY = 2_048
"""Most megabytes in use at any time, whatever the number of rows."""

FIRST_KEPT = date.fromisoformat(columns.FIRST_DAY) + timedelta(days=columns.DAYS // 4)
"""A quarter of the rows is older."""


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bars were kept."""
    few, many = folder / "few.parquet", folder / "many.parquet"
    columns.write(few, ROWS, codec=CODEC)
    columns.write(many, MANY, codec=CODEC)
    seconds: dict[str, list[float]] = {"pandas": [], "purge": []}
    for number in range((rounds or 5) + 1):
        for name, found in seconds.items():
            taken, _ = _child(name, few, folder / name)
            if number:
                found.append(taken)
    _same(folder / "pandas", folder / "purge")
    kept = report(seconds, [Bar("purge", "pandas", BAR)])
    _, peak = _child("purge", many, folder / "many")
    verdict = "kept" if peak <= MEMORY else "MISSED"
    print(f"  peak memory at {MANY:,} rows: {peak:.0f} MB  bar {MEMORY} MB: {verdict}", flush=True)
    return kept and peak <= MEMORY


def purge(source: str, target: str) -> None:
    """What `charter retention apply` does with one file."""
    import ibis  # noqa: PLC0415 - a process of its own
    import numpy as np  # noqa: PLC0415

    from adapters import engine  # noqa: PLC0415
    from adapters.engine import duckdb  # noqa: PLC0415
    from bench.landing import contract  # noqa: PLC0415
    from pipelines.rewrite import rewrite  # noqa: PLC0415

    own = contract()

    def act() -> None:
        connection = duckdb.connect(None, None)
        raw = engine.read(connection, Path(source), own)
        late = raw[columns.TIME] < ibis.literal(FIRST_KEPT)
        parts = [
            batch.column(0).to_numpy(zero_copy_only=False)
            for batch in engine.batches(connection, raw.select(late=late), 131_072)
        ]
        rewrite(Path(source), Path(target), np.concatenate(parts), own)

    _timed(act)


def pandas(source: str, target: str) -> None:
    """The same by hand."""
    import pandas as pd  # noqa: PLC0415

    def act() -> None:
        frame = pd.read_parquet(source)
        frame[frame[columns.TIME] >= str(FIRST_KEPT)].to_parquet(target)

    _timed(act)


def _timed(act: Callable[[], None]) -> None:
    act()
    begin = time.perf_counter()
    act()
    taken = time.perf_counter() - begin
    print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _child(name: str, source: Path, target: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of one of the functions above.

    Raises:
        CouldNotMeasure: it failed.
    """
    code = f"import sys; from bench import removal; removal.{name}(*sys.argv[1:])"
    done = subprocess.run(
        [PYTHON, "-c", code, source, target], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        msg = f"{name} failed: {done.stderr[-2000:]}"
        raise CouldNotMeasure(msg)
    taken, peak = map(float, done.stdout.split())
    return taken, peak


def _same(first: Path, second: Path) -> None:
    """Nothing; both kept the same rows in the same order.

    Raises:
        CouldNotMeasure: they did not, so their times cannot be compared.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - the children have it, this process need not

    one, two = (
        pq.read_table(path, columns=[columns.IDENTITY]).column(0).cast("string")
        for path in (first, second)
    )
    if not one.equals(two):
        msg = "pandas and charter kept other rows"
        raise CouldNotMeasure(msg)
