"""How strongly prepared features give a protected attribute away, from counts by the engine.

Numbers are counted in cells above the least one and put into bins of about equal rows afterwards,
words by level. Names of rows, keys and pseudonyms, are left out: each row has its own.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import ibis

from governance import counters
from governance.association import cramers_v
from governance.digest import rounded
from pipelines import group_counts
from pipelines.cells import cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from governance.contract import Column, Contract
    from pipelines.group_counts import Counts

BINS: Final = 10
"""Bins of about equal rows for numbers."""
MOST_MEETINGS: Final = 200
"""Meetings of all attributes up to which one count of a feature serves every attribute."""


def strengths(table: ibis.Table, contract: Contract, counts: Counts) -> dict[str, dict[str, float]]:
    """Bias-corrected Cramér's V of each feature, by protected attribute.

    Args:
        table: the prepared rows.
        contract: whose columns they are.
        counts: what `group_counts.count` found in them.
    """
    protected = [column for column in contract.columns if column.protected]
    together = [protected] if counts.groups <= MOST_MEETINGS else [[one] for one in protected]
    found: dict[str, dict[str, float]] = {column.name: {} for column in protected}
    for column in contract.columns:
        if column.name not in table.columns or not _is_feature(column):
            continue
        for attributes in together:
            if rows := _counted(table, column, attributes, counts):
                for position, attribute in enumerate(attributes):
                    if attribute != column:
                        strength = cramers_v(_between(rows, position))
                        found[attribute.name][column.name] = rounded(strength)
    return found


def _is_feature(column: Column) -> bool:
    row_names = column.key or column.unique or column.technique == "pseudonymise"
    return not (column.label or row_names)


def _counted(
    table: ibis.Table, column: Column, attributes: Sequence[Column], counts: Counts
) -> dict[tuple[Any, ...], int]:
    """Rows by groups and bin of a feature; the bin of a missing value is None."""
    value = table[column.name]
    numeric = value.type().is_numeric() or value.type().is_temporal()
    keys = group_counts.keys(table, attributes)
    if value.type().is_numeric():
        part = cell(value, counts.least(column.name) or 0.0)
    elif numeric:
        part = cell(value.cast("timestamp").epoch_seconds(), 0.0)
    else:
        part = _level(table, value.cast("string"), column)
    cells = table.select(**keys, part=part).group_by([*keys, "part"]).aggregate(rows=ibis._.count())
    rows = {
        tuple(row[key] for key in (*keys, "part")): row["rows"]
        for row in cells.to_pyarrow().to_pylist()
    }
    return _binned(rows) if numeric else rows


def _level(table: ibis.Table, text: ibis.Value, column: Column) -> ibis.Value:
    """The level of each word; the most frequent ones when the contract does not list them."""
    known = [str(value) for value in column.values]
    if not known:
        words = table.select(word=text).filter(ibis._.word.notnull())
        order = words.group_by("word").aggregate(rows=ibis._.count())
        most = order.order_by([ibis.desc("rows"), "word"]).limit(counters.MOST_LEVELS)
        known = most.to_pyarrow()["word"].to_pylist()
    return ibis.cases(
        (text.isnull(), ibis.null("string")), (text.isin(known), text), else_="(other)"
    )


def _binned(rows: Mapping[tuple[Any, ...], int]) -> dict[tuple[Any, ...], int]:
    cells: Counter[int] = Counter()
    for (*_, number), count in rows.items():
        if number is not None:
            cells[number] += count
    cuts = counters.cuts(cells, BINS)
    found: Counter[tuple[Any, ...]] = Counter()
    for (*groups, number), count in rows.items():
        found[*groups, None if number is None else counters.position(cuts, number)] += count
    return dict(found)


def _between(rows: Mapping[tuple[Any, ...], int], position: int) -> dict[tuple[Any, Any], int]:
    found: Counter[tuple[Any, Any]] = Counter()
    for key, count in rows.items():
        found[key[position], key[-1]] += count
    return dict(found)
