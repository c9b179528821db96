"""A version comes to everybody one gate at a time, whoever is killed or overtaken on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import registering
import rolling
import small
from rolling import CANARY, FULL, LIMITED, MODEL, ROLLOUT

from adapters.registry import Overtaken
from governance.finding import CouldNotJudge
from pipelines import roll_out, rollback, rollout_write, verify_release
from pipelines.inputs import Refused
from pipelines.rollout_export import export
from pipelines.rollout_state import state

TESTS = Path(__file__).parents[1]
HOUR = timedelta(hours=1)


@pytest.fixture
def root(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first version is registered, on a machine that may sign."""
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(rolling.key(tmp_path / "keys")))
    return small.copied(small.template(shared, rolling.registered), tmp_path / "repository")


@pytest.fixture
def served(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose first version answers everybody."""
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(rolling.key(tmp_path / "keys")))
    return small.copied(small.template(shared, rolling.serving), tmp_path / "repository")


def said(root: Path, now: object = CANARY) -> roll_out.Outlook:
    (found,) = roll_out.outlooks(state(root, now))  # type: ignore[arg-type]
    return found


def apply(root: Path, now: object) -> bool:
    return roll_out.apply(root, MODEL, now, say=lambda _: None)  # type: ignore[arg-type]


def records(root: Path) -> list[str]:
    return sorted(p.name for p in (root / "records/attestations").glob("*deploy*"))


def flags(root: Path) -> dict[str, object]:
    found = json.loads((root / ".charter/registry/serving/flags.json").read_bytes())
    rule: dict[str, object] = found["flags"][f"{MODEL}-version"]
    return rule


def test_a_version_takes_every_step(served: Path) -> None:
    found = rolling.pointer(served)
    assert (found["version"], found["step"], found["move"]) == ("1.0.0", "full", "advance")
    assert [one["share"] for one in found["stages"]["production"]] == [1.0]
    assert len(records(served)) == 3
    assert not apply(served, FULL + HOUR)
    assert said(served, FULL + HOUR).todo == ()


def test_the_first_step_answers_nobody_in_production(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    assert apply(root, CANARY)
    found = rolling.pointer(root)["stages"]
    assert found["production"] == []
    assert [(one["version"], one["share"]) for one in found["staging"]] == [("1.0.0", 0.1)]
    assert flags(root)["targeting"] == {
        "if": [
            {"==": [{"var": "environment"}, "production"]}, "none",
            {"if": [{"==": [{"var": "environment"}, "staging"]},
                    {"fractional": [["1.0.0", 1], ["none", 9]]}, "none"]},
        ]
    }  # fmt: skip


def test_what_is_wanted_is_what_was_merged(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    small.put(root / ROLLOUT, "model: returning\nversion: 1.0.0\nstep: full\n")
    assert said(root).change.after.step == "canary"


def test_time_counts_from_the_statement(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    apply(root, CANARY)
    rolling.want(root, "1.0.0", "limited")
    rolling.watch(root, "1.0.0", "canary", CANARY, LIMITED)
    with pytest.raises(Refused, match=r"has soaked on 2026-11-24 10:00 UTC  \[rollout/soak\]"):
        apply(root, LIMITED - timedelta(seconds=1))
    assert rolling.pointer(root)["step"] == "canary"
    assert apply(root, LIMITED)


def test_no_step_is_skipped(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    apply(root, CANARY)
    rolling.want(root, "1.0.0", "full")
    rolling.watch(root, "1.0.0", "canary", CANARY, FULL)
    with pytest.raises(Refused, match="the next step is not full"):
        apply(root, FULL)
    assert rolling.pointer(root)["step"] == "canary"


def test_without_a_key_nothing_changes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rolling.want(root, "1.0.0", "canary")
    monkeypatch.delenv("CHARTER_MACHINE_KEY")
    with small.unchanged(root), pytest.raises(Refused, match="no machine key"):
        apply(root, CANARY)


def test_without_the_approvals_of_its_step_nothing_changes(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    apply(root, CANARY)
    small.commit(root, "statement")
    rolling.watch(root, "1.0.0", "canary", CANARY, LIMITED)
    rolling.want(root, "1.0.0", "limited")
    for path in root.glob("records/approvals/jonas.weber-1.0.0-*"):
        path.unlink()
    with pytest.raises(Refused, match=r"1\.0\.0 is not approved for production"):
        apply(root, LIMITED)
    found = verify_release.verify(root, MODEL, None, LIMITED)
    assert any("data-steward 0 of 1" in line for line in found.lacking)


def test_a_p0_of_the_work_tree_counts(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    text = f'id: i-1\nat: "2026-11-23T09:00:00Z"\nmodel: {MODEL}\nseverity: P0\nsummary: bad\n'
    small.put(root / "records/incidents/i-1.yaml", text)
    with pytest.raises(Refused, match=r"P0 i-1 of returning lacks an owner and its triage"):
        apply(root, CANARY)
    assert any("i-1" in line for line in verify_release.verify(root, MODEL, None, CANARY).lacking)


def test_a_release_is_verified_offline(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    (root / ".charter/registry").rename(root / ".charter/elsewhere")
    assert verify_release.verify(root, MODEL, "1.0.0", CANARY).lacking == ()
    with pytest.raises(Refused, match=r"releases 1\.0\.0, not 2\.0\.0"):
        verify_release.verify(root, MODEL, "2.0.0", CANARY)
    small.git(root, "tag", "--delete", f"{MODEL}@v1.0.0")
    (line,) = verify_release.verify(root, MODEL, None, CANARY).lacking
    assert "the tag returning@v1.0.0 is not here" in line


@pytest.mark.parametrize("kept", ["security", "performance", "bias"])
def test_a_review_that_is_gone_stops_a_release(root: Path, kept: str) -> None:
    rolling.want(root, "1.0.0", "canary")
    for path in root.glob(f"records/attestations/{kept}-*"):
        path.unlink()
    assert verify_release.verify(root, MODEL, None, CANARY).lacking


def test_a_pointer_written_by_hand_is_found_and_put_right(served: Path) -> None:
    path = served / f".charter/registry/serving/{MODEL}.json"
    value = json.loads(path.read_bytes())
    value["stages"]["production"][0]["digest"] = f"sha256:{'f' * 64}"
    path.write_text(json.dumps(value))
    found = said(served, FULL + HOUR)
    assert "written by hand" in found.todo[0]
    assert apply(served, FULL + HOUR)
    assert said(served, FULL + HOUR).todo == ()
    digest = rolling.pointer(served)["stages"]["production"][0]["digest"]
    assert digest == registering.metadata(served).model_digest


def test_of_two_at_once_one_wins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rolling.want(root, "1.0.0", "canary")
    other = small.copied(root, root.parent / "other")
    bucket = root.parent / "bucket"
    for clone in (root, other):
        policy = clone / "policies/registry.yaml"
        policy.write_text(
            policy.read_text().replace("file://.charter/registry", f"file://{bucket}")
        )
        small.commit(clone, "share a bucket")
    (root / ".charter/registry").rename(bucket)
    point = roll_out.point

    def late(*given: object) -> str:
        monkeypatch.setattr(roll_out, "point", point)
        apply(other, CANARY)
        return point(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(roll_out, "point", late)
    with pytest.raises(Overtaken, match="changed by somebody else"):
        apply(root, CANARY + HOUR)
    before = (bucket / f"serving/{MODEL}.json").read_bytes()
    assert records(root) == []
    assert apply(root, CANARY + HOUR)  # it takes over the statement that is in the pointer
    assert records(root) == records(other) != []
    paths = [clone / "records/attestations" / records(root)[0] for clone in (root, other)]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert (bucket / f"serving/{MODEL}.json").read_bytes() == before


def test_of_two_in_one_clone_one_says_so(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    with rollout_write.alone(root), pytest.raises(CouldNotJudge, match="another rollout"):
        apply(root, CANARY)


@pytest.mark.parametrize(("act", "make"), [
    ("apply", rolling.wanted), ("rollback", rolling.serving),
])  # fmt: skip
def test_it_may_be_killed_anywhere(act: str, make: object, shared: Path, tmp_path: Path) -> None:
    template = small.template(shared, make)  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, TESTS / "killed_rollout.py", template, tmp_path, act, "3"], check=True,
        capture_output=True, text=True,
        env=small.environment() | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"},
    )  # fmt: skip
    attempts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(attempts) >= 4
    for attempt in attempts:
        assert attempt["killed"], attempt
        assert attempt["again"] == 0, attempt
        assert attempt["same"], attempt


def test_a_bucket_that_cannot_be_written_changes_nothing(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    (root / ".charter/registry/serving").write_text("a file where a folder belongs")
    with small.unchanged(root), pytest.raises(CouldNotJudge, match="serving"):
        apply(root, CANARY)


def test_a_bucket_that_is_gone_changes_nothing(root: Path) -> None:
    rolling.want(root, "1.0.0", "canary")
    policy = root / "policies/registry.yaml"
    text = policy.read_text().replace("file://.charter/registry", "file:///nowhere/at/all")
    policy.write_text(text)
    small.commit(root, "move the bucket")
    with small.unchanged(root), pytest.raises(CouldNotJudge, match="is not there"):
        apply(root, CANARY)


# The way back.


def test_a_first_version_goes_back_to_its_first_step(served: Path) -> None:
    now = FULL + HOUR
    done = rollback.back(served, MODEL, now, because="it refuses everybody", say=lambda _: None)
    assert done.switched
    assert rolling.pointer(served)["stages"]["production"] == []
    incident = next(path for path in done.written if "incidents" in path)
    assert "taken back to step canary: it refuses everybody" in (served / incident).read_text()
    assert said(served, now).blocked  # the branch still wants it in full
    with pytest.raises(Refused, match="the next step is not full"):
        apply(served, now)
    small.commit(served, "take it back")
    assert said(served, now).todo == ()


def test_without_a_key_it_goes_back_all_the_same(
    served: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = registering.key_of(served.parent)  # a person's: no machine's
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(key))
    done = rollback.back(served, MODEL, FULL + HOUR, because="bad", say=lambda _: None)
    assert done.switched
    assert not done.signed
    assert rolling.pointer(served)["envelope"] is None
    small.commit(served, "take it back")
    found = said(served, FULL + HOUR)
    assert found.todo == ("record that 1.0.0 is on canary",)
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(rolling.key(served.parent / "keys")))
    assert apply(served, FULL + 2 * HOUR)
    assert rolling.pointer(served)["envelope"]
    assert said(served, FULL + 2 * HOUR).todo == ()


def test_twice_is_once(served: Path) -> None:
    rollback.back(served, MODEL, FULL + HOUR, because="bad", say=lambda _: None)
    again = rollback.back(served, MODEL, FULL + 2 * HOUR, because="bad", say=lambda _: None)
    assert (again.switched, again.written) == (False, ())


def test_a_drill_is_signed_and_switches_nothing(served: Path) -> None:
    before = rolling.pointer(served)
    path = rollback.drill(served, MODEL, FULL + HOUR, to="1.0.0", say=lambda _: None)
    assert "drill" in path
    assert rolling.pointer(served) == before
    (served / ".charter/registry/models/returning/1.0.0/model.skops").chmod(0o644)
    (served / ".charter/registry/models/returning/1.0.0/model.skops").write_bytes(b"other")
    with pytest.raises(Refused, match="holds other bytes than were registered"):
        rollback.drill(served, MODEL, FULL + HOUR, to="1.0.0", say=lambda _: None)


@pytest.mark.parametrize("to", ["0.1.0", "9.9.9"])
def test_no_way_back_to_what_never_served(served: Path, to: str) -> None:
    with small.unchanged(served), pytest.raises(Refused, match=f"{to} of returning never served"):
        rollback.back(served, MODEL, FULL + HOUR, because="bad", to=to, say=lambda _: None)


# Exports.

IMAGE = f"registry.example/inference@sha256:{'c' * 64}"


def test_exports_name_everything_by_digest(served: Path, tmp_path: Path) -> None:
    path = export(served, MODEL, FULL, tmp_path, IMAGE, argo_rollouts=True)
    text = path.read_text()
    assert IMAGE in text
    assert registering.metadata(served).model_digest in text
    path = export(served, MODEL, FULL, tmp_path, IMAGE, argo_rollouts=False)
    assert json.loads(path.read_text())["image"] == IMAGE
    with pytest.raises(Refused, match="is not named by its digest"):
        export(served, MODEL, FULL, tmp_path, "registry.example/inference:1", argo_rollouts=True)


@pytest.fixture(autouse=True)
def _quiet(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    assert "Traceback" not in capsys.readouterr().err
