"""`validate` counts what it sees and refuses bytes that were not landed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small

from pipelines import inputs
from pipelines.inputs import Refused
from pipelines.validate import validate

REPORT = Path("artifacts/ml/datasets/visits/validation.json")


def refused(dataset: str = "visits") -> str:
    with pytest.raises(Refused) as caught:
        validate(dataset)
    return str(caught.value)


def test_facts_are_counts(ran: Path) -> None:
    report = json.loads((ran / REPORT).read_text())
    assert report["rows"] == 220
    assert [(f["path"], f["rows"]) for f in report["files"]] == [
        ("a.parquet", 120), ("b.parquet", 100),
    ]  # fmt: skip
    assert report["dataset_digest"] == inputs.manifest("visits").digest
    assert report["columns"]["spend"]["nulls"] == 22
    assert 18 <= report["columns"]["age"]["minimum"] <= report["columns"]["age"]["maximum"] <= 90
    assert report["events"] == {"earliest": "2026-11-14", "latest": "2026-11-19"}
    assert report["violations"] == []


def test_facts_tell_no_person(ran: Path) -> None:
    text = (ran / REPORT).read_text()
    assert "@" not in text
    assert "V-0" not in text


@pytest.mark.usefixtures("ran")
def test_other_bytes_are_refused_by_path() -> None:
    small.put(small.VISITS / "b.parquet", small.visits(300, 100))
    told = refused()
    assert told.startswith("data/ml/training/visits/b.parquet: other bytes than were landed")
    assert "a.parquet" not in told


@pytest.mark.usefixtures("ran")
def test_missing_and_uncatalogued_files_are_refused_by_path() -> None:
    (small.VISITS / "a.parquet").rename(small.VISITS / "c.parquet")
    told = refused().splitlines()
    assert told[0] == "data/ml/training/visits/a.parquet: missing"
    assert told[2] == "data/ml/training/visits/c.parquet: uncatalogued"
    assert told[3] == ("  fix: charter land visits data/ml/training/visits/c.parquet, or remove it")


def test_rows_that_break_a_stricter_contract_are_refused_and_counted(ran: Path) -> None:
    path = ran / "policies/datasets/visits.yaml"
    path.write_text(path.read_text().replace("{minimum: 0}", "{minimum: 50}"))
    assert "rows break minimum of spend in a.parquet, b.parquet" in refused()
    violation = json.loads((ran / REPORT).read_text())["violations"][0]
    assert (violation["clause"], violation["column"]) == ("minimum", "spend")
    assert 50 < violation["rows"] < 150


def test_too_few_rows_are_refused(ran: Path) -> None:
    path = ran / "policies/datasets/visits.yaml"
    path.write_text(
        path.read_text().replace("mustBeGreaterOrEqualTo: 50", "mustBeGreaterThan: 900")
    )
    assert refused() == "visits: rowCount is 220, must be greater than 900"


def test_repeated_keys_are_counted(ran: Path) -> None:
    path = ran / "policies/datasets/visits.yaml"
    text = path.read_text().replace("- name: spend\n", "- name: spend\n        unique: true\n")
    path.write_text(text.replace("- name: age\n", "- name: age\n        unique: true\n"))
    assert "rows break unique of age in (all files)" in refused()


def test_a_column_of_the_contract_that_files_lack_is_refused(ran: Path) -> None:
    path = ran / "policies/datasets/visits.yaml"
    path.write_text(path.read_text().replace("- name: spend\n", "- name: spending\n"))
    assert "a.parquet: column spending is missing" in refused()
