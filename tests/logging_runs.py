"""A history of runs without training: evidence is written as if a run had left it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import small

from governance import digest

PATH = "artifacts/ml/models/returning"
DECLARED = "models/returning/model.yaml"


def hashed(name: str) -> str:
    return digest.of_value(name)


def evidence(name: str, auc: float, **more: Any) -> dict[str, dict[str, Any]]:
    """`metadata.json` and `metrics.json` of a run."""
    code = more.pop("code", "code")
    environment = more.pop("environment", {"numpy": "2.2"})
    model = hashed(more.pop("model", name))
    data = hashed(more.pop("data", "data"))
    metadata = {
        "model": "returning", "task": "classification",
        "dataset": {"name": "visits", "digest": data, "files": 1, "rows": 9, "columns": 2,
                    "events": None},
        "training_hash": hashed(name),
        "inputs": {"dataset": data, "code": hashed(code), "params": hashed(name),
                   "environment": digest.of_value(environment)},
        "environment": environment, "model_digest": model,
        "metrics": {"roc_auc": auc},
        "fairness": {"demographic_parity_difference by sex": 0.02},
    }  # fmt: skip
    interval = {"value": auc, "low": auc - 0.01, "high": auc + 0.01, "rows": 5000}
    group = {"rows": 2500, "metrics": {}}
    metrics = {
        "model": "returning", "model_digest": model, "task": "classification", "rows": 5000,
        "tool": {"name": "fairlearn", "version": "0.15.0"},
        "performance": {"roc_auc": interval, "balanced_accuracy": interval},
        "fairness": {"sex": {
            "groups": {"F": group, "M": group},
            "disparities": {"demographic_parity_difference": 0.02,
                            "equal_opportunity_difference": 0.02},
        }},
        "drift": {},
    }  # fmt: skip
    return {"metadata": metadata, "metrics": metrics}


def leave(root: Path, name: str, auc: float, c: int = 1, **more: Any) -> None:
    """Leaves the evidence of a run in the work tree, with its parameters."""
    for stem, value in evidence(name, auc, **more).items():
        small.put(root / PATH / f"{stem}.json", json.dumps(value))
    declared = small.MODELS["returning"].replace("params: {C: 1}", f"params: {{C: {c}}}")
    small.put(root / DECLARED, declared)


def history(root: Path) -> None:
    """Three runs on the main branch, one on another, one as a DVC experiment."""
    small.bare(root)
    gates = root / "policies/gates.yaml"
    gates.write_text(re.sub(r"^ +confidence:.*\n", "", gates.read_text(), flags=re.MULTILINE))
    leave(root, "first", 0.7)
    small.commit(root, "first")
    leave(root, "second", 0.8, c=2)
    small.commit(root, "second")
    small.git(root, "switch", "--quiet", "--create", "side")
    leave(root, "aside", 0.75, c=7)
    small.commit(root, "aside")
    small.git(root, "switch", "--quiet", "main")
    leave(root, "tried", 0.81, c=9)
    small.commit(root, "tried")
    commit = small.git(root, "rev-parse", "HEAD").strip()
    small.git(root, "update-ref", f"refs/exps/{commit[:2]}/{commit[2:]}/wide", commit)
    small.git(root, "reset", "--quiet", "--hard", "HEAD~1")
    leave(root, "third", 0.82, c=2, data="more data")
    small.commit(root, "third")
