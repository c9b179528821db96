"""Contracts are whole ODCS documents, which other tools read as well."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
import small
import yaml
from jsonschema.validators import validator_for

from governance import catalogue, demands

SCHEMA = json.loads((files("open_data_contract_standard") / "schema.json").read_text())
FOLDER = Path(__file__).parents[2] / "policies" / "datasets"
CONTRACTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.yaml"))}
LOCAL = 'delimiter: ";"}'
BY_CUSTOM = 'customProperties: [{property: delimiter, value: ";"}]}'
CONTRACTS["of CSV"] = small.flats_contract().replace(LOCAL, BY_CUSTOM)


@pytest.mark.parametrize("text", CONTRACTS.values(), ids=CONTRACTS)
def test_a_contract_fits_the_official_schema(text: str) -> None:
    validator = validator_for(SCHEMA)(SCHEMA)
    assert [error.message for error in validator.iter_errors(yaml.safe_load(text))] == []


def test_a_local_server_says_its_delimiter_in_a_custom_property() -> None:
    contract, _, findings = catalogue.read(
        "policies/datasets/flats.yaml", CONTRACTS["of CSV"].encode()
    )
    assert findings == ()
    assert contract.delimiter == ";"


def test_metrics_and_operators_are_those_of_the_standard() -> None:
    parts = SCHEMA["$defs"]
    metrics = parts["DataQualityLibrary"]["properties"]["metric"]["enum"]
    assert sorted(metrics) == sorted(demands.METRICS)
    operators = [each["required"][0] for each in parts["DataQualityOperators"]["oneOf"]]
    assert sorted(operators) == sorted(demands.OPERATORS)
