"""The invented history is in order, and both ways of reading it run through."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import git
from adapters.keys import Verifier
from bench import audit
from bench.audit import Size
from bench.rounds import Command
from checks.audit.course import Question
from checks.audit.judge import audit_of
from governance.audit import Cover

SMALL = Size(commits=60, approvals=20)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("history") / "repository"
    audit.write(folder, SMALL)
    return folder


def test_the_invented_history_is_in_order(root: Path) -> None:
    now = datetime.fromisoformat(audit.NOW).replace(tzinfo=UTC)
    found = audit_of(Question(root, git.resolve(root, "HEAD"), "main", None, now), Verifier())
    assert (found.exit_code, len(found.commits)) == (0, SMALL.commits)
    assert found.count(Cover.COVERED) + found.count(Cover.FREE) == SMALL.commits
    counted = {o.source for c in found.commits if c.tally for d in c.tally.demands
               for o in d.counted}  # fmt: skip
    assert len(counted) == SMALL.approvals
    merges = git.run(root, "rev-list", "--first-parent", "--merges", "--count", "HEAD")
    assert int(merges) == SMALL.commits // 2


def test_the_yardstick_reads_every_file_at_every_commit(root: Path) -> None:
    paths = audit.protected(root)
    assert {"policies/approvals.yaml", "policies/roles.yaml"} <= set(paths)
    command = audit._yardstick(root, paths)
    listed = [*command[:2], command[2].replace("--batch > /dev/null", "--batch-check")]
    Command("yardstick", [command], root).run()
    said = subprocess.run(listed, cwd=root, capture_output=True, check=True, text=True)
    assert len(said.stdout.splitlines()) == len(paths) * (SMALL.commits + 1)
