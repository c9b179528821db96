"""How long Charter takes before it does anything."""

from __future__ import annotations

from pathlib import Path

from bench import repository
from bench.rounds import CHARTER, PYTHON, Bar, Command, measure, report

BARS = (
    Bar("charter --help", "bare interpreter", 10),
    Bar("charter check", "bare interpreter", 10),
    Bar("charter approvals", "bare interpreter", 10),
)


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bar was kept; what is judged are a few declarations without data."""
    repository.write(folder, repository.SMALL)
    repository.commit(folder)
    commands = [
        Command("bare interpreter", [[PYTHON, "-c", "pass"]], folder),
        Command("charter --help", [[CHARTER, "--help"]], folder),
        Command("charter check", [[CHARTER, "check"]], folder),
        Command("charter approvals", [[CHARTER, "approvals", "--base", "main"]], folder),
    ]
    return report(measure(commands, rounds or 21), BARS)
