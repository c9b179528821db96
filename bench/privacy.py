"""How well identifiers are found, and what pseudonyms cost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import people
from bench.rounds import PYTHON, ROOT, Bar, Command, CouldNotMeasure, measure, report
from governance.identifiers import KINDS, Kind
from governance.identifiers.sightings import Tally, find
from pipelines import identify

SEED = 20_261_122
CELLS = 600
ROWS = 4_000_000
PRECISION, RECALL = 0.95, 0.9
BARS = (Bar("prepare.rewrite", "hmac loop + pyarrow", 0.6),)


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bars were kept."""
    return _found(folder) and _speed(folder, rounds or 5)


def _found(folder: Path) -> bool:
    """Prints precision and recall per kind; whether both are high enough."""
    right: Counter[Kind] = Counter()
    told: Counter[Kind] = Counter()
    put: Counter[Kind] = Counter()
    total = 0
    for number, column in enumerate(people.columns(SEED, CELLS)):
        total += len(column.cells)
        put.update(kind for kind in column.kinds if kind)
        surely = _told(folder / f"{number}.parquet", column)
        for cell, kind in zip(column.cells, column.kinds, strict=True):
            seen = {s.kind for s in find(str(cell)) if s.valid} & surely
            told.update(seen)
            right.update(seen & {kind})
    print(f"  {total:,} cells, {sum(put.values()):,} identifiers")
    kept = True
    for kind in KINDS:
        if kind == "person-name":
            continue
        precision = right[kind] / told[kind] if told[kind] else 0.0
        recall = right[kind] / put[kind]
        fine = precision >= PRECISION and recall >= RECALL
        kept = kept and fine
        verdict = "kept" if fine else "MISSED"
        print(f"  {kind}: precision {precision:.3f}, recall {recall:.3f} of {put[kind]}  {verdict}")
    return kept


def _told(path: Path, column: people.Column) -> set[Kind]:
    """Kinds that are surely in a column, by the engine's search; its counts must be exact."""
    pq.write_table(pa.table({column.name: list(column.cells)}), path)
    tallies: dict[Kind, Tally] = {}
    for cell in column.cells:
        for seen in find(str(cell)):
            tallies.setdefault(seen.kind, Tally()).add(seen, path.name)
    facts = identify.loose_file(path)
    for found in facts:
        if found.cells != tallies[found.kind].cells:
            msg = f"{column.name}: the screen lost some {found.kind}"
            raise CouldNotMeasure(msg)
    return {found.kind for found in facts if found.confidence == "high"}


def _speed(folder: Path, rounds: int) -> bool:
    dice = np.random.default_rng(SEED)
    table = pa.table({
        "account": [f"AC-{number:010d}" for number in dice.integers(10**10, size=ROWS)],
        "billed_at": pa.array(np.arange(ROWS), pa.timestamp("s")),
        "band": dice.choice(["18-29", "30-44", "45-59", "60+"], ROWS),
        "income": dice.uniform(0, 200_000, ROWS).round(2),
        "late": dice.integers(12, size=ROWS),
    })  # fmt: skip
    pq.write_table(table, folder / "landed.parquet")
    script = str(Path(__file__).with_name("pseudonyms.py"))
    code = {"PYTHONPATH": str(ROOT)}
    commands = [
        Command(name, [[PYTHON, script, way, str(folder)]], folder, code)
        for name, way in (("hmac loop + pyarrow", "loop"), ("prepare.rewrite", "engine"))
    ]
    return report(measure(commands, rounds), BARS)
