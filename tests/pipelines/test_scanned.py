"""`train` goes on only with a bias report that counts, about the very data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from world import World, world

from governance.model import Model
from pipelines import inputs, scanned
from pipelines.inputs import Refused

REPORT = "artifacts/ml/datasets/loans/bias.json"
CONTRACT = "policies/datasets/loans.yaml"
SEX = ("attributes", "sex")
TODAY = date(2026, 11, 22)
Change = Callable[[World], World]


def demand(root: Path, change: Change) -> list[str]:
    """What `train` would say of a world; nothing when it goes on."""
    valid = world()
    digest = valid.value(REPORT)["dataset_digest"]
    change(valid).write_to(root)
    model: Model = inputs.declared("models/credit/model.yaml", root)
    try:
        scanned.demand(model, digest, TODAY, root)
    except Refused as refusal:
        return str(refusal).splitlines()
    return []


def waived(subject: str = CONTRACT, until: str = "2026-11-22", **more: str) -> Change:
    fields = {
        "id": "w-2", "at": "2026-11-20T08:00:00Z", "owner": "omar", "reason": "a trial",
        "rule": "datasets/bias", "subject": subject, "until": until,
    }  # fmt: skip
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in (fields | more).items())
    return lambda w: w.put("records/waivers/w-2.yaml", text)


def found(*route: str, value: Any) -> Change:
    return lambda w: w.set(REPORT, route, value)


def test_the_valid_world_goes_on(tmp_path: Path) -> None:
    assert demand(tmp_path, lambda w: w) == []


REFUSED = {
    "no report": (
        lambda w: w.remove(REPORT),
        [f"{REPORT} is missing: loans was not scanned for bias", "dvc repro scan_bias@loans"],
    ),
    "a report about other bytes": (
        found("dataset_digest", value=f"sha256:{'b' * 64}"),
        [f"{REPORT} is about loans at bbbbbbbbbbbb, not loans at", "dvc repro scan_bias@loans"],
    ),
    "a report about another dataset": (
        found("dataset", value="homes"),
        [f"{REPORT} is about homes at", "dvc repro scan_bias@loans"],
    ),
    "a version nobody approved": (
        found("tool", "version", value="0.16.0"),
        ["was made by fairlearn 0.16.0, which policies/approved_tools.yaml does not", "approved"],
    ),
    "a tool nobody approved": (
        found("tool", "name", value="homemade"),
        ["was made by homemade 0.15.0", "with an approved version installed"],
    ),
    "an attribute nobody scanned": (
        lambda w: w.drop(REPORT, *SEX),
        ["protected attribute sex was not scanned", f"mark sex `protected: true` in {CONTRACT}"],
    ),
    "a group one row too small": (
        found(*SEX, "groups", "f", value=49),
        ["groups of sex below 50 rows: f (49)", f"a waiver of datasets/bias for {CONTRACT}"],
    ),
    "groups too small to be named": (
        found(*SEX, "small_groups", value=1),
        ["groups of sex below 50 rows: 1 of fewer than 10 rows each", "land more rows"],
    ),
}


@pytest.mark.parametrize(("change", "told"), REFUSED.values(), ids=REFUSED)
def test_training_is_refused(tmp_path: Path, change: Change, told: list[str]) -> None:
    problem, fix = demand(tmp_path, change)
    assert told[0] in problem
    assert fix.startswith("  fix: ")
    assert told[1] in fix


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    def change(w: World) -> World:
        w.set(REPORT, ("tool", "version"), "0.16.0").set(REPORT, ("dataset",), "homes")
        return w.set(REPORT, (*SEX, "groups", "f"), 3)

    assert len(demand(tmp_path, change)) == 6


SMALL = found(*SEX, "groups", "f", value=49)


@pytest.mark.parametrize(
    ("waiver", "refused"),
    [
        (waived(), False),
        (waived(until="2026-11-21"), True),
        (waived("policies/datasets/homes.yaml"), True),
        (waived(rule="datasets/proxies"), True),
    ],
)
def test_a_waiver_lets_a_small_group_pass(tmp_path: Path, waiver: Change, *, refused: bool) -> None:
    assert bool(demand(tmp_path, lambda w: waiver(SMALL(w)))) is refused


def test_no_waiver_stands_in_for_a_scan(tmp_path: Path) -> None:
    assert demand(tmp_path, lambda w: waived()(w.drop(REPORT, *SEX)))
