"""A contract says only what is acted on; everything else in it is refused."""

from __future__ import annotations

import pytest
import small

from governance import catalogue
from governance.contract import Contract
from governance.keyname import KeyName

PATH = "policies/datasets/visits.yaml"
VALID = small.visits_contract()


def read(text: str) -> tuple[Contract | None, list[str]]:
    value, _, findings = catalogue.read(PATH, text.encode())
    return value, [f"{found.at}: {found.problem}" for found in findings]


def test_a_valid_contract_is_read_whole() -> None:
    contract, findings = read(VALID)
    assert findings == []
    assert isinstance(contract, Contract)
    assert contract.key == ("visit_id",)
    assert contract.protected == ("sex",)
    assert contract.labels == ("returned",)
    assert (contract.event_column, contract.fresh_days) == ("seen_at", 60)
    assert (contract.format, contract.delimiter, contract.engine) == ("parquet", ",", "duckdb")
    (rule,) = contract.rules
    assert (rule.metric, rule.demand, rule.severity) == ("rowCount", "must be at least 50", "error")
    assert contract.pseudonym_key == KeyName("sample")
    assert contract.source is not None
    assert contract.source.kind == "synthetic"
    email = contract.column("email")
    assert email is not None
    assert (email.required, email.technique, email.classification) == (
        True, "drop", "direct-identifier",
    )  # fmt: skip
    assert contract.column("nobody") is None


def test_a_key_is_required_without_saying_so() -> None:
    contract, _ = read(VALID)
    assert contract is not None
    assert contract.columns[0].required


def test_a_column_may_have_another_name_in_the_files() -> None:
    contract, _ = read(
        VALID.replace("- name: age\n", "- name: age\n        physicalName: Age (years)\n")
    )
    assert contract is not None
    assert [c.physical for c in contract.columns if c.name == "age"] == ["Age (years)"]


MINIMUM = "logicalTypeOptions: {minimum: 0}"
BROKEN = {
    "no id": ("id: visits\n", "", "`id` is missing"),
    "no sla": ("slaProperties: [", "x-slaProperties: [", "slaProperties"),
    "another kind": (
        "kind: DataContract",
        "kind: DataProduct",
        "kind DataProduct is no data contract",
    ),
    "an older standard": ("apiVersion: v3.2.0", "apiVersion: v2.2.2", "v2.2.2"),
    "no class": (
        "        classification: sensitive\n",
        "",
        "column sex: whether it identifies a person is not declared",
    ),
    "an unknown class": (
        "classification: sensitive",
        "classification: secret",
        "column sex: whether it identifies",
    ),
    "an unknown type": ("logicalType: timestamp", "logicalType: time", "time"),
    "an unknown technique": (
        "value: truncate-date",
        "value: encrypt",
        "column seen_at: technique 'encrypt' is not known",
    ),
    "an unknown addition": (
        "property: label",
        "property: target",
        "column returned: unknown custom property target",
    ),
    "an addition that is no yes or no": (
        "property: protected, value: true",
        "property: protected, value: 'true'",
        "column sex: protected is not true or false",
    ),
    "an option nobody checks": (
        MINIMUM,
        "logicalTypeOptions: {multipleOf: 5}",
        "column spend: multipleOf is not checked on a number",
    ),
    "a length nobody checks": (
        '{pattern: "^V-[0-9]{6}$"}',
        "{maxLength: 8}",
        "column visit_id: maxLength is not checked on a string",
    ),
    "a bound in words": (
        MINIMUM,
        "logicalTypeOptions: {minimum: zero}",
        "column spend: minimum is no number",
    ),
    "a pattern on a number": (
        MINIMUM,
        "logicalTypeOptions: {pattern: a}",
        "column spend: pattern is not checked on a number",
    ),
    "a pattern that is none": (
        "^V-[0-9]{6}$",
        "^V-[0-9",
        "column visit_id: pattern does not compile",
    ),
    "a pattern that looks ahead": (
        "^V-[0-9]{6}$",
        "^(?=V)V-[0-9]{6}$",
        "column visit_id: pattern looks around or back",
    ),
    "a pattern that looks behind": (
        "^V-[0-9]{6}$",
        "(?<!x)V",
        "column visit_id: pattern looks around or back",
    ),
    "a pattern that refers back": (
        '"^V-[0-9]{6}$"',
        "'(a)\\1'",
        "column visit_id: pattern looks around or back",
    ),
    "a word in a list of numbers": (
        "[{value: 0}, {value: 1}]",
        "[{value: none}, {value: 1}]",
        "column returned: 'none' is no integer",
    ),
    "a column twice": ("- name: spend", "- name: age", "column age is described twice"),
    "a column that is no word": ("- name: spend", "- name: spend€", "is not a word"),
    "a format nobody reads": ("format: parquet", "format: avro", "format avro is not supported"),
    "an age in months": ("unit: d", "unit: m", "freshness is not a whole number of days"),
    "an age of nothing": ("value: 60", "value: 0", "freshness is not a whole number of days"),
    "an age of no column": (
        "visits.seen_at",
        "visits.nobody",
        "freshness is measured on visits.nobody, which is no column",
    ),
    "an unknown source": ("kind: synthetic", "kind: found", "source: `kind`"),
    "a source without licence": (", licence: Apache-2.0", "", "source: `licence`: field required"),
    "an unknown key": (
        "pseudonym_key, value: sample",
        "pseudonym_key, value: none",
        "pseudonym_key 'none' is not known",
    ),
}


@pytest.mark.parametrize(("old", "new", "says"), BROKEN.values(), ids=BROKEN)
def test_a_contract_is_refused_with(old: str, new: str, says: str) -> None:
    assert old in VALID
    contract, findings = read(VALID.replace(old, new, 1))
    assert contract is None
    assert any(says in line for line in findings), findings


def test_a_technique_has_to_fit_the_type() -> None:
    spend = VALID.index("- name: spend")
    text = VALID[:spend] + VALID[spend:].replace(
        "technique, value: keep", "technique, value: truncate-date", 1
    )
    assert "column spend: technique truncate-date does not fit a number" in read(text)[1][0]


def test_a_label_in_words_lists_its_words() -> None:
    sex = VALID.replace("property: protected", "property: label").replace(
        "        enum: [{value: F}, {value: M}]\n", ""
    )
    assert any("column sex: a label in words needs its words" in line for line in read(sex)[1])


def test_a_moment_is_no_label() -> None:
    at = VALID.index("value: truncate-date}")
    text = VALID[: at + 21] + ", {property: label, value: true}" + VALID[at + 21 :]
    assert any("column seen_at: a timestamp is no label" in line for line in read(text)[1])


def test_all_problems_are_told_at_once() -> None:
    text = VALID.replace("classification: sensitive", "classification: secret")
    text = text.replace("value: 60", "value: 0").replace("- name: spend", "- name: age")
    assert len(read(text)[1]) >= 2


def test_a_contract_of_two_tables_is_refused() -> None:
    text = VALID + "  - name: more\n    logicalType: object\n"
    assert any("2 tables are described" in line for line in read(text)[1])
