"""The hook stops a push that would bring erased data back, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import erasing
import pytest
import small

from adapters import git
from governance.finding import CouldNotJudge
from pipelines import guard as act
from pipelines.erasure import Request, erase
from pipelines.inputs import Refused
from pipelines.sweep import sweep

HOOK = ".git/hooks/pre-push"


@pytest.fixture
def erased(shared: Path, tmp_path: Path) -> Path:
    """A repository from which Ada is gone, committed, with the commit before it as `before`."""
    root = small.copied(small.template(shared, erasing.erasable), tmp_path / "w") / "repository"
    small.git(root, "tag", "before")
    erase(root, Request(erasing.ADA, "gdpr-17"), erasing.LATER, say=lambda _: None)
    small.commit(root, "erase")
    return root


def told(root: Path, *refs: str) -> str:
    """What Git tells the hook about refs that are about to be pushed."""
    zero = "0" * 40
    return "".join(f"refs/heads/x {git.resolve(root, r)} refs/heads/x {zero}\n" for r in refs)


def test_a_push_without_erased_data_goes_through(erased: Path) -> None:
    act.guard(erased, told(erased, "main"))
    act.guard(erased, "")
    act.guard(erased, f"(delete) {'0' * 40} refs/heads/x {'1' * 40}\n")


def test_a_branch_from_before_points_at_what_is_gone(erased: Path) -> None:
    with pytest.raises(Refused, match=r"datasets.dvc: data/ml/training/visits points at data"):
        act.guard(erased, told(erased, "before"))


def test_a_cache_that_got_it_back_stops_the_push(erased: Path) -> None:
    stone = next((erased / "records/tombstones").glob("*.yaml")).read_text()
    md5 = next(line.strip('- "') for line in stone.splitlines() if len(line.strip('- "')) == 32)
    small.put(erased / ".dvc/cache/files/md5" / md5[:2] / md5[2:], b"again")
    with pytest.raises(Refused, match=f"cache holds {md5}, erased by erasure-"):
        act.guard(erased, told(erased, "main"))
    assert [(one.place, one.name, one.versions) for one in sweep(erased)] == [("cache", md5, 1)]


def test_a_tombstone_that_does_not_load_is_no_green_light(erased: Path) -> None:
    (erased / "records/tombstones/broken.yaml").write_text("id: broken\n")
    with pytest.raises(CouldNotJudge, match=r"broken.yaml does not load"):
        sweep(erased)


def test_git_runs_the_hook(erased: Path) -> None:
    assert act.install(erased) == erased / HOOK
    assert act.install(erased) == erased / HOOK
    small.git(erased, "init", "--quiet", "--bare", str(erased.parent / "far"))
    small.git(erased, "remote", "add", "far", str(erased.parent / "far"))
    where = f"{Path(sys.executable).parent}:{small.environment()['PATH']}"
    variables = small.environment() | {"PATH": where}
    for ref, code in (("main", 0), ("before^{commit}:refs/heads/old", 1)):
        done = subprocess.run(
            ["git", "-C", str(erased), "push", "--quiet", "far", ref], check=False,
            capture_output=True, text=True, env=variables,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
    assert "points at data erased by" in done.stderr


def test_the_hook_lies_where_git_looks(erased: Path) -> None:
    small.git(erased, "config", "core.hooksPath", "hooks")
    assert act.install(erased) == erased / "hooks/pre-push"


def test_another_hook_is_left_alone(erased: Path) -> None:
    (erased / HOOK).write_text("#!/bin/sh\nexec dvc git-hook pre-push\n")
    with pytest.raises(Refused, match=r"is there already\n  fix: add the line `charter store"):
        act.install(erased)
    assert "dvc" in (erased / HOOK).read_text()
