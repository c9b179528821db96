"""Begins a contract or a model from data: infers what can be inferred, leaves the rest open.

What only a person can answer (does this column identify someone, may we use these data, what
is the model for) is not guessed. It stays missing, and `charter check` asks for it by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ibis

from adapters import engine, files
from adapters.engine import Unreadable
from governance import catalogue
from governance.contract import Column, ColumnClass, Contract
from pipelines import inputs
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.model import Task

FEW: Final = 12
"""Distinct texts up to which a column's values are listed in the contract."""
CLASSES: Final = "direct-identifier | quasi-identifier | sensitive | none"
_WORD: Final = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Found:
    """What a file says about one column."""

    name: str
    physical: str
    type: str
    rows: int
    known: int
    distinct: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the person who onboards a dataset already said."""

    classes: Mapping[str, ColumnClass]
    rest: ColumnClass | None = None
    protected: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    label: str | None = None
    key: str | None = None
    event: str | None = None
    steward: str | None = None
    source: Mapping[str, str] | None = None


def contract(root: Path, name: str, file: Path, answers: Answers) -> str:
    """Writes a contract inferred from a file; its path.

    Raises:
        Refused: the contract exists, the file cannot be read, or an answer names no column.
    """
    path = _place(root, f"policies/datasets/{name}.yaml", name)
    form, delimiter, columns = _look(file)
    names = {column.name for column in columns}
    asked = [*answers.classes, *answers.protected]
    asked += [given for given in (answers.label, answers.key, answers.event) if given]
    for given in asked:
        if given not in names:
            msg = f"{file.name} has no column {given}; it has {', '.join(sorted(names))}"
            raise Refused(msg)
    text = "\n".join(_contract(name, form, delimiter, columns, answers)) + "\n"
    files.write(root / path, text.encode())
    return path


def _place(root: Path, path: str, name: str) -> str:
    """The path of a declaration that is to be written, when nothing stands there."""
    if catalogue.kind_of(path) is None:
        msg = f"{name}: a name is a lower-case word of letters and digits with - or _ inside"
        raise Refused(msg)
    if (root / path).exists():
        msg = f"{path} exists and is never overwritten"
        raise Refused(msg)
    return path


def _look(file: Path) -> tuple[str, str, list[Found]]:
    """Format, delimiter and columns of a file."""
    if not file.is_file() or file.stat().st_size == 0:
        msg = f"{file} is {'empty' if file.is_file() else 'no file'}"
        raise Refused(msg)
    connection = engine.connect()
    form = "parquet" if file.suffix == ".parquet" else "csv"
    try:
        table, delimiter = engine.sniff(connection, file, form)
        columns = [_column(table, position, name) for position, name in enumerate(table.columns)]
    except Unreadable as error:
        msg = f"{file}: {error}"
        raise Refused(msg) from None
    if not columns or not columns[0].rows:
        msg = f"{file} has no rows"
        raise Refused(msg)
    return form, delimiter, columns


def _column(table: ibis.Table, position: int, physical: str) -> Found:
    value = table[physical]
    dtype = value.type()
    kinds = {
        "boolean": dtype.is_boolean(),
        "integer": dtype.is_integer(),
        "number": dtype.is_floating() or dtype.is_decimal(),
        "date": dtype.is_date(),
        "timestamp": dtype.is_timestamp(),
    }
    asked = table.aggregate(rows=table.count(), known=value.count(), distinct=value.nunique())
    facts = engine.run(lambda: engine.one(asked), "data")
    kind = next((kind for kind, holds in kinds.items() if holds), "string")
    few: tuple[str, ...] = ()
    if kind in {"string", "integer"} and facts["distinct"] <= FEW:
        listed = table.select(value=value).distinct().drop_null("value").order_by("value")
        rows = engine.run(lambda: listed.to_pyarrow().to_pylist(), "data")
        few = tuple(json.dumps(row["value"], ensure_ascii=False) for row in rows)
    if kind == "integer" and facts["distinct"] > 2:  # noqa: PLR2004 - 0/1 is a category, 1..12 may grow
        few = ()
    word = re.sub(r"\W+", "_", physical).strip("_") or f"column_{position + 1}"
    name = word if _WORD.fullmatch(word) else f"c_{word}"
    return Found(name, physical, kind, facts["rows"], facts["known"], facts["distinct"], few)


def _contract(
    name: str, form: str, delimiter: str, columns: Sequence[Found], answers: Answers
) -> Iterator[str]:
    yield "# yaml-language-server: $schema=../../schemas/contract.json"
    yield "# Begun by `charter new dataset`; `charter check` asks what it could not know."
    yield "apiVersion: v3.2.0"
    yield "kind: DataContract"
    yield f"id: {name}"
    yield f"name: {name}"
    yield "version: 1.0.0"
    yield "status: active"
    yield ""
    yield "team:"
    yield f"  name: {name}"
    if answers.steward:
        yield "  members:"
        yield f"    - {{username: {answers.steward}, role: data-steward}}"
    else:
        yield "  # Who holds data-steward in policies/roles.yaml and answers for these data?"
        yield "  # members:"
        yield "  #   - {username: …, role: data-steward}"
    yield ""
    yield "servers:"
    yield "  - server: training"
    yield "    type: local"
    yield f"    path: data/ml/training/{name}/*.{form}"
    yield f"    format: {form}"
    if form == "csv":
        yield "    customProperties:"
        yield f"      - {{property: delimiter, value: {json.dumps(delimiter)}}}"
    yield ""
    if answers.event:
        yield "slaProperties:"
        yield f"  - {{property: freshness, value: 45, unit: d, element: {name}.{answers.event}}}"
    else:
        yield "slaProperties: []"
    yield ""
    yield from _source(name, answers)
    yield ""
    yield "schema:"
    yield f"  - name: {name}"
    yield "    physicalType: table"
    yield "    properties:"
    for column in columns:
        yield from _property(column, answers)


def _source(name: str, answers: Answers) -> Iterator[str]:
    yield "customProperties:"
    yield "  # Where do the data come from, and why may they be used for training?"
    yield "  # kind: client | anonymised-client | licensed-public | synthetic | derived"
    yield "  - property: source"
    yield "    value:"
    yield f"      id: {name.replace('_', '-')}"
    for key, value in (answers.source or {}).items():
        yield f"      {key}: {json.dumps(value, ensure_ascii=False)}"


def _property(column: Found, answers: Answers) -> Iterator[str]:
    yield f"      - name: {column.name}"
    if column.physical != column.name:
        yield f"        physicalName: {json.dumps(column.physical, ensure_ascii=False)}"
    yield f"        logicalType: {column.type}"
    if column.known == column.rows:
        yield "        required: true"
    if column.name == answers.key:
        yield "        primaryKey: true"
    given = answers.classes.get(column.name, answers.rest)
    if given:
        yield f"        classification: {given}"
    else:
        yield "        # Does it say who a person is?"
        yield f"        # classification: {CLASSES}"
    if column.values:
        yield "        enum:"
        yield from (f"          - {{value: {value}}}" for value in column.values)
    bounds = answers.protected.get(column.name, ())
    additions = [
        ("protected", "true", column.name in answers.protected),
        ("groups", json.dumps([*bounds]), bool(bounds)),
        ("label", "true", column.name == answers.label),
        ("technique", "drop", given == "direct-identifier" and column.name != answers.key),
        ("technique", "pseudonymise", given == "direct-identifier" and column.name == answers.key),
    ]
    chosen = [(key, value) for key, value, wanted in additions if wanted]
    if chosen:
        yield "        customProperties:"
        yield from (f"          - {{property: {key}, value: {value}}}" for key, value in chosen)


def model(  # noqa: PLR0913 - the answers a person may already have
    root: Path, name: str, dataset: str, target: str, *, positive: str | None = None,
    owner: str | None = None, risk_tier: str | None = None,
) -> str:  # fmt: skip
    """Writes a model declaration for a dataset; its path.

    Raises:
        Refused: the model exists, the contract does not load, or it has no such column.
    """
    path = _place(root, f"models/{name}/model.yaml", name)
    found = inputs.contract(dataset, root)
    column = found.column(target)
    if column is None:
        names = ", ".join(sorted(c.name for c in found.columns))
        msg = f"{dataset} has no column {target}; it has {names}"
        raise Refused(msg)
    text = "\n".join(_model(name, found, column, positive, owner, risk_tier)) + "\n"
    files.write(root / path, text.encode())
    return path


def _model(  # noqa: PLR0913 - see `model`
    name: str, contract: Contract, target: Column, positive: str | None, owner: str | None,
    risk_tier: str | None,
) -> Iterator[str]:  # fmt: skip
    task: Task = "regression" if target.type == "number" else "classification"
    kept = [c for c in contract.columns if c.technique not in {"drop", "pseudonymise"}]
    left = {
        target.name,
        contract.event_column,
        *contract.key,
        *contract.protected,
        *contract.labels,
    }
    usable = [c for c in kept if c.name not in left and c.type not in {"date", "timestamp"}]
    numeric = [c.name for c in usable if c.type in {"integer", "number"} and not c.values]
    others = [c.name for c in usable if c.name not in numeric]
    yield "# yaml-language-server: $schema=../../schemas/model.json"
    yield "# Begun by `charter new model`; `charter check` asks what it could not know."
    yield f"name: {name}"
    yield f"title: {name.replace('_', ' ').capitalize()}"
    yield f"owner: {owner}" if owner else "# owner: a person who holds model-owner"
    yield f"risk_tier: {risk_tier}" if risk_tier else "# risk_tier: minimal | limited | high"
    yield "# Which decision does it support, what is it not for, and who acts on it?"
    yield "# purpose:"
    yield "#   intended: …"
    yield "#   out_of_scope: [ … ]"
    yield "#   users: [ … ]"
    yield ""
    yield f"task: {task}"
    yield f"dataset: {contract.name}"
    yield "target:"
    yield f"  column: {target.name}"
    if task == "classification":
        spelled = json.dumps(positive) if positive and target.type == "string" else positive
        yield (
            f"  positive: {spelled}"
            if spelled
            else "  # positive: which value is the positive class?"
        )
    yield f"protected: [{', '.join(contract.protected)}]"
    yield ""
    yield "# Protected attributes are measured, not read; add one only with a reason."
    yield "features:"
    yield f"  numeric: [{', '.join(numeric)}]"
    yield f"  categorical: [{', '.join(others)}]"
    yield ""
    yield "training:"
    linear = "LogisticRegression" if task == "classification" else "Ridge"
    yield f"  estimator: sklearn.linear_model.{linear}"
    yield "  params: {max_iter: 1000}" if task == "classification" else "  params: {alpha: 1.0}"
    yield "  preprocessing:"
    yield "    numeric: [impute-median, standardise]"
    yield "    categorical: [one-hot]"
    by = "time" if contract.event_column else "key" if contract.key else "content"
    yield f"  holdout: {{share: 0.25, by: {by}}}"
    yield "  seed: 20260101"
