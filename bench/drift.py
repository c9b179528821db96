"""The drift verdict on a million rows against a million, beside reading them and beside NannyML.

Three of the current columns are moved: one shifted, one widened, one with a level doubled. NannyML
is nobody's dependency here; `CHARTER_BENCH_NANNYML` names a Python that has it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import columns, repository
from bench.rounds import CHARTER, PYTHON, ROOT, Bar, Command, CouldNotMeasure, measure, report

ROWS: Final = 1_000_000
LARGE: Final = 10_000_000
MOVED: Final = ("k5", "n03", "n11")
AT_MOST: Final = 0.02
"""Population stability index; a bound ten times as strict as the project's, for small moves."""
PEAK: Final = 500
"""Megabytes that are never exceeded."""
GROWTH: Final = 1.2
"""Peak memory at ten million rows by that at one million."""
NANNYML: Final = "CHARTER_BENCH_NANNYML"

_READ: Final = """
import sys, duckdb
numbers, words, *files = sys.argv[1:]
asked = [f"min({name})" for name in numbers.split()]
asked += [f"max(strlen({name}))" for name in words.split()]
for file in files:
    duckdb.execute(f"SELECT {', '.join(asked)} FROM read_parquet('{file}')").fetchall()
"""
_DRIFT: Final = """
import sys
from cli.main import main
try:
    main()
except SystemExit as end:
    sys.exit(0 if end.code == 1 else 3)
sys.exit(3)
"""
"""`charter drift`, which ends with 1 where it finds drift: here that is what is wanted."""
_NANNYML: Final = """
import sys
import nannyml, pandas
numbers, words = (text.split() for text in sys.argv[1:3])
reference, current = (pandas.read_parquet(file, columns=numbers + words) for file in sys.argv[3:])
calculator = nannyml.UnivariateDriftCalculator(
    column_names=numbers + words, treat_as_categorical=words, chunk_number=10,
    continuous_methods=["kolmogorov_smirnov"], categorical_methods=["jensen_shannon"],
)
calculator.fit(reference).calculate(current).to_df()
"""
_PEAK: Final = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)
"""


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether all bars were kept."""
    prepare(folder, ROWS)
    names = (" ".join(columns.NUMBERS), " ".join(columns.CATEGORIES))
    sides = ("reference.parquet", "current.parquet")
    path = {"PYTHONPATH": str(ROOT)}
    commands = [
        Command("reading with DuckDB", [[PYTHON, "-c", _READ, *names, *sides]], folder),
        Command("charter drift", [[PYTHON, "-c", _DRIFT, "drift", *sides]], folder, path),
    ]
    bars = [Bar("charter drift", "reading with DuckDB", 4)]
    if other := os.environ.get(NANNYML):
        quiet = {"NML_DISABLE_USAGE_LOGGING": "1"}  # it would try to report home
        asked = [[other, "-c", _NANNYML, *names, *sides]]
        commands.append(Command("NannyML", asked, folder, quiet))
        bars.append(Bar("charter drift", "NannyML", 1 / 15))
    kept = report(measure(commands, rounds or 5), bars)
    if not other:
        print(f"  charter drift / NannyML: not measured, {NANNYML} names no Python", flush=True)
    kept = _found(folder, sides) and kept
    columns.write(folder / "large.parquet", LARGE)
    files = (sides[0], "large.parquet")
    small, large = (peak([CHARTER, "drift", file, file], folder) for file in files)
    return flat("charter drift", small, large) and kept


def prepare(folder: Path, rows: int) -> None:
    """A repository with a strict bound, and two files whose rows moved in three columns."""
    repository.write(folder, repository.SMALL)
    repository.commit(folder)
    policy = folder / "policies/monitoring.yaml"
    policy.write_text(policy.read_text().replace("  at_most: 0.2\n", f"  at_most: {AT_MOST}\n"))
    columns.write(folder / "reference.parquet", rows)
    schema = columns.group(1, 1, 1).schema
    with pq.ParquetWriter(folder / "current.parquet", schema, compression="zstd") as writer:
        for number, start in enumerate(range(0, rows, columns.GROUP)):
            size = min(columns.GROUP, rows - start)
            writer.write_table(moved(columns.group(1 + start, size, (2, number)), number))


def moved(table: pa.Table, seed: int) -> pa.Table:
    """The same rows: n03 shifted by 0.2, n11 widened by a fifth, a third of k5-00 made k5-03."""
    chosen = np.random.default_rng((3, seed)).random(table.num_rows) < 1 / 3
    words = np.array(table["k5"].to_pylist())
    words[chosen & (words == columns.level("k5", 0))] = columns.level("k5", 3)
    values = {
        "n03": pa.array(table["n03"].to_numpy() + 0.2),
        "n11": pa.array(table["n11"].to_numpy() * 1.2),
        "k5": pa.array(words.tolist()),
    }
    for name, column in values.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def peak(command: Sequence[str], folder: Path) -> int:
    """Megabytes a command holds at most.

    Raises:
        CouldNotMeasure: it could not do its work.
    """
    done = subprocess.run(
        [PYTHON, "-c", _PEAK, *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        msg = f"{' '.join(command)} ended with exit code {done.returncode}: {done.stderr[-2000:]}"
        raise CouldNotMeasure(msg)
    return int(done.stdout)


def flat(name: str, small: int, large: int) -> bool:
    """Prints peak memory at one and at ten million rows; whether it stays flat and low."""
    kept = large <= GROWTH * small and large <= PEAK
    print(
        f"  {name}: {small} MB at {ROWS:,} rows, {large} MB at {LARGE:,}: {large / small:.2f} times"
        f"  bars {GROWTH:g} times and {PEAK} MB: {'kept' if kept else 'MISSED'}",
        flush=True,
    )
    return kept


def _found(folder: Path, sides: Sequence[str]) -> bool:
    """Whether the moved columns are told, and no other."""
    done = subprocess.run(
        [CHARTER, "drift", *sides, "--format", "json"], cwd=folder, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)["columns"]
    drifted = tuple(name for name in sorted(told) if told[name]["verdict"] == "fail")
    verdict = "kept" if drifted == MOVED else "MISSED"
    print(f"  told: {', '.join(drifted)}  moved: {', '.join(MOVED)}: {verdict}", flush=True)
    return drifted == MOVED
