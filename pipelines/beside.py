"""What shows only beside other rows: keys, references, quality rules and classes.

New files are looked at together with those landed before, whose rows are not blamed again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from adapters import engine
from pipelines import clauses, inputs, quality
from pipelines.admit import Candidate, Problem, first
from pipelines.masks import SHOWN, places
from pipelines.quarantine import FILE, ROW, Blame, stream

if TYPE_CHECKING:
    from governance.contract import Contract
    from governance.quality import Reference, Rule


@dataclass(slots=True)
class Dataset:
    """A dataset as it would be with some new files.

    Args:
        connection: the engine that read the candidates.
        root: top of the repository.
        contract: the contract.
        landed: rows by path of the files that are here already.
        new: the files that ask to join, each sound by itself.
        marks: a folder for the numbers of bad rows.
        complete: whether these are all files that are to land.
    """

    connection: Any
    root: Path
    contract: Contract
    landed: Mapping[str, int]
    new: Sequence[Candidate]
    marks: Path
    complete: bool
    warnings: list[str] = field(default_factory=list)
    parts: list[ibis.Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Reads what is there; the engine looks into files only when it is asked something."""
        folder = self.root / inputs.data_folder(self.contract.name)
        for path in sorted(self.landed):
            self.parts.append(quality.typed(self.connection, folder, path, self.contract))
        for candidate in self.new:
            self.parts.append(engine.typed(candidate.table, self.contract))

    @property
    def rows(self) -> ibis.Table:
        """All rows, landed and new, in their declared types."""
        return quality.union(self.parts)

    def judge(self) -> Iterator[Problem]:
        """Blames rows of the new files; what is wrong with the dataset as a whole."""
        for clause, names in clauses.unique_keys(self.contract):
            if quality.repeats(self.rows, names).beyond:
                says = "repeats a value that may stand only once"
                self._blame(self._repeated(names), names, clause, says)
        if self.complete:
            yield from self._rules()
        for label in self.contract.labels:
            yield from self._classes(label)

    def _rules(self) -> Iterator[Problem]:
        """Rules that do not hold; too few rows only warn, since a dataset grows by landings."""
        for result in quality.measure(
            self.connection, self.root, self.contract, self.rows, self._total(), self._counted()
        ):
            severity = "info" if result.kept else result.rule.severity
            if severity == "warning" or (
                severity == "error" and result.rule.may_come(result.number)
            ):
                self.warnings.append(result.says)
            elif severity == "error":
                yield from self._broken(result)

    def _total(self) -> int:
        return sum(self.landed.values()) + sum(candidate.rows for candidate in self.new)

    def _counted(self) -> Counter[Rule]:
        """Rows each rule counts that looks at single rows."""
        counted: Counter[Rule] = Counter()
        for candidate in self.new:
            counted.update(candidate.counted)
        if any(rule.by_row for rule in self.contract.rules):
            folder = self.root / inputs.data_folder(self.contract.name)
            for path in sorted(self.landed):
                counted.update(quality.counted(self.connection, folder, path, self.contract))
        return counted

    def _broken(self, result: quality.Result) -> Iterator[Problem]:
        """Blames the rows behind a rule that does not hold; without any, the dataset."""
        rule, before = result.rule, sum(len(candidate.blames) for candidate in self.new)
        if rule.by_row:
            for candidate in self.new:
                self._counts(candidate, result)
        elif rule.metric == "duplicateValues":
            self._blame(self._repeated(rule.columns), rule.columns, rule.metric, result.says)
        elif rule.metric == "references":
            for reference in self.contract.references:
                if reference.rule == rule:
                    self._blame(self._absent(reference), rule.columns, rule.metric, result.says)
        if sum(len(candidate.blames) for candidate in self.new) == before:
            column = ", ".join(rule.columns) or None
            yield Problem(None, column, rule.metric, result.says)

    def _counts(self, candidate: Candidate, result: quality.Result) -> None:
        rule, count = result.rule, candidate.counted[result.rule]
        if not count:
            return
        column = self.contract.column(rule.columns[0])
        counts = dict(clauses.of_rules(candidate.table, self.contract))[rule]
        candidate.blames.append(Blame(f"{rule.columns[0]}: {rule.metric}", counts))
        text = f"{result.says}: {first(candidate, counts, count, column)}"
        candidate.problems.append(
            Problem(candidate.name, rule.columns[0], rule.metric, text, count)
        )

    def _numbered(self, names: Sequence[str]) -> ibis.Table:
        """Some columns of all rows, with the place of the file and the number of the row."""
        return quality.union(
            [
                part.select(*names).mutate(
                    **{FILE: ibis.literal(order, "int64"), ROW: ibis.row_number() + 1}
                )
                for order, part in enumerate(self.parts)
            ]
        )

    def _repeated(self, names: Sequence[str]) -> ibis.Table:
        """New rows whose values stand before, in new files or in those landed."""
        known = self._numbered(names).drop_null(list(names))
        times = known.group_by(list(names)).aggregate(charter_times=known.count())
        again = known.semi_join(times.filter(times.charter_times > 1), list(names))
        window = ibis.window(group_by=list(names), order_by=[FILE, ROW])
        ranked = again.mutate(charter_nth=ibis.row_number().over(window))
        return ranked.filter(ranked.charter_nth > 0).drop("charter_nth")

    def _absent(self, reference: Reference) -> ibis.Table:
        """Rows whose values the other dataset does not have."""
        there = quality.targets(self.connection, self.root, self.contract, reference, self.rows)
        return quality.absent(self._numbered(reference.columns), reference, there)

    def _blame(self, bad: ibis.Table, names: Sequence[str], clause: str, says: str) -> None:
        """Tells of bad rows in the new files, and keeps their numbers."""
        new = bad.filter(bad[FILE] >= len(self.landed))
        self.marks.mkdir(parents=True, exist_ok=True)
        path = self.marks / f"{len(list(self.marks.iterdir()))}.parquet"
        stream(self.connection, new.select(FILE, ROW, charter_value=new[names[0]]), path)
        kept = engine.parquet(self.connection, [path])
        column = self.contract.column(names[0])
        for order, candidate in enumerate(self.new, len(self.landed)):
            own = kept.filter(kept[FILE] == order)
            count = int(engine.one(own.aggregate(n=own.count()))["n"])
            if not count:
                continue
            some = own.order_by(ROW).limit(SHOWN).to_pyarrow().to_pylist()
            where = places([(row[ROW], row["charter_value"]) for row in some], count, column)
            named = ", ".join(names)
            candidate.blames.append(Blame(f"{named}: {clause}", marks=own))
            candidate.problems.append(
                Problem(candidate.name, named, clause, f"{says}: {where}", count)
            )

    def _classes(self, label: str) -> Iterator[Problem]:
        """A label with one value teaches nothing."""
        known = self.rows.select(label).drop_null([label])
        if int(engine.one(known.distinct().limit(2).aggregate(n=ibis._.count()))["n"]) == 1:
            text = f"the label has one value only in all {self._total():,} rows"
            yield Problem(None, label, "classes", text)
