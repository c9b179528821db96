"""Onboarding: what the file says is inferred, what only a person knows is asked."""

import csv
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import signing
from small import TOP

from governance import catalogue

ANSWERS = (
    "--label", "bad", "--protected", "sex", "--protected", "age=30,45,60",
    "--class", "age=quasi-identifier", "--class", "sex=sensitive", "--rest", "none",
    "--steward", "jonas.weber", "--source", "kind=synthetic", "--source", "uri=made here",
    "--source", "licence=CC0-1.0",
)  # fmt: skip


def charter(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def loans(path: Path, *, delimiter: str = ",", rows: int = 600) -> Path:
    """A file such as people bring: a header with a space, codes, a number as a class."""
    dice = random.Random(7)
    with path.open("w", newline="") as stream:
        out = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        out.writerow(["age", "sex", "Credit amount", "purpose", "since", "bad"])
        for _ in range(rows):
            age, amount = dice.randint(19, 75), dice.randint(250, 18_000)
            bad = int(dice.random() < (0.45 if amount > 9_000 else 0.2))
            purpose = dice.choice(["A40", "A41", "A42"])
            out.writerow([age, dice.choice(["f", "m"]), amount, purpose, "2024-01-05", bad])
    return path


def contract(root: Path) -> str:
    return (root / "policies/datasets/loans.yaml").read_text()


def begun(root: Path, file: Path, *answers: str) -> str:
    done = charter(root, "new", "dataset", "loans", "--from", str(file), *answers)
    assert done.returncode == 0, done.stderr
    return contract(root)


def test_types_values_and_names_are_read_from_the_file(bare, tmp_path):
    text = begun(bare, loans(tmp_path / "loans.csv"), *ANSWERS)
    value, _, findings = catalogue.read("policies/datasets/loans.yaml", text.encode())
    assert [finding.problem for finding in findings] == []
    columns = {column.name: column for column in value.columns}
    assert {name: column.type for name, column in columns.items()} == {
        "age": "integer", "sex": "string", "Credit_amount": "integer", "purpose": "string",
        "since": "date", "bad": "integer",
    }  # fmt: skip
    assert columns["Credit_amount"].physical == "Credit amount"
    assert columns["purpose"].values == ("A40", "A41", "A42")
    assert columns["bad"].values == (0, 1)
    assert columns["age"].group_names == ("below 30", "30 to 45", "45 to 60", "60 and above")
    assert all(column.required for column in columns.values())


def test_the_delimiter_is_found(bare, tmp_path):
    text = begun(bare, loans(tmp_path / "loans.csv", delimiter=";"), *ANSWERS)
    assert '{property: delimiter, value: ";"}' in text


def test_what_only_a_person_knows_is_asked(bare, tmp_path):
    begun(bare, loans(tmp_path / "loans.csv"))
    done = charter(bare, "check", "--only", "declarations/loadable")
    asked = [line for line in done.stdout.splitlines() if "policies/datasets/loans.yaml" in line]
    identifies = [line for line in asked if "whether it identifies a person" in line]
    source = [line for line in asked if "source: " in line]
    assert done.returncode == 1
    assert len(identifies) == 6
    words = ("kind", "uri", "licence")
    assert [word for line in source for word in words if f"`{word}`" in line] == list(words)
    assert len(asked) == len(identifies) + len(source)


def test_a_class_of_its_own_is_asked_what_it_is_for(bare, tmp_path):
    begun(bare, loans(tmp_path / "loans.csv"), *ANSWERS)
    done = charter(bare, "check", "--only", "datasets/privacy")
    assert "column age is quasi-identifier; technique keep is not allowed" in done.stdout
    assert "column sex is sensitive; what training needs it for is not declared" in done.stdout
    assert done.stdout.count("[datasets/privacy]") == 2


REFUSED = {
    "a column that is not there": (("--label", "worse"), "has no column worse"),
    "a class nobody knows": (("--class", "age=secret"), "use one of direct-identifier"),
    "an answer without a value": (("--source", "kind"), "is not KEY=VALUE"),
    "bounds that are no numbers": (("--protected", "age=young"), "write COLUMN=30,45,60"),
}


@pytest.mark.parametrize(("options", "said"), REFUSED.values(), ids=REFUSED)
def test_an_answer_that_makes_no_sense_is_refused(bare, tmp_path, options, said):
    file = loans(tmp_path / "loans.csv")
    done = charter(bare, "new", "dataset", "loans", "--from", str(file), *options)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (bare / "policies/datasets/loans.yaml").exists()


FILES = {
    "nothing in it": (b"", "is empty"),
    "a header only": (b"a,b\n", "has no rows"),
    "no Parquet inside": (b"PAR1 is what it starts with", "not a complete Parquet file"),
}


@pytest.mark.parametrize(("data", "said"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_is_refused(bare, tmp_path, data, said):
    file = tmp_path / ("loans.parquet" if b"PAR1" in data else "loans.csv")
    file.write_bytes(data)
    done = charter(bare, "new", "dataset", "loans", "--from", str(file))
    assert done.returncode == 1
    assert said in done.stderr


def test_a_declaration_is_never_overwritten(bare, tmp_path):
    file = loans(tmp_path / "loans.csv")
    text = begun(bare, file, *ANSWERS)
    again = charter(bare, "new", "dataset", "loans", "--from", str(file))
    assert again.returncode == 1
    assert "exists and is never overwritten" in again.stderr
    assert contract(bare) == text
    odd = charter(bare, "new", "dataset", "../loans", "--from", str(file))
    assert odd.returncode == 1
    assert "a name is a lower-case word" in odd.stderr


def test_from_a_file_to_a_judged_model(bare, tmp_path):
    """The tutorial, command by command."""
    file = loans(tmp_path / "loans.csv")
    text = begun(bare, file, *ANSWERS)
    kept = "          - {property: purpose, value: measure fairness}\n"
    text = text.replace(
        "value: [30, 45, 60]}\n",
        "value: [30, 45, 60]}\n          - {property: technique, value: generalise}\n"
        "          - {property: generalise_to, value: 5}\n" + kept,
    )
    before, sex, after = text.partition("name: sex")
    after = after.replace("value: true}\n", "value: true}\n" + kept, 1)
    (bare / "policies/datasets/loans.yaml").write_text(before + sex + after)
    made = charter(
        bare, "new", "model", "loans", "--dataset", "loans", "--target", "bad",
        "--positive", "1", "--owner", "nadia.okafor", "--risk-tier", "high",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    path = bare / "models/loans/model.yaml"
    asked = charter(bare, "check", "--only", "declarations/loadable")
    told = [line for line in asked.stdout.splitlines() if line.startswith("models/loans")]
    assert [line.partition(": ")[2] for line in told] == [
        "`purpose` is missing  [declarations/loadable]"
    ]
    answer = "purpose:\n  intended: a second look\n  out_of_scope: [refusal]\n  users: [clerks]\n"
    path.write_text(path.read_text() + answer)
    landed = charter(bare, "land", "loans", str(file), "--now", "2026-11-20T10:00:00Z")
    assert landed.returncode == 0, landed.stderr
    subprocess.run(["git", "add", "-A"], cwd=bare, check=True)
    subprocess.run(["git", "commit", "-qm", "Onboard loans"], cwd=bare, check=True)
    unconfirmed = charter(bare, "retrain", "loans")
    assert unconfirmed.returncode == 1
    assert "is not confirmed: landing: data-steward 0 of 1" in unconfirmed.stderr
    key = tmp_path / "key"
    key.write_bytes(signing.private_file("priya.raman"))
    key.chmod(0o600)
    said = charter(
        bare, "approve", "dataset:loans", "--role", "data-steward", "--because", "read it",
        "--key", str(key), "--yes", "--commit",
    )  # fmt: skip
    assert said.returncode == 0, said.stdout + said.stderr
    trained = charter(bare, "retrain", "loans")
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert "bad differs by" in unconfirmed.stdout
    assert "inconclusive  roc_auc at least" in trained.stdout
    metrics = (bare / "artifacts/ml/models/loans/metrics.json").read_text()
    assert '"60 and above"' in metrics
    shutil.copytree(TOP / "locks", bare / "locks")
    rules = ("pipeline/lock", "runs/complete", "runs/environment", "runs/metadata", "gates")
    judged = charter(bare, "check", *(word for rule in rules for word in ("--only", rule)))
    assert "inconclusive" in judged.stdout
    loans_alone = [line for line in judged.stdout.splitlines() if "/loans" in line]
    assert [line for line in loans_alone if "inconclusive: " not in line] == []
