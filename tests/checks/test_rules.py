"""What holds for every rule, whatever it asks."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cases import Green, Red
from proposed import Proposed
from world import world

import checks.rules
from checks import engine
from checks.engine import Rule
from governance.finding import Verdict

HERE = Path(__file__).parent
RULES = {rule.id: rule for rule in engine.rules()}
NEEDS_A_BASE = {
    "approvals/required", "declarations/version", "incidents/triaged", "rollout/champion",
    "rollout/healthy", "rollout/paths", "rollout/rollback", "rollout/soak", "rollout/step",
}  # fmt: skip


@cache
def tables() -> dict[str, dict[str, dict[str, Any]]]:
    """The red and the green rows of all families, by rule."""
    found: dict[str, dict[str, dict[str, Any]]] = {"RED": {}, "GREEN": {}}
    for path in sorted((HERE / "rules").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"tables_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name in found:
            found[name] |= getattr(module, name)
    return found


def every_rule() -> Any:
    return pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def test_the_valid_world_is_green_and_every_rule_has_something_to_judge() -> None:
    judgement = world().judge()
    verdicts = {result.rule: result.verdict for result in judgement.results}
    expected = {
        name: Verdict.NOT_APPLICABLE if name in NEEDS_A_BASE else Verdict.PASS for name in RULES
    }
    assert verdicts == expected
    assert judgement.exit_code == 0


def test_a_base_leaves_nothing_unjudged() -> None:
    changed = world().put("docs/more.md", "More.\n")
    judgement = changed.judge(base=world(), proposal=Proposed())
    assert {result.verdict for result in judgement.results} == {Verdict.PASS}


def test_the_files_are_the_rules() -> None:
    top = Path(next(iter(checks.rules.__path__)))
    files = {p.relative_to(top).with_suffix("").as_posix() for p in top.glob("*/*.py")}
    assert set(RULES) == {name for name in files if not name.endswith("__init__")}


@every_rule()
def test_a_rule_shows_that_it_can_fail(rule: Rule) -> None:
    assert tables()["RED"].get(rule.id), "no violating case in tests/checks/rules/"


def test_no_table_speaks_of_a_rule_that_is_gone() -> None:
    assert set(tables()["RED"]) | set(tables()["GREEN"]) <= set(RULES)
    kinds = {
        type(c) for table in tables().values() for rows in table.values() for c in rows.values()
    }
    assert kinds == {Red, Green}


@every_rule()
def test_a_rule_has_a_page(rule: Rule) -> None:
    page = rule.page
    assert page.title.endswith(".")
    assert len(page.title) <= 96
    for part in (page.demands, page.why, page.fix):
        assert part.endswith("."), part
    text = (HERE.parents[1] / "checks/rules" / f"{rule.id}.py").read_text()
    assert [line for line in ("\nDemands: ", "\nWhy: ", "\nFix: ") if line not in text] == []


@every_rule()
def test_a_rule_names_its_facts(rule: Rule) -> None:
    assert rule.facts
    assert rule.evaluate.__module__ == f"checks.rules.{rule.id.replace('/', '.')}"


@every_rule()
def test_a_rule_repeats_itself(rule: Rule) -> None:
    """The same facts give the same findings in the same order."""
    case = next(iter(tables()["RED"][rule.id].values()))
    changed = case.change(world())
    base = case.base(world()) if case.base else None
    first, second = (
        changed.judge([rule.id], now=case.now, base=base, proposal=case.proposal) for _ in range(2)
    )
    assert first == second
