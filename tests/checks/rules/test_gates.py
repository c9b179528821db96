"""Do the measured models reach what policies and owners demand?"""

from __future__ import annotations

from typing import Any

from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World, world

from governance.finding import Verdict

GATES = "policies/gates.yaml"
CREDIT = "models/credit/model.yaml"
METRICS = "artifacts/ml/models/credit/metrics.json"
PRICES = "artifacts/ml/models/prices/metrics.json"
TODAY = "2026-11-22"
ALSO = "    - {metric: root_mean_squared_error, at_most: 1, minimum_rows: 1}\n"


def measured(w: World, path: str, *route: str, value: Any) -> World:
    """Measures something else, and settles the rest as an honest retraining would."""
    return w.set(path, route, value).retrain()


def bound(w: World, old: str, new: str, version: str = "1.1.0") -> World:
    """Another bound in the gates policy, with all that a change of policy needs."""
    w.edit(GATES, old, new).edit(GATES, "version: 1.0.0", f"version: {version}")
    return w.edit(GATES, "2026-11-01", TODAY)


def strict(w: World) -> World:
    return w.edit(GATES, "at_most: 0.1,", "at_most: 0.03,")


def also(w: World) -> World:
    return w.edit(GATES, "    - {metric: r2", f"{ALSO}    - {{metric: r2")


def same(w: World) -> World:
    return w


