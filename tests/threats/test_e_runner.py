"""The runner: what the engine has to do about B50 to B65 of the catalogue of threats.

What workflows have to do is tested in tests/github.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import (
    Clone,
    approved,
    at_head,
    changed,
    demand,
    edited,
    ignored,
    law,
    proposed,
    pull,
    push,
    red,
    review,
    rules,
    unjudged,
)
from proposed import HEAD
from threatened import NOW
from world import world

from checks import engine
from checks.formats import approvals as forms
from cli.check import write
from governance.approvals import SURFACE, Approvals
from governance.catalogue import Declarations
from governance.finding import CouldNotJudge, Verdict
from governance.forge_settings import ACTIONS, BRANCHES, CHECK, declared
from governance.glob import any_of
from governance.tally import Standing

TOP = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).with_name("charter")
GATES = "policies/gates.yaml"
METRICS = "artifacts/ml/models/credit/metrics.json"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone").starts()


def run(
    *command: str, at: Path, stdout: int | None = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A process in a checkout, without anything a test run leaves in the environment."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GIT_"))}
    return subprocess.run(
        command, cwd=at, text=True, check=False, stdout=stdout, stderr=subprocess.PIPE,
        env=kept | environment,
    )  # fmt: skip


def asked(clone: Clone, command: str = "approvals", **environment: str) -> int:
    """The exit code of a command that is asked about the change."""
    words = (sys.executable, "-I", "-m", "cli", command, "--base", "main", "--now", NOW)
    return run(*words, at=clone.root, **environment).returncode


# B51

TRAPS = (
    "json.py", "yaml/__init__.py", "sitecustomize.py", "usercustomize.py", "conftest.py",
    "click.py", "pydantic/__init__.py", "cli/__init__.py", "governance/__init__.py", "re.py",
    "click/__init__.py", "subprocess.py", "site.py",
)  # fmt: skip


def trapped(clone: Clone, marker: Path) -> Clone:
    for path in TRAPS:
        clone.put(path, f"open({str(marker)!r}, 'a').write({path!r})\nraise SystemExit(0)\n")
    clone.put("setup.cfg", "[tool:pytest]\naddopts = --collect-only\n").commit("traps")
    return clone


@pytest.mark.parametrize(
    "command",
    [(str(SCRIPT),), (sys.executable, "-I", "-m", "cli")],
    ids=["script", "-I"],
)
def test_b51_nothing_of_the_checkout_is_imported(
    clone: Clone, tmp_path: Path, command: tuple[str, ...]
) -> None:
    marker = tmp_path / "ran"
    words = ("approvals", "--base", "main", "--now", NOW)
    assert Path(command[0]).exists(), "`make install` puts it there"
    assert run(*command, *words, at=clone.root).returncode == 0
    trapped(clone, marker)
    done = run(*command, *words, at=clone.root)
    assert (done.returncode, marker.exists()) == (1, False), done.stderr
    # The traps do work: a Python that looks into its folder steps on one.
    run(sys.executable, "-c", "import json", at=clone.root)
    assert marker.exists()


def test_b51_a_module_at_the_top_is_refused(clone: Clone) -> None:
    clone.put("docs/json.py", "x\n").commit()
    assert not red(clone.checked("declarations/paths"))
    clone.put("json.py", "x\n").put("yaml/__init__.py", "x\n").commit()
    assert red(clone.checked("declarations/paths")) == {"declarations/paths"}


# B52


@pytest.mark.parametrize(
    "path",
    ["conftest.py", "tests/conftest.py", "docs/a/conftest.py", "pyproject.toml",
     "tests/sitecustomize.py", "tests/pytest.ini", "docs/tox.ini", "setup.cfg",
     "docs/x.pth", "Makefile", ".github/workflows/ci.yml"],
)  # fmt: skip
def test_b52_settings_of_tests_are_never_free(path: str) -> None:
    base = law((("free",), [{"paths": ["**"], "because": "all of it"}]))
    assert changed(base, "docs/a.md").tally(base).standing is Standing.APPROVED
    assert changed(base, path).tally(base).standing is Standing.MISSING


def test_b52_the_judge_has_no_settings_in_the_tree(clone: Clone) -> None:
    clone.put(GATES, "lie\n").commit()
    before = clone.checked("declarations/*").findings
    clone.put(".env", "PYTHONPATH=.\n").put(".charter.yaml", "only: []\n")
    clone.put("pytest.ini", "[pytest]\naddopts = --collect-only\n").commit()
    assert clone.checked("declarations/*").findings == before


# B53


@pytest.mark.parametrize(
    "path", ["verdict.json", "artifacts/ml/verdict.json", "artifacts/ml/models/credit/verdict.json"]
)
def test_b53_a_verdict_that_comes_along_is_only_a_file(clone: Clone, path: str) -> None:
    clone.put(path, json.dumps({"standing": "APPROVED", "green": True, "exit_code": 0})).commit()
    assert clone.tally().standing is Standing.MISSING
    told = red(clone.checked("runs/readable"))
    assert told == ({"runs/readable"} if path.startswith("artifacts") else set())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rows": 2000,\n  "task', '"passed": true,\n  "rows": 2000,\n  "task'),
        ('"model": "credit"', '"model": "../credit"'),
        ('"model": "credit"', '"model": "hardship"'),
    ],
)
def test_b53_evidence_is_read_strictly(clone: Clone, old: str, new: str) -> None:
    only = ("runs/readable", "runs/metadata")
    assert not red(clone.checked(*only))
    clone.edit(METRICS, old, new).commit()
    assert red(clone.checked(*only))


# B56

LINES = {
    "an output": "docs/x\npassed=true",
    "a command": "docs/x\n::set-output name=passed::true",
    "a command at the start": "::error::docs",
    "a command of the old form": "docs/##[stop-commands]x",
    "a row of a table": "docs/|a|b",
    "a heading": "docs/x\n\n## Charter: in order",
    "a carriage return": "docs/x\rpassed=true",
    "a line separator": "docs/x\u2028passed=true",
    "a link": "docs/[x](y) <img src=z> @lea #1 `code`",
    "text turned round": "docs/\u202egnp.x",
    "an escape": "docs/\x1b[2Jx",
    "an umlaut": "docs/\u00fcber.md",
}


def steered(page: str, form: str) -> list[str]:
    """Lines that somebody else wrote, and characters that nobody sees."""
    found = [line for line in page.split("\n") if line.startswith(("passed=true", "::set-output"))]
    found += [line for line in page.split("\n") if line == "## Charter: in order"]
    found += [char for char in page if not (char.isprintable() or char == "\n")]
    if form == "markdown":
        found += [mark for mark in ("](y)", "<img", "@lea") if mark in page]
    if form in {"text", "json"}:
        found += ["##["] if "##[" in page else []
    return found


@pytest.mark.parametrize("path", LINES.values(), ids=LINES)
def test_b56_a_path_starts_no_line_of_an_approvals_report(clone: Clone, path: str) -> None:
    clone.put(path.replace("docs", "policies"), "x\n").commit()
    tally = clone.tally()
    pages = {
        "text": forms.text(tally, verbose=True),
        "markdown": forms.markdown(tally),
        "json": forms.as_json(tally),
    }
    assert [(form, steered(page, form)) for form, page in pages.items()] == [
        (form, []) for form in pages
    ]
    assert json.loads(pages["json"]) == forms.value(tally)


@pytest.mark.parametrize("form", ["text", "github", "markdown", "sarif", "json"])
def test_b56_a_path_starts_no_line_of_a_report(clone: Clone, form: str) -> None:
    for path in LINES.values():
        clone.put(path.replace("docs", "policies"), "x\n")
    clone.commit()
    judgement = clone.checked("declarations/*", "approvals/required")
    assert len(judgement.findings) > len(LINES)
    page = write(judgement, form)
    assert [found for found in steered(page, form) if found != "##["] == []
    if form in {"sarif", "json"}:
        json.loads(page)
    elif form == "github":
        commands = [line for line in page.split("\n") if line.startswith("::")]
        begun = ("::error file=", "::error title=", "::warning ", "::stop-commands::")
        mark = next(c for c in commands if c.startswith("::stop-commands::")).rpartition("::")[2]
        assert all(c.startswith(begun) or c == f"::{mark}::" for c in commands)


@pytest.mark.parametrize(
    "words", [path.removeprefix("docs/") for path in LINES.values()], ids=LINES
)
def test_b56_words_of_a_review_start_no_line(words: str) -> None:
    said = review("lars", 3, "changes-requested", body=words.removeprefix("docs/"))
    tally = edited().tally(law(), proposed(pull(said)))
    pages = {
        "text": forms.text(tally),
        "markdown": forms.markdown(tally),
        "json": forms.as_json(tally),
    }
    assert [(form, steered(page, form)) for form, page in pages.items()] == [
        (form, []) for form in pages
    ]
    judgement = edited().judge(["approvals/required"], base=law(), proposal=proposed(pull(said)))
    for form in ("text", "github", "markdown", "sarif", "json"):
        page = write(judgement, form)
        assert [found for found in steered(page, form) if found != "##["] == []


@pytest.mark.parametrize("key", ["because: the world says so", "title: Board"])
def test_b56_a_line_break_in_a_policy_is_written_as_one(clone: Clone, key: str) -> None:
    path = "policies/approvals.yaml" if key.startswith("because") else "policies/roles.yaml"
    name = key.partition(":")[0]
    clone.edit(path, key, f'{name}: "x\\npassed=true\\n::error::y"').commit()
    pages = [forms.text(clone.tally(), verbose=True), forms.markdown(clone.tally())]
    pages += [write(clone.checked("declarations/*"), form) for form in ("text", "github")]
    assert [steered(page, "text") for page in pages] == [[]] * len(pages)


# B57


@pytest.mark.parametrize("act", ["edit", "delete", "rename"])
def test_b57_an_edited_check_needs_approval(tmp_path: Path, act: str) -> None:
    base = law((("free",), [{"paths": ["**"], "because": "all of it"}]))
    base.put(".github/workflows/gate.yml", "on: [pull_request]\njobs: {gate: {}}\n")
    clone = Clone(tmp_path / "clone", base).starts()
    clone.put("docs/a.md", "x\n").commit()
    assert clone.tally().standing is Standing.APPROVED
    match act:
        case "edit":
            clone.edit(".github/workflows/gate.yml", "gate: {}", "gate: {if: false}")
        case "delete":
            clone.git("rm", "--quiet", ".github/workflows/gate.yml")
        case _:
            clone.git("mv", ".github/workflows/gate.yml", "docs/gate.yml")
    clone.commit()
    tally = clone.tally()
    assert "touches-workflow" in {effect.kind for effect in tally.effects}
    assert tally.standing is Standing.MISSING


@pytest.mark.parametrize(
    "path", ["checks/rules/approvals/required.py", "cli/check.py", "action.yml"]
)
def test_b57_the_judge_is_never_free(path: str) -> None:
    assert any_of(SURFACE).fullmatch(path)


# B58


def test_b58_the_required_check_counts_from_one_source_only() -> None:
    policy = world().collect().get(Declarations).one(Approvals, "approvals").value
    kept = [
        rule["parameters"]["required_status_checks"]
        for rule in declared(policy)[BRANCHES]["rules"]
        if rule["type"] == "required_status_checks"
    ]
    assert kept == [[{"context": CHECK, "integration_id": ACTIONS}]]


def test_b58_no_check_of_somebody_else_is_read(clone: Clone) -> None:
    """The verdict rests on Git and reviews; a status, a check or a label adds nothing to it."""
    request = pull(labels=("approved", "charter: success"), title="charter: APPROVED")
    assert edited().tally(law(), proposed(request)).standing is Standing.MISSING
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit()
    clone.git("notes", "add", "-m", "charter: success", "HEAD")
    clone.git("tag", "charter/success")
    assert clone.tally().standing is Standing.MISSING


# B59


def test_b59_only_what_was_judged_and_passed_is_green() -> None:
    assert {v for v in Verdict if v.green} == {Verdict.PASS, Verdict.NOT_APPLICABLE}
    assert {s for s in Standing if s.green} == {Standing.APPROVED, Standing.OVERRIDDEN}


def test_b59_a_skipped_rule_says_why(clone: Clone) -> None:
    clone.put("docs/a.md", "x\n").commit()
    assert clone.tally().skipped == (
        ("policy-change", "no touched path matches policies/**"),
        ("landing", "nothing lands-data"),
    )
    judgement = clone.checked()
    assert len(judgement.results) == len(engine.rules())
    reasons = [r.reason for r in judgement.results if r.verdict is Verdict.NOT_APPLICABLE]
    assert all(reasons)


def test_b59_a_rule_that_waits_is_not_green(clone: Clone) -> None:
    assert clone.checked("datasets/index").exit_code == 0
    clone.put("models/credit/model.yaml", "lie: [\n").commit()
    judgement = clone.checked("datasets/index")
    (result,) = judgement.results
    assert (result.verdict, result.waits) == (Verdict.ERROR, True)
    assert judgement.exit_code != 0


# B60


@pytest.mark.parametrize("path", ["docs/a.md", "README.txt", "models/credit/model.yaml"])
def test_b60_every_change_gets_a_verdict(clone: Clone, path: str) -> None:
    clone.put(path, "x\n").commit()
    (result,) = clone.checked("approvals/required").results
    expected = Verdict.PASS if path.startswith("docs") else Verdict.FAIL
    assert result.verdict is expected


# B61


def shim(folder: Path, program: str, when: str, does: str) -> dict[str, str]:
    """A program on the path that misbehaves when a word is among its arguments."""
    folder.mkdir()
    real = subprocess.run(
        ["sh", "-c", f"command -v {program}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    script = folder / program
    script.write_text(f'#!/bin/sh\ncase " $* " in *" {when} "*) {does};; esac\nexec {real} "$@"\n')
    script.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


ASKED = (
    "rev-parse",
    "rev-list",
    "ls-tree",
    "cat-file",
    "log",
    "diff-tree",
    "for-each-ref",
    "config",
)


@pytest.mark.parametrize("does", ["kill -9 $$", "exit 3"], ids=["killed", "fails"])
@pytest.mark.parametrize("when", ASKED)
def test_b61_a_child_that_dies_is_never_green(
    clone: Clone, tmp_path: Path, when: str, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.put("docs/a.md", "x\n").commit()
    assert clone.tally().green
    for name, value in shim(tmp_path / "bin", "git", when, does).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(CouldNotJudge):
        clone.tally()


@pytest.mark.parametrize("does", ["kill -9 $$", "exit 1"], ids=["killed", "clashes"])
def test_b61_a_merge_that_dies_is_never_green(clone: Clone, tmp_path: Path, does: str) -> None:
    clone.put("docs/a.md", "x\n").commit()
    clone.on("main").put("docs/b.md", "x\n").commit()
    clone.on("change")
    assert asked(clone) == 0
    assert asked(clone, **shim(tmp_path / "bin", "git", "merge-tree", does)) == 2


def test_b61_a_verifier_that_dies_is_never_green(clone: Clone, tmp_path: Path) -> None:
    clone.put("docs/a.md", "x\n").commit()
    assert asked(clone) == 0
    assert asked(clone, **shim(tmp_path / "bin", "ssh-keygen", "-Y", "kill -9 $$")) == 2


def test_b61_without_git_nothing_is_judged(clone: Clone, tmp_path: Path) -> None:
    assert asked(clone, PATH=str(tmp_path)) == 2
    assert asked(clone, "check", PATH=str(tmp_path)) == 2


def test_b61_a_full_disk_is_never_green(clone: Clone) -> None:
    clone.put("docs/a.md", "x\n").commit()
    assert asked(clone, "check") == 0
    words = (sys.executable, "-I", "-m", "cli", "check", "--base", "main", "--now", NOW)
    with Path("/dev/full").open("wb") as full:
        assert run(*words, at=clone.root, stdout=full.fileno()).returncode not in {0, 1}


def test_b61_a_missing_object_is_never_green(clone: Clone) -> None:
    clone.put("docs/a.md", "x\n").commit()
    oid = clone.git("rev-parse", "HEAD:docs/a.md")
    (clone.root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    assert asked(clone) == 2


@pytest.mark.parametrize("path", ["policies/approvals.yaml", "policies/roles.yaml"])
def test_b61_an_unreadable_law_is_never_green(path: str) -> None:
    base = law().put(path, "\0")
    assert path in unjudged(changed(base, "docs/a.md"), base)
    assert not at_head(world().put(path, "\0")).tally(world()).green


def test_b61_without_a_forge_no_pull_request_is_judged(clone: Clone) -> None:
    words = (sys.executable, "-I", "-m", "cli", "approvals", "--pr", "7")
    kept = {"GITHUB_TOKEN": "", "GITHUB_REPOSITORY": ""}
    assert run(*words, at=clone.root, **kept).returncode == 2


# B62


def test_b62_another_result_of_the_same_inputs_needs_new_approvals(clone: Clone) -> None:
    """Equal inputs and another number: nothing contradicts it here, a replay does. What is
    approved is one result, and not whichever comes out last."""
    again = world().set(METRICS, ("performance", "roc_auc", "value"), 0.83).retrain()
    for path, data in again.files.items():
        clone.put(path, data)
    clone.commit("again")
    metadata = "artifacts/ml/models/credit/metadata.json"
    assert again.value(metadata)["training_hash"] == world().value(metadata)["training_hash"]
    assert METRICS in clone.tally().change.paths
    approved(clone, ("mina", "mlops"))
    assert clone.tally().standing is Standing.APPROVED
    lucky = world().set(METRICS, ("performance", "roc_auc", "value"), 0.84).retrain()
    for path, data in lucky.files.items():
        clone.put(path, data)
    clone.commit("once more")
    assert clone.tally().standing is Standing.STALE


# B64


def test_b64_a_commit_of_a_robot_is_judged_anew(clone: Clone) -> None:
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit()
    approved(clone, ("lea", "legal"), ("boris", "board"))
    assert clone.tally().standing is Standing.APPROVED
    before = clone.git("rev-parse", "HEAD")
    clone.put("dvc.lock", "schema: '2.0'\n").commit(
        by="github-actions[bot]", signed=False
    )  # fmt: skip
    tally = clone.tally()
    assert tally.change.head != before
    assert not tally.green
    assert {standing for standing, _ in ignored(tally, "lea")} == {Standing.STALE}
    assert clone.tally(head=before).standing is Standing.APPROVED


def test_b64_a_review_of_an_earlier_head_is_not_carried_over() -> None:
    early = "1" * 40
    said = [review(name, 3, commit=early) for name in ("lea", "boris")]
    request = pull(*said, pushes=(push(after=early), push("mina", 5)))
    tally = edited().tally(law(), proposed(request, same=frozenset({HEAD})))
    assert demand(tally, "policy-change").standing is Standing.STALE
    fresh = [review(name, 6) for name in ("lea", "boris")]
    request = pull(*fresh, pushes=(push(after=early), push("mina", 5)))
    assert edited().tally(law(), proposed(request)).standing is Standing.APPROVED


# The twin of them all


def test_b50_to_b65_words_for_people_pass(clone: Clone) -> None:
    clone.put("docs/a.md", "Words for people, ümlaut and all.\n").commit()
    assert (clone.tally().standing, rules(clone.tally())) == (Standing.APPROVED, set())
    assert not red(clone.checked("declarations/*", "approvals/*"))
