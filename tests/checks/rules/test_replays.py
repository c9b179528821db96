"""Does a failed replay stay until its cause is named, and was a version replayed?"""

from __future__ import annotations

import json
from typing import Any

import attesting
from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World, model_digest

from governance.attestation import OWN, VERIFICATION
from governance.replay import PROPERTY

REGISTRY, ENTRY = "policies/registry.yaml", "models/credit/versions/1.0.0.yaml"
OTHER = f"sha256:{'0' * 64}"


def path(name: str) -> str:
    return f"records/attestations/{name}.yaml"


def replayed(
    w: World, name: str, result: str, day: int = 21, digest: str | None = None, **explains: str
) -> World:
    """A machine replayed the version, or other bytes, on a day of November."""
    causes = {key.replace("_", "-"): cause for key, cause in explains.items()}
    said: dict[str, Any] = {
        "verifier": {"id": "urn:charter:replay:v1"},
        "properties": [PROPERTY] if result == "PASSED" else [],
        OWN: {"review": "replay", "result": result, "explains": causes},
    }
    subjects = {"model:credit": digest or model_digest()}
    at = f"2026-11-{day}T08:00:00Z"
    return w.put(path(name), attesting.record(name, subjects, said, VERIFICATION, at=at))


def demanding(w: World) -> World:
    return w.edit(REGISTRY, "machines: [ci]", "demands: [replay]\nmachines: [ci]")


FAILED = (path("r-1"), "envelope", "failed, and nobody named the cause")

RED: Table = {
    "runs/replayed": {
        "B62 a replay of a version failed": Red(lambda w: replayed(w, "r-1", "FAILED"), FAILED),
        "B62 repeated until it passed": Red(
            lambda w: replayed(replayed(w, "r-1", "FAILED", 20), "r-2", "PASSED"), FAILED
        ),
        "B62 a cause named by another failure": Red(
            lambda w: replayed(
                replayed(w, "r-1", "FAILED", 20), "r-2", "FAILED", 21, r_1="bad luck"
            ),
            FAILED,
            (path("r-2"), "envelope", "failed, and nobody named the cause"),
        ),
        "nobody replayed a version, where that is demanded": Red(
            demanding, (ENTRY, "digest", "no machine has replayed"),
        ),
        "other bytes were replayed": Red(
            lambda w: replayed(demanding(w), "r-1", "PASSED", digest=OTHER),
            (ENTRY, "digest", "no machine has replayed"),
        ),
    },
}  # fmt: skip

GREEN = {
    "runs/replayed": {
        "a replay passed": Green(lambda w: replayed(demanding(w), "r-1", "PASSED")),
        "a failure whose cause is named": Green(
            lambda w: replayed(
                replayed(w, "r-1", "FAILED", 20), "r-2", "PASSED", 21, r_1="a lost file"
            )
        ),
        "a failure of bytes that nobody uses": Green(
            lambda w: replayed(w, "r-1", "FAILED", digest=OTHER)
        ),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_a_failure_of_the_evidence_in_the_tree_is_told(valid: World) -> None:
    text = valid.files["artifacts/ml/models/credit/training.json"]
    replayed(valid, "r-1", "FAILED", digest=json.loads(text)["model_digest"])
    (finding,) = valid.judge(["runs/replayed"]).findings
    assert finding[1].at.path == path("r-1")
