"""What the privacy policy allows, in which direction it grows stricter, and what contracts say."""

from __future__ import annotations

import pytest
import small

from governance import catalogue, strictness
from governance.contract import Contract
from governance.keyname import KeyName
from governance.privacy import Privacy

POLICY = """\
id: privacy
version: 1.0.0
effective: "2026-11-01"
owner: privacy-office
review_every: P3M
classes:
  direct-identifier: {techniques: [drop, pseudonymise]}
  none: {techniques: [keep, drop], purpose_required: false}
pseudonyms: {minimum_key_bytes: 32, attack_budget: 50000}
minimisation: {unique_share: 0.9, minimum_rows: 100}
anonymity:
  otherwise: {k: 5, share: 0.01}
regulations:
  - {id: gdpr, version: x}
  - {id: cdr, version: x, classes: {direct-identifier: {techniques: [drop, keep]}}}
"""
CONTRACT = small.visits_contract()


def policy(text: str = POLICY) -> Privacy:
    found, _, problems = catalogue.read("policies/privacy.yaml", text.encode())
    assert found is not None, problems
    return found


def contract(text: str) -> tuple[Contract | None, str]:
    found, _, problems = catalogue.read("policies/datasets/visits.yaml", text.encode())
    return found, "\n".join(problem.problem for problem in problems)


ALLOWED = {
    "no regulation": ((), ("drop", "pseudonymise")),
    "one that narrows nothing": (("gdpr",), ("drop", "pseudonymise")),
    "one that narrows": (("gdpr", "cdr"), ("drop",)),
    "one that is unknown": (("hipaa",), ("drop", "pseudonymise")),
}


@pytest.mark.parametrize(("regulations", "left"), ALLOWED.values(), ids=ALLOWED)
def test_what_all_regulations_leave(regulations: tuple[str, ...], left: tuple[str, ...]) -> None:
    assert policy().techniques("direct-identifier", regulations) == left


def test_a_kind_of_source_has_its_own_demand_or_the_common_one() -> None:
    found = policy(POLICY.replace("otherwise:", "client: {k: 10}\n  otherwise:"))
    assert [found.demand(kind).k for kind in ("client", "synthetic", None)] == [10, 5, 5]  # type: ignore[union-attr]
    assert policy(POLICY.replace("otherwise:", "client:")).demand("synthetic") is None


LOOSER = {
    "a smaller budget": ("attack_budget: 50000", "attack_budget: 40000"),
    "a smaller group": ("k: 5", "k: 2"),
    "more rows exposed": ("share: 0.01", "share: 0.02"),
    "no demand": ("  otherwise: {k: 5, share: 0.01}\n", "  {}\n"),
    "a wider column": ("unique_share: 0.9", "unique_share: 0.95"),
    "more rows unasked": ("minimum_rows: 100", "minimum_rows: 200"),
    "a regulation narrows nothing more": (
        ", classes: {direct-identifier: {techniques: [drop, keep]}}", "",
    ),
    "a regulation allows more": ("[drop, keep]", "[drop, keep, pseudonymise]"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), LOOSER.values(), ids=LOOSER)
def test_the_direction_of_a_change_is_known(old: str, new: str) -> None:
    before, after = policy(), policy(POLICY.replace(old, new))
    assert {change.way for change in strictness.differences(before, after)} == {"looser"}
    assert {change.way for change in strictness.differences(after, before)} == {"tighter"}


KEYS = {
    "sample": ("sample", KeyName("sample")),
    "environment": ("environment", KeyName("environment")),
    "a name and a version": ("{name: credit, version: 2}", KeyName("credit", 2)),
}


@pytest.mark.parametrize(("given", "key"), KEYS.values(), ids=KEYS)
def test_a_contract_names_its_key(given: str, key: KeyName) -> None:
    found, problems = contract(CONTRACT.replace("key, value: sample", f"key, value: {given}"))
    assert found is not None, problems
    assert found.pseudonym_key == key


WRONG = {
    "a key without version": (
        "key, value: sample", "key, value: {name: credit}", "pseudonym_key {'name': 'credit'}",
    ),
    "a version that is none": (
        "key, value: sample", "key, value: {name: credit, version: true}", "is not known",
    ),
    "a version before the first": (
        "key, value: sample", "key, value: {name: credit, version: 0}", "is not known",
    ),
    "versions of the published key": (
        "key, value: sample", "key, value: {name: sample, version: 2}", "is not known",
    ),
    "a name with a path": (
        "key, value: sample", "key, value: {name: ../x, version: 2}", "is not known",
    ),
    "a precision that no date has": (
        "value: truncate-date}", "value: truncate-date}, {property: truncate_to, value: week}",
        "column seen_at: truncate_to is no precision of a date",
    ),
    "a kind nobody looks for": (
        "value: truncate-date}", "value: truncate-date}, {property: looks_like, value: [shoe]}",
        "column seen_at: looks_like is no list of kinds of identifier",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), WRONG.values(), ids=WRONG)
def test_what_a_contract_may_not_say(old: str, new: str, says: str) -> None:
    assert old in CONTRACT
    found, problems = contract(CONTRACT.replace(old, new))
    assert found is None
    assert says in problems
