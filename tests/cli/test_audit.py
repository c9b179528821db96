"""`charter audit` on real histories, signed with real keys."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from audited import BEGIN, PEOPLE, REPOSITORY, Ledger, ring, roles, signed_tag, version
from click.testing import CliRunner
from forge import TOKEN, FakeGitHub
from world import DECLARED

from adapters.keys import sign
from adapters.verdicts import append
from cli.audit import audit as group
from governance.digest import canonical
from governance.finding import CouldNotJudge
from governance.verdict import NAMESPACE

NOW = ("--now", "2026-03-20")


class Told(NamedTuple):
    """What the command left behind."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)

    @property
    def covers(self) -> list[str]:
        return [commit["cover"] for commit in self.value["commits"]]

    @property
    def findings(self) -> list[tuple[str, str]]:
        return [(found["rule"], found["problem"]) for found in self.value["findings"]]


def audit(ledger: Ledger | Path, *arguments: str, now: str = "2026-03-20") -> Told:
    """The command, called in this process, as JSON."""
    root = ledger.root if isinstance(ledger, Ledger) else ledger
    given = arguments if "--format" in arguments else ("--format", "json", *arguments)
    with contextlib.chdir(root):
        result = CliRunner().invoke(group, [*given, "--now", now])
    if isinstance(result.exception, CouldNotJudge):
        return Told(2, "", str(result.exception))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Told(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "repository")


def test_a_history_that_went_through_review_is_in_order(ledger: Ledger) -> None:
    ledger.change("merged")
    ledger.change("squashed", squash=True)
    ledger.put("docs/page.md", "words\n").commit("Words", by="bob")
    told = audit(ledger)
    assert told.covers == ["covered", "covered", "needs no approval"]
    assert (told.code, told.findings) == (0, [])


def test_b49_a_direct_push_is_found(ledger: Ledger) -> None:
    ledger.put("governance/code.py", "pushed = 1\n").commit("Fix it quickly", by="bob")
    told = audit(ledger)
    assert (told.code, told.covers) == (1, ["not covered"])
    [(rule, problem)] = told.findings
    assert rule == "audit/covered"
    assert problem == "went round the pull request: no approvals for code (mlops 0 of 1)"
    fix = told.value["findings"][0]["fix"]
    head = ledger.git("rev-parse", "HEAD")
    asked, command = fix.split("\n")
    assert asked.startswith("ask ann or cid for mlops to approve ")
    assert "; the record belongs on main: " in asked
    span = f"{ledger.first[:12]}..{head[:12]}"
    assert command == f'charter approve {span} --role mlops --because "…"'
    shown = audit(ledger, "--format", "text").out.split("\n")
    assert shown[1:3] == [f"  fix: {asked}", f"    {command}"]
    assert f"{command}".replace(" ", "") in (
        audit(ledger, "--format", "markdown").out.split("<br>")[1].replace(" ", "")
    )


def test_each_role_with_an_open_seat_gets_its_command(ledger: Ledger) -> None:
    ledger.put("governance/code.py", "x = 1\n" * 60).commit("Much at once", by="bob")
    _, *commands = audit(ledger).value["findings"][0]["fix"].split("\n")
    assert [command.split()[4] for command in commands] == ["mlops", "board"]
    ledger.sign("cid", ledger.digest("main~1", "main"))
    ledger.commit("Follow up", by="cid")
    _, *commands = audit(ledger).value["findings"][0]["fix"].split("\n")
    assert [command.split()[4] for command in commands] == ["board"]


