"""Do the measured models reach what policies and owners demand?"""

from __future__ import annotations

from typing import Any

import pytest
import signing
from cases import Change, Green, Red, Table, keeps_quiet, rows, tells
from world import World, world

from governance import digest
from governance.finding import Finding, Verdict

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


CHAMPION = {"metric": "roc_auc", "relative_drop_at_most": 0.03, "minimum_rows": 60}


def relative(w: World, **own: Any) -> World:
    """A bound against the champion in the policy, and the model's own."""
    w.set(GATES, ("classification", "champion"), [CHAMPION])
    return w.set(CREDIT, ("gates", "champion"), [CHAMPION | own])


def sure(w: World, **found: Any) -> World:
    """The policy's bound on performance with a confidence, and a measure to hold against it."""
    w.edit(GATES, "at_least: 0.7, minimum_rows: 1000", "at_least: 0.7, minimum_rows: 1000, "
           "confidence: 0.95").edit(CREDIT, "at_least: 0.75, minimum_rows: 1500",
           "at_least: 0.7, minimum_rows: 1000, confidence: 0.95")  # fmt: skip
    measure = {"value": 0.82, "low": 0.81, "high": 0.83, "rows": 2000} | found
    return measured(w, METRICS, "performance", "roc_auc", value=measure)


def shared(w: World, **rates: tuple[float, int]) -> World:
    """The policy's bound on parity with a confidence, and groups selected at such rates."""
    w.edit(GATES, "at_most: 0.1, minimum_rows: 300",
           "at_most: 0.1, minimum_rows: 20, confidence: 0.95")  # fmt: skip
    values = [rate for rate, _ in rates.values()]
    groups = {
        name: {"rows": n, "metrics": {"selection_rate": rate}, "bases": {"selection_rate": n}}
        for name, (rate, n) in rates.items()
    }
    gap = {"demographic_parity_difference": max(values) - min(values)}
    report = {"sex": {"groups": groups, "disparities": gap}}
    hardship = METRICS.replace("credit", "hardship")
    w.set(hardship, ("fairness",), report)
    return measured(w, METRICS, "fairness", value=report)


