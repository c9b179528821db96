"""Facts from GitHub are whole or there are none; what we write there is ours alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from forge import BEGIN, TOKEN, FakeGitHub, sha

from adapters.forge import BODY, Annotation, Bypass, Rule, cut
from adapters.github import GitHub
from governance.changeset import Account
from governance.finding import CouldNotJudge


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as fake:
        yield fake


@pytest.fixture
def other() -> Iterator[FakeGitHub]:
    """A host that must never see the token."""
    with FakeGitHub() as fake:
        yield fake


def account(fake: FakeGitHub, login: str) -> Account:
    known = fake.account(login)
    return Account(known["login"], known["id"], bot=known["type"] == "Bot")


def asked(fake: FakeGitHub, part: str) -> list[str]:
    return [str(call) for call in fake.calls if part in str(call)]


# A whole pull request.


def test_a_pull_request_is_read_as_a_whole(github):
    github.pull(labels=("data", "urgent"), draft=True, changed_files=12)
    approval = github.review(by="mei", body="Looked at the drift report.")
    github.push("feature", "second", by="raj", number=7)
    github.review(by="tom", state="COMMENTED", commit="second")

    pull = github.client().pull(7)

    assert (pull.repository, pull.number, pull.title) == (
        "octo/models",
        7,
        "Retrain the credit model",
    )
    assert (pull.base_branch, pull.base) == ("main", sha("base of main"))
    assert (pull.head_branch, pull.head) == ("feature", sha("second"))
    assert (pull.opener, pull.instigators) == (account(github, "ana"), (account(github, "ana"),))
    assert (pull.labels, pull.draft, pull.changed_files) == (("data", "urgent"), True, 12)
    assert pull.retargeted_at is None
    first, second = pull.reviews
    assert (first.id, first.by, first.state) == (
        approval["id"],
        account(github, "mei"),
        "approved",
    )
    assert (first.commit, first.body) == (sha("head"), "Looked at the drift report.")
    assert (second.state, second.commit) == ("commented", sha("second"))
    assert [(push.by.login, push.after) for push in pull.pushes] == [
        ("ana", sha("head")),
        ("raj", sha("second")),
    ]
    assert all(review.at.tzinfo is UTC and review.at > BEGIN for review in pull.reviews)


def test_the_objection_on_the_third_page_is_found(github):
    github.pull()
    for _ in range(249):
        github.review(by="bo", state="COMMENTED")
    github.review(by="mei", state="CHANGES_REQUESTED")
    reviews = github.client().pull(7).reviews
    assert len(reviews) == 250
    assert (reviews[-1].by.login, reviews[-1].state) == ("mei", "changes-requested")
    assert [call.query["per_page"] for call in github.calls if "reviews" in call.path] == [
        "100"
    ] * 3


def test_pushes_are_read_over_all_cursors(github):
    github.pull()
    for place in range(230):
        github.push("feature", f"commit {place}", by="raj" if place == 3 else "ana", number=7)
    pull = github.client().pull(7)
    assert len(pull.pushes) == 231
    assert {push.by.login for push in pull.pushes} == {"ana", "raj"}
    assert pull.pushes[-1].after == pull.head


def test_a_retarget_on_the_second_page_of_events_is_found(github):
    github.pull()
    for _ in range(120):
        github.event("labeled")
    changed = github.event("base_ref_changed")
    github.event("labeled")
    found = github.client().pull(7).retargeted_at
    assert found == datetime.fromisoformat(changed["created_at"])


@pytest.mark.parametrize("kind", ["base_ref_changed", "automatic_base_change_succeeded"])
@pytest.mark.parametrize("where", ["events", "timeline"])
def test_a_retarget_counts_whichever_list_tells_of_it(github, kind, where):
    github.pull()
    github.event(kind)
    last = github.event(kind)
    if where == "timeline":
        github.timeline[7], github.events[7] = github.events[7], []
    assert github.client().pull(7).retargeted_at == datetime.fromisoformat(last["created_at"])


def test_moments_are_utc_whatever_the_zone_they_come_in(github):
    github.pull()
    github.review()["submitted_at"] = "2026-03-01T12:30:00+02:00"
    assert github.client().pull(7).reviews[0].at == datetime(2026, 3, 1, 10, 30, tzinfo=UTC)


def test_the_pushes_of_a_fork_are_read_from_the_fork(github):
    github.pull(fork="raj/models", user="raj")
    github.push("feature", "elsewhere", by="tom")  # a branch of the same name in the base
    pull = github.client().pull(7)
    assert [push.by.login for push in pull.pushes] == ["raj"]
    assert pull.repository == "octo/models"


def test_a_branch_with_odd_characters_is_asked_for_exactly(github):
    github.pull(branch="feat/ä&ref=main #1")
    assert github.client().pull(7).head_branch == "feat/ä&ref=main #1"


@pytest.mark.parametrize("kind", ["push", "force_push", "pr_merge", "merge_queue_merge"])
def test_every_way_to_put_commits_on_a_branch_is_a_push(github, kind):
    github.pull()
    github.push("feature", "second", by="raj", kind=kind, number=7)
    assert github.client().pull(7).pushes[-1].by.login == "raj"


def test_deleting_a_branch_is_no_push(github):
    github.pull()
    github.push("feature", "gone", by="raj", kind="branch_deletion")
    assert [push.by.login for push in github.client().pull(7).pushes] == ["ana"]


# Who is who.


def test_a_renamed_account_keeps_its_id_and_shows_its_new_login(github):
    github.pull()
    github.review(by="mei")
    github.accounts["mei"]["login"] = "mei-lin"
    (review,) = github.client().pull(7).reviews
    assert review.by == Account("mei-lin", github.accounts["mei"]["id"])


def test_a_login_registered_again_has_another_id(github):
    github.pull()
    github.review(by="mei")
    github.accounts["mei"] = dict(github.account("mei"), id=999_999_999)
    github.review(by="mei")
    old, new = github.client().pull(7).reviews
    assert (old.by.login, old.by.id) != (new.by.login, new.by.id)


def test_a_deleted_account_is_a_ghost_without_id(github):
    github.pull(user=None)
    github.review(by=None)
    github.push("feature", "second", by=None, number=7)
    pull = github.client().pull(7)
    ghost = Account("ghost", None)
    assert (pull.opener, pull.reviews[0].by, pull.pushes[-1].by) == (ghost, ghost, ghost)


@pytest.mark.parametrize(
    ("login", "kind", "bot"),
    [("renovate[bot]", "Bot", True), ("copilot", "Bot", True), ("ana", "User", False)],
)
def test_bots_are_known_by_type_and_by_name(github, login, kind, bot):
    github.account(login, kind)
    github.pull()
    github.review(by=login)
    assert github.client().pull(7).reviews[0].by.bot is bot


def test_who_assigned_a_pull_request_of_a_bot_instigated_it(github):
    github.pull(user="helper[bot]")
    github.assign("helper[bot]", by="raj", actor="helper[bot]")
    pull = github.client().pull(7)
    assert pull.opener == account(github, "helper[bot]")
    assert pull.instigators == (pull.opener, account(github, "raj"))


def test_who_acts_through_the_bot_that_opened_it_instigated_it(github):
    github.pull(user="helper[bot]")
    github.event("labeled", "raj", performed_via_github_app={"slug": "helper"})
    github.event("labeled", "tom", performed_via_github_app={"slug": "another"})
    github.event("labeled", "mei")
    assert [who.login for who in github.client().pull(7).instigators] == ["helper[bot]", "raj"]


def test_who_assigns_a_pull_request_of_a_person_did_not_instigate_it(github):
    github.pull(user="ana")
    github.assign("mei", by="tom")
    assert github.client().pull(7).instigators == (account(github, "ana"),)


# Reviews.


@pytest.mark.parametrize(
    ("state", "before"),
    [
        ("APPROVED", "approved"),
        ("CHANGES_REQUESTED", "changes-requested"),
        ("COMMENTED", "commented"),
    ],
)
def test_a_dismissed_review_tells_what_it_said_and_who_dismissed_it(github, state, before):
    github.pull()
    event = github.dismiss(github.review(state=state), by="tom")
    (review,) = github.client().pull(7).reviews
    assert (review.state, review.dismissed_from) == ("dismissed", before)
    assert review.dismissed_by == account(github, "tom")
    assert review.dismissed_at == datetime.fromisoformat(event["created_at"])


def test_a_review_that_is_not_submitted_is_not_there(github):
    github.pull()
    github.review(state="PENDING")
    assert github.client().pull(7).reviews == ()


def test_a_review_of_a_commit_github_forgot_names_no_commit(github):
    github.pull()
    github.review(commit=None)
    assert github.client().pull(7).reviews[0].commit == ""


def test_a_dismissal_that_nobody_made_is_not_judged(github):
    github.pull()
    github.review()["state"] = "DISMISSED"
    with pytest.raises(CouldNotJudge, match="does not tell by whom"):
        github.client().pull(7)


def test_a_dismissal_that_shows_up_late_is_waited_for(github):
    github.pull()
    event = github.dismiss(github.review())
    github.timeline[7].pop()
    late = github.events[7].pop()
    asking = r"GET .*/pulls/7$"
    github.before(asking, lambda: github.before(asking, lambda: github.events[7].append(late)))
    waits: list[float] = []
    (found,) = github.client(sleep=waits.append).pull(7).reviews
    assert found.dismissed_at == datetime.fromisoformat(event["created_at"])
    assert waits == [3.0]


# What may change while it is read.


def test_a_head_that_moves_while_it_is_read_is_read_again(github):
    github.pull()
    github.before("reviews", lambda: github.push("feature", "second", by="raj", number=7))
    pull = github.client().pull(7)
    assert pull.head == sha("second")
    assert pull.pushes[-1].by.login == "raj"


def test_an_objection_that_comes_while_it_is_read_is_not_missed(github):
    github.pull()
    github.before("activity", lambda: github.review(by="mei", state="CHANGES_REQUESTED"))
    assert [r.state for r in github.client().pull(7).reviews] == ["changes-requested"]


def test_a_retarget_while_it_is_read_is_not_missed(github):
    pull = github.pull()

    def retarget() -> None:
        pull["base"]["ref"] = "release"
        github.event("base_ref_changed")

    github.before("activity", retarget)
    found = github.client().pull(7)
    assert found.base_branch == "release"
    assert found.retargeted_at is not None


def test_what_never_stops_moving_is_not_judged(github):
    github.pull()
    for _ in range(3):
        github.before("reviews", lambda: github.touch(7))
    with pytest.raises(CouldNotJudge, match="changed while it was read, 3 times"):
        github.client().pull(7)
    assert len(asked(github, "reviews")) == 3


def test_a_head_that_nobody_is_known_to_have_pushed_is_not_judged(github):
    github.pull(pushed=False)
    github.push("feature", "something else", by="ana")
    with pytest.raises(CouldNotJudge, match="no record of who pushed"):
        github.client().pull(7)


def test_a_push_that_is_recorded_late_is_waited_for(github):
    github.pull(pushed=False)
    github.before(
        "activity",
        lambda: github.before("activity", lambda: github.push("feature", "head", by="raj")),
    )
    assert github.client().pull(7).pushes[0].by.login == "raj"


# What is not judged.


def _without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda pull: pull.pop(key)


BROKEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no head": _without("head"),
    "no opener at all": _without("user"),
    "a number as text": lambda pull: pull.update(number="7"),
    "a flag as text": lambda pull: pull.update(draft="false"),
    "a title that is nothing": lambda pull: pull.update(title=None),
    "an unknown state": lambda pull: pull.update(state="frozen"),
    "labels that are no list": lambda pull: pull.update(labels={"name": "data"}),
    "a moment without zone": lambda pull: pull.update(updated_at="2026-03-01T09:00:00"),
    "a moment as number": lambda pull: pull.update(updated_at=1_772_355_600),
    "a commit that is none": lambda pull: pull["head"].update(sha="main"),
    "an opener without id": lambda pull: pull.update(user={"login": "ana", "type": "User"}),
    "a repository that climbs": lambda pull: pull["head"].update(repo={"full_name": "../admin"}),
    "another pull request": lambda pull: pull.update(number=8),
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_pull_request_of_unknown_shape_is_not_judged(github, change):
    change(github.pull())
    with pytest.raises(CouldNotJudge):
        github.client().pull(7)


@pytest.mark.parametrize(
    ("field", "value"),
    [("state", "BLESSED"), ("submitted_at", None), ("commit_id", "main"), ("id", "5")],
)
def test_a_review_of_unknown_shape_is_not_judged(github, field, value):
    github.pull()
    github.review()[field] = value
    with pytest.raises(CouldNotJudge):
        github.client().pull(7)


def test_a_dismissal_with_an_unknown_past_is_not_judged(github):
    github.pull()
    github.dismiss(github.review())["dismissed_review"]["state"] = "dismissed"
    with pytest.raises(CouldNotJudge, match="does not tell what it said"):
        github.client().pull(7)


def test_an_unknown_activity_is_not_judged(github):
    github.pull()
    github.push("feature", "head", kind="teleport")
    with pytest.raises(CouldNotJudge, match="unknown activity 'teleport'"):
        github.client().pull(7)


def test_activity_of_another_branch_is_not_judged(github):
    github.pull()
    github.activity["octo/models", "refs/heads/feature"][0]["ref"] = "refs/heads/main"
    with pytest.raises(CouldNotJudge, match="when asked for refs/heads/feature"):
        github.client().pull(7)


def test_a_pull_request_from_a_deleted_fork_is_not_judged(github):
    github.pull(fork="raj/models")["head"]["repo"] = None
    with pytest.raises(CouldNotJudge, match="a repository that is gone"):
        github.client().pull(7)


def test_a_closed_pull_request_is_read_on_request_only(github):
    github.pull(state="closed")
    with pytest.raises(CouldNotJudge, match="#7 is closed"):
        github.client().pull(7)
    assert github.client().pull(7, closed=True).number == 7


PARTS = {
    "the pull request": r"/pulls/7$",
    "the reviews": "reviews",
    "the events": "events",
    "the timeline": "timeline",
    "the pushes": "activity",
}


@pytest.mark.parametrize("status", [403, 404, 410, 422, 500, 204, 304])
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_that_is_refused_is_never_an_empty_one(github, part, status):
    github.pull()
    github.review()
    github.fail(status, on=part)
    with pytest.raises(CouldNotJudge):
        github.client().pull(7)


@pytest.mark.parametrize(
    "value", [{}, [None], [[]], ["x"], False, "", 0, {"message": "No"}], ids=str
)
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_part_of_the_wrong_type_is_not_judged(github, part, value):
    github.pull()
    github.fail(200, on=part, body=value)
    with pytest.raises(CouldNotJudge):
        github.client().pull(7)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_body_cut_on_its_way_is_fetched_again(github, part):
    github.pull()
    github.review()
    github.truncate(1, on=part)
    assert len(github.client().pull(7).reviews) == 1


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_a_body_that_was_cut_before_it_left_is_not_judged(github, part):
    github.pull()
    github.truncate(1, on=part, honest=True)
    with pytest.raises(CouldNotJudge, match="the answer is cut or no JSON"):
        github.client().pull(7)


def test_a_key_given_twice_is_not_judged(github, monkeypatch):
    github.pull()
    answer = github.answer

    def twice(call: Any) -> Any:
        status, body, headers, claimed = answer(call)
        return (
            status,
            body.replace(b'"state": "open"', b'"state": "closed", "state": "open"'),
            headers,
            claimed,
        )

    monkeypatch.setattr(github, "answer", twice)
    with pytest.raises(CouldNotJudge, match="no JSON"):
        github.client().pull(7)


def test_a_list_without_end_is_not_judged(github):
    github.pull()
    github.endless = "reviews"
    with pytest.raises(CouldNotJudge, match="no end after 300 pages"):
        github.client().pull(7)


def test_a_list_that_leads_back_is_not_judged(github, monkeypatch):
    github.pull()
    back = {"Link": f'<{github.url}/repos/octo/models/pulls/7/reviews?per_page=100>; rel="next"'}
    monkeypatch.setattr(github, "_link", lambda *_: back)
    with pytest.raises(CouldNotJudge, match="no end after 2 pages"):
        github.client().pull(7)


def test_a_list_that_goes_on_nobody_knows_where_is_not_judged(github, monkeypatch):
    github.pull()
    monkeypatch.setattr(github, "_link", lambda *_: {"Link": "<http://127.0.0.1/?page=2>; rel"})
    with pytest.raises(CouldNotJudge, match="where the list goes on cannot be read"):
        github.client().pull(7)


# Rights.


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("part", "needs"),
    [
        (PARTS["the pull request"], "pull_requests: read"),
        (PARTS["the reviews"], "pull_requests: read"),
        (PARTS["the events"], "issues: read"),
        (PARTS["the pushes"], "contents: read"),
    ],
)
def test_a_missing_right_is_named(github, part, status, needs):
    github.pull()
    github.fail(status, on=part, body={"message": "Resource not accessible by integration"})
    with pytest.raises(CouldNotJudge) as caught:
        github.client().pull(7)
    assert "Resource not accessible by integration" in str(caught.value)
    assert f"grant `{needs}`" in str(caught.value).replace("` and", "` and")


def test_a_wrong_token_is_named_and_not_shown(github):
    github.pull()
    client = GitHub("octo/models", "ghs_wrong", github.url, sleep=lambda _: None)
    with pytest.raises(CouldNotJudge, match="has expired") as caught:
        client.pull(7)
    assert "ghs_wrong" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "trailing\n", "\u00fcber"])
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token):
    with pytest.raises(CouldNotJudge, match="no usable token") as caught:
        GitHub("octo/models", token)
    assert not token or token not in str(caught.value)


def test_the_token_is_in_no_representation(github):
    client = github.client()
    client._api._session.headers["x"] = "y"
    shown = (
        repr(client)
        + repr(client._api)
        + repr(vars(client._api))
        + repr(vars(client._api._session))
    )
    assert TOKEN not in shown


def test_a_netrc_file_does_not_replace_the_token(github, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    github.pull()
    assert github.client().pull(7).number == 7


@pytest.mark.parametrize(
    "name", ["models", "octo/../models", "../..", "octo/mod els", "octo/m?x=1", ""]
)
def test_a_name_that_is_no_repository_is_refused(name):
    with pytest.raises(CouldNotJudge, match="names no repository"):
        GitHub(name, TOKEN)


def test_an_address_without_encryption_is_refused():
    with pytest.raises(CouldNotJudge, match="no https address"):
        GitHub("octo/models", TOKEN, "http://github.example.test/api/v3")


# A host out of order.


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_host_that_recovers_is_asked_again_after_growing_pauses(github, status):
    github.pull()
    github.fail(status, status, status, on="reviews")
    waits: list[float] = []
    assert github.client(sleep=waits.append).pull(7).number == 7
    assert waits == [1.0, 2.0, 4.0]


def test_a_host_that_stays_out_of_order_is_not_judged(github):
    github.pull()
    github.fail(*[502] * 5, on="reviews")
    waits: list[float] = []
    with pytest.raises(CouldNotJudge, match="GET /repos/octo/models/pulls/7/reviews: 502"):
        github.client(sleep=waits.append).pull(7)
    assert waits == [1.0, 2.0, 4.0, 8.0]


def test_a_host_that_is_not_there_is_not_judged():
    with FakeGitHub() as gone:
        client = gone.client()
    with pytest.raises(CouldNotJudge, match="no whole answer"):
        client.pull(7)


def test_a_rate_limit_is_waited_for_until_its_reset(github):
    github.pull()
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1090"}
    github.fail(403, on="reviews", headers=headers)
    waits: list[float] = []
    github.client(sleep=waits.append, clock=lambda: 1000.0).pull(7)
    assert waits == [90.0]


def test_a_rate_limit_that_ends_too_late_is_not_judged(github):
    github.pull()
    reset = str(int(time.time()) + 3000)
    github.fail(429, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
    waits: list[float] = []
    with pytest.raises(CouldNotJudge, match="rate limit asks to wait"):
        github.client(sleep=waits.append).pull(7)
    assert waits == []


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait."}


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_rate_limit_is_waited_for_as_it_says(github, status):
    github.pull()
    github.fail(status, on="reviews", headers={"retry-after": "17"}, body=SECONDARY)
    waits: list[float] = []
    github.client(sleep=waits.append).pull(7)
    assert waits == [17.0]


def test_a_secondary_rate_limit_that_says_nothing_is_waited_for_longer_and_longer(github):
    github.pull()
    github.fail(403, 403, on="reviews", body=SECONDARY)
    waits: list[float] = []
    github.client(sleep=waits.append).pull(7)
    assert waits == [60.0, 120.0]


@pytest.mark.parametrize("after", ["0", "1", "soon", "-5"])
def test_a_rate_limit_without_end_is_not_judged(github, after):
    github.pull()
    github.fail(*[429] * 30, on="reviews", headers={"retry-after": after})
    waits: list[float] = []
    with pytest.raises(CouldNotJudge, match="rate limit"):
        github.client(sleep=waits.append).pull(7)
    assert sum(waits) <= 600


# Other hosts.


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_host_is_refused_and_sees_no_token(github, other, status):
    github.pull()
    github.redirects["/repos/octo/models/pulls/7"] = (status, f"{other.url}/steal")
    with pytest.raises(CouldNotJudge, match=r"leads to another host, 127\.0\.0\.1"):
        github.client().pull(7)
    assert other.calls == []


def test_a_next_page_on_another_host_is_refused_and_sees_no_token(github, other):
    github.pull()
    for _ in range(101):
        github.review()
    github.link_base = other.host
    with pytest.raises(CouldNotJudge, match="leads to another host"):
        github.client().pull(7)
    assert other.calls == []


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1@evil.example/", "//evil.example/x", "ftp://127.0.0.1/", "http://[::1", ""],
)
def test_a_redirect_with_an_odd_target_is_refused(github, target):
    github.pull()
    github.redirects["/repos/octo/models/pulls/7"] = (302, target)
    with pytest.raises(CouldNotJudge):
        github.client().pull(7)


def test_a_renamed_repository_is_followed_on_the_same_host(github):
    github.pull()
    client = GitHub("octo/old", TOKEN, github.url, sleep=lambda _: None)
    for rest in ("pulls/7", "pulls/7/reviews", "issues/7/events", "issues/7/timeline"):
        target = f"{github.url}/repos/octo/models/{rest}"
        github.redirects[f"/repos/octo/old/{rest}"] = (301, target)
    assert client.pull(7).repository == "octo/models"


def test_an_enterprise_server_is_asked_below_its_own_address():
    with FakeGitHub(prefix="/api/v3") as github:
        github.pull()
        github.enqueue(7, "group")
        client = github.client()
        assert client.pull(7).number == 7
        assert client.queued("main", sha("group")) == (7,)
        paths = {call.path for call in github.calls}
    assert "/api/graphql" in paths
    assert all(path.startswith("/api/v3/repos/") for path in paths - {"/api/graphql"})


# Which pull requests.


def test_all_open_pull_requests_with_a_head_are_found(github):
    github.pull(7, base="main")
    github.pull(9, base="release")
    github.pull(8, head="another", branch="another")
    github.pull(5, state="closed")
    github.pull(11, fork="raj/models")
    assert github.client().pulls_with_head(sha("head")) == (7, 9, 11)
    assert github.client().pulls_with_head(sha("nobody's")) == ()


def test_open_pull_requests_are_found_over_all_pages(github):
    for number in range(1, 252):
        github.pull(number, head="head" if number in {1, 251} else "x", pushed=False)
    assert github.client().pulls_with_head(sha("head")) == (1, 251)


def test_a_pull_request_that_slips_past_the_reader_is_found(github):
    for number in range(1, 203):
        github.pull(number, head="head" if number == 101 else "x", pushed=False)
    github.before(r"page=2$", lambda: github.pulls[3].update(state="closed"))
    assert github.client().pulls_with_head(sha("head")) == (101,)


def test_a_list_of_pull_requests_that_fails_is_not_empty(github):
    github.fail(404)
    with pytest.raises(CouldNotJudge, match="grant `pull_requests: read`"):
        github.client().pulls_with_head(sha("head"))


def test_a_merge_group_holds_every_entry_up_to_its_head(github):
    for number, head in [(7, "one"), (9, "two"), (8, "three"), (10, None)]:
        github.enqueue(number, head)
    github.enqueue(99, "two", branch="release")
    client = github.client()
    assert client.queued("main", sha("one")) == (7,)
    assert client.queued("main", sha("three")) == (7, 9, 8)
    assert client.queued("release", sha("two")) == (99,)


def test_a_long_merge_queue_is_read_to_its_end(github):
    for number in range(1, 231):
        github.enqueue(number, f"group {number}")
    assert github.client().queued("main", sha("group 205")) == tuple(range(1, 206))


def test_entries_in_any_order_are_put_in_theirs(github):
    for number in (7, 9, 8):
        github.enqueue(number, f"group {number}")
    github.queues["main"].reverse()
    assert github.client().queued("main", sha("group 9")) == (7, 9)


@pytest.mark.parametrize(
    ("branch", "head", "message"),
    [("main", "rebuilt", "no entry .* ends at"), ("release", "group", "has no merge queue")],
)
def test_a_merge_group_that_is_not_there_is_not_judged(github, branch, head, message):
    github.enqueue(7, "group")
    with pytest.raises(CouldNotJudge, match=message):
        github.client().queued(branch, sha(head))


def test_a_merge_queue_cut_short_is_not_judged(github):
    github.enqueue(7, "one")
    github.enqueue(9, "two")
    github.queues["main"][1]["position"] = 1
    with pytest.raises(CouldNotJudge, match="could not be read as a whole"):
        github.client().queued("main", sha("two"))


def test_a_queue_entry_without_pull_request_is_not_judged(github):
    github.enqueue(7, "one")["pullRequest"] = None
    with pytest.raises(CouldNotJudge, match="an entry without a pull request"):
        github.client().queued("main", sha("one"))


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        ([{"message": "Something went wrong"}], "Something went wrong"),
        (["odd"], "no data"),
        (True, "no data"),
    ],
)
def test_data_with_errors_are_not_judged(github, errors, message):
    github.enqueue(7, "one")
    github.fail(200, on="graphql", body={"data": {"repository": None}, "errors": errors})
    with pytest.raises(CouldNotJudge, match=message):
        github.client().queued("main", sha("one"))


# Reporting.


def remarks(count: int) -> list[Annotation]:
    return [
        Annotation(f"models/{n}.yaml", n + 1, "failure", "approvals/quorum", f"remark {n}")
        for n in range(count)
    ]


def test_a_judgement_becomes_a_check_run(github):
    github.client().publish("charter", sha("head"), "failure", "1 finding", "Text", remarks(1))
    (run,) = github.check_runs
    assert (run["name"], run["head_sha"]) == ("charter", sha("head"))
    assert (run["status"], run["conclusion"]) == ("completed", "failure")
    assert run["output"] == {
        "title": "1 finding",
        "summary": "Text",
        "annotations": [
            {
                "path": "models/0.yaml",
                "start_line": 1,
                "end_line": 1,
                "annotation_level": "failure",
                "title": "approvals/quorum",
                "message": "remark 0",
            }
        ],
    }


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (50, [50]), (51, [50, 1]), (125, [50, 50, 25])]
)
def test_annotations_go_in_batches_and_the_last_concludes(github, count, sizes):
    github.client().publish("charter", sha("head"), "success", "t", "s", remarks(count))
    sent = [call for call in github.calls if "check-runs" in call.path]
    assert [call.method for call in sent] == ["POST", *["PATCH"] * (len(sizes) - 1)]
    assert [len(call.body["output"]["annotations"]) for call in sent] == sizes
    assert ["conclusion" in call.body for call in sent] == [*[False] * (len(sizes) - 1), True]
    (run,) = github.check_runs
    assert [a["message"] for a in run["all_annotations"]] == [f"remark {n}" for n in range(count)]
    assert run["conclusion"] == "success"


@pytest.mark.parametrize("status", [403, 422, 502])
def test_a_check_run_that_lost_a_batch_is_never_green(github, status):
    github.fail(status, on="PATCH")
    with pytest.raises(CouldNotJudge):
        github.client().publish("charter", sha("head"), "success", "t", "s", remarks(120))
    (run,) = github.check_runs
    assert run["status"] == "in_progress"
    assert "conclusion" not in run


def test_a_check_run_without_the_right_names_the_right(github):
    github.fail(403, on="check-runs")
    with pytest.raises(CouldNotJudge, match="grant `checks: write`"):
        github.client().publish("charter", sha("head"), "success", "t", "s")


def test_names_that_are_no_text_can_be_reported(github):
    odd = Annotation("a\udcff.yaml", 1, "warning", "r\nx", "bad \udcff name")
    github.client().publish("charter", sha("head"), "failure", "t" * 900, "s\udcff", [odd])
    output = github.check_runs[0]["output"]
    assert len(output["title"]) == 250
    assert output["summary"] == "s?"
    (sent,) = output["annotations"]
    assert (sent["path"], sent["title"], sent["message"]) == ("a?.yaml", "r x", "bad ? name")


MARK = "<!-- charter:verdict -->"


def bodies(fake: FakeGitHub) -> list[tuple[str, str]]:
    return [(c["user"]["login"], c["body"]) for c in fake.comments.get(7, [])]


def test_a_comment_is_written_once_then_updated_then_left_alone(github):
    client = github.client()
    client.comment(7, "charter:verdict", "one")
    assert bodies(github) == [("charter[bot]", f"{MARK}\none")]
    client.comment(7, "charter:verdict", "two")
    assert bodies(github) == [("charter[bot]", f"{MARK}\ntwo")]
    writes = len([call for call in github.calls if call.method == "PATCH"])
    github.client().comment(7, "charter:verdict", "two")
    assert len([call for call in github.calls if call.method == "PATCH"]) == writes == 1


def test_a_comment_of_somebody_else_with_our_mark_is_not_touched(github):
    github.comment(by="eve", body=f"{MARK}\nall is well")
    github.comment(by="charter", body=f"{MARK}\nall is well")
    github.comment(by=None, body=f"{MARK}\nall is well")
    github.comments[7].pop()
    github.client().comment(7, "charter:verdict", "refused")
    assert bodies(github) == [
        ("eve", f"{MARK}\nall is well"),
        ("charter", f"{MARK}\nall is well"),
        ("charter[bot]", f"{MARK}\nrefused"),
    ]


def test_our_comment_with_another_mark_is_another_comment(github):
    client = github.client()
    client.comment(7, "charter:verdict", "one")
    client.comment(7, "charter:retention", "two")
    client.comment(7, "charter:verdict", "three")
    assert [body.partition("\n")[2] for _, body in bodies(github)] == ["three", "two"]


def test_our_comment_that_quotes_a_mark_is_not_taken_for_it(github):
    github.comment(by="charter[bot]", body=f"> {MARK}\nquoted")
    github.client().comment(7, "charter:verdict", "one")
    assert len(github.comments[7]) == 2


def test_our_comment_on_the_third_page_is_found(github):
    for _ in range(230):
        github.comment(body="hello")
    github.comment(by="charter[bot]", body=f"{MARK}\nold")
    github.client().comment(7, "charter:verdict", "new")
    assert len(github.comments[7]) == 231
    assert github.comments[7][-1]["body"] == f"{MARK}\nnew"


def test_a_comment_that_was_written_though_the_call_failed_is_not_written_twice(github):
    github.fail(502, on="POST .*comments", lands=True)
    github.client().comment(7, "charter:verdict", "one")
    assert bodies(github) == [("charter[bot]", f"{MARK}\none")]


def test_a_comment_that_was_not_written_is_written_at_the_second_try(github):
    github.fail(502, on="POST .*comments")
    github.client().comment(7, "charter:verdict", "one")
    assert len(github.comments[7]) == 1


def test_a_comment_that_cannot_be_written_is_told(github):
    github.fail(502, 502, 502, on="POST .*comments")
    with pytest.raises(CouldNotJudge, match="502"):
        github.client().comment(7, "charter:verdict", "one")


def test_nothing_is_written_when_it_is_unknown_who_we_are(github):
    github.comment(by="eve", body=f"{MARK}\nall is well")
    github.fail(200, on="graphql", body={"errors": [{"message": "Forbidden"}]})
    with pytest.raises(CouldNotJudge, match="Forbidden"):
        github.client().comment(7, "charter:verdict", "one")
    assert len(github.comments[7]) == 1


@pytest.mark.parametrize("marker", ["", "a b", "-->", "A", "x -- y"])
def test_a_marker_that_would_show_is_refused(github, marker):
    with pytest.raises(ValueError, match="is no marker"):
        github.client().comment(7, marker, "one")


def test_a_long_comment_fits_and_says_that_it_was_cut(github):
    github.client().comment(7, "charter:verdict", "line\n" * 20_000)
    ((_, body),) = bodies(github)
    assert len(body) < BODY
    assert body.startswith(f"{MARK}\nline\n")
    assert "more lines are in the log" in body[-100:]


LONG = {
    "one line": "x" * 90_000,
    "characters of four bytes": "\U0001f600" * 90_000,
    "an open code block": "```text\n" + "x\n" * 60_000,
    "an open folded part": "<details><summary>s</summary>\n\n" + "x\n" * 60_000,
    "a fence longer than the page": "`" * 64_000 + "\nx\n" + "x\n" * 30_000,
    "folded parts without end": "<details>\n" * 30_000,
    "nothing but fences": "```\n" * 30_000,
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_a_text_is_cut_to_size_and_stays_whole(text):
    found = cut(text)
    assert len(found) <= BODY
    assert len(found.encode()) < 4 * BODY + 1
    assert found.endswith("more lines are in the log of the run.\n")
    before = found[: found.rindex("Cut here")]
    fences = [line for line in before.splitlines() if line.startswith("```")]
    assert len(fences) % 2 == 0
    if text.startswith("<details><summary>"):
        assert before.count("</details>") == 1


def test_a_short_text_is_left_as_it_is():
    assert cut("```\nopen", 8) == "```\nopen"


# Settings.


def test_rulesets_are_read_with_their_details(github):
    github.ruleset("tags", target="tag", rules=[{"type": "creation"}], enforcement="disabled")
    github.ruleset(
        "main",
        bypass_actors=[{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
    )
    tags, main = github.client().rules()
    assert (tags.name, tags.target, tags.enforcement) == ("tags", "tag", "disabled")
    assert tags.rules == (Rule("creation", {}),)
    assert tags.bypass == ()
    assert main.conditions == {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    assert main.rules[1].parameters["required_status_checks"] == [
        {"context": "charter", "integration_id": 15368}
    ]
    assert main.bypass == (Bypass("RepositoryRole", 5, "always"),)
    assert github.calls[0].query["includes_parents"] == "true"


def test_bypasses_that_the_token_may_not_see_are_unknown_and_not_none(github):
    github.ruleset(source_type="Organization", source="octo").pop("bypass_actors")
    (found,) = github.client().rules()
    assert (found.origin, found.owner, found.bypass) == ("Organization", "octo", None)


@pytest.mark.parametrize("on", [r"rulesets\?", r"rulesets/\d+$"])
def test_rulesets_that_cannot_be_read_are_not_taken_for_none(github, on):
    github.ruleset()
    github.fail(404, on=on)
    with pytest.raises(CouldNotJudge, match="404"):
        github.client().rules()


def test_a_ruleset_without_rules_in_its_answer_is_not_judged(github):
    github.ruleset().pop("rules")
    with pytest.raises(CouldNotJudge, match="rules: Field required"):
        github.client().rules()


def test_foreign_words_stay_on_their_line(github):
    github.pull()
    github.fail(403, body={"message": "No.\n::error::owned\x1b[31m" + "x" * 900})
    with pytest.raises(CouldNotJudge) as caught:
        github.client().pull(7)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 500
