"""Is what has to be looked at again looked at in time?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World, dump

GDPR = "policies/controls/gdpr.yaml"
PRIVACY = "policies/privacy.yaml"
REVIEW = "records/reviews/r-1.yaml"
REVIEWS = "policies/reviews.yaml"
EDITION = "1.0.0, Regulation (EU) 2016/679"


def of(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def owed(w: World, **changes: Any) -> World:
    """The one obligation, with changes."""
    for name, value in changes.items():
        w.set(REVIEWS, ("obligations", 0, name), value)
    return w


def covering(w: World, catalogue: dict[str, str] | None) -> World:
    """The obligation covers the regulations; its review names these editions."""
    if catalogue is not None:
        w.set(REVIEW, ("catalogue",), catalogue)
    return owed(w, covers=["policies/privacy.yaml", "policies/controls/**"])


def again(w: World, day: str, **changes: Any) -> World:
    value = w.value(REVIEW) | {"id": "r-2", "at": f"{day}T08:00:00Z"} | changes
    return w.put("records/reviews/r-2.yaml", dump(value))


RED: Table = {
    "reviews/overdue": {
        "the day after": Red(
            lambda w: w,
            (REVIEWS, "policy-review", "policy-review was due on 2027-02-20 and is 1 day late"),
            now=of("2027-02-21"), only=True,
        ),
        "never done": Red(
            lambda w: w.remove(REVIEW),
            (REVIEWS, "policy-review", "2027-02-01 and is 2 days late (never done; in force since"),
            now=of("2027-02-03"), only=True,
        ),
        "done by somebody who does not owe it": Red(
            lambda w: again(w, "2026-11-21", by=["mina"]),
            (REVIEWS, "policy-review", "1 day late (last done on 2026-11-20)"),
            now=of("2027-02-21"), only=True,
        ),
        "done after now": Red(
            lambda w: again(w, "2027-02-22"),
            (REVIEWS, "policy-review", "1 day late"),
            now=of("2027-02-21"), only=True,
        ),
        "another obligation was carried out": Red(
            lambda w: again(w, "2027-01-02", obligation="retention-audit"),
            (REVIEWS, "policy-review", "1 day late"),
            now=of("2027-02-21"), only=True,
        ),
        "a change gives itself more time": Red(
            lambda w: owed(w, every="P9M"),
            (REVIEWS, "policy-review", "1 day late"),
            now=of("2027-02-21"), base=lambda w: w, only=True,
        ),
        "a change takes the obligation out": Red(
            lambda w: owed(w, id="other-review").remove(REVIEW),
            (REVIEWS, "obligations:", "policy-review was due on 2027-02-01 and is 20 days late"),
            (REVIEWS, "other-review", "other-review was due on 2027-02-01 and is 20 days late"),
            now=of("2027-02-21"), base=lambda w: w, only=True,
        ),
    },
    "reviews/catalogue": {
        "a regulation has another edition": Red(
            lambda w: covering(w, {"gdpr": "0.9.0, an older edition"}),
            (REVIEWS, "covers:", f"r-1.yaml was not made against gdpr: {EDITION}"),
        ),
        "a review that names no edition": Red(
            lambda w: covering(w, None),
            (REVIEWS, "covers:", "policy-review is due again"),
        ),
        "a bump of the catalogue": Red(
            lambda w: covering(w, {"gdpr": EDITION}).set(GDPR, ("version",), "1.1.0"),
            (REVIEWS, "covers:", "was not made against gdpr: 1.1.0, Regulation"),
        ),
        "a new regulation": Red(
            lambda w: covering(w, {"gdpr": EDITION}).put(
                "policies/controls/cdr.yaml", w.text(GDPR).replace("id: gdpr", "id: cdr")
            ),
            (REVIEWS, "covers:", "was not made against cdr: 1.0.0"),
        ),
        "the privacy policy answers another edition": Red(
            lambda w: w.set(PRIVACY, ("regulations", 0, "version"), "an older edition").relock(),
            (PRIVACY, "an older edition", "gdpr is answered as an older edition, catalogued as"),
            only=True,
        ),
    },
}  # fmt: skip
GREEN = {
    "reviews/overdue": {
        "a review today": Green(lambda w: again(w, "2026-11-22")),
    },
    "reviews/catalogue": {
        "made against today's editions": Green(lambda w: covering(w, {"gdpr": EDITION})),
        "never done, so nothing is out of date": Green(lambda w: covering(w.remove(REVIEW), None)),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)


def test_the_last_day_is_in_time(valid: World) -> None:
    assert valid.judge(["reviews/overdue"], now=of("2027-02-20")).exit_code == 0
    assert valid.judge(["reviews/overdue"], now=of("2027-02-21")).exit_code == 1


def test_a_finding_names_the_owner_and_what_it_blocks(valid: World) -> None:
    ((_, finding),) = valid.judge(["reviews/overdue"], now=of("2027-03-02")).findings
    assert finding.notes == (
        "owner: board",
        "blocks: the next promotion, and every change until then",
    )


def test_the_editions_to_record_are_in_the_fix(valid: World) -> None:
    changed = covering(valid, {})
    ((_, finding),) = changed.judge(["reviews/catalogue"]).findings
    assert f'`catalogue: {{"gdpr": "{EDITION}"}}`' in finding.fix
