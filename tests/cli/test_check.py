"""`charter check` as people and workflows call it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from history import begin, commit, put, settle
from history import git as command
from world import World, world

import checks
from cli.main import charter as group
from governance.finding import CouldNotJudge

GATES = "policies/gates.yaml"
TOP = Path(checks.__file__).parents[1]
NOW = ("--now", "2026-11-22")


class Told(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def charter(root: Path, *arguments: str) -> Told:
    """The command, called in this process; what `main` makes of a refusal is repeated here."""
    with contextlib.chdir(root):
        result = CliRunner().invoke(group, arguments)
    if isinstance(result.exception, CouldNotJudge):
        return Told(2, result.stdout, f"charter: {result.exception}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)


def process(root: Path, *arguments: str, flags: tuple[str, ...] = ()) -> Told:
    """The real command in a process of its own."""
    code = "from cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, *flags, "-c", code, *arguments],
        cwd=root,
        capture_output=True,
        check=False,
        text=True,
        errors="surrogateescape",
        env=os.environ | {"PYTHONPATH": str(TOP), "PYTHONWARNINGS": "error", "NO_COLOR": "1"},
    )
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in order, which nobody changes."""
    return settle(tmp_path_factory.mktemp("settled") / "repository", world())


@pytest.fixture
def clone(settled: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(settled, tmp_path / "clone"))


def edit(root: Path, path: str, old: str, new: str) -> Path:
    text = (root / path).read_text()
    assert text.count(old) == 1
    return put(root, path, text.replace(old, new))


def test_a_repository_in_order_is_green(settled: Path) -> None:
    told = process(settled, "check", *NOW)
    assert told == (0, told.out, "")
    assert re.fullmatch(
        r"0 findings; \d+ rules: \d+ pass, 9 not applicable \(work tree\)\n", told.out
    )


def test_verbose_lists_what_passed(settled: Path) -> None:
    lines = charter(settled, "check", "-v", *NOW).out.splitlines()
    assert "pass  [gates/thresholds]" in lines
    assert "not applicable: no base to compare with  [declarations/version]" in lines


def test_a_finding_is_red_and_says_where_and_how_to_mend_it(clone: Path) -> None:
    edit(clone, GATES, "owner: board", "owner: nobody")
    told = process(clone, "check", *NOW)
    assert told.code == 1
    assert told.err == ""
    assert told.out.splitlines()[:2] == [
        f"{GATES}:4:1: owner nobody is no role  [declarations/owners]",
        "  fix: use one of board, data-steward, legal, mlops, model-owner, privacy-office",
    ]


def test_what_could_not_be_judged_is_exit_code_2(clone: Path) -> None:
    oid = command(clone, "rev-parse", f"HEAD:{GATES}")
    (clone / ".git/objects" / oid[:2] / oid[2:]).unlink()
    told = process(clone, "check", "--head", "HEAD", *NOW)
    assert told.code == 2
    assert f"not judged: object {oid} of {GATES} is missing" in told.out


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "markdown"])
def test_every_format_tells_the_same_finding_with_the_same_code(clone: Path, form: str) -> None:
    edit(clone, GATES, "owner: board", "owner: nobody")
    told = charter(clone, "check", *NOW, "--format", form)
    assert told.code == 1
    assert told.err == ""
    assert "owner nobody is no role" in told.out
    if form in {"json", "sarif"}:
        json.loads(told.out)


def test_only_the_rules_asked_for_are_judged(clone: Path) -> None:
    edit(clone, GATES, "owner: board", "owner: nobody")
    assert charter(clone, "check", *NOW, "--only", "gates/*").code == 0
    told = charter(clone, "check", *NOW, "--only", "declarations/owners", "--only", "gates")
    assert told.code == 1
    assert "3 rules" in told.out


REFUSED = {
    "a moment that is none": (("check", "--now", "tomorrow"), "is no ISO 8601 moment"),
    "a day that does not exist": (("check", "--now", "2026-02-30"), "is no ISO 8601 moment"),
    "an empty moment": (("check", "--now", ""), "is no ISO 8601 moment"),
    "a rule that is none": (("check", "--only", "gates/threshold"), "no rule is called"),
    "a base that is none": (("check", "--base", "nowhere"), "nowhere names no commit here"),
    "a head that is none": (("check", "--head", "nowhere"), "nowhere names no commit here"),
    "a base that looks like an option": (("check", "--base=--output=x"), "Needed a single"),
    "a format that is none": (("check", "--format", "xml"), "Invalid value for '--format'"),
    "an option that is none": (("check", "--forse"), "No such option"),
    "a folder that is none": (("check", "--repo", "nowhere"), "nowhere is no folder"),
    "a command that is none": (("chek",), "No such command"),
    "a line of a file that is none": (("explain", "policies/gate.yaml:3"), "is neither a rule"),
}


