"""Who is speaking: B12 to B31 of the catalogue of threats."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import signing
from attacks import (
    POLICY,
    PUSHED,
    ROBOT,
    ROLES,
    Clone,
    account,
    approved,
    at,
    changed,
    demand,
    edited,
    everyone,
    ignored,
    law,
    loads,
    proposed,
    pull,
    push,
    reasons,
    red,
    review,
    rules,
    seats,
    unjudged,
)
from forge import FakeGitHub
from proposed import HEAD, commit
from world import World, world

from governance.changeset import Account, Identity
from governance.finding import CouldNotJudge
from governance.tally import Standing, Tally

LEGAL_AND_BOARD = (("lea", "legal"), ("boris", "board"))
SECOND = [{"login": "lea-example", "id": 4}, {"login": "lea-work", "id": 44}]


def small(clone: Clone, text: str = "Other words.\n") -> Clone:
    """A change of the policies' folder."""
    clone.put("policies/README.md", text)
    return clone


def standing(tally: Tally) -> Standing:
    """How the rule about policies stands."""
    return demand(tally, "policy-change").standing


def robots(**human: Any) -> World:
    """A base that knows a robot, and asks legal only of changes that are not its own."""
    base = world()
    robot = {
        "name": "Robot", "email": "41898282+github-actions[bot]@users.noreply.github.com",
        "kind": "bot", "github": [{"login": "github-actions[bot]", "id": 41898282}],
        "keys": [{"public": signing.public("robot"), "valid_from": "2026-01-01"}],
    }  # fmt: skip
    base.set(ROLES, ("people", "robot"), robot | human)
    member = {"person": "robot", "valid_from": "2026-01-01"}
    base.set(ROLES, ("roles", "robots"), {"title": "Robots", "members": [member]})
    by_others = {
        "id": "by-others", "because": "b", "when": {"not": {"author_role": ["robots"]}},
        "require": seats(("legal", 1)),
    }  # fmt: skip
    return base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], by_others])


ROBOTS = Identity("Robot", "41898282+github-actions[bot]@users.noreply.github.com")


# B12


def test_b12_two_accounts_of_one_person_fill_one_seat() -> None:
    base = law((("people", "lea", "github"), SECOND), path=ROLES)
    base.set(POLICY, ("rules", 0, "require", 0, "count"), 2)
    work = Account("lea-work", 44)
    both = pull(review("lea"), review(work, 3), review("boris", 4))
    found = changed(base).tally(base, proposed(both))
    assert standing(found) is Standing.MISSING
    assert [seat.open for seat in demand(found, "policy-change").seats] == [1, 0]
    twin = pull(review("lea"), review("lars", 3), review("boris", 4))
    assert changed(base).tally(base, proposed(twin)).green


def test_b12_the_second_account_of_the_author_is_the_author() -> None:
    base = law((("people", "lea", "github"), SECOND), path=ROLES)
    work = Account("lea-work", 44)
    mine = {"opener": account("lea"), "pushes": (push("lea"),)}
    found = changed(base).tally(base, proposed(pull(review(work), review("boris", 3), **mine)))
    assert standing(found) is Standing.SOD_VIOLATION
    assert (Standing.SOD_VIOLATION, "author") in ignored(found, "lea")
    twin = pull(review("lars"), review("boris", 3), **mine)
    assert changed(base).tally(base, proposed(twin)).green


def test_b12_a_login_nobody_knows_counts_for_nothing() -> None:
    strangers = [review(Account(f"stranger-{n}", 900 + n), 2 + n) for n in range(3)]
    found = edited().tally(None, proposed(pull(*strangers)))
    assert standing(found) is Standing.MISSING
    assert reasons(found, "stranger-0") == "nobody in the roles of the base"


def test_b12_an_account_or_a_key_of_two_people_is_a_finding() -> None:
    shared = law((("people", "lars", "github"), [SECOND[0]]), path=ROLES)
    assert "declarations/roles" in red(shared.judge())
    key = world().value(ROLES)["people"]["lea"]["keys"]
    assert "declarations/roles" in red(law((("people", "lars", "keys"), key), path=ROLES).judge())


# B13


