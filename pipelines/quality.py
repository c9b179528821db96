"""Quality rules measured on a whole dataset: duplicates, references, SQL, and sums of counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import sqlglot

from adapters import engine
from adapters.engine import Unreadable
from governance import query
from governance.digest import rounded
from governance.evidence import Measured
from pipelines import clauses, inputs, landed
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract
    from governance.quality import Reference, Rule


def connect(contract: Contract, *folders: Path) -> Any:
    """The engine a contract asks for.

    With rules written in SQL it opens files below the folders only, and adds numbers up in file
    order, on one thread, so that the last digit stays.
    """
    if any(rule.metric == "sql" for rule in contract.rules):
        return engine.connect(contract.engine, only=folders)
    return engine.connect(contract.engine, threads=None)


@dataclass(frozen=True, slots=True)
class Result:
    """A rule and the number it was judged by."""

    rule: Rule
    number: float | None

    @property
    def kept(self) -> bool:
        """Whether the number is good enough."""
        return self.rule.kept(self.number)

    @property
    def says(self) -> str:
        """The number and the demand, in words."""
        unit = " %" if self.rule.unit == "percent" else ""
        number = "no number" if self.number is None else f"{self.number:,.6g}{unit}"
        return f"{self.rule.name} is {number}, {self.rule.demand}"

    @property
    def evidence(self) -> Measured:
        """The result as a run leaves it behind."""
        return Measured(
            rule=self.rule.name,
            metric=self.rule.metric,
            columns=self.rule.columns,
            severity=self.rule.severity,
            unit=self.rule.unit,
            number=None if self.number is None else rounded(self.number),
            demand=self.rule.demand,
            outcome="pass" if self.kept else "fail",
        )


def measure(  # noqa: PLR0913 - the rows, and what is known about them
    connection: Any, root: Path, contract: Contract, rows: ibis.Table, total: int,
    counted: Mapping[Rule, int],
) -> Iterator[Result]:  # fmt: skip
    """Each rule and reference of a contract with its number.

    Args:
        connection: the engine.
        root: top of the repository, where other datasets lie.
        contract: the contract.
        rows: all rows of the dataset in their declared types.
        total: their number.
        counted: rows each rule counts that looks at single rows.

    Raises:
        Refused: a reference leads nowhere.
    """
    for rule in contract.rules:
        if rule.by_row:
            count: float | None = counted[rule]
        elif rule.metric == "rowCount":
            count = total
        elif rule.metric == "duplicateValues":
            count = repeats(rows, rule.columns).beyond
        else:
            count = _answer(connection, contract.name, rows, rule)
        yield Result(rule, rule.number(count, total))
    for reference in contract.references:
        there = targets(connection, root, contract, reference, rows)
        count = engine.one(absent(rows, reference, there).aggregate(n=ibis._.count()))["n"]
        yield Result(reference.rule, int(count))


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows that share their values with others, and those beyond the first of each."""

    rows: int
    beyond: int


def repeats(table: ibis.Table, names: Sequence[str]) -> Repeats:
    """How many rows have values that stand more than once; rows without a value do not count."""
    known = table.select(*names).drop_null(list(names))
    times = known.group_by(list(names)).aggregate(n=known.count())
    again = times.filter(times.n > 1)
    found = engine.one(again.aggregate(rows=again.n.sum(), values=again.count()))
    rows = int(found["rows"] or 0)
    return Repeats(rows, rows - int(found["values"]))


def absent(table: ibis.Table, reference: Reference, there: ibis.Table) -> ibis.Table:
    """Rows whose values stand nowhere in another table; rows without a value do not count."""
    known = table.drop_null(list(reference.columns))
    return known.anti_join(
        there, [known[a] == there[b] for a, b in zip(reference.columns, there.columns, strict=True)]
    )


