"""Registering a model of a gibibyte: how much memory its bytes are carried through.

The entry is made and the approved version stored by the command people type; the statements and
approvals they wait for are signed before, with keys made for the occasion.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bench.retraining import cloned, committed
from bench.rounds import BIN, CHARTER, Command, CouldNotMeasure
from governance.attestation import OWN, TEST_RESULT
from governance.evidence import of_model
from governance.reviewed import subject
from governance.version import REVIEWS

BYTES = 1 << 30
MEMORY = 200
"""Most megabytes in use at any time."""
MODEL = "payment_default"
PEOPLE = {"nadia.okafor": "model-owner", "mei.tanaka": "mlops"}


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bar was kept: a peak is the same however often it is looked for."""
    del rounds
    target = folder / "clone"
    cloned(target)
    subprocess.run(["git", "remote", "remove", "origin"], cwd=target, check=True)  # the law is here
    keys = {name: _key(folder / name) for name in (*PEOPLE, "ci")}
    variables = {
        "PYTHONPATH": str(target),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "CHARTER_MACHINE_KEY": str(folder / "ci"),
    }
    Command("charter retrain", [[CHARTER, "retrain", "--pull"]], target, variables).run()
    _declare(target, keys)
    seen = _large(target)
    committed(target, "A large model")
    _review(target, seen, folder / "ci")
    committed(target, "Review")
    register = [CHARTER, "register", MODEL, "--by", "tomas.lindqvist", "--key",
                str(folder / "mei.tanaka")]  # fmt: skip
    peaks = [_peak(register, target, variables, 1)]
    committed(target, "Propose")
    approve = [CHARTER, "approve", f"model:{MODEL}@1.0.0", "--because", "it was looked at", "--yes"]
    signed = [
        [*approve, "--role", role, "--key", str(folder / person)] for person, role in PEOPLE.items()
    ]
    Command("charter approve", signed, target, variables).run()
    committed(target, "Approve")
    begin = time.perf_counter()
    peaks.append(_peak(register, target, variables, 0))
    seconds = time.perf_counter() - begin
    peak = max(peaks)
    verdict = "kept" if peak <= MEMORY else "MISSED"
    print(f"  stored, read back and tagged {BYTES >> 20:,} MiB in {seconds:.1f} s")
    print(f"  peak memory: {peak:.0f} MB  bar {MEMORY} MB: {verdict}", flush=True)
    return peak <= MEMORY


def _key(path: Path) -> str:
    """The public half of a new key."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(f"{path.suffix}.pub").read_text().strip()


def _declare(root: Path, keys: dict[str, str]) -> None:
    """People get keys, a machine may sign, and the registry takes a model of that size."""

    def people(policy: dict[str, Any]) -> None:
        known = policy["people"]
        known["ci"] = {"name": "Runner", "kind": "bot"}
        for person, public in keys.items():
            known[person]["keys"] = [{"public": public, "valid_from": "2026-01-01"}]

    def limit(policy: dict[str, Any]) -> None:
        policy["maximum_model_bytes"] = 2 * BYTES
        policy["machines"] = ["ci"]

    _edit(root / "policies/roles.yaml", people)
    _edit(root / "policies/registry.yaml", limit)


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = yaml.safe_load(path.read_bytes())
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False))


def _large(root: Path) -> str:
    """The model's digest, once its file is large and the evidence speaks of it."""
    folder = (root / of_model(MODEL, "training")).parent / "model"
    (path,) = folder.iterdir()
    path.unlink()  # a link into DVC's cache, which stays as it is
    found, block = hashlib.sha256(), os.urandom(1 << 20)
    with path.open("wb") as stream:
        for number in range(BYTES >> 20):
            part = number.to_bytes(8, "big") + block[8:]
            found.update(part)
            stream.write(part)
    digest = f"sha256:{hashlib.sha256(found.digest()).hexdigest()}"
    for stem in ("metadata", "metrics", "telemetry", "training"):
        evidence = root / of_model(MODEL, stem)
        value = json.loads(evidence.read_bytes())
        value["model_digest"] = digest
        if stem == "training":
            value["files"] = [{"path": path.name, "bytes": BYTES, "sha256": found.hexdigest()}]
        evidence.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    return digest


def _review(root: Path, seen: str, key: Path) -> None:
    """Three statements that the model passed its reviews."""
    from pipelines.attest import attest  # noqa: PLC0415 - reads the key that is named here

    os.environ["CHARTER_MACHINE_KEY"] = str(key)
    for review in REVIEWS:
        predicate = {
            "result": "PASSED", "configuration": [], "passedTests": [review], "warnedTests": [],
            "failedTests": [], OWN: {"review": review},
        }  # fmt: skip
        now = datetime.now(UTC).replace(microsecond=0)
        attest(root, f"{review}-{MODEL}", {subject(MODEL): seen}, TEST_RESULT, predicate, now)


def _peak(
    command: Sequence[str], folder: Path, variables: dict[str, str], expected: int
) -> float:  # fmt: skip
    """Most megabytes a process held at any time.

    Raises:
        CouldNotMeasure: it did not end as it should.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | variables
    with (folder.parent / "said").open("w+b") as out:
        child = subprocess.Popen(command, cwd=folder, env=kept, stdout=out, stderr=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != expected:
            out.seek(0)
            said = out.read().decode(errors="replace")[-2000:]
            msg = f"{' '.join(command[:3])} ended with {child.returncode}:\n{said}"
            raise CouldNotMeasure(msg)
    return usage.ru_maxrss / 1024
