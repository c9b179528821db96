"""Is what has to be looked at again looked at in time?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cases import Change, Green, Red, Table, keeps_quiet, rows, tells
from released import ROLLOUT, rollout, serving
from world import World, dump

from governance.finding import Verdict

GDPR = "policies/controls/gdpr.yaml"
PRIVACY = "policies/privacy.yaml"
REVIEW = "records/reviews/r-1.yaml"
REVIEWS = "policies/reviews.yaml"
RELEASED = "records/reviews/r-9.yaml"
TELEMETRY = "artifacts/ml/telemetry/credit/s0.json"
FULL = "records/attestations/deploy-0.9.0-full-2026-10-20.yaml"
LANDING = "records/landings/loans/first.yaml"
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


def promoting(change: Change, *told: tuple[str, ...], now: datetime = of("2027-02-21")) -> Red:  # noqa: B008
    """A change by which credit begins its rollout."""
    return Red(change, *told, base=lambda w: w.remove(ROLLOUT), now=now, only=True)


def released_by(change: Change, *told: tuple[str, ...]) -> Red:
    """A change by which 1.0.0 begins while 0.9.0 serves everybody since a month."""
    return Red(
        lambda w: change(serving(w)), *told,
        base=lambda w: serving(w).put(ROLLOUT, rollout("0.9.0", "full")), only=True,
    )  # fmt: skip


RED: Table = {
    "reviews/overdue": {
        "the day after": promoting(
            lambda w: w,
            (REVIEWS, "policy-review", "policy-review was due on 2027-02-20 and is 1 day late"),
        ),
        "never done": promoting(
            lambda w: w.remove(REVIEW),
            (REVIEWS, "policy-review", "2027-02-01 and is 2 days late: Read them (never done; in"),
            now=of("2027-02-03"),
        ),
        "done by somebody who does not owe it": promoting(
            lambda w: again(w, "2026-11-21", by=["mina"]),
            (REVIEWS, "policy-review", "1 day late: Read them (last done on 2026-11-20)"),
        ),
        "done after now": promoting(
            lambda w: again(w, "2027-02-22"), (REVIEWS, "policy-review", "1 day late"),
        ),
        "another obligation was carried out": promoting(
            lambda w: again(w, "2027-01-02", obligation="retention-audit"),
            (REVIEWS, "policy-review", "1 day late"),
        ),
        "a change gives itself more time": promoting(
            lambda w: owed(w, every="P9M"), (REVIEWS, "policy-review", "1 day late"),
        ),
        "a change takes the obligation out": promoting(
            lambda w: owed(w, id="other-review").remove(REVIEW),
            (REVIEWS, "obligations:", "policy-review was due on 2027-02-01 and is 20 days late"),
            (REVIEWS, "other-review", "other-review was due on 2027-02-01 and is 20 days late"),
        ),
        "a release nobody looked at again": released_by(
            lambda w: w.remove(RELEASED),
            (FULL, "", "post-release-review:credit@0.9.0 was due on 2026-10-27 and is 26 days"),
        ),
        "a review of the release by somebody else": released_by(
            lambda w: w.set(RELEASED, ("by",), ["boris"]), (FULL, "", "post-release-review:credit"),
        ),
        "a review of the release that found fault": released_by(
            lambda w: w.set(RELEASED, ("outcome",), "changes-needed"),
            (FULL, "", "post-release-review:credit"),
        ),
        "a review of the release over no telemetry": released_by(
            lambda w: w.drop(RELEASED, "evidence"), (FULL, "", "post-release-review:credit"),
        ),
        "telemetry that was edited since the review": released_by(
            lambda w: w.set(TELEMETRY, ("rows",), 4001), (FULL, "", "post-release-review:credit"),
        ),
        "a licence that ended": promoting(
            lambda w: w.set(LANDING, ("source", "licence_ends"), "2027-02-20").set(
                REVIEWS, ("obligations", 0, "every"), "P3M"
            ),
            (LANDING, "licence_ends", "licence:loans/loans-register:credit was due on 2027-02-20"),
            (REVIEWS, "policy-review", "1 day late"),
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
        "overdue, and nothing is promoted": Green(lambda w: w, now=of("2027-02-21")),
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
    before = valid.copy().remove(ROLLOUT)
    assert valid.judge(["reviews/overdue"], now=of("2027-02-20"), base=before).exit_code == 0
    assert valid.judge(["reviews/overdue"], now=of("2027-02-21"), base=before).exit_code == 1


def test_a_finding_names_the_owner_and_what_it_blocks(valid: World) -> None:
    before = valid.copy().remove(ROLLOUT)
    found = valid.judge(["reviews/overdue"], now=of("2027-03-02"), base=before).findings
    assert found[0][1].notes == ("owner: board", "blocks: every promotion")


def test_what_is_overdue_is_seen_while_nothing_is_promoted(valid: World) -> None:
    (result,) = valid.judge(["reviews/overdue"], now=of("2027-03-02")).results
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "policy-review (10 days late)" in str(result.reason)


def test_the_editions_to_record_are_in_the_fix(valid: World) -> None:
    changed = covering(valid, {})
    ((_, finding),) = changed.judge(["reviews/catalogue"]).findings
    assert f'`catalogue: {{"gdpr": "{EDITION}"}}`' in finding.fix
