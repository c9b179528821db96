"""What a contract demands is measured, or refused at its line."""

from __future__ import annotations

import pytest
import small

from governance import catalogue
from governance.contract import Contract, dump, restore
from governance.quality import Reference, Rule

PATH = "policies/datasets/visits.yaml"
VALID = small.visits_contract()
TABLE = "quality: [{type: library, metric: rowCount, mustBeGreaterOrEqualTo: 50}]"
SPEND = "- name: spend\n"


def read(text: str) -> tuple[Contract | None, list[str]]:
    value, _, findings = catalogue.read(PATH, text.encode())
    return value, [f"{found.at}: {found.problem}" for found in findings]


def below(rule: str, column: str = "spend", key: str = "quality") -> str:
    """The contract with one rule below a column."""
    return VALID.replace(f"- name: {column}\n", f"- name: {column}\n        {key}: [{rule}]\n")


def above(rule: str, key: str = "quality") -> str:
    """The contract with one rule more below the table."""
    more = f"{TABLE[:-1]}, {rule}]" if key == "quality" else f"{TABLE}\n    {key}: [{rule}]"
    return VALID.replace(TABLE, more)


def promising(name: str) -> str:
    """The contract with one service level before the others."""
    more = f"slaProperties: [{{property: {name}, value: 4, unit: d}}, "
    return VALID.replace("slaProperties: [", more)


def served(engine: str) -> str:
    """The contract with an engine on its server."""
    more = f"type: local, customProperties: [{{property: engine, value: {engine}}}], "
    return VALID.replace("type: local, ", more)


def only(text: str) -> Rule:
    contract, findings = read(text)
    assert findings == []
    assert contract is not None
    (rule,) = contract.rules[1:]
    return rule


