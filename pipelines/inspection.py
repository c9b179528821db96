"""What may land of some files: all rows, the good ones, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from governance.pipeline import DATA
from pipelines import admit, quality, quarantine
from pipelines.admit import Candidate, Problem
from pipelines.beside import Dataset
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Contract

_PERSONAL: Final = frozenset({"direct-identifier", "quasi-identifier", "sensitive"})


class Rejected(Refused):
    """Files that break their contract; nothing was landed."""

    def __init__(
        self, dataset: str, problems: Sequence[Problem], aside: str | None, *, fix: str
    ) -> None:
        lines = [
            f"{dataset}{f'/{problem.file}' if problem.file else ''}: "
            f"{f'column {problem.column}: ' if problem.column else ''}"
            f"{problem.text}  [{problem.clause}]"
            for problem in problems
        ]
        lines.append(f"nothing landed in {dataset}")
        if aside:
            lines.append(
                f"bad rows with their reasons: {aside} (not in Git; treat as personal data)"
            )
        lines.append(f"fix: {fix}")
        super().__init__(*lines)


@dataclass(slots=True)
class Inspection:
    """Files that ask to join a dataset, looked at by themselves and beside what is there.

    Args:
        root: top of the repository.
        contract: what the rows must satisfy.
        staging: the private folder of the candidates.
        landed: rows by path of the dataset's files that are here already.
        now: event times after this moment are refused.
        stamp: name of this landing in quarantine.
        seen: told of each file looked at.
    """

    root: Path
    contract: Contract
    staging: Path
    landed: Mapping[str, int]
    now: datetime
    stamp: str
    seen: Callable[[], None]
    warnings: list[str] = field(default_factory=list)
    connection: Any = None

    def __post_init__(self) -> None:
        """Opens the engine on the files that are looked at, and no others."""
        self.connection = quality.connect(self.contract, self.root / DATA, self.staging)

    def judge(
        self, candidates: Sequence[Candidate], *, without_bad_rows: bool, keep_values: bool
    ) -> tuple[Sequence[Candidate], int]:
        """What may land, and the number of rows set aside.

        Args:
            candidates: the files.
            without_bad_rows: let the good rows of a file land and set the others aside.
            keep_values: leave the values of rows set aside as they are.

        Raises:
            Rejected: something is wrong that leaving rows out does not mend, or nobody asked
                for that.
        """
        found = self._look(candidates)
        if not found:
            return candidates, 0
        bad = [candidate for candidate in candidates if candidate.blames and not candidate.broken]
        folder = f"{quarantine.FOLDER}/{self.contract.name}/{self.stamp}"
        aside = sum(self._set_aside(c, self.root / folder, keep_values=keep_values) for c in bad)
        where = folder if bad else None
        if any(not problem.rows for problem in found):
            raise Rejected(self.contract.name, found, where, fix="correct the file")
        if not without_bad_rows:
            fix = "correct the file, or land the rest with --without-bad-rows"
            raise Rejected(self.contract.name, found, where, fix=fix)
        for candidate in bad:
            quarantine.keep(
                self.connection, candidate.table, candidate.blames, candidate.name, self.staging,
                self.contract,
            )  # fmt: skip
        good = [Candidate(candidate.name, candidate.path) for candidate in candidates]
        if left := self._look(good):
            fix = "without its bad rows it cannot land either"
            raise Rejected(self.contract.name, left, where, fix=fix)
        return good, aside

    def _look(self, candidates: Sequence[Candidate]) -> list[Problem]:
        """Everything that is wrong with the files, and with the dataset that has them."""
        self.warnings.clear()
        for candidate in candidates:
            admit.look(self.connection, candidate, self.contract, self.staging, self.now)
            self.seen()
        sound = [candidate for candidate in candidates if not candidate.broken]
        whole: list[Problem] = []
        marks = self.staging / ".marks"
        if sound:
            shutil.rmtree(marks, ignore_errors=True)
            dataset = Dataset(
                self.connection, self.root, self.contract, self.landed, sound, marks,
                complete=len(sound) == len(candidates),
            )  # fmt: skip
            whole += dataset.judge()
            self.warnings += dataset.warnings
        return [*(problem for c in candidates for problem in c.problems), *whole]

    def _set_aside(self, candidate: Candidate, folder: Path, *, keep_values: bool) -> int:
        hide = (
            []
            if keep_values
            else [column for column in self.contract.columns if column.classification in _PERSONAL]
        )
        return quarantine.set_aside(
            self.connection, candidate.table, candidate.blames,
            folder / f"{candidate.name}.bad.parquet", hide,
        )  # fmt: skip
