"""Does a version reach more people one tried step at a time, with a way back?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cases import Change, Green, Red, Table, keeps_quiet, rows, tells
from proposed import Proposed
from released import ROLLOUT, deployed, registered, rollout, serving, soaked, watched
from world import NOW, World, world

from governance.finding import Verdict

SHOT = "artifacts/ml/telemetry/credit/s1.json"
MODEL = "models/credit/model.yaml"
SIGNED = "records/attestations"
P0 = "records/incidents/i-9.yaml"


def full(w: World) -> World:
    """The next step of 1.0.0."""
    return w.put(ROLLOUT, rollout("1.0.0", "full", "0.9.0"))


def on(w: World, version: str, step: str, back: str | None = None) -> World:
    return w.put(ROLLOUT, rollout(version, step, back))


def before(w: World) -> World:
    """Before anything of 1.0.0 was rolled out."""
    return serving(w).put(ROLLOUT, rollout("0.9.0", "full"))


def ill(w: World, **more: Any) -> World:
    """The same step with another snapshot in place of the healthy one."""
    return watched(w, "1.0.0", "canary", "2026-11-20T08:00:00Z", "2026-11-22T12:00:00Z", **more)


def unwatched(w: World) -> World:
    """1.0.0 on canary, and nobody looked."""
    return soaked(w).remove(SHOT)


def returned(w: World) -> World:
    """0.9.0 was taken back from full, to nothing that is left to go back to."""
    serving(w)
    deployed(w, "0.9.0", "full", "2026-11-01T08:00:00Z", move="begin")
    return deployed(w, "1.0.0", "full", "2026-11-02T08:00:00Z", move="return")


def withdrawn(w: World) -> World:
    """1.0.0 was taken back from canary."""
    deployed(soaked(w), "0.9.0", "full", "2026-11-21T09:00:00Z", move="return")
    return on(w, "0.9.0", "full")


def incident(w: World, **more: str) -> World:
    at = more.pop("at", "2026-11-21T08:00:00Z")
    facts = {"model": "credit", "severity": "P0", "summary": "refuses everybody"} | more
    body = "".join(f"{key}: {value}\n" for key, value in facts.items())
    return w.put(P0, f'id: i-9\nat: "{at}"\n{body}')


def follow_up(w: World, **more: str) -> World:
    facts = {"of": "i-9", "model": "credit", "severity": "P3", "summary": "more"} | more
    body = "".join(f"{key}: {value}\n" for key, value in facts.items())
    return w.put("records/incidents/i-10.yaml", f'id: i-10\nat: "2026-11-21T09:00:00Z"\n{body}')


def of(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def worse(value: float, low: float, high: float) -> dict[str, Any]:
    return {"accuracy": {"value": value, "low": low, "high": high, "reference": 0.82}}


def after(change: Change, *told: tuple[str, ...], base: Change, **more: Any) -> Red:
    """A proposed change of a base, of which one rule tells."""
    return Red(lambda w: change(base(w)), *told, base=base, only=True, **more)


RED: Table = {
    "rollout/step": {
        "a new version begins in production": after(
            full,
            (ROLLOUT, "step:", "1.0.0 of credit begins on canary, not on full"),
            base=before,
        ),
        "a first version without a rollout before": after(
            lambda w: on(w, "1.0.0", "full"),
            (ROLLOUT, "step:", "every version takes every step (canary → full)"),
            base=lambda w: w.remove(ROLLOUT),
        ),
        "a version that was taken back begins again": after(
            lambda w: on(w, "1.0.0", "canary", "0.9.0"),
            (ROLLOUT, "version:", "1.0.0 of credit was taken back on 2026-11-21 09:00"),
            base=withdrawn,
        ),
        "a statement that does not say what was put where": after(
            lambda w: deployed(w, "1.0.0", "canary", "2026-11-20T08:00:00Z", exposure=2.0),
            (f"{SIGNED}/deploy-1.0.0-canary-2026-11-20.yaml", "", "does not say what was put"),
            base=serving,
        ),
        "a statement about other bytes": after(
            lambda w: deployed(
                w, "1.0.0", "canary", "2026-11-20T08:00:00Z", digest=f"sha256:{'c' * 64}"
            ),
            (f"{SIGNED}/deploy-1.0.0-canary-2026-11-20.yaml", "", "does not say what was put"),
            base=serving,
        ),
    },
    "rollout/soak": {
        "too soon": after(
            full,
            (ROLLOUT, "step:", "since 2026-11-20 08:00; it has soaked on 2026-11-21 08:00 UTC"),
            base=soaked, now=of("2026-11-21T07:59:59"),
        ),
        "never deployed": after(
            full,
            (ROLLOUT, "step:", "no machine has signed that 1.0.0 of credit is on canary: 0.9.0 is"),
            base=serving,
        ),
        "the clock began again after a way back": after(
            lambda w: full(deployed(deployed(
                w, "0.9.0", "full", "2026-11-22T09:00:00Z", move="return"),
                "1.0.0", "canary", "2026-11-22T10:00:00Z")),
            (ROLLOUT, "step:", "since 2026-11-22 10:00"),
            base=soaked,
        ),
        "an exercise is no deployment": after(
            lambda w: full(deployed(w, "1.0.0", "canary", "2026-11-20T08:00:00Z",
                                    drill=True)),
            (ROLLOUT, "step:", "no machine has signed"),
            base=serving,
        ),
    },
    "rollout/healthy": {
        "nobody looked": after(
            full,
            (ROLLOUT, "step:", "no telemetry from 2026-11-20 08:00 to 2026-11-22 12:00"),
            (ROLLOUT, "step:", "0 of 500 rows: too few to tell drift"),
            base=unwatched, verdict=Verdict.INCONCLUSIVE,
        ),
        "silence in between": after(
            lambda w: watched(watched(
                full(w), "1.0.0", "canary", "2026-11-20T08:00:00Z",
                "2026-11-21T08:00:00Z"),
                "1.0.0", "canary", "2026-11-21T09:01:00Z", "2026-11-22T12:00:00Z", name="s2"),
            (ROLLOUT, "step:", "no telemetry from 2026-11-21 08:00 to 2026-11-21 09:01"),
            base=unwatched, verdict=Verdict.INCONCLUSIVE,
        ),
        "of another step": after(
            lambda w: watched(full(w), "1.0.0", "full", "2026-11-20T08:00:00Z",
                              "2026-11-22T12:00:00Z"),
            (ROLLOUT, "step:", "no telemetry from"), (ROLLOUT, "step:", "0 of 500"),
            base=unwatched, verdict=Verdict.INCONCLUSIVE,
        ),
        "of other bytes": after(
            lambda w: ill(full(w), model_digest=f"sha256:{'c' * 64}"),
            (SHOT, "ends", "measured on other bytes"), base=soaked,
        ),
        "requests fail": after(
            lambda w: ill(full(w), errors=0.02),
            (SHOT, "ends", "2.00% of requests failed, 1.00% may"), base=soaked,
        ),
        "slow": after(
            lambda w: ill(full(w), latency_ms={"p50": 20.0, "p95": 501.0}),
            (SHOT, "ends", "95 of 100 answers took up to 501 ms"), base=soaked,
        ),
        "drifted": after(
            lambda w: ill(full(w),
                          drift={"income": {"population_stability_index": 0.3, "chance": 0.001}}),
            (SHOT, "ends", "income has moved by 0.3, 0.2 is the limit"), base=soaked,
        ),
        "worse": after(
            lambda w: ill(full(w), performance=worse(0.75, 0.73, 0.77)),
            (SHOT, "ends", "accuracy 0.75 is 8.5% worse than 0.82"), base=soaked,
        ),
        "outcomes are known, and nobody compares": after(
            lambda w: ill(full(w), performance={}),
            (SHOT, "ends", "outcomes are known, and none of accuracy, f1, mean_absolute_error was"),
            base=soaked,
            verdict=Verdict.INCONCLUSIVE,
        ),
        "perhaps worse": after(
            lambda w: ill(full(w), performance=worse(0.75, 0.66, 0.84)),
            (SHOT, "ends", "8.5% worse"), base=soaked, verdict=Verdict.INCONCLUSIVE,
        ),
        "a gap has grown": after(
            lambda w: ill(full(w), fairness={
                "sex/gap": {"value": 0.1, "low": 0.09, "high": 0.12, "reference": 0.04}}),
            (SHOT, "ends", "the gap sex/gap has grown by 0.06"), base=soaked,
        ),
    },
    "rollout/rollback": {
        "none named": after(
            lambda w: on(w, "1.0.0", "canary"),
            (ROLLOUT, "version:", "no rollback target is named, though 0.9.0 has served everybody"),
            base=before,
        ),
        "to itself": after(
            lambda w: on(w, "1.0.0", "canary", "1.0.0"),
            (ROLLOUT, "rollback_to:", "credit would go back to 1.0.0, the version it leaves"),
            base=before,
        ),
        "to one that never served all": after(
            lambda w: on(deployed(w, "0.9.0", "canary", "2026-11-01T08:00:00Z"),
                         "1.0.0", "canary", "0.9.0"),
            (ROLLOUT, "rollback_to:", "0.9.0 of credit never reached full"),
            base=lambda w: registered(w, "0.9.0").remove(ROLLOUT),
        ),
        "not exercised for too long": after(
            lambda w: on(w, "1.0.0", "canary", "0.9.0"),
            (ROLLOUT, "rollback_to:", "the way back to 0.9.0 was last exercised on 2026-10-20"),
            base=before, now=of("2027-01-21"),
        ),
        "not on the governed branch": after(
            lambda w: on(registered(w, "0.9.0"), "1.0.0", "canary", "0.9.0"),
            (ROLLOUT, "rollback_to:", "0.9.0 of credit is not registered on the governed branch"),
            base=lambda w: before(w).remove("models/credit/versions/0.9.0.yaml"),
        ),
    },
    "rollout/champion": {
        "a version on an earlier step": after(
            lambda w: w.put(MODEL, w.text(MODEL) + "champion: 1.0.0\n"),
            (MODEL, "champion:", "1.0.0 of credit is no champion yet, by what machines signed"),
            base=soaked,
        ),
        "a version that was taken back": after(
            lambda w: w.put(MODEL, w.text(MODEL) + "champion: 0.9.0\n"),
            (MODEL, "champion:", "1.0.0 is on full"), base=returned,
        ),
    },
    "incidents/triaged": {
        "open": after(
            lambda w: full(incident(w)),
            (P0, "", "P0 i-9 of credit lacks an owner and its triage: refuses everybody"),
            base=soaked,
        ),
        "without an owner": after(
            lambda w: full(incident(w, triage="retrain")),
            (P0, "", "lacks an owner: refuses"), base=soaked,
        ),
        "closed, and nobody says why": after(
            lambda w: full(incident(w, owner="mina", closed_at='"2026-11-21T10:00:00Z"')),
            (P0, "", "lacks its triage"), base=soaked,
        ),
        "a promotion that takes the record out": after(
            lambda w: full(w.remove(P0)),
            (P0, "", "P0 i-9 of credit lacks"), base=lambda w: incident(soaked(w)),
        ),
        "raised later": after(
            lambda w: full(follow_up(incident(w, severity="P2"), severity="P0")),
            (P0, "", "P0 i-9 of credit lacks"), base=soaked,
        ),
        "another champion": after(
            lambda w: incident(w).put(MODEL, w.text(MODEL) + "champion: 1.0.0\n"),
            (P0, "", "P0 i-9"), base=returned,
        ),
    },
    "rollout/paths": {
        "code of the service with a step": after(
            lambda w: full(w).put("services/answer/app.py", "x = 1\n"),
            (ROLLOUT, "", "it changes the application (services/answer/app.py) together with"),
            base=soaked, proposal=Proposed(),
        ),
        "two files of it with the workflow": after(
            lambda w: w.put(".github/workflows/release.yml", "on: push\n")
            .put("services/a.py", "x = 1\n").put("services/b.py", "x = 1\n"),
            (".github/workflows/release.yml", "", "(services/a.py and 1 more)"),
            base=lambda w: w, proposal=Proposed(),
        ),
    },
}  # fmt: skip
GREEN = {
    "rollout/step": {
        "a first version begins": Green(
            lambda w: on(w, "1.0.0", "canary"), base=lambda w: w.remove(ROLLOUT)
        ),
        "the next version begins": Green(lambda w: on(w, "1.0.0", "canary", "0.9.0"), base=before),
        "the next step, soaked and well": Green(full, base=soaked),
        "the next step on the second": Green(full, base=soaked, now=of("2026-11-21T08:00:00")),
        "back to the target at once": Green(lambda w: on(w, "0.9.0", "full"), base=soaked),
        "less exposure": Green(
            lambda w: on(incident(w), "1.0.0", "canary", "0.9.0"), base=lambda w: full(soaked(w))
        ),
        "few outcomes are known, which say nothing": Green(
            lambda w: ill(full(w), labelled_rows=20, performance=worse(0.5, 0.3, 0.6)), base=soaked
        ),
        "better": Green(lambda w: ill(full(w), performance=worse(0.9, 0.88, 0.92)), base=soaked),
        "a P0 that was triaged by a later record": Green(
            lambda w: full(follow_up(incident(w), owner="mina", triage="retrain")), base=soaked
        ),
        "a version that was taken back begins again, the incident closed": Green(
            lambda w: on(
                incident(
                    w,
                    severity="P1",
                    at="2026-11-21T09:00:00Z",
                    closed_at='"2026-11-22T08:00:00Z"',
                ),
                "1.0.0",
                "canary",
                "0.9.0",
            ),
            base=withdrawn,
        ),
        "a P0 of another model": Green(lambda w: full(incident(w, model="hardship")), base=soaked),
        "a P1": Green(lambda w: full(incident(w, severity="P1")), base=soaked),
        "a P0 while nothing is promoted": Green(incident),
    }
}


@rows(RED)
def test_red(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_green(rule: str, case: Green) -> None:  # noqa: ARG001 - part of the name
    only = ("rollout", "incidents", "reviews/overdue")
    base = case.base(world()) if case.base else None
    changed = case.change(case.base(world()) if case.base else world())
    judgement = changed.judge(only, now=case.now, base=base, proposal=case.proposal)
    assert judgement.exit_code == 0, judgement.findings


def test_the_worlds_are_in_order() -> None:
    for make in (serving, soaked, before):
        keeps_quiet(Green(make))


@pytest.mark.parametrize("step", ["canary", "full"])
def test_nothing_is_asked_where_nothing_grows(step: str) -> None:
    judgement = on(world(), "1.0.0", step).judge(["rollout"], now=NOW)
    assert {result.verdict for result in judgement.results} == {Verdict.NOT_APPLICABLE}
