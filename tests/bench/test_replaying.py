"""The benchmark of replays runs through; how fast they are is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import replaying
from bench.rounds import Command


def test_a_replay_is_timed_beside_the_steps_it_repeats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[Command] = []

    def run(command: Command) -> float:
        called.append(command)
        return 1.0

    monkeypatch.setattr(Command, "run", run)
    assert replaying.run(tmp_path, 1)
    assert [command.name for command in called][:3] == [
        "charter retrain", "charter replay", "its steps as plain processes",
    ]  # fmt: skip
    modules = [process[2] for process in called[2].processes]
    assert modules == ["pipelines.prepare", "pipelines.train", "pipelines.evaluate"]
    assert "charter replay / its steps" in capsys.readouterr().out
