"""Judging a landing beside the engine's own time to read the same columns, and the memory it takes.

A file of 30 columns is looked at as `charter land` looks at each file by itself: types, nulls,
ranges, lists, patterns and three quality rules counted in one pass. Keys, which need other rows,
are not part of it. The other command has DuckDB decode every column and add up something of it.
What starting up and importing take is measured beside both and taken away.
"""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from bench import columns
from bench.rounds import PYTHON, ROOT, Command, CouldNotMeasure, measure

ROWS: Final = 1_000_000
MANY: Final = 10_000_000
BAR: Final = 5.0
"""Time to judge, in times of reading, of the median round."""
MEMORY: Final = 500
"""Peak of the process that judges, in MB, at either number of rows."""
GROWTH: Final = 1.2
"""Peak at many rows, in peaks at few."""
ROOM: Final = "300MB"
"""What the engine may take of the memory; left alone, it keeps what it has read while it can."""


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether all bars were kept."""
    few = folder / "few.parquet"
    columns.write(few, ROWS)
    kept = _time(folder, few, rounds or 5)
    many = folder / "many.parquet"
    columns.write(many, MANY)
    return _memory(few, many) and kept


def _time(folder: Path, path: Path, rounds: int) -> bool:
    variables = {"PYTHONPATH": str(ROOT)}
    commands = [
        Command(name, [[PYTHON, "-m", "bench.landing", name, str(path)]], folder, variables)
        for name in _CHILDREN
    ]
    seconds = measure(commands, rounds)
    ratios = [
        (judged - began) / (read - imported)
        for began, judged, imported, read in zip(
            *(seconds[name] for name in ("begin", "judge", "import", "read")), strict=True
        )
    ]
    middle = statistics.median(ratios)
    took = statistics.median(b - a for a, b in zip(seconds["begin"], seconds["judge"], strict=True))
    verdict = "kept" if middle <= BAR else "MISSED"
    print(
        f"  judging / reading {ROWS:,} rows: {middle:.3g} ({min(ratios):.3g} to {max(ratios):.3g}"
        f" in {rounds} rounds), {took:.2f} s  bar {BAR:g}: {verdict}",
        flush=True,
    )
    return middle <= BAR


def _memory(few: Path, many: Path) -> bool:
    peaks = [_peak(path, {"CHARTER_MEMORY": ROOM}) for path in (few, many)]
    alone = _peak(many, {})
    growth = peaks[1] / peaks[0]
    kept = max(peaks) <= MEMORY and growth <= GROWTH
    print(
        f"  peak memory: {peaks[0]:.0f} MB at {ROWS:,} rows, {peaks[1]:.0f} MB at {MANY:,}, "
        f"{growth:.3g} times ({alone:.0f} MB without a limit)  "
        f"bars {MEMORY} MB, {GROWTH:g}: {'kept' if kept else 'MISSED'}",
        flush=True,
    )
    return kept


def _peak(path: Path, variables: dict[str, str]) -> float:
    done = subprocess.run(
        [PYTHON, "-m", "bench.landing", "judge", str(path)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | variables,
    )  # fmt: skip
    found = re.fullmatch(r"(\d+) MB\n", done.stdout)
    if done.returncode or found is None:
        raise CouldNotMeasure(done.stdout + done.stderr)
    return float(found[1])


def contract() -> Any:
    """A contract that demands something of every column."""
    from governance import catalogue  # noqa: PLC0415 - what `judge` and `begin` measure

    value, _, findings = catalogue.read("policies/datasets/wide.yaml", text().encode())
    if value is None:
        raise CouldNotMeasure(str(findings))
    return value


def text() -> str:
    """The contract as YAML."""
    rules = {
        "n00": "[{metric: nullValues, mustBe: 0}]",
        "n01": "[{metric: invalidValues, mustBe: 0, arguments: {validValues: [1, 2]},"
        " severity: info}]",
        "k7": "[{metric: missingValues, mustBe: 0, arguments: {missingValues: [null, N/A]}}]",
    }
    described = [
        _column(columns.IDENTITY, "string", 'logicalTypeOptions: {pattern: "u[0-9]{8}"}',
                "primaryKey: true"),
        _column(columns.TIME, "timestamp"),
        *(
            _column(name, "number", "logicalTypeOptions: {minimum: -100, maximum: 1000}",
                    *([f"quality: {rules[name]}"] if name in rules else []))
            for name in columns.NUMBERS
        ),
        *(
            _column(
                name, "string", f"enum: {json.dumps(_levels(name, size))}",
                *([f"quality: {rules[name]}"] if name in rules else []),
            )
            for name, size in columns.CATEGORIES.items()
        ),
    ]  # fmt: skip
    return _HEAD + "".join(described)


_HEAD: Final = f"""\
apiVersion: v3.2.0
kind: DataContract
id: wide
name: wide
version: 1.0.0
status: active
servers: [{{server: training, type: local, path: data, format: parquet}}]
slaProperties: []
customProperties:
  - property: source
    value: {{kind: synthetic, id: made, uri: python -m bench.columns, licence: Apache-2.0}}
  - {{property: pseudonym_key, value: sample}}
schema:
  - name: wide
    logicalType: object
    quality: [{{metric: rowCount, mustBeGreaterOrEqualTo: 1000}}]
    properties:
      # {len(columns.NUMBERS) + len(columns.CATEGORIES) + 2} columns
"""


def _levels(name: str, size: int) -> list[dict[str, str]]:
    return [{"value": columns.level(name, number)} for number in range(size)]


def _column(name: str, kind: str, *more: str) -> str:
    lines = [f"- name: {name}", f"  logicalType: {kind}", "  classification: none",
             "  required: true", *(f"  {line}" for line in more)]  # fmt: skip
    return "".join(f"      {line}\n" for line in lines)


def begin(_: Path) -> None:
    """Loads what judging needs."""
    from pipelines import admit, quality  # noqa: F401, PLC0415 - what is measured

    quality.connect(contract())


def judge(path: Path) -> None:
    """Looks at a file as a landing does, and says how much memory that took."""
    from adapters import clock  # noqa: PLC0415 - what is measured
    from pipelines import admit, quality  # noqa: PLC0415

    found = contract()
    candidate = admit.Candidate(path.name, path)
    admit.look(quality.connect(found), candidate, found, path.parent, clock.now())
    if candidate.problems or candidate.rows not in {ROWS, MANY}:
        raise CouldNotMeasure(str(candidate.problems))
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def import_(_: Path) -> None:
    """Loads the engine."""
    import duckdb  # noqa: PLC0415 - what is measured

    duckdb.connect().execute("SELECT 1")


def read(path: Path) -> None:
    """Has DuckDB decode every column."""
    import duckdb  # noqa: PLC0415 - what is measured

    asked = [f"sum({name})" for name in columns.NUMBERS]
    asked += [f"sum(strlen({name}))" for name in (columns.IDENTITY, *columns.CATEGORIES)]
    asked.append(f"sum(epoch_us({columns.TIME}))")
    duckdb.connect().read_parquet(str(path)).aggregate(", ".join(asked)).fetchall()


_CHILDREN: Final = {"begin": begin, "judge": judge, "import": import_, "read": read}

if __name__ == "__main__":
    _CHILDREN[sys.argv[1]](Path(sys.argv[2]))
