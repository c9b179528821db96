"""Pipelines, data and models: B90 to B100 of the catalogue of threats."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attacks import Clone, approved, at_head, changed, demand, law, red, rules
from proposed import commit
from world import DATA, World, md5, world

from governance.compare import CODE
from governance.glob import any_of
from governance.pipeline import code_files
from governance.tally import Standing

GATES = "policies/gates.yaml"
CREDIT = "models/credit/model.yaml"
METRICS = "artifacts/ml/models/credit/metrics.json"
LOCK = "dvc.lock"
DVC = "dvc.yaml"
CONFIG = ".dvc/config"
RETENTION = "policies/retention.yaml"
LANDING = "records/landings/loans/first.yaml"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone").starts()


def told(changed: World, *only: str, base: World | None = None) -> set[str]:
    """Rules that are not green, with or without a base."""
    return red(changed.judge(only or ("pipeline/*", "runs/*", "gates/*", "datasets/*"), base=base))


# B90


def test_b90_hand_edited_metrics_are_not_those_of_the_lock(clone: Clone) -> None:
    assert not red(clone.checked("pipeline/*", "runs/*", "gates/*"))
    clone.edit(METRICS, '"value": 0.82', '"value": 0.99').commit()
    assert red(clone.checked("pipeline/*")) == {"pipeline/lock"}
    assert demand(clone.tally(), "otherwise").standing is Standing.MISSING


def test_b90_metrics_of_another_run_are_told() -> None:
    other = world().set(METRICS, ("performance", "roc_auc", "value"), 0.99).retrain()
    assert not told(other)
    mixed = world().put(METRICS, other.files[METRICS])
    assert "pipeline/lock" in told(mixed)


# B91


def forged(w: World) -> World:
    """Better metrics, and everything that names them made to fit."""
    w.edit(METRICS, '"value": 0.82', '"value": 0.99')
    stage = w.value(LOCK)["stages"]["evaluate@credit"]
    stage["outs"][0] |= {"md5": md5(w.files[METRICS]), "size": len(w.files[METRICS])}
    w.set(LOCK, ("stages", "evaluate@credit"), stage)
    return w.set("artifacts/ml/last_retrain.json", ("lock_digest",), w.digest(LOCK)).seal()


def test_b91_metrics_and_lock_forged_together_are_told_where_they_are_repeated() -> None:
    """Key metrics stand in three places; who forges all of them is found by a replay only."""
    attack = forged(world())
    assert "runs/metadata" in told(attack)
    assert "otherwise" in rules(at_head(attack).tally(world()))


def test_b91_a_forged_run_is_a_claim_that_somebody_else_signs(clone: Clone) -> None:
    """Here the engine ends: nothing contradicts the claim, so it takes approvals of its bytes."""
    attack = forged(world()).retrain()
    assert not told(attack)
    for path, data in attack.files.items():
        clone.put(path, data)
    clone.commit("a claim")
    assert clone.tally().standing is Standing.MISSING
    approved(clone, ("ann", "model-owner"))
    assert clone.tally().standing is Standing.SOD_VIOLATION or not clone.tally().green
    approved(clone, ("mina", "mlops"))
    assert clone.tally().standing is Standing.APPROVED
    clone.edit(METRICS, '"value": 0.99', '"value": 0.98').commit()
    assert clone.tally().standing is Standing.STALE


# B92


@pytest.mark.parametrize(
    ("path", "route"),
    [
        (DVC, ("stages", "train", "do", "frozen")),
        (DVC, ("stages", "evaluate", "do", "always_changed")),
        ("datasets.dvc", ("frozen",)),
    ],
)
def test_b92_a_frozen_stage_is_told(path: str, route: tuple[str, ...]) -> None:
    assert "pipeline/frozen" in told(world().set(path, route, value=True))
    assert not told(world())


def test_b92_freezing_needs_approval(clone: Clone) -> None:
    frozen = world().set(DVC, ("stages", "train", "do", "frozen"), value=True)
    clone.put(DVC, frozen.files[DVC])
    clone.commit()
    assert "touches-code" in {effect.kind for effect in clone.tally().effects}
    assert not clone.tally().green


# B93


@pytest.mark.parametrize("path", [".dvcignore", "data/.dvcignore", "data/ml/training/.dvcignore"])
def test_b93_what_hides_data_is_told(clone: Clone, path: str) -> None:
    clone.put(path, "*.csv\n").commit()
    assert red(clone.checked("pipeline/*")) == {"pipeline/ignored"}
    assert clone.tally().standing is Standing.MISSING


def test_b93_what_hides_nothing_is_not(clone: Clone) -> None:
    clone.put(".dvcignore", "/.venv/\n").commit()
    assert not red(clone.checked("pipeline/*"))
    assert clone.tally().standing is Standing.MISSING


def test_b93_the_folder_is_counted_without_dvc(tmp_path: Path) -> None:
    folder = tmp_path / "data/ml/training/loans"
    folder.mkdir(parents=True)
    for name, data in DATA["loans"].items():
        (folder / name).write_bytes(data)
    assert not red(world().judge(["datasets/*"], root=tmp_path))
    (folder / "hidden.csv").write_text("x\n")
    assert "datasets/uncatalogued" in red(world().judge(["datasets/*"], root=tmp_path))


# B94


@pytest.mark.parametrize("key", ["hash", "md5", "nfiles"])
def test_b94_an_old_entry_is_refused(key: str) -> None:
    assert "datasets/pointer" in told(world().drop("datasets.dvc", "outs", 0, key))


def test_b94_other_line_ends_are_other_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "data/ml/training/loans"
    folder.mkdir(parents=True)
    for name, data in DATA["loans"].items():
        (folder / name).write_bytes(data.replace(b"\n", b"\r\n"))
    assert "datasets/manifest" in red(world().judge(["datasets/*"], root=tmp_path))


# B95


@pytest.mark.parametrize(
    "command", ["echo 99 > artifacts/out", ["echo 99"], "python -m pipelines.evaluate x; true"]
)
def test_b95_a_stage_that_prints_the_number_is_not_the_designed_one(command: object) -> None:
    attack = world().set(DVC, ("stages", "evaluate", "do", "cmd"), command)
    assert "pipeline/steps" in told(attack)


def test_b95_an_evaluation_that_changes_is_code_and_names_its_model(clone: Clone) -> None:
    assert all(any_of(CODE).fullmatch(path) for path in code_files())
    clone.put("pipelines/evaluate.py", "print(0.99)\n").commit()
    assert "touches-code" in {effect.kind for effect in clone.tally().effects}
    assert red(clone.checked("pipeline/*")) == {"pipeline/lock"}


def test_b95_code_that_ran_as_it_stands_is_in_order() -> None:
    assert not told(world().put("pipelines/evaluate.py", "print(0.99)\n").retrain())


# B96


def below(value: float) -> World:
    return world().set(METRICS, ("performance", "roc_auc", "value"), value).retrain()


def test_b96_the_ruler_of_the_base_measures_the_model() -> None:
    """The owner's own bound is 0.75; both bounds fall in the change that needs it."""
    attack = below(0.65).edit(CREDIT, "at_least: 0.75", "at_least: 0.6")
    attack = attack.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").retrain()
    assert "gates/thresholds" in told(attack, base=world())
    assert {"policy-change", "otherwise"} <= rules(at_head(attack).tally(world()))
    merged = world().edit(GATES, "at_least: 0.7,", "at_least: 0.6,")
    assert "gates/thresholds" not in told(attack, base=merged)


