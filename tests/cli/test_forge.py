"""`charter forge` writes what the policies give, and sees what is in force."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from forge import TOKEN, FakeGitHub
from world import world

from cli.forge import forge
from governance.finding import CouldNotJudge
from governance.forge_settings import BRANCHES, OWNERS, TAGS, VERDICTS


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return world().write_to(tmp_path)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        monkeypatch.setenv("GITHUB_REPOSITORY", fake.repository)
        monkeypatch.setenv("GITHUB_API_URL", fake.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield fake


def run(repo: Path, *words: str) -> Result:
    return CliRunner().invoke(forge, ["--repo", str(repo), "--now", "2026-11-22", *words])


def set_up(repo: Path, there: FakeGitHub, **changed: Any) -> None:
    """What docs/forge.md says: the rulesets, sent as they are."""
    run(repo)
    for path in (BRANCHES, TAGS, VERDICTS):
        there.ruleset(**json.loads((repo / path).read_text()) | changed)


def test_the_files_are_written_once(repo: Path) -> None:
    for path in (OWNERS, BRANCHES, TAGS, VERDICTS):
        (repo / path).unlink(missing_ok=True)
    assert run(repo).output.splitlines() == [
        f"{path} written" for path in (OWNERS, BRANCHES, TAGS, VERDICTS)
    ]
    again = run(repo)
    assert again.output.count("is up to date") == 4
    assert again.exit_code == 0


def test_settings_as_declared_are_green(repo: Path, there: FakeGitHub) -> None:
    set_up(repo, there)
    result = run(repo, "--live")
    assert (result.exit_code, result.output) == (0, "0 findings; 3 rulesets of octo/models\n")


def test_b102_a_drifted_setting_is_told_with_its_line(repo: Path, there: FakeGitHub) -> None:
    set_up(repo, there, enforcement="disabled")
    result = run(repo, "--live")
    line = (repo / BRANCHES).read_text().split("\n").index('  "enforcement": "active",') + 1
    assert result.exit_code == 1
    assert result.output.startswith(
        f"{BRANCHES}:{line}:3: charter: governed branches: enforcement is disabled, not active  "
        "[forge/live]\n  fix: "
    )
    assert result.output.endswith("3 findings; 3 rulesets of octo/models\n")


def test_b101_somebody_above_the_rules_is_told(repo: Path, there: FakeGitHub) -> None:
    admin = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
    set_up(repo, there, bypass_actors=[admin])
    result = run(repo, "--live")
    assert result.exit_code == 1
    assert "does not bind RepositoryRole 5 (always)" in result.output


def test_a_token_that_may_not_see_leaves_the_question_open(repo: Path, there: FakeGitHub) -> None:
    set_up(repo, there)
    for ruleset in there.rulesets:
        del ruleset["bypass_actors"]
    open_question = run(repo, "--live")
    assert isinstance(open_question.exception, CouldNotJudge)
    assert "do not bind" in str(open_question.exception)

    result = run(repo, "--live", "--no-bypass")
    assert result.exit_code == 0
    assert "not asked: whom 3 of them do not bind" in result.output


def test_a_forge_that_refuses_is_not_green(repo: Path, there: FakeGitHub) -> None:
    set_up(repo, there)
    there.fail(403, on="/rulesets")
    assert isinstance(run(repo, "--live").exception, CouldNotJudge)


def test_no_token_is_not_green(
    repo: Path, there: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(repo, there)
    monkeypatch.delenv("GITHUB_TOKEN")
    assert isinstance(run(repo, "--live").exception, CouldNotJudge)


def test_nothing_is_written_while_comparing(repo: Path, there: FakeGitHub) -> None:
    for path in (OWNERS, BRANCHES, TAGS, VERDICTS):
        (repo / path).unlink(missing_ok=True)
    result = run(repo, "--live")
    assert result.exit_code == 1
    assert not (repo / OWNERS).exists()
    assert {call.method for call in there.calls} == {"GET"}
