"""`prepare` lets through what training may see, and nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import small

from adapters import secrets
from governance import pseudonym
from pipelines.inputs import Refused
from pipelines.prepare import prepare

PREPARED = Path("artifacts/ml/datasets/visits/prepared")
REPORT = Path("artifacts/ml/datasets/visits/preparation.json")
CONTRACT = Path("policies/datasets/visits.yaml")
KEY = "7f3c9a51e0b84d26c2f95e7718ad3b60"


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
    mark = pseudonym.fingerprint(pseudonym.SAMPLE_KEY)
    assert report["key"] == {"name": "sample", "version": 1, "fingerprint": mark}


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
@pytest.mark.parametrize("precision", ["month", "year"])
def test_times_are_cut_to_the_precision_declared(precision: str) -> None:
    change(
        "value: truncate-date}",
        f"value: truncate-date}}, {{property: truncate_to, value: {precision}}}",
    )
    prepare("visits")
    days = {value.day for value in column("seen_at")}
    months = {value.month for value in column("seen_at")}
    assert days == {1}
    assert months == ({1} if precision == "year" else {11})


def secret(text: str = "environment") -> None:
    change("pseudonym_key, value: sample", f"pseudonym_key, value: {text}")


WEAK = {
    "not set": (None, "there is no key environment v1: CHARTER_PSEUDONYM_KEY is not set"),
    "empty": ("", "there is no key environment v1: CHARTER_PSEUDONYM_KEY is not set"),
    "short": ("k7Gq!" * 6, "the key environment v1 has 30 bytes; at least 32 bytes are needed"),
    "one byte over and over": ("k" * 40, "repeats one part over and over"),
    "one part over and over": ("d41d8cd9" * 5, "repeats one part over and over"),
    "few signs": ("ababababbababababbabbabababbbaab", "has only 2 different bytes"),
    "counted up": ("".join(map(chr, range(48, 90))), "counts up or down"),
    "words": ("correct horse battery staple window 12", "is made of words"),
    "the published key": (pseudonym.SAMPLE_KEY.decode(), "is the published sample key"),
}


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(("key", "says"), WEAK.values(), ids=WEAK)
def test_a_missing_or_weak_key_is_refused(
    key: str | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret()
    monkeypatch.delenv("CHARTER_PSEUDONYM_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("CHARTER_PSEUDONYM_KEY", key)
    told = refused()
    assert told.startswith("visits: ")
    assert says in told
    assert not key or key not in told


@pytest.mark.usefixtures("ran")
def test_a_key_of_the_environment_is_used_and_never_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret()
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY", KEY)
    prepare("visits")
    assert column("visit_id")[0] == pseudonym.token(KEY.encode(), "V-000001")
    assert KEY not in REPORT.read_text()
    assert json.loads(REPORT.read_text())["key"] == {
        "name": "environment", "version": 1, "fingerprint": pseudonym.fingerprint(KEY.encode()),
    }  # fmt: skip


@pytest.mark.usefixtures("ran")
def test_another_version_of_a_key_makes_other_pseudonyms(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret("{name: credit, version: 2}")
    file = tmp_path / "keys"
    file.write_text(f"credit v1 {KEY[::-1]}\ncredit v2 {KEY}\n")
    file.chmod(0o600)
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY_FILE", str(file))
    prepare("visits")
    assert column("visit_id")[0] == pseudonym.token(KEY.encode(), "V-000001")
    change("version: 2", "version: 1")
    prepare("visits")
    assert column("visit_id")[0] == pseudonym.token(KEY[::-1].encode(), "V-000001")


@pytest.mark.usefixtures("ran")
def test_a_destroyed_key_is_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret("{name: credit, version: 1}")
    file = tmp_path / "keys"
    file.write_text(f"credit v1 {KEY}\n")
    file.chmod(0o600)
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY_FILE", str(file))
    prepare("visits")
    assert secrets.destroy("credit", 1)
    assert "there is no key credit v1" in refused()


@pytest.mark.usefixtures("ran")
def test_a_regulation_narrows_what_a_class_allows() -> None:
    change("  - {property: pseudonym_key", "  - {property: regulations, value: [cdr]}\n"
           "  - {property: pseudonym_key")  # fmt: skip
    prepare("visits")
    policy = Path("policies/privacy.yaml")
    text = policy.read_text()
    rule = "{id: cdr, classes: {direct-identifier: {techniques: [drop]}}, version:"
    policy.write_text(text.replace("{id: cdr, version:", rule))
    told = refused()
    assert "visit_id is direct-identifier; technique pseudonymise is not allowed under cdr" in told
    assert "to one of drop and" in told


@pytest.mark.usefixtures("ran")
def test_a_regulation_nobody_knows_is_refused() -> None:
    change("  - {property: pseudonym_key", "  - {property: regulations, value: [gdbr]}\n"
           "  - {property: pseudonym_key")  # fmt: skip
    assert "regulation gdbr is not among those of policies/privacy.yaml" in refused()
