"""The branch of verdicts grows, whatever is checked out, and never loses anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from forge import FakeGitHub
from history import begin, commit, git, put

from adapters import verdicts
from adapters.ledger import Objects
from governance.finding import CouldNotJudge

PATH = "verdicts/ab/abcd.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(begin(tmp_path / "r"), "a.txt", "a")
    commit(tmp_path / "r")
    return tmp_path / "r"


def test_files_are_added_beside_what_is_there(root: Path) -> None:
    put(root, "a.txt", "uncommitted")
    first = verdicts.append(root, {PATH: b"1"}, "one")
    second = verdicts.append(root, {"verdicts/ab/ffff.json": b"2", "verdicts/cd/e": b"3"}, "two")
    listed = git(root, "ls-tree", "-r", "--name-only", "charter/verdicts").split()
    assert listed == [PATH, "verdicts/ab/ffff.json", "verdicts/cd/e"]
    assert git(root, "rev-list", "charter/verdicts").split() == [second, first]
    assert git(root, "status", "--porcelain") == "M a.txt"
    with Objects(root) as objects:
        assert [kept.data for kept in verdicts.Verdicts(root, objects).about(PATH)] == [b"1"]


def test_nothing_is_ever_replaced(root: Path) -> None:
    verdicts.append(root, {PATH: b"1"}, "one")
    with pytest.raises(CouldNotJudge, match="none is ever replaced"):
        verdicts.append(root, {PATH: b"2"}, "two")


def test_what_was_fetched_is_built_on(root: Path, tmp_path: Path) -> None:
    first = verdicts.append(root, {PATH: b"1"}, "one")
    git(root, "clone", "--quiet", str(root), str(tmp_path / "c"))
    second = verdicts.append(tmp_path / "c", {"verdicts/cd/e.json": b"2"}, "two")
    assert git(tmp_path / "c", "rev-parse", f"{second}~1") == first
    verdicts.push(tmp_path / "c")
    assert git(root, "rev-parse", "charter/verdicts") == second


def test_a_push_over_newer_verdicts_is_refused(root: Path, tmp_path: Path) -> None:
    git(root, "clone", "--quiet", str(root), str(tmp_path / "c"))
    verdicts.append(root, {PATH: b"1"}, "one")
    verdicts.append(tmp_path / "c", {"verdicts/cd/e.json": b"2"}, "two")
    with pytest.raises(CouldNotJudge, match="git fetch origin charter/verdicts"):
        verdicts.push(tmp_path / "c")


def test_a_later_look_has_a_number(root: Path) -> None:
    verdicts.append(root, {PATH: b"1", "verdicts/ab/abcd-2.json": b"2"}, "both")
    with Objects(root) as objects:
        there = verdicts.Verdicts(root, objects)
        assert [kept.data for kept in there.about(PATH)] == [b"1", b"2"]
        assert there.next_path(PATH) == "verdicts/ab/abcd-3.json"
        assert there.next_path("verdicts/ab/0.json") == "verdicts/ab/0.json"


def test_pull_requests_that_were_not_merged_brought_nothing() -> None:
    with FakeGitHub() as hub:
        for number in (7, 8, 9):
            hub.pull(number, branch=f"b{number}")
        hub.merged(9, "a" * 40)
        hub.merged(7, "a" * 40)
        hub.merged(8, "b" * 40)
        hub.pulls[7]["merged_at"] = None
        assert hub.client().pulls_of("a" * 40) == (9,)
        assert hub.client().pulls_of("c" * 40) == ()
