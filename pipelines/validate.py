"""Step `validate`: the landed bytes against their manifest and their contract.

Writes counts to `validation.json`, then refuses when a file is missing, changed or
uncatalogued, a row breaks a clause, or a quality rule of severity `error` does not hold, so that
nothing is trained on it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from adapters.engine import Unreadable
from governance.contract import Column, Contract
from governance.digest import rounded
from governance.evidence import ColumnFacts, DataFileFacts, Span, Validation, Violation, of_dataset
from governance.pipeline import DATA
from governance.quality import Rule
from pipelines import clauses, inputs, landed, quality
from pipelines.inputs import Refused
from pipelines.scan import scan


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
    seen = _Dataset(contract, folder)
    facts = []
    for path, row in sorted(manifest.rows.items()):
        rows = seen.file(path)
        facts.append(
            DataFileFacts(path=path, bytes=row.file.bytes, sha256=row.file.sha256, rows=rows)
        )
        if rows != row.file.rows:
            problems.append(f"{folder}/{path}: {rows} rows, {row.file.rows} were landed")
    results = seen.together(sorted(manifest.rows))
    report = Validation(
        dataset=name,
        dataset_digest=manifest.digest,
        files=tuple(facts),
        rows=sum(fact.rows for fact in facts),
        columns=seen.columns(),
        events=seen.span(),
        violations=seen.violations(),
        quality=tuple(result.evidence for result in results),
        references={
            other: inputs.manifest(other).digest
            for other in sorted({reference.dataset for reference in contract.references} - {name})
        },
    )
    inputs.write(of_dataset(name, "validation"), report)
    problems += [
        f"{name}: {broken.rows} rows break {broken.clause} of {broken.column}"
        f" in {', '.join(broken.files[:3])}"
        for broken in report.violations
    ]
    for result in results:
        if not result.kept and result.rule.severity == "error":
            problems.append(f"{name}: {result.says}")
        elif not result.kept and result.rule.severity == "warning":
            print(f"{name}: warning: {result.says}")
    if problems:
        raise Refused(*problems)
    print(f"{name}: {report.rows:,} rows in {len(facts)} files keep the contract")


class _Dataset:
    """Counts of a dataset, added up file by file."""

    def __init__(self, contract: Contract, folder: Path) -> None:
        self.contract = contract
        self.folder = folder
        self.connection = quality.connect(contract, Path(DATA))
        self.rows = 0
        self.nulls: Counter[str] = Counter()
        self.counted: Counter[Rule] = Counter()
        self.low: dict[str, Any] = {}
        self.high: dict[str, Any] = {}
        self.broken: dict[tuple[str, str], dict[str, int]] = {}

    def file(self, path: str) -> int:
        """Scans one file; its number of rows."""
        try:
            raw = landed.table(self.connection, self.folder, path, self.contract)
            missing = [c.physical for c in self.contract.columns if c.physical not in raw.columns]
            if missing:
                msg = f"{self.folder / path}: column {missing[0]} is missing"
                raise Refused(msg)
            found = scan(raw, self.contract)
        except Unreadable as error:
            msg = f"{self.folder / path}: {error}"
            raise Refused(msg) from None
        self.rows += found.rows
        self.nulls.update(found.nulls)
        self.counted.update(found.counted)
        for clause, count in found.broken:
            self.broken.setdefault((clause.name, clause.column), {})[path] = count
        for values, known, better in (
            (found.low, self.low, min),
            (found.high, self.high, max),
        ):
            for name, value in values.items():
                known[name] = better(known[name], value) if name in known else value
        return found.rows

    def together(self, paths: list[str]) -> list[quality.Result]:
        """Counts what shows only in all rows together: repeated keys, and quality rules."""
        rows = quality.together(self.connection, self.folder, paths, self.contract)
        for clause, names in clauses.unique_keys(self.contract):
            if again := quality.repeats(rows, names).rows:
                self.broken[(clause, ", ".join(names))] = {"(all files)": again}
        return list(
            quality.measure(self.connection, Path(), self.contract, rows, self.rows, self.counted)
        )

    def columns(self) -> dict[str, ColumnFacts]:
        """Counts and numeric ranges by column."""
        return {
            column.name: ColumnFacts(
                type=column.type,
                nulls=self.nulls[column.name],
                minimum=_number(column, self.low),
                maximum=_number(column, self.high),
            )
            for column in self.contract.columns
        }

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


def _number(column: Column, values: dict[str, Any]) -> float | None:
    """A bound as evidence may hold it: of numbers, and never of numbers that name a person."""
    value = values.get(column.name)
    if column.classification == "direct-identifier" or not isinstance(value, int | float):
        return None
    return rounded(value)


if __name__ == "__main__":
    inputs.main(validate)
