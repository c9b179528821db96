"""Do prepared data say who people are?"""

from __future__ import annotations

from typing import Any

from cases import Green, Red, Table, keeps_quiet, rows, tells
from world import World

LOANS = "policies/datasets/loans.yaml"
POLICY = "policies/privacy.yaml"
REPORT = "artifacts/ml/datasets/loans/privacy.json"
PREPARATION = "artifacts/ml/datasets/loans/preparation.json"
SEEN = {
    "column": "income", "kind": "payment-card", "confidence": "high", "cells": 31,
    "files": {"2026-09.csv": 30, "2026-10.csv": 1}, "sample": "…, 16 characters",
    "survives": True, "resembles": False,
}  # fmt: skip
BROKEN = {"values": 900, "tried": 5000, "reversed": 900, "by": ["its own values, hashed, sha256"]}
SOURCE = {
    "kind": "synthetic", "id": "x", "uri": "https://x.example", "licence": "Apache-2.0",
}  # fmt: skip


def _set(w: World, changes: dict[str, Any]) -> World:
    for route, value in changes.items():
        w.set(REPORT, tuple(route.split("__")), value)
    return w.relock()


def column(w: World, name: str, technique: str = "keep", **changes: Any) -> World:
    table = w.value(LOANS)["schema"]
    found = next(c for c in table[0]["properties"] if c["name"] == name)
    custom = [
        {"property": "technique", "value": technique},
        {"property": "purpose", "value": "A test."},
    ]
    found |= {"customProperties": custom} | changes
    return w.set(LOANS, ("schema",), table).retrain()


def hidden(w: World, key: Any = "environment", kind: str | None = None) -> World:
    custom = [{"property": "pseudonym_key", "value": key}]
    if kind:
        custom.append({"property": "source", "value": SOURCE | {"kind": kind}})
    w.set(LOANS, ("customProperties",), custom)
    return column(w, "key", "pseudonymise", classification="direct-identifier", primaryKey=True)


def ruled(w: World, demands: str) -> World:
    """The same policy with other demands on how many rows look alike."""
    return w.edit(POLICY, "otherwise: {k: 5, share: 0.01}", demands)


def named(w: World, regulation: str) -> World:
    value = [
        *w.value(LOANS)["customProperties"],
        {"property": "regulations", "value": [regulation]},
    ]
    return w.set(LOANS, ("customProperties",), value).retrain()


def wide(w: World, name: str, kind: str = "string", **changes: Any) -> World:
    column(w, name, logicalType=kind, **changes)
    w.set(REPORT, ("columns", name), {"type": kind, "rows": 8000, "distinct": 7200})
    return w.relock()


