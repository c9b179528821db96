"""Tries to reverse the hashed columns of prepared data, as somebody without the key would.

Attacked are the pseudonyms made here, and columns that arrived hashed. An insider, who has the
values as they landed, hashes those first: whatever function without a key made the column is
then found, however many values there could be. What an insider misses no outsider finds, so
lists of numbers and dates are tried where the values never landed, or when asked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ibis

from adapters import engine
from governance import guesses, reversal
from governance.evidence import ReversalFacts
from pipelines import landed

if TYPE_CHECKING:
    from governance.contract import Column, Contract

_ROWS: Final = 20_000
"""Rows of the dataset whose values are attacked."""
_KNOWN: Final = 50
"""Values on which a guessable key is tried."""
_BATCH: Final = 65_536
_PLACE: Final = "charter: row"
"""A column that no file has."""
_STEP: Final = 50_000
"""Guesses between two signs of life."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Distinct values of some rows, before and after preparation, in the order of the rows."""

    landed: dict[str, dict[str, None]] = field(default_factory=dict)
    prepared: dict[str, dict[str, None]] = field(default_factory=dict)


def sample(
    connection: Any, contract: Contract, folder: Path, out: Path, rows: dict[str, int]
) -> Sample:
    """Values of about `_ROWS` rows, spread over the files.

    Args:
        connection: the engine.
        contract: the columns.
        folder: the landed files.
        out: the prepared ones.
        rows: rows of each landed file, by path below `folder`.
    """
    found = Sample()
    stride = 1 + sum(rows.values()) // _ROWS
    raw = [c for c in contract.columns if _texts(c) and not c.values]
    kept = [c.name for c in contract.columns if c.technique == "pseudonymise" or _as_text(c)]
    for path in sorted(rows) if kept else ():
        before = landed.table(connection, folder, path, contract)
        after = engine.parquet(connection, [out / Path(path).with_suffix(".parquet")])
        texts = {column.name: engine.cast(before, column).cast("string") for column in raw}
        _collect(connection, before, texts, stride, found.landed)
        _collect(connection, after, {name: after[name] for name in kept}, stride, found.prepared)
    return found


def _texts(column: Column) -> bool:
    return column.type in {"string", "integer"}


def _as_text(column: Column) -> bool:
    """Whether a column passes into the prepared data as the text it was."""
    return column.type == "string" and column.technique == "keep" and not column.values


def _collect(
    connection: Any,
    table: ibis.Table,
    texts: dict[str, ibis.Value],
    stride: int,
    store: dict[str, dict[str, None]],
) -> None:
    """Adds the texts of every `stride`-th row to what is stored by name."""
    if not texts:
        return
    chosen = table.select(**texts, **{_PLACE: ibis.row_number()} if stride > 1 else {})
    if stride > 1:
        chosen = chosen.filter(chosen[_PLACE] % stride == 0).drop(_PLACE)
    for batch in engine.batches(connection, chosen, _BATCH):
        for name, values in zip(texts, batch.columns, strict=True):
            store.setdefault(name, {}).update(dict.fromkeys(v for v in values.to_pylist() if v))


def attack(
    contract: Contract,
    found: Sample,
    budget: int,
    *,
    outsider: bool = False,
    seen: Callable[[str, int, int], None] = lambda *_: None,
) -> dict[str, ReversalFacts]:
    """What each hashed column gives away within a budget of hashes.

    Args:
        contract: the columns; the published sample key is tried unless it says that one is used.
        found: values of some rows.
        budget: hashes computed per column.
        outsider: whether lists are tried also where an insider's attack covers them.
        seen: told the column, the hashes computed for it, and the budget.
    """
    facts = {}
    for column in contract.columns:
        aim = reversal.targets(found.prepared.get(column.name, ()))
        if aim is None:
            continue
        own = column.technique == "pseudonymise"
        outcome = reversal.Outcome()
        for label, values, part in _known(column, found, budget):
            reversal.dictionary(aim, values, part, label, outcome)
            seen(column.name, outcome.tried, budget)
        reversal.guessed_keys(
            aim,
            _some(column, found),
            outcome,
            published=not (own and contract.pseudonym_key.is_sample),
            more=(contract.name, column.name),
        )
        if outsider or not own:
            left = max(budget - outcome.tried, 0)
            listed = guesses.candidates(
                column.name, column.pattern if own else None, left, len(aim.functions)
            )
            for some in _at_a_time(listed):
                cost = len(some) * len(aim.functions)
                reversal.dictionary(aim, some, cost, "a list of all that exist", outcome)
                seen(column.name, outcome.tried, budget)
        facts[column.name] = ReversalFacts(
            values=len(aim.tokens),
            tried=outcome.tried,
            reversed=len(outcome.found),
            by=tuple(sorted(set(outcome.found.values()))),
        )
    return facts


def _known(column: Column, found: Sample, budget: int) -> Iterator[tuple[str, Iterable[str], int]]:
    """Landed values to hash: the column's own first, then those of others; half the budget."""
    others = [name for name in found.landed if name != column.name]
    own = found.landed.get(column.name, {})
    yield "its own values, hashed", _spelled(own), budget // 4
    for name in others:
        yield f"values of {name}, hashed", _spelled(found.landed[name]), budget // 4 // len(others)


def _spelled(values: Iterable[str]) -> Iterator[str]:
    return (spelling for value in values for spelling in reversal.spellings(value))


def _some(column: Column, found: Sample) -> list[str]:
    """Values that are known to hide in the column, or may."""
    own = list(found.landed.get(column.name, {}))[:_KNOWN]
    return own or [v for values in found.landed.values() for v in list(values)[:_KNOWN]]


def _at_a_time(listed: Iterable[str]) -> Iterator[list[str]]:
    stream = iter(listed)
    while some := list(itertools.islice(stream, _STEP)):
        yield some
