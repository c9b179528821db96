"""Whether a quality rule's SQL may run: one SELECT over the dataset's own columns, nothing else.

The text is parsed; what runs is written anew from the parsed tree, so that no engine reads it in
another way. Tables and functions are those of a list: whatever reads files, variables, clocks or
dice is not on it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Container, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlglot import exp

DIALECT: Final = "duckdb"
"""The dialect rules are written in, on every engine."""
TABLE: Final = "charter_rows"
"""What the dataset is called in the query that runs."""
_PLACE: Final = re.compile(r"\$?\{(table|object|column|property)\}")
_NODES: Final = frozenset(
    """Select From Where Group Having Order Ordered Limit Offset Distinct With CTE Subquery Table
    TableAlias Identifier Column Alias Star Literal Boolean Null Paren Tuple
    Union Intersect Except Join
    And Or Not Xor EQ NEQ GT GTE LT LTE Is In Between Like ILike Exists NullSafeEQ NullSafeNEQ
    Add Sub Mul Div IntDiv Mod Neg DPipe
    Case If Coalesce Nullif Cast TryCast DataType DataTypeParam
    Count CountIf Sum Avg Min Max Stddev StddevPop StddevSamp Variance VariancePop Corr
    Abs Ceil Floor Round Sqrt Exp Ln Pow Sign Greatest Least
    Lower Upper Trim Length Substring Concat Replace StartsWith StrPosition RegexpLike
    DateDiff DateAdd DateSub TimestampTrunc DateTrunc Extract Year Month Day Var Interval
    Window WindowSpec RowNumber Lag Lead Filter""".split()  # noqa: SIM905 - one word a node, as a table of words
)
_TOLD_BY: Final = frozenset(
    "Count CountIf Length Is In EQ NEQ GT GTE LT LTE Like ILike RegexpLike StartsWith".split()  # noqa: SIM905
)
"""What tells of a value no more than a number or a yes."""
_SHOWN: Final = 40
"""Characters of a query that a message shows."""


def filled(text: str, column: str | None) -> str:
    """The query with its placeholders replaced by the names of the table and the column."""

    def name(found: re.Match[str]) -> str:
        whole = found[1] in {"table", "object"}
        return TABLE if whole else f'"{column}"' if column else found[0]

    return _PLACE.sub(name, text)


def problems(
    text: str, columns: Container[str], column: str | None, identifiers: Container[str] = ()
) -> Iterator[str]:
    """What forbids a query to run.

    Args:
        text: the query with placeholders, in DuckDB's dialect.
        columns: columns of the dataset.
        column: the column the rule stands below, if any.
        identifiers: columns that may be counted and compared, and never come out themselves.
    """
    tree = _parsed(filled(text, column))
    if isinstance(tree, str):
        yield tree
        return
    names = {cte.alias for cte in _all(tree, "CTE")}
    for node in tree.walk():
        kind = type(node).__name__
        if kind not in _NODES:
            yield f"uses {_spelled(node)}, which is not allowed"
    for table in _all(tree, "Table"):
        plain = type(table.this).__name__ == "Identifier" and not (table.db or table.catalog)
        if not plain or table.name not in {TABLE, *names}:
            yield f"reads {_spelled(table)}; it may read ${{table}} only"
    made = {alias.alias for alias in _all(tree, "Alias")} | names
    for found in _all(tree, "Column"):
        if found.name not in made and found.name not in columns and found.name != "*":
            yield f"names {found.name}, which is no column"
        if found.name in identifiers and _comes_out(found):
            yield f"gives values of {found.name}, which identifies a person; count them"
    if len(tree.selects) != 1 or tree.is_star:
        yield "gives more than one value"


def render(text: str, column: str | None) -> str:
    """The query as it runs, written from its parsed tree."""
    tree = _parsed(filled(text, column))
    if isinstance(tree, str):
        raise TypeError(tree)
    return tree.sql(dialect=DIALECT, comments=False)


@cache
def _parsed(text: str) -> exp.Query | str:
    """The tree of a query, or why there is none."""
    import sqlglot  # noqa: PLC0415 - contracts without SQL start without it
    from sqlglot import exp  # noqa: PLC0415
    from sqlglot.errors import SqlglotError  # noqa: PLC0415

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot parse is told below
    try:
        trees = sqlglot.parse(text, read=DIALECT)
    except (SqlglotError, RecursionError):
        return "is not readable as SQL"
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.SetOperation):
        return "is not one SELECT"
    return trees[0]


def _comes_out(column: exp.Expr) -> bool:
    """Whether the values of a column reach what a SELECT gives."""
    from sqlglot import exp  # noqa: PLC0415

    node = column
    while (parent := node.parent) is not None:
        if isinstance(parent, exp.Select):
            return node.arg_key == "expressions"
        if type(parent).__name__ in _TOLD_BY:
            return False
        node = parent
    return True


def _all(tree: exp.Query, kind: str) -> Iterator[Any]:
    return (node for node in tree.walk() if type(node).__name__ == kind)


def _spelled(node: exp.Expr) -> str:
    text = node.sql(dialect=DIALECT, comments=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
