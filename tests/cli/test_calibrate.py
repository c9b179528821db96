"""`charter calibrate` prints the table of false alarms, for people and for programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cli.calibrate import calibrate


def run(*arguments: str) -> str:
    done = CliRunner().invoke(calibrate, arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_people_read_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = run("--trials", "3").splitlines()
    assert lines[0].split() == ["gate", "truth", "rows", "fail", "pass", "inconclusive",
                                "naive", "alarm"]  # fmt: skip
    assert lines[1].startswith("accuracy, same rows")
    assert sum(line.startswith("parity, six small groups") for line in lines) == 1


def test_a_program_reads_json() -> None:
    found = json.loads(run("--trials", "3", "--seed", "5", "--format", "json"))
    assert (found["seed"], found["trials"]) == (5, 3)
    assert {"design", "truth", "rows", "trials", "fail", "passed", "inconclusive", "naive"} == set(
        found["lines"][0]
    )
    assert run("--trials", "3", "--seed", "5", "--format", "json") == run(
        "--trials", "3", "--seed", "5", "--format", "json"
    )


@pytest.mark.parametrize("arguments", [("--trials", "0"), ("--seed", "-1"), ("--trials", "x")])
def test_what_cannot_be_drawn_is_refused(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(calibrate, arguments).exit_code == 2
