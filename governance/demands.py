"""Reads the quality rules and the foreign keys of an ODCS document.

What a document demands and nothing here measures is refused, never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

from governance import query
from governance.quality import Operator, Reference, Rule, Severity, Unit

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality, Relationship

    from governance.finding import Route

Refuse = Callable[["Route", str, str], None]
"""Told where, what is wrong and how to mend it."""

METRICS: Final = ("rowCount", "nullValues", "missingValues", "invalidValues", "duplicateValues")
OPERATORS: Final = get_args(Operator)
_SEVERITIES: Final = get_args(Severity)
_UNITS: Final = get_args(Unit)
_ARGUMENTS: Final = {
    "missingValues": ("missingValues",),
    "invalidValues": ("validValues", "pattern"),
    "duplicateValues": ("properties",),
}
_BEYOND_RE2: Final = re.compile(r"\(\?<?[=!]|\(\?P=|\\[1-9]")
"""Look-around and back-references, which the engine's regular expressions do not have."""
_TARGET: Final = re.compile(r"([a-z][a-z0-9_-]*)\.([^\W\d]\w*)")


@dataclass(frozen=True, slots=True)
class Known:
    """What a rule may name, and the column it stands below, None below the table."""

    table: str
    kinds: Mapping[str, str]
    identifiers: frozenset[str]
    column: str | None


def rules(
    route: Route, given: Sequence[DataQuality] | None, known: Known, refuse: Refuse
) -> Iterator[Rule]:
    """The rules below a table or a column, as the standard's own classes read them.

    What cannot be measured is refused.
    """
    for index, clause in enumerate(given or ()):
        if clause.type == "text":
            continue
        found = _rule((*route, index), clause, known, refuse)
        if found is not None:
            yield found


def _rule(at: Route, clause: DataQuality, known: Known, refuse: Refuse) -> Rule | None:
    wrong, column = list(_problems(clause, known)), known.column
    for key, problem, fix in wrong:
        refuse((*at, key) if key else at, problem, fix)
    if wrong:
        return None
    arguments = clause.arguments or {}
    metric = "sql" if clause.type == "sql" else clause.metric
    operator = next(name for name in OPERATORS if getattr(clause, name) is not None)
    limits = getattr(clause, operator)
    named = arguments.get("properties", [column] if column else [])
    return Rule(
        name=clause.name or clause.id or " of ".join([str(metric), *([column] if column else [])]),
        metric=metric,  # type: ignore[arg-type]
        columns=tuple(named),
        operator=operator,
        limits=tuple(limits) if isinstance(limits, list) else (limits,),
        unit="percent" if clause.unit == "percent" and metric != "sql" else "rows",
        severity=clause.severity or "error",  # type: ignore[arg-type]
        values=tuple(arguments.get("missingValues", arguments.get("validValues", ()))),
        pattern=arguments.get("pattern"),
        query=clause.query,
    )


_Problem = tuple[str, str, str]
"""Key it stands at, what is wrong, how to mend it."""


def _problems(clause: DataQuality, known: Known) -> Iterator[_Problem]:
    if clause.type not in {None, "library", "sql"}:
        yield "type", f"a quality rule of type {clause.type} is not run here", "use library or sql"
        return
    if clause.severity not in {None, *_SEVERITIES}:
        fix = f"use one of {', '.join(_SEVERITIES)}"
        yield "severity", f"severity {clause.severity!r} is not known", fix
    for key in ("rule", "schedule", "scheduler", "engine", "implementation", "customProperties"):
        if getattr(clause, key) is not None:
            yield key, f"`{key}` of a quality rule is not acted on", _INSTEAD.get(key, "remove it")
    yield from _limits(clause)
    if clause.type == "sql":
        text = clause.query or ""
        for problem in query.problems(text, known.kinds, known.column, known.identifiers):
            yield "query", f"the query {problem}", "write one SELECT that gives one number"
    else:
        yield from _library(clause, known.kinds, known.column)


_INSTEAD: Final = {
    "rule": "write `metric:`",
    "schedule": "remove it: rules run at every landing and validation",
    "scheduler": "remove it: rules run at every landing and validation",
}


def _limits(clause: DataQuality) -> Iterator[_Problem]:
    given = [name for name in OPERATORS if getattr(clause, name) is not None]
    if len(given) != 1:
        problem = f"a quality rule has {len(given)} operators, not one"
        yield "", problem, f"use one of {', '.join(OPERATORS)}"
        return
    value = getattr(clause, given[0])
    numbers = value if isinstance(value, list) else [value]
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        yield given[0], f"{given[0]} is no number", "write a number"
    elif sorted(numbers) != numbers:
        yield given[0], f"{given[0]} has its higher limit first", "write the lower limit first"


