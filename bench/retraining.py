"""A retraining with nothing to do, beside plain DVC; and a cold one, beside the bare steps."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import yaml

from adapters import git
from bench.rounds import BIN, CHARTER, PYTHON, ROOT, Bar, Command, measure, report
from governance import pipeline

BARS = (
    Bar("charter retrain + check", "dvc repro", 1.3),
    Bar("charter retrain", "dvc repro"),
    Bar("charter check", "dvc repro"),
)
COLD = (Bar("dvc repro of one model", "its steps as plain processes", 1.4),)
DVC = str(BIN / "dvc")


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bars were kept, in a clone where everything was restored."""
    clone = folder / "clone"
    cloned(clone)
    # The code of the clone, not of this folder; DVC finds the steps' `python` on the path.
    code = {
        "PYTHONPATH": str(clone),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    retrain, check = [CHARTER, "retrain", "--pull"], [CHARTER, "check"]
    Command("charter retrain", [retrain], clone, code).run()
    committed(clone, "Retrain")
    commands = [
        Command("charter retrain + check", [retrain, check], clone, code),
        Command("dvc repro", [[DVC, "repro", "--quiet"]], clone, code),
        Command("charter retrain", [retrain], clone, code),
        Command("charter check", [check], clone, code),
    ]
    kept = report(measure(commands, rounds or 5), BARS)
    return report(measure(_cold(clone, code), min(rounds or 3, 3)), COLD) and kept


def _cold(clone: Path, code: dict[str, str]) -> list[Command]:
    """Every step of the first model, forced."""
    index = yaml.safe_load((clone / "models" / "index.yaml").read_bytes())
    model, entry = next(iter(index["models"].items()))
    steps = [
        [
            PYTHON,
            "-m",
            f"pipelines.{step.name}",
            model if step.each == "models" else entry["dataset"],
        ]
        for step in pipeline.STEPS
    ]
    forced = [DVC, "repro", "--quiet", "--force", f"record@{model}"]
    return [
        Command("dvc repro of one model", [forced], clone, code),
        Command("its steps as plain processes", steps, clone, code),
    ]


def cloned(target: Path) -> None:
    """A clone with what is not committed yet, so that the code at hand is what is measured."""
    _git(ROOT, "clone", "--quiet", str(ROOT), str(target))
    for path in git.changed(ROOT):
        if (ROOT / path).is_file():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target / path)
        else:
            (target / path).unlink(missing_ok=True)
    committed(target, "What was not committed yet")


def committed(folder: Path, message: str) -> None:
    _git(folder, "add", "--all")
    person = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    plain = ("-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
    _git(folder, *person, *plain, "commit", "--quiet", "--allow-empty", "--message", message)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, env=git.environment())
