"""Step `validate`: the landed bytes against their manifest and their contract.

Writes counts to `validation.json`, then refuses when a file is missing, changed or
uncatalogued, or a row breaks a clause, so that nothing is trained on it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from adapters import engine
from governance.contract import Contract
from governance.digest import rounded
from governance.evidence import ColumnFacts, DataFileFacts, Span, Validation, Violation, of_dataset
from pipelines import clauses, inputs
from pipelines.inputs import Refused


def validate(name: str) -> None:
    """Checks one dataset and leaves its facts.

    Raises:
        Refused: the bytes are not those landed, or rows break the contract.
    """
    contract, manifest = inputs.contract(name), inputs.manifest(name)
    folder = inputs.data_folder(name)
    problems = inputs.differences(name, manifest)
    if problems:
        raise Refused(*problems)
    scan = _Scan(contract)
    facts = []
    for path, row in sorted(manifest.rows.items()):
        rows = scan.file(folder / path, path)
        facts.append(
            DataFileFacts(path=path, bytes=row.file.bytes, sha256=row.file.sha256, rows=rows)
        )
        if rows != row.file.rows:
            problems.append(f"{folder}/{path}: {rows} rows, {row.file.rows} were landed")
    scan.repeats([folder / path for path in sorted(manifest.rows)])
    report = Validation(
        dataset=name,
        dataset_digest=manifest.digest,
        files=tuple(facts),
        rows=sum(fact.rows for fact in facts),
        columns=scan.columns(),
        events=scan.span(),
        violations=scan.violations(),
    )
    inputs.write(of_dataset(name, "validation"), report)
    problems += [
        f"{name}: {broken.rows} rows break {broken.clause} of {broken.column}"
        f" in {', '.join(broken.files[:3])}"
        for broken in report.violations
    ]
    if report.rows < contract.minimum_rows:
        problems.append(f"{name}: {report.rows} rows, the contract demands {contract.minimum_rows}")
    if problems:
        raise Refused(*problems)
    print(f"{name}: {report.rows:,} rows in {len(facts)} files keep the contract")


class _Scan:
    """One pass over each file, adding up counts."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.connection = engine.connect()
        self.nulls: Counter[str] = Counter()
        self.low: dict[str, Any] = {}
        self.high: dict[str, Any] = {}
        self.broken: dict[tuple[str, str], dict[str, int]] = {}

    def file(self, path: Any, name: str) -> int:
        """Scans one file; its number of rows."""
        raw = engine.read(self.connection, path, self.contract)
        missing = [c.physical for c in self.contract.columns if c.physical not in raw.columns]
        if missing:
            msg = f"{path}: column {missing[0]} is missing"
            raise Refused(msg)
        table = {column.name: engine.cast(raw, column) for column in self.contract.columns}
        asked = {"rows": raw.count()}
        found = list(clauses.of_rows(raw, self.contract))
        for number, clause in enumerate(found):
            asked[f"broken{number}"] = clause.broken.sum()
        for column in self.contract.columns:
            asked[f"null {column.name}"] = table[column.name].isnull().sum()
            if column.type in {"integer", "number", "date", "timestamp"}:
                asked[f"low {column.name}"] = table[column.name].min()
                asked[f"high {column.name}"] = table[column.name].max()
        row = engine.run(lambda: engine.one(raw.aggregate(**asked)), self.contract.format)
        for number, clause in enumerate(found):
            if count := int(row[f"broken{number}"] or 0):
                self.broken.setdefault((clause.name, clause.column), {})[name] = count
        for column in self.contract.columns:
            self.nulls[column.name] += int(row[f"null {column.name}"] or 0)
            for side, keep, better in (("low", self.low, min), ("high", self.high, max)):
                value = row.get(f"{side} {column.name}")
                if value is not None:
                    known = keep.get(column.name)
                    keep[column.name] = value if known is None else better(known, value)
        return int(row["rows"])

    def repeats(self, paths: list[Any]) -> None:
        """Counts rows whose key stands more than once in the dataset."""
        import ibis  # noqa: PLC0415 - engine has it loaded

        for clause, names in clauses.unique_keys(self.contract):
            parts = [
                engine.typed(
                    engine.read(self.connection, path, self.contract), self.contract
                ).select(*names)
                for path in paths
            ]
            if not parts:
                continue
            keys = ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
            known = keys.drop_null(list(names))
            times = known.group_by(list(names)).aggregate(n=known.count())
            extra = engine.one(times.filter(times.n > 1).aggregate(rows=times.n.sum()))["rows"]
            if extra:
                self.broken[(clause, ", ".join(names))] = {"(all files)": int(extra)}

    def columns(self) -> dict[str, ColumnFacts]:
        """Counts and numeric ranges by column."""
        return {
            column.name: ColumnFacts(
                type=column.type,
                nulls=self.nulls[column.name],
                minimum=self._number(self.low.get(column.name)),
                maximum=self._number(self.high.get(column.name)),
            )
            for column in self.contract.columns
        }

    @staticmethod
    def _number(value: Any) -> float | None:
        return rounded(value) if isinstance(value, int | float) else None

    def span(self) -> Span | None:
        """First and last day of the event column."""
        name = self.contract.event_column
        if name is None or name not in self.low:
            return None
        low, high = self.low[name], self.high[name]
        return Span(
            earliest=getattr(low, "date", lambda: low)(),
            latest=getattr(high, "date", lambda: high)(),
        )

    def violations(self) -> tuple[Violation, ...]:
        """Broken clauses, by name and column."""
        return tuple(
            Violation(
                clause=clause, column=column, rows=sum(files_.values()), files=tuple(sorted(files_))
            )
            for (clause, column), files_ in sorted(self.broken.items())
        )


if __name__ == "__main__":
    inputs.main(validate)