def test_b13_commits_written_under_somebody_else_s_name(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit(by="ann", signed=False)  # typed by lea
    approved(clone, *LEGAL_AND_BOARD)
    found = clone.tally()
    assert not found.authorship.verified
    assert standing(found) is Standing.MISSING
    assert [seat.label for seat in demand(found, "policy-change").seats if seat.open] == [
        "one more of board, legal"
    ]
    assert approved(clone, ("lars", "legal")).tally().green

    twin = small(clone.on("main").starts("twin"))
    twin.commit(by="ann")
    assert approved(twin, *LEGAL_AND_BOARD).tally().green


def test_b13_a_signature_names_its_maker_whatever_the_commit_says(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit(by="ann", committer="lea", GIT_COMMITTER_EMAIL="ann@example.org")
    approved(clone, *LEGAL_AND_BOARD)
    found = clone.tally()
    assert found.authorship.people == {"ann": "author", "lea": "signed a commit"}
    assert standing(found) is Standing.SOD_VIOLATION
    assert approved(clone, ("lars", "legal")).tally().green


@pytest.mark.parametrize("unverified", ["one-more", "refuse", "accept"])
def test_b13_what_unverified_authorship_costs_is_the_base_s_choice(unverified: str) -> None:
    base = law((("unverified_authorship",), unverified))
    attack = changed(base)
    unsigned = proposed(None, commit(signed_by=None))
    for person, role in LEGAL_AND_BOARD:
        attack.approve(person, role, base=base, proposal=unsigned)
    assert attack.tally(base, unsigned).green is (unverified == "accept")
    attack.approve("lars", "legal", base=base, proposal=unsigned)
    assert attack.tally(base, unsigned).green is (unverified != "refuse")
    assert attack.tally(base, proposed(None, commit())).green


def test_b13_where_contributors_may_approve_who_signed_or_pushed_is_an_author() -> None:
    base = law((("rules", 0, "contributors_may_approve"), True))
    ann = Identity("Ann", "ann@example.org")
    signed = proposed(None, commit("ann", signed_by="lea"))
    attack = changed(base)
    for person, role in LEGAL_AND_BOARD:
        attack.approve(person, role, base=base, proposal=signed)
    assert standing(attack.tally(base, signed)) is Standing.SOD_VIOLATION
    pushed = pull(review("lea"), review("boris", 3), pushes=(push("ann"), push("lea", 1)))
    found = changed(base).tally(base, proposed(pushed))
    assert standing(found) is Standing.SOD_VIOLATION
    helper = commit("ann", co_authors=(Identity("Lea", "lea@example.org"),), committer=ann)
    twin = changed(base)
    for person, role in LEGAL_AND_BOARD:
        twin.approve(person, role, base=base, proposal=proposed(None, helper))
    assert twin.tally(base, proposed(None, helper)).green


# B14


@pytest.mark.parametrize(
    "email", ["nobody@nowhere.invalid", "lea@example.org.evil.example", "", "léa@example.org"]
)
def test_b14_commits_that_belong_to_nobody(email: str) -> None:
    lost = commit(author=Identity("Nobody", email))
    found = edited().tally(None, proposed(pull(*everyone()), lost))
    assert found.standing is Standing.UNATTRIBUTED
    assert not found.green
    kept = commit(author=Identity("Lea", "LEA@example.org"))
    known = edited().tally(None, proposed(pull(*everyone()), kept))
    assert standing(known) is Standing.APPROVED
    assert "lea" in known.authorship.people


def test_b14_one_such_commit_among_others_is_enough(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit()
    small(clone, "Payload.\n").commit(
        by="ann", signed=False, GIT_AUTHOR_EMAIL="nobody@nowhere.invalid"
    )
    small(clone, "Polished.\n").commit()
    everybody = [("lea", "legal"), ("lars", "legal"), ("boris", "board"), ("rita", "board")]
    found = approved(clone, *everybody).tally()
    assert standing(found) is Standing.UNATTRIBUTED
    assert "nobody@nowhere.invalid" in found.authorship.unattributed[0]
    assert "a commit without a person" in demand(found, "policy-change").problems[0]


def test_b14_an_alias_of_the_base_belongs_to_somebody() -> None:
    base = law((("people", "lea", "aliases"), ["lea@home.example"]), path=ROLES)
    alias = commit(author=Identity("L", "lea@home.example"))
    found = changed(base).tally(base, proposed(pull(*everyone()), alias))
    assert found.authorship.unattributed == ()
    assert found.authorship.people["lea"] == "author"
    head = law((("people", "lea", "aliases"), ["lea@home.example"]), path=ROLES)
    assert head.tally(None, proposed(None, alias)).standing is Standing.UNATTRIBUTED


# B15


@pytest.mark.parametrize("octopus", [False, True], ids=["merge", "octopus"])
def test_b15_a_contributor_on_a_side_branch(tmp_path: Path, octopus: bool) -> None:  # noqa: FBT001
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit()
    clone.starts("side", "main").put("policies/NOTES.md", "By lea.\n").commit(by="lea")
    clone.starts("third", "main").put("docs/x.md", "By milo.\n").commit(by="milo")
    clone.on("change")
    sides = ("side", "third") if octopus else ("side",)
    clone.git("merge", "--quiet", "--no-ff", "--no-commit", *sides)
    clone.commit("merge")
    assert "Lea" not in clone.git("log", "--first-parent", "--format=%an", "main..")
    found = approved(clone, *LEGAL_AND_BOARD).tally()
    assert found.authorship.people["lea"] == "author"
    assert ("milo" in found.authorship.people) is octopus
    assert standing(found) is Standing.SOD_VIOLATION
    assert approved(clone, ("lars", "legal")).tally().green


# B16

TRAILERS = {
    "omar": "co-authored-by: Omar <omar@example.org>",
    "stella": "CO-AUTHORED-BY :Stella <Stella@Example.org>",
    "mina": "Co-authored-by: Mina <mina@example.org>\n\nAnother paragraph after it.",
    "lea": "Coauthored-by: Lea\n <lea@example.org>",
    "milo": "> Co-authored-by: Milo <milo@example.org>",
    "rita": "Co-Authored-By: <7+rita-example@users.noreply.github.com>",
    "lars": "* a squashed commit\r\n\r\nCo-authored-by: Lars <lars@example.org>\r\n",
}


def test_b16_co_authors_are_contributors_wherever_they_are_named(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    for name, trailer in TRAILERS.items():
        clone.put(f"policies/{name}.md", "x\n")
        clone.commit(f"change\n\nWords.\n\n{trailer}\n")
    small(clone).commit("Thanks to boris <boris@example.org>, who co-authored nothing\n")
    found = clone.tally()
    assert dict(found.authorship.people) == dict.fromkeys(TRAILERS, "co-author") | {"ann": "author"}
    found = approved(clone, *LEGAL_AND_BOARD).tally()
    assert standing(found) is Standing.SOD_VIOLATION
    assert reasons(found, "lea") == "co-author"


def test_b16_the_twin_without_a_trailer() -> None:
    helped = commit(co_authors=(Identity("Lea", "lea@example.org"),))
    for by, green in (("lea", False), ("lars", True)):
        attack = edited().approve(by, "legal", proposal=proposed(None, helped))
        attack.approve("boris", "board", proposal=proposed(None, helped))
        assert attack.tally(None, proposed(None, helped)).green is green


# B17


def test_b17_push_to_a_colleague_s_pr_then_approve_it(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    first = clone.commit(signed=False)
    head = small(clone, "Payload.\n").commit(signed=False)  # pushed by lea, in ann's name
    pushes = (push("ann", 0, first), push("lea", 1, head))

    def judged(*by: str) -> Tally:
        said = [review(name, 2 + n, commit=head) for n, name in enumerate(by)]
        return clone.tally(pull=pull(*said, head=head, pushes=pushes))

    found = judged("lea", "boris")
    assert standing(found) is Standing.SOD_VIOLATION
    assert reasons(found, "lea") == "pushed to it"
    assert judged("lars", "boris").green


def test_b17_whoever_pushed_is_out_also_when_it_was_not_the_last_push() -> None:
    pushes = (push("lea", 0, "1" * 40), push("ann", 1))
    found = edited().tally(None, proposed(pull(review("lea"), review("boris", 3), pushes=pushes)))
    assert standing(found) is Standing.SOD_VIOLATION
    known = edited().tally(None, proposed(pull(review("lea"), review("boris", 3))))
    assert known.green


# B18


def test_b18_the_workflow_token_approves() -> None:
    for base in (world(), robots(), robots(kind="human")):
        said = (review(ROBOT), review("boris", 3))
        found = changed(base).tally(base, proposed(pull(*said)))
        assert standing(found) is Standing.MISSING
        assert (Standing.INVALID, "a bot") in ignored(found, "github-actions[bot]") + ignored(
            found, "robot"
        )
    assert edited().tally(None, proposed(pull(review("lea"), review("boris", 3)))).green


def test_b18_a_bot_in_a_role_fills_no_seat_and_signs_in_vain() -> None:
    base = robots()
    base.set(ROLES, ("roles", "legal", "members", 0, "person"), "robot")
    attack = changed(base).approve("robot", "legal", base=base).approve("rita", "board", base=base)
    assert not attack.tally(base).green
    assert reasons(attack.tally(base), "robot") == "a bot"
    assert attack.approve("lars", "legal", base=base).tally(base).green


def test_b18_who_set_the_bot_to_work_wrote_its_pull_request() -> None:
    base = robots()
    mine = {"opener": ROBOT, "instigators": (ROBOT, account("lea")), "pushes": (push(ROBOT),)}
    work = commit(author=ROBOTS, committer=ROBOTS, signed_by=None)

    def judged(*by: str) -> Tally:
        said = [review(name, 2 + n) for n, name in enumerate(by)]
        return changed(base).tally(base, proposed(pull(*said, **mine), work))

    assert standing(judged("lea", "boris")) is Standing.SOD_VIOLATION
    assert judged("lars", "boris").green


# B19


def test_b19_a_human_commit_on_top_of_a_bot_s_branch() -> None:
    base = robots()
    work = commit(author=ROBOTS, committer=ROBOTS, signed_by="robot", id="1" * 40)
    top = commit("lea")
    actor = {"opener": ROBOT, "instigators": (ROBOT,), "pushes": (push(ROBOT),)}
    said = (review("mina"), review("boris", 3))
    found = changed(base, "Makefile").tally(base, proposed(pull(*said, **actor), work, top))
    assert "by-others" in rules(found)
    assert not found.green
    alone = changed(base, "Makefile").tally(base, proposed(pull(*said, **actor), work))
    assert rules(alone) == {"otherwise"}
    assert alone.green


def test_b19_what_a_bot_pushes_in_a_person_s_name_is_not_shown_to_be_theirs() -> None:
    base = robots()
    pushes = (push("ann"), push(ROBOT, 1))

    def judged(*by: str, signed_by: str | None) -> Tally:
        said = [review(name, 2 + n) for n, name in enumerate(by)]
        proposal = proposed(pull(*said, pushes=pushes), commit("ann", signed_by=signed_by))
        return changed(base).tally(base, proposal)

    assert not judged("lea", "boris", signed_by=None).authorship.verified
    assert not judged("lea", "boris", signed_by=None).green
    assert judged("lea", "boris", "lars", signed_by=None).green
    assert judged("lea", "boris", signed_by="ann").green


# B20


def test_b20_who_assigns_an_agent_is_its_author() -> None:
    agent = {"name": "Agent", "kind": "bot", "email": "agent@example.org"}
    base = law((("people", "agent"), agent), path=ROLES)
    with FakeGitHub("example/world") as forge:
        forge.account("lea-example", number=4)
        forge.pull(7, user="copilot-swe-agent[bot]")
        forge.assign("copilot-swe-agent[bot]", by="lea-example")
        request = forge.client().pull(7)
    assert [found.login for found in request.instigators] == [
        "copilot-swe-agent[bot]",
        "lea-example",
    ]
    work = commit(author=Identity("Agent", "agent@example.org"), committer=Identity("", ""))

    def judged(*by: str) -> Tally:
        said = [review(name, 2 + n) for n, name in enumerate(by)]
        mine = {"opener": request.opener, "instigators": request.instigators}
        mine["pushes"] = (push(request.opener),)
        return changed(base).tally(base, proposed(pull(*said, **mine), work))

    found = judged("lea", "boris")
    assert standing(found) is Standing.SOD_VIOLATION
    assert reasons(found, "lea") == "author"
    assert judged("lars", "boris").green


def test_b20_an_agent_fills_no_seat() -> None:
    agent = Account("copilot-swe-agent[bot]", 198982749, bot=True)
    found = edited().tally(None, proposed(pull(review(agent), review("boris", 3))))
    assert (Standing.INVALID, "a bot") in ignored(found, agent.login)
    assert standing(found) is Standing.MISSING


# B21


def test_b21_pretending_to_be_the_bot(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone", start=robots()).starts()
    clone.put("Makefile", "all:\n")
    forged = {"GIT_AUTHOR_NAME": ROBOTS.name, "GIT_AUTHOR_EMAIL": ROBOTS.email}
    forged |= {"GIT_COMMITTER_NAME": ROBOTS.name, "GIT_COMMITTER_EMAIL": ROBOTS.email}
    clone.commit(signed=False, **forged)
    found = approved(clone, ("mina", "mlops"), ("milo", "mlops")).tally()
    assert "by-others" in rules(found)
    assert demand(found, "by-others").standing is Standing.MISSING

    twin = clone.on("main").starts("twin").put("Makefile", "all:\n")
    twin.commit(committer="robot", **forged)
    found = approved(clone, ("mina", "mlops")).tally()
    assert rules(found) == {"otherwise"}
    assert found.green


def test_b21_another_bot_in_the_robot_s_name() -> None:
    base, other = robots(), Account("other[bot]", 77, bot=True)
    mine = commit(author=ROBOTS, committer=ROBOTS, signed_by=None)

    def judged(by: Account) -> Tally:
        request = pull(review("mina"), opener=by, instigators=(by,), pushes=(push(by),))
        return changed(base, "Makefile").tally(base, proposed(request, mine))

    assert "by-others" in rules(judged(other))
    assert not judged(other).green
    assert judged(ROBOT).green


def test_b21_a_name_in_a_trailer_takes_no_rule_away() -> None:
    base = robots()
    named = commit("ann", co_authors=(ROBOTS,))
    attack = changed(base, "Makefile").approve("mina", "mlops", base=base)
    found = attack.tally(base, proposed(None, named))
    assert demand(found, "by-others").standing is Standing.MISSING


def test_b21_a_robot_s_commit_ends_approvals_as_any_other(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone", start=robots()).starts())
    clone.commit()
    approved(clone, *LEGAL_AND_BOARD)
    assert clone.tally().green
    small(clone, "Payload.\n").commit(
        committer="robot", GIT_AUTHOR_EMAIL=ROBOTS.email, GIT_COMMITTER_EMAIL=ROBOTS.email
    )
    assert standing(clone.tally()) is Standing.STALE


# B22


@pytest.mark.parametrize(
    "login",
    ["\u212aate", "le\u0430", "lea\u200b", "\u017fea", "lea-", "-lea", "lea ", "lea\n", "", "[bot]",
     "lea[bot]x", "lea[BOT]", "l\u00e9a", "\uff4cea"],
)  # fmt: skip
def test_b22_look_alike_logins_are_refused(login: str) -> None:
    route = ("people", "lea", "github", 0, "login")
    assert not loads(law((route, login), path=ROLES))
    assert loads(law((route, "Lea_Example-2"), path=ROLES))


@pytest.mark.parametrize("login", ["LEA-EXAMPLE", "lea-ex\u0430mple", "lea-example\u200b"])
def test_b22_an_account_that_looks_like_another_is_nobody(login: str) -> None:
    found = edited().tally(None, proposed(pull(review(Account(login, 900)), review("boris", 3))))
    assert standing(found) is Standing.MISSING
    assert ignored(found, login)[0][0] is Standing.INVALID
    same = Account(login, 4)  # whatever it is called now, the number is lea's
    assert edited().tally(None, proposed(pull(review(same), review("boris", 3)))).green


@pytest.mark.parametrize("email", ["\u212aate@example.org", "le\u0430@example.org", "a b@c.de"])
def test_b22_look_alike_addresses_are_refused(email: str) -> None:
    assert not loads(law((("people", "lea", "email"), email), path=ROLES))
    assert loads(law((("people", "lea", "email"), "l.e+a@example.org"), path=ROLES))


# B23


def test_b23_a_login_is_given_up_and_registered_again() -> None:
    taken = Account("lea-example", 9001)
    found = edited().tally(None, proposed(pull(review(taken), review("boris", 3))))
    assert standing(found) is Standing.MISSING
    assert "the login now belongs to account 9001" in reasons(found, "lea-example")
    renamed = Account("lea-renamed", 4)
    assert edited().tally(None, proposed(pull(review(renamed), review("boris", 3)))).green


def test_b23_a_deleted_account_is_nobody() -> None:
    ghost = Account("ghost", None)
    found = edited().tally(None, proposed(pull(review(ghost), review("boris", 3))))
    assert reasons(found, "ghost") == "the account was deleted"
    opened = pull(*everyone(), opener=ghost, instigators=(ghost,))
    assert edited().tally(None, proposed(opened)).standing is Standing.UNATTRIBUTED


# B24


def test_b24_membership_is_that_of_the_judged_base(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit()
    approved(clone, *LEGAL_AND_BOARD)
    assert clone.tally().green
    clone.on("main").put("docs/x.md", "Unrelated.\n").commit("unrelated", by="mina")
    assert clone.tally(head="change").green
    clone.edit(ROLES, '      - {person: lea, valid_from: "2026-01-01"}\n', "").commit("lea leaves")
    found = clone.tally(head="change")
    assert standing(found) is Standing.MISSING
    assert reasons(found, "lea") == "holds no seat here"


@pytest.mark.parametrize(
    ("term", "green"),
    [
        ({"valid_from": "2026-11-21"}, False),
        ({"valid_from": "2026-11-20"}, True),
        ({"valid_until": "2026-11-21"}, False),
        ({"valid_until": "2026-11-22"}, True),
    ],
)
def test_b24_in_the_role_when_approving_and_when_judged(term: dict[str, str], green: bool) -> None:  # noqa: FBT001
    member = {"person": "lea", "valid_from": "2026-01-01"} | term
    base = law((("roles", "legal", "members", 0), member), path=ROLES)
    attack = changed(base).approve("lea", "legal", base=base).approve("boris", "board", base=base)
    assert attack.tally(base).green is green
    assert attack.tally(base).law.digest != edited().tally().law.digest


# B25


def test_b25_a_mailmap_renames_nobody(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit(by="lea", signed=False)
    clone.put(".mailmap", "Ann <ann@example.org> <lea@example.org>\n").commit()
    clone.git("config", "mailmap.file", str(clone.root / ".mailmap"))
    assert "Lea" not in clone.git("log", "-2", "--format=%aN")
    found = clone.tally()
    assert found.authorship.people["lea"] == "author"
    assert "otherwise" in rules(found)  # the mail map itself needs somebody
    more = (("lars", "legal"), ("rita", "board"), ("mina", "mlops"), ("milo", "mlops"))
    approved(clone, *LEGAL_AND_BOARD, *more)
    assert reasons(clone.tally(), "lea") == "author"
    assert clone.tally().green  # lars, boris and one more are other people


# B26, B27


@pytest.mark.parametrize(
    "body",
    ["/approve", "> /approve", "not :+1: yet", "LGTM", "I will 👍 this when tests pass",
     "<!-- /approve -->", "```\n/approve\n```", "approved", "charter approve change"],
)  # fmt: skip
def test_b27_words_in_a_comment_approve_nothing(body: str) -> None:
    talk = pull(review("lea", state="commented", body=body), review("boris", 3))
    assert standing(edited().tally(None, proposed(talk))) is Standing.MISSING
    formal = pull(review("lea", body=body), review("boris", 3))
    assert edited().tally(None, proposed(formal)).green


def test_b26_comments_are_not_even_read() -> None:
    with FakeGitHub("example/world") as forge:
        forge.pull(7, user="ann-example")
        forge.comment(7, by="lea-example", body="/approve")["updated_at"] = "2026-03-02T00:00:00Z"
        forge.review(7, "boris-example", "COMMENTED", body="/approve")
        request = forge.client().pull(7)
        assert not any("comments" in call.path for call in forge.calls)
    assert [found.state for found in request.reviews] == ["commented"]


def test_b26_an_edited_review_says_what_it_said() -> None:
    """Whoever edits the words of an objection does not turn it into an approval."""
    turned = pull(
        review("lea", state="changes-requested", body="/approve"), review("lars", 3),
        review("boris", 4),
    )  # fmt: skip
    assert standing(edited().tally(None, proposed(turned))) is Standing.REJECTED


# B28


@pytest.mark.parametrize("key", ["ann", "mallory"])
def test_b28_approval_files_written_by_the_author(tmp_path: Path, key: str) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit()
    clone.approve("lea", "legal", key=key).approve("boris", "board")
    found = clone.tally()
    assert standing(found) is Standing.INVALID
    assert reasons(found, "lea") == "the signature is by no key of theirs"
    clone.approve("lea", "legal", name="again")
    assert clone.tally().green


def test_b28_a_file_without_a_signature_does_not_load() -> None:
    attack = edited().approve("boris", "board").approve("lea", "legal", name="unsigned")
    path = "records/approvals/unsigned.yaml"
    unsigned = attack.copy().drop(path, "signature")
    unsigned.commit = HEAD
    assert "declarations/loadable" in red(unsigned.judge())
    assert standing(unsigned.tally()) is Standing.MISSING
    assert attack.tally().green


def test_b28_the_board_s_decision_needs_its_members_signatures() -> None:
    base = law((("rules", 0, "decision_required"), True))
    attack = changed(base)
    attack.approve("lea", "legal", base=base).approve("boris", "board", base=base)
    found = attack.tally(base)
    assert demand(found, "policy-change").problems == (
        "the board's decision on it is not recorded",
    )
    decision = (
        'id: d-2\nat: "2026-11-20T09:00:00Z"\nsubject: change\n'
        f"digest: {found.change.digest}\ndecision: approve\nrationale: it helps\nvotes: {{VOTES}}\n"
    )
    forged = attack.copy().put(
        "records/decisions/d-2.yaml", decision.replace("VOTES", "rita: 'yes'")
    )
    assert forged.judge(base=base, proposal=proposed(None, commit())).exit_code != 0
    backed = attack.copy().put(
        "records/decisions/d-2.yaml", decision.replace("VOTES", "boris: 'yes'")
    )
    assert demand(backed.tally(base), "policy-change").standing is Standing.APPROVED


# B29


def test_b29_a_signature_is_for_one_subject_only() -> None:
    attack = edited().approve("boris", "board")
    digest = attack.tally().change.digest
    other = "sha256:" + "b" * 64
    good = signing.record("r", "lea", "legal", "change", digest)
    for path, old, new in (
        ("other bytes", digest.removeprefix("sha256:"), other.removeprefix("sha256:")),
        ("other role", '"role":"legal"', '"role":"board"'),
        ("other subject", '"name":"change"', '"name":"model:credit@1.0.0"'),
        ("other person", '"by":"lea"', '"by":"lars"'),
    ):
        assert good.count(old) == 1, path
        moved = attack.copy().put("records/approvals/r.yaml", good.replace(old, new))
        assert not moved.tally().green, path
    assert attack.put("records/approvals/r.yaml", good).tally().green


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"namespace": "git"}, "no key of theirs"),
        ({"namespace": "file"}, "no key of theirs"),
        ({"key": "lars"}, "no key of theirs"),
        ({"repository": "example/fork"}, "signed for the repository example/fork"),
        ({"branch": "dev"}, "signed for the branch dev"),
        ({"at": "2026-11-23T00:00:00Z"}, "signed in the future"),
        ({"at": "2025-12-31T00:00:00Z"}, "the key counts from 2026-01-01"),
        ({"role": "board"}, "holds no seat here"),
    ],
)
def test_b29_a_signature_made_for_something_else(more: dict[str, str], why: str) -> None:
    role = more.pop("role", "legal")
    attack = edited().approve("boris", "board").approve("lea", role, **more)
    more["role"] = role
    assert standing(attack.tally()) in {Standing.INVALID, Standing.MISSING}
    assert why in reasons(attack.tally(), "lea")
    assert attack.approve("lea", "legal", name="good").tally().green


def test_b29_a_commit_s_signature_is_no_approval(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit()
    raw = clone.git("cat-file", "commit", "HEAD")
    found = re.search(r"gpgsig (-----BEGIN.*?-----END SSH SIGNATURE-----)", raw, re.DOTALL)
    assert found
    clone.approve("ann", "legal", name="r", commit=False)
    lines = found[1].replace("\n ", "\n").replace("\n", "\n  ")
    text = (clone.root / "records/approvals/r.yaml").read_text()
    clone.put(
        "records/approvals/r.yaml", f"{text.partition('signature:')[0]}signature: |\n  {lines}\n"
    )
    clone.commit("approval")
    assert (Standing.INVALID, "the signature is by no key of theirs") in ignored(
        clone.tally(), "ann"
    )


def ended(day: str) -> World:
    """A base on which lea's key ended."""
    return law((("people", "lea", "keys", 0, "valid_until"), day), path=ROLES)


def test_b29_a_key_that_ended_signs_nothing_new_whatever_date_it_writes() -> None:
    base = ended("2026-11-21")
    attack = changed(base).approve("boris", "board", base=base)
    attack.approve("lea", "legal", base=base, at="2026-11-20T08:00:00Z")
    assert reasons(attack.tally(base), "lea") == "the key expired on 2026-11-21"
    twin = ended("2026-11-22")
    still = changed(twin).approve("boris", "board", base=twin).approve("lea", "legal", base=twin)
    assert still.tally(twin).green


def promoted(base: World) -> World:
    """A new version of a model that the evidence in the repository stands behind."""
    entry = base.text("models/credit/versions/1.0.0.yaml").replace("1.0.0", "1.1.0")
    return base.copy().put("models/credit/versions/1.1.0.yaml", entry)


def subject_law(base: World) -> World:
    """The base with a rule that approvals of the version itself can meet."""
    registers = {
        "id": "version", "because": "b", "when": {"changes": ["registers-version"]},
        "require": seats(("legal", 1)),
    }  # fmt: skip
    return base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], registers])


def test_b29_what_the_base_holds_was_judged_when_it_came_there() -> None:
    base = subject_law(ended("2026-11-21"))
    attack = promoted(base)
    subject, seen = "model:credit@1.1.0", attack.tally(base).change.subjects["model:credit@1.1.0"]
    assert demand(attack.tally(base), "version").standing is Standing.MISSING
    record = signing.record("r", "lea", "legal", subject, seen)
    late = attack.copy().put("records/approvals/r.yaml", record)
    assert demand(late.tally(base), "version").standing is Standing.INVALID

    kept = base.copy().put("records/approvals/r.yaml", record)
    assert demand(promoted(kept).tally(kept), "version").standing is Standing.APPROVED

    other = base.copy().put(
        "records/approvals/r.yaml", signing.record("r", "mina", "mlops", subject, seen)
    )
    swapped = promoted(other).put("records/approvals/r.yaml", record)
    assert demand(swapped.tally(other), "version").standing is Standing.INVALID


def test_b29_one_statement_twice_is_one_vote_and_told() -> None:
    base = law((("rules", 0, "require", 0, "count"), 2))
    attack = changed(base).approve("boris", "board", base=base)
    attack.approve("lea", "legal", base=base, name="one")
    text = attack.text("records/approvals/one.yaml")
    attack.put("records/approvals/two.yaml", text.replace("id: one", "id: two"))
    assert standing(attack.tally(base)) is Standing.MISSING
    assert "approvals/records" in red(attack.judge())
    assert attack.approve("lars", "legal", base=base).tally(base).green


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"by":"lea"', '"by":"lars","by":"lea"'),
        ('"said":"approve"', '"said":"reject","said":"approve"'),
        ('"_type":', '"more":1,"_type":'),
        ('"nonce":"', '"nonce":"zz'),
    ],
)
def test_b29_a_statement_that_says_two_things_says_nothing(old: str, new: str) -> None:
    attack = edited().approve("boris", "board")
    text = signing.stated("lea", "legal", "change", attack.tally().change.digest)
    assert text.count(old) == 1
    for words, green in ((text, True), (text.replace(old, new), False)):
        signature = signing.sign("lea", words).replace("\n", "\n  ")
        record = (
            f'id: r\nat: "2026-11-20T08:00:00Z"\nstatement: |\n  {words}\n'
            f"signature: |\n  {signature}\n"
        )
        assert attack.copy().put("records/approvals/r.yaml", record).tally().green is green


# B30


def test_b30_the_list_of_trusted_signers_is_in_the_pr(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    key = f'keys: [{{public: {signing.public("lea")}, valid_from: "2026-01-01"}}]'
    both = key.replace("]", f', {{public: {signing.public("mallory")}, valid_from: "2026-01-01"}}]')
    clone.edit(ROLES, key, both).commit()
    clone.approve("lea", "legal", key="mallory").approve("boris", "board")
    found = clone.tally()
    assert standing(found) is Standing.INVALID
    assert reasons(found, "lea") == "the signature is by no key of theirs"
    assert any(effect.kind == "changes-key" for effect in found.effects)

    clone.on("main").edit(ROLES, key, both).commit("lea has a second key")
    small(clone.starts("later")).commit()
    assert clone.approve("lea", "legal", key="mallory").approve("boris", "board").tally().green


def test_b30_a_commit_signed_with_a_key_of_the_head_is_not_verified(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.put("allowed_signers", f"* {signing.public('mallory')}\n")
    clone.git("config", "gpg.ssh.allowedSignersFile", str(clone.root / "allowed_signers"))
    clone.commit(committer="mallory", GIT_COMMITTER_EMAIL="ann@example.org")
    assert clone.git("log", "-1", "--format=%G?") == "G"
    found = clone.tally()
    assert not found.authorship.verified
    small(clone.on("main").starts("twin")).commit()
    assert clone.tally().authorship.verified


# B31


def test_b31_a_signed_tip_over_unsigned_commits(tmp_path: Path) -> None:
    clone = small(Clone(tmp_path / "clone").starts())
    clone.commit(signed=False)
    clone.commit("empty and signed")
    clone.git("-c", f"gpg.ssh.allowedSignersFile={clone.root}/none", "log", "-1", "--format=%G?")
    approved(clone, *LEGAL_AND_BOARD)
    found = clone.tally()
    assert not found.authorship.verified
    assert standing(found) is Standing.MISSING
    assert approved(clone, ("lars", "legal")).tally().green

    small(clone.on("main").starts("twin")).commit()
    clone.commit("empty and signed")
    assert approved(clone, *LEGAL_AND_BOARD).tally().green


def test_helpers_tell_what_could_not_be_judged() -> None:
    assert "is missing" in unjudged(edited(), world().remove(ROLES))
    assert at(0) == PUSHED
    with pytest.raises(CouldNotJudge):
        edited().tally(world().remove(ROLES))
