"""Did a steward confirm the data before they were trained on?"""

from __future__ import annotations

from typing import Any

import signing
from cases import Green, Red, keeps_quiet, rows, tells
from world import World

LOANS = "records/approvals/confirm-loans.yaml"
CREDIT = "artifacts/ml/models/credit/training.json"
LANDING = "records/landings/loans/first.yaml"
POLICY = "policies/approvals.yaml"
OPEN = "was trained on unconfirmed: landing: data-steward 0 of 1"


def said(by: str, role: str = "data-steward", of: str = "dataset:loans", **more: Any) -> Any:
    """Somebody's word instead of the steward's, about the digest the steward signed."""

    def change(w: World) -> World:
        subject = w.value("artifacts/ml/datasets/loans/validation.json")["dataset_digest"]
        text = signing.record(
            "confirm-loans", by, role, of, more.pop("digest", subject), **dict(more)
        )
        return w.put(LOANS, text)

    return change


RED = {
    "datasets/confirmed": {
        "nobody said anything": Red(lambda w: w.remove(LOANS), (CREDIT, "dataset_digest", OPEN)),
        "of other bytes": Red(
            said("milo", digest=f"sha256:{'b' * 64}"), (CREDIT, "dataset_digest", OPEN)
        ),
        "of another dataset, whose own word it replaces": Red(
            said("milo", of="dataset:homes"),
            (CREDIT, "dataset_digest", OPEN),
            ("artifacts/ml/models/prices/training.json", "dataset_digest", OPEN),
        ),
        "by who landed it": Red(said("stella"), (CREDIT, "dataset_digest", OPEN)),
        "by somebody in another role": Red(said("lea", "legal"), (CREDIT, "dataset_digest", OPEN)),
        "with the key of somebody else": Red(
            said("milo", key="ann"), (CREDIT, "dataset_digest", OPEN)
        ),
        "for another repository": Red(
            said("milo", repository="example/fork"), (CREDIT, "dataset_digest", OPEN)
        ),
        "the steward objects": Red(
            said("milo", said="reject"), (CREDIT, "dataset_digest", "milo objects: looked at it")
        ),
        "no rule asks a steward": Red(
            lambda w: w.edit(POLICY, "{changes: [lands-data]}", "{paths: [records/landings/**]}"),
            (CREDIT, "dataset_digest", "no rule of policies/approvals.yaml speaks of lands-data"),
            ("artifacts/ml/models/prices/training.json", "dataset_digest", "speaks of lands-data"),
            only=True,
        ),
    },
}

GREEN = {
    "datasets/confirmed": {
        "a word that its rule lets expire: it follows the bytes": Green(
            lambda w: w.put(POLICY, w.text(POLICY) + "    expires_after: P1D\n")
        ),
    },
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_what_is_in_order_is_quiet(rule: str, case: Green) -> None:  # noqa: ARG001
    keeps_quiet(case)
