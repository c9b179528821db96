"""Commands that take turns, and what their times have to do with each other.

Whole processes are timed from outside: start-up, imports and exit count. A machine slows down
and speeds up while it works, so every round runs each command once and a ratio is taken within
a round; the median over the rounds is what is held against a bar.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
BIN = Path(sys.executable).parent
CHARTER = str(BIN / "charter")
ROOT = Path(__file__).resolve().parents[1]


class CouldNotMeasure(Exception):
    """A command is missing or did not do what is measured."""


@dataclass(frozen=True, slots=True)
class Command:
    """Processes run one after another and timed as one."""

    name: str
    processes: Sequence[Sequence[str]]
    folder: Path
    variables: Mapping[str, str] | None = None

    def run(self) -> float:
        """Seconds from start to exit.

        Raises:
            CouldNotMeasure: a process is missing or did not end with 0.
        """
        # Byte code is what users have: without it every run compiles every import.
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment = kept | {"DVC_NO_ANALYTICS": "1"} | dict(self.variables or {})
        seconds = 0.0
        for process in self.processes:
            begin = time.perf_counter()
            try:
                done = subprocess.run(
                    process, cwd=self.folder, env=environment, capture_output=True, text=True,
                    check=False,
                )  # fmt: skip
            except FileNotFoundError:
                msg = f"{self.name}: {process[0]} is not installed"
                raise CouldNotMeasure(msg) from None
            seconds += time.perf_counter() - begin
            if done.returncode:
                said = (done.stdout + done.stderr)[-2000:]
                msg = f"{self.name} ended with exit code {done.returncode}:\n{said}"
                raise CouldNotMeasure(msg)
        return seconds


@dataclass(frozen=True, slots=True)
class Bar:
    """One command's time divided by another's, and the most it may be; None for information."""

    command: str
    to: str
    at_most: float | None = None


def measure(commands: Sequence[Command], rounds: int) -> dict[str, list[float]]:
    """Seconds of each command in each round; a round before them fills caches and is not kept."""
    seconds: dict[str, list[float]] = {command.name: [] for command in commands}
    for number in range(rounds + 1):
        for command in commands:
            taken = command.run()
            if number:
                seconds[command.name].append(taken)
    return seconds


def report(seconds: Mapping[str, Sequence[float]], bars: Sequence[Bar]) -> bool:
    """Prints each ratio beside its bar; whether all bars are kept."""
    kept = True
    for bar in bars:
        pairs = zip(seconds[bar.command], seconds[bar.to], strict=True)
        ratios = [own / other for own, other in pairs]
        middle = statistics.median(ratios)
        verdict = "for information"
        if bar.at_most is not None:
            verdict = f"bar {bar.at_most:.3g}: {'kept' if middle <= bar.at_most else 'MISSED'}"
            kept = kept and middle <= bar.at_most
        spread = f"{min(ratios):.3g} to {max(ratios):.3g} in {len(ratios)} rounds"
        print(f"  {bar.command} / {bar.to}: {middle:.3g} ({spread})  {verdict}", flush=True)
    return kept
