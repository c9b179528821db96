"""Each clause finds the rows that break it, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ibis
import pyarrow as pa
import pytest
import small

from adapters import engine
from governance import catalogue
from governance.contract import Column, Contract
from pipelines import clauses

VISITS, _, _ = catalogue.read("policies/datasets/visits.yaml", small.visits_contract().encode())
KINDS = {
    "string": pa.string(), "float64": pa.float64(), "int64": pa.int64(), "boolean": pa.bool_(),
}  # fmt: skip
PLAIN = Column(name="x", physical="x", type="number")


def broken(column: Column, values: list[Any], kind: str) -> dict[str, list[bool]]:
    """For each clause of a column, which of the values break it."""
    assert isinstance(VISITS, Contract)
    contract = replace(VISITS, columns=(column,), event_column=None)
    given = pa.table({column.physical: pa.array(values, KINDS[kind])})  # pandas would lose NaN
    table = ibis.memtable(given)
    found = {c.name: c.broken for c in clauses.of_rows(table, contract)}
    rows = engine.connect().to_pyarrow(table.select(**found))
    return {name: rows.column(name).to_pylist() for name in found}


CASES: dict[str, tuple[Column, list[Any], str, str, list[bool]]] = {
    "required": (replace(PLAIN, required=True), [1.0, None], "float64", "required", [False, True]),
    "required words": (
        replace(PLAIN, type="string", required=True),
        ["a", "", None],
        "string",
        "required",
        [False, False, True],
    ),
    "required cells": (
        replace(PLAIN, required=True),
        ["1", "", None],
        "string",
        "required",
        [False, True, True],
    ),
    "type": (PLAIN, ["1", "one", "", None], "string", "type", [False, True, False, False]),
    "finite": (
        PLAIN,
        [1.0, float("nan"), float("inf"), None],
        "float64",
        "finite",
        [False, True, True, False],
    ),
    "minimum": (
        replace(PLAIN, minimum=2),
        [1.0, 2.0, None],
        "float64",
        "minimum",
        [True, False, False],
    ),
    "maximum": (
        replace(PLAIN, maximum=2),
        [3.0, 2.0, None],
        "float64",
        "maximum",
        [True, False, False],
    ),
    "a list of words": (
        replace(PLAIN, type="string", values=("a", "b")),
        ["a", "A", "c", None],
        "string",
        "enum",
        [False, True, True, False],
    ),
    "a list of integers": (
        replace(PLAIN, type="integer", values=(0, 1)),
        [0, 1, 2, None],
        "int64",
        "enum",
        [False, False, True, False],
    ),
    "a list of integers on decimals": (
        replace(PLAIN, values=(0, 1)),
        [0.0, 1.0, 0.5],
        "float64",
        "enum",
        [False, False, True],
    ),
    "a list of integers in cells": (
        replace(PLAIN, type="integer", values=(0, 1)),
        ["0", "01", "2"],
        "string",
        "enum",
        [False, False, True],
    ),
    "true and false": (
        replace(PLAIN, type="boolean", values=("True",)),
        [True, False],
        "boolean",
        "enum",
        [False, True],
    ),
    "pattern": (
        replace(PLAIN, type="string", pattern="a|b"),
        ["a", "ab", "xa", "a\nb", None],
        "string",
        "pattern",
        [False, True, True, True, False],
    ),
    "another name in the file": (
        replace(PLAIN, physical="X Y", minimum=2),
        [1.0, 2.0],
        "float64",
        "minimum",
        [True, False],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_clause_is_broken_by(case: tuple[Column, list[Any], str, str, list[bool]]) -> None:
    column, values, kind, clause, expected = case
    assert broken(column, values, kind)[clause] == expected


def test_events_after_the_moment_of_landing_are_broken() -> None:
    assert isinstance(VISITS, Contract)
    event = Column(name="at", physical="at", type="timestamp")
    contract = replace(VISITS, columns=(event,), event_column="at")
    now = small.NOW.replace(tzinfo=None)
    table = ibis.memtable({"at": [now, now.replace(hour=10)]}, schema={"at": "timestamp"})
    names = [clause.name for clause in clauses.of_rows(table, contract)]
    assert "future" not in names  # `validate` does not read the clock
    future = next(c for c in clauses.of_rows(table, contract, small.NOW) if c.name == "future")
    found = engine.connect().to_pyarrow(table.select(x=future.broken))
    assert found.column("x").to_pylist() == [False, True]


KEYS = {
    "none": ([], []),
    "one column": (["a"], [("primary-key", ("a",))]),
    "two columns": (["a", "b"], [("primary-key", ("a", "b"))]),
}


@pytest.mark.parametrize(("key", "expected"), KEYS.values(), ids=KEYS)
def test_keys_are_unique(key: list[str], expected: list[Any]) -> None:
    assert isinstance(VISITS, Contract)
    columns = tuple(Column(name=n, physical=n, type="string", key=n in key) for n in "abc")
    assert clauses.unique_keys(replace(VISITS, columns=columns)) == expected


def test_a_unique_column_inside_a_longer_key_is_checked_by_itself() -> None:
    assert isinstance(VISITS, Contract)
    columns = tuple(
        Column(name=n, physical=n, type="string", key=True, unique=n == "a") for n in "ab"
    )
    assert clauses.unique_keys(replace(VISITS, columns=columns)) == [
        ("primary-key", ("a", "b")),
        ("unique", ("a",)),
    ]