def _library(
    clause: DataQuality, kinds: Mapping[str, str], column: str | None
) -> Iterator[_Problem]:
    metric, arguments = clause.metric, clause.arguments or {}
    if metric not in METRICS:
        known = ", ".join(METRICS)
        yield "metric", f"metric {metric} is not measured here", f"use one of {known}, or sql"
        return
    if clause.query is not None:
        yield "query", f"a query beside metric {metric} is not run", "write `type: sql`"
    if clause.unit not in {None, *_UNITS}:
        yield "unit", f"unit {clause.unit!r} is not known", "use rows or percent"
    if metric == "rowCount" and (column is not None or clause.unit == "percent"):
        yield "metric", "rowCount counts the rows of a table", "move it below the table, as rows"
    if metric not in {"rowCount", "duplicateValues"} and column is None:
        yield "metric", f"{metric} is measured on a column", "move it below a column"
    for name in arguments:
        if name not in _ARGUMENTS.get(metric, ()):
            yield "arguments", f"argument {name} of {metric} is not known", "remove it"
    if metric == "duplicateValues":
        yield from _properties(arguments.get("properties"), kinds, column)
    elif metric == "missingValues" and not _plain(arguments.get("missingValues")):
        yield "arguments", "missingValues needs a list", "add `missingValues: [null, '', 'N/A']`"
    elif metric == "invalidValues":
        yield from _valid(arguments, kinds.get(column) if column else None)


def _properties(given: Any, kinds: Mapping[str, str], column: str | None) -> Iterator[_Problem]:
    if column is not None and given is not None:
        yield "arguments", "`properties` has no meaning below a column", "move it below the table"
    if column is None and not (isinstance(given, list) and given):
        yield "arguments", "duplicateValues of a table needs columns", "add `properties: [a, b]`"
    for name in given if isinstance(given, list) else ():
        if name not in kinds:
            yield "arguments", f"{name!r} is no column", f"use {', '.join(kinds)}"


def _valid(arguments: Mapping[str, Any], kind: str | None) -> Iterator[_Problem]:
    values, pattern = arguments.get("validValues"), arguments.get("pattern")
    if values is None and pattern is None:
        yield "arguments", "invalidValues needs validValues or pattern", "add one of them"
    if values is not None and (not _plain(values) or None in values):
        fix = "write values; use nullValues for empty ones"
        yield "arguments", "validValues is no list of values", fix
    elif kind in {"integer", "number"} and not all(is_number(v) for v in values or ()):
        yield "arguments", f"validValues of a column of {kind}s holds other things", "write numbers"
    if pattern is not None and (wrong := pattern_problem(pattern)):
        yield "arguments", f"pattern {wrong}", "correct it"


def _plain(given: Any) -> bool:
    return (
        bool(given)
        and isinstance(given, list)
        and not any(isinstance(value, list | dict) for value in given)
    )


def is_number(value: Any) -> bool:
    """Whether a declared value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def pattern_problem(pattern: Any) -> str | None:
    """Why the engines cannot use a regular expression; None when they can."""
    try:
        re.compile(pattern)
    except (re.error, TypeError, OverflowError, RecursionError) as error:
        return f"does not compile: {error}"
    if _BEYOND_RE2.search(pattern):
        return "looks around or back, which the engine cannot"
    return None


def references(
    route: Route, given: Sequence[Relationship] | None, known: Known, refuse: Refuse
) -> Iterator[Reference]:
    """The foreign keys below a table or a column, as the standard's own classes read them.

    What cannot be held is refused.
    """
    for index, entry in enumerate(given or ()):
        before = [known.column] if known.column else _named(entry.from_, known.table)
        to = _named(entry.to)
        wrong = _relation(entry, known, before, to)
        if wrong is not None:
            refuse((*route, index), *wrong)
            continue
        severity = next((p.value for p in entry.customProperties or ()), "error")
        yield Reference(
            columns=tuple(name.rpartition(".")[2] for name in before or ()),
            dataset=(to or [""])[0].partition(".")[0],
            targets=tuple(name.partition(".")[2] for name in to or ()),
            severity=severity,  # type: ignore[arg-type]
        )


def _named(given: str | list[str] | None, table: str | None = None) -> list[str] | None:
    """The names in a reference; None when one is not `table.column`, of that table if given."""
    names = [given] if isinstance(given, str) else given or []
    fit = (_TARGET.fullmatch(name) for name in names)
    sound = all(match and table in {None, match[1]} for match in fit)
    return names if names and sound else None


def _relation(
    entry: Relationship, known: Known, before: list[str] | None, to: list[str] | None
) -> tuple[str, str] | None:
    """What is wrong with a relationship, and how to mend it."""
    if entry.type not in {None, "foreignKey"}:
        return f"relationship {entry.type} is not held", "use foreignKey"
    if known.column is not None and entry.from_ is not None:
        return "`from` has no meaning below a column", "remove it"
    if to is None or before is None or len({name.partition(".")[0] for name in to}) != 1:
        return "a relationship names no columns of one dataset", "write `to: dataset.column`"
    if len(before) != len(to):
        return "`from` and `to` name different numbers of columns", "name pairs"
    if unknown := [n for n in before if n.rpartition(".")[2] not in known.kinds]:
        return f"{unknown[0]} is no column", f"use {', '.join(known.kinds)}"
    for added in entry.customProperties or ():
        if added.property != "severity" or added.value not in _SEVERITIES:
            fix = f"known: severity, one of {', '.join(_SEVERITIES)}"
            return f"custom property {added.property} is not known", fix
    return None
