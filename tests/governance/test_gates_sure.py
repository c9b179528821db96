"""Gates with a confidence: clearly within, clearly beyond, or a person decides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from governance import gaps, uncertainty
from governance.bounds import ChampionBound, SliceBound, Threshold
from governance.comparison import Beside, Comparison, answered_alike, answered_apart
from governance.evidence import GroupMeasures, GroupReport, Measure, Metrics, ToolUsed
from governance.finding import Verdict
from governance.gates import GateResult, beside_champion, judge
from governance.ratios import Pairs

ZERO = f"sha256:{'0' * 64}"
AUC = Threshold(metric="roc_auc", at_least=0.7, minimum_rows=100, confidence=0.975)
LOSS = Threshold(metric="log_loss", at_most=0.5, minimum_rows=100, confidence=0.975)
PARITY = Threshold(
    metric="demographic_parity_difference", at_most=0.1, minimum_rows=20, confidence=0.95
)
THREE = ChampionBound(metric="accuracy", relative_drop_at_most=0.03, minimum_rows=60)


def metrics(
    performance: dict[str, Measure] | None = None, fairness: GroupReport | None = None
) -> Metrics:
    return Metrics(
        model="m", model_digest=ZERO, task="classification", rows=500,
        tool=ToolUsed(name="fairlearn", version="0"), performance=performance or {},
        fairness={"sex": fairness} if fairness else {}, drift={},
    )  # fmt: skip


def measure(value: float, low: float, high: float, rows: int = 500) -> Measure:
    return Measure(value=value, low=low, high=high, rows=rows)


def one(bound: Threshold, found: Measure) -> GateResult:
    (result,) = judge([bound], [], metrics({bound.metric: found}), [])
    return result


PERFORMANCE = {
    "the interval lies above": (AUC, measure(0.75, 0.71, 0.79), "pass", None),
    "the interval touches": (AUC, measure(0.75, 0.70, 0.79), "pass", None),
    "the interval reaches below": (
        AUC, measure(0.75, 0.69, 0.79), "inconclusive", "about 220 more labels would tell",
    ),
    "the interval lies below": (AUC, measure(0.65, 0.61, 0.69), "fail", None),
    "the interval reaches above": (
        AUC, measure(0.69, 0.65, 0.73), "inconclusive", "about 7,500 more labels would tell",
    ),
    "exactly on the bound": (
        AUC, measure(0.7, 0.66, 0.74), "inconclusive",
        "no number of labels is likely to tell",
    ),
    "an error clearly small": (LOSS, measure(0.4, 0.35, 0.49), "pass", None),
    "an error perhaps small": (
        LOSS, measure(0.4, 0.39, 0.51), "inconclusive", "about 110 more labels would tell",
    ),
    "an error clearly large": (LOSS, measure(0.6, 0.51, 0.95), "fail", None),
    "too few rows, however clear": (
        AUC, measure(0.9, 0.89, 0.91, rows=99), "inconclusive", "too few rows, 100 are needed",
    ),
    "an interval without the value": (AUC, measure(0.9, 0.71, 0.8), "error", None),
    "an interval without width": (AUC, measure(0.6, 0.6, 0.6), "fail", None),
}  # fmt: skip


@pytest.mark.parametrize(
    ("bound", "found", "verdict", "why"), PERFORMANCE.values(), ids=PERFORMANCE
)
def test_a_bound_with_a_confidence(
    bound: Threshold, found: Measure, verdict: str, why: str | None
) -> None:
    result = one(bound, found)
    assert (result.verdict, result.why) == (verdict, why)


FINITE = st.floats(0.01, 0.99)


@given(FINITE, st.floats(0, 0.2), st.floats(0, 0.2), st.floats(0.51, 0.99))
def test_a_confidence_lets_nothing_through_that_the_value_alone_does_not(
    value: float, below: float, above: float, confidence: float
) -> None:
    found = measure(value, value - below, value + above)
    sure = one(AUC.model_copy(update={"confidence": confidence}), found)
    plain = one(AUC.model_copy(update={"confidence": None}), found)
    assert plain.verdict.green or not sure.verdict.green


def groups(**rates: tuple[float, int]) -> GroupReport:
    values = [rate for rate, _ in rates.values()]
    return GroupReport(
        groups={
            group: GroupMeasures(
                rows=rows, metrics={"selection_rate": rate}, bases={"selection_rate": rows}
            )
            for group, (rate, rows) in rates.items()
        },
        disparities={PARITY.metric: max(values) - min(values)},
    )


def parity(report: GroupReport, **changes: Any) -> GateResult:
    (result,) = judge([], [PARITY.model_copy(update=changes)], metrics(fairness=report), [])
    return result


GAPS = {
    "alike, many rows": (groups(f=(0.4, 2000), m=(0.42, 2000)), "pass", None),
    "alike, few rows": (
        groups(f=(0.4, 40), m=(0.42, 2000)), "inconclusive", "about 48 more rows of f would tell",
    ),
    "apart, many rows": (groups(f=(0.3, 2000), m=(0.5, 2000)), "fail", None),
    "apart by accident": (
        groups(f=(0.55, 20), m=(0.4, 2000)), "inconclusive", "about 16 more rows of f would tell",
    ),
    "apart, with the bound within reach": (
        groups(f=(0.4, 500), m=(0.51, 500)), "fail", None,
    ),
    "a group below the minimum": (
        groups(f=(0.4, 19), m=(0.4, 2000)), "inconclusive", "too few rows, 20 are needed",
    ),
    "a group below the minimum, however far apart": (
        groups(f=(1.0, 19), m=(0.4, 2000)), "inconclusive", "too few rows, 20 are needed",
    ),
    "a group below the minimum hides no other gap": (
        groups(f=(0.3, 2000), m=(0.5, 2000), x=(0.4, 3)), "fail", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("report", "verdict", "why"), GAPS.values(), ids=GAPS)
def test_a_gap_with_a_confidence(report: GroupReport, verdict: str, why: str | None) -> None:
    result = parity(report)
    assert (result.verdict, result.why) == (verdict, why)


def test_the_widest_gap_that_the_rows_allow_is_told() -> None:
    assert parity(groups(f=(0.4, 2000), m=(0.42, 2000))).measured == (
        "0.02, at most 0.0455428 with 95 %, smallest group n=2000"
    )


def test_rates_are_read_back_as_the_counts_they_were() -> None:
    report = groups(f=(0.333333, 300), m=(0.666667, 300))
    (gap,) = gaps.pairs(PARITY.metric, report, 0.95)
    assert gap.chance == uncertainty.same_rate(100, 300, 200, 300)


def test_many_groups_raise_no_more_alarms_than_two() -> None:
    two = groups(a=(0.2, 50), b=(0.4, 50))
    many = dict.fromkeys("cdefgh", (0.4, 50))
    assert parity(two).verdict == Verdict.FAIL
    assert parity(groups(a=(0.2, 50), b=(0.4, 50), **many)).verdict == Verdict.INCONCLUSIVE


def test_a_gap_that_its_groups_do_not_show_is_an_error() -> None:
    report = groups(f=(0.3, 2000), m=(0.5, 2000))
    forged = report.model_copy(update={"disparities": {PARITY.metric: 0.05}})
    result = parity(forged)
    assert (result.verdict, result.measured) == ("error", "0.05 does not follow from its groups")


@pytest.mark.parametrize("bases", [{}, {"selection_rate": 0}])
def test_a_group_without_rows_behind_its_rate_leaves_the_question_open(
    bases: dict[str, int],
) -> None:
    report = groups(f=(0.4, 2000), m=(0.4, 2000))
    bare = report.groups["m"].model_copy(update={"bases": bases})
    result = parity(report.model_copy(update={"groups": {**report.groups, "m": bare}}))
    assert result.verdict == Verdict.INCONCLUSIVE
    assert str(result.why).startswith("nothing to measure it by in m:")


def means(metric: str, bound: float, **found: tuple[float, float]) -> GateResult:
    name = "mean_error" if metric == "mean_error_difference" else "mean_absolute_error"
    values = [value for value, _ in found.values()]
    gap = max(values) - min(values) if name == "mean_error" else max(values) / min(values)
    report = GroupReport(
        groups={
            group: GroupMeasures(rows=100, metrics={name: value}, errors={name: error})
            for group, (value, error) in found.items()
        },
        disparities={metric: gap},
    )
    limit = Threshold(metric=metric, at_most=bound, minimum_rows=20, confidence=0.95)
    (result,) = judge([], [limit], metrics(fairness=report), [])
    return result


MEANS = {
    "errors alike": (("mean_error_difference", 30.0), (1, 5), (4, 5), "pass"),
    "errors perhaps alike": (("mean_error_difference", 30.0), (1, 15), (4, 15), "inconclusive"),
    "errors apart": (("mean_error_difference", 30.0), (-20, 5), (20, 5), "fail"),
    "errors apart by accident": (("mean_error_difference", 30.0), (-20, 25), (20, 25),
                                 "inconclusive"),
    "as large": (("mean_absolute_error_ratio", 1.5), (10, 0.5), (11, 0.5), "pass"),
    "perhaps as large": (("mean_absolute_error_ratio", 1.5), (10, 2), (11, 2), "inconclusive"),
    "twice as large": (("mean_absolute_error_ratio", 1.5), (10, 0.5), (20, 1), "fail"),
}  # fmt: skip


@pytest.mark.parametrize(("what", "one", "two", "verdict"), MEANS.values(), ids=MEANS)
def test_a_gap_of_means(
    what: tuple[str, float], one: tuple[float, float], two: tuple[float, float], verdict: str
) -> None:
    assert means(*what, f=one, m=two).verdict == verdict


def compared(**found: Beside) -> Comparison:
    return Comparison(
        model="m", candidate=ZERO, champion=ZERO, rows=1000, rows_digest=ZERO, seed=0,
        metrics=found,
    )  # fmt: skip


def beside(pairs: Pairs, **changes: Any) -> Beside:
    loss, chance = answered_alike(pairs)
    values = {
        "champion": (pairs.both + pairs.first) / pairs.rows,
        "candidate": (pairs.both + pairs.second) / pairs.rows,
        "loss": loss.value, "low": loss.low, "high": loss.high, "chance": chance,
        "method": "McNemar", "rows": pairs.rows,
    }  # fmt: skip
    return Beside(**(values | changes))


def champion(found: Beside, *more: Beside, **changes: Any) -> GateResult:
    bound = THREE.model_copy(update=changes)
    bounds = [bound, *(bound.model_copy(update={"metric": name}) for name, _ in zip(
        ("f1", "roc_auc", "balanced_accuracy"), more, strict=False))]  # fmt: skip
    besides = {b.metric: f for b, f in zip(bounds, (found, *more), strict=True)}
    return next(iter(beside_champion(bounds, compared(**besides))))


LOSSES = {
    "as good, many rows": (Pairs(16_000, 500, 500, 3_000), "pass", None),
    "better": (Pairs(2_400, 50, 150, 400), "pass", None),
    "as good, few rows": (
        Pairs(50, 3, 3, 4), "inconclusive", "about 440 more labels would tell",
    ),
    "much worse, many rows": (Pairs(2_300, 250, 80, 370), "fail", None),
    "much worse, few rows": (
        Pairs(48, 4, 1, 7), "inconclusive", "about 48 more labels would tell",
    ),
    "worse beyond doubt, within the bound": (Pairs(19_000, 300, 100, 600), "pass", None),
    "too few rows, however clear": (
        Pairs(20, 30, 0, 9), "inconclusive", "too few rows, 60 are needed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pairs", "verdict", "why"), LOSSES.values(), ids=LOSSES)
def test_a_candidate_beside_the_champion(pairs: Pairs, verdict: str, why: str | None) -> None:
    result = champion(beside(pairs))
    assert (result.verdict, result.why) == (verdict, why)


def test_a_loss_is_told_with_its_interval() -> None:
    result = champion(beside(Pairs(2_300, 250, 80, 370)))
    assert str(result) == (
        "accuracy at most 3 % below the champion: 0.793333 beside the champion's 0.85,"
        " a loss of 6.67 % [5.55 %, 7.82 %], n=3000"
    )


WORSE = beside(Pairs(180, 16, 6, 20))
SAME = beside(Pairs(180, 10, 10, 20))


def test_many_metrics_raise_no_more_alarms_than_one() -> None:
    assert champion(WORSE).verdict == Verdict.FAIL
    assert champion(WORSE, SAME, SAME, SAME).verdict == Verdict.INCONCLUSIVE


def test_a_family_of_its_own_is_judged_by_itself() -> None:
    bounds = [
        THREE.model_copy(update={"family": "primary"}),
        *(THREE.model_copy(update={"metric": name}) for name in ("f1", "roc_auc")),
    ]
    found = list(beside_champion(bounds, compared(accuracy=WORSE, f1=SAME, roc_auc=SAME)))
    assert [result.verdict for result in found] == ["fail", "inconclusive", "inconclusive"]


ERRORS = {
    "not measured": (compared(), "not measured beside the champion"),
    "a percentage for a share": (
        compared(accuracy=beside(Pairs(80, 5, 5, 10), candidate=85)), "85 is no possible value",
    ),
    "an interval without the loss": (
        compared(accuracy=beside(Pairs(80, 5, 5, 10), loss=-0.9)),
        "the interval does not hold the loss",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("found", "words"), ERRORS.values(), ids=ERRORS)
def test_numbers_that_cannot_be_are_errors(found: Comparison, words: str) -> None:
    (result,) = beside_champion([THREE], found)
    assert result.verdict == Verdict.ERROR
    assert words in result.measured


def test_of_a_champion_at_nothing_there_is_no_share_to_lose() -> None:
    nothing = beside(Pairs(80, 5, 5, 10), champion=0, loss=None, low=None, high=None)
    result = champion(nothing)
    assert result.verdict == Verdict.INCONCLUSIVE
    assert result.why == "of a champion at 0 there is no share to lose"


@given(
    st.integers(0, 2_000), st.integers(0, 300), st.integers(0, 300), st.integers(0, 500),
    st.floats(0.6, 0.99), st.floats(0.01, 0.2), st.integers(1, 500),
)  # fmt: skip
def test_a_bound_that_loosens_nothing_lets_nothing_through(
    both: int, first: int, second: int, neither: int, sure: float, drop: float, rows: int
) -> None:
    if not both + first:
        return
    own = THREE.model_copy(
        update={"confidence": sure, "relative_drop_at_most": drop, "minimum_rows": rows}
    )
    found = compared(accuracy=beside(Pairs(both, first, second, neither)))
    results = [next(iter(beside_champion([bound], found))) for bound in (own, THREE)]
    if not own.loosens(THREE) and results[0].verdict.green:
        assert results[1].verdict.green


@pytest.mark.parametrize(
    "changes",
    [
        {"relative_drop_at_most": 0},
        {"relative_drop_at_most": 1},
        {"relative_drop_at_most": 3},
        {"confidence": 0.5},
        {"minimum_rows": 0},
        {"metric": "demographic_parity_difference"},
        {"metric": "charm"},
    ],
)
def test_a_bound_that_is_no_bound_is_refused(changes: dict[str, Any]) -> None:
    given_ = {"metric": "f1", "relative_drop_at_most": 0.03, "minimum_rows": 60} | changes
    with pytest.raises(ValidationError):
        ChampionBound(**given_)


def test_b97_small_losses_do_not_creep_past_a_champion_that_stays() -> None:
    # Each candidate is half a percent worse than the one before; the champion is a named release.
    verdicts = []
    for number in range(1, 11):
        lost = round(20_000 * 0.85 * (1 - 0.995**number))
        verdicts.append(
            champion(beside(Pairs(17_000 - lost - 300, lost + 300, 300, 2_700))).verdict
        )
    assert verdicts[:3] == [Verdict.PASS] * 3
    assert verdicts[-3:] == [Verdict.FAIL] * 3


def test_rows_of_their_own_tell_less_than_the_same_rows() -> None:
    same, _ = answered_alike(Pairs(800, 50, 50, 100))
    apart, chance = answered_apart((850, 1000), (850, 1000))
    assert apart.low < same.low < 0 < same.high < apart.high
    assert chance == 0.5


SLICES = {
    "web": {"roc_auc": measure(0.80, 0.76, 0.84)},
    "branch": {"roc_auc": measure(0.72, 0.66, 0.78)},
    "shop": {},
}
IN_EACH = SliceBound(metric="roc_auc", at_least=0.7, minimum_rows=100, confidence=0.975)


@pytest.mark.parametrize("by", ["channel", None])
def test_every_slice_is_judged(by: str | None) -> None:
    found = metrics().model_copy(update={"slices": {"channel": SLICES}})
    bound = IN_EACH.model_copy(update={"by": by})
    results = {r.group: (r.verdict.value, r.why) for r in judge([], [], found, [], [bound])}
    assert results == {
        "channel = branch": ("inconclusive", "about 4,000 more labels would tell"),
        "channel = shop": ("inconclusive", "one class only, or too few rows for a metric"),
        "channel = web": ("pass", None),
    }


def test_a_gap_is_no_metric_of_a_slice() -> None:
    with pytest.raises(ValidationError):
        SliceBound(metric="mean_error_difference", at_most=1, minimum_rows=1)  # type: ignore[arg-type]
