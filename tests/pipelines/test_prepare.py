"""`prepare` lets through what training may see, and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small

from governance import pseudonym
from pipelines.inputs import Refused
from pipelines.prepare import prepare

PREPARED = Path("artifacts/ml/datasets/visits/prepared")
REPORT = Path("artifacts/ml/datasets/visits/preparation.json")
CONTRACT = Path("policies/datasets/visits.yaml")


def change(old: str, new: str) -> None:
    text = CONTRACT.read_text()
    assert old in text
    CONTRACT.write_text(text.replace(old, new))


def column(name: str) -> list[object]:
    values: list[object] = pq.read_table(PREPARED)[name].to_pylist()
    return values


def refused() -> str:
    with pytest.raises(Refused) as caught:
        prepare("visits")
    return str(caught.value)


@pytest.mark.usefixtures("ran")
def test_dropped_columns_are_gone() -> None:
    names = pq.read_table(PREPARED).column_names
    assert names == ["visit_id", "seen_at", "sex", "spend", "channel", "returned"]
    assert not any(b"@example.org" in path.read_bytes() for path in PREPARED.iterdir())


@pytest.mark.usefixtures("ran")
def test_pseudonyms_are_hmac_under_the_sample_key() -> None:
    expected = [pseudonym.token(pseudonym.SAMPLE_KEY, f"V-{n:06d}") for n in range(1, 121)]
    assert column("visit_id")[:120] == expected
    report = json.loads(REPORT.read_text())
    assert report["key_fingerprint"] == pseudonym.fingerprint(pseudonym.SAMPLE_KEY)


@pytest.mark.usefixtures("ran")
def test_times_keep_their_day_only() -> None:
    assert {type(value).__name__ for value in column("seen_at")} == {"date"}


@pytest.mark.usefixtures("ran")
def test_numbers_and_words_are_made_coarser() -> None:
    change("name: spend\n        logicalType: number\n        classification: none\n"
           "        customProperties: [{property: technique, value: keep}",
           "name: spend\n        logicalType: number\n        classification: none\n"
           "        customProperties: [{property: technique, value: generalise},"
           " {property: generalise_to, value: 25}")  # fmt: skip
    change("name: channel\n        logicalType: string\n        classification: none\n"
           "        customProperties: [{property: technique, value: keep}",
           "name: channel\n        logicalType: string\n        classification: none\n"
           "        customProperties: [{property: technique, value: generalise}")  # fmt: skip
    prepare("visits")
    assert set(column("spend")) == {0.0, 25.0, 50.0, 75.0, None}
    assert set(column("channel")) == {"w", "s"}


@pytest.mark.usefixtures("ran")
def test_the_report_names_each_file_by_its_digest() -> None:
    report = json.loads(REPORT.read_text())
    assert [file["path"] for file in report["files"]] == ["a.parquet", "b.parquet"]
    for file in report["files"]:
        data = (PREPARED / file["path"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["bytes"])


@pytest.mark.usefixtures("ran")
def test_a_second_run_writes_the_same_bytes() -> None:
    before = small.state(PREPARED.parent)
    prepare("visits")
    assert small.state(PREPARED.parent) == before


@pytest.mark.usefixtures("ran")
def test_what_stood_there_before_is_gone() -> None:
    small.put(PREPARED / "old.parquet", small.visits(1, 3))
    prepare("visits")
    assert sorted(path.name for path in PREPARED.iterdir()) == ["a.parquet", "b.parquet"]


@pytest.mark.usefixtures("ran")
def test_a_technique_the_policy_forbids_is_refused() -> None:
    change("technique, value: pseudonymise", "technique, value: keep")
    told = refused()
    assert told.startswith("policies/datasets/visits.yaml: column visit_id is direct-identifier")
    assert "keep" in told
    assert "to one of drop, pseudonymise" in told


@pytest.mark.usefixtures("ran")
def test_a_personal_column_without_purpose_is_refused() -> None:
    change(", {property: purpose, value: a test}", "")
    told = refused()
    assert "column visit_id is direct-identifier" in told
    assert "purpose" in told


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("kind", ["client", "anonymised-client"])
def test_the_published_key_is_refused_for_data_of_clients(kind: str) -> None:
    change("kind: synthetic", f"kind: {kind}")
    assert refused().startswith(
        f"visits: the published sample key does not protect data of kind {kind}"
    )


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("key", "says"), [(None, "is not set"), ("", "is not set"), ("k" * 31, "has 31 bytes")]
)
def test_a_missing_or_short_key_is_refused(
    key: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change("pseudonym_key, value: sample", "pseudonym_key, value: environment")
    monkeypatch.delenv("CHARTER_PSEUDONYM_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("CHARTER_PSEUDONYM_KEY", key)
    assert refused().startswith(f"visits: CHARTER_PSEUDONYM_KEY {says}; at least 32 bytes")


@pytest.mark.usefixtures("ran")
def test_a_key_of_the_environment_is_used_and_never_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "ключ" * 20
    change("pseudonym_key, value: sample", "pseudonym_key, value: environment")
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY", key)
    prepare("visits")
    assert column("visit_id")[0] == pseudonym.token(key.encode(), "V-000001")
    assert key not in REPORT.read_text()
    assert json.loads(REPORT.read_text())["key_fingerprint"] == pseudonym.fingerprint(key.encode())
