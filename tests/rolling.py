"""A tiny repository whose model is registered, and what takes it from step to step."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attesting
import pytest
import registering
import signing
import small
from registering import MODEL, NOW

from governance import jsontext
from pipelines import register, registry_entry
from pipelines.confirmed import base
from pipelines.registry_standing import subject_digest

ROLLOUT: Final = f"models/{MODEL}/rollout.yaml"
_DAY: Final = timedelta(days=1)
CANARY: Final = NOW + timedelta(hours=1)
"""When the first version goes on its first step."""
LIMITED: Final = CANARY + _DAY
FULL: Final = LIMITED + 3 * _DAY
BOARD: Final = (
    ("jonas.weber", "data-steward"), ("marcus.oyelaran", "ml-review-board"),
    ("amara.diallo", "ml-review-board"), ("laura.benitez", "ml-review-board"),
)  # fmt: skip
"""Who approves for production beside those who let the version in."""


def registered(root: Path) -> None:
    """The model is version 1.0.0: approved for production, stored, and tagged."""
    registering.reviewed(root)
    version(root, root.parent, NOW)


def version(root: Path, keys: Path, at: datetime) -> str:
    """Proposes, merges, approves and stores what was trained last; its number."""
    made = register.propose(root, MODEL, at, by="samuel.osei", say=_silent)
    small.commit(root, f"register {made.entry.name}")
    number = made.entry.value.version
    approve(root, number, at)
    small.commit(root, f"approve {made.entry.name}")
    keys.mkdir(exist_ok=True)
    done = register.register(
        root, MODEL, number, at + timedelta(minutes=40), key=registering.key_of(keys), say=_silent
    )
    assert done.tagged, done
    return number


def approve(root: Path, number: str, at: datetime) -> None:
    """Everybody whom production needs says yes to a version, as it stands now."""
    entry = registry_entry.entry(root, base(root), MODEL, number)
    seen = subject_digest(root, entry)
    people = (("nadia.okafor", "model-owner"), ("mei.tanaka", "mlops"), *BOARD)
    for person, role in people:
        name = f"{person}-{number}-{seen[7:13]}"
        text = signing.record(
            name, person, role, entry.name, seen, repository="example/charter",
            at=f"{at + timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip
        small.put(root / f"records/approvals/{name}.yaml", text)


def want(root: Path, number: str, step: str, back: str | None = None) -> None:
    """Merges another rollout."""
    text = f"model: {MODEL}\nversion: {number}\nstep: {step}\n"
    small.put(root / ROLLOUT, text + (f"rollback_to: {back}\n" if back else ""))
    small.commit(root, f"put {number} on {step}")


def watch(
    root: Path, number: str, step: str, since: datetime, until: datetime, **more: Any
) -> None:
    """Merges a healthy snapshot of a step."""
    seen = registry_entry.entry(root, base(root), MODEL, number).value.digest
    well = {
        "model": MODEL, "version": number, "model_digest": seen, "step": step,
        "begins": since.isoformat(), "ends": until.isoformat(),
        "rows": 4000, "labelled_rows": 0, "performance": {}, "fairness": {}, "drift": {},
        "errors": 0.0, "latency_ms": {"p50": 2.0, "p95": 8.0},
    }  # fmt: skip
    name = f"{number}-{step}-{until:%Y%m%d%H%M}"
    small.put(
        root / f"artifacts/ml/telemetry/{MODEL}/{name}.json", jsontext.dump(well | more)
    )  # fmt: skip
    small.commit(root, f"watch {number} on {step}")


def key(folder: Path) -> Path:
    """The machine's key, in a folder beside the repository."""
    folder.mkdir(exist_ok=True)
    return attesting.key_file(folder)


def wanted(root: Path) -> None:
    """1.0.0 is to go on its first step."""
    registered(root)
    want(root, "1.0.0", "canary")


def serving(root: Path) -> None:
    """1.0.0 has come to everybody, step by step."""
    registered(root)
    _climb(root, "1.0.0", (("canary", CANARY), ("limited", LIMITED), ("full", FULL)))


def _climb(root: Path, number: str, steps: tuple[tuple[str, datetime], ...]) -> None:
    from pipelines import roll_out  # noqa: PLC0415

    before = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHARTER_MACHINE_KEY", str(key(root.parent)))
        for step, at in steps:
            if before is not None:
                watch(root, number, before[0], before[1], at)
            want(root, number, step)
            assert roll_out.apply(root, MODEL, at, say=_silent)
            small.commit(root, f"{number} is on {step}")
            before = step, at


def pointer(root: Path) -> Any:
    """What the bucket says is served."""
    return json.loads((root / f".charter/registry/serving/{MODEL}.json").read_bytes())


def _silent(_: str) -> None:
    pass
