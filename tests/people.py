"""A dataset of invented people, prepared and ready for a bias scan."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import small

FOLDER = Path("artifacts/ml/datasets/people")
REPORT = FOLDER / "bias.json"
CONTRACT = Path("policies/datasets/people.yaml")
HEAD = """\
apiVersion: v3.2.0
kind: DataContract
id: people
name: people
version: 1.0.0
status: active
servers: [{server: training, type: local, path: data, format: parquet}]
slaProperties: []
customProperties: []
schema:
  - name: people
    logicalType: object
    properties:
"""


def column(name: str, kind: str, *more: str, **custom: Any) -> str:
    given = {"technique": "keep", "purpose": "a test"} | custom
    listed = ", ".join(
        f"{{property: {key}, value: {json.dumps(value)}}}" for key, value in given.items()
    )
    lines = [f"- name: {name}", f"  logicalType: {kind}", "  classification: none"]
    lines += [f"  {line}" for line in (*more, f"customProperties: [{listed}]")]
    return "".join(f"      {line}\n" for line in lines)


DECLARED = HEAD + "".join((
    column("token", "string", technique="pseudonymise").replace("none", "direct-identifier"),
    column("sex", "string", protected=True),
    column("age", "integer", protected=True, groups=[30, 60]),
    column("height", "number"),
    column("town", "string"),
    column("colour", "string", "enum: [{value: red}, {value: blue}]"),
    column("born", "date"),
    column("defaulted", "integer", "logicalTypeOptions: {minimum: 0, maximum: 1}", label=True),
    column("debt", "number", label=True),
))  # fmt: skip


def people(count: int = 600) -> pa.Table:
    """People whose height tells their sex, whose birthday tells their age, and no more."""
    dice = Random(5)
    sexes = [dice.choice(["f", "m"]) for _ in range(count)]
    ages = [dice.randrange(18, 90) for _ in range(count)]
    lost = [dice.random() < (0.3 if sex == "f" else 0.1) for sex in sexes]
    return pa.table({
        "token": [f"t{number}" for number in range(count)],
        "sex": sexes,
        "age": ages,
        "height": pa.array([
            None if gone else dice.gauss(1.9 if sex == "m" else 1.6, 0.05)
            for sex, gone in zip(sexes, lost, strict=True)
        ]),
        "town": [dice.choice(["here", "there", "beyond"]) for _ in range(count)],
        "colour": [dice.choice(["red", "blue"]) for _ in range(count)],
        "born": pa.array([(2026 - 1970 - age) * 365 for age in ages], pa.date32()),
        "defaulted": [int(dice.random() < (0.6 if sex == "f" else 0.3)) for sex in sexes],
        "debt": [age * 2.0 + dice.random() for age in ages],
    })  # fmt: skip


def write(root: Path, rows: pa.Table) -> None:
    """Leaves the dataset in two prepared files, with its contract and the policies it needs."""
    for name in ("approved_tools", "gates"):
        if not (root / f"policies/{name}.yaml").exists():
            source = small.TOP / f"policies/{name}.yaml"
            small.put(root / f"policies/{name}.yaml", source.read_text())
    if not (root / CONTRACT).exists():
        small.put(root / CONTRACT, DECLARED)
    preparation = {
        "dataset": "people", "dataset_digest": f"sha256:{'a' * 64}", "rows": 0, "techniques": {},
        "key": None, "files": [],
    }  # fmt: skip
    small.put(root / FOLDER / "preparation.json", json.dumps(preparation))
    shutil.rmtree(root / FOLDER / "prepared", ignore_errors=True)
    small.put(root / FOLDER / "prepared/a.parquet", rows.slice(0, 200))
    small.put(root / FOLDER / "prepared/b.parquet", rows.slice(200))