def test_a_command_names_the_branch_where_that_is_not_clear(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r", branches=["main", "release/*"])
    ledger.put("governance/code.py", "pushed = 1\n").commit("Pushed", by="bob")
    _, command = audit(ledger).value["findings"][0]["fix"].split("\n")
    assert command.endswith(' --role mlops --branch main --because "…"')


def test_an_objection_is_mended_by_no_command(ledger: Ledger) -> None:
    ledger.put("governance/code.py", "pushed = 1\n").commit("Pushed", by="bob")
    ledger.sign("cid", ledger.digest("main~1", "main"), said="reject", because="no")
    ledger.commit("Object", by="cid")
    fix = audit(ledger).value["findings"][0]["fix"]
    assert fix == "talk to cid: only they, or a role that lifts objections, can lift it"


UNGOVERNED = {
    "as head": ("--head", "side"),
    "as branch": ("--branch", "side"),
    "with commits of its own": ("--head", "side", "--since", "main~1"),
}


@pytest.mark.parametrize("given", UNGOVERNED.values(), ids=UNGOVERNED)
def test_a_branch_that_no_law_governs_is_refused(ledger: Ledger, given: tuple[str, ...]) -> None:
    ledger.change("one")
    ledger.branch("side").put("governance/code.py", "x\n").commit("Aside", by="ann")
    ledger.main()
    told = audit(ledger, *given)
    assert told.code == 2
    first, fix = told.err.split("\n")
    assert first == "side is no governed branch: policies/approvals.yaml lists main"
    assert "`charter approvals --base main --head side`" in fix


def test_another_name_for_a_part_of_the_branch_is_audited_as_that_part(ledger: Ledger) -> None:
    ledger.change("one", data="a = 1\n")
    ledger.change("two", data="b = 1\n")
    ledger.git("branch", "older", "main~1")
    assert audit(ledger, "--head", "older").code == 2
    told = audit(ledger, "--head", "older", "--since", "main~2")
    assert (told.code, told.value["branch"], told.covers) == (0, "main", ["covered"])


def test_nothing_since_is_said_as_such(ledger: Ledger) -> None:
    ledger.change("one")
    told = audit(ledger, "--since", "main", "--format", "text")
    head = ledger.git("rev-parse", "HEAD")[:12]
    assert told.code == 0
    assert told.out == f"0 commits since {head}: nothing of main was judged (HEAD {head})\n"


def test_b101_follow_up_approvals_settle_a_merge_without_verdict(ledger: Ledger) -> None:
    ledger.put("governance/code.py", "pushed = 1\n").commit("Fix it quickly", by="bob")
    assert audit(ledger).code == 1
    ledger.sign("bob", ledger.digest("main~1", "main"))  # its author settles nothing
    ledger.commit("Approve it myself", by="bob")
    told = audit(ledger)
    assert told.code == 1
    assert any("bob (author)" in note for note in told.value["findings"][0]["notes"])
    ledger.sign("cid", ledger.digest("main~2", "main~1"))
    ledger.commit("Follow up", by="cid")
    told = audit(ledger)
    assert told.covers == ["covered afterwards", "needs no approval", "needs no approval"]
    assert told.code == 0
    assert [note["problem"] for note in told.value["notes"]] == ["approved after it landed"]


def test_a_follow_up_may_come_after_approvals_of_the_time_expired(ledger: Ledger) -> None:
    ledger.change("half", data="x = 1\n" * 60, approve=(("bob", "mlops"),))
    assert "large (board 0 of 1)" in audit(ledger).findings[0][1]
    ledger.tick(days=45)
    ledger.sign("dee", ledger.digest("main~1", "main"), role="board")
    ledger.commit("Follow up", by="dee")
    assert audit(ledger, now="2026-06-01").covers == ["covered afterwards", "needs no approval"]


def test_an_expired_approval_covers_nothing(ledger: Ledger) -> None:
    ledger.branch("old").put("governance/code.py", "old = 1\n").commit("Old", by="ann")
    ledger.sign("bob", ledger.digest("main", "old"))
    ledger.commit("Approve", by="bob")
    ledger.tick(days=45)
    ledger.merge("old")
    told = audit(ledger, now="2026-06-01")
    assert told.code == 1
    assert any("expired on 2026-04-01" in note for note in told.value["findings"][0]["notes"])


def test_b47_a_squash_with_another_file_is_found(ledger: Ledger) -> None:
    ledger.branch("work").put("governance/code.py", "work = 1\n").commit("Work", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.commit("Approve", by="bob")
    ledger.main().git("merge", "--quiet", "--squash", "work")
    ledger.put("governance/more.py", "more = 1\n").commit("Squash work", by="ann")
    told = audit(ledger)
    assert (told.code, told.covers) == (1, ["not covered"])


def test_b36_a_merge_that_holds_more_is_found(ledger: Ledger) -> None:
    ledger.change("good")
    ledger.branch("work").put("governance/code.py", "work = 1\n").commit("Work", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.commit("Approve", by="bob")
    ledger.merge("work")
    ledger.put("governance/evil.py", "evil = 1\n")
    ledger.git("add", "--all")
    ledger.made("commit", "--quiet", "--amend", "--no-edit", by="dee")
    told = audit(ledger)
    assert (told.code, told.covers) == (1, ["covered", "not covered"])


def test_b36_who_merges_cleanly_wrote_nothing_and_who_adds_something_did(ledger: Ledger) -> None:
    ledger.change("clean", merger="bob")
    assert audit(ledger).code == 0
    ledger.branch("work").put("governance/code.py", "work = 1\n").commit("Work", by="ann")
    ledger.main().put("docs/page.md", "page\n").commit("Words", by="ann")
    ledger.merge("work", by="bob")
    ledger.put("governance/evil.py", "evil = 1\n")
    ledger.git("add", "--all")
    ledger.made("commit", "--quiet", "--amend", "--no-edit", by="bob")
    ledger.sign("bob", ledger.digest("main~1", "main"))
    ledger.commit("Follow up", by="bob")
    told = audit(ledger)
    assert told.covers == ["covered", "needs no approval", "not covered", "needs no approval"]
    assert any("bob (author)" in note for note in told.value["findings"][0]["notes"])


def test_b36_an_octopus_is_an_ordinary_commit(ledger: Ledger) -> None:
    for name in ("one", "two"):
        ledger.main().branch(name).put(f"governance/{name}.py", "x\n").commit(name, by="ann")
    ledger.main().made("merge", "--quiet", "--no-ff", "--no-edit", "one", "two", by="bob")
    ledger.sign("bob", ledger.digest("main~1", "main"))
    ledger.sign("cid", ledger.digest("main~1", "main"))
    ledger.commit("Approve", by="cid")
    told = audit(ledger, "--verbose")
    assert told.covers == ["covered afterwards", "needs no approval"]
    ignored = told.value["notes"][0]["notes"]
    assert ignored == ["approved by cid (records/approvals/0002-cid.yaml)"]


def test_b65_words_that_skip_workflows_skip_no_audit(ledger: Ledger) -> None:
    ledger.change("first")
    ledger.put("governance/code.py", "x\n").commit("Tidy up [skip ci]", by="bob")
    ledger.change("last")
    told = audit(ledger)
    assert told.covers == ["covered", "not covered", "covered"]
    assert told.value["findings"][0]["title"] == "Tidy up [skip ci]"


def test_b31_the_signature_of_the_tip_says_nothing_of_the_commits_below(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r", unverified_authorship="refuse")
    signing = (
        "-c", "gpg.format=ssh", "-c", f"user.signingKey={ring()['ann'][0]}",
    )  # fmt: skip
    ledger.branch("work").put("governance/code.py", "x\n").commit("Unsigned", by="ann")
    ledger.put("docs/a.md", "x\n").git("add", "--all")
    ledger.made(*signing, "commit", "--quiet", "-S", "--message", "Signed", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.commit("Approve", by="bob")
    ledger.merge("work")
    told = audit(ledger)
    assert "neither signatures nor a forge show who wrote the change" in told.findings[0][1]
    ledger.branch("all").put("governance/code.py", "y\n").git("add", "--all")
    ledger.made(*signing, "commit", "--quiet", "-S", "--message", "Signed", by="ann")
    ledger.sign("bob", ledger.digest("main", "all"))
    ledger.commit("Approve", by="bob")
    ledger.merge("all")
    assert audit(ledger).covers == ["not covered", "covered"]


def test_a_revert_is_a_change_like_any_other(ledger: Ledger) -> None:
    ledger.change("work")
    ledger.made("revert", "--no-edit", "-m", "1", "HEAD", by="ann")
    told = audit(ledger)
    assert told.covers == ["covered", "not covered"]
    ledger.sign("bob", ledger.digest("main~1", "main"))
    ledger.commit("Follow up", by="bob")
    assert audit(ledger).code == 1  # it takes bob's approval out as well
    assert ("audit/records", "removes records/approvals/0001-bob.yaml, which is append-only") in (
        audit(ledger).findings
    )


def test_b42_bringing_back_approved_content_from_another_base_needs_its_own(
    ledger: Ledger,
) -> None:
    ledger.change("one", data="a = 1\n")
    ledger.change("two", data="b = 1\n")
    ledger.put("governance/code.py", "a = 1\n").commit("Back to one", by="ann")
    assert audit(ledger).covers == ["covered", "covered", "not covered"]


# Records


def test_an_edited_record_is_found(ledger: Ledger) -> None:
    ledger.change("work")
    [path] = (ledger.root / "records/approvals").iterdir()
    path.write_text(path.read_text().replace("2026-03-02T", "2026-03-01T"))
    ledger.commit("Edit", by="ann")
    told = audit(ledger)
    name = path.name
    assert (
        "audit/records", f"edits records/approvals/{name}, which is append-only",
    ) in told.findings  # fmt: skip
    assert told.covers == ["covered", "not covered"]  # what was signed then stays signed


def test_a_removed_approval_is_shown_even_when_that_was_approved(ledger: Ledger) -> None:
    ledger.change("work", approve=(("bob", "mlops"), ("cid", "mlops")))
    ledger.branch("tidy").git("rm", "--quiet", "records/approvals/0002-cid.yaml")
    ledger.commit("Tidy", by="ann")
    ledger.sign("bob", ledger.digest("main", "tidy"))
    ledger.sign("cid", ledger.digest("main", "tidy"), role="board")
    ledger.sign("dee", ledger.digest("main", "tidy"), role="board")
    ledger.commit("Approve", by="bob")
    ledger.merge("tidy")
    told = audit(ledger)
    assert (told.code, told.covers) == (0, ["covered", "covered"])
    assert [note["problem"] for note in told.value["notes"]] == [
        "removes records/approvals/0002-cid.yaml, which is append-only; its removal was approved"
    ]


def test_a_renamed_record_is_removed_and_added(ledger: Ledger) -> None:
    ledger.change("work")
    ledger.git("mv", "records/approvals/0001-bob.yaml", "records/approvals/0009-bob.yaml")
    ledger.commit("Rename", by="ann")
    told = audit(ledger)
    problem = "removes records/approvals/0001-bob.yaml, which is append-only"
    assert ("audit/records", problem) in told.findings


def test_an_objection_taken_out_on_the_way_still_counts(ledger: Ledger) -> None:
    ledger.branch("work").put("governance/code.py", "x\n").commit("Work", by="ann")
    seen = ledger.digest("main", "work")
    path = ledger.sign("cid", seen, said="reject", because="it breaks")
    ledger.commit("Object", by="cid")
    ledger.git("rm", "--quiet", path)
    ledger.commit("Hush", by="ann")
    ledger.sign("bob", seen)
    ledger.commit("Approve", by="bob")
    ledger.merge("work")
    told = audit(ledger)
    assert told.code == 1
    assert "cid objects" in told.findings[0][1]
    assert told.value["notes"][0]["problem"].endswith("was added and taken out again on the way")


def test_an_approval_signed_with_a_strangers_key_covers_nothing(ledger: Ledger) -> None:
    ledger.branch("work").put("governance/code.py", "x\n").commit("Work", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"), key="stranger")
    ledger.commit("Approve", by="bob")
    ledger.merge("work")
    told = audit(ledger)
    assert told.code == 1
    assert any("no key of theirs" in note for note in told.value["findings"][0]["notes"])


def test_a_key_that_expired_before_the_record_came_is_no_key(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r")
    value = roles().replace("valid_from: '2026-01-01'}", "valid_from: '2026-01-01'}")
    ledger.put("policies/roles.yaml", value.replace(
        f"public: {ring()['bob'][1]}\n      valid_from: '2026-01-01'",
        f"public: {ring()['bob'][1]}\n      valid_from: '2026-01-01'\n"
        "      valid_until: '2026-03-05'",
    )).commit("Bob's key ends", by="ann")  # fmt: skip
    ledger.put("governance/code.py", "x\n").commit("Pushed", by="ann")
    ledger.tick(days=10)
    ledger.sign("bob", ledger.digest("main~1", "main"), at=BEGIN)  # as if it were still March 2
    ledger.commit("Late", by="bob")
    told = audit(ledger, "--since", "main~2")
    assert told.covers == ["not covered", "needs no approval"]
    assert any("the key expired" in note for note in told.value["findings"][0]["notes"])


# The way out


def broken(ledger: Ledger) -> str:
    """A change that two people let through in an emergency; its digest."""
    ledger.branch("fire").put("governance/code.py", "x\n").commit("Put it out", by="ann")
    seen = ledger.digest("main", "fire")
    ledger.sign("bob", seen, said="break-glass", because="production burns")
    ledger.sign("dee", seen, said="break-glass", because="it does", role="board")
    ledger.commit("Break the glass", by="bob")
    ledger.merge("fire")
    return seen


def test_a_broken_glass_leaves_a_debt_with_a_date(ledger: Ledger) -> None:
    broken(ledger)
    told = audit(ledger, now="2026-03-05")
    assert (told.code, told.covers) == (0, ["open debt"])
    assert told.value["notes"][0]["problem"] == (
        "the glass was broken: debt of 2026-03-05 open (code)"
    )
    told = audit(ledger, now="2026-03-06")
    assert (told.code, told.covers) == (1, ["debt overdue"])
    assert "debt of 2026-03-05 is overdue" in told.findings[0][1]


def test_a_debt_is_paid_by_the_missing_approvals(ledger: Ledger) -> None:
    seen = broken(ledger)
    ledger.sign("cid", seen)
    ledger.commit("Pay", by="cid")
    told = audit(ledger)
    assert (told.code, told.covers) == (0, ["debt paid", "needs no approval"])
    assert told.value["notes"][0]["problem"] == "the glass was broken; the debt is paid"


def test_one_alone_breaks_no_glass(ledger: Ledger) -> None:
    ledger.branch("fire").put("governance/code.py", "x\n").commit("Put it out", by="ann")
    ledger.sign("bob", ledger.digest("main", "fire"), said="break-glass")
    ledger.commit("Break", by="bob")
    ledger.merge("fire")
    assert audit(ledger, now="2026-03-03").covers == ["not covered"]


# Where it begins


def test_what_came_before_the_rules_is_not_asked_for(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "r")
    told = audit(ledger)
    assert (told.code, told.covers, told.value["older"]) == (0, [], 1)


def test_since_leaves_out_what_came_before(ledger: Ledger) -> None:
    pushed = ledger.put("governance/code.py", "x\n").commit("Pushed", by="bob")
    ledger.change("work")
    assert audit(ledger).code == 1
    told = audit(ledger, "--since", pushed)
    assert (told.code, told.covers) == (0, ["covered"])
    told = audit(ledger, "--since", "work")
    assert (told.code, told.err.endswith("is not on the first parents of main")) == (2, True)


def test_trusted_until_begins_later_and_its_own_change_is_judged(ledger: Ledger) -> None:
    pushed = ledger.put("governance/code.py", "x\n").commit("Pushed", by="bob")
    policy = ledger.root / "policies/approvals.yaml"
    ledger.put("policies/approvals.yaml", f"{policy.read_text()}trusted_until: {pushed}\n")
    ledger.commit("Trust what came before", by="bob")
    told = audit(ledger)
    assert (told.covers, told.value["older"]) == (["not covered"], 2)
    assert told.findings[0][1].endswith("no approvals for policy (board 0 of 1)")


def test_a_law_that_does_not_load_judges_nothing(ledger: Ledger) -> None:
    ledger.put("policies/roles.yaml", "people: [\n").commit("Break the roles", by="bob")
    ledger.put("governance/code.py", "x\n").commit("Pushed", by="bob")
    told = audit(ledger)
    assert (told.code, told.covers) == (2, ["not covered", "not judged"])
    ledger.put("policies/roles.yaml", roles()).commit("Mend the roles", by="bob")
    assert audit(ledger).covers == ["not covered", "not judged", "not judged"]


def test_b80_a_shallow_clone_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    ledger.change("work")
    ledger.git("clone", "--quiet", "--depth", "2", f"file://{ledger.root}", str(tmp_path / "c"))
    told = audit(tmp_path / "c")
    assert (told.code, "shallow" in told.err) == (2, True)


def test_b79_replaced_objects_are_refused(ledger: Ledger) -> None:
    ledger.change("work")
    ledger.git("replace", "HEAD", "HEAD~1")
    assert "refs/replace" in audit(ledger).err


def test_settings_of_the_repository_have_no_say(ledger: Ledger) -> None:
    ledger.put(".gitattributes", "*.py -diff binary export-ignore\n")
    ledger.put("governance/code.py", "x\n").commit("Pushed", by="bob")
    for setting in (
        "diff.renames=true", "log.showSignature=true", "log.follow=true", "core.quotePath=true",
        "log.mailmap=true", "diff.relative=true", "diff.orderFile=/nowhere",
        "diff.ignoreSubmodules=all", "i18n.logOutputEncoding=UTF-16", "log.diffMerges=off",
    ):  # fmt: skip
        ledger.git("config", *setting.split("="))
        told = audit(ledger)
        ledger.git("config", "--unset", setting.partition("=")[0])
        assert told.covers == ["not covered"], setting


def test_a_change_that_only_a_large_one_needs(ledger: Ledger) -> None:
    ledger.change("small", data="x = 1\n" * 40)
    ledger.change("moved", data="x = 1\n" * 40 + "y = 1\n")
    ledger.change("large", data="z = 1\n" * 40)
    assert audit(ledger).covers == ["covered", "covered", "not covered"]


# Release tags


@pytest.fixture
def released(ledger: Ledger) -> Ledger:
    """A version that was registered by the newest commit, with its tag."""
    ledger.change("one", "models/credit/versions/1.0.0.yaml", version("credit", "1.0.0"))
    signed_tag(ledger, "credit@v1.0.0")
    signed_tag(ledger, "credit#staging#1")
    return ledger


def tags(ledger: Ledger, *arguments: str) -> list[tuple[str, str]]:
    told = audit(ledger, *arguments)
    found = [f for f in told.value["findings"] if f["rule"] == "audit/tags"]
    return [(f["path"].removeprefix("refs/tags/"), f["problem"]) for f in found]


def test_signed_tags_on_their_commits_are_in_order(released: Ledger) -> None:
    told = audit(released)
    assert (told.code, told.findings, told.covers) == (0, [], ["covered"])


def test_b48_a_moved_tag_is_found_without_a_ledger_of_tags(released: Ledger) -> None:
    origin = released.git("rev-parse", "HEAD")
    released.change("two")
    assert tags(released) == []
    signed_tag(released, "credit@v1.0.0")
    head = released.git("rev-parse", "HEAD")
    problem = f"points at {head[:12]}, but {origin[:12]} brought 1.0.0: it was moved"
    assert tags(released) == [("credit@v1.0.0", problem)]
    assert tags(released, "--since", head) == [("credit@v1.0.0", problem)]


def test_b48_a_lightweight_tag_is_found(released: Ledger) -> None:
    released.git("tag", "--force", "credit@v1.0.0", "HEAD")
    assert tags(released) == [("credit@v1.0.0", "a lightweight tag: nobody signed it")]


@pytest.mark.parametrize("how", ["unsigned", "stranger"])
def test_b48_a_tag_nobody_of_the_roles_signed_is_found(released: Ledger, how: str) -> None:
    if how == "unsigned":
        released.git("tag", "--annotate", "--force", "--message", "x", "credit@v1.0.0", "HEAD")
    else:
        signed_tag(released, "credit@v1.0.0", by="stranger")
    problem = "signed by no key of a person of the roles at its commit"
    assert tags(released) == [("credit@v1.0.0", problem)]


def test_b48_a_signed_tag_under_another_name_is_found(released: Ledger) -> None:
    made = released.git("rev-parse", "refs/tags/credit@v1.0.0")
    released.git("update-ref", "refs/tags/credit#production#1", made)
    problem = "it holds the signed tag credit@v1.0.0 under another name"
    assert tags(released) == [("credit#production#1", problem)]


def test_b48_a_tag_off_the_branch_is_found(released: Ledger) -> None:
    released.branch("off").put("docs/a.md", "x\n").commit("Off", by="ann")
    signed_tag(released, "credit#staging#2")
    assert tags(released) == [("credit#staging#2", "points at no commit of the branch")]


def test_a_tag_of_a_version_that_is_not_registered_is_found(released: Ledger) -> None:
    signed_tag(released, "credit@v2.0.0")
    assert tags(released) == [("credit@v2.0.0", "no version 2.0.0 of credit is registered")]


def test_b48_the_deleted_tag_of_a_champion_is_found(released: Ledger) -> None:
    released.put("models/credit/model.yaml", f"{DECLARED['models/credit/model.yaml']}"
                 "champion: 1.0.0\n")  # fmt: skip
    released.commit("Promote", by="ann")
    assert tags(released) == []
    released.git("tag", "--delete", "credit@v1.0.0")
    problem = "1.0.0 of credit is in production, but its tag was deleted or never made"
    assert tags(released) == [("credit@v1.0.0", problem)]


def test_the_deleted_tag_of_a_version_that_is_rolled_out_is_found(released: Ledger) -> None:
    released.put("models/credit/rollout.yaml", DECLARED["models/credit/rollout.yaml"])
    released.commit("Roll out", by="ann")
    assert tags(released) == []
    released.git("tag", "--delete", "credit@v1.0.0")
    ((at, problem),) = tags(released)
    assert at == "credit@v1.0.0"
    assert "is rolled out, or what a rollout returns to, but its tag was deleted" in problem


def test_a_number_that_is_used_a_second_time_is_found(released: Ledger) -> None:
    path = "models/credit/versions/1.0.0.yaml"
    (released.root / path).unlink()
    released.commit("Forget", by="ann")
    released.put(path, version("credit", "1.0.0").replace("a" * 64, "b" * 64))
    released.commit("Again", by="ann")
    found = dict(tags(released))
    assert "registered a second time" in found[path]


def test_other_tags_are_nobodys_business(released: Ledger) -> None:
    for name in ("v1", "credit@1.0.0", "nightly@v1", "a#b c"):
        with contextlib.suppress(AssertionError):
            released.git("tag", name)
    assert tags(released) == []


# What a rebase makes of a branch


def test_a_rebased_branch_is_one_change(ledger: Ledger) -> None:
    ledger.branch("work").put("governance/code.py", "one = 2\n").commit("One", by="ann")
    ledger.put("docs/page.md", "words\n").commit("Words", by="ann")
    ledger.put("governance/more.py", "more = 1\n").commit("Two", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.commit("Approve", by="bob")
    ledger.main().git("merge", "--quiet", "--ff-only", "work")
    told = audit(ledger)
    free, late = "needs no approval", "covered afterwards"  # the approval is a commit of its own
    assert (told.code, told.covers) == (0, [late, free, late, free])
    assert len(told.value["notes"]) == 1


@pytest.mark.parametrize("words", ["first", "last"])
def test_a_rebased_branch_may_begin_or_end_with_words(ledger: Ledger, words: str) -> None:
    ledger.change("before")
    ledger.branch("work")
    if words == "first":
        ledger.put("docs/page.md", "words\n").commit("Words", by="ann")
    ledger.put("governance/code.py", "one = 2\n").commit("One", by="ann")
    if words == "last":
        ledger.put("docs/page.md", "words\n").commit("Words", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.commit("Approve", by="bob")
    ledger.main().git("merge", "--quiet", "--ff-only", "work")
    told = audit(ledger)
    assert told.code == 0
    assert sorted(told.covers[1:3]) == ["covered afterwards", "needs no approval"]


def test_a_rebased_branch_with_one_commit_more_is_found(ledger: Ledger) -> None:
    ledger.branch("work").put("governance/code.py", "one = 2\n").commit("One", by="ann")
    ledger.put("governance/more.py", "more = 1\n").commit("Two", by="ann")
    ledger.sign("bob", ledger.digest("main", "work"))
    ledger.put("governance/more.py", "more = 2\n").commit("Three", by="ann")
    ledger.main().git("merge", "--quiet", "--ff-only", "work")
    assert audit(ledger).covers == ["covered afterwards", "covered afterwards", "not covered"]


# What a forge witnessed


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """A forge with the accounts of the roles; the environment names it."""
    with FakeGitHub(REPOSITORY) as fake:
        for number, person in enumerate(PEOPLE, start=1):
            fake.account(person, number=number)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
        monkeypatch.setenv("GITHUB_API_URL", fake.url)
        yield fake


def witnessed(
    ledger: Ledger,
    hub: FakeGitHub,
    *,
    by: str = "ann",
    reviewer: str | None = "bob",
    squash: bool = True,
    extra: bool = False,
    number: int = 7,
) -> str:
    """The merge of a pull request that was reviewed at the forge and nowhere else."""
    name = f"work-{number}"
    ledger.branch(name).put("governance/code.py", f"n = {number}\n").commit("Work", by=by)
    head = ledger.git("rev-parse", name)
    hub.pull(number, user=by, branch=name)
    at_forge(ledger, hub, number, name, head)
    if reviewer:
        review = hub.review(number, reviewer)
        review["commit_id"] = head
        review["submitted_at"] = at(ledger)
    ledger.main()
    if squash:
        ledger.git("merge", "--quiet", "--squash", name)
        if extra:
            ledger.put("governance/extra.py", "extra = 1\n")
        landed = ledger.commit(f"Work (#{number})", by=by)
    else:
        landed = ledger.merge(name)
    hub.merged(number, landed)
    return landed


def at(ledger: Ledger) -> str:
    return ledger.tick(minutes=1).strftime("%Y-%m-%dT%H:%M:%SZ")


def at_forge(ledger: Ledger, hub: FakeGitHub, number: int, branch: str, head: str) -> None:
    """The forge knows the commits of the real repository."""
    hub.pulls[number]["head"]["sha"] = head
    hub.pulls[number]["base"]["sha"] = ledger.git("rev-parse", "main")
    for push in hub.activity[REPOSITORY, f"refs/heads/{branch}"]:
        push["after"], push["timestamp"] = head, at(ledger)


def test_a_review_covers_once_it_is_recorded_and_needs_no_forge_then(
    ledger: Ledger, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    witnessed(ledger, hub)
    before = ledger.git("status", "--porcelain"), ledger.git("rev-parse", "HEAD")
    assert audit(ledger).covers == ["not covered"]
    told = audit(ledger, "--record")
    assert (told.code, told.covers, told.findings) == (0, ["covered"], [])
    assert (ledger.git("status", "--porcelain"), ledger.git("rev-parse", "HEAD")) == before
    monkeypatch.delenv("GITHUB_TOKEN")
    calls = len(hub.calls)
    assert audit(ledger).covers == ["covered"]
    assert len(hub.calls) == calls
    [path] = ledger.git("ls-tree", "-r", "--name-only", "charter/verdicts").split()
    value = json.loads(ledger.git("show", f"charter/verdicts:{path}"))
    digest = ledger.digest("main~1", "main")
    assert path == f"verdicts/{digest[7:9]}/{digest[7:]}.json"
    assert (value["standing"], value["digest"], value["pull"]["number"]) == ("APPROVED", digest, 7)


def test_recording_twice_keeps_one(ledger: Ledger, hub: FakeGitHub) -> None:
    witnessed(ledger, hub, reviewer=None)
    assert audit(ledger, "--record").covers == ["not covered"]
    tip = ledger.git("rev-parse", "charter/verdicts")
    assert audit(ledger, "--record").covers == ["not covered"]
    assert ledger.git("rev-parse", "charter/verdicts") == tip
    review = hub.review(7, "bob")  # after the merge
    review["commit_id"] = ledger.git("rev-parse", "work-7")
    review["submitted_at"] = at(ledger)
    told = audit(ledger, "--record")
    assert told.covers == ["covered"]  # within the minutes a clock may be wrong
    assert len(ledger.git("ls-tree", "-r", "--name-only", "charter/verdicts").split()) == 2
    assert audit(ledger).findings == []


def test_b47_a_squash_keeps_its_authors(ledger: Ledger, hub: FakeGitHub) -> None:
    """Bob wrote a part of it: his review does not count, though the squash names ann alone."""
    name = "work-7"
    ledger.branch(name).put("governance/code.py", "a = 1\n").commit("Mine", by="ann")
    ledger.put("governance/code.py", "a = 2\n").commit("Bob's", by="bob")
    hub.pull(7, user="ann", branch=name)
    at_forge(ledger, hub, 7, name, ledger.git("rev-parse", name))
    review = hub.review(7, "bob")
    review["commit_id"] = ledger.git("rev-parse", name)
    review["submitted_at"] = at(ledger)
    ledger.main().git("merge", "--quiet", "--squash", name)
    hub.merged(7, ledger.commit("Work (#7)", by="ann"))
    told = audit(ledger, "--record")
    assert told.covers == ["not covered"]
    assert any("bob (author)" in note for note in told.value["findings"][0]["notes"])


def test_b47_a_squash_with_another_file_is_not_what_was_reviewed(
    ledger: Ledger, hub: FakeGitHub
) -> None:
    witnessed(ledger, hub, extra=True)
    told = audit(ledger, "--record")
    assert (told.code, told.covers) == (1, ["not covered"])
    assert any("bob" in note and "other bytes" in note for note in (
        told.value["findings"][0]["notes"]
    ))  # fmt: skip


def test_a_merge_commit_is_covered_by_its_review(ledger: Ledger, hub: FakeGitHub) -> None:
    witnessed(ledger, hub, squash=False)
    assert audit(ledger, "--record").covers == ["covered"]


def rewrite(ledger: Ledger, change: Any, *, name: str | None = None, key: str | None = None) -> str:
    """Writes the kept verdict anew, as somebody would who may push to its branch."""
    [path] = [
        p
        for p in ledger.git("ls-tree", "-r", "--name-only", "charter/verdicts").split()
        if p.endswith(".json")
    ]
    value = json.loads(ledger.git("show", f"charter/verdicts:{path}"))
    change(value)
    data = canonical(value)
    ledger.git("update-ref", "-d", "refs/heads/charter/verdicts")
    files = {name or path: data}
    if key:
        files[f"{name or path}.sig"] = sign(data, ring()[key][0], NAMESPACE).encode()
    append(ledger.root, files, "forged")
    return name or path


def test_a_stored_standing_is_never_believed(ledger: Ledger, hub: FakeGitHub) -> None:
    witnessed(ledger, hub, reviewer=None)
    audit(ledger, "--record")

    def forge(value: Any) -> None:
        value["standing"] = "APPROVED"

    rewrite(ledger, forge)
    told = audit(ledger)
    assert (told.code, told.covers) == (1, ["not covered"])


def test_a_verdict_about_other_bytes_covers_nothing(ledger: Ledger, hub: FakeGitHub) -> None:
    witnessed(ledger, hub)
    audit(ledger, "--record")
    ledger.put("governance/code.py", "pushed = 1\n").commit("Pushed", by="ann")
    digest = ledger.digest("main~1", "main")
    rewrite(ledger, lambda _: None, name=f"verdicts/{digest[7:9]}/{digest[7:]}.json")
    assert audit(ledger).covers == ["not covered", "not covered"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("branch", "other"), ("repository", "fork/small"), ("format", 2)],
)  # fmt: skip
def test_a_verdict_about_something_else_covers_nothing(
    ledger: Ledger, hub: FakeGitHub, field: str, value: Any
) -> None:
    witnessed(ledger, hub)
    audit(ledger, "--record")
    rewrite(ledger, lambda kept: kept.__setitem__(field, value))
    assert audit(ledger).covers == ["not covered"]


def test_only_the_judges_signature_counts_where_the_roles_name_one(
    tmp_path: Path, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path / "r", judge=True)
    witnessed(ledger, hub)
    told = audit(ledger, "--record")
    assert told.covers == ["not covered"]
    assert told.value["notes"][-1]["problem"] == "not signed by the judge the roles name"
    rewrite(ledger, lambda _: None, key="stranger")
    assert audit(ledger).covers == ["not covered"]
    ledger.git("update-ref", "-d", "refs/heads/charter/verdicts")
    monkeypatch.setenv("CHARTER_VERDICT_KEY", str(ring()["judge"][0]))
    assert audit(ledger, "--record").covers == ["covered"]


def test_a_changed_verdict_is_found(ledger: Ledger, hub: FakeGitHub) -> None:
    witnessed(ledger, hub)
    audit(ledger, "--record")
    ledger.git("switch", "--quiet", "charter/verdicts")
    [path] = ledger.git("ls-tree", "-r", "--name-only", "HEAD").split()
    ledger.git("rm", "--quiet", path)
    ledger.commit("Tidy", by="ann")
    ledger.main()
    head = ledger.git("rev-parse", "charter/verdicts")
    told = audit(ledger)
    assert told.covers == ["not covered"]
    problem = f"a kept verdict was changed or removed by {head[:12]}"
    assert ("audit/verdicts", problem) in told.findings


def test_the_clone_of_an_auditor_holds_all_that_is_needed(
    ledger: Ledger, hub: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    witnessed(ledger, hub)
    remote = tmp_path / "remote.git"
    ledger.git("init", "--quiet", "--bare", "--initial-branch", "main", str(remote))
    ledger.git("remote", "add", "origin", str(remote))
    ledger.git("push", "--quiet", "origin", "main")
    assert audit(ledger, "--record", "--push").code == 0
    monkeypatch.delenv("GITHUB_TOKEN")
    ledger.git("clone", "--quiet", str(remote), str(tmp_path / "clone"))
    assert audit(tmp_path / "clone").covers == ["covered"]


def test_pushing_without_recording_is_refused(ledger: Ledger) -> None:
    assert audit(ledger, "--push").code == 2


def test_without_a_forge_nothing_can_be_recorded(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    told = audit(ledger, "--record")
    assert (told.code, "GITHUB_TOKEN" in told.err) == (2, True)


def test_a_rebased_pull_request_is_one_change(ledger: Ledger, hub: FakeGitHub) -> None:
    name = "work-7"
    ledger.branch(name).put("governance/code.py", "a = 1\n").commit("One", by="ann")
    ledger.put("governance/more.py", "b = 1\n").commit("Two", by="ann")
    head = ledger.git("rev-parse", name)
    hub.pull(7, user="ann", branch=name)
    at_forge(ledger, hub, 7, name, head)
    review = hub.review(7, "bob")
    review["commit_id"], review["submitted_at"] = head, at(ledger)
    ledger.main().put("docs/a.md", "x\n").commit("Words", by="cid")
    before = ledger.git("rev-parse", "main")
    ledger.run("cherry-pick", f"{before}~1..{name}", by="ann", at=ledger.tick().isoformat())
    for commit in ledger.git("rev-list", f"{before}..main").split():
        hub.rebased(7, commit)
    told = audit(ledger, "--record")
    assert (told.code, told.covers) == (0, ["needs no approval", "covered", "covered"])


# Trees and histories no program writes


def test_a_tree_that_holds_a_name_twice_is_not_judged(ledger: Ledger) -> None:
    blob = ledger.git("hash-object", "-w", "--stdin", data=b"evil = 1\n")
    inner = ledger.git("ls-tree", "HEAD:governance").encode()
    twice = inner + f"\n100644 blob {blob}\tcode.py\n".encode()
    tree = ledger.git("mktree", data=twice)
    lines = ledger.git("ls-tree", "HEAD").splitlines()
    top = "\n".join(
        f"040000 tree {tree}\tgovernance" if line.endswith("\tgovernance") else line
        for line in lines
    )
    made = ledger.git("mktree", data=f"{top}\n".encode())
    commit = ledger.git("commit-tree", made, "-p", "HEAD", "-m", "Twice")
    ledger.git("update-ref", "refs/heads/main", commit)
    told = audit(ledger)
    assert told.code == 2
    assert "holds a name twice" in told.err or "holds a name twice" in told.findings[0][1]


def test_a_merge_the_wrong_way_round_hides_nothing(ledger: Ledger) -> None:
    """The branch takes main in and is pushed as main: its own commits are those of main now."""
    ledger.change("good")
    ledger.branch("work", ledger.first).put("governance/more.py", "x\n").commit("Work", by="bob")
    ledger.made("merge", "--quiet", "--no-ff", "--no-edit", "main", by="bob")
    ledger.git("branch", "--force", "main", "work")
    ledger.main()
    assert audit(ledger).covers == ["not covered", "covered"]
    old = ledger.git("rev-parse", "work~1^")
    assert old == ledger.first


def test_the_text_says_where_what_and_how_to_mend_it(ledger: Ledger) -> None:
    ledger.put("governance/code.py", "x\n").commit("Evil \x1b[2J\u202e title", by="bob")
    told = audit(ledger, "--format", "text", "--verbose")
    head = ledger.git("rev-parse", "HEAD")
    where, fix, _, listed, total = told.out.splitlines()
    assert where.startswith(f"{head[:12]} 2026-03-02 ")
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert fix.startswith("  fix: ask ann or cid for mlops")
    assert listed.startswith(f"{head[:12]} 2026-03-02 not covered (code): Evil ")
    assert total.startswith("1 finding; 1 commits of main: 0 covered, ")


@pytest.mark.parametrize("form", ["markdown", "github"])
def test_every_form_names_the_commit(ledger: Ledger, form: str) -> None:
    ledger.put("governance/code.py", "x\n").commit("Pushed @all `x`", by="bob")
    told = audit(ledger, "--format", form)
    assert told.code == 1
    assert "went round the pull request" in told.out
    assert "@all `x`" not in told.out or form == "github"


def test_the_cache_of_signatures_saves_asking_again(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.change("work")
    assert audit(ledger).code == 0
    assert (ledger.root / ".git/charter/signatures").exists()
    monkeypatch.setattr("adapters.keys._answer", lambda _: pytest.fail("asked again"))
    assert audit(ledger).code == 0
    with pytest.raises(BaseException, match="asked again"):
        audit(ledger, "--no-cache")