def targets(
    connection: Any, root: Path, contract: Contract, reference: Reference, rows: ibis.Table
) -> ibis.Table:
    """The values a reference may have: those of the landed files of the dataset it names.

    Raises:
        Refused: the dataset or column does not exist, or holds values of another type.
    """
    own = reference.dataset == contract.name
    other = contract if own else inputs.contract(reference.dataset, root)
    for name, target in zip(reference.columns, reference.targets, strict=True):
        here, there = contract.column(name), other.column(target)
        kind = None if there is None else there.type
        if here is None or kind != here.type:
            what = "does not exist" if kind is None else f"holds {kind} values, {name} does not"
            msg = (
                f"{contract.name}: {name} refers to {other.name}.{target}, which {what}\n"
                f"  fix: correct `relationships` in policies/datasets/{contract.name}.yaml"
            )
            raise Refused(msg)
    paths = sorted(inputs.manifest(other.name, root).rows)
    if own:
        found = rows
    elif paths:
        found = together(connection, root / inputs.data_folder(other.name), paths, other)
    else:  # nothing has landed there: no values, of the types of those that look for them
        given = dict(zip(reference.targets, reference.columns, strict=True))
        found = rows.select(**{name: rows[column] for name, column in given.items()}).limit(0)
    renamed = {f"charter_{i}": found[name] for i, name in enumerate(reference.targets)}
    return found.select(**renamed).distinct()


def together(connection: Any, folder: Path, paths: Sequence[str], contract: Contract) -> ibis.Table:
    """The rows of some files of a dataset in their declared types.

    Raises:
        Refused: a file landed before is damaged or lacks a column.
    """
    parts = [typed(connection, folder, path, contract) for path in paths]
    if not parts:
        return ibis.memtable([], schema={c.name: engine.TYPES[c.type] for c in contract.columns})
    return union(parts)


def union(parts: Sequence[ibis.Table]) -> ibis.Table:
    """All rows of some tables, at least one."""
    return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def typed(connection: Any, folder: Path, path: str, contract: Contract) -> ibis.Table:
    """The rows of one file in their declared types.

    Raises:
        Refused: it was landed under another contract, or is damaged.
    """
    try:
        raw = landed.table(connection, folder, path, contract)
    except Unreadable as error:
        msg = f"{contract.name}/{path}: {error}"
        raise Refused(msg) from None
    lacking = [c.physical for c in contract.columns if c.physical not in raw.columns]
    if lacking:
        msg = (
            f"{contract.name}/{path}, landed before, has no column {lacking[0]}\n"
            "  fix: the contract changed; name a new dataset for rows of another shape"
        )
        raise Refused(msg)
    return engine.typed(raw, contract)


def counted(connection: Any, folder: Path, path: str, contract: Contract) -> dict[Rule, int]:
    """Rows of one landed file that each rule counts which looks at single rows."""
    raw = landed.table(connection, folder, path, contract)
    rules = list(clauses.of_rules(raw, contract))
    asked = {f"rule{number}": counts.sum() for number, (_, counts) in enumerate(rules)}
    row = engine.one(raw.aggregate(**asked))
    return {rule: int(row[f"rule{number}"] or 0) for number, (rule, _) in enumerate(rules)}


def _answer(connection: Any, dataset: str, rows: ibis.Table, rule: Rule) -> float | None:
    """The number a query gives; None when it gives none, or more than one."""
    column = rule.columns[0] if rule.columns else None
    asked = f"SELECT TRY_CAST(({query.render(rule.query or '', column)}) AS DOUBLE) AS number"
    (text,) = sqlglot.transpile(asked, read=query.DIALECT, write=connection.dialect)
    whole = f"WITH {query.TABLE} AS ({connection.compile(rows)}) {text}"
    try:
        found = engine.one(connection.sql(whole, schema={"number": "float64"}))["number"]
    except Exception as error:  # noqa: BLE001 - the engines have no common error class
        # The message of an engine may quote a row.
        kind = type(error).__name__
        msg = f"{dataset}: rule {rule.name}: the engine cannot answer its query ({kind})"
        raise Refused(msg) from None
    return None if found is None else float(found)
