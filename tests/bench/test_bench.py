"""The benchmarks run through on a small repository; how fast they are is no test."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from bench import declarations, repository, retraining, startup
from bench.repository import Size
from bench.rounds import Bar, Command, CouldNotMeasure, measure, report
from checks import engine
from checks.collect import Collector
from cli.situate import situate
from governance.finding import Verdict

SMALL = Size(models=5, datasets=2, frameworks=4)
LINE = re.compile(r"  .+ / .+: [0-9.e+-]+ \(.+ to .+ in [0-9]+ rounds\)  (bar .+|for information)")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    repository.write(tmp_path, SMALL)
    return tmp_path


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands are noted, not run."""
    called: list[str] = []

    def run(command: Command) -> float:
        called.append(command.name)
        return 1.0

    monkeypatch.setattr(Command, "run", run)
    return called


def ratios(printed: str) -> list[str]:
    """The lines that hold a ratio."""
    return [line for line in printed.splitlines() if LINE.fullmatch(line)]


def test_the_invented_repository_is_in_order(folder: Path) -> None:
    judgement = engine.judge(Collector(situate(folder)), engine.select(()))
    assert judgement.findings == []
    passed = {result.rule for result in judgement.results if result.verdict is Verdict.PASS}
    assert {"declarations/references", "declarations/schemas", "gates/stricter"} <= passed
    assert judgement.exit_code == 0


def test_it_has_the_size_that_was_asked_for(folder: Path) -> None:
    found = {kind: len(paths) for kind, paths in repository.by_kind(folder).items()}
    assert (found["model"], found["contract"], found["control"]) == (5, 2, 4)
    assert len(found) == 14
    cases = found["policy_case"]
    assert cases > 0
    assert repository.measured(folder)[0] == 5 + 2 + 4 + 10 + cases + 1  # and dvc.yaml


def test_it_comes_from_its_seed_alone(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = tmp_path_factory.mktemp("again")
    repository.write(again, SMALL)
    for path in sorted(folder.rglob("*.yaml")):
        assert (again / path.relative_to(folder)).read_bytes() == path.read_bytes()


def test_declarations_are_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For real, but for the peer: its thirteen processes are one here."""
    *own, peer = declarations.commands(folder, folder)
    model = next(process for process in peer.processes if "schemas/model.json" in process)
    seconds = measure([*own, Command(peer.name, [model], folder)], 1)
    report(declarations.beyond_startup(seconds), declarations.BARS)
    assert len(ratios(capsys.readouterr().out)) == len(declarations.BARS)


def test_startup_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    startup.run(tmp_path, 1)
    assert len(ratios(capsys.readouterr().out)) == len(startup.BARS)


def test_retraining_takes_what_is_at_hand(
    tmp_path: Path, at_once: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert retraining.run(tmp_path, 1)
    assert at_once[0] == "charter retrain"
    assert {"dvc repro", "its steps as plain processes"} <= set(at_once)
    assert len(ratios(capsys.readouterr().out)) == len(retraining.BARS) + len(retraining.COLD)
    here, there = Path(retraining.__file__), tmp_path / "clone" / "bench" / "retraining.py"
    assert there.read_bytes() == here.read_bytes()


@pytest.mark.parametrize(
    ("own", "kept"), [pytest.param(2.9, True, id="below"), pytest.param(3.1, False, id="above")]
)
def test_the_median_of_the_rounds_decides(
    own: float, *, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = {"a": [own, 2 * own, 90.0], "b": [1.0, 2.0, 1.0]}
    assert report(seconds, [Bar("a", "b", 3), Bar("a", "b")]) is kept
    told, information = ratios(capsys.readouterr().out)
    assert told.endswith("kept" if kept else "MISSED")
    assert information.endswith("for information")


def test_a_command_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(CouldNotMeasure, match="exit code 3"):
        Command("it", [["sh", "-c", "exit 3"]], tmp_path).run()
    with pytest.raises(CouldNotMeasure, match="not installed"):
        Command("it", [[os.fspath(tmp_path / "absent")]], tmp_path).run()