@pytest.mark.parametrize(
    ("path", "old", "new", "kind"),
    [
        (GATES, "at_least: 0.7,", "at_least: 0.6,", "loosens-threshold"),
        (CREDIT, "at_least: 0.75", "at_least: 0.7", "loosens-threshold"),
        (GATES, "minimum_rows: 1000", "minimum_rows: 10", "loosens-threshold"),
        (GATES, "at_least: 0.7,", "at_least: 0.8,", "tightens-threshold"),
        ("policies/datasets/loans.yaml", "value: 62", "value: 63", "changes-contract"),
    ],
)
def test_b96_a_ruler_that_moves_says_so(path: str, old: str, new: str, kind: str) -> None:
    effects = at_head(world().edit(path, old, new)).tally(world()).effects
    assert kind in {effect.kind for effect in effects}


# B97


def test_b97_the_floor_stops_a_series_of_small_losses() -> None:
    """Each step loses less than anybody would notice; the floor does not move with them."""
    at, lost = 0.82, 0
    previous = world()
    while True:
        at -= 0.004
        step = below(at)
        if "gates/thresholds" in told(step, "gates/*", base=previous):
            break
        previous, lost = step, lost + 1
    assert math.isclose(at, 0.748)
    assert lost == 17


# B98


def test_b98_no_bound_is_read_from_the_candidate() -> None:
    """There is nothing to compare a candidate with but numbers that its change cannot move."""
    attack = below(0.6)
    for name in ("metrics", "telemetry", "metadata"):
        path = f"artifacts/ml/models/hardship/{name}.json"
        attack.put(path, attack.files[path])
    assert "gates/thresholds" in told(attack, "gates/*", base=attack.copy())


