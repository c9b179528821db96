"""The invented rows are the same on every run, and keep the contract they are judged by."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from adapters import clock
from bench import columns, landing
from pipelines import admit, quality

ROWS = 2_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    columns.write(tmp_path / "a.parquet", ROWS)
    return tmp_path / "a.parquet"


def test_the_same_rows_are_the_same_bytes(file: Path) -> None:
    columns.write(file.with_name("b.parquet"), ROWS)
    assert file.read_bytes() == file.with_name("b.parquet").read_bytes()


def test_files_can_follow_one_another(file: Path) -> None:
    columns.write(file.with_name("b.parquet"), 10, first=ROWS + 1, seed=2)
    accounts = pq.read_table(file.with_name("b.parquet"))[columns.IDENTITY].to_pylist()
    assert (accounts[0], accounts[-1]) == ("u00002001", "u00002010")
    assert len(pq.read_schema(file).names) == 30


def test_a_sound_file_is_judged_without_a_fault(file: Path) -> None:
    contract = landing.contract()
    candidate = admit.Candidate(file.name, file)
    admit.look(quality.connect(contract), candidate, contract, file.parent, clock.now())
    assert (candidate.problems, candidate.rows) == ([], ROWS)
    assert [rule.metric for rule, count in candidate.counted.items() if count] == ["invalidValues"]
