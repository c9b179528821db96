"""Judging a large pull request, beyond what starting up takes.

The pull request touches 3,000 files in 40 commits and carries 500 reviews by 60 people, given on
30 different heads. A forge's answers stand in a file; reading them over a network is not measured.
"""

from __future__ import annotations

import os
import statistics
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import repository
from bench.rounds import CHARTER, PYTHON, ROOT, Command, measure

FILES, COMMITS, REVIEWS, REVIEWERS, HEADS = 3_000, 40, 500, 60, 30
BAR = 1.0
"""Seconds beyond start-up, of the median round."""

_CHILD = "import sys; from bench import judging; sys.exit(judging.judge(sys.argv[1]))"


def run(folder: Path, rounds: int | None = None) -> bool:
    """Whether the bar was kept."""
    repository.write(folder, repository.SMALL)
    _history(folder)
    variables = {"PYTHONPATH": str(ROOT)}
    commands = [
        Command("charter approvals, nothing to judge",
                [[CHARTER, "approvals", "--base", "main", "--head", "main"]], folder),
        Command("the large pull request",
                [[PYTHON, "-c", _CHILD, str(folder)]], folder, variables),
    ]  # fmt: skip
    seconds = measure(commands, rounds or 7)
    first, second = (seconds[command.name] for command in commands)
    beyond = statistics.median(b - a for a, b in zip(first, second, strict=True))
    ratio = statistics.median(b / a for a, b in zip(first, second, strict=True))
    verdict = "kept" if beyond <= BAR else "MISSED"
    print(
        f"  {FILES} files, {REVIEWS} reviews: {ratio:.3g} times an empty change, "
        f"{beyond:.2f} s beyond it  bar {BAR:g} s: {verdict}",
        flush=True,
    )
    return beyond <= BAR


def judge(folder: str) -> int:
    """Judges the pull request as `charter approvals --pr` does once it has the forge's answers."""
    from checks.collect import Collector  # noqa: PLC0415 - a process of its own
    from cli.situate import situate  # noqa: PLC0415
    from governance.changeset import (  # noqa: PLC0415
        Account,
        ForgeReview,
        PullRequest,
        Push,
    )
    from governance.tally import Tally  # noqa: PLC0415

    listing = subprocess.run(
        ["git", "rev-list", "main..large"], cwd=folder, capture_output=True, text=True, check=True
    )
    commits = listing.stdout.split()
    start = datetime(2026, 11, 20, tzinfo=UTC)
    author = Account("mei-tanaka-example", 9_000_000_005)
    pushes = tuple(
        Push(author, start + timedelta(minutes=number), commit)
        for number, commit in enumerate(reversed(commits))
    )
    reviews = tuple(
        ForgeReview(
            id=number,
            by=Account(f"reviewer-{number % REVIEWERS}", 9_000_000_000 + number % REVIEWERS),
            at=start + timedelta(hours=1, minutes=number),
            commit=commits[number % HEADS],
            state="approved" if number % 3 else "commented",
        )
        for number in range(REVIEWS)
    )
    pull = PullRequest(
        repository="example/charter", number=1, title="large", base_branch="main",
        base=commits[-1], head=commits[0], head_branch="large", opener=author,
        instigators=(author,), labels=(), draft=False, changed_files=FILES, reviews=reviews,
        pushes=pushes,
    )  # fmt: skip
    situation = situate(Path(folder), base="main", head="large", pull=pull, now="2026-11-22")
    tally = Collector(situation).get(Tally | None)
    counted = tally is not None and len(tally.change.touched) == FILES and bool(tally.demands)
    return 0 if counted else 1


def _history(folder: Path) -> None:
    """A base, and a branch of many commits."""
    _git(folder, "checkout", "--quiet", "-B", "main")
    _git(folder, "commit", "--quiet", "--message", "base")
    _git(folder, "checkout", "--quiet", "-b", "large")
    each = FILES // COMMITS
    for number in range(COMMITS):
        for file in range(number * each, (number + 1) * each):
            target = folder / f"pipelines/large/{file % 50:02d}/file_{file:04d}.py"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"# {file}\n" + "value = 1\n" * 40)
        _git(folder, "add", "--all")
        _git(folder, "commit", "--quiet", "--message", f"part {number}")


def _git(folder: Path, *arguments: str) -> None:
    name, address = "Mei Tanaka", "mei.tanaka@example.org"
    people = {
        "GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": address, "GIT_CONFIG_GLOBAL": os.devnull,
    }  # fmt: skip
    subprocess.run(["git", *arguments], cwd=folder, check=True, env=os.environ | people)