@pytest.mark.parametrize(("arguments", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_message_and_exit_code_2(
    settled: Path, arguments: tuple[str, ...], reason: str
) -> None:
    told = charter(settled, *arguments)
    assert told.code == 2
    assert reason in told.err
    assert told.out == ""


@pytest.mark.parametrize("name", ["a moment that is none", "a format that is none"])
def test_a_refusal_reaches_the_shell(settled: Path, name: str) -> None:
    arguments, reason = REFUSED[name]
    told = process(settled, *arguments)
    assert (told.code, told.out) == (2, "")
    assert reason in told.err
    assert "Traceback" not in told.err


def test_outside_a_repository_is_exit_code_2(tmp_path: Path) -> None:
    told = process(tmp_path, "check")
    assert told.code == 2
    assert "lies in no Git repository" in told.err
    assert told.err.count("\n") == 1


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    root = begin(tmp_path / "empty")
    nothing = process(root, "check", "--no-data")
    assert nothing.code == 1
    assert "policies/roles.yaml is missing" in nothing.out
    assert "Traceback" not in nothing.err
    for option in ("--head", "--base"):
        told = charter(root, "check", option, "HEAD")
        assert told.code == 2
        assert "Traceback" not in told.err


def test_a_fault_of_ours_is_exit_code_2_with_a_traceback(settled: Path) -> None:
    code = (
        "from checks import engine\n"
        "def judge(*_): raise ZeroDivisionError\n"
        "engine.judge = judge\n"
        "from cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "check"],
        cwd=settled,
        capture_output=True,
        check=False,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TOP)},
    )
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr


def test_the_process_ends_with_the_code_of_the_judgement(clone: Path) -> None:
    """click hands the code back instead of raising it; a lost one would turn red to green."""
    command = [sys.executable, "-m", "cli", "check", *NOW]
    environment = os.environ | {"PYTHONPATH": str(TOP)}
    ends = {"cwd": clone, "capture_output": True, "env": environment}
    assert subprocess.run(command, check=False, **ends).returncode == 0
    edit(clone, GATES, "owner: ", "owner: not-")
    assert subprocess.run(command, check=False, **ends).returncode == 1


def test_a_day_is_its_midnight_in_utc(clone: Path) -> None:
    edit(clone, GATES, "2026-11-01", "2026-11-23")
    rule = ("check", "--only", "declarations/effective")
    assert charter(clone, *rule, "--now", "2026-11-23").code == 0
    assert charter(clone, *rule, "--now", "2026-11-23T00:30:00+01:00").code == 1
    assert charter(clone, *rule, "--now", "2026-11-22T23:30:00-01:00").code == 0


def test_a_repository_can_be_named_from_elsewhere(settled: Path, tmp_path: Path) -> None:
    assert charter(tmp_path, "check", *NOW, "--repo", str(settled / "policies")).code == 0


def test_a_revision_is_judged_from_its_objects(clone: Path) -> None:
    edit(clone, GATES, "owner: board", "owner: nobody")
    assert charter(clone, "check", *NOW).code == 1
    told = charter(clone, "check", *NOW, "--head", "HEAD")
    assert told.code == 0
    assert re.search(r"\(HEAD [0-9a-f]{12}\)", told.out)


def test_data_on_disk_are_hashed_unless_told_not_to(clone: Path) -> None:
    put(clone, ".gitignore", "/data/\n")
    put(clone, "data/ml/training/loans/stray.csv", "x\n")
    assert "stray.csv is uncatalogued" in charter(clone, "check", *NOW).out
    assert charter(clone, "check", *NOW, "--no-data").code == 0


