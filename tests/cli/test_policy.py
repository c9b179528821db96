"""`charter policy`: cases, what other rules would have made of the past, and paths."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from demonstration import NOW, Told, charter, git, make

POLICY = "policies/approvals.yaml"
ROLES = "policies/roles.yaml"
CASES = "policies/cases"
LEGAL = "      - {role: ml-review-board, function: legal, count: 1}\n"
PUSHED = "Raise the limit, pushed past everybody"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration that nobody changes."""
    return make(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return Path(shutil.copytree(made, tmp_path / "copied"))


def edit(root: Path, path: str, old: str, new: str) -> None:
    text = (root / path).read_text()
    assert old in text, f"{path} does not hold {old!r}"
    (root / path).write_text(text.replace(old, new, 1))


def policy(root: Path, *arguments: str) -> Told:
    return charter(root, "policy", *arguments)


# Cases.


def test_cases_that_are_met(made: Path) -> None:
    told = policy(made, "test")
    assert (told.code, told.err) == (0, "")
    assert (
        told.out
        == """\
  case                   expected       answer
✓ evidence-moved-on      STALE          STALE
✓ new-engineer           MISSING        MISSING
✓ one-person-two-roles   MISSING        MISSING
✓ past-record            MISSING        MISSING
✓ policy-by-three-roles  APPROVED       APPROVED
✓ promotion-vetoed       REJECTED       REJECTED
✓ registration           APPROVED       APPROVED
✓ waiver-by-its-author   SOD-VIOLATION  SOD-VIOLATION

8 of 8 cases are met
"""
    )


def test_a_case_that_is_not_met_says_where_and_why(root: Path) -> None:
    edit(root, POLICY, "      - {role: legal, count: 1}\n", "")
    told = policy(root, "test", "one-person-two-roles")
    where = f"{CASES}/one-person-two-roles.yaml:6:10"
    assert told.code == 1
    assert told.out.splitlines() == [
        "  case                  expected  answer",
        "✗ one-person-two-roles  MISSING   APPROVED",
        "",
        f"{where}: expected MISSING, the answer is APPROVED  [approvals/cases]",
        "  policy-change: privacy-office is filled by priya.nair",
        "  policy-change: ml-review-board is filled by lars.holm",
        "  fix: correct the rules; or the expectation, if the new answer is the one that is meant",
        "",
        "0 of 1 cases are met",
    ]


def test_the_whole_answer_is_shown_when_asked_for(made: Path) -> None:
    told = policy(made, "test", "registration", "-v")
    assert "registration: Owner and engineer sign the version itself." in told.out
    assert "✓ mlops: mei.sato (opinion 2)" in told.out
    assert "· past-record does not apply: nothing edits-record" in told.out


@pytest.mark.parametrize(
    "name", ["registration", "registration.yaml", "policies/cases/registration.yaml"]
)
def test_a_case_is_named_as_people_type_it(made: Path, name: str) -> None:
    assert policy(made, "test", name).out.endswith("\n1 of 1 cases are met\n")


def test_a_rule_that_no_case_shows_is_named(root: Path) -> None:
    (root / CASES / "past-record.yaml").unlink()
    told = policy(root, "test")
    assert told.code == 0
    assert told.out.endswith("7 of 7 cases are met; no case shows past-record\n")
    found = charter(root, "check", "--only", "approvals/cases", "--now", NOW)
    assert "no case in policies/cases shows what past-record demands" in found.out


def test_a_case_that_does_not_load_is_red(root: Path) -> None:
    edit(root, f"{CASES}/past-record.yaml", "about:", "abuot:")
    told = policy(root, "test")
    assert told.code == 1
    assert f"{CASES}/past-record.yaml:3:1: unknown key `abuot`" in told.out
    assert told.out.endswith("7 of 7 cases are met; 1 could not be read\n")
    assert policy(root, "test", "registration").code == 0


def test_the_json_holds_all_of_it(root: Path) -> None:
    edit(root, POLICY, "      - {role: legal, count: 1}\n", "")
    value = policy(root, "test", "--format", "json").value
    found = {case["name"]: case["met"] for case in value["cases"]}
    assert [name for name, met in found.items() if not met] == ["one-person-two-roles"]
    (case,) = [case for case in value["cases"] if not case["met"]]
    (unmet,) = case["unmet"]
    assert (unmet["line"], unmet["pointer"]) == (6, "/expect/standing")
    assert value["unshown"] == []


def test_nothing_to_try_is_not_green(root: Path) -> None:
    shutil.rmtree(root / CASES)
    told = policy(root, "test")
    assert (told.code, told.err) == (2, "charter: policies/cases/ holds no case\n")


REFUSED = {
    "a case that is not there": (("test", "registratoin"), "there is no case policies/cases/reg"),
    "a head that is none": (("test", "--head", "nowhere"), "nowhere names no commit here"),
    "a base that is none": (("impact", "--base", "nowhere"), "nowhere names no commit here"),
    "paths of a base that is none": (("paths", "--base", "nowhere"), "names no commit here"),
}


@pytest.mark.parametrize(("arguments", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_line(made: Path, arguments: tuple[str, ...], reason: str) -> None:
    told = policy(made, *arguments)
    assert told.code == 2
    assert reason in told.err


@pytest.mark.parametrize("command", [("test",), ("impact", "--base", "main"), ("paths",)])
def test_rules_that_do_not_load_are_not_tried(root: Path, command: tuple[str, ...]) -> None:
    edit(root, POLICY, "rules:", "rulse:")
    edit(root, ROLES, "people:", "poeple:")
    told = policy(root, *command)
    assert (told.code, told.out) == (2, "")
    lines = told.err.splitlines()
    assert lines[0] == f"charter: {POLICY} of the work tree does not load"
    at = lines.index(f"{POLICY}:10:1: unknown key `rulse`  [declarations/loadable]")
    assert lines[at + 1] == "  fix: did you mean `rules`?"
    at = lines.index(f"{ROLES} of the work tree does not load")
    assert "  fix: did you mean `people`?" in lines[at:]


def test_rules_that_are_missing_are_named(root: Path) -> None:
    (root / ROLES).unlink()
    told = policy(root, "test")
    assert told.code == 2
    assert told.err == (
        f"charter: {ROLES} of the work tree is missing\n"
        f"  fix: commit {ROLES}, or name a tree that has it\n"
    )


def test_rules_of_the_base_that_do_not_load_are_told(root: Path) -> None:
    text = (root / POLICY).read_text()
    edit(root, POLICY, "rules:", "rulse:")
    git(root, "commit", "--quiet", "--all", "--message", "Broken")
    (root / POLICY).write_text(text)
    told = policy(root, "paths", "--base", "main")
    assert told.code == 2
    assert told.err.startswith(f"charter: {POLICY} of main does not load\n{POLICY}:")


# Impact.


def impact(root: Path, *more: str) -> tuple[int, dict[str, Any]]:
    told = policy(root, "impact", "--base", "main", "--now", NOW, "--format", "json", *more)
    assert told.err == ""
    return told.code, told.value


def flips(found: list[dict[str, Any]]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    return {
        item["title"]: (item["before"], item["after"], tuple(item["rules"]))
        for item in found
        if item["flips"]
    }


def test_the_same_rules_flip_nothing(made: Path) -> None:
    told = policy(made, "impact", "--base", "main", "--now", NOW)
    assert (told.code, told.err) == (0, "")
    assert (
        told.out
        == """\
approval rules 1.0.0 of the work tree, tried on what was merged to main

5 merges: 5 as before

1 live version: 1 as before
"""
    )


def test_stricter_rules_stop_what_got_through(root: Path) -> None:
    edit(root, POLICY, LEGAL, LEGAL.replace("legal, count: 1", "security, count: 2"))
    code, found = impact(root)
    lost = ("APPROVED", "MISSING", ("promotion-to-production",))
    assert code == 1
    assert flips(found["merges"]) == {"Promote credit 1.0.0": lost}
    (live,) = found["live"]
    assert live["name"] == "model:credit@1.0.0"
    assert (live["before"], live["after"], tuple(live["rules"])) == lost
    text = policy(root, "impact", "--base", "main", "--now", NOW).out
    assert "Promote credit 1.0.0: APPROVED → MISSING\n" in text
    assert "      ml-review-board (security) 1 of 2\n" in text
    assert "5 merges: 4 as before, 1 would not have got through\n" in text


def test_looser_rules_let_through_what_was_stopped(root: Path) -> None:
    edit(
        root,
        POLICY,
        "  - {role: mlops, count: 1}\n\nfree:",
        "  - {role: model-owner, count: 1}\n\nfree:",
    )
    code, found = impact(root)
    assert (code, flips(found["merges"])) == (0, {})
    edit(root, POLICY, "veto: [privacy-office]", "veto: []")
    edit(root, POLICY, "[docs/**, README.md]", "[docs/**, README.md, scripts/**]")
    code, found = impact(root)
    assert code == 1
    assert flips(found["merges"]) == {PUSHED: ("MISSING", "APPROVED", ("otherwise",))}
    assert flips(found["live"]) == {}
    text = policy(root, "impact", "--base", "main", "--now", NOW).out
    assert f"{PUSHED}: MISSING → APPROVED\n    otherwise no longer stops it\n" in text


def test_other_people_are_tried_as_well(root: Path) -> None:
    text = (root / ROLES).read_text()
    kept = [line for line in text.splitlines(keepends=True) if "person: nina.roth" not in line]
    (root / ROLES).write_text("".join(kept))
    _, found = impact(root)
    lost = ("APPROVED", "MISSING", ("promotion-to-production",))
    assert flips(found["merges"]) == {"Promote credit 1.0.0": lost}


def test_a_person_who_is_nobody_any_more_counts_for_nothing(root: Path) -> None:
    text = (root / ROLES).read_text()
    start = text.index("  stella.nowak:")
    end = text.index("  jonas.falk:")
    members = text[:start] + text[end:]
    kept = [line for line in members.splitlines(keepends=True) if "person: stella" not in line]
    (root / ROLES).write_text("".join(kept))
    _, found = impact(root)
    (merge,) = [m for m in found["merges"] if m["flips"]]
    assert merge["after"] in {"INVALID", "MISSING"}
    text = policy(root, "impact", "--base", "main", "--now", NOW).out
    assert "ignored stella.nowak (nobody in the proposed roles)" in text


def test_a_revision_is_tried_instead_of_the_work_tree(root: Path) -> None:
    edit(root, POLICY, LEGAL, "")
    edit(root, POLICY, "function: risk, count: 1", "function: risk, count: 2")
    git(root, "checkout", "--quiet", "-b", "rules")
    git(root, "commit", "--quiet", "--all", "--message", "Other rules")
    git(root, "checkout", "--quiet", "main")
    assert impact(root)[0] == 0
    code, found = impact(root, "--head", "rules")
    assert (code, found["about"]) == (
        1, "approval rules 1.0.0 of rules, tried on what was merged to main"
    )  # fmt: skip


def test_only_the_last_merges_are_judged(made: Path) -> None:
    _, found = impact(made, "--last", "2")
    assert [merge["title"] for merge in found["merges"]] == [
        "Stop scoring with yesterday's limit",
        "Register credit 1.1.0",
    ]
    assert len(found["live"]) == 1
    assert impact(made, "--last", "0")[1]["merges"] == []


def test_what_came_before_the_rules_is_told_apart(root: Path) -> None:
    trusted = git(root, "rev-list", "--max-count=1", "--grep=^Register credit 1.1.0$", "main")
    edit(root, POLICY, "free:\n", f"trusted_until: {trusted}\nfree:\n")
    git(root, "commit", "--quiet", "--all", "--message", "Trust the past")
    _, found = impact(root)
    assert [merge["title"] for merge in found["merges"]] == [
        "Trust the past",
        "Stop scoring with yesterday's limit",
    ]


def test_a_time_without_rules_is_no_error(root: Path) -> None:
    git(root, "checkout", "--quiet", "--orphan", "young")
    git(root, "rm", "--quiet", "-r", "--cached", ".")
    git(root, "add", "README.md")
    git(root, "commit", "--quiet", "--message", "Nothing yet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Rules, and a champion")
    told = policy(root, "impact", "--base", "young", "--now", NOW)
    assert told.code == 0
    assert "1 merge: 1 came before rules that can be read" in told.out
    assert "1 live version: 1 came before rules that can be read" in told.out


def test_a_shallow_clone_is_not_judged(made: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth", "2", f"file://{made}", "clone")
    told = policy(tmp_path / "clone", "impact", "--base", "origin/main")
    assert told.code == 2
    assert "the clone is shallow" in told.err


def test_a_commit_that_cannot_be_judged_is_told_and_is_not_green(root: Path) -> None:
    edit(root, POLICY, "branches: [main]", "branches: [trunk]")
    git(root, "commit", "--quiet", "--all", "--message", "Rename the branch")
    (root / "docs/guide.md").write_text("Other words.\n")
    git(root, "commit", "--quiet", "--all", "--message", "Other words")
    told = policy(root, "impact", "--base", "main", "--now", NOW, "--last", "1")
    assert told.code == 2
    assert "Other words: not judged: main is no governed branch" in told.out


# Paths.


def test_a_path_shows_rules_seats_and_people(made: Path) -> None:
    told = policy(made, "paths", "scripts/score.py", "docs/guide.md", "--now", NOW)
    assert (told.code, told.err) == (0, "")
    assert (
        told.out
        == """\
scripts/score.py
    otherwise: mlops 1
        mlops: mei.sato, tom.berg

docs/guide.md
    free: nobody has to approve
"""
    )


def test_what_depends_on_the_content_is_marked(made: Path) -> None:
    told = policy(made, "paths", "models/credit/model.yaml", "--now", NOW)
    assert "    perhaps promotion-to-production: model-owner 1, data-steward 1," in told.out
    assert "\n    model-declaration: model-owner 1\n" in told.out
    assert "        ml-review-board (risk): karl.brandt, rita.costa\n" in told.out


def test_a_path_that_is_not_there_is_added(made: Path) -> None:
    told = policy(made, "paths", "models/credit/versions/2.0.0.yaml", "--now", NOW)
    assert "    registration: model-owner 1, mlops 1\n" in told.out
    told = policy(made, "paths", "models/credit/versions/1.0.0.yaml", "--now", NOW)
    assert "    past-record: legal 1, mlops 1, ml-review-board 1\n" in told.out


def test_every_tracked_path_has_its_place(made: Path) -> None:
    value = policy(made, "paths", "--format", "json").value
    tracked = git(made, "ls-files").split("\n")
    assert set(value["paths"]) == {p for p in tracked if not p.startswith("records/approvals/")}
    surface = [p for p in value["paths"] if p.startswith(("policies/", "models/", ".github/"))]
    assert all(value["paths"][path] for path in surface)


def test_a_catch_all_takes_nothing_over(root: Path) -> None:
    """B08: a later, broader rule."""
    rule = (
        "  - id: friends\n    because: easier\n    when: {paths: ['**']}\n"
        "    require: [{role: data-steward, count: 1}]\n\notherwise:\n"
    )
    edit(root, POLICY, "otherwise:\n", rule)
    told = policy(root, "paths", "--base", "main", "--now", NOW)
    assert told.code == 1
    lost, _, gained = told.out.partition("more than at main:\n")
    assert "  mlops 1 (otherwise)\n" in lost
    assert "policies/" not in lost
    assert "  data-steward 1 (friends)\n" in gained


def test_a_pattern_that_grew_narrow_shows_what_it_lost(root: Path) -> None:
    edit(root, POLICY, "when: {paths: [policies/**]}", "when: {paths: [policies/*.yaml]}")
    told = policy(root, "paths", "--base", "main", "--now", NOW, "--format", "json")
    assert told.code == 1
    lost = {path: step["lost"] for path, step in told.value["paths"].items()}
    assert all(path.count("/") > 1 for path in lost)
    assert lost["policies/datasets/loans.yaml"] == [
        "legal 1 (policy-change)",
        "privacy-office 1 (policy-change)",
        "ml-review-board 1 (policy-change)",
    ]


def test_more_in_a_seat_and_other_people_are_shown(root: Path) -> None:
    edit(root, POLICY, "function: risk, count: 1", "function: risk, count: 2")
    edit(root, ROLES, "person: nina.roth", "person: stella.nowak")
    told = policy(root, "paths", "--base", "main", "--now", NOW)
    assert told.code == 0
    assert (
        told.out
        == """\
more than at main:
  ml-review-board (risk) 2 (promotion-to-production, where it applies), before 1
      models/credit/model.yaml
other people than at main:
  ml-review-board: +stella.nowak, -nina.roth
  ml-review-board (legal): +stella.nowak, -nina.roth
0 paths need fewer approvals than at main, 1 more
"""
    )


def test_the_same_rules_differ_in_nothing(made: Path) -> None:
    told = policy(made, "paths", "--base", "main", "--now", NOW)
    assert (told.code, told.out) == (
        0, "0 paths need fewer approvals than at main, 0 more\n"
    )  # fmt: skip


WAIVER = """\
  - id: waiver
    because: An exception is a decision of risk and operations
    when: {changes: [adds-waiver]}
    require:
      - {role: ml-review-board, function: risk, count: 1}
      - {role: mlops, count: 1}
    expires_after: P30D
    rationale_required: true

"""
REGISTRATION = """\
  - id: registration
    because: A version is known to its owner and to those who will run it
    when: {changes: [registers-version, promotes-to-staging]}
    require:
      - {role: model-owner, count: 1}
      - {role: mlops, count: 1}
    expires_after: P30D

"""


def test_a_rule_is_missed_where_no_file_stands_yet(root: Path) -> None:
    edit(root, POLICY, WAIVER, "")
    told = policy(root, "paths", "--base", "main", "--now", NOW)
    assert told.code == 1
    assert (
        told.out
        == """\
rules that ask for less than at main:
  waiver is gone: ml-review-board (risk) 1, mlops 1
fewer than at main:
  ml-review-board (risk) 1 (waiver)
      records/waivers/x.yaml (once added)
1 path needs fewer approvals than at main, 0 more; 1 rule asks for less
"""
    )


def test_a_rule_about_new_versions_is_missed(root: Path) -> None:
    edit(root, POLICY, REGISTRATION, "")
    told = policy(root, "paths", "--base", "main", "--now", NOW, "--format", "json")
    assert told.code == 1
    assert told.value["rules"] == ["registration is gone: model-owner 1, mlops 1"]
    step = told.value["paths"]["models/x/versions/1.0.0.yaml"]
    assert step["example"]
    assert "model-owner 1 (registration)" in step["lost"]


def test_a_seat_that_asks_for_fewer_is_named_with_its_rule(root: Path) -> None:
    edit(root, POLICY, WAIVER, WAIVER.replace("      - {role: mlops, count: 1}\n", ""))
    told = policy(root, "paths", "--base", "main", "--now", NOW)
    assert told.code == 1
    assert "than at main:\n  waiver: mlops 1, now 0\n" in told.out
    told = policy(root, "paths", "docs/guide.md", "--base", "main", "--now", NOW)
    assert (told.code, "rules that ask" in told.out) == (0, False)


def test_a_folder_stands_for_its_files(made: Path) -> None:
    value = policy(made, "paths", "models", "docs/", "README.md", "--format", "json").value
    tracked = git(made, "ls-files", "models", "docs", "README.md").split("\n")
    assert list(value["paths"]) == sorted(tracked)  # the JSON sorts them
    told = policy(made, "paths", "docs/", "README.md", "./docs")
    shown = [line for line in told.out.splitlines() if line and not line.startswith(" ")]
    assert shown == [*(path for path in tracked if path.startswith("docs/")), "README.md"]
    told = policy(made, "paths", "nothing/")
    assert (told.code, told.err) == (2, "charter: nothing/ holds no tracked file\n")


def test_what_is_freed_is_lost(root: Path) -> None:
    edit(root, POLICY, "[docs/**, README.md]", "[docs/**, README.md, scripts/**, policies/**]")
    told = policy(root, "paths", "--base", "main", "--now", NOW)
    assert (
        told.out
        == """\
fewer than at main:
  mlops 1 (otherwise)
      scripts/score.py
1 path needs fewer approvals than at main, 0 more
"""
    )
