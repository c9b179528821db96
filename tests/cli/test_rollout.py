"""The commands of a rollout say what they did, in words and in JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import registering
import rolling
import small
from click.testing import CliRunner, Result
from rolling import CANARY, FULL, MODEL

from cli.apply import apply
from cli.obligations import obligations
from cli.plan import plan
from cli.rollback import rollback
from cli.verify_release import verify_release


@pytest.fixture(scope="module")
def served(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose first version answers everybody; left as it is."""
    return small.copied(
        small.template(shared, rolling.serving), tmp_path_factory.mktemp("served") / "repository"
    )


def run(command: object, root: Path, *words: str, now: object = FULL) -> Result:
    moment = now.isoformat()  # type: ignore[attr-defined]
    return CliRunner().invoke(command, [*words, "--repo", str(root), "--now", moment])  # type: ignore[arg-type]


def test_plan_is_green_when_all_is_as_wanted(served: Path) -> None:
    done = run(plan, served)
    assert (done.exit_code, done.output) == (0, "returning: 1.0.0 on full, as wanted\n")
    value = json.loads(run(plan, served, "--format", "json").output)
    (model,) = value["models"]
    assert (model["move"], model["todo"], model["blocked"]) == ("stay", [], False)
    assert "envelope" not in model["serving"]


def test_a_model_without_a_rollout_is_named(served: Path) -> None:
    done = run(plan, served, "rent")
    assert done.exit_code == 1
    assert "rent has no rollout.yaml on HEAD" in done.output


def test_plan_and_apply_say_what_is_in_the_way(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small.copied(small.template(shared, rolling.wanted), tmp_path / "repository")
    text = f'id: i-1\nat: "2026-11-23T09:00:00Z"\nmodel: {MODEL}\nseverity: P0\nsummary: bad\n'
    small.put(root / "records/incidents/i-1.yaml", text)
    done = run(plan, root, now=CANARY)
    assert done.exit_code == 1
    assert "  to do: serve production: nothing; staging: 1.0.0 10%" in done.output
    assert "  in the way: records/incidents/i-1.yaml: P0 i-1 of returning lacks" in done.output
    done = run(verify_release, root, MODEL, now=CANARY)
    assert done.exit_code == 1
    assert "returning@1.0.0 on canary (" in done.output
    assert "): 1 missing" in done.output
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(rolling.key(tmp_path / "keys")))
    done = run(apply, root, now=CANARY)
    assert done.exit_code == 1
    assert "[incidents/triaged]" in done.output
    (root / "records/incidents/i-1.yaml").unlink()
    done = run(apply, root, now=CANARY)
    assert done.exit_code == 0
    assert "commit it, the soak counts from its moment" in done.output
    done = run(apply, root, now=CANARY)
    assert done.output == "returning: served as wanted\n"
    value = json.loads(run(verify_release, root, f"{MODEL}@v1.0.0", "--format", "json").output)
    assert value["digest"] == registering.metadata(root).model_digest


def test_the_calendar_knows_the_review_after_the_release(served: Path, tmp_path: Path) -> None:
    late = FULL + timedelta(days=8)
    done = run(obligations, served, now=late)
    assert done.exit_code == 1
    assert "2026-12-04  post-release-review:returning@1.0.0  1 day late" in done.output
    assert "blocks: the next promotion of returning" in done.output
    assert run(obligations, served, now=FULL).exit_code == 0
    assert "post-release" not in run(obligations, served, "rent", now=late).output
    assert run(obligations, served, "--ics", now=late).output.startswith("BEGIN:VCALENDAR")

    root = small.copied(served, tmp_path / "reviewed")
    words = ("--review", f"{MODEL}@1.0.0", "--by", "mei.tanaka", "--because", "all in order")
    done = run(obligations, root, *words, now=late)
    assert done.exit_code == 1
    assert "no telemetry of 1.0.0 since 2026-11-27 is on HEAD" in done.output
    rolling.watch(root, "1.0.0", "full", FULL, late)
    done = run(obligations, root, *words[:3], "laura.benitez", *words[4:], now=late)
    assert "does not hold mlops" in done.output
    done = run(obligations, root, *words, now=late)
    assert done.exit_code == 0, done.output
    assert "post-release" not in run(obligations, root, now=late).output


def test_rollback_says_where_it_would_go(served: Path) -> None:
    done = run(rollback, served, MODEL, "--dry-run")
    assert (done.exit_code, done.output) == (
        0, "dry run: 1.0.0 → step canary of 1.0.0, which is in the bucket\n"
    )  # fmt: skip
    assert run(rollback, served, MODEL).exit_code == 2


def test_an_export_needs_all_it_names(served: Path, tmp_path: Path) -> None:
    assert run(apply, served, MODEL, "--export", "argo").exit_code == 2
    image = f"registry.example/inference@sha256:{'c' * 64}"
    words = ("--export", "argo", "--to", str(tmp_path), "--image", image)
    done = run(apply, served, MODEL, *words)
    assert done.exit_code == 0, done.output
    assert image in (tmp_path / f"{MODEL}.rollout.yaml").read_text()
