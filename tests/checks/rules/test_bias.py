"""Do the bias reports cover every group, and do they allow training?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cases import Green, Red, keeps_quiet, rows, shown, tells
from world import World, world

LOANS = "artifacts/ml/datasets/loans/bias.json"
CONTRACT = "policies/datasets/loans.yaml"
CREDIT = "models/credit/model.yaml"
GATES = "policies/gates.yaml"
SEX = ("attributes", "sex")
Change = Callable[[World], World]


def scanned(*route: str, value: object) -> Change:
    """The scan of loans found something else, and the lock says so."""
    return lambda w: w.set(LOANS, route, value).relock()


def bound(name: str, value: float) -> Change:
    """The policy has another bound; nothing else of its file is judged here."""
    return lambda w: w.set(GATES, ("bias", name), value)


def waived(rule: str, subject: str, until: str = "2026-12-31") -> Change:
    """The base holds a waiver."""

    def change(w: World) -> World:
        text = (
            'id: w-2\nat: "2026-11-20T08:00:00Z"\nowner: omar\nreason: the world is like this\n'
            f'rule: {rule}\nsubject: {subject}\nuntil: "{until}"\n'
        )
        return w.put("records/waivers/w-2.yaml", text)

    return change


def same(w: World) -> World:
    return w


def both(*changes: Change) -> Change:
    def change(w: World) -> World:
        for one in changes:
            w = one(w)
        return w

    return change


FEW = scanned(*SEX, "groups", "f", value=49)
FEW_ROWS = "groups of sex below 50 rows: f (49)"
WIDE = scanned(*SEX, "labels", "label", "difference", value=0.201)
STRONG = scanned(*SEX, "proxies", "income", value=0.51)
TELLS = "feature income tells sex: 0.51, at most 0.5"

RED = {
    "datasets/bias": {
        "an attribute nobody scanned": Red(
            lambda w: w.drop(LOANS, *SEX).relock(),
            (LOANS, "attributes", "protected attribute sex was not scanned"),
        ),
        "an attribute only a model calls protected": Red(
            lambda w: w.edit(CREDIT, "protected: [sex]", "protected: [sex, income]"),
            (LOANS, "attributes", "protected attribute income was not scanned"),
            only=True,
        ),
        "an attribute nobody scanned, and a waiver": Red(
            lambda w: w.drop(LOANS, *SEX).relock(),
            (LOANS, "attributes", "protected attribute sex was not scanned"),
            base=waived("datasets/bias", CONTRACT),
            only=True,
        ),
        "a group one row too small": Red(FEW, (LOANS, "sex", FEW_ROWS)),
        "groups too small to be named": Red(
            scanned(*SEX, "small_groups", value=2),
            (LOANS, "sex", "groups of sex below 50 rows: 2 of fewer than 10 rows each"),
        ),
        "one group only": Red(
            scanned(*SEX, "groups", value={"f": 2000}),
            (LOANS, "sex", "sex has one group only"),
        ),
        "one group beside the missing": Red(
            scanned(*SEX, "groups", value={"(missing)": 60, "f": 2000}),
            (LOANS, "sex", "sex has one group only"),
        ),
        "groups told apart that hardly any rows share": Red(
            scanned("minimum_cell", value=9),
            (LOANS, "minimum_cell", "groups of 9 rows are told apart; 10 are demanded"),
        ),
        "a laxer bound in the same change": Red(
            both(FEW, bound("minimum_group_rows", 40)),
            (LOANS, "sex", FEW_ROWS),
            base=same,
            only=True,
        ),
        "a waiver in the same change": Red(
            both(FEW, waived("datasets/bias", CONTRACT)),
            (LOANS, "sex", FEW_ROWS),
            base=same,
            only=True,
        ),
        "a waiver that is over": Red(
            FEW,
            (LOANS, "sex", FEW_ROWS),
            base=waived("datasets/bias", CONTRACT, "2026-11-21"),
            only=True,
        ),
        "a waiver for another dataset": Red(
            FEW,
            (LOANS, "sex", FEW_ROWS),
            base=waived("datasets/bias", "policies/datasets/homes.yaml"),
            only=True,
        ),
        "a waiver of another rule": Red(
            FEW,
            (LOANS, "sex", FEW_ROWS),
            base=waived("datasets/proxies", CONTRACT),
            only=True,
        ),
    },
    "datasets/proxies": {
        "a feature that tells the attribute": Red(
            STRONG,
            (CREDIT, "features:", TELLS),
            ("models/hardship/model.yaml", "features:", TELLS),
            only=True,
        ),
        "a waiver for one of two models": Red(
            STRONG,
            ("models/hardship/model.yaml", "features:", TELLS),
            base=waived("datasets/proxies", CREDIT),
            only=True,
        ),
        "a laxer bound in the same change": Red(
            both(STRONG, bound("proxy_at_most", 0.9)),
            (CREDIT, "features:", TELLS),
            ("models/hardship/model.yaml", "features:", TELLS),
            base=same,
            only=True,
        ),
    },
    "datasets/label_rates": {
        "rates further apart than the policy allows": Red(
            WIDE,
            (LOANS, "difference", "label differs by 0.201 between groups of sex, at most 0.2"),
        ),
        "a laxer bound in the same change": Red(
            both(WIDE, bound("rate_difference_at_most", 0.3)),
            (LOANS, "difference", "label differs by 0.201 between groups of sex, at most 0.2"),
            base=same,
            only=True,
        ),
    },
}

GREEN = {
    "datasets/bias": {
        "exactly enough rows": Green(scanned(*SEX, "groups", "f", value=50)),
        "a few rows that say nothing": Green(
            scanned(*SEX, "groups", value={"(missing)": 12, "f": 50, "m": 50})
        ),
    },
    "datasets/proxies": {
        "exactly the bound": Green(scanned(*SEX, "proxies", "income", value=0.5)),
        "a strong proxy that no model reads": Green(scanned(*SEX, "proxies", "area", value=0.9)),
    },
    "datasets/label_rates": {
        "exactly the bound": Green(scanned(*SEX, "labels", "label", "difference", value=0.2)),
        "means of a number far apart": Green(
            scanned(*SEX, "labels", "label", value={"groups": {}, "difference": 90, "ratio": None})
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


@pytest.mark.parametrize(
    ("change", "rule", "subject"),
    [
        (FEW, "datasets/bias", CONTRACT),
        (WIDE, "datasets/label_rates", CONTRACT),
        (STRONG, "datasets/proxies", CREDIT),
    ],
)
def test_a_waiver_lets_one_thing_pass(change: Change, rule: str, subject: str) -> None:
    """On its last day as well."""
    base = waived(rule, subject, "2026-11-22")(world())
    judgement = change(world()).judge([rule], base=base)
    told = [finding.at.path for _, finding in judgement.findings]
    assert told == (["models/hardship/model.yaml"] if subject == CREDIT else []), shown(judgement)


@pytest.mark.parametrize("rule", ["bias", "proxies", "label_rates"])
def test_nothing_to_judge_is_said(rule: str) -> None:
    empty = world().remove(LOANS, LOANS.replace("loans", "homes"))
    (result,) = empty.judge([f"datasets/{rule}"]).results
    assert result.verdict == "not applicable"