def test_b98_evidence_copied_from_the_model_in_production_is_told() -> None:
    attack = below(0.6)
    for name in ("metrics", "training", "metadata", "telemetry", "provenance"):
        attack.put(
            f"artifacts/ml/models/credit/{name}.json",
            world().files[f"artifacts/ml/models/hardship/{name}.json"],
        )
    assert {"runs/metadata", "pipeline/lock"} <= told(attack)


# B99


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    url = store\n", "    url = https://evil.example/store\n"),
        ("    verify = true\n", "    verify = false\n"),
        ("    verify = true\n", "    verify = true\n[cache]\n    dir = /tmp/evil\n"),
        ("    remote = store\n", "    remote = other\n"),
    ],
)
def test_b99_another_remote_needs_approval_or_is_refused(clone: Clone, old: str, new: str) -> None:
    clone.edit(CONFIG, old, new).commit()
    assert "touches-code" in {effect.kind for effect in clone.tally().effects}
    assert clone.tally().standing is Standing.MISSING
    if "https" not in new:
        assert "pipeline/remote" in red(clone.checked("pipeline/*"))


def test_b99_a_second_file_of_settings_is_refused(clone: Clone) -> None:
    clone.put(".dvc/config.local", "[core]\n    remote = evil\n").commit()
    assert red(clone.checked("pipeline/*")) == {"pipeline/remote"}
    assert not clone.tally().green


# B100


def test_b100_data_and_their_hold_go_in_one_change_only_in_sight() -> None:
    value = world().value(RETENTION)
    attack = world().set(RETENTION, ("holds",), []).remove(LANDING)
    tally = at_head(attack).tally(world())
    kinds = {effect.kind for effect in tally.effects}
    assert {"lifts-hold", "edits-record", "changes-policy"} <= kinds
    assert value["holds"]
    assert tally.standing is Standing.MISSING


@pytest.mark.parametrize(
    ("old", "new", "lifted"),
    [
        ('since: "2026-11-01"', 'since: "2099-11-01"', True),
        ("matter: a case", 'matter: a case, until: "2026-11-23"', True),
        ("dataset: loans, since", "dataset: homes, since", True),
        ("matter: a case", "matter: a case of old", False),
    ],
)
def test_b100_a_hold_that_holds_less_is_lifted(old: str, new: str, lifted: bool) -> None:  # noqa: FBT001
    effects = at_head(world().edit(RETENTION, old, new)).tally(world()).effects
    assert ("lifts-hold" in {effect.kind for effect in effects}) is lifted


def test_b100_removing_the_policy_lifts_its_holds() -> None:
    effects = at_head(world().remove(RETENTION)).tally(world()).effects
    assert {"lifts-hold", "shortens-retention"} <= {effect.kind for effect in effects}


def test_b100_another_hold_lifts_none() -> None:
    old = "  - {dataset: loans"
    new = f'  - {{dataset: homes, since: "2026-11-22", matter: x}}\n{old}'
    effects = at_head(world().edit(RETENTION, old, new)).tally(world()).effects
    assert "lifts-hold" not in {effect.kind for effect in effects}


def test_b100_the_clock_of_a_commit_changes_nothing(tmp_path: Path) -> None:
    verdicts = []
    for year in ("2016", "2026", "2036"):
        clone = Clone(tmp_path / year).starts()
        clone.edit(RETENTION, "days: 365, minimum", "days: 300, minimum")
        when = f"{year}-11-22T09:00:00Z"
        clone.commit(GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        tally = clone.tally()
        verdicts.append((tally.change.digest, tally.standing, rules(tally)))
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert verdicts[0][1] is Standing.MISSING


@pytest.mark.parametrize(
    "now", ["2026-11-22T23:59:59Z", "2026-11-23T00:59:59+01:00", "2026-11-22T12:59:59-11:00"]
)
def test_b100_a_moment_is_one_moment_in_every_zone(clone: Clone, now: str) -> None:
    clone.put("docs/a.md", "x\n").commit()
    expected = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)
    assert clone.checked("declarations/effective", now=now).at == expected


# The harmless twin of them all


def test_b90_to_b100_a_change_of_words_passes() -> None:
    base = law()
    assert changed(base, "docs/a.md").tally(base).standing is Standing.APPROVED
    assert commit().signed_by == "ann"
    assert not told(base, base=base)