def sliced(w: World, found: dict[str, tuple[float, int]], by: str = "channel") -> World:
    """The model's own bound on slices by a column, and what was measured in those by channel."""
    wanted = {"metric": "roc_auc", "by": by, "at_least": 0.7, "minimum_rows": 100}
    w.set(CREDIT, ("gates", "slices"), [wanted])
    measures = {
        value: {"roc_auc": {"value": auc, "low": auc - 0.01, "high": auc + 0.01, "rows": rows}}
        for value, (auc, rows) in found.items()
    }
    return measured(w, METRICS, "slices", value={"channel": measures})


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
        "a fairness bound that lets more through": Red(
            lambda w: w.set(
                CREDIT,
                ("gates", "fairness"),
                [{"metric": "demographic_parity_difference", "at_most": 0.2, "minimum_rows": 300}],
            ),
            (CREDIT, "demographic_parity_difference", "at most 0.2 is looser"),
        ),
        "a bound with less confidence": Red(
            lambda w: w.edit(
                GATES, "minimum_rows: 1000}", "minimum_rows: 1000, confidence: 0.9}"
            ).edit(CREDIT, "at_least: 0.75", "at_least: 0.75, confidence: 0.8"),
            (CREDIT, "at_least: 0.75", "roc_auc at least 0.75 is looser than the policy's"),
        ),
        "more may be lost against the champion": Red(
            lambda w: relative(w, relative_drop_at_most=0.05),
            (
                CREDIT,
                "metric: roc_auc",
                "roc_auc at most 5 % below the champion is looser than the policy's roc_auc at",
            ),
        ),
        "the champion is beaten on fewer rows": Red(
            lambda w: relative(w, minimum_rows=59),
            (CREDIT, "metric: roc_auc", "is looser"),
        ),
        "the champion is beaten with less confidence": Red(
            lambda w: relative(w, confidence=0.9),
            (CREDIT, "metric: roc_auc", "is looser"),
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
        "a slice in which the ranking is poor": Red(
            lambda w: sliced(w, {"web": (0.8, 900), "branch": (0.6, 900)}),
            (
                METRICS,
                "branch",
                "roc_auc at least 0.7 in each slice by channel = branch",
            ),
        ),
        "a slice with few rows": Red(
            lambda w: sliced(w, {"web": (0.8, 900), "branch": (0.8, 90)}),
            (METRICS, "branch", "channel = branch: 0.8 [0.79, 0.81], n=90; too few rows, 100 are"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "a column nobody sliced by": Red(
            lambda w: sliced(w, {"web": (0.8, 900)}, by="region"),
            (METRICS, "slices", "roc_auc at least 0.7 in each slice by region: not measured"),
            verdict=Verdict.ERROR,
        ),
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
        "perhaps below the bound": Red(
            lambda w: sure(w, value=0.71, low=0.69, high=0.73),
            (METRICS, "roc_auc", "0.71 [0.69, 0.73], n=2000; about 3,700 more labels would tell"),
            verdict=Verdict.INCONCLUSIVE,
        ),
        "clearly below the bound": Red(
            lambda w: sure(w, value=0.65, low=0.63, high=0.67),
            (METRICS, "roc_auc", "credit: roc_auc at least 0.7: 0.65 [0.63, 0.67], n=2000"),
        ),
        "B88 an interval that does not hold its value": Red(
            lambda w: sure(w, value=0.9),
            (METRICS, "roc_auc", "0.9 [0.81, 0.83], n=2000: the interval does not hold the value"),
            only=True,
            verdict=Verdict.ERROR,
        ),
        "a gap on twenty people": Red(
            lambda w: shared(w, f=(0.55, 20), m=(0.4, 2000)),
            (METRICS, "sex", "smallest group n=20; about 16 more rows of f would tell"),
            (METRICS.replace("credit", "hardship"), "sex", "about 16 more rows of f would tell"),
            only=True,
            verdict=Verdict.INCONCLUSIVE,
        ),
        "a gap that is no accident": Red(
            lambda w: shared(w, f=(0.3, 2000), m=(0.5, 2000)),
            (METRICS, "sex", "demographic_parity_difference at most 0.1 by sex: 0.2"),
            (METRICS.replace("credit", "hardship"), "sex", "at most 0.1 by sex: 0.2"),
            only=True,
        ),
        "a gap that its groups do not show": Red(
            lambda w: shared(w, f=(0.3, 2000), m=(0.5, 2000)).set(
                METRICS, ("fairness", "sex", "disparities", "demographic_parity_difference"), 0.05
            ),
            (METRICS, "sex", "by sex: 0.05 does not follow from its groups"),
            (METRICS.replace("credit", "hardship"), "sex", "at most 0.1 by sex: 0.2"),
            only=True,
            verdict=Verdict.ERROR,
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
        "as much may be lost against the champion": Green(relative),
        "less may be lost against the champion": Green(
            lambda w: relative(w, relative_drop_at_most=0.01, confidence=0.99, minimum_rows=100)
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
        "clearly above a bound with a confidence": Green(sure),
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


def test_a_bound_in_the_wrong_direction_is_no_bound() -> None:
    tells(
        "declarations/loadable",
        Red(
            lambda w: w.edit(CREDIT, "at_least: 0.75", "at_most: 0.99"),
            (CREDIT, "metric: roc_auc", "roc_auc is better when higher: give at_least"),
            only=True,
        ),
    )


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


VERSION, DECISION = "models/credit/versions/1.0.0.yaml", "records/decisions/d-1.yaml"
METADATA, APPROVAL = METRICS.replace("metrics", "metadata"), "records/approvals/a-1.yaml"
SUBJECT = "model:credit@1.0.0"


def thin() -> World:
    """Credit measured on too few rows, and a version registered with exactly that evidence."""
    w = measured(world(), METRICS, "performance", "roc_auc", "rows", value=700)
    w.set(VERSION, ("training_hash",), w.value(METADATA)["training_hash"])
    return w.set(VERSION, ("evidence",), {"metrics": digest.of_bytes(w.files[METRICS])})


def decided(w: World, outcome: str = "approve", signed: str = "approve") -> World:
    """The board's decision on that version as it stands."""
    evidence = {"metrics": digest.of_bytes(w.files[METRICS])}
    seen = digest.of_value({"entry": digest.of_bytes(w.files[VERSION]), "evidence": evidence})
    w.set(DECISION, ("digest",), seen).set(DECISION, ("decision",), outcome)
    word = {"approve": "yes", "reject": "no"}[signed]
    w.set(DECISION, ("votes",), {"boris": word})
    return w.put(APPROVAL, signing.record("a-1", "boris", "board", SUBJECT, seen, said=signed))


def thresholds(w: World) -> tuple[str, list[Finding]]:
    (result,) = w.judge(["gates/thresholds"]).results
    return str(result.verdict), list(result.findings)


def test_a_recorded_decision_settles_what_the_rows_leave_open() -> None:
    verdict, found = thresholds(decided(thin()))
    assert verdict == "pass"
    assert len(found) == 2
    for finding in found:
        assert (finding.verdict, finding.notes) == (
            Verdict.PASS, (f"settled by {DECISION}: it helps",)
        )  # fmt: skip
        assert "n=700; too few rows" in finding.problem


def newer(w: World) -> World:
    text = w.text(DECISION).replace("id: d-1", "id: d-2").replace("11-20T08", "11-21T08")
    return w.put(DECISION.replace("d-1", "d-2"), text).set(
        DECISION.replace("d-1", "d-2"), ("decision",), "defer"
    )


UNSETTLED = {
    "no decision": lambda w: w.remove(DECISION),
    "the board says no": lambda w: decided(w, "reject", "reject"),
    "more no than yes": lambda w: decided(w, "approve", "reject"),
    "a vote that nobody signed": lambda w: decided(w).remove(APPROVAL),
    "a newer word of the board": lambda w: newer(decided(w)),
    "a decision on another version": lambda w: decided(w).edit(
        DECISION, "credit@1.0.0", "credit@1.0.1"
    ),
    "another digest": lambda w: decided(w).set(
        DECISION, ("digest",), f"sha256:{'0' * 64}"
    ),
    "a version of an earlier training": lambda w: decided(
        w.set(VERSION, ("training_hash",), f"sha256:{'0' * 64}")
    ),
    "metrics measured anew": lambda w: measured(
        decided(w), METRICS, "performance", "roc_auc", "rows", value=701
    ),
    "a version without metrics": lambda w: decided(
        w.set(VERSION, ("evidence",), {"training": f"sha256:{'0' * 64}"})
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", UNSETTLED.values(), ids=UNSETTLED)
def test_nothing_else_settles_it(change: Change) -> None:
    verdict, found = thresholds(change(thin()))
    assert verdict == "inconclusive"
    assert {finding.verdict for finding in found} == {Verdict.INCONCLUSIVE}


def test_no_decision_settles_a_failure() -> None:
    w = thin()
    w = measured(w, METRICS, "performance", "roc_auc", value={
        "value": 0.6, "low": 0.5, "high": 0.65, "rows": 2000})  # fmt: skip
    w.set(VERSION, ("training_hash",), w.value(METADATA)["training_hash"])
    w.set(VERSION, ("evidence",), {"metrics": digest.of_bytes(w.files[METRICS])})
    verdict, found = thresholds(decided(w))
    assert verdict == "fail"
    assert {finding.verdict for finding in found} == {Verdict.FAIL}