class TestBase:
    """A change is judged by the policies that stand where it wants to go."""

    def test_d01_a_changed_policy_without_a_new_version_is_red(self, clone: Path) -> None:
        edit(clone, GATES, "at_least: 0.7,", "at_least: 0.72,")
        commit(clone)
        told = charter(clone, "check", *NOW, "--base", "HEAD~1")
        assert told.code == 1
        assert (
            f"{GATES}:2:1: the content changed; 1.0.0 is not above 1.0.0  [declarations/version]"
        ) in told.out.splitlines()
        assert charter(clone, "check", *NOW).code == 0

    def test_d01_a_changed_policy_with_a_new_version_is_green(self, clone: Path) -> None:
        edit(clone, GATES, "at_least: 0.7,", "at_least: 0.72,")
        edit(clone, GATES, "version: 1.0.0", "version: 1.1.0")
        edit(clone, GATES, "2026-11-01", "2026-11-22")
        commit(clone)
        told = charter(clone, "check", *NOW, "--base", "HEAD~1", "--only", "declarations")
        assert told.code == 0, told.out
        assert re.search(r"\(HEAD [0-9a-f]{12} against [0-9a-f]{12}\)", told.out)

    def test_b01_a_loosened_bound_does_not_count_for_its_own_change(self, clone: Path) -> None:
        edit(clone, GATES, "r2, at_least: 0.3", "r2, at_least: 0.9")
        commit(clone, "a strict base")
        edit(clone, GATES, "r2, at_least: 0.9", "r2, at_least: 0.3")
        edit(clone, GATES, "version: 1.0.0", "version: 1.1.0")
        edit(clone, GATES, "2026-11-01", "2026-11-22")
        commit(clone, "a lax head")
        assert charter(clone, "check", *NOW, "--head", "HEAD").code == 0
        told = charter(clone, "check", *NOW, "--base", "HEAD~1")
        assert told.code == 1
        assert "prices: r2 at least 0.9: 0.6" in told.out

    def test_what_is_not_committed_is_not_judged_against_a_base(self, clone: Path) -> None:
        edit(clone, GATES, "owner: board", "owner: nobody")
        assert charter(clone, "check", *NOW, "--base", "HEAD").code == 0

    def test_a_base_without_policies_is_no_law(self, clone: Path) -> None:
        command(clone, "rm", "--quiet", "-r", "--cached", ".")
        command(clone, "commit", "--quiet", "--message", "nothing")
        commit(clone, "everything again")
        told = charter(clone, "check", *NOW, "--base", "HEAD~1")
        assert told.code == 2
        assert "[gates/thresholds]" in told.out
        assert "[approvals/required]" in told.out

    def test_b81_histories_without_a_common_commit_do_not_merge(self, clone: Path) -> None:
        command(clone, "checkout", "--quiet", "--orphan", "other")
        commit(clone, "another beginning")
        told = charter(clone, "check", *NOW, "--base", "main")
        assert (told.code, "unrelated histories" in told.err) == (2, True)


def declarations_only() -> World:
    """Policies, contracts and the pipeline: what an organisation begins with."""
    tree = world()
    first = ("policies/", ".github/", "dvc.yaml")
    kept = [path for path in tree.files if path.startswith(first)]
    return World({path: tree.files[path] for path in kept})


HEAVY = (
    "numpy", "pandas", "sklearn", "scipy", "dvc", "ibis", "duckdb", "pyarrow", "git", "skops",
    "fairlearn", "jsonschema", "rich",
)  # fmt: skip


def imported(told: Told) -> set[str]:
    found = re.findall(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", told.err, re.MULTILINE)
    assert "click" in found
    return {name.split(".")[0] for name in found}


def test_a_start_imports_nothing_heavy(tmp_path: Path) -> None:
    root = declarations_only().write_to(begin(tmp_path / "declarations"))
    commit(root)
    measured = ("-X", "importtime")
    helped = process(root, "--help", flags=measured)
    assert helped.code == 0
    assert imported(helped).isdisjoint({*HEAVY, "yaml", "pydantic"})
    for how in ((), ("--head", "HEAD"), ("--base", "HEAD", "--format", "sarif")):
        judged = process(root, "check", *NOW, *how, flags=measured)
        assert judged.code == 0, judged.out
        assert imported(judged).isdisjoint(HEAVY)


def test_help_names_every_command(settled: Path) -> None:
    told = charter(settled, "--help")
    for name in ("check", "explain", "rules", "index", "land", "retrain", "schemas"):
        assert re.search(rf"^  {name} +[A-Z]", told.out, re.MULTILINE), name
