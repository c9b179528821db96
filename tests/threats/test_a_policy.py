"""The judge judges itself: B01 to B11 of the catalogue of threats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import signing
from attacks import (
    POLICY,
    ROLES,
    Clone,
    approved,
    at,
    changed,
    demand,
    edited,
    ignored,
    law,
    loads,
    proposed,
    pull,
    reasons,
    red,
    review,
    rules,
    seats,
    unjudged,
)
from proposed import Proposed
from world import DECLARED, World, world

from governance import glob
from governance.approvals import SURFACE
from governance.finding import CouldNotJudge
from governance.tally import Standing

LAX = [{"id": "no", "because": "b", "when": {"paths": ["x"]}, "require": seats(("legal", 1))}]
MALLORY = f"""\
  mallory:
    name: Mallory
    email: mallory@example.org
    github: [{{login: mallory-example, id: 666}}]
    keys: [{{public: {signing.public("mallory")}, valid_from: "2026-01-01"}}]
"""
UNLANDED = ("landing", "nothing lands-data")
MEMBER = '      - {person: lea, valid_from: "2026-01-01"}\n'


def joined(clone: Clone) -> Clone:
    """Mallory becomes a lawyer."""
    clone.edit(ROLES, "roles:\n  model-owner", f"{MALLORY}roles:\n  model-owner")
    clone.edit(ROLES, MEMBER, f"{MEMBER}{MEMBER.replace('lea', 'mallory')}")
    return clone


# B01


def test_b01_the_pr_edits_the_policy_that_judges_it(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.edit(POLICY, "      - {role: board, count: 1}\n", "")
    clone.edit("models/credit/model.yaml", "at_least: 0.75", "at_least: 0.7")
    clone.commit()
    approved(clone, ("lea", "legal"))
    policy = demand(clone.tally(), "policy-change")
    assert policy.standing is Standing.MISSING
    assert [seat.label for seat in policy.seats if seat.open] == ["board"]
    judged = clone.judged()
    assert (judged.code, judged.standing) == (1, "MISSING")
    approved(clone, ("rita", "board"), ("mina", "mlops"))
    assert clone.tally().green


@pytest.mark.parametrize(
    ("route", "value"),
    [
        (("rules",), LAX),
        (("rules", 0, "when"), {"paths": ["policies/nothing"]}),
        (("rules", 0, "require"), seats(("legal", 1))),
        (("otherwise",), seats(("model-owner", 1))),
        (("free",), [{"paths": ["**"], "because": "all of it"}]),
        (("unverified_authorship",), "accept"),
        (("lifts",), ["mlops"]),
        (("branches",), ["main", "side"]),
    ],
)
def test_b01_no_edit_of_the_policy_speaks_before_it_is_merged(
    route: tuple[str | int, ...], value: Any
) -> None:
    attack = law((route, value)).approve("lea", "legal")
    found = attack.tally()
    assert found.standing is Standing.MISSING
    assert rules(found) == {"policy-change"}
    assert attack.approve("boris", "board").tally().green
    assert found.effects[-1].kind == "changes-policy"


def test_b01_a_head_whose_policy_does_not_load_is_refused() -> None:
    attack = world().put(POLICY, DECLARED[POLICY] + "rules: []\n")
    attack.approve("lea", "legal").approve("boris", "board")
    assert "declarations/loadable" in red(attack.judge(base=world()))
    assert any(effect.kind == "loosens-approval" for effect in attack.tally().effects)


# B02


def test_b02_the_pr_adds_a_second_account_to_a_role(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    joined(clone).commit()
    approved(clone, ("mallory", "legal"), ("boris", "board"))
    judged = clone.tally()
    assert judged.standing is Standing.MISSING
    assert ignored(judged, "mallory") == [(Standing.INVALID, "nobody in the roles of the base")]

    joined(clone.on("main")).commit("mallory joins")
    clone.starts("later").put("policies/README.md", "Other words.\n").commit()
    assert approved(clone, ("mallory", "legal"), ("boris", "board")).tally().green


def test_b02_who_is_added_cannot_approve_and_who_is_there_must() -> None:
    membership = {
        "id": "membership", "because": "b", "when": {"changes": ["changes-role"]},
        "require": [{"changed_role": True, "count": 1}],
    }  # fmt: skip
    base = world()
    base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], membership])
    member = {"person": "rita", "valid_from": "2026-01-01"}
    grown = base.copy()
    grown.set(
        ROLES,
        ("roles", "mlops", "members"),
        [*grown.value(ROLES)["roles"]["mlops"]["members"], member],
    )
    shrunk = base.copy().set(ROLES, ("roles", "mlops", "members"), [member | {"person": "mina"}])
    account = base.copy().set(ROLES, ("people", "mina", "github"), [{"login": "second", "id": 99}])
    for attack in (grown, shrunk, account):
        attack.approve("lea", "legal", base=base).approve("boris", "board", base=base)
        attack.approve("rita", "mlops", base=base)
        assert demand(attack.tally(base), "membership").standing is Standing.MISSING
        attack.approve("milo", "mlops", base=base)
        assert attack.tally(base).green


def test_b02_a_role_that_is_new_can_be_brought_in() -> None:
    base = world()
    membership = {
        "id": "membership", "because": "b", "when": {"changes": ["changes-role"]},
        "require": [{"changed_role": True, "count": 1}, {"role": "legal", "count": 1}],
    }  # fmt: skip
    base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], membership])
    member = {"person": "rita", "valid_from": "2026-01-01"}
    attack = base.copy().set(ROLES, ("roles", "auditor"), {"title": "A", "members": [member]})
    attack.approve("lea", "legal", base=base).approve("rita", "auditor", base=base)
    assert attack.tally(base).standing is Standing.MISSING  # the board, at least
    assert attack.approve("boris", "board", base=base).tally(base).green


def test_b02_a_rule_that_asks_for_the_edited_role_only_asks_for_somebody_else_without_one() -> None:
    base = law((("rules", 0, "require"), [{"changed_role": True, "count": 1}]))
    attack = changed(base)
    assert attack.tally(base).standing is Standing.MISSING
    assert attack.approve("mina", "mlops", base=base).tally(base).green


# B03


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "of the base is missing"),
        ("", "does not load"),
        ("# nothing but words\n", "does not load"),
        ("{}\n", "does not load"),
        ("null\n", "does not load"),
        ("rules: []\n", "does not load"),
    ],
)
@pytest.mark.parametrize("path", [POLICY, ROLES])
def test_b03_a_base_without_a_policy_judges_nothing(path: str, text: str | None, why: str) -> None:
    base = world().remove(path) if text is None else world().put(path, text)
    attack = changed(base)
    assert unjudged(attack, base).startswith(path)
    assert why in unjudged(attack, base)
    judged = attack.judge(["approvals/required"], base=base, proposal=Proposed())
    assert (judged.exit_code, len(judged.results)) == (2, 1)
    assert changed(world()).tally().standing is Standing.MISSING


@pytest.mark.parametrize("key", ["rules", "otherwise"])
@pytest.mark.parametrize("value", [[], None])
def test_b03_no_rules_are_no_policy(key: str, value: Any) -> None:
    attack = law(((key,), value))
    assert "declarations/loadable" in red(attack.judge())
    assert "does not load" in unjudged(changed(attack), attack)


def test_b03_a_head_that_takes_the_policy_away(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.git("rm", "--quiet", POLICY)
    clone.commit()
    approved(clone, ("lea", "legal"), ("boris", "board"))
    assert "declarations/present" in red(clone.checked())
    assert any(effect.kind == "loosens-approval" for effect in clone.tally().effects)
    clone.starts("twin").put("policies/README.md", "Other words.\n").commit()
    approved(clone, ("lea", "legal"), ("boris", "board"))
    assert red(clone.checked()) == set()

    # Nobody can build on a base without one.
    clone.on("change").starts("next", "change").put("docs/x.md", "x\n").commit()
    with pytest.raises(CouldNotJudge, match="no law to judge by"):
        clone.tally(base="change", branch="main")


@pytest.mark.parametrize(
    "attack",
    [
        world().move(POLICY, "policies/old.yaml"),
        world().put(POLICY, ""),
        world().put(POLICY, "# words\n"),
    ],
    ids=["renamed", "emptied", "words"],
)
def test_b03_renamed_or_emptied(attack: World) -> None:
    attack.approve("lea", "legal").approve("boris", "board")
    assert attack.judge(base=world()).exit_code == 1
    assert world().judge(base=world()).exit_code == 0


# B04


def test_b04_a_branch_with_an_older_laxer_policy(tmp_path: Path) -> None:
    strict = DECLARED[POLICY]
    clone = Clone(tmp_path / "clone", start=law((("rules",), LAX)))
    clone.git("branch", "release/1")
    clone.put(POLICY, strict).commit("the policy comes into force")

    clone.starts("change", "release/1").put("policies/README.md", "Other words.\n")
    clone.commit(by="mina")
    with pytest.raises(CouldNotJudge, match="release/1 is no governed branch"):
        clone.tally(base="release/1")

    clone.on("release/1").git("merge", "--quiet", "--no-ff", "--no-edit", "change")
    clone.starts("carry", "release/1")
    carried = clone.tally()
    assert carried.change.paths == ("policies/README.md",)
    assert demand(carried, "policy-change").standing is Standing.MISSING
    assert "mina" in carried.authorship.people
    approved(clone, ("lea", "legal"), ("boris", "board"))
    assert clone.tally().authorship.unattributed == ()
    assert {seat.label for seat in demand(clone.tally(), "policy-change").seats if seat.open} == {
        "one more of board, legal"  # the merge itself is nobody's signed work
    }
    approved(clone, ("rita", "board"))
    assert clone.tally().green


# B05


@pytest.mark.parametrize(
    "path",
    [
        "policies/approvals.yml",
        "policies/approvals.json",
        "policies/Approvals.yaml",
        "policies/approvals.yaml.bak",
        "policies/old/approvals.yaml",
        "Policies/approvals.yaml",
        "CODEOWNERS",
        "docs/CODEOWNERS",
    ],
)
def test_b05_two_policy_files_and_the_other_one_wins(path: str) -> None:
    told = world().put(path, DECLARED[POLICY]).judge()
    assert told.exit_code == 1
    assert {finding.at.path for _, finding in told.findings} == {path}
    assert world().put("docs/policy.md", "Words about it.\n").judge().exit_code == 0


# B06

OLD = "records/approvals/a-1.yaml"
CONTROLS = (
    ".github/workflows/gate.yml", ".github/CODEOWNERS", ".ci/steps.yml", "action.yml", "Makefile",
    "locks/dev.txt", "pyproject.toml", "governance/approval.py", "adapters/git.py",
    "checks/engine.py", "cli/main.py", "pipelines/train.py", "services/serve.py", "dvc.yaml",
    "dvc.lock", "datasets.dvc", ".dvc/config", ".dvcignore", "data/.dvcignore", ".gitattributes",
    "docs/.gitattributes", ".gitmodules", ".mailmap", "tests/conftest.py", "conftest.py",
    "docs/sitecustomize.py", "docs/own.pth", "schemas/roles.json", "models/index.yaml",
    "policies/roles.yaml", "records/waivers/w-2.yaml", "artifacts/ml/models/credit/metrics.json",
    "data/ml/training/loans.csv", "tests/pytest.ini", "tox.ini", "docs/setup.cfg", "ruff.toml",
)  # fmt: skip


def test_b06_the_control_files_belong_to_somebody_whatever_the_policy_frees() -> None:
    base = law(
        (("free",), [{"paths": ["**"], "because": "everything"}]),
        (("rules", 0, "when"), {"paths": ["nothing/**"]}),
    )
    attack = base.copy()
    for path in (*CONTROLS, "docs/more.md", "src/x.py"):
        attack.put(path, "other\n")
    found = demand(attack.tally(base), "otherwise")
    assert set(found.reasons) == set(CONTROLS) - {"datasets.dvc"}  # `landing` speaks of it
    assert found.standing is Standing.MISSING
    attack.approve("mina", "mlops", base=base).approve("stella", "data-steward", base=base)
    assert attack.tally(base).green
    assert changed(base, "docs/more.md").tally(base).demands == ()


def test_b06_only_approvals_and_decisions_need_no_approval_themselves() -> None:
    others = (
        "records/approvals/README.md", "records/decisions/notes.md", "records/approvals/x.py",
        "records/approvals/.gitattributes", "records/approvals/old/a.yaml",
        "records/decisions/conftest.py", "records/approvals/a.yml",
    )  # fmt: skip
    attack = world()
    for path in others:
        attack.put(path, "x\n")
    assert set(demand(attack.tally(), "otherwise").reasons) == set(others)
    assert world().put("records/approvals/a-2.yaml", world().text(OLD)).tally().demands == ()
    assert not world().put(OLD, world().text(OLD) + "\n").tally().green
    assert not world().put("records/approvals/a-2.yaml", "x\n", "executable").tally().green


def test_b06_every_place_of_the_surface_is_tried() -> None:
    for pattern in SURFACE:
        assert any(glob.matches(pattern, path) for path in CONTROLS), pattern


def test_b06_only_the_workflow_is_edited(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone").starts()
    clone.put(".github/workflows/gate.yml", "on: push\n").commit()
    assert demand(clone.tally(), "otherwise").standing is Standing.MISSING
    assert approved(clone, ("mina", "mlops")).tally().green


# B07


def renamed(base: World) -> World:
    kept = base.value(ROLES)["roles"]
    names = {name: "counsel" if name == "legal" else name for name in kept}
    return base.set(ROLES, ("roles",), {names[name]: role for name, role in kept.items()})


SEAT = ("rules", 0, "require", 0)
MEMBERS = ("roles", "legal", "members")


@pytest.mark.parametrize(
    ("attack", "rule"),
    [
        (renamed, "declarations/references"),
        (lambda w: w.set(POLICY, (*SEAT, "role"), "leagl"), "declarations/references"),
        (lambda w: w.set(POLICY, ("otherwise", 0, "role"), "nobody"), "declarations/references"),
        (lambda w: w.set(POLICY, ("rules", 0, "veto"), ["nobody"]), "declarations/references"),
        (lambda w: w.set(POLICY, ("lifts",), ["nobody"]), "declarations/references"),
        (lambda w: w.set(ROLES, (*MEMBERS, 0, "person"), "gone"), "declarations/roles"),
        (lambda w: w.set(POLICY, (*SEAT, "count"), 3), "approvals/satisfiable"),
        (lambda w: w.set(POLICY, (*SEAT, "count"), 2), "approvals/satisfiable"),
        (lambda w: w.drop(ROLES, *MEMBERS, 0), "approvals/satisfiable"),
    ],
)
def test_b07_a_seat_that_names_nobody_is_an_error(
    attack: Callable[[World], World], rule: str
) -> None:
    assert rule in red(attack(world()).judge([rule]))
    assert rule not in red(world().judge([rule]))


def test_b07_on_the_base_such_a_seat_is_never_filled() -> None:
    base = law((("rules", 0, "require", 0, "role"), "leagl"))
    attack = changed(base)
    for person, role in (
        ("lea", "legal"),
        ("lars", "legal"),
        ("boris", "board"),
        ("rita", "board"),
    ):
        attack.approve(person, role, base=base)
    assert attack.tally(base).standing is Standing.MISSING
    twin = changed(world())
    assert twin.approve("lea", "legal").approve("boris", "board").tally().green


# B08


def test_b08_a_later_broader_line_takes_nothing_over() -> None:
    catch_all = {
        "id": "friends",
        "because": "b",
        "when": {"paths": ["**"]},
        "require": seats(("mlops", 1)),
    }
    strict = world().value(POLICY)["rules"]
    for order in ([*strict, catch_all], [catch_all, *strict]):
        base = law((("rules",), order))
        attack = changed(base).approve("mina", "mlops", base=base)
        found = attack.tally(base)
        assert demand(found, "friends").standing is Standing.APPROVED
        assert demand(found, "policy-change").standing is Standing.MISSING
        attack.approve("lea", "legal", base=base).approve("boris", "board", base=base)
        assert attack.tally(base).green


# B09


def test_b09_a_rule_that_never_applies_is_shown_and_its_paths_need_somebody() -> None:
    base = law((("rules", 0, "when"), {"paths": ["policy/**"]}))
    told = base.judge()
    assert "approvals/reach" in red(told)
    assert any("policy/** matches none of" in finding.problem for _, finding in told.findings)
    found = changed(base).tally(base)
    assert found.skipped == (("policy-change", "no touched path matches policy/**"), UNLANDED)
    assert rules(found) == {"otherwise"}
    assert found.standing is Standing.MISSING
    twin = law((("rules", 0, "when"), {"paths": ["policies/**"]}))
    assert twin.judge().exit_code == 0
    assert rules(changed(twin).tally(twin)) == {"policy-change"}


def test_b09_a_condition_on_something_unknown_does_not_skip_the_rule() -> None:
    for when in (
        {"labels": ["big"]},
        {"not": {"labels": ["small"]}},
        {"all": [{"paths": ["policies/**"]}, {"labels": ["big"]}]},
        {"not": {"any": [{"labels": ["small"]}, {"paths": ["docs/**"]}]}},
    ):
        base = law((("rules", 0, "when"), when))
        attack = changed(base)
        assert "policy-change" in rules(attack.tally(base)), when
    base = law((("rules", 0, "when"), {"labels": ["big"]}))
    known = changed(base).tally(base, proposed(pull()))
    assert known.skipped == (("policy-change", "no label big"), UNLANDED)


# B10


@pytest.mark.parametrize("count", [0, -1, True, "yes", "1", 1.0, 1.5, None, [], "two", 51])
def test_b10_a_count_is_a_whole_number_from_one(count: Any) -> None:
    for route in (("rules", 0, "require", 0, "count"), ("otherwise", 0, "count")):
        base = law((route, count))
        assert not loads(base)
        assert "does not load" in unjudged(changed(base), base)
    assert loads(law((("rules", 0, "require", 0, "count"), 1)))


def test_b10_left_out_or_written_as_yes() -> None:
    for old, new in (("legal, count: 1", "legal"), ("legal, count: 1", "legal, count: yes")):
        base = world().edit(POLICY, old, new)
        assert not loads(base)
        assert "does not load" in unjudged(changed(base), base)


def test_b10_not_more_than_the_role_has_without_the_author() -> None:
    assert "approvals/satisfiable" in red(law((("otherwise", 0, "count"), 2)).judge())
    assert law((("otherwise", 0, "count"), 1)).judge().exit_code == 0


def test_b10_a_choice_asks_for_somebody() -> None:
    of = seats(("legal", 1), ("board", 1))
    for at_least in (0, -1, True, 3):
        base = law((("rules", 0, "require"), [{"at_least": at_least, "of": of}]))
        assert not loads(base), at_least
    base = law((("rules", 0, "require"), [{"at_least": 1, "of": of}]))
    assert base.judge().exit_code == 0
    assert changed(base).tally(base).standing is Standing.MISSING
    assert changed(base).approve("rita", "board", base=base).tally(base).green


# B11

WAIVER = "records/waivers/w-1.yaml"


@pytest.mark.parametrize(
    ("route", "value", "rule"),
    [
        ("subject", "*", "declarations/loadable"),
        ("subject", "models/*/model.yaml", "declarations/loadable"),
        ("subject", "../models/credit/model.yaml", "declarations/loadable"),
        ("rule", "*", "declarations/loadable"),
        ("rule", "gates/*", "declarations/loadable"),
        ("until", "9999-12-31", "approvals/waivers"),
        ("until", "2027-06-01", "approvals/waivers"),
        ("until", None, "declarations/loadable"),
        ("owner", None, "declarations/loadable"),
        ("reason", "", "declarations/loadable"),
    ],
)
def test_b11_a_waiver_is_narrow_and_ends(route: str, value: Any, rule: str) -> None:
    assert rule in red(world().set(WAIVER, (route,), value).judge([rule]))
    assert rule not in red(world().set(WAIVER, ("until",), "2027-02-18").judge([rule]))


def test_b11_a_waiver_is_a_change_somebody_approves() -> None:
    adds = {
        "id": "waiver",
        "because": "b",
        "when": {"changes": ["adds-waiver"]},
        "require": seats(("board", 1)),
    }
    base = world()
    base.set(POLICY, ("rules",), [*base.value(POLICY)["rules"], adds])
    text = base.text(WAIVER).replace("w-1", "w-2")
    attack = base.copy().put("records/waivers/w-2.yaml", text)
    assert demand(attack.tally(base), "waiver").standing is Standing.MISSING
    assert attack.approve("rita", "board", base=base).tally(base).green


def test_the_helpers_tell_green_from_red() -> None:
    found = edited().tally(None, proposed(pull(review("lea"), review("boris", 3))))
    assert found.green
    assert ignored(found, "lea") == []
    assert (
        reasons(edited().tally(None, proposed(pull(review("mina")))), "mina")
        == "holds no seat here"
    )
    assert at(1) > at(0)
