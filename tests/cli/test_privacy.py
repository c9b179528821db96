"""`charter privacy` tells how much of what is where, and never whose."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from click.testing import CliRunner, Result

from bench import people
from cli.main import charter

PREPARED = "artifacts/ml/datasets/visits/prepared/a.parquet"


def run(root: Path, *arguments: object) -> Result:
    words = ["privacy", *map(str, arguments), "--repo", str(root)]
    return CliRunner().invoke(charter, words, catch_exceptions=False)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    cells = ["called back", "ask jo.bloggs@example.com", "spoke with John Smith"]
    return small.put(tmp_path / "notes.parquet", pa.table({"notes": cells}))


def test_a_file_is_searched(ran: Path, notes: Path) -> None:
    told = run(ran, "scan", notes)
    assert told.exit_code == 1
    where = f"{notes}: column notes holds"
    assert told.stdout.splitlines() == [
        f"{where} email in 1 cell of notes.parquet (….…@….…, 21 characters): high confidence",
        f"{where} person-name in 1 cell of notes.parquet (… , 5 characters): low confidence",
    ]


def test_a_hint_alone_is_no_finding(ran: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "x.csv", "notes\nspoke with John Smith\n")
    told = run(ran, "scan", path)
    assert told.exit_code == 0
    assert "low confidence" in told.stdout


def test_a_dataset_in_order(ran: Path) -> None:
    told = run(ran, "scan", "visits", "flats")
    assert told.exit_code == 0
    assert told.stdout.splitlines() == [
        "visits: no undeclared identifier was found",
        "flats: no undeclared identifier was found",
    ]


def test_a_scan_for_programs(ran: Path, notes: Path) -> None:
    found = json.loads(run(ran, "scan", notes, "--format", "json").stdout)
    assert [(f["kind"], f["confidence"]) for f in found[str(notes)]] == [
        ("email", "high"),
        ("person-name", "low"),
    ]


def test_neither_dataset_nor_file(ran: Path, tmp_path: Path) -> None:
    told = run(ran, "scan", "ghost")
    assert told.exit_code == 1
    assert told.stderr.startswith("ghost: neither a dataset nor a file\n  fix: ")
    broken = small.put(tmp_path / "x.parquet", "PAR1 and no more")
    assert "not a complete Parquet file" in run(ran, "scan", broken).stderr


def test_a_dataset_whose_data_are_not_here(ran: Path) -> None:
    (ran / "data/ml/training/visits/a.parquet").unlink()
    told = run(ran, "scan", "visits")
    assert told.exit_code == 1
    assert "its data are not here\n  fix: dvc pull data/ml/training/visits" in told.stderr


def test_pseudonyms_that_hold(ran: Path) -> None:
    told = run(ran, "attack", "visits", "--budget", 30_000)
    assert told.exit_code == 0
    assert told.stdout.startswith("visits: column visit_id: 0 of ")
    tried = int(told.stdout.rpartition("; ")[2].split()[0].replace(",", ""))
    assert 10_000 < tried <= 40_000
    assert run(ran, "attack", "flats").stdout == "flats: no column is hashed\n"


def test_hashes_that_do_not(ran: Path) -> None:
    path = ran / PREPARED
    table = pq.read_table(path)
    plain = [hashlib.sha256(f"V-{n:06d}".encode()).hexdigest()[:32] for n in range(1, 121)]
    pq.write_table(small.altered(table, visit_id=plain), path)
    told = run(ran, "attack", "visits")
    assert told.exit_code == 1
    assert "column visit_id: 120 of 220 hashed values found out" in told.stdout
    found = json.loads(run(ran, "attack", "visits", "--format", "json").stdout)
    assert found["visit_id"]["reversed"] == 120
    assert "its own values, hashed, sha256" in found["visit_id"]["by"]


def test_what_was_not_prepared_is_not_attacked(ran: Path) -> None:
    (ran / PREPARED).unlink()
    told = run(ran, "attack", "visits")
    assert told.exit_code == 1
    assert told.stderr.startswith("visits: it is not prepared here\n  fix: ")


DICE = Random(11)
ROWS = 40
HIDDEN = {
    "notes": [f"{people.words(DICE, 3)} {people.email(DICE)}" for _ in range(ROWS)],
    "memo": [f"{people.words(DICE, 2)} {people.phone(DICE)}" for _ in range(ROWS)],
    "ref": [int(people.card(DICE)) for _ in range(ROWS)],
    "code": [people.tfn(DICE) for _ in range(ROWS)],
    "bank": [people.iban(DICE) for _ in range(ROWS)],
    "who": ["Spoke with Priya Haddad" for _ in range(ROWS)],
}


def raw() -> set[str]:
    """Every identifier of the corpus, in full and as its digits."""
    whole = {str(value) for values in HIDDEN.values() for value in values}
    parts = {word for text in whole for word in text.split() if "@" in word or word.isdigit()}
    return {text for text in whole | parts | {"Haddad"} if len(text) > 4}


def test_no_command_and_no_file_shows_an_identifier(ran: Path, tmp_path: Path) -> None:
    contract = ran / "policies/datasets/visits.yaml"
    text = contract.read_text()
    for name, values in HIDDEN.items():
        kind = "integer" if isinstance(values[0], int) else "string"
        text += (
            f"      - name: {name}\n        logicalType: {kind}\n        classification: none\n"
            "        customProperties: [{property: technique, value: keep}]\n"
        )
    contract.write_text(text)
    clean = small.visits(1, ROWS)
    hashed = [hashlib.sha256(str(value).encode()).hexdigest() for value in HIDDEN["code"]]
    clean = small.altered(clean, **HIDDEN)
    for path in (ran / "data/ml/training/visits").glob("*.parquet"):
        pq.write_table(clean, path)
    bad = small.put(tmp_path / "bad.parquet", small.altered(clean, ref=hashed, email=[None] * ROWS))
    csv = small.put(tmp_path / "x.csv", "\n".join(["notes", *HIDDEN["notes"], '"cut off']))
    said, before = [], small.state(ran)
    for words in (
        ["cli", "land", "visits", str(bad)],
        ["cli", "land", "visits", str(bad), "--without-bad-rows"],
        ["cli", "privacy", "scan", "visits", str(bad)],
        ["cli", "privacy", "scan", "visits", "--format", "json"],
        ["cli", "privacy", "scan", str(csv)],
        ["pipelines.validate", "visits"],
        ["pipelines.prepare", "visits"],
        ["cli", "privacy", "attack", "visits"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *words], cwd=ran, check=False, capture_output=True, text=True,
            env=small.environment() | {"PYTHONPATH": str(small.TOP)},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        said.append(done.stdout + done.stderr)
    assert "column bank holds iban" in said[-2]
    texts = {"output": "\n".join(said)} | {
        path: (ran / path).read_bytes().decode(errors="replace")
        for path, digest in small.state(ran).items()
        if digest not in {before.get(path), "empty"} and not path.startswith("data/")
    }
    assert any(path.endswith("privacy.json") for path in texts)
    leaks = [(place, len(one)) for place, text in texts.items() for one in raw() if one in text]
    assert leaks == []


KEY = "0f8a7c3e5b1d92640f8a7c3e5b1d9265"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"credit v1 {KEY}\ncredit v2 {KEY[::-1]}\n")
    path.chmod(0o600)
    monkeypatch.setenv("CHARTER_PSEUDONYM_KEY_FILE", str(path))
    return path


def test_a_key_that_nothing_needs_is_destroyed(ran: Path, keys: Path) -> None:
    told = run(ran, "destroy-key", "credit", 1, "--dry-run")
    assert (told.exit_code, told.stdout[:26]) == (0, "dry run: credit v1 may go ")
    assert KEY in keys.read_text()
    words = ["privacy", "destroy-key", "credit", "1", "--repo", str(ran)]
    told = CliRunner().invoke(charter, words, input="n\n")
    assert told.exit_code == 1
    assert KEY in keys.read_text()
    told = run(ran, "destroy-key", "credit", 1, "--yes")
    assert told.exit_code == 0
    assert told.stdout.startswith("destroyed: credit v1 (fingerprint ")
    assert KEY not in told.output + keys.read_text()
    assert KEY[::-1] in keys.read_text()


def test_a_key_that_something_needs_stays(ran: Path, keys: Path) -> None:
    contract = ran / "policies/datasets/visits.yaml"
    text = contract.read_text()
    named = text.replace("value: sample}", "value: {name: credit, version: 2}}")
    assert named != text
    contract.write_text(named)
    told = run(ran, "destroy-key", "credit", 2, "--yes")
    assert told.exit_code == 1
    assert "policies/datasets/visits.yaml names credit v2\n  fix: " in told.output
    contract.write_text(text)
    report = ran / "artifacts/ml/datasets/visits/preparation.json"
    report.write_text(report.read_text().replace('"name": "sample"', '"name": "credit"'))
    told = run(ran, "destroy-key", "credit", 1, "--yes")
    assert told.exit_code == 1
    assert "the prepared rows of visits were made with credit v1\n  fix: " in told.output
    assert KEY in keys.read_text()
    told = run(ran, "destroy-key", "sample", 1, "--yes")
    assert (told.exit_code, "published" in told.output) == (1, True)
