"""A replay beside the bare steps it repeats: export, restored data, sandbox and comparison."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from bench.retraining import cloned, committed
from bench.rounds import BIN, CHARTER, PYTHON, Bar, Command, measure, report

DATASET = "payment_default"
BARS = (Bar("charter replay", "its steps as plain processes", 1.5),)
STEPS = ("prepare", "train", "evaluate")


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bar was kept, in a clone whose models are trained and committed."""
    target = folder / "clone"
    cloned(target)
    code = {
        "PYTHONPATH": str(target),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }
    Command("charter retrain", [[CHARTER, "retrain", "--pull"]], target, code).run()
    committed(target, "Retrain")
    index = yaml.safe_load((target / "models" / "index.yaml").read_bytes())
    model = next(name for name, item in index["models"].items() if item["dataset"] == DATASET)
    steps = [
        [PYTHON, "-m", f"pipelines.{step}", DATASET if step == "prepare" else model]
        for step in STEPS
    ]
    commands = [
        Command("charter replay", [[CHARTER, "replay", model]], target, code),
        Command("its steps as plain processes", steps, target, code),
    ]
    return report(measure(commands, rounds or 3), BARS)
