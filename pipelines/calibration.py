"""How often the gates raise false alarms, and how often they find what is there.

Rows are drawn from known truths and judged by the very functions that judge models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from governance import comparison
from governance.bounds import ChampionBound, Threshold
from governance.comparison import Beside, Comparison
from governance.evidence import GroupMeasures, GroupReport, Metrics, ToolUsed
from governance.finding import Verdict
from governance.gates import beside_champion, judge
from governance.ratios import Pairs
from pipelines import paired

SIZES: Final = (60, 100, 200, 500, 1_000, 2_000, 3_000, 5_000, 10_000, 20_000)
GROUPS: Final = (20, 50, 100, 200, 500)
ACCURACY: Final = 0.85
DROP: Final = 0.05
"""The true relative loss that has to be found."""
APART: Final = 0.15
"""Share of rows on which two models of equal accuracy disagree."""
RATE: Final = 0.4
OTHERS: Final = 2_000
"""Rows of the group that the small one is compared with."""
MANY: Final = 6
"""Groups, where all are small."""
RANKED: Final = (60, 200, 1_000, 3_000)
_NOBODY: Final = f"sha256:{'0' * 64}"
THREE: Final = ChampionBound(metric="accuracy", relative_drop_at_most=0.03, minimum_rows=60)
PARITY: Final = Threshold(
    metric="demographic_parity_difference", at_most=0.1, minimum_rows=1, confidence=0.95
)


@dataclass(frozen=True, slots=True)
class Line:
    """Shares of trials by verdict, under one truth. `naive`: alarms of the value alone."""

    design: str
    truth: str
    rows: int
    trials: int
    fail: float
    passed: float
    inconclusive: float
    naive: float


@dataclass(frozen=True, slots=True)
class Design:
    """A way to draw rows, and the sizes and truths it is drawn with."""

    name: str
    sizes: tuple[int, ...]
    truths: tuple[float, ...]
    said: Callable[[float], str]
    draw: Callable[[np.random.Generator, int, float, int], Iterator[tuple[Verdict, bool]]]
    share: float = 1.0
    """Share of the trials that are drawn; what takes long is drawn less often."""


def table(seed: int, trials: int) -> Iterator[Line]:
    """One line per design, truth and size; equal seeds give equal lines."""
    for number, design in enumerate(DESIGNS):
        for truth in design.truths:
            for rows in design.sizes:
                generator = np.random.default_rng((seed, number, rows, round(1000 * truth)))
                count = max(1, round(trials * design.share))
                drawn = design.draw(generator, rows, truth, count)
                yield _line(design.name, design.said(truth), rows, drawn)


def _line(name: str, truth: str, rows: int, drawn: Iterable[tuple[Verdict, bool]]) -> Line:
    verdicts: Counter[Verdict] = Counter()
    alarms = trials = 0
    for verdict, naive in drawn:
        verdicts[verdict] += 1
        alarms += naive
        trials += 1
    shares = {verdict: count / trials for verdict, count in verdicts.items()}
    return Line(
        name, truth, rows, trials, shares.get(Verdict.FAIL, 0.0), shares.get(Verdict.PASS, 0.0),
        shares.get(Verdict.INCONCLUSIVE, 0.0), alarms / trials,
    )  # fmt: skip


def _same_rows(
    generator: np.random.Generator, rows: int, drop: float, trials: int
) -> Iterator[tuple[Verdict, bool]]:
    """Both models answer the same rows."""
    less = ACCURACY * drop
    first, second = (APART + less) / 2, (APART - less) / 2
    chances = [ACCURACY - first, first, second, 1 - ACCURACY - second]
    for both, one, two, neither in generator.multinomial(rows, chances, trials).tolist():
        yield _judged_pairs(Pairs(both, one, two, neither))


@cache
def _judged_pairs(pairs: Pairs) -> tuple[Verdict, bool]:
    return _judged(*comparison.answered_alike(pairs), pairs.rows)


def _own_rows(
    generator: np.random.Generator, rows: int, drop: float, trials: int
) -> Iterator[tuple[Verdict, bool]]:
    """Each model answers rows of its own, as before and after a release."""
    before = generator.binomial(rows, ACCURACY, trials).tolist()
    after = generator.binomial(rows, ACCURACY * (1 - drop), trials).tolist()
    for first, second in zip(before, after, strict=True):
        yield _judged_apart(first, second, rows)


@cache
def _judged_apart(first: int, second: int, rows: int) -> tuple[Verdict, bool]:
    return _judged(*comparison.answered_apart((first, rows), (second, rows)), rows)


def _judged(loss: comparison.Loss, chance: float, rows: int) -> tuple[Verdict, bool]:
    return _verdict(
        Beside(
            champion=ACCURACY, candidate=ACCURACY, loss=loss.value, low=loss.low, high=loss.high,
            chance=chance, method="McNemar", rows=rows,
        ),
        THREE,
    )  # fmt: skip


def _verdict(beside: Beside, bound: ChampionBound) -> tuple[Verdict, bool]:
    whole = Comparison(
        model="m", candidate=_NOBODY, champion=_NOBODY, rows=beside.rows, rows_digest=_NOBODY,
        seed=0, metrics={bound.metric: beside},
    )  # fmt: skip
    (result,) = beside_champion([bound], whole)
    return result.verdict, (beside.loss or 0.0) > bound.relative_drop_at_most


def _ranking(name: str) -> Callable[..., Iterator[tuple[Verdict, bool]]]:
    """Two models of equal worth rank the same rows, and err apart."""
    bound = THREE.model_copy(update={"metric": name})

    def draw(
        generator: np.random.Generator, rows: int, _: float, trials: int
    ) -> Iterator[tuple[Verdict, bool]]:
        for _trial in range(trials):
            true = (generator.random(rows) < 0.3).astype("int64")  # noqa: PLR2004 - base rate
            if min(true.sum(), rows - true.sum()) < 2:  # noqa: PLR2004 - no spread to estimate
                continue
            shared = 2 * true - 1 + generator.normal(size=rows)
            said = [
                1 / (1 + np.exp(-(shared + generator.normal(size=rows) / 2))) for _side in range(2)
            ]
            yield _verdict(paired.pulled("classification", name, true, *said), bound)

    return draw


def _one_small(
    generator: np.random.Generator, rows: int, gap: float, trials: int
) -> Iterator[tuple[Verdict, bool]]:
    """A small group beside a large one."""
    few = generator.binomial(rows, RATE + gap, trials).tolist()
    many = generator.binomial(OTHERS, RATE, trials).tolist()
    for one, two in zip(few, many, strict=True):
        yield _parity(((one, rows), (two, OTHERS)))


def _all_small(
    generator: np.random.Generator, rows: int, gap: float, trials: int
) -> Iterator[tuple[Verdict, bool]]:
    """Many small groups, the first of them treated otherwise."""
    chances = [RATE + gap, *[RATE] * (MANY - 1)]
    for hits in generator.binomial(rows, chances, (trials, MANY)).tolist():
        yield _parity(tuple((one, rows) for one in hits))


def _parity(counts: tuple[tuple[int, int], ...]) -> tuple[Verdict, bool]:
    """The verdict on groups of which so many of so many are selected."""
    rates = [hits / rows for hits, rows in counts]
    report = GroupReport(
        groups={
            str(place): GroupMeasures(
                rows=rows, metrics={"selection_rate": rate}, bases={"selection_rate": rows}
            )
            for place, (rate, (_, rows)) in enumerate(zip(rates, counts, strict=True))
        },
        disparities={PARITY.metric: max(rates) - min(rates)},
    )
    metrics = Metrics(
        model="m", model_digest=_NOBODY, task="classification",
        rows=sum(rows for _, rows in counts), tool=ToolUsed(name="fairlearn", version="0"),
        performance={}, fairness={"group": report}, drift={},
    )  # fmt: skip
    (result,) = judge([], [PARITY], metrics, ["group"])
    return result.verdict, not PARITY.passes(report.disparities[PARITY.metric])


def _lost(drop: float) -> str:
    return f"{100 * drop:g} % worse" if drop else "no change"


def _apart(gap: float) -> str:
    return f"{100 * gap:g} points apart" if gap else "no gap"


DESIGNS: Final = (
    Design("accuracy, same rows", SIZES, (0.0, 0.03, DROP), _lost, _same_rows),
    Design("accuracy, own rows", SIZES, (0.0, 0.03, DROP), _lost, _own_rows),
    Design("roc_auc, same rows", RANKED, (0.0,), _lost, _ranking("roc_auc"), 0.25),
    Design("f1, same rows", RANKED, (0.0,), _lost, _ranking("f1"), 0.25),
    Design("parity, one small group", GROUPS, (0.0, 0.1, 0.25), _apart, _one_small),
    Design("parity, six small groups", GROUPS, (0.0,), _apart, _all_small, 0.5),
)
LENGTH: Final = sum(len(design.sizes) * len(design.truths) for design in DESIGNS)
"""Lines of the whole table."""
