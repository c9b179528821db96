"""A landing that is killed leaves the old state or the new one, and the next one succeeds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import small

from adapters import git
from pipelines import journal

TESTS = Path(__file__).parents[1]


def test_a_landing_may_be_killed_anywhere(shared: Path, tmp_path: Path) -> None:
    template = small.template(shared, small.landed)
    done = subprocess.run(
        [sys.executable, TESTS / "killed.py", template, tmp_path, "8"], check=True,
        env=small.environment() | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"}, capture_output=True,
    )  # fmt: skip
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(attempts) >= 8
    assert all(attempt["killed"] for attempt in attempts)
    assert {json.dumps(attempt["after"]) for attempt in attempts} == {'"old"', '"new"'}
    assert {json.dumps(attempt["again"]) for attempt in attempts} == {'"new"'}


def test_nothing_is_undone_when_nothing_was_interrupted(still: Path) -> None:
    with small.unchanged(still):
        assert not journal.recover(still, pytest.fail)


def test_what_stood_before_comes_back_byte_for_byte(landed: Path) -> None:
    odd = b"caf\xe9\r\n\r\n\xff\x00"
    (landed / "datasets.dvc").write_bytes(odd)
    before = small.state(landed)
    journal.open_(landed, "visits", ["records/landings/new/a.yaml", "data/ml/training/new/a"],
                  ["datasets.dvc", "models/index.yaml", "data/ml/training/.gitignore"])  # fmt: skip
    for path in ("records/landings/new/a.yaml", "data/ml/training/new/a", "datasets.dvc",
                 "data/ml/training/.gitignore", "models/.index.yaml.k3x",
                 "models/index.yaml"):  # fmt: skip
        small.put(landed / path, b"half")
    said: list[str] = []
    assert journal.recover(landed, said.append)
    assert said == ["an interrupted landing in visits was undone"]
    assert small.state(landed) == before


def test_a_journal_that_is_no_journal_is_put_away(still: Path) -> None:
    path = journal.folder(still) / "journal.json"
    small.put(path, b'{"dataset": "vis')
    with small.unchanged(still):
        assert journal.recover(still, pytest.fail)
    assert not path.exists()


def test_work_trees_of_one_repository_have_journals_of_their_own(
    landed: Path, tmp_path: Path
) -> None:
    small.git(landed, "worktree", "add", "--quiet", str(tmp_path / "second"))
    assert git.git_folder(landed) == git.git_folder(tmp_path / "second")
    assert journal.folder(landed) != journal.folder(tmp_path / "second")
    journal.open_(landed, "visits", ["datasets.dvc"], [])
    assert not journal.recover(tmp_path / "second", pytest.fail)
    assert (tmp_path / "second" / "datasets.dvc").is_file()