RED: Table = {
    "datasets/identifiers": {
        "cards in a column of numbers": Red(
            lambda w: _set(w, {"identifiers": [SEEN]}),
            (LOANS, "name: income", "column income holds payment-card in 31 cells of 2 files"),
        ),
        "one address in a column that is dropped": Red(
            lambda w: _set(
                w,
                {"identifiers": [SEEN | {"kind": "email", "cells": 1, "files": {"2026-09.csv": 1},
                                         "survives": False}]},
            ),
            (LOANS, "name: income", "column income holds email in 1 cell of 2026-09.csv"),
        ),
        "a column that the contract does not have": Red(
            lambda w: _set(w, {"identifiers": [SEEN | {"column": "memo"}]}),
            (REPORT, "{", "column memo holds payment-card"),
        ),
    },
    "datasets/pseudonyms": {
        "a hash was undone": Red(
            lambda w: _set(hidden(w), {"reversal": {"key": BROKEN}}),
            (REPORT, "key", "column key: 900 of 900 hashed values found out (its own values"),
        ),
        "a column that came hashed was undone": Red(
            lambda w: _set(w, {"reversal": {"income": BROKEN | {"reversed": 1}}}),
            (REPORT, "income", "column income: 1 of 900 hashed values found out"),
        ),
        "the published key where no policy allows it": Red(
            lambda w: hidden(w, "sample", "synthetic"),
            (LOANS, "customProperties", "the published sample key does not protect data of kind"),
        ),
        "a policy that allows the published key by itself": Red(
            lambda w: (
                w.edit(POLICY, "minimum_key_bytes: 32",
                       "minimum_key_bytes: 32\n  sample_key_sources: [synthetic]")
                .edit(POLICY, "1.0.0", "1.1.0")
                .edit(POLICY, "2026-11-01", "2026-11-22")
                and hidden(w, "sample", "synthetic")
            ),
            (LOANS, "customProperties", "the published sample key does not protect data of kind"),
            base=lambda w: w,
            only=True,
        ),
        "another version of the key": Red(
            lambda w: hidden(w, {"name": "credit", "version": 2})
            .set(PREPARATION, ("key", "version"), 1).relock(),
            (PREPARATION, "key", "made under credit v1, the contract names credit v2"),
        ),
        "no key at all": Red(
            lambda w: hidden(w).set(PREPARATION, ("key",), None).relock(),
            (PREPARATION, "key", "made under no key, the contract names environment v1"),
        ),
    },
    "datasets/anonymity": {
        "too many rows stand alone": Red(
            lambda w: _set(
                w, {"anonymity__below__5": 81}
            ),
            (REPORT, "5", "81 of 8,000 rows (1.0%) are alike with fewer than 5 in sex"),
        ),
        "the base demands more": Red(
            lambda w: _set(
                ruled(w, "otherwise: {k: 2, share: 0}").retrain(),
                {"anonymity__below__10": 9},
            ),
            (REPORT, "10", "9 of 8,000 rows (0.1%) are alike with fewer than 10"),
            base=lambda w: ruled(w, "otherwise: {k: 10, share: 0}"),
            only=True,
        ),
        "its own kind of source has its own demand": Red(
            lambda w: _set(
                ruled(
                    hidden(w, kind="synthetic"),
                    "otherwise: {k: 2, share: 1}\n  synthetic: {k: 2, share: 0}",
                ).retrain(),
                {"anonymity__below__2": 1},
            ),
            (REPORT, "2", "1 of 8,000 rows (0.0%) are alike with fewer than 2"),
        ),
    },
    "datasets/minimised": {
        "a personal column that nothing uses": Red(
            lambda w: column(w, "key", classification="sensitive"),
            (LOANS, "name: key", "column key is sensitive and nothing uses it"),
        ),
        "a text that names every row": Red(
            lambda w: wide(w, "key"),
            (LOANS, "name: key", "column key: 7,200 different values in 8,000 rows"),
        ),
        "a whole number that names every row": Red(
            lambda w: wide(w, "key", "integer"),
            (LOANS, "name: key", "name nearly every row"),
        ),
    },
    "datasets/privacy": {
        "a regulation allows less": Red(
            lambda w: named(
                w.edit(POLICY, "{id: gdpr,", "{id: gdpr, classes: {none: {techniques: [drop]}},"),
                "gdpr",
            ),
            *[
                (LOANS, f"name: {name}", "none; technique keep is not allowed under gdpr")
                for name in ("key", "income", "sex", "billed_at", "defaulted")
            ],
        ),
        "a regulation nobody knows": Red(
            lambda w: named(w, "hipaa"),
            (LOANS, "customProperties", "regulation hipaa is not among those"),
        ),
    },
}  # fmt: skip
GREEN = {
    "datasets/identifiers": {
        "a hint": Green(lambda w: _set(w, {"identifiers": [SEEN | {"confidence": "low"}]})),
        "a kind the column is declared to resemble": Green(
            lambda w: _set(w, {"identifiers": [SEEN | {"resembles": True}]})
        ),
    },
    "datasets/pseudonyms": {
        "a key of its own": Green(lambda w: hidden(w, {"name": "credit", "version": 3})),
    },
    "datasets/anonymity": {
        "as many as allowed": Green(
            lambda w: _set(
                w, {"anonymity__below__5": 80, "anonymity__below__10": 8000},
            )
        ),
    },
    "datasets/minimised": {
        "a personal column that names whom it is about": Green(
            lambda w: column(w, "key", classification="sensitive", customProperties=[
                {"property": "technique", "value": "keep"},
                {"property": "purpose", "value": "Erasure looks here."},
                {"property": "subject", "value": "customer"},
            ])
        ),
        "a feature that differs in every row": Green(lambda w: wide(w, "income", "integer")),
        "a key that differs in every row": Green(lambda w: wide(w, "key", primaryKey=True)),
    },
    "datasets/privacy": {
        "a regulation that narrows nothing here": Green(lambda w: named(w, "gdpr")),
    },
}  # fmt: skip


@rows(RED)
def test_one_broken_thing_is_told(rule: str, case: Red) -> None:
    tells(rule, case)


@rows(GREEN)
def test_nothing_is_told(rule: str, case: Green) -> None:
    del rule
    keeps_quiet(case)
