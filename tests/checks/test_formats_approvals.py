"""What people read about the approvals of a change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from world import world

from checks.formats import approvals
from governance import approval, catalogue, opinions
from governance.approvals import Approvals
from governance.changeset import (
    CHANGE,
    Account,
    Changeset,
    Commit,
    ForgeReview,
    Identity,
    PullRequest,
    Push,
    Touched,
    Version,
)
from governance.effect import Effect
from governance.finding import Place
from governance.roles import Roles
from governance.tally import Case, LawDigest, Tally

TOP = Path(catalogue.__file__).parents[1]
GOLDEN = Path(__file__).parent / "golden"
HEAD, OLD, BASE = "1f7c" * 10, "0b1d" * 10, "86db" * 10
MODEL = "models/payment_default/model.yaml"
VERSION = "model:payment_default@1.2.0"


def law() -> tuple[Approvals, Roles]:
    """This repository's own rules and people."""
    found = []
    for path in ("policies/approvals.yaml", "policies/roles.yaml"):
        value, _, problems = catalogue.read(path, (TOP / path).read_bytes())
        assert problems == ()
        found.append(value)
    return found[0], found[1]  # type: ignore[return-value]


def at(hour: int) -> datetime:
    return datetime(2026, 11, 24, hour, tzinfo=UTC)


def refused() -> Tally:
    """A promotion that two seats wait for, with opinions that do not count."""
    policy, roles = law()

    def account(person: str) -> Account:
        known = roles.people[person].github[0]
        return Account(known.login, known.id)

    def review(number: int, person: str, commit: str = HEAD, **more: Any) -> ForgeReview:
        facts: dict[str, Any] = {"state": "approved", "body": "looked at the evidence"}
        return ForgeReview(
            id=number, by=account(person), at=at(12), commit=commit, **(facts | more)
        )

    author = account("tomas.lindqvist")
    pull = PullRequest(
        repository=policy.repository, number=41, title="Promote payment_default 1.2.0",
        base_branch="main", base=BASE, head=HEAD, head_branch="promote", opener=author,
        instigators=(author,), labels=(), draft=False, changed_files=1,
        reviews=(
            review(803, "amara.diallo", OLD),
            review(811, "nadia.okafor"),
            review(812, "priya.raman"),
            review(813, "marcus.oyelaran"),
            review(814, "laura.benitez"),
            review(815, "tomas.lindqvist"),
        ),
        pushes=(Push(author, at(8), OLD), Push(author, at(9), HEAD)),
    )  # fmt: skip
    identity = Identity("Tomas Lindqvist", "tomas.lindqvist@example.org")
    change = Changeset(
        branch="main", base=BASE, head=HEAD, tree="7ee5" * 10,
        touched=(Touched(MODEL, Version("file", "a" * 64), Version("file", "b" * 64), 2),),
        commits=(Commit(HEAD, identity, identity),), subjects={VERSION: f"sha256:{'c' * 64}"},
        pull=pull,
    )  # fmt: skip
    said = tuple(opinions.reviewed(pull, {HEAD: change.digest}, {OLD: at(8), HEAD: at(9)}, roles))
    words = "makes 1.2.0 the champion of payment_default"
    effect = Effect("promotes-to-production", words, Place(MODEL), (MODEL,), VERSION)
    return approval.tally(
        Case(
            policy, roles, change, (effect,), said, at(15),
            law=LawDigest(policy.version, f"sha256:{'d' * 64}"),
        )
    )  # fmt: skip


@pytest.mark.parametrize("form", ["txt", "md"])
def test_a_refused_promotion_reads(form: str, request: pytest.FixtureRequest) -> None:
    tally, path = refused(), GOLDEN / f"refused_promotion.{form}"
    told = approvals.text(tally, verbose=True) if form == "txt" else approvals.markdown(tally)
    if request.config.getoption("--golden"):
        path.write_text(told, encoding="utf-8", newline="")
    assert told == path.read_text(encoding="utf-8")


def test_the_readme_shows_what_a_reader_sees() -> None:
    lines = approvals.markdown(refused()).splitlines()
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in lines)
    assert quoted in (TOP / "README.md").read_text()


def test_the_json_holds_everything() -> None:
    value = json.loads(approvals.as_json(refused()))
    assert (value["standing"], value["green"]) == ("STALE", False)
    promotion = next(rule for rule in value["rules"] if rule["rule"] == "promotion-to-production")
    seats = {
        seat["label"]: [who["person"] for who in seat["filled"]] for seat in promotion["seats"]
    }
    assert seats["ml-review-board (risk)"] == ["marcus.oyelaran"]
    assert seats["ml-review-board (legal)"] == []
    reasons = {item["who"]: item["standing"] for item in promotion["ignored"]}
    assert reasons == {"amara.diallo": "STALE", "tomas.lindqvist": "SOD-VIOLATION"}
    assert value["change"]["pull_request"] == 41
    assert {item["subject"] for rule in value["rules"] for seat in rule["seats"]
            for item in seat["filled"]} == {CHANGE}  # fmt: skip


def test_a_glass_that_is_half_broken_says_who_is_missing() -> None:
    policy = "policies/approvals.yaml"
    seats = [{"role": "mlops", "count": 1}, {"role": "board", "count": 1}]
    base = world().set(policy, ("break_glass",), {"require": seats, "due_within": "P3D"})
    changed = base.copy().put("notes.txt", "burns\n")
    changed.approve("mina", "mlops", base=base, said="break-glass", because="all scores wrong")
    changed.approve("stella", "data-steward", base=base, said="break-glass", because="me too")
    told = approvals.text(changed.tally(base))
    assert "the glass is not broken yet" in told
    assert "mina (records/approvals/" in told
    assert "): all scores wrong" in told
    assert "✗ board: 0 of 1" in told
    assert "stella (fills no seat of break_glass" in told
    changed.approve("rita", "board", base=base, said="break-glass", because="all scores wrong")
    assert "\nthe glass was broken\n" in approvals.text(changed.tally(base))


def test_nobody_can_steer_a_report() -> None:
    changed = world().put("notes\n::error::x.txt", "hello\n")
    tally = changed.tally()
    for told in (approvals.text(tally), approvals.markdown(tally)):
        assert "\n::error" not in told
