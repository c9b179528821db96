"""What the forge is told, and whether it still holds to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance import forge_settings, glob, overlap
from governance.approvals import SURFACE, Approvals
from governance.effect import EffectKind
from governance.forge_settings import ACTIONS, BRANCHES, CHECK, OWNERS, TAGS, VERDICTS, Live
from governance.roles import Roles

DAY = date(2026, 11, 22)
POLICY = {"version": "1.0.0", "effective": "2026-11-01", "owner": "board", "review_every": "P3M"}


def member(person: str, **more: Any) -> dict[str, Any]:
    return {"person": person, "valid_from": "2026-01-01", **more}


def roles(**changed: Any) -> Roles:
    people = {
        name: {"name": name.title(), "github": [{"login": f"{name}-example", "id": number}]}
        for number, name in enumerate(("omar", "stella", "mina", "boris", "rita"), start=1)
    }
    people["robot"] = {"name": "Robot", "kind": "bot", "github": [{"login": "robot", "id": 9}]}
    people["lea"] = {"name": "Lea"}
    held = {
        "model-owner": [member("omar")],
        "data-steward": [member("stella"), member("robot")],
        "mlops": [member("mina")],
        "legal": [member("lea")],
        "board": [member("boris", function="risk"), member("rita", function="legal")],
    } | changed
    return Roles.model_validate_json(
        json.dumps(
            POLICY
            | {
                "id": "roles",
                "people": people,
                "roles": {n: {"title": n, "members": m} for n, m in held.items()},
            }
        )
    )


def seat(role: str, function: str | None = None) -> dict[str, Any]:
    return {"role": role, "count": 1} | ({"function": function} if function else {})


def rule(name: str, when: dict[str, Any], *seats: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "because": "a test", "when": when, "require": list(seats)}


def policy(*rules: dict[str, Any], **more: Any) -> Approvals:
    value = POLICY | {
        "id": "approvals",
        "repository": "octo/models",
        "branches": ["main"],
        "rules": list(rules) or [rule("all", {"paths": ["models/**"]}, seat("model-owner"))],
        "otherwise": [seat("mlops")],
    }
    return Approvals.model_validate_json(json.dumps(value | more))


def owners(text: str, path: str) -> set[str]:
    """Whom GitHub asks: the last line that matches decides."""
    found: set[str] = set()
    for line in text.splitlines():
        pattern, *logins = line.split()
        if not line.startswith("#") and (
            pattern == "*" or glob.matches(pattern.removeprefix("/"), path)
        ):
            found = {login.removeprefix("@").removesuffix("-example") for login in logins}
    return found


def asked(path: str, *rules: dict[str, Any], **more: Any) -> set[str]:
    return owners(forge_settings.codeowners(policy(*rules, **more), roles(), DAY), path)


# Patterns.

NAME = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "?", "**"])
PATTERN = st.lists(NAME, min_size=1, max_size=4).map("/".join)
PATH = st.lists(st.sampled_from(["a", "b", "ab", "abb"]), min_size=1, max_size=4).map("/".join)


@given(PATTERN, PATTERN, PATH)
@example("a/**", "a/*/b", "a/b/b")
@example("**", "**/*", "a")
def test_patterns_relate_as_their_paths_do(one: str, other: str, path: str) -> None:
    if overlap.covers(one, other) and glob.matches(other, path):
        assert glob.matches(one, path)
    if glob.matches(one, path) and glob.matches(other, path):
        assert overlap.meet(one, other)
        assert overlap.meet(other, one)


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ("policies/**", "policies/datasets/**"),
        ("policies/**", "policies/roles.yaml"),
        ("**", "a"),
        ("**/conftest.py", "tests/conftest.py"),
        ("models/*/model.yaml", "models/credit/model.yaml"),
        ("models/", "models/*/versions/*.yaml"),
    ],
)
def test_a_wider_pattern_is_known_as_such(wide: str, narrow: str) -> None:
    assert overlap.covers(wide, narrow)
    assert not overlap.covers(narrow, wide)


@pytest.mark.parametrize(
    ("one", "other"),
    [("policies/**", "models/**"), ("*.yaml", "*.json"), ("a/*", "a/b/c"), ("a/**", "a")],
)
def test_patterns_apart_are_known_as_such(one: str, other: str) -> None:
    assert not overlap.meet(one, other)


# CODEOWNERS.


def test_what_no_rule_speaks_of_goes_to_those_otherwise_asked() -> None:
    assert asked("Dockerfile") == {"mina"}


def test_a_file_of_two_rules_goes_to_the_people_of_both() -> None:
    both = (
        rule("policy", {"paths": ["policies/**"]}, seat("board", "risk")),
        rule("contract", {"paths": ["policies/datasets/**"]}, seat("data-steward")),
        rule("yaml", {"paths": ["**/*.yaml"]}, seat("model-owner")),
    )
    assert asked("policies/datasets/loans.yaml", *both) == {"boris", "stella", "omar"}
    assert asked("policies/gates.yaml", *both) == {"boris", "omar"}
    assert asked("models/credit/model.yaml", *both) >= {"omar"}


@given(
    st.lists(
        st.tuples(PATTERN, st.sampled_from(["model-owner", "data-steward", "mlops", "board"])),
        min_size=1,
        max_size=5,
    ),
    PATH,
)
def test_nobody_who_can_fill_a_seat_is_missed(given: list[tuple[str, str]], path: str) -> None:
    """The last line wins, and yet it names the people of every rule that matches."""
    rules = [rule(f"r{n}", {"paths": [p]}, seat(r)) for n, (p, r) in enumerate(given)]
    holders = {
        "model-owner": {"omar"}, "data-steward": {"stella"}, "mlops": {"mina"},
        "board": {"boris", "rita"},
    }  # fmt: skip
    wanted = {who for p, r in given if glob.matches(p, path) for who in holders[r]}
    assert asked(path, *rules) >= wanted


@pytest.mark.parametrize(
    ("name", "when", "path"),
    [
        ("a meaning", {"changes": ["promotes-to-production"]}, "models/credit/rollout.yaml"),
        ("one of several", {"any": [{"labels": ["x"]}, {"paths": ["a/**"]}]}, "a/b"),
        ("the workflows", {"changes": ["touches-workflow"]}, ".github/workflows/governance.yml"),
    ],
)
def test_a_rule_has_a_place(name: str, when: dict[str, Any], path: str) -> None:
    assert asked(path, rule("r", when, seat("board"))) == {"boris", "rita"}, name


@pytest.mark.parametrize(
    "when",
    [
        {"all": [{"paths": ["a/**"]}, {"labels": ["x"]}]},
        {"not": {"paths": ["a/**"]}},
        {"changes": ["loosens-threshold"]},
    ],
    ids=["a further condition", "the opposite", "a matter of content"],
)
def test_a_rule_without_a_place_asks_nobody(when: dict[str, Any]) -> None:
    assert asked("a/b", rule("r", when, seat("board"))) == {"mina"}


def test_every_place_belongs_to_a_meaning() -> None:
    assert set(forge_settings._PLACES) <= set(get_args(EffectKind))


def test_a_choice_asks_all_it_chooses_from() -> None:
    choice = {"at_least": 1, "of": [seat("model-owner"), seat("board", "legal")]}
    assert asked("a", rule("r", {"paths": ["a"]}, choice)) == {"omar", "rita"}


def test_people_without_an_account_leave_it_to_the_others() -> None:
    assert asked("a", rule("r", {"paths": ["a"]}, seat("legal"))) == {"mina"}


@pytest.mark.parametrize(
    ("term", "there"),
    [
        ({"valid_until": "2026-11-22"}, True),
        ({"valid_until": "2026-11-21"}, False),
        ({"valid_from": "2026-12-01"}, True),
    ],
    ids=["the last day", "the day after", "before the first day"],
)
def test_a_term_that_ended_is_over(term: dict[str, str], *, there: bool) -> None:
    held = roles(mlops=[member("mina", **term), member("omar")])
    text = forge_settings.codeowners(policy(), held, DAY)
    assert ("mina" in owners(text, "x")) is there


def test_bots_are_asked_by_nobody() -> None:
    text = forge_settings.codeowners(
        policy(rule("r", {"paths": ["a"]}, seat("data-steward"))), roles(), DAY
    )
    assert "robot" not in text


def test_free_paths_ask_nobody() -> None:
    free = [{"paths": ["docs/**"], "because": "words"}]
    assert asked("docs/a.md", free=free) == set()


def test_b06_what_decides_over_others_is_never_free() -> None:
    free = [{"paths": ["**"], "because": "everything"}]
    for path in (".github/workflows/governance.yml", "policies/roles.yaml", "tests/conftest.py"):
        assert asked(path, free=free) == {"mina"}, path
    text = forge_settings.codeowners(policy(free=free), roles(), DAY)
    listed = {line.split()[0] for line in text.splitlines()}
    assert {f"/{path}" for path in SURFACE} <= listed


def test_an_opinion_needs_nobody() -> None:
    every = rule("r", {"paths": ["a"]}, seat("board"))
    assert asked("records/approvals/a-1.yaml", every) == set()
    assert asked("records/incidents/i-1.yaml", every) == {"mina"}


def test_each_line_is_one_github_reads() -> None:
    rules = rule("r", {"paths": ["a b/**", "x/"]}, seat("board"))
    for line in forge_settings.codeowners(policy(rules), roles(), DAY).splitlines():
        assert line.startswith("#") or re.fullmatch(r"(\*|/[^\s#!\\\[\]]+)( @[A-Za-z0-9-]+)*", line)


def test_the_order_of_the_policy_does_not_matter() -> None:
    rules = [rule(n, {"paths": [f"{n}/**", "**/c"]}, seat(r)) for n, r in (("a", "board"),
             ("b", "mlops"), ("c", "model-owner"))]  # fmt: skip
    texts = {
        forge_settings.codeowners(policy(*order), roles(), DAY)
        for order in (rules, rules[::-1], [rules[1], rules[0], rules[2]])
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        ("CODEOWNERS", True),
        ("docs/CODEOWNERS", True),
        (".github/codeowners", True),
        (".github/CODEOWNERS.md", True),
        ("CodeOwners.txt", True),
        (".gitlab/CODEOWNERS", True),
        (".github/CODEOWNERS", False),
        ("tests/CODEOWNERS", False),
        ("docs/codeowners/index.md", False),
        ("governance/codeowners_file.py", False),
    ],
)
def test_b05_another_place_is_known(path: str, *, taken: bool) -> None:
    assert forge_settings.second(path) is taken


# Rulesets.


def parameters(kind: str, **more: Any) -> dict[str, Any]:
    rules = forge_settings.ruleset(policy(**more))["rules"]
    (found,) = (r for r in rules if r["type"] == kind)
    return found.get("parameters", {})


def test_the_gate_is_required_of_workflows_alone_on_the_latest_base() -> None:
    found = parameters("required_status_checks")
    assert found["required_status_checks"] == [{"context": "charter", "integration_id": 15368}]
    assert (CHECK, ACTIONS) == ("charter", 15368)
    assert found["strict_required_status_checks_policy"] is True


def test_branches_move_by_pull_request_only_and_nobody_is_above_it() -> None:
    found = forge_settings.ruleset(policy())
    assert found["bypass_actors"] == []
    assert found["enforcement"] == "active"
    assert {r["type"] for r in found["rules"]} >= {"deletion", "non_fast_forward", "pull_request"}
    assert parameters("pull_request")["required_approving_review_count"] >= 1
    assert parameters("pull_request")["require_last_push_approval"] is True


@pytest.mark.parametrize(
    ("branch", "ref"),
    [
        ("main", "refs/heads/main"),
        ("release/*", "refs/heads/release/*"),
        ("release/**", "refs/heads/release/**/*"),
        ("release/", "refs/heads/release/**/*"),
        ("**", "refs/heads/**/*"),
    ],
)
def test_a_branch_is_named_as_github_matches_it(branch: str, ref: str) -> None:
    found = forge_settings.ruleset(policy(branches=[branch]))
    assert found["conditions"]["ref_name"]["include"] == [ref]


def test_b48_release_tags_stay() -> None:
    found = forge_settings.tag_ruleset()
    assert found["conditions"]["ref_name"]["include"] == ["refs/tags/*#*", "refs/tags/*@v*"]
    assert {r["type"] for r in found["rules"]} == {"deletion", "non_fast_forward", "update"}


def test_no_generated_file_holds_an_empty_line() -> None:
    for text in forge_settings.expected(policy(), roles(), DAY).values():
        assert "" not in text.split("\n")[:-1]


def test_the_files_are_what_the_policies_give() -> None:
    texts = forge_settings.expected(policy(), roles(), DAY)
    assert texts.keys() == {OWNERS, BRANCHES, TAGS, VERDICTS}
    assert json.loads(texts[BRANCHES]) == forge_settings.ruleset(policy())
    assert all(text.endswith("\n") for text in texts.values())


# Live settings.


def live(wanted: dict[str, Any]) -> Live:
    """A ruleset in force, as it was declared, with what GitHub adds by itself."""
    return Live(
        name=wanted["name"],
        own=True,
        enforcement=wanted["enforcement"],
        target=wanted["target"],
        conditions=json.loads(json.dumps(wanted["conditions"])),
        rules={
            r["type"]: {"allowed_merge_methods": ["merge"], **json.loads(json.dumps(
                r.get("parameters", {})))}
            for r in wanted["rules"]
        },
        bypass=(),
    )  # fmt: skip


def in_force() -> list[Live]:
    return [live(wanted) for wanted in forge_settings.declared(policy()).values()]


def told(found: list[Live]) -> list[str]:
    return [finding.problem for finding in forge_settings.differences(policy(), found)]


def test_settings_as_declared_are_in_order() -> None:
    assert told(in_force()) == []


def changed(**fields: Any) -> Callable[[Live], Live]:
    return lambda ruleset: replace(ruleset, **fields)


def without(kind: str) -> Callable[[Live], Live]:
    return lambda r: replace(r, rules={k: v for k, v in r.rules.items() if k != kind})


def setting(kind: str, key: str, value: Any) -> Callable[[Live], Live]:
    return lambda r: replace(r, rules={**r.rules, kind: {**r.rules[kind], key: value}})


CHECKS = "required_status_checks"
DRIFT: dict[str, tuple[Callable[[Live], Live], str]] = {
    "disabled": (changed(enforcement="disabled"), "enforcement is disabled, not active"),
    "on trial": (changed(enforcement="evaluate"), "enforcement is evaluate, not active"),
    "for tags instead": (changed(target="tag"), "target is tag, not branch"),
    "somebody above it": (
        changed(bypass=("RepositoryRole 5 (always)",)), "does not bind RepositoryRole 5 (always)"),
    "another branch": (
        changed(conditions={"ref_name": {"include": ["refs/heads/x"], "exclude": []}}),
        "does not cover refs/heads/main"),
    "the branch left out": (
        changed(conditions={"ref_name": {"include": ["refs/heads/main"],
                                         "exclude": ["refs/heads/main"]}}),
        "leaves refs/heads/main out"),
    "no conditions": (changed(conditions={}), "does not cover refs/heads/main"),
    "no pull request": (without("pull_request"), "the rule pull_request is missing"),
    "force pushes": (without("non_fast_forward"), "the rule non_fast_forward is missing"),
    "no reviews": (
        setting("pull_request", "required_approving_review_count", 0),
        "required_approving_review_count is 0, not 1"),
    "approval by the last pusher": (
        setting("pull_request", "require_last_push_approval", value=False),
        "require_last_push_approval is off, not on"),
    "no check": (setting(CHECKS, CHECKS, []), "the check charter is not required"),
    "a renamed check": (
        setting(CHECKS, CHECKS, [{"context": "Charter", "integration_id": ACTIONS}]),
        "the check charter is not required"),
    "B58 a check from anybody": (
        setting(CHECKS, CHECKS, [{"context": CHECK}]),
        "charter counts from anybody, not app 15368"),
    "B58 a check from another app": (
        setting(CHECKS, CHECKS, [{"context": CHECK, "integration_id": 7}]),
        "charter counts from app 7, not app 15368"),
    "an old base": (
        setting(CHECKS, "strict_required_status_checks_policy", None),
        "strict_required_status_checks_policy is not set, not on"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), DRIFT.values(), ids=DRIFT)
def test_b102_a_setting_that_drifted_is_told(change: Callable[[Live], Live], words: str) -> None:
    branches, *rest = in_force()
    assert told([change(branches), *rest]) == [f"charter: governed branches: {words}"]


def test_b102_a_ruleset_that_is_gone_is_told() -> None:
    branches, _, verdicts = in_force()
    assert told([branches, verdicts]) == ["no ruleset called 'charter: release tags' is in force"]
    assert len(told([])) == 3


def test_what_is_stricter_is_no_matter() -> None:
    branches, *rest = in_force()
    more = [{"context": CHECK, "integration_id": ACTIONS}, {"context": "tests"}]
    both = {"ref_name": {"include": ["refs/heads/main", "refs/heads/x"], "exclude": []}}
    stricter = replace(setting(CHECKS, CHECKS, more)(branches), conditions=both)
    assert told([stricter, *rest]) == []


def test_the_own_ruleset_goes_before_one_of_the_owner() -> None:
    branches, *rest = in_force()
    other = replace(branches, own=False, enforcement="disabled")
    assert told([other, branches, *rest]) == []
    assert told([other, *rest]) != []


def test_what_may_not_be_seen_is_not_taken_for_nobody() -> None:
    branches, *rest = in_force()
    hidden = [replace(branches, bypass=None), *rest]
    assert told(hidden) == []
    assert forge_settings.unseen(policy(), hidden) == ("charter: governed branches",)
    assert forge_settings.unseen(policy(), [branches, *rest]) == ()


def test_a_finding_leads_to_the_declared_setting() -> None:
    branches, *rest = in_force()
    (found,) = forge_settings.differences(policy(), [replace(branches, enforcement="x"), *rest])
    assert (found.at.path, found.at.route) == (BRANCHES, ("enforcement",))
