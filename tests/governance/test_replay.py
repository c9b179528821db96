"""What a replay compares, what it says is behind a difference, and how failures stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from governance.attestation import VERIFICATION, Attestations, Attested
from governance.evidence import Metadata, Metrics
from governance.replay import (
    PROPERTY,
    Alike,
    Part,
    Replay,
    Run,
    Signs,
    causes,
    compare,
    measured,
)
from governance.replayed import standing

MODEL, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
HONEST = Signs(edited=False, commands={})


def metrics(**more):
    value = {
        "model": "credit", "model_digest": MODEL, "task": "classification", "rows": 400,
        "tool": {"name": "fairlearn", "version": "0.15.0"},
        "performance": {"roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9, "rows": 400}},
        "fairness": {"sex": {"groups": {}, "disparities": {"gap": 0.1}}},
        "drift": {}, "probe": {"rows": 400, "digest": MODEL},
    }  # fmt: skip
    return Metrics.model_validate(value | more, strict=False)


def metadata(**more):
    value = {
        "model": "credit", "task": "classification",
        "dataset": {"name": "d", "digest": MODEL, "files": 1, "rows": 1, "columns": 1,
                    "events": None},
        "training_hash": MODEL,
        "inputs": dict.fromkeys(("dataset", "code", "params", "environment"), MODEL),
        "environment": {}, "model_digest": MODEL,
        "metrics": {"roc_auc": 0.8}, "fairness": {"gap by sex": 0.1},
    }  # fmt: skip
    return Metadata.model_validate(value | more, strict=False)


RUN = Run(MODEL, MODEL, MODEL, metrics(), {"numpy": "2.2", "fairlearn": "0.15.0"})


def parts(claimed=RUN, found=RUN, told=None):
    return {part.name: part for part in compare(claimed, found, told or metadata())}


def replayed(found, signs=HONEST):
    own = tuple(found.values())
    return Replay("credit", None, "c" * 40, MODEL, own, tuple(causes(own, signs)))


def test_the_same_run_is_the_same_in_every_part():
    found = replayed(parts())
    assert {part.alike for part in found.parts} == {Alike.SAME}
    assert (found.passed, found.result, found.causes) == (True, "PASSED", ())


BETTER = {"roc_auc": {"value": 0.99, "low": 0.7, "high": 0.9, "rows": 400}}


@pytest.mark.parametrize(
    ("name", "changed", "passes"),
    [
        ("landed data", {"dataset_digest": OTHER}, False),
        ("prepared data", {"prepared_digest": OTHER}, False),
        ("predictions", {"metrics": metrics(probe={"rows": 400, "digest": OTHER})}, False),
        ("predictions", {"metrics": metrics(probe={"rows": 399, "digest": MODEL})}, False),
        ("metrics", {"metrics": metrics(performance=BETTER)}, False),
        ("metrics", {"metrics": metrics(rows=399)}, False),
        ("model bytes", {"model_digest": OTHER}, True),
        ("environment", {"environment": {"numpy": "2.1", "fairlearn": "0.15.0"}}, True),
    ],
)
def test_one_difference_shows_in_one_part(name, changed, passes):
    found = parts(claimed=replace(RUN, **changed))
    assert [part.name for part in found.values() if part.alike is not Alike.SAME] == [name]
    assert found[name].details
    assert replayed(found).passed is passes


def test_evidence_without_a_digest_of_predictions_proves_nothing():
    found = parts(claimed=replace(RUN, metrics=metrics(probe=None)))
    assert found["predictions"].alike is Alike.UNKNOWN
    assert not replayed(found).passed


def test_metrics_repeated_in_the_metadata_are_held_to_the_run_as_well():
    told = metadata(metrics={"roc_auc": 0.99})
    (detail,) = parts(told=told)["metrics"].details
    assert detail == "metadata.json roc_auc: claimed 0.99, came out 0.8"
    (_, _, _, without, *_) = compare(RUN, RUN, None)
    assert without.details == ("metadata.json is missing",)


def test_every_number_that_differs_is_named_with_both_values():
    assert measured(metrics(performance=BETTER), metrics()) == [
        "performance.roc_auc.value: claimed 0.99, came out 0.8"
    ]


def test_of_many_differences_five_are_told():
    many = {f"m{n}": BETTER["roc_auc"] for n in range(9)}
    details = parts(claimed=replace(RUN, metrics=metrics(performance=many)))["metrics"].details
    assert len(details) == 6
    assert details[-1].startswith("and ")


@pytest.mark.parametrize(
    ("changed", "signs", "said"),
    [
        ({"metrics": metrics(performance=BETTER)}, Signs(edited=True, commands={}), "was edited"),
        ({"metrics": metrics(performance=BETTER)}, HONEST, "dvc.lock is forged"),
        (
            {"metrics": metrics(performance=BETTER)},
            Signs(edited=False, commands={"evaluate": "`echo 99`"}),
            "dvc.yaml lets step evaluate run `echo 99`",
        ),
        ({"dataset_digest": OTHER}, HONEST, "about other data than were landed"),
    ],
)
def test_what_is_behind_a_difference_is_named(changed, signs, said):
    (cause,) = causes(parts(claimed=replace(RUN, **changed)).values(), signs)
    assert said in cause


@pytest.mark.parametrize(
    ("name", "said"), [("governed steps", "measures itself"), ("kept model", "kept model bytes")]
)
def test_further_parts_name_their_cause(name, said):
    (cause,) = causes([Part(name, Alike.DIFFERS)], HONEST)
    assert said in cause


def test_other_libraries_are_named_as_a_possible_reason():
    claimed = replace(RUN, metrics=metrics(performance=BETTER), environment={"numpy": "2.1"})
    assert any("libraries differ" in cause for cause in causes(parts(claimed).values(), HONEST))


AT = datetime(2026, 11, 20, 8, tzinfo=UTC)


def attested(day, found, explains=None, digest=MODEL):
    at = AT + timedelta(days=day)
    return Attested(
        path=f"records/attestations/r-{day}.yaml", at=at, by="ci", predicate_type=VERIFICATION,
        subjects={"model:credit": digest},
        predicate=found.predicate(at.isoformat(), explains or {}),
    )  # fmt: skip


GOOD = replayed(parts())
BAD = replayed(parts(claimed=replace(RUN, dataset_digest=OTHER)))


@pytest.mark.parametrize(
    ("found", "passed", "unexplained"),
    [
        ([], False, []),
        ([attested(1, GOOD)], True, []),
        ([attested(1, BAD)], False, ["r-1"]),
        ([attested(1, BAD), attested(2, GOOD)], False, ["r-1"]),
        ([attested(1, BAD), attested(2, GOOD, {"r-1": "a lost file"})], True, []),
        ([attested(1, GOOD, {"r-2": "foreseen"}), attested(2, BAD)], False, ["r-2"]),
        ([attested(1, BAD), attested(2, BAD, {"r-1": "so what"})], False, ["r-2", "r-1"]),
        ([attested(1, GOOD), attested(2, BAD, digest=OTHER)], True, []),
    ],
    ids=[
        "none", "passed", "failed", "repeated until green", "its cause named", "named before it",
        "named by a failure", "of other bytes",
    ],
)  # fmt: skip
def test_a_failure_stands_until_a_later_pass_names_its_cause(found, passed, unexplained):
    stands = standing(Attestations(tuple(found)), MODEL)
    assert stands.passed is passed
    assert [one.path.split("/")[-1][:-5] for one in stands.unexplained] == unexplained


def test_the_predicate_is_a_verification_summary():
    good, bad = (found.predicate("2026-11-22T00:00:00Z", {}) for found in (GOOD, BAD))
    assert good["properties"] == [PROPERTY]
    assert bad["properties"] == []
    assert good["charter"]["review"] == "replay"
    assert bad["charter"]["result"] == "FAILED"
    assert bad["charter"]["parts"]["landed data"]["outcome"] == "differs"


def test_a_claim_of_success_without_the_property_counts_for_nothing():
    told = attested(1, GOOD)
    stripped = replace(told, predicate={**told.predicate, "properties": []})
    assert not standing(Attestations((stripped,)), MODEL).passed
