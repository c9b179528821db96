"""`charter rules` and `charter explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from history import begin
from world import World, world

from checks import engine
from cli.main import charter
from governance.finding import CouldNotJudge

ROOT = "repository"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return world().write_to(begin(tmp_path / ROOT))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(charter, arguments, catch_exceptions=False, standalone_mode=False)


def said(*arguments: str) -> str:
    try:
        result = run(*arguments)
    except CouldNotJudge as refusal:
        return f"refused: {refusal}"
    assert result.exit_code == 0, result.output
    return result.output


def test_rules_are_listed_with_what_they_say() -> None:
    lines = said("rules").splitlines()
    assert [line.split()[0] for line in lines] == [rule.id for rule in engine.rules()]
    assert all(line.endswith(".") for line in lines)
    assert len({line.index("  ") for line in lines}) > 1
    column = {line.rstrip().find(line.split(maxsplit=1)[1]) for line in lines}
    assert len(column) == 1, "titles stand in one column"


def test_rules_are_listed_for_programs() -> None:
    pages = json.loads(said("rules", "--format", "json"))
    assert [page["id"] for page in pages] == [rule.id for rule in engine.rules()]
    assert set(pages[0]) == {"id", "title", "demands", "why", "fix"}
    assert all(all(page.values()) for page in pages)


@pytest.mark.parametrize("rule", [rule.id for rule in engine.rules()])
def test_a_rule_is_explained_anywhere(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = said("explain", rule)
    assert text.startswith(f"{rule}: ")
    for title in ("Demands: ", "Why: ", "Fix: "):
        assert f"\n{title}" in text
    assert max(map(len, text.splitlines())) <= 110


def test_a_line_is_explained(repository: Path) -> None:
    path = "policies/gates.yaml"
    for number, words in {
        3: "effective: First day on which the document is in force",
        6: "classification: Bounds for classifiers",
        7: "classification.performance: Bounds on how well the model predicts",
        8: "classification.performance.0.at_least: Smallest value that passes",
    }.items():
        text = said("explain", f"{path}:{number}", "--repo", str(repository))
        assert text.startswith(f"{path}: gates. Bounds by task.")
        assert words in text


def test_a_line_and_a_column_are_explained_as_the_line(repository: Path) -> None:
    line = said("explain", "policies/gates.yaml:3", "--repo", str(repository))
    assert said("explain", "policies/gates.yaml:3:1", "--repo", str(repository)) == line


def test_a_file_is_explained_by_its_keys(repository: Path) -> None:
    text = said("explain", "models/credit/model.yaml", "--repo", str(repository))
    assert "  risk_tier: Tier under the organisation's risk policy" in text
    assert "  gates: Bounds of its own" in text


def test_a_contract_is_explained_though_another_standard_describes_it(repository: Path) -> None:
    text = said("explain", "policies/datasets/loans.yaml:4", "--repo", str(repository))
    assert text.startswith("policies/datasets/loans.yaml: contract.")
    assert "  name: see the standard\n" in text


def test_a_file_that_declares_nothing_says_so(repository: Path) -> None:
    assert "README.md holds no declaration" in said(
        "explain", "README.md", "--repo", str(repository)
    )


def test_what_is_wrong_with_a_line_is_told_there(repository: Path, valid: World) -> None:
    path = "policies/gates.yaml"
    valid.edit(path, "owner: board", "owner: nobody").write_to(repository)
    told = "owner nobody is no role  [declarations/owners]"
    assert told in said("explain", f"{path}:4", "--repo", str(repository))
    assert told in said("explain", path, "--repo", str(repository))
    assert told not in said("explain", f"{path}:3", "--repo", str(repository))


BROKEN = {"empty": "", "no mapping": "- a\n", "no YAML": "a: [\n", "two keys": "id: a\nid: b\n"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_explained_as_far_as_it_goes(
    repository: Path, valid: World, text: str
) -> None:
    path = "policies/gates.yaml"
    valid.put(path, text).write_to(repository)
    for what in (path, f"{path}:1", f"{path}:99"):
        explained = said("explain", what, "--repo", str(repository))
        assert explained.startswith(f"{path}: gates.")
    assert "[declarations/loadable]" in said("explain", path, "--repo", str(repository))


@pytest.mark.parametrize("what", ["gates/threshold", "policies/none.yaml", "x:1", ":", "policies"])
def test_what_is_neither_rule_nor_file_is_refused(repository: Path, what: str) -> None:
    assert said("explain", what, "--repo", str(repository)).startswith("refused: ")


def test_a_line_beyond_the_end_is_empty_but_no_error(repository: Path) -> None:
    text = said("explain", "policies/gates.yaml:9999", "--repo", str(repository))
    assert text.count("\n") == 1
