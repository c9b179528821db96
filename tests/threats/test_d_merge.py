"""Between the check and the merge: B44 to B48 of the catalogue of threats.

What only an audit finds afterwards (B47, B49) is tried in `tests/cli/test_audit.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attacks import (
    ROLES,
    Clone,
    approved,
    demand,
    law,
    pull,
    push,
    reasons,
    red,
    review,
)
from forge import TOKEN, FakeGitHub
from threatened import NOW

from adapters import git
from cli.gate import queue
from cli.proposed import proposed, tip
from governance.finding import CouldNotJudge
from governance.tally import Standing

LEGAL_AND_BOARD = (("lea", "legal"), ("boris", "board"))
GATES = "policies/gates.yaml"
MODEL = "models/credit/model.yaml"
LEA = '      - {person: lea, valid_from: "2026-01-01"}\n'


def small(clone: Clone, text: str = "Other words.\n") -> Clone:
    """A change of the policies' folder."""
    clone.put("policies/README.md", text)
    return clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A small change on a branch, with nobody's approval."""
    made = small(Clone(tmp_path / "clone").starts())
    made.commit()
    return made


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A forge the environment names."""
    with FakeGitHub("example/world") as fake:
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        monkeypatch.setenv("GITHUB_REPOSITORY", "example/world")
        monkeypatch.setenv("GITHUB_API_URL", fake.url)
        yield fake


# B44


def test_b44_the_merge_result_is_judged_not_the_head(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.edit(MODEL, "at_least: 0.75", "at_least: 0.72").commit()
    rule = "gates/stricter"
    assert red(clone.checked(rule)) == set()
    head = clone.git("rev-parse", "HEAD")
    clone.on("main").edit(GATES, "at_least: 0.7,", "at_least: 0.74,").commit("raised", by="mina")
    assert rule in red(clone.checked(rule, head=head))
    assert red(clone.checked(rule, base="main~1", head=head)) == set()
    assert clone.tally(head=head).change.tree != clone.git("rev-parse", f"{head}^{{tree}}")


def test_b44_the_law_is_that_of_the_tip_of_the_base(clone: Clone) -> None:
    approved(clone, *LEGAL_AND_BOARD)
    assert clone.tally().green
    before = clone.tally().law.digest
    clone.on("main").edit(
        "policies/approvals.yaml", "{role: legal, count: 1}", "{role: legal, count: 2}"
    )
    clone.commit("two lawyers", by="mina")
    found = clone.tally(head="change")
    assert demand(found, "policy-change").standing is Standing.MISSING
    assert found.law.digest != before
    approved(clone.on("change"), ("lars", "legal"))
    assert clone.tally().green


def test_b44_what_does_not_merge_by_itself_is_not_judged(clone: Clone) -> None:
    approved(clone, *LEGAL_AND_BOARD)
    small(clone.on("main"), "Words of others.\n").commit("others", by="mina")
    with pytest.raises(CouldNotJudge, match=r"does not merge into .* without a person"):
        clone.tally(head="change")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    assert clone.tally(head="change").green


def test_b44_attributes_and_drivers_have_no_say_in_the_merge(clone: Clone) -> None:
    """A merge driver that takes one side would hide that the two sides differ."""
    clone.put(".gitattributes", "policies/README.md merge=ours\n").commit("attributes")
    clone.git("config", "merge.ours.driver", "true")
    (clone.root / ".git/info/attributes").write_text("policies/README.md merge=ours\n")
    small(clone.on("main"), "Words of others.\n").commit("others", by="mina")
    with pytest.raises(CouldNotJudge, match="without a person"):
        clone.tally(head="change")


def test_b44_unrelated_histories_are_refused(clone: Clone) -> None:
    clone.git("checkout", "--quiet", "--orphan", "alien")
    clone.commit("from nowhere")
    with pytest.raises(CouldNotJudge, match="cannot be merged"):
        clone.tally(head="alien")


# B45


def test_b45_a_queue_is_judged_by_its_pull_requests_or_not_at_all(
    clone: Clone, forge: FakeGitHub
) -> None:
    forge.pull(7, user="ann-example", branch="change")
    group = clone.git("rev-parse", "change")
    with pytest.raises(CouldNotJudge, match="no merge queue"):
        queue(clone.root, group, "main", now=NOW)
    forge.queues["main"] = []
    with pytest.raises(CouldNotJudge, match="ends at"):
        queue(clone.root, group, "main", now=NOW)


@pytest.mark.parametrize("both", [True, False])
def test_b45_every_pull_request_of_the_group_and_the_joint_tree(
    tmp_path: Path, forge: FakeGitHub, *, both: bool
) -> None:
    clone = Clone(tmp_path / "clone")
    people = {"ann": 10, "lea": 4, "boris": 6, "rita": 7}
    for name, number in people.items():
        forge.account(f"{name}-example", number=number)
    forge.now = forge.now.replace(year=2026, month=11, day=21)
    heads = {}
    for number, path in ((7, "policies/README.md"), (8, "policies/datasets/README.md")):
        clone.on("main").starts(f"pr-{number}").put(path, "Other words.\n")
        heads[number] = clone.commit(signed=False)
        forge.pull(number, user="ann-example", head=heads[number], branch=f"pr-{number}")
        if both or number == 7:
            forge.review(number, "lea-example", commit=heads[number])
            forge.review(number, "rita-example", commit=heads[number])
    forge.tips["main"] = clone.git("rev-parse", "main")
    clone.on("main").starts("group")
    for number in heads:
        clone.git("merge", "--quiet", "--no-ff", "--no-edit", f"pr-{number}")
    group = clone.git("rev-parse", "HEAD")
    clone.on("main")
    for number in heads:
        forge.enqueue(number, group)
    first, second, joint = queue(clone.root, group, "main", now=NOW)
    assert first.tally
    assert second.tally
    assert (first.tally.green, second.tally.green, joint.tally) == (True, both, None)
    assert (second.judgement.exit_code == 0) is both
    assert joint.situation.tree.commit == group
    assert {result.rule for result in joint.judgement.results} == {
        result.rule for result in first.judgement.results
    }


# B46


def test_b46_the_expected_head_is_the_head(clone: Clone, forge: FakeGitHub) -> None:
    first = clone.git("rev-parse", "HEAD")
    second = small(clone, "Payload.\n").commit()
    forge.pull(7, user="ann-example", head=second, branch="change")
    with pytest.raises(CouldNotJudge, match="pull request 7 is at"):
        proposed(clone.root, base=None, head=first, number=7, now=NOW)
    assert proposed(clone.root, base=None, head=second, number=7, now=NOW).tree.commit == second


def test_b46_approvals_of_the_head_before_the_last_push_do_not_count(clone: Clone) -> None:
    first = clone.git("rev-parse", "HEAD")
    second = small(clone, "Payload.\n").commit()
    pushes = (push("ann", 0, first), push("ann", 3, second))
    said = (review("lea", 1, commit=first), review("boris", 2, commit=first))
    found = clone.tally(pull=pull(*said, head=second, pushes=pushes))
    assert demand(found, "policy-change").standing is Standing.STALE
    assert clone.tally(head=first, pull=pull(*said, head=first, pushes=pushes[:1])).green


# B47


def test_b47_squash_and_rebase_keep_the_digest_and_one_more_file_does_not(clone: Clone) -> None:
    approved(clone, *LEGAL_AND_BOARD)
    before = clone.tally()
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    clone.starts("squashed").git("merge", "--quiet", "--squash", "change")
    clone.commit("all at once", by="mina")
    found = clone.tally()
    assert found.change.digest == before.change.digest
    assert found.green
    assert clone.tally(base="main~1", head="change").change.digest == before.change.digest
    clone.put("docs/y.md", "One more.\n").commit("extra", by="mina")
    assert clone.tally().change.digest != before.change.digest
    assert not clone.tally().green


# B48


def test_b48_a_tag_named_like_the_branch(clone: Clone) -> None:
    clone.git("tag", "main", "change")
    with pytest.raises(CouldNotJudge, match="main is refs/heads/main and refs/tags/main"):
        clone.tally()
    judged = clone.judged()
    assert (judged.code, judged.out) == (2, "")
    assert "write the full name" in judged.err
    full = clone.tally(base="heads/main")
    assert (full.change.branch, full.standing) == ("main", Standing.MISSING)
    assert clone.tally(base="refs/heads/main").standing is Standing.MISSING
    clone.git("tag", "--delete", "main")
    assert clone.tally().standing is Standing.MISSING


def test_b48_a_tag_named_like_the_head(clone: Clone) -> None:
    clone.git("tag", "change", "main")
    with pytest.raises(CouldNotJudge, match="change is refs/heads/change and refs/tags/change"):
        clone.tally(head="change")
    assert clone.tally(head="heads/change").standing is Standing.MISSING


def remote(clone: Clone) -> str:
    """The clone has fetched main from a remote; the id it has there."""
    there = clone.git("rev-parse", "main")
    clone.git("update-ref", "refs/remotes/origin/main", there)
    return there


@pytest.mark.parametrize(
    "ref", ["refs/tags/origin/main", "refs/heads/origin/main", "refs/origin/main"]
)
def test_b48_a_tag_or_branch_named_like_a_branch_of_the_remote(clone: Clone, ref: str) -> None:
    remote(clone)
    assert clone.tally(base="origin/main").standing is Standing.MISSING
    clone.git("update-ref", ref, "change")
    with pytest.raises(CouldNotJudge, match="origin/main is"):
        clone.tally(base="origin/main")
    full = clone.tally(base="refs/remotes/origin/main")
    assert (full.change.branch, full.standing) == ("main", Standing.MISSING)


@pytest.mark.parametrize(
    "more", [{"branch": "main"}, {"head": "origin/main", "base": "heads/main"}]
)
def test_b48_the_same_where_the_branch_is_named_and_for_the_head(
    clone: Clone, more: dict[str, str]
) -> None:
    remote(clone)
    clone.git("update-ref", "refs/tags/origin/main", "change")
    with pytest.raises(CouldNotJudge, match="origin/main is"):
        clone.tally(**({"base": "origin/main"} | more))


def test_b48_the_gate_of_a_pull_request_uses_full_names(clone: Clone) -> None:
    there = remote(clone)
    for ref in ("refs/tags/origin/main", "refs/tags/main", "refs/heads/origin/main"):
        clone.git("update-ref", ref, "change")
    assert tip(clone.root, "main") == there
    with pytest.raises(CouldNotJudge, match="is not in this clone"):
        tip(clone.root, "nowhere")


def test_b48_a_branch_that_looks_like_an_id_does_not_stand_in_for_it(clone: Clone) -> None:
    main = clone.git("rev-parse", "main")
    clone.git("update-ref", f"refs/heads/{main}", "change")
    found = clone.tally(base=main)
    assert found.change.base == main
    assert found.standing is Standing.MISSING


def test_b48_a_tag_that_moves_moves_no_verdict(clone: Clone) -> None:
    approved(clone, *LEGAL_AND_BOARD)
    clone.git("tag", "release", "HEAD")
    found = clone.tally(head="release")
    clone.git("tag", "--force", "release", "main")
    again = clone.tally(head=found.change.head)
    assert (again.change.digest, again.green) == (found.change.digest, True)
    assert clone.tally(head="release").change.digest != found.change.digest


# The first commits of a branch of long ago.


def test_a_base_that_went_on_takes_people_with_it(clone: Clone) -> None:
    """Membership, keys and rules are those of the tip, not of where the branch began."""
    approved(clone, *LEGAL_AND_BOARD)
    clone.on("main").edit(ROLES, LEA, "").commit("lea leaves", by="mina")
    found = clone.tally(head="change")
    assert reasons(found, "lea") == "holds no seat here"
    assert clone.tally(base=clone.git("rev-parse", "main~1"), head="change").green


def test_the_world_of_these_tests_is_judged_by_its_own_law() -> None:
    assert law().judge().exit_code == 0
    assert git.head(Path(__file__).parents[2])
