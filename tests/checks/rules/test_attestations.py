"""Statements of machines in the repository, and the list of machines."""

from __future__ import annotations

import attesting
import signing
from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World

PATH = "records/attestations/s-1.yaml"
REGISTRY, ROLES = "policies/registry.yaml", "policies/roles.yaml"
MODEL = {"model:credit": f"sha256:{'d' * 64}"}
OWN = f'keys: [{{public: {signing.public("ci")}, valid_from: "2026-01-01"}}]'


def stated(w: World, **more: str) -> World:
    return w.put(PATH, attesting.record("s-1", MODEL, attesting.review("security"), **more))


def machines(w: World, names: str) -> World:
    return w.edit(REGISTRY, "machines: [ci]", f"machines: [{names}]")


def keyed(w: World, public: str) -> World:
    return w.edit(ROLES, signing.public("ci"), public)


RED: Table = {
    "attestations/valid": {
        "signed with the key of a person": Red(
            lambda w: stated(w, key="mina"), (PATH, "envelope", "no machine's key")
        ),
        "the record gives another moment": Red(
            lambda w: stated(w).edit(PATH, 'at: "2026-11-21', 'at: "2026-11-20'),
            (PATH, "envelope", "another moment"),
        ),
        "a copy under another name": Red(
            lambda w: stated(w).put(
                "records/attestations/s-2.yaml", w.text(PATH).replace("id: s-1", "id: s-2")
            ),
            ("records/attestations/s-2.yaml", "envelope", f"the statement of {PATH} a second"),
        ),
        "signed for a fork": Red(
            lambda w: stated(w, repository="example/fork"),
            (PATH, "envelope", "signed for the repository example/fork"),
        ),
    },
    "attestations/machines": {
        "a machine nobody declared": Red(
            lambda w: machines(w, "ci, cd"), (REGISTRY, "machines", "cd is nobody"), only=True
        ),
        "a person as a machine": Red(
            lambda w: machines(w, "ci, mina"), (REGISTRY, "machines", "mina is a person"), only=True
        ),
        "a machine without a key": Red(
            lambda w: w.edit(ROLES, OWN, "keys: []"), (REGISTRY, "machines", "ci has no key"),
            only=True,
        ),
        "a machine with the key of a person": Red(
            lambda w: keyed(w, signing.public("mina")),
            (REGISTRY, "machines", "is also that of mina"), only=True,
        ),
    },
}  # fmt: skip

GREEN = {
    "attestations/valid": {"a statement of the machine": Green(stated)},
}


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_what_is_in_order_is_not_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)
