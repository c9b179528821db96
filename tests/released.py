"""Deployments and telemetry of the little world: a version on a step, watched and well."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attesting
from world import FILE, World, entry, model_digest, reviews

from governance import jsontext
from governance.attestation import DEPLOYMENT, OWN
from governance.deployment import OF

ROLLOUT = "models/credit/rollout.yaml"
OLDER = "e" * 64
OLD, NEW = model_digest(OLDER), model_digest(FILE)
DIGESTS = {"0.9.0": OLD, "1.0.0": NEW}
STEPS = {"canary": ("staging", 0.1), "full": ("production", 1.0)}


def predicate(version: str, step: str, **more: Any) -> dict[str, Any]:
    """What a deployment statement says."""
    stage, exposure = STEPS[step]
    given = {
        "model": "credit", "version": version, "digest": DIGESTS[version], "step": step,
        "stage": stage, "exposure": exposure, "move": "begin",
    }  # fmt: skip
    return {OWN: {OF: given | more}}


def deployed(w: World, version: str, step: str, at: str, **more: Any) -> World:
    """A machine signed that a version was put on a step."""
    name = f"deploy-{version}-{step}-{at[:10]}"
    subjects = more.pop("subjects", {f"model:credit@{version}": DIGESTS[version]})
    said = predicate(version, step, **more)
    text = attesting.record(name, subjects, said, DEPLOYMENT, at=at)
    return w.put(f"records/attestations/{name}.yaml", text)


def facts(version: str, step: str, begins: datetime, ends: datetime, **more: Any) -> dict[str, Any]:
    """A healthy snapshot."""
    well = {
        "model": "credit", "version": version, "model_digest": DIGESTS[version], "step": step,
        "begins": begins.isoformat(), "ends": ends.isoformat(),
        "rows": 4000, "labelled_rows": 2000,
        "performance": {"accuracy": {"value": 0.81, "low": 0.79, "high": 0.83, "reference": 0.82}},
        "fairness": {"sex/gap": {"value": 0.05, "low": 0.03, "high": 0.07, "reference": 0.04}},
        "drift": {"income": {"population_stability_index": 0.05, "chance": 0.4}},
        "errors": 0.001, "latency_ms": {"p50": 20.0, "p95": 80.0},
    }  # fmt: skip
    return well | more


def watched(
    w: World, version: str, step: str, since: str, until: str, name: str = "s1", **more: Any
) -> World:
    """One snapshot over a window."""
    begins, ends = datetime.fromisoformat(since), datetime.fromisoformat(until)
    value = facts(version, step, begins, ends, **more)
    return w.put(f"artifacts/ml/telemetry/credit/{name}.json", jsontext.dump(value))


def registered(w: World, version: str) -> World:
    """The entry of an earlier version."""
    for path, text in reviews("credit", OLDER, version).items():
        w.put(path, text)
    text = entry("credit", version, OLDER, version)
    return w.put(f"models/credit/versions/{version}.yaml", text)


def serving(w: World) -> World:
    """0.9.0 has served everybody for a month, was reviewed, and 1.0.0 is about to follow."""
    registered(w, "0.9.0")
    deployed(w, "0.9.0", "full", "2026-10-20T08:00:00Z")
    watched(w, "0.9.0", "full", "2026-10-20T08:00:00Z", "2026-10-25T08:00:00Z", name="s0")
    seen = w.digest("artifacts/ml/telemetry/credit/s0.json")
    review = (
        'id: r-9\nat: "2026-10-25T08:00:00Z"\nobligation: post-release-review\n'
        "subject: model:credit@0.9.0\nby: [mina]\noutcome: in-order\nnotes: read\n"
        f"evidence: {{artifacts/ml/telemetry/credit/s0.json: '{seen}'}}\n"
    )
    w.put("records/reviews/r-9.yaml", review)
    return w.put(ROLLOUT, rollout("1.0.0", "canary", "0.9.0"))


def rollout(version: str, step: str, back: str | None = None) -> str:
    """Desired state."""
    text = f"model: credit\nversion: {version}\nstep: {step}\n"
    return text + (f"rollback_to: {back}\n" if back else "")


def soaked(w: World) -> World:
    """1.0.0 is on canary since the 20th, watched until noon of the 22nd, and well."""
    serving(w)
    deployed(w, "1.0.0", "canary", "2026-11-20T08:00:00Z")
    return watched(w, "1.0.0", "canary", "2026-11-20T08:00:00Z", "2026-11-22T12:00:00Z")
