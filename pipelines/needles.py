"""What a removal looks for in a file: rows of one person, or rows past their window.

A raw identifier is never part of a query's text or of a message: it goes in as hexadecimal
digits, and only counts come out.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa

from adapters import engine
from adapters.engine import Unreadable, duckdb
from governance import pseudonym
from governance.finding import CouldNotJudge
from pipelines import landed, loose
from pipelines.ages import Question, past

if TYPE_CHECKING:
    from governance.contract import Column, Contract
    from pipelines.rewrite import Flags

_BATCH = 131_072


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows of a file go, and the newest event day among them where they have one."""

    flags: Flags
    newest: date | None = None

    @property
    def count(self) -> int:
        """How many go."""
        return int(np.count_nonzero(self.flags))


@ibis.udf.scalar.builtin(name="unhex")  # type: ignore[untyped-decorator]
def _unhex(digits: str) -> bytes:  # type: ignore[empty-body]
    """DuckDB's own function."""


@ibis.udf.scalar.builtin(name="decode")  # type: ignore[untyped-decorator]
def _decode(data: bytes) -> str:  # type: ignore[empty-body]
    """DuckDB's own function."""


def hidden(text: str) -> Any:
    """The text as an expression whose query shows its bytes as digits only."""
    return _decode(_unhex(ibis.literal(text.encode().hex())))


class Needle(ABC):
    """What is looked for."""

    contracts: Mapping[str, Contract]
    """The datasets it is looked for in, by name."""

    @abstractmethod
    def condition(self, raw: ibis.Table, contract: Contract, landing: date) -> Any:
        """True for each row that goes; null counts as false."""

    @abstractmethod
    def anywhere(self, path: Path, *, known: bool) -> bool:
        """Whether a file that no contract describes holds any of it.

        Args:
            path: the file.
            known: whether some version names it, so that it is not taken for a stray dataset.
        """

    def rows(self, folder: Path, path: str, contract: Contract, landing: date) -> Rows:
        """The rows of a dataset's file that go.

        Args:
            folder: the folder of the dataset.
            path: path of the file below it.
            contract: of the dataset.
            landing: the day the file landed.

        Raises:
            Unreadable: the file is damaged, or lacks a column that is asked for.
        """
        connection = duckdb.connect(None, None)
        try:
            raw = landed.table(connection, folder, path, contract)
            found: Rows = engine.run(
                lambda: self._found(connection, raw, contract, landing), contract.format
            )
        except (KeyError, AttributeError, ibis.common.exceptions.IbisError):
            msg = "it lacks a column of the contract"
            raise Unreadable(msg) from None
        finally:
            connection.disconnect()
        return found

    def _found(self, connection: Any, raw: ibis.Table, contract: Contract, landing: date) -> Rows:
        gone = self.condition(raw, contract, landing).fill_null(False)  # noqa: FBT003
        parts = [
            batch.column(0).to_numpy(zero_copy_only=False)
            for batch in engine.batches(connection, raw.select(gone=gone), _BATCH)
        ]
        flags: Flags = np.concatenate(parts) if parts else np.zeros(0, np.bool_)
        event = contract.column(contract.event_column) if contract.event_column else None
        if event is None or not flags.any():
            return Rows(flags)
        moment = engine.cast(raw, event).cast("timestamp")
        newest = engine.one(raw.aggregate(newest=moment.max(where=gone)))["newest"]
        # Where the zone is not UTC the local day may be the next one: a duty then holds longer.
        return Rows(flags, newest.date() + timedelta(days=1) if newest else None)


@dataclass(frozen=True, slots=True, repr=False)
class Person(Needle):
    """Rows of one person: by identifier, or by the tokens that stand for it.

    `typed` holds the identifier as each column's type writes it, none where it is no such value;
    `tokens` what stands for it in each dataset.
    """

    contracts: Mapping[str, Contract]
    identifier: str
    typed: Mapping[tuple[str, str], str | None]
    tokens: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(
        cls,
        contracts: Mapping[str, Contract],
        identifier: str,
        keys: Mapping[str, tuple[bytes, ...]],
        kind: str | None = None,
    ) -> Person:
        """A person to be found.

        Args:
            contracts: datasets to search, by name.
            identifier: as the data write it.
            keys: those that each dataset's tokens were or may have been made with.
            kind: look only in columns that name this kind of subject.
        """
        typed = {
            (name, column.physical): _typed(column, identifier)
            for name, contract in contracts.items()
            for column in contract.columns
            if column.subject is not None and kind in {None, column.subject}
        }
        tokens = {}
        for name in contracts:
            texts = {identifier} | {
                text for (of, _), text in typed.items() if of == name and text is not None
            }
            made = {pseudonym.token(key, text) for key in keys.get(name, ()) for text in texts}
            tokens[name] = tuple(sorted(made))
        return cls(contracts, identifier, typed, tokens)

    def condition(self, raw: ibis.Table, contract: Contract, landing: date) -> Any:  # noqa: ARG002
        """True where a column that names people holds the identifier or one of its tokens."""
        tests: list[Any] = []
        for column in contract.columns:
            if (contract.name, column.physical) not in self.typed:
                continue
            text = raw[column.physical].cast("string")
            tests += [text == hidden(token) for token in self.tokens[contract.name]]
            canonical = self.typed[contract.name, column.physical]
            if column.type == "string":
                tests.append(text == hidden(self.identifier))
            elif canonical is not None:
                tests.append(engine.cast(raw, column).cast("string") == hidden(canonical))
        return ibis.or_(*(test.fill_null(False) for test in tests))  # noqa: FBT003

    def anywhere(self, path: Path, *, known: bool) -> bool:
        """Whether some column, or a word of a text, is the identifier or a token of it."""
        texts = {token for group in self.tokens.values() for token in group}
        if not known or len(self.identifier) >= loose.SHORTEST:
            texts.add(self.identifier)
        named = frozenset(physical for _, physical in self.typed)
        return loose.holds(path, frozenset(texts), named if not known else frozenset())


def _typed(column: Column, identifier: str) -> str | None:
    """The identifier as the column's type writes it; None where it is no such value.

    Raises:
        CouldNotJudge: the engine fails; its message, which may quote the value, is kept back.
    """
    connection = duckdb.connect(1, None)
    try:
        row = ibis.memtable(pa.table({column.physical: [identifier]}))
        text = engine.cast(row, column).cast("string")
        found = connection.to_pyarrow(row.select(found=text))["found"][0].as_py()
    except Exception as error:  # noqa: BLE001 - no message about this value may leave
        msg = f"column {column.name}: the identifier cannot be compared: {type(error).__name__}"
        raise CouldNotJudge(msg) from None
    finally:
        connection.disconnect()
    return str(found) if found is not None else None


@dataclass(frozen=True, slots=True)
class Aged(Needle):
    """Rows past the window of their dataset."""

    contracts: Mapping[str, Contract]
    questions: Mapping[str, Question]

    def condition(self, raw: ibis.Table, contract: Contract, landing: date) -> Any:
        """True where a row is due."""
        return past(raw, self.questions[contract.name], landing)

    def anywhere(self, path: Path, *, known: bool) -> bool:
        """Whether a file nobody names reads as one of the datasets and holds rows that are due."""
        for contract in () if known else self.contracts.values():
            plain = replace(
                contract, columns=tuple(replace(c, partitioned=False) for c in contract.columns)
            )
            if contract.event_column is None or not loose.has_columns(path, plain):
                continue
            try:
                if self.rows(path.parent, path.name, plain, date.max).count:
                    return True
            except Unreadable:
                continue
        return False