RED: Table = {
    "gates/stricter": {
        "a bound that is lower than the policy's": Red(
            lambda w: w.edit(CREDIT, "at_least: 0.75", "at_least: 0.6"),
            (CREDIT, "at_least: 0.6", "roc_auc at least 0.6 is looser than the policy's"),
        ),
        "a bound on fewer rows": Red(
            lambda w: w.edit(CREDIT, "minimum_rows: 1500", "minimum_rows: 10"),
            (CREDIT, "minimum_rows: 10", "is looser than the policy's roc_auc at least 0.7"),
        ),
        "a bound in the other direction": Red(
            lambda w: w.edit(CREDIT, "at_least: 0.75", "at_most: 0.99"),
            (CREDIT, "at_most: 0.99", "roc_auc at most 0.99 is looser"),
        ),
        "a fairness bound that lets more through": Red(
            lambda w: w.set(
                CREDIT,
                ("gates", "fairness"),
                [{"metric": "demographic_parity_difference", "at_most": 0.2, "minimum_rows": 300}],
            ),
            (CREDIT, "demographic_parity_difference", "at most 0.2 is looser"),
        ),
        "B96 policy and model loosened together": Red(
            lambda w: bound(w, "at_least: 0.7,", "at_least: 0.5,").edit(
                CREDIT, "at_least: 0.75", "at_least: 0.6"
            ),
            (CREDIT, "at_least: 0.6", "roc_auc at least 0.6 is looser than the policy's"),
            base=same,
        ),
    },
    "gates/thresholds": {
        "below the policy's and the owner's bound": Red(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "value", value=0.69),
            (METRICS, "roc_auc", "credit: roc_auc at least 0.7: 0.69 [0.81, 0.83], n=2000"),
            (METRICS, "roc_auc", "credit: roc_auc at least 0.75: 0.69"),
        ),
        "below the owner's own bound": Red(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "value", value=0.74),
            (METRICS, "roc_auc", "credit: roc_auc at least 0.75: 0.74"),
        ),
        "B89 a bound is not reached by rounding": Red(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "value", value=0.7499999),
            (METRICS, "roc_auc", "credit: roc_auc at least 0.75"),
        ),
        "B89 a percentage for a share": Red(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "value", value=90),
            (METRICS, "roc_auc", "roc_auc at least 0.7: 90 is no possible value"),
            (METRICS, "roc_auc", "roc_auc at least 0.75: 90 is no possible value"),
            only=True,
            verdict=Verdict.ERROR,
        ),
        "an error that is too large": Red(
            lambda w: measured(w, PRICES, "performance", "mean_absolute_error", "value", value=21),
            (PRICES, "mean_absolute_error", "prices: mean_absolute_error at most 20: 21"),
        ),
        "groups treated too differently": Red(
            lambda w: measured(
                w,
                METRICS,
                "fairness",
                "sex",
                "disparities",
                value={"demographic_parity_difference": 0.11},
            ),
            (METRICS, "sex", "demographic_parity_difference at most 0.1 by sex: 0.11"),
        ),
        "too few rows": Red(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "rows", value=1499),
            (METRICS, "roc_auc", "n=1499; too few rows, 1500 are needed"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "a group that is too small": Red(
            lambda w: measured(w, METRICS, "fairness", "sex", "groups", "f", "rows", value=299),
            (METRICS, "sex", "smallest group n=299; too few rows, 300 are needed"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "no group at all": Red(
            lambda w: measured(w, METRICS, "fairness", "sex", "groups", value={}),
            (METRICS, "sex", "one group only; too few rows, 300 are needed"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "B88 a renamed metric": Red(
            lambda w: measured(
                w,
                METRICS,
                "performance",
                value={"auc": {"value": 0.99, "low": 0.98, "high": 1, "rows": 2000}},
            ),
            (METRICS, "performance", "credit: roc_auc at least 0.7: not measured"),
            (METRICS, "performance", "credit: roc_auc at least 0.75: not measured"),
            verdict=Verdict.ERROR,
        ),
        "B88 a gap that was not measured": Red(
            lambda w: measured(w, METRICS, "fairness", "sex", "disparities", value={}),
            (METRICS, "sex", "demographic_parity_difference at most 0.1 by sex: not measured"),
            verdict=Verdict.ERROR,
        ),
        "B88 fairness was not measured": Red(
            lambda w: measured(w, METRICS, "fairness", value={}),
            (METRICS, "fairness", "by sex: not measured"),
            verdict=Verdict.ERROR,
        ),
        "B88 fairness was measured by something harmless": Red(
            lambda w: measured(
                w, METRICS, "fairness", value={"shoe": w.value(METRICS)["fairness"]["sex"]}
            ),
            (METRICS, "fairness", "by sex: not measured"),
            verdict=Verdict.ERROR,
        ),
        "B01 a bound of the base that the head lowers": Red(
            lambda w: bound(strict(w), "at_most: 0.03", "at_most: 0.1"),
            (METRICS, "sex", "demographic_parity_difference at most 0.03 by sex: 0.04"),
            (
                "artifacts/ml/models/hardship/metrics.json",
                "sex",
                "demographic_parity_difference at most 0.03 by sex: 0.04",
            ),
            base=strict,
        ),
        "B01 a bound of the base that the head drops": Red(
            lambda w: bound(also(w), ALSO, ""),
            (PRICES, "performance", "prices: root_mean_squared_error at most 1: not measured"),
            base=also,
            verdict=Verdict.ERROR,
        ),
        "the head's own stricter bound": Red(
            lambda w: bound(w, "at_most: 1.5", "at_most: 1.05"),
            (PRICES, "sex", "mean_absolute_error_ratio at most 1.05 by sex: 1.1"),
            base=same,
        ),
    },
}
GREEN = {
    "gates/stricter": {
        "the same bound": Green(
            lambda w: w.edit(CREDIT, "at_least: 0.75, minimum_rows: 1500",
                             "at_least: 0.7, minimum_rows: 1000")
        ),
        "a bound on something else": Green(
            lambda w: w.edit(CREDIT, "roc_auc, at_least: 0.75", "f1, at_least: 0.1").set(
                METRICS, ("performance", "f1"), {"value": 0.5, "low": 0.4, "high": 0.6,
                                                 "rows": 2000}).retrain()
        ),
    },
    "gates/thresholds": {
        "exactly the bound": Green(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "value", value=0.75)
        ),
        "exactly enough rows": Green(
            lambda w: measured(w, METRICS, "performance", "roc_auc", "rows", value=1500)
        ),
        "a stricter policy that is met": Green(
            lambda w: bound(w, "at_least: 0.7,", "at_least: 0.74,"), base=same
        ),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_nothing_to_judge_is_said(valid: World) -> None:
    valid.remove(*[path for path in valid.files if path.startswith("models/")])
    (result,) = valid.judge(["gates/thresholds"]).results
    assert (result.verdict, result.reason) == ("not applicable", "no model was evaluated")


def test_an_inconclusive_bound_is_a_warning_that_still_stops(valid: World) -> None:
    judgement = measured(valid, METRICS, "performance", "roc_auc", "rows", value=3).judge()
    assert judgement.exit_code == 1
    assert {f.verdict for _, f in judgement.findings} == {Verdict.INCONCLUSIVE}
    assert all("recorded decision" in found.fix for _, found in judgement.findings)


def test_a_base_without_gates_cannot_judge() -> None:
    base = world().remove(GATES)
    judgement = world().judge(["gates/*"], base=base)
    assert {result.verdict for result in judgement.results} == {Verdict.ERROR}
    assert judgement.exit_code != 0