ACCEPTED = {
    "nulls in percent": (
        below("{metric: nullValues, mustBeLessThan: 1, unit: percent, severity: warning}"),
        Rule("nullValues of spend", "nullValues", ("spend",), "mustBeLessThan", (1,), "percent",
             "warning"),
    ),
    "missing words": (
        below("{metric: missingValues, arguments: {missingValues: [null, '', N/A]}, mustBe: 0}",
              "channel"),
        Rule("missingValues of channel", "missingValues", ("channel",), "mustBe", (0,),
             values=(None, "", "N/A")),
    ),
    "a list of valid numbers": (
        below("{metric: invalidValues, arguments: {validValues: [1, 2.5]}, mustBe: 0}"),
        Rule("invalidValues of spend", "invalidValues", ("spend",), "mustBe", (0,),
             values=(1, 2.5)),
    ),
    "a pattern": (
        below("{metric: invalidValues, arguments: {pattern: '^w'}, mustBe: 0}", "channel"),
        Rule("invalidValues of channel", "invalidValues", ("channel",), "mustBe", (0,),
             pattern="^w"),
    ),
    "duplicates of a column": (
        below("{metric: duplicateValues, mustBeBetween: [0, 9], name: few twins}"),
        Rule("few twins", "duplicateValues", ("spend",), "mustBeBetween", (0, 9)),
    ),
    "duplicates of several": (
        above("{metric: duplicateValues, arguments: {properties: [age, sex]}, mustBe: 0}"),
        Rule("duplicateValues", "duplicateValues", ("age", "sex"), "mustBe", (0,)),
    ),
    "SQL": (
        below("{type: sql, query: 'SELECT MAX(${column}) FROM ${table}', mustBeLessThan: 9}"),
        Rule("sql of spend", "sql", ("spend",), "mustBeLessThan", (9,),
             query="SELECT MAX(${column}) FROM ${table}"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_rule_is_read(text: str, expected: Rule) -> None:
    assert only(text) == expected


def test_a_rule_in_words_demands_nothing_of_a_machine() -> None:
    contract, findings = read(below("{type: text, description: The bank has seen the receipt.}"))
    assert findings == []
    assert contract is not None
    assert len(contract.rules) == 1


REFUSED = {
    "a rule of another tool": (
        below("{type: custom, engine: soda, implementation: x}"),
        "a quality rule of type custom is not run here",
    ),
    "an unknown metric": (below("{metric: freshness, mustBe: 0}"), "metric freshness"),
    "no metric": (below("{mustBe: 0}"), "metric None"),
    "no operator": (below("{metric: nullValues}"), "has 0 operators"),
    "an operator misspelt": (below("{metric: nullValues, mustBeLessThen: 3}"), ""),
    "two operators": (
        below("{metric: nullValues, mustBeLessThan: 3, mustNotBe: 1}"), "has 2 operators",
    ),
    "a limit in words": (below("{metric: nullValues, mustBe: few}"), "mustBe is no number"),
    "a limit that is true": (below("{metric: nullValues, mustBe: true}"), "mustBe is no number"),
    "limits turned round": (
        below("{metric: nullValues, mustBeBetween: [9, 1]}"), "its higher limit first",
    ),
    "an unknown severity": (
        below("{metric: nullValues, mustBe: 0, severity: high}"), "severity 'high' is not known",
    ),
    "an unknown unit": (below("{metric: nullValues, mustBe: 0, unit: days}"), "unit 'days'"),
    "a schedule": (below("{metric: nullValues, mustBe: 0, schedule: daily}"), "`schedule`"),
    "the old key": (below("{metric: nullValues, rule: x, mustBe: 0}"), "`rule`"),
    "an unknown argument": (
        below("{metric: nullValues, arguments: {x: 1}, mustBe: 0}"), "argument x of nullValues",
    ),
    "rows of a column": (below("{metric: rowCount, mustBe: 3}"), "rowCount counts the rows"),
    "rows in percent": (above("{metric: rowCount, mustBe: 3, unit: percent}"), "rowCount"),
    "nulls of a table": (above("{metric: nullValues, mustBe: 0}"), "is measured on a column"),
    "missing values unnamed": (below("{metric: missingValues, mustBe: 0}"), "needs a list"),
    "valid values unnamed": (below("{metric: invalidValues, mustBe: 0}"), "needs validValues"),
    "words among numbers": (
        below("{metric: invalidValues, arguments: {validValues: [many]}, mustBe: 0}"),
        "validValues of a column of numbers",
    ),
    "nothing as a valid value": (
        below("{metric: invalidValues, arguments: {validValues: [null]}, mustBe: 0}"),
        "validValues is no list of values",
    ),
    "a broken pattern": (
        below("{metric: invalidValues, arguments: {pattern: '('}, mustBe: 0}", "channel"),
        "pattern does not compile",
    ),
    "duplicates of an unknown column": (
        above("{metric: duplicateValues, arguments: {properties: [shoe]}, mustBe: 0}"),
        "'shoe' is no column",
    ),
    "duplicates of nothing": (above("{metric: duplicateValues, mustBe: 0}"), "needs columns"),
    "SQL that reads a file": (
        above("{type: sql, query: \"SELECT COUNT(*) FROM read_csv('x')\", mustBe: 0}"),
        "the query uses READ_CSV",
    ),
    "SQL that shows an identifier": (
        above("{type: sql, query: 'SELECT MAX(visit_id) FROM {table}', mustBe: 0}"),
        "gives values of visit_id",
    ),
    "SQL without a query": (above("{type: sql, mustBe: 0}"), "the query is not one SELECT"),
    "a query beside a metric": (
        below("{metric: nullValues, query: SELECT 1, mustBe: 0}"), "a query beside metric",
    ),
    "another relation": (
        below("{type: derivedFrom, to: people.id}", key="relationships"), "",
    ),
    "a relation to nothing": (
        below("{type: foreignKey}", key="relationships"), "names no columns of one dataset",
    ),
    "a relation by path": (
        below("{to: schema/people/properties/id}", key="relationships"), "names no columns",
    ),
    "a relation that says where it comes from": (
        below("{from: visits.spend, to: people.id}", key="relationships"), "`from` has no meaning",
    ),
    "a relation of two to one": (
        above("{from: [visits.age, visits.sex], to: [people.age]}", "relationships"),
        "different numbers of columns",
    ),
    "a relation from another table": (
        above("{from: people.age, to: people.age}", "relationships"), "names no columns",
    ),
    "a relation from an unknown column": (
        above("{from: visits.shoe, to: people.shoe}", "relationships"), "shoe is no column",
    ),
    "a relation of unknown severity": (
        below("{to: people.id, customProperties: [{property: severity, value: x}]}",
              key="relationships"),
        "custom property severity",
    ),
    "another service level": (
        promising("latency"),
        "latency is not checked here",
    ),
    "freshness twice": (
        promising("freshness"),
        "freshness is not checked a second time",
    ),
    "an unknown engine": (
        served("x"),
        "engine 'x' is not known",
    ),
    "a delimiter of two characters": (
        served("duckdb}, {property: delimiter, value: ab"), "delimiter is not one character",
    ),
    "an unknown property of the server": (
        served("duckdb}, {property: threads, value: 2"), "unknown custom property threads",
    ),
    "a folder named after a person": (
        VALID.replace("- name: email\n", "- name: email\n        partitioned: true\n"),
        "a folder named after a person",
    ),
    "folders out of order": (
        VALID.replace("- name: age\n", "- name: age\n        partitioned: true\n"
                      "        partitionKeyPosition: 2\n")
        .replace("- name: sex\n", "- name: sex\n        partitioned: true\n"
                 "        partitionKeyPosition: 1\n"),
        "partition key 1 is out of order",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_measured_is_refused_at_its_line(text: str, says: str) -> None:
    assert text != VALID
    contract, findings = read(text)
    assert contract is None
    assert any(says in found for found in findings), findings
    assert all(found.startswith(f"{PATH}:") for found in findings)
    assert not any(found.startswith(f"{PATH}: ") for found in findings), "no line is named"


def test_references_are_read_below_columns_and_tables() -> None:
    one = below("{to: people.id, customProperties: [{property: severity, value: info}]}",
                key="relationships")  # fmt: skip
    two = above("{from: [visits.age, visits.sex], to: [people.age, people.sex]}", "relationships")
    held = []
    for text in (one, two):
        contract, findings = read(text)
        assert findings == []
        assert contract is not None
        held += contract.references
    assert held == [
        Reference(("spend",), "people", ("id",), "info"),
        Reference(("age", "sex"), "people", ("age", "sex")),
    ]


def test_the_engine_is_that_of_the_first_server() -> None:
    contract, findings = read(served("spark"))
    assert findings == []
    assert contract is not None
    assert contract.engine == "spark"


def test_a_contract_with_rules_survives_the_cache() -> None:
    contract, _ = read(ACCEPTED["SQL"][0])
    assert contract is not None
    assert restore(dump(contract)) == contract
