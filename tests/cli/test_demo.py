"""`charter demo`: every branch is in the state it is called, wherever and by whom it is judged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from demonstration import NOW, charter, git, ignored, judged, make

import governance
from governance.finding import CouldNotJudge
from pipelines.demo import BRANCHES, create
from pipelines.demo_company import KEYS
from pipelines.demo_files import METRICS

TOP = Path(governance.__file__).parents[1]
NAMES = [branch.name for branch in BRANCHES]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration that nobody changes."""
    return make(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(made, tmp_path / "copied"))


@pytest.fixture(scope="module")
def cloned(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone, which holds no key."""
    folder = tmp_path_factory.mktemp("clone")
    git(folder, "clone", "--quiet", "--no-hardlinks", str(made), "clone")
    return folder / "clone"


@pytest.mark.parametrize("branch", BRANCHES, ids=NAMES)
def test_a_branch_is_in_the_state_it_is_called(made: Path, branch) -> None:
    value = judged(made, branch.name)
    assert value["standing"] == branch.standing
    assert branch.standing.lower() == branch.name


@pytest.mark.parametrize("branch", BRANCHES, ids=NAMES)
def test_a_clone_without_keys_says_the_same(made: Path, cloned: Path, branch) -> None:
    here, there = judged(made, branch.name), judged(cloned, f"origin/{branch.name}", "origin/main")
    assert not (cloned / KEYS).exists()
    assert here == there


def test_every_state_has_its_branch() -> None:
    from governance.tally import Standing  # noqa: PLC0415 - only here

    assert {branch.standing for branch in BRANCHES} == set(Standing)


def test_the_repository_is_in_order(made: Path) -> None:
    told = charter(made, "check", "--now", NOW)
    assert (told.code, told.out.splitlines()[0][:10]) == (0, "0 findings"), told.out


@pytest.mark.parametrize("name", ["approved", "overridden"])
def test_a_green_branch_is_in_order(made: Path, name: str) -> None:
    told = charter(made, "check", "--base", "main", "--head", name, "--now", NOW)
    assert told.code == 0, told.out


def test_the_reasons_are_those_it_tells_of(made: Path) -> None:
    assert ignored(judged(made, "sod-violation")) == [("tom.berg", "SOD-VIOLATION", "author")]
    (expired,) = {i for i in ignored(judged(made, "expired")) if i[0] == "lea.martin"}
    assert expired == ("lea.martin", "EXPIRED", "expired on 2026-11-12")
    assert ("ada.lind", "INVALID", "the key expired on 2026-11-02") in ignored(
        judged(made, "invalid")
    )
    (stale, _) = ignored(judged(made, "stale"))
    assert stale[1] == "STALE"
    assert "contractor@elsewhere.example" in " ".join(
        judged(made, "unattributed")["authorship"]["unattributed"]
    )
    assert judged(made, "overridden")["due"] == "2026-11-24"
    (objection,) = judged(made, "rejected")["rules"][0]["objections"]
    assert objection["who"] == "rita.costa"


# What keeps an approval, and what ends it.


def test_one_byte_of_evidence_ends_every_approval(copied: Path) -> None:
    git(copied, "checkout", "--quiet", "approved")
    text = (copied / METRICS).read_text()
    (copied / METRICS).write_text(text.replace("0.81", "0.82"))
    git(copied, "commit", "--quiet", "--all", "--message", "A better number")
    value = judged(copied, "approved")
    assert value["standing"] == "STALE"
    assert {standing for _, standing, _ in ignored(value)} >= {"STALE"}
    assert all(not seat["filled"] for rule in value["rules"] for seat in rule["seats"])


def test_evidence_that_moves_on_main_ends_the_approvals_of_what_rests_on_it(copied: Path) -> None:
    text = (copied / METRICS).read_text()
    (copied / METRICS).write_text(text.replace("0.81", "0.82"))
    git(copied, "commit", "--quiet", "--all", "--message", "A better number")
    assert judged(copied, "approved")["standing"] == "STALE"


def test_a_rebase_keeps_the_approvals(copied: Path) -> None:
    (copied / "docs/guide.md").write_text("Other words.\n")
    git(copied, "commit", "--quiet", "--all", "--message", "Other words")
    before = judged(copied, "approved")
    git(copied, "rebase", "--quiet", "main", "approved")
    after = judged(copied, "approved")
    assert before["change"]["head"] != after["change"]["head"]
    assert (before["standing"], after["standing"]) == ("APPROVED", "APPROVED")
    assert before["change"]["digest"] == after["change"]["digest"]


def test_a_squash_keeps_the_approvals(copied: Path) -> None:
    git(copied, "checkout", "--quiet", "-b", "squashed", "main")
    git(copied, "merge", "--quiet", "--squash", "approved")
    git(copied, "commit", "--quiet", "--message", "Promote credit 1.1.0")
    assert judged(copied, "squashed")["standing"] == "APPROVED"


def test_an_approval_taken_to_another_change_is_worth_nothing(copied: Path) -> None:
    git(copied, "checkout", "--quiet", "-b", "other", "main")
    (copied / "models/credit/model.yaml").write_text(
        (copied / "models/credit/model.yaml").read_text().replace("1.0.0", "1.1.0") + "# more\n"
    )
    git(copied, "commit", "--quiet", "--all", "--message", "Promote, and more")
    git(copied, "checkout", "--quiet", "approved", "--", "records/approvals")
    git(copied, "commit", "--quiet", "--all", "--message", "Approvals of something else")
    assert judged(copied, "other")["standing"] == "STALE"


# What happened before.


def merges(root: Path) -> dict[str, str]:
    """How each commit on main stood, by its title."""
    found = {}
    for line in git(root, "log", "--first-parent", "--format=%H %cI %s", "main").splitlines()[:-1]:
        commit, at, title = line.split(" ", 2)
        told = charter(
            root, "approvals", "--base", f"{commit}^", "--head", commit, "--branch", "main",
            "--now", at, "--format", "json",
        )  # fmt: skip
        found[title] = told.value["standing"]
    return found


def test_the_history_holds_a_direct_push_and_a_broken_glass(made: Path) -> None:
    assert merges(made) == {
        "Stop scoring with yesterday's limit": "OVERRIDDEN",
        "Register credit 1.1.0": "APPROVED",
        "Raise the limit, pushed past everybody": "MISSING",
        "Promote credit 1.0.0": "APPROVED",
        "Register credit 1.0.0": "APPROVED",
    }


def test_an_audit_finds_the_direct_push_and_the_open_debt(made: Path) -> None:
    told = charter(made, "audit", "--now", NOW, "--format", "json")
    assert told.code == 1
    covers = [commit["cover"] for commit in told.value["commits"]]
    assert sorted(covers) == ["covered", "covered", "covered", "not covered", "open debt"]
    assert len(told.value["findings"]) == 1


def test_the_release_has_a_signed_tag(made: Path) -> None:
    text = git(made, "cat-file", "tag", "credit@v1.0.0")
    assert "tagger Mei Sato <mei.sato@example.org>" in text
    assert "-----BEGIN SSH SIGNATURE-----" in text


# Keys, folders, refusals.


def test_keys_lie_where_no_commit_reaches(made: Path) -> None:
    private = sorted(p for p in (made / KEYS).iterdir() if p.suffix != ".pub")
    assert len(private) == 16
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert (made / KEYS).stat().st_mode & 0o777 == 0o700
    objects = git(made, "rev-list", "--all", "--objects")
    assert "demo-keys" not in objects
    assert git(made, "status", "--porcelain") == ""
    everything = git(made, "log", "--all", "-p", "--format=%B")
    assert "PRIVATE KEY" not in everything


def test_a_folder_that_is_not_empty_is_left_alone(made: Path, tmp_path: Path) -> None:
    before = git(made, "rev-parse", "HEAD")
    told = charter(made.parent, "demo", made.name)
    assert (told.code, git(made, "rev-parse", "HEAD")) == (1, before)
    assert told.err == "made is there and not empty\n  fix: name a folder that is not there yet\n"
    (tmp_path / "file").write_text("mine")
    assert charter(tmp_path, "demo", "file").code == 1
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "link").symlink_to("nowhere")
    assert charter(tmp_path, "demo", "link").code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    root = make(tmp_path)
    assert judged(root, "missing")["standing"] == "MISSING"


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise CouldNotJudge

    with pytest.raises(CouldNotJudge):
        create(tmp_path / "made", datetime(2026, 11, 22, tzinfo=UTC), broken, print)
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_machine_have_no_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = tmp_path / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (tmp_path / "settings").write_text(
        f"[core]\n\thooksPath = {hook.parent}\n\tautocrlf = true\n[commit]\n\tgpgsign = false\n"
        "[user]\n\temail = somebody@elsewhere.example\n[init]\n\tdefaultBranch = trunk\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert judged(make(tmp_path), "approved")["standing"] == "APPROVED"


def test_two_of_one_moment_differ_in_keys_only(made: Path, tmp_path: Path) -> None:
    other = make(tmp_path)
    for root in (made, other):
        assert git(root, "branch", "--format=%(refname:short)").split() == sorted([*NAMES, "main"])
    titles = ("log", "--all", "--format=%an %ad %cd %s", "--date-order")
    assert sorted(git(made, *titles).split("\n")) == sorted(git(other, *titles).split("\n"))
    signed = ("records/approvals/", "records/attestations/")
    paths = [p for p in git(made, "ls-files").split("\n") if not p.startswith(signed)]
    same = [p for p in paths if (made / p).read_bytes() == (other / p).read_bytes()]
    entries = {f"models/credit/versions/{number}.yaml" for number in ("1.0.0", "1.1.0")}
    assert set(paths) - set(same) == {"policies/roles.yaml"} | entries  # these name signatures


# The guide.

_SHIM = """\
#!{python}
import sys
sys.path.insert(0, {top!r})
from cli.main import main
main()
"""


def test_the_guide_works_when_it_is_pasted(tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "charter"
    shim.parent.mkdir()
    shim.write_text(_SHIM.format(python=sys.executable, top=str(TOP)))
    shim.chmod(0o755)
    guide = charter(tmp_path, "demo", "with space", "--now", NOW).out
    commands = [line for line in guide.splitlines() if line.startswith(("cd", "charter", "git"))]
    assert len(commands) == 21
    # A state that is not green ends with 1, which is what it is shown for.
    script = "".join(f"{line}\n[ $? -le 1 ] || exit 3\n" for line in commands)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PATH": f"{shim.parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = done.stdout.splitlines()
    sums = [line for line in lines if line.endswith("rules are met")]
    states = [line.split(":")[0] for line in sums]
    assert states == [
        *(b.standing for b in BRANCHES if b.name != "overridden"), "APPROVED", "STALE"
    ]  # fmt: skip
    assert "8 of 8 cases are met" in lines
