"""The gate of a pull request, from the forge's facts to the verdict it publishes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from forge import TOKEN, FakeGitHub
from threatened import NOW, Attacked

from cli.main import charter
from governance.finding import CouldNotJudge

ACCOUNTS = {"omar": 1, "stella": 2, "mina": 3, "lea": 4, "priya": 5, "boris": 6, "rita": 7,
            "milo": 8, "lars": 9, "ann": 10}  # fmt: skip


class Told(NamedTuple):
    """What a command left behind."""

    code: int
    out: str


class Scene:
    """A pull request of ann that lowers a threshold, at a forge and in a clone."""

    def __init__(self, clone: Attacked, forge: FakeGitHub) -> None:
        self.clone, self.forge = clone, forge
        for name, number in ACCOUNTS.items():
            forge.account(f"{name}-example", number=number)
        clone.branch().edit("policies/gates.yaml", "at_least: 0.7,", "at_least: 0.6,")
        clone.edit("policies/gates.yaml", "version: 1.0.0", "version: 1.0.1")
        clone.edit("policies/gates.yaml", "2026-11-01", "2026-11-23")
        self.head = clone.commit(signed=False)
        forge.now = forge.now.replace(year=2026, month=11, day=21)
        forge.tips["main"] = clone.git("rev-parse", "main")
        forge.pull(7, user="ann-example", head=self.head, branch="change")

    def review(self, by: str, state: str = "APPROVED", **more: Any) -> Any:
        commit = more.pop("commit", self.head)
        return self.forge.review(7, f"{by}-example", state, commit=commit, **more)

    def run(self, command: str, *arguments: str) -> Told:
        arguments = (command, *arguments, "--now", NOW)
        with contextlib.chdir(self.clone.root):
            result = CliRunner().invoke(charter, arguments)
        if isinstance(result.exception, CouldNotJudge):
            return Told(2, str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.output)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with FakeGitHub("example/world") as forge:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", "example/world")
        monkeypatch.setenv("GITHUB_API_URL", forge.url)
        yield Scene(Attacked(tmp_path / "clone"), forge)


def test_reviews_of_the_right_people_approve(scene: Scene) -> None:
    scene.review("lea")
    assert "✗ board: 0 of 1" in scene.run("approvals", "--pr", "7").out
    scene.review("rita")
    told = scene.run("approvals", "--pr", "7")
    assert (told.code, "policy-change: APPROVED" in told.out) == (0, True), told.out


def test_a_signed_record_and_a_review_fill_seats_together(scene: Scene) -> None:
    digest = scene.clone.digest()
    scene.clone.approve("lea", "legal", of=digest)
    head = scene.clone.git("rev-parse", "HEAD")
    scene.forge.push("change", head, by="ann-example", number=7)
    scene.review("rita", commit=head)
    assert scene.run("approvals", "--pr", "7").code == 0


def test_the_verdict_is_published_once(scene: Scene) -> None:
    for _ in range(2):
        assert scene.run("check", "--pr", "7", "--publish").code == 1
    assert [(r["name"], r["conclusion"], r["head_sha"]) for r in scene.forge.check_runs] == [
        ("charter", "failure", scene.head)
    ] * 2
    assert len(scene.forge.comments[7]) == 1
    body = scene.forge.comments[7][0]["body"]
    assert "legal 0/1" in body
    assert "lars, lea" in body
    scene.review("lea")
    scene.review("rita")
    assert scene.run("check", "--pr", "7", "--publish").code == 0, scene.run("check", "--pr", "7")
    assert scene.forge.check_runs[-1]["conclusion"] == "success"
    assert len(scene.forge.comments[7]) == 1


def test_the_author_s_own_review_is_a_violation(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    scene.forge.push("change", scene.head, by="lea-example", number=7)
    told = scene.run("approvals", "--pr", "7", "--format", "json")
    assert '"standing": "SOD-VIOLATION"' in told.out
    assert "pushed to it" in told.out


def test_b32_a_push_after_the_review_makes_it_stale(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    scene.clone.edit("policies/gates.yaml", "at_least: 0.6,", "at_least: 0.5,")
    head = scene.clone.commit(signed=False)
    scene.forge.push("change", head, by="ann-example", number=7)
    assert "STALE" in scene.run("approvals", "--pr", "7").out
    scene.review("lea", commit=head)
    scene.review("rita", commit=head)
    assert scene.run("approvals", "--pr", "7").code == 0


def test_a_rebase_keeps_the_approvals(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    scene.clone.git("checkout", "--quiet", "main")
    scene.clone.put("docs/more.md", "More words.\n").commit("docs", by="mina")
    scene.clone.git("checkout", "--quiet", "change")
    scene.clone.git("rebase", "--quiet", "main")
    head = scene.clone.git("rev-parse", "HEAD")
    scene.forge.tips["main"] = scene.clone.git("rev-parse", "main")
    scene.forge.push("change", head, by="ann-example", number=7, kind="force_push")
    assert scene.run("check", "--pr", "7", "--publish").code == 0


def test_b37_a_later_objection_stands(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    scene.review("lea", "CHANGES_REQUESTED", body="not yet")
    told = scene.run("approvals", "--pr", "7")
    assert "lea objects: not yet" in told.out


def test_b38_somebody_else_dismisses_the_objection(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    objection = scene.review("boris", "CHANGES_REQUESTED", body="too low")
    scene.forge.dismiss(objection, "mina-example")
    told = scene.run("approvals", "--pr", "7")
    assert (told.code, "boris objects: too low" in told.out) == (1, True), told.out


def test_b39_approved_for_another_branch_and_retargeted(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    assert scene.run("approvals", "--pr", "7").code == 0
    scene.forge.event("base_ref_changed", "ann-example")
    assert "given before this content was there to see" in scene.run("approvals", "--pr", "7").out


def test_b40_two_pull_requests_with_one_head(scene: Scene) -> None:
    scene.forge.pull(8, user="ann-example", head=scene.head, branch="change", pushed=False)
    told = scene.run("check", "--pr", "7", "--publish")
    assert (told.code, scene.forge.check_runs) == (2, [])
    assert "7 and 8 have one head" in told.out


def test_b44_the_base_moves_before_publishing(scene: Scene) -> None:
    scene.forge.tips["main"] = "f" * 40
    told = scene.run("check", "--pr", "7", "--publish")
    assert (told.code, scene.forge.check_runs) == (2, [])
    assert "main moved to ffffffffffff" in told.out


def test_b46_the_head_is_not_the_expected_one(scene: Scene) -> None:
    old = scene.clone.git("rev-parse", "main")
    told = scene.run("check", "--pr", "7", "--expect-head", old, "--publish")
    assert told.code == 2
    assert [run["conclusion"] for run in scene.forge.check_runs] == ["failure"]


def test_b64_a_verdict_of_before_does_not_outlive_a_judgement_that_failed(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    assert scene.run("check", "--pr", "7", "--publish").code == 0
    scene.forge.fail(404, on="reviews")
    assert scene.run("check", "--pr", "7", "--expect-head", scene.head, "--publish").code == 2
    found = [(run["conclusion"], run["head_sha"]) for run in scene.forge.check_runs]
    assert found == [("success", scene.head), ("failure", scene.head)]


def test_b45_a_merge_group_is_judged_pull_request_by_pull_request(scene: Scene) -> None:
    scene.clone.git("checkout", "--quiet", "-b", "queue", "main")
    scene.clone.git("merge", "--quiet", "--no-ff", "-m", "group", "change")
    group = scene.clone.git("rev-parse", "HEAD")
    scene.clone.git("checkout", "--quiet", "main")
    assert scene.run("check", "--queue", group, "--publish").code == 2
    scene.forge.enqueue(7, group)
    assert scene.run("check", "--queue", group, "--publish").code == 1
    scene.review("lea")
    scene.review("rita")
    assert scene.run("check", "--queue", group, "--publish").code == 0
    found = [(run["conclusion"], run["head_sha"]) for run in scene.forge.check_runs]
    assert found == [("failure", group), ("failure", group), ("success", group)]


def test_a_fork_s_token_publishes_nothing_and_the_exit_code_stands(scene: Scene) -> None:
    scene.forge.fail(403, 403, on="comments")
    told = scene.run("check", "--pr", "7", "--publish")
    assert (told.code, "note: not published" in told.out) == (1, True)


def test_b68_a_failed_call_is_no_empty_list(scene: Scene) -> None:
    scene.review("lea")
    scene.review("rita")
    scene.forge.fail(404, on="reviews")
    assert scene.run("check", "--pr", "7", "--publish").code == 2
    assert scene.forge.check_runs == []


def test_the_summary_of_the_job_holds_the_page(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    scene.run("check", "--pr", "7")
    page = (tmp_path / "summary.md").read_text()
    assert "### Approvals: MISSING" in page


def test_without_a_token_it_says_what_to_set(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    told = scene.run("check", "--pr", "7")
    assert told == (2, "set GITHUB_TOKEN and GITHUB_REPOSITORY (owner/name) to read a pull request")


@pytest.mark.parametrize("arguments", [("--publish",), ("--pr", "7", "--base", "main")])
def test_options_that_do_not_go_together(scene: Scene, arguments: tuple[str, ...]) -> None:
    assert scene.run("check", *arguments).code == 2
