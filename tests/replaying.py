"""Replays in a small repository: a machine that signs, and steps run in this process."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attesting
import pytest
import signing
import small

from adapters.sandbox import Sandbox
from pipelines import evaluate, prepare, train
from pipelines.inputs import Refused

_STEPS = {
    "prepare.prepare": prepare.prepare,
    "train.fit": train.fit,
    "evaluate.evaluate": evaluate.evaluate,
}


def inside(
    _: Sandbox, command: Sequence[str], folder: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """A step in this process, which is quicker; what it imports is not that of the tree."""
    del variables
    code, name = command[-2:]
    (step,) = re.findall(r"main\((\w+\.\w+)\)", code)
    try:
        with contextlib.chdir(folder), contextlib.redirect_stdout(io.StringIO()):
            _STEPS[step](name)
    except Refused as refusal:
        return subprocess.CompletedProcess(command, 1, b"", str(refusal).encode())
    return subprocess.CompletedProcess(command, 0, b"", b"")


def quick(patch: pytest.MonkeyPatch) -> None:
    """Lets steps of replays run in this process."""
    patch.setattr(Sandbox, "run", inside)


def machine(root: Path, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Makes `ci` a machine of the repository, with its key configured here."""
    roles, registry = root / "policies/roles.yaml", root / "policies/registry.yaml"
    entry = (
        f"people:\n  ci:\n    name: CI\n    kind: bot\n    keys:\n"
        f'      - {{public: {signing.public("ci")}, valid_from: "2026-01-01"}}\n'
    )
    roles.write_text(roles.read_text().replace("people:\n", entry, 1))
    rest = re.sub(r"^machines:.*\n(?:  .*\n)*", "", registry.read_text(), flags=re.MULTILINE)
    registry.write_text(f"{rest}machines: [ci]\n")
    small.commit(root, "a machine")
    patch.setenv("CHARTER_MACHINE_KEY", str(attesting.key_file(folder)))


def edited(root: Path, path: str, **changes: Any) -> None:
    """Another value at dotted keys of a JSON file, `__` for the dots."""
    file = root / path
    value = json.loads(file.read_text())
    for dotted, new in changes.items():
        *parents, last = dotted.split("__")
        part = value
        for key in parents:
            part = part[key]
        part[last] = new
    file.write_text(json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n")


def relocked(root: Path, path: str, before: bytes) -> None:
    """Writes the MD5 and the size of a file into `dvc.lock`, as a forger does."""
    lock = root / "dvc.lock"
    data = (root / path).read_bytes()
    old, new = (hashlib.md5(text, usedforsecurity=False).hexdigest() for text in (before, data))
    text = lock.read_text()
    assert old in text
    text = text.replace(f"{old}\n      size: {len(before)}", f"{new}\n      size: {len(data)}")
    lock.write_text(text)
