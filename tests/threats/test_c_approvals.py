"""Life of an approval: B32 to B43 of the catalogue of threats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import signing
from attacks import (
    POLICY,
    Clone,
    account,
    approved,
    at,
    changed,
    copied,
    demand,
    edited,
    ignored,
    law,
    proposed,
    pull,
    push,
    reasons,
    red,
    review,
    rules,
    seats,
)
from forge import FakeGitHub
from proposed import HEAD, Proposed
from world import World, world

from adapters import git
from cli.situate import situate
from governance.changeset import Account, PullRequest
from governance.evidence import of_model
from governance.tally import Standing, Tally

LEGAL_AND_BOARD = (("lea", "legal"), ("boris", "board"))
README = "policies/README.md"


def small(clone: Clone, text: str = "Other words.\n") -> Clone:
    """A change of the policies' folder."""
    clone.put(README, text)
    return clone


def standing(tally: Tally) -> Standing:
    """How the rule about policies stands."""
    return demand(tally, "policy-change").standing


@pytest.fixture(scope="module")
def _ready(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = small(Clone(tmp_path_factory.mktemp("ready") / "clone").starts())
    clone.commit()
    approved(clone, *LEGAL_AND_BOARD)
    assert clone.tally().green
    return clone


@pytest.fixture
def ready(_ready: Clone, tmp_path: Path) -> Clone:
    """A small change with all its approvals."""
    return copied(_ready, tmp_path / "clone")


def pulled(request: PullRequest, base: World | None = None, **more: Any) -> Tally:
    """How a pull request that changes one file stands."""
    return changed(base or world()).tally(base, proposed(request, **more))


# B32


@pytest.mark.parametrize(
    "payload",
    [
        lambda clone: small(clone, "Other words!\n"),
        lambda clone: small(clone, "Other words."),
        lambda clone: small(clone, "Other words.\r\n"),
        lambda clone: clone.put("models/credit/extra.md", "x"),
        lambda clone: clone.put("docs/free.md", "Even here.\n"),
        lambda clone: (clone.root / README).chmod(0o755),
        lambda clone: (clone.root / README).unlink(),
    ],
    ids=["byte", "end of line", "CR", "file", "free file", "mode", "deleted"],
)
def test_b32_an_approval_ends_with_the_next_byte(ready: Clone, payload: Any) -> None:
    clone = ready
    before = clone.git("rev-parse", "HEAD")
    payload(clone)
    clone.commit("payload")
    found = clone.tally()
    assert not found.green
    if "policy-change" in rules(found):
        assert standing(found) is Standing.STALE
        assert reasons(found, "lea").startswith("saw ")
    clone.git("reset", "--quiet", "--hard", before)
    assert clone.tally().green


def test_b32_it_survives_whatever_changes_nothing(ready: Clone) -> None:
    clone = ready
    clone.git("commit", "--quiet", "--allow-empty", "-m", "empty")
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    assert standing(clone.on("change").tally()) is Standing.MISSING  # an unsigned commit now
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    clone.git("rebase", "--quiet", "main")
    found = clone.tally()
    assert not found.authorship.verified
    assert [len(d.counted) for d in found.demands] == [2]
    clone.git("reset", "--quiet", "--soft", "main")
    clone.commit("squashed")
    assert clone.tally().green


def test_b32_in_a_process(ready: Clone) -> None:
    clone = ready
    assert clone.judged().standing == "APPROVED"
    small(clone, "Payload.\n").commit()
    judged = clone.judged()
    assert (judged.code, judged.standing) == (1, "STALE")


# B33


def test_b33_a_review_older_than_the_push_of_its_head_is_stale() -> None:
    pushes = (push("ann", 0, "1" * 40), push("ann", 4))
    moved = pull(review("lea", 2), review("boris", 5), pushes=pushes)
    found = pulled(moved)
    assert standing(found) is Standing.STALE
    assert reasons(found, "lea") == "given before this content was there to see"
    assert pulled(pull(review("lea", 5), review("boris", 5.5), pushes=pushes)).green


def test_b33_a_commit_that_is_gone_shows_nothing() -> None:
    gone = review("lea", commit="dead" * 10)
    nothing = review("lea", commit="")
    for seen in (gone, nothing):
        found = pulled(pull(seen, review("boris", 3)))
        assert standing(found) is Standing.STALE
        assert reasons(found, "lea").startswith("saw other bytes")
    same = pulled(pull(gone, review("boris", 3)), same=frozenset({HEAD, "dead" * 10}))
    assert same.green


def test_b33_after_a_force_push_only_equal_content_keeps_a_review(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    first = clone.commit(signed=False)
    clone.git("checkout", "--quiet", "-b", "again", "main")
    second = small(clone).commit("the same once more", signed=False)
    third = small(clone, "Payload.\n").commit(signed=False)
    pushes = (push("ann", 0, first), push("ann", 4, second), push("ann", 6, third))
    said = (review("lea", 2, commit=first), review("boris", 5, commit=second))

    def judged(head: str, count: int) -> Tally:
        return clone.tally(head=head, pull=pull(*said, head=head, pushes=pushes[:count]))

    assert judged(second, 2).green
    assert standing(judged(third, 3)) is Standing.STALE


# B34


def test_b34_back_dated_commits(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    first = clone.commit(signed=False)
    old = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "2001-01-01T00:00:00Z")
    second = small(clone, "Payload.\n").commit(signed=False, **old)
    said = (review("lea", 2, commit=first), review("boris", 2.5, commit=first))
    pushes = (push("ann", 0, first), push("ann", 4, second))
    found = clone.tally(pull=pull(*said, head=second, pushes=pushes))
    assert standing(found) is Standing.STALE
    again = tuple(review(name, 5, commit=second) for name in ("lea", "boris"))
    assert clone.tally(pull=pull(*said, *again, head=second, pushes=pushes)).green
    early = tuple(review(name, 3, commit=second) for name in ("lea", "boris"))
    assert not clone.tally(pull=pull(*early, head=second, pushes=pushes)).green


# B35


def test_b35_white_space_is_content(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.put("policies/README.md", "if x:\n    a()\nb()\n").commit()
    approved(clone, *LEGAL_AND_BOARD)
    assert clone.tally().green
    patch = clone.git("diff", "main", "--", README)
    clone.put("policies/README.md", "if x:\n    a()\n    b()\n").commit()
    other = clone.git("diff", "main", "--", README)
    assert "".join(patch.split()[6:]) == "".join(other.split()[6:])
    assert standing(clone.tally()) is Standing.STALE


# B36


def updated(clone: Clone, by: str, extra: str | None = None) -> Clone:
    """The branch takes main in; who merges may add something of their own."""
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    clone.on("change").git("merge", "--quiet", "--no-ff", "--no-commit", "main")
    if extra is not None:
        clone.put("policies/README.md", extra)
    clone.commit("Merge branch 'main' into change", by=by)
    assert clone.git("log", "-1", "-p", "--format=") == "" or extra is not None
    return clone


def test_b36_a_merge_from_the_base_with_extra_edits(ready: Clone) -> None:
    clone = updated(ready, "lea", "Payload.\n")
    found = clone.tally()
    assert not found.green
    assert found.authorship.people["lea"] == "author"
    assert {standing for standing, _ in ignored(found, "lea")} == {Standing.SOD_VIOLATION}
    approved(clone, ("lars", "legal"), ("rita", "board"))
    assert clone.tally().green


def test_b36_a_clean_merge_of_the_base_is_nobody_s_work(ready: Clone) -> None:
    clone = updated(ready, "lea")
    found = clone.tally()
    assert found.green
    assert "lea" not in found.authorship.people


def test_b36_a_merge_of_something_else_is_an_ordinary_commit(ready: Clone) -> None:
    clone = ready
    clone.starts("side", "main").put("docs/x.md", "Not on main.\n").commit(by="milo")
    clone.on("change").git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    clone.commit("Merge branch 'main' into change", by="lea")
    found = clone.tally()
    assert {"lea", "milo"} <= set(found.authorship.people)
    assert not found.green


def test_b36_an_octopus_is_an_ordinary_commit(ready: Clone) -> None:
    clone = ready
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    clone.starts("other", "main").put("docs/y.md", "More.\n").commit("more", by="mina")
    clone.on("main").git("merge", "--quiet", "--ff-only", "other")
    clone.starts("old", "main~1")
    clone.on("change").git("merge", "--quiet", "--no-ff", "--no-commit", "main", "old")
    clone.put("policies/README.md", "Payload.\n").commit("octopus", by="lea")
    assert len(clone.git("log", "-1", "--format=%P").split()) in {2, 3}
    found = clone.tally()
    assert found.authorship.people["lea"] == "author"
    assert not found.green


def test_b36_a_merge_that_throws_the_base_s_work_away(ready: Clone) -> None:
    clone = ready
    clone.on("main").put("docs/guide.md", "A fix.\n").commit("a fix", by="mina")
    clone.on("change").git("merge", "--quiet", "-s", "ours", "--no-commit", "main")
    clone.commit("Merge branch 'main' into change", by="lea")
    found = clone.tally()
    assert found.change.paths == ("docs/guide.md", "policies/README.md")
    assert "lea" in found.authorship.people
    assert standing(found) in {Standing.STALE, Standing.SOD_VIOLATION}


def test_b36_clean_merges_across_each_other(ready: Clone) -> None:
    """Two merge bases: the branch and main took each other in."""
    clone = ready
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    before = clone.git("rev-parse", "change")
    clone.on("change").git("merge", "--quiet", "--no-ff", "--no-commit", "main")
    clone.commit("main into change", by="lea")
    clone.on("main").git("merge", "--quiet", "--no-ff", "--no-commit", before)
    small(clone, "Other words.\n").commit("taken", by="mina")
    small(clone.on("change"), "Third words.\n").commit()
    assert len(clone.git("merge-base", "--all", "main", "change").split()) == 2
    found = clone.tally()
    assert found.change.paths == ("policies/README.md",)
    assert standing(found) is Standing.MISSING
    assert approved(clone, *LEGAL_AND_BOARD).tally().green


# B37


def said(*states: str, by: str = "lea") -> list[Any]:
    """Reviews of one person, an hour apart; `dismissed` is an approval somebody took back."""
    found = []
    for number, state in enumerate(states):
        more: dict[str, Any] = {"id": number}
        if state == "dismissed":
            more |= {"dismissed_from": "approved", "dismissed_by": account("mina")}
            more |= {"dismissed_at": at(2.5 + number)}
        found.append(review(by, 2 + number, state, **more))
    return found


@pytest.mark.parametrize(
    ("states", "green"),
    [
        (["approved"], True),
        (["approved", "commented"], True),
        (["commented", "approved", "commented", "commented"], True),
        (["changes-requested", "approved"], True),
        (["dismissed", "approved"], True),
        (["dismissed"], False),
        (["approved", "changes-requested"], False),
        (["approved", "changes-requested", "commented"], False),
        (["approved", "dismissed"], False),
        (["approved", "dismissed", "commented"], False),
        (["changes-requested"], False),
    ],
)
def test_b37_the_newest_word_of_a_person_decides(states: list[str], green: bool) -> None:  # noqa: FBT001
    assert pulled(pull(*said(*states), review("boris", 9))).green is green


@pytest.mark.parametrize("by", [None, account("lea"), Account("ghost", None), account("mina")])
def test_b37_a_dismissed_approval_is_gone_whoever_dismissed_it(by: Account | None) -> None:
    facts = {"dismissed_from": "approved", "dismissed_by": by}
    for when in (at(3), None):
        gone = review("lea", 2, "dismissed", dismissed_at=when, **facts)
        assert standing(pulled(pull(gone, review("boris", 3)))) is Standing.MISSING
    earlier = review("lea", 1, id=1)
    gone = review("lea", 2, "dismissed", dismissed_at=at(3), **facts)
    assert standing(pulled(pull(earlier, gone, review("boris", 3)))) is Standing.MISSING
    later = review("lea", 4, id=2)
    assert pulled(pull(earlier, gone, later, review("boris", 3))).green


@pytest.mark.parametrize(
    ("word", "standing_"), [("withdraw", Standing.MISSING), ("reject", Standing.REJECTED)]
)
def test_b37_a_signed_word_takes_a_signed_approval_back(word: str, standing_: Standing) -> None:
    attack = edited().approve("lea", "legal").approve("boris", "board")
    assert attack.tally().green
    attack.approve("lea", "legal", said=word, at="2026-11-21T08:00:00Z", name="second")
    assert standing(attack.tally()) is standing_
    attack.approve("lea", "legal", at="2026-11-22T08:00:00Z", name="third")
    assert attack.tally().green


def test_b37_a_review_takes_a_signed_approval_back() -> None:
    request = pull(review("boris", 3), review("lea", 4, "changes-requested"))
    attack = edited().approve("lea", "legal", proposal=proposed(request))
    assert standing(attack.tally(None, proposed(request))) is Standing.REJECTED
    twin = edited().approve("lea", "legal", proposal=proposed(pull(review("boris", 3))))
    assert twin.tally(None, proposed(pull(review("boris", 3)))).green


def test_b37_who_broke_the_glass_can_take_it_back() -> None:
    base = law((("break_glass",), {"require": seats(("mlops", 1)), "due_within": "P3D"}))
    attack = changed(base).approve("mina", "mlops", base=base, said="break-glass")
    assert attack.tally(base).standing is Standing.OVERRIDDEN
    for word in ("withdraw", "reject"):
        back = attack.copy()
        back.commit = HEAD
        back.approve("mina", "mlops", base=base, said=word, at="2026-11-21T08:00:00Z", name=word)
        assert not back.tally(base).green


# B38


def objecting(by: Account | None, hours: float = 3, who: str = "lars") -> Any:
    """An objection that somebody dismissed."""
    facts = {"dismissed_from": "changes-requested", "dismissed_by": by, "dismissed_at": at(hours)}
    return review(who, 2, "dismissed", id=90, **facts)


FULL = (review("lea", 4, id=91), review("boris", 5, id=92))


@pytest.mark.parametrize("by", ["mina", "ann", "lea", "boris", None])
def test_b38_somebody_else_dismisses_the_objection(by: str | None) -> None:
    found = pulled(pull(objecting(by and account(by)), *FULL))
    assert standing(found) is Standing.REJECTED
    if by is not None:
        assert (Standing.MISSING, "dismissed the objection of lars") in ignored(found, by)
    assert pulled(pull(objecting(account("lars")), *FULL)).green
    assert pulled(pull(*FULL)).green


def test_b38_a_role_named_for_it_lifts_an_objection_and_no_contributor_does() -> None:
    base = law((("lifts",), ["board", "model-owner"]))
    assert pulled(pull(objecting(account("rita")), *FULL), base).green
    assert not pulled(pull(objecting(account("mina")), *FULL), base).green
    assert not pulled(
        pull(objecting(account("ann")), *FULL), base
    ).green  # model-owner, but wrote it
    again = review("lars", 4, "changes-requested", id=93)
    assert not pulled(pull(objecting(account("rita")), again, *FULL), base).green
    robot = Account("rita-example", 7, bot=True)
    assert not pulled(pull(objecting(robot), *FULL), base).green


@pytest.mark.parametrize("by", ["mina", "ann", "lars"])
def test_b38_dismissing_an_older_approval_takes_no_objection_away(by: str) -> None:
    facts = {"dismissed_from": "approved", "dismissed_by": account(by), "dismissed_at": at(6)}
    older = review("lars", 1, "dismissed", id=94, **facts)
    objection = review("lars", 2, "changes-requested", id=95)
    assert standing(pulled(pull(older, objection, *FULL))) is Standing.REJECTED
    assert pulled(pull(older, *FULL)).green
    request = proposed(pull(older, *FULL))
    signed = edited().approve(
        "lars", "legal", said="reject", at="2026-11-20T11:00:00Z", proposal=request
    )
    assert standing(signed.tally(None, request)) is Standing.REJECTED


def test_b38_no_way_back_to_what_somebody_refused(tmp_path: Path) -> None:
    """An approval of something better leaves the objection to what is judged as it was."""
    clone = small(Clone(tmp_path / "clone").starts())
    first = clone.commit(signed=False)
    second = small(clone, "Better words.\n").commit(signed=False)
    third = small(clone).commit("back again", signed=False)
    pushes = (push("ann", 0, first), push("ann", 3, second), push("ann", 6, third))
    words = (
        review("lea", 1, commit=first), review("boris", 1.5, commit=first),
        review("lars", 2, "changes-requested", commit=first), review("lars", 4, commit=second),
    )  # fmt: skip
    found = clone.tally(pull=pull(*words, head=third, pushes=pushes))
    assert standing(found) is Standing.REJECTED
    yes = review("lars", 7, commit=third)
    assert clone.tally(pull=pull(*words, yes, head=third, pushes=pushes)).green


@pytest.fixture(scope="module")
def _refused(_ready: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    clone = copied(_ready, tmp_path_factory.mktemp("refused") / "clone")
    clone.approve("lars", "legal", said="reject", of=clone.digest(), name="no-of-lars")
    assert standing(clone.tally()) is Standing.REJECTED
    return clone


@pytest.fixture
def refused(_refused: Clone, tmp_path: Path) -> Clone:
    """A change that lars objects to, signed in the branch, though all seats are filled."""
    return copied(_refused, tmp_path / "clone")


OBJECTION = "records/approvals/no-of-lars.yaml"


def _removed(clone: Clone, path: str) -> None:
    clone.git("rm", "--quiet", path)


def _moved(to: str) -> Any:
    def move(clone: Clone, path: str) -> None:
        (clone.root / to).parent.mkdir(parents=True, exist_ok=True)
        clone.git("mv", path, to)

    return move


def _edited(clone: Clone, path: str) -> None:
    other = signing.record("no-of-lars", "lars", "legal", "change", "sha256:" + "0" * 64)
    clone.put(path, other)


def _replaced_then_removed(clone: Clone, path: str) -> None:
    text = (clone.root / path).read_text()
    forged = text.replace('"because":"looked at it"', '"because":"never mind"')
    assert forged != text
    clone.put(path, forged).commit("edit")
    clone.git("rm", "--quiet", path)


def _linked(clone: Clone, path: str) -> None:
    data = (clone.root / path).read_bytes()
    (clone.root / path).unlink()
    (clone.root / path).symlink_to(data.decode())


def _merged_away(clone: Clone, path: str) -> None:
    clone.git("branch", "objected")
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    clone.git("merge", "--quiet", "-s", "ours", "--no-commit", "--no-ff", "objected")
    assert not (clone.root / path).exists()


def _merged_first(clone: Clone, path: str) -> None:
    """The same with the objection on the first parent."""
    before = clone.git("rev-parse", "HEAD~1^{tree}")
    clone.starts("side", "HEAD~1").put("docs/z.md", "z\n").commit("side")
    clone.on("change").git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    clone.git("read-tree", "-u", "--reset", before)
    assert not (clone.root / path).exists()


@pytest.mark.parametrize(
    "act",
    [
        _removed,
        _moved("docs/no.yaml"),
        _moved("records/approvals/README.md"),
        _moved("records/approvals/no.yml"),
        _moved("records/approvals/old/no.yaml"),
        _edited,
        _replaced_then_removed,
        _linked,
        _merged_away,
        _merged_first,
    ],
)
def test_b38_a_signed_objection_is_taken_out_of_the_branch(refused: Clone, act: Any) -> None:
    act(refused, OBJECTION)
    refused.commit("nothing to see")
    found = refused.tally()
    assert Standing.REJECTED in {item.standing for item in found.demands}, [
        (item.rule, item.standing) for item in found.demands
    ]
    assert "approvals/records" in red(refused.checked("approvals/records")) or act is _linked


def test_b38_a_forgery_where_the_objection_will_stand_does_not_hide_it(ready: Clone) -> None:
    """Both were taken out again, from one path: each is held against its own signature."""
    of = ready.digest()
    ready.approve("lars", "legal", said="reject", of=of, name="no-of-lars", key="ann")
    assert ready.tally().green
    ready.git("rm", "--quiet", OBJECTION)
    ready.commit("away")
    ready.approve("lars", "legal", said="reject", of=of, name="no-of-lars")
    assert standing(ready.tally()) is Standing.REJECTED
    ready.git("rm", "--quiet", OBJECTION)
    ready.commit("away again")
    assert standing(ready.tally()) is Standing.REJECTED


def test_b38_an_objection_that_was_withdrawn_may_stay(refused: Clone) -> None:
    clone = refused
    of = clone.digest()
    clone.approve("lars", "legal", said="withdraw", of=of, name="fine", at="2026-11-21T08:00:00Z")
    assert clone.tally().green
    assert red(clone.checked("approvals/records")) == set()


def test_b38_an_objection_on_the_base_is_taken_out_there() -> None:
    entry = world().text("models/credit/versions/1.0.0.yaml").replace("1.0.0", "1.1.0")
    registers = {
        "id": "version", "because": "b", "when": {"changes": ["registers-version"]},
        "require": seats(("legal", 1)),
    }  # fmt: skip
    base = law((("rules",), [*world().value(POLICY)["rules"], registers]))
    version = "models/credit/versions/1.1.0.yaml"
    subject = "model:credit@1.1.0"
    seen = base.copy().put(version, entry).tally(base).change.subjects[subject]
    no = signing.record("no", "lars", "legal", subject, seen, said="reject")
    objected = base.copy().put("records/approvals/no-1.yaml", no.replace("id: no", "id: no-1"))
    for path in ((), ("records/approvals/no-1.yaml",)):
        attack = objected.copy().put(version, entry).remove(*path)
        attack.approve("lea", "legal", subject, base=objected)
        assert demand(attack.tally(objected), "version").standing is Standing.REJECTED
    twin = base.copy().put(version, entry).approve("lea", "legal", subject, base=base)
    assert demand(twin.tally(base), "version").standing is Standing.APPROVED


# B39


def test_b39_approve_for_a_lax_base_then_retarget() -> None:
    both = (review("lea", 2), review("boris", 2.5))
    assert pulled(pull(*both, retargeted_at=at(1))).green
    found = pulled(pull(*both, retargeted_at=at(3)))
    assert standing(found) is Standing.STALE
    assert reasons(found, "lea") == "given before this content was there to see"


def test_b39_a_signature_is_for_one_branch() -> None:
    base = law((("branches",), ["main", "dev"]))
    for_dev = Proposed(branch="dev")
    attack = changed(base)
    for person, role in LEGAL_AND_BOARD:
        attack.approve(person, role, base=base, proposal=for_dev, branch="dev")
    assert attack.tally(base, for_dev).green
    found = attack.tally(base, Proposed(branch="main"))
    assert standing(found) is Standing.INVALID
    assert reasons(found, "lea") == "signed for the branch dev"


def test_b39_the_forge_tells_of_a_retarget() -> None:
    with FakeGitHub("example/world") as forge:
        forge.pull(7, user="ann-example")
        assert forge.client().pull(7).retargeted_at is None
        event = forge.event("base_ref_changed", "ann-example")
        found = forge.client().pull(7).retargeted_at
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M:%SZ") == event["created_at"]


# B40


def test_b40_one_commit_two_prs_two_verdicts(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone", start=law((("branches",), ["main", "dev"]))))
    clone.git("branch", "dev", "main")
    clone.git("stash", "--quiet")
    clone.starts().git("stash", "pop", "--quiet")
    head = clone.commit(signed=False)
    facts = {"head": head, "pushes": (push("ann", 0, head),)}
    both = (review("lea", 2, commit=head), review("boris", 3, commit=head))
    one = clone.tally(pull=pull(*both, number=1, base_branch="dev", **facts), base="dev")
    two = clone.tally(pull=pull(number=2, base_branch="main", **facts), base="main")
    assert (one.green, two.green) == (True, False)
    told = [(t.change.branch, t.change.pull and t.change.pull.number) for t in (one, two)]
    assert told == [("dev", 1), ("main", 2)]


def test_b40_the_forge_names_every_pull_request_with_this_head() -> None:
    with FakeGitHub("example/world") as forge:
        head = forge.pull(1, base="dev", user="ann-example")["head"]["sha"]
        forge.pull(2, base="main", user="ann-example", pushed=False)
        forge.pull(3, head="other", branch="b", user="ann-example")
        assert forge.client().pulls_with_head(head) == (1, 2)


# B41


def test_b41_a_name_is_resolved_once(ready: Clone) -> None:
    clone = ready
    situation = situate(clone.root, base="main", now="2026-11-22")
    small(clone, "Payload.\n").commit()
    assert situation.tree.read(README) == b"Other words.\n"
    assert situation.tree.commit != git.head(clone.root)
    assert not clone.tally().green


def test_b41_a_pull_request_that_moves_while_it_is_read_is_read_again() -> None:
    with FakeGitHub("example/world") as forge:
        forge.pull(7, user="ann-example", branch="change")
        forge.before(r"/reviews", lambda: forge.push("change", "evil", by="lea-example", number=7))
        found = forge.client().pull(7)
        assert found.head == forge.pulls[7]["head"]["sha"]
        assert found.pushes[-1].by.login == "lea-example"


# B42


@pytest.mark.parametrize(
    ("period", "day", "green"),
    [
        (None, "2036-11-20", True),
        ("P90D", "2027-02-18", True),
        ("P90D", "2027-02-19", False),
        ("P1M", "2026-12-20", True),
        ("P1M", "2026-12-21", False),
    ],
)
def test_b42_approvals_end(period: str | None, day: str, green: bool) -> None:  # noqa: FBT001
    base = law((("rules", 0, "expires_after"), period)) if period else world()
    attack = changed(base).approve("lea", "legal", base=base).approve("boris", "board", base=base)
    now = at(0).fromisoformat(f"{day}T23:00:00+00:00")
    found = attack.tally(base, None, now)
    assert found.green is green
    if not green:
        assert standing(found) is Standing.EXPIRED


def test_b42_no_time_zone_makes_an_approval_live_a_day_longer() -> None:
    base = law((("rules", 0, "expires_after"), "P30D"))
    for moment, green in (("2026-11-20T08:00:00Z", False), ("2026-11-21T06:00:00+14:00", False)):
        attack = changed(base).approve("boris", "board", base=base, at="2026-11-22T08:00:00Z")
        attack.approve("lea", "legal", base=base, at=moment)
        now = at(0).fromisoformat("2026-12-21T00:00:00+00:00")
        assert attack.tally(base, None, now).green is green, moment
        assert attack.tally(base).green


def test_b42_an_approval_of_a_version_ends_with_the_evidence_it_rests_on() -> None:
    version = "models/credit/versions/1.1.0.yaml"
    metadata = world().value(of_model("credit", "metadata"))
    entry = world().set(
        "models/credit/versions/1.0.0.yaml", ("training_hash",), metadata["training_hash"]
    ).text("models/credit/versions/1.0.0.yaml").replace("1.0.0", "1.1.0")  # fmt: skip
    registers = {
        "id": "version", "because": "b", "when": {"changes": ["registers-version"]},
        "require": seats(("legal", 1)),
    }  # fmt: skip
    base = law((("rules",), [*world().value(POLICY)["rules"], registers]))
    subject = "model:credit@1.1.0"
    attack = base.copy().put(version, entry).approve("lea", "legal", subject, base=base)
    assert demand(attack.tally(base), "version").standing is Standing.APPROVED
    metrics = of_model("credit", "metrics")
    better = attack.text(metrics).replace("0.8", "0.9", 1)
    assert better != attack.text(metrics)
    found = attack.copy().put(metrics, better).tally(base)
    assert demand(found, "version").standing is Standing.STALE


# B43


def test_b43_nothing_can_be_approved_before_it_is_there(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.commit("empty")
    empty = clone.tally()
    assert (empty.demands, empty.change.touched) == ((), ())
    for person, role in LEGAL_AND_BOARD:
        clone.approve(person, role, of=empty.change.digest)
    assert clone.tally().demands == ()
    small(clone).commit()
    found = clone.tally()
    assert standing(found) is Standing.STALE
    for person, role in LEGAL_AND_BOARD:
        clone.approve(person, role, at="2026-11-21T08:00:00Z")
    assert clone.tally().green


def test_b43_time_to_read_counts_from_the_push() -> None:
    base = law((("rules", 0, "reading_minutes"), 60))
    hasty = pulled(pull(review("lea", 0.5), review("boris", 3)), base)
    assert standing(hasty) is Standing.INVALID
    assert reasons(hasty, "lea") == "given 30 minutes after the push, 60 are asked for"
    assert pulled(pull(review("lea", 1), review("boris", 3)), base).green
    offline = changed(base)
    for person, role in LEGAL_AND_BOARD:
        offline.approve(person, role, base=base)
    assert standing(offline.tally(base)) is Standing.INVALID  # nobody saw when it was there


def test_b43_an_approval_before_the_metrics_is_one_of_other_bytes(ready: Clone) -> None:
    clone = ready
    path = of_model("credit", "metrics")
    clone.put(path, (clone.root / path).read_text() + "\n").commit("metrics")
    assert standing(clone.tally()) is Standing.STALE
