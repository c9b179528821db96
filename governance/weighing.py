"""A measured value against one bound: clearly within, clearly beyond, or nobody can tell yet."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from governance import comparison, gaps, uncertainty
from governance.bounds import ChampionBound, SliceBound, Threshold, possible
from governance.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from governance.comparison import Beside
    from governance.evidence import GroupReport, Measure, Metrics

NINETY_FIVE: Final = 0.975
"""Confidence of either side of the two-sided 95 % intervals that evidence holds."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A test that may raise an alarm: it does when the value is beyond, and is no accident.

    `chance`: p-value of an accident, of a test with so many `sides`. `rows` of `what` it rests on.
    """

    chance: float
    beyond: bool
    rows: int
    what: str = "labels"
    sides: int = 1

    def further(self, confidence: float, chance: float) -> str:
        """How many more rows would show that it is none, when its adjusted p-value is `chance`."""
        wanted = uncertainty.quantile(1 - (1 - confidence) / self.sides)
        seen = uncertainty.quantile(1 - chance / self.sides)
        return more(uncertainty.further(self.rows, wanted, seen), self.what)


@dataclass(frozen=True, slots=True)
class Weighed:
    """One bound, weighed on its own: `verdict` holds unless an alarm stands in its family."""

    bound: Threshold | ChampionBound
    verdict: Verdict
    measured: str
    group: str | None = None
    why: str | None = None
    alarms: tuple[Alarm, ...] = ()


def performance(bound: Threshold, metrics: Metrics) -> Weighed:
    """A bound on how well the model predicts."""
    measure = metrics.performance.get(bound.metric)
    if measure is None:
        return Weighed(bound, Verdict.ERROR, "not measured")
    return _measured(bound, measure)


def slices(bound: SliceBound, metrics: Metrics) -> Iterator[Weighed]:
    """A bound on each slice of one column, or of every column that was sliced."""
    for column in sorted(metrics.slices) if bound.by is None else [bound.by]:
        if column not in metrics.slices:
            yield Weighed(bound, Verdict.ERROR, "not measured", column)
        for value, measures in sorted(metrics.slices.get(column, {}).items()):
            where, measure = f"{column} = {value}", measures.get(bound.metric)
            if measure is None:
                why = "one class only, or too few rows for a metric"
                yield Weighed(bound, Verdict.INCONCLUSIVE, "not measured", where, why)
            else:
                yield replace(_measured(bound, measure), group=where)


def _measured(bound: Threshold, measure: Measure) -> Weighed:
    if not possible(bound.metric, measure.value):
        return Weighed(bound, Verdict.ERROR, f"{measure.value:g} is no possible value")
    text = f"{measure.value:g} [{measure.low:g}, {measure.high:g}], n={measure.rows}"
    if measure.rows < bound.minimum_rows:
        return Weighed(bound, Verdict.INCONCLUSIVE, text, why=_too_few(bound))
    if bound.confidence is None:
        return Weighed(bound, Verdict.PASS if bound.passes(measure.value) else Verdict.FAIL, text)
    if not measure.low <= measure.value <= measure.high:
        return Weighed(bound, Verdict.ERROR, f"{text}: the interval does not hold the value")
    return _with_interval(bound, bound.confidence, measure, text)


def _with_interval(bound: Threshold, confidence: float, measure: Measure, text: str) -> Weighed:
    stretch = uncertainty.quantile(confidence) / uncertainty.quantile(NINETY_FIVE)
    below, above = (
        stretch * (measure.value - measure.low),
        stretch * (measure.high - measure.value),
    )
    within = bound.passes(measure.value)
    upwards = (bound.at_least is None) == within
    reach, distance = above if upwards else below, abs(measure.value - bound.limit)
    if within and reach <= distance:
        quiet = Alarm(1.0, beyond=False, rows=measure.rows)
        return Weighed(bound, Verdict.PASS, text, alarms=(quiet,))
    error = reach / uncertainty.quantile(confidence)
    chance = uncertainty.upper_tail(distance / error) if error else float(within)
    why = more(uncertainty.further(measure.rows, reach, distance), "labels")
    alarm = Alarm(chance, not within, measure.rows)
    return Weighed(bound, Verdict.INCONCLUSIVE, text, None, why, (alarm,))


def _too_few(bound: Threshold | ChampionBound) -> str:
    return f"too few rows, {bound.minimum_rows} are needed"


def more(count: int | None, what: str) -> str:
    """What an inconclusive gate lacks, in words."""
    if count is None:
        return f"no number of {what} is likely to tell"
    return f"about {count:,} more {what} would tell"


def fairness(bound: Threshold, attribute: str, report: GroupReport | None) -> Weighed:
    """A bound on the gap between the groups of one protected attribute."""
    value = report.disparities.get(bound.metric) if report else None
    if report is None or value is None:
        return Weighed(bound, Verdict.ERROR, "not measured", attribute)
    if len(report.groups) < 2:  # noqa: PLR2004 - a gap lies between two
        return Weighed(bound, Verdict.INCONCLUSIVE, "one group only", attribute, _too_few(bound))
    if not possible(bound.metric, value):
        return Weighed(bound, Verdict.ERROR, f"{value:g} is no possible value", attribute)
    smallest = min(group.rows for group in report.groups.values())
    text = f"{value:g}, smallest group n={smallest}"
    if bound.confidence is not None:
        return _gaps(bound, bound.confidence, attribute, report, value)
    if smallest < bound.minimum_rows:
        return Weighed(bound, Verdict.INCONCLUSIVE, text, attribute, _too_few(bound))
    return Weighed(bound, Verdict.PASS if bound.passes(value) else Verdict.FAIL, text, attribute)


def _gaps(
    bound: Threshold, confidence: float, attribute: str, report: GroupReport, value: float
) -> Weighed:
    """Every two groups large enough are compared; one too small leaves the question open."""
    large = {n: g for n, g in report.groups.items() if g.rows >= bound.minimum_rows}
    smallest = min(group.rows for group in report.groups.values())
    text = f"{value:g}, smallest group n={smallest}"
    untold = sorted(report.groups.keys() - gaps.weighed(bound.metric, report).keys())
    everything = list(gaps.pairs(bound.metric, report, confidence))
    if not untold and not math.isclose(
        max(gap.value for gap in everything), value, rel_tol=1e-3, abs_tol=1e-5
    ):
        return Weighed(
            bound, Verdict.ERROR, f"{value:g} does not follow from its groups", attribute
        )
    found = [gap for gap in everything if large.keys() >= set(gap.groups)]
    alarms = tuple(
        Alarm(gap.chance, not bound.passes(gap.value), gap.rows, _rows_of(report, gap), sides=2)
        for gap in found
    )
    if untold:
        why = f"nothing to measure it by in {', '.join(untold)}: more rows, or `charter retrain`"
        return Weighed(bound, Verdict.INCONCLUSIVE, text, attribute, why, alarms)
    if len(large) < len(report.groups):
        return Weighed(bound, Verdict.INCONCLUSIVE, text, attribute, _too_few(bound), alarms)
    worst = max(found, key=lambda gap: gap.widest)
    sure = f"at most {worst.widest:g} with {100 * confidence:g} %"
    text = f"{value:g}, {sure}, smallest group n={smallest}"
    if bound.passes(worst.widest):
        return Weighed(bound, Verdict.PASS, text, attribute, None, alarms)
    reach = worst.widest - worst.value
    count = uncertainty.further(worst.rows, reach, bound.limit - worst.value)
    why = more(count, _rows_of(report, worst))
    return Weighed(bound, Verdict.INCONCLUSIVE, text, attribute, why, alarms)


def _rows_of(report: GroupReport, gap: gaps.Gap) -> str:
    return f"rows of {min(gap.groups, key=lambda group: (report.groups[group].rows, group))}"


def loss(bound: ChampionBound, beside: Beside | None) -> Weighed:
    """A bound on what the candidate may lose against the champion.

    It fails when the loss is beyond the bound and no accident; it passes when the interval
    excludes the bound; in between nobody can tell.
    """
    if beside is None:
        return Weighed(bound, Verdict.ERROR, "not measured beside the champion")
    for value in (beside.champion, beside.candidate):
        if not possible(bound.metric, value):
            return Weighed(bound, Verdict.ERROR, f"{value:g} is no possible value")
    text = f"{beside.candidate:g} beside the champion's {beside.champion:g}"
    found = comparison.at(beside, bound.confidence)
    if found is None:
        why = f"of a champion at {beside.champion:g} there is no share to lose"
        return Weighed(bound, Verdict.INCONCLUSIVE, f"{text}, n={beside.rows}", why=why)
    if not found.low <= found.value <= found.high:
        return Weighed(bound, Verdict.ERROR, f"{text}: the interval does not hold the loss")
    text += (
        f", a loss of {_percent(found.value)} [{_percent(found.low)}, {_percent(found.high)}],"
        f" n={beside.rows}"
    )
    if beside.rows < bound.minimum_rows:
        return Weighed(bound, Verdict.INCONCLUSIVE, text, why=_too_few(bound))
    alarm = Alarm(beside.chance, found.value > bound.relative_drop_at_most, beside.rows)
    if found.high < bound.relative_drop_at_most:
        return Weighed(bound, Verdict.PASS, text, alarms=(alarm,))
    reach, distance = found.high - found.value, bound.relative_drop_at_most - found.value
    why = more(uncertainty.further(beside.rows, reach, distance), "labels")
    return Weighed(bound, Verdict.INCONCLUSIVE, text, None, why, (alarm,))


def _percent(share: float) -> str:
    return f"{round(100 * share, 2) + 0.0:.2f} %"
