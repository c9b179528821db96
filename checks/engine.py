"""Finds rules by their path, hands each the facts it names, and collects what they find."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import checks.rules
from checks.collect import Collector
from checks.judgement import Judgement, RuleResult, worst
from governance.finding import Blocked, CouldNotJudge, Finding, NotApplicable, Verdict


@dataclass(frozen=True, slots=True)
class Page:
    """A rule's docstring in parts."""

    title: str
    demands: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One question, found at `checks/rules/<family>/<rule>.py`."""

    id: str
    evaluate: Callable[..., Iterator[Finding | NotApplicable]]
    page: Page
    facts: tuple[type, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, sorted by id."""
    prefix = f"{checks.rules.__name__}."
    found = [
        _rule(module.name.removeprefix(prefix).replace(".", "/"), module.name)
        for module in pkgutil.walk_packages(checks.rules.__path__, prefix)
        if not module.ispkg
    ]
    return tuple(sorted(found, key=lambda rule: rule.id))


def _rule(identity: str, module_name: str) -> Rule:
    module = importlib.import_module(module_name)
    hints = typing.get_type_hints(module.evaluate)
    hints.pop("return", None)
    return Rule(identity, module.evaluate, page(module.__doc__ or ""), tuple(hints.values()))


def page(docstring: str) -> Page:
    """The four parts of a rule's docstring."""
    title, _, rest = inspect.cleandoc(docstring).partition("\n")
    parts = {"Demands": "", "Why": "", "Fix": ""}
    current = None
    for line in rest.splitlines():
        word, colon, text = line.partition(": ")
        if colon and word in parts:
            current, line = word, text  # noqa: PLW2901
        if current:
            parts[current] = f"{parts[current]} {line.strip()}".strip()
    return Page(title.strip(), parts["Demands"], parts["Why"], parts["Fix"])


def select(only: Iterable[str]) -> tuple[Rule, ...]:
    """The rules that ids, families or `family/*` name; all when nothing is named.

    Raises:
        CouldNotJudge: a name matches no rule.
    """
    wanted = [name.removesuffix("/*") for name in only]
    for name in wanted:
        if not any(_named(rule.id, name) for rule in rules()):
            msg = f"no rule is called {name}; `charter rules` lists them"
            raise CouldNotJudge(msg)
    return tuple(r for r in rules() if not wanted or any(_named(r.id, name) for name in wanted))


def _named(identity: str, name: str) -> bool:
    return identity == name or identity.startswith(f"{name}/")


def judge(collector: Collector, chosen: Iterable[Rule]) -> Judgement:
    """The verdict of each chosen rule on the collector's facts."""
    chosen = tuple(chosen)
    facts = {fact: collector.attempt(fact) for rule in chosen for fact in rule.facts}
    results = tuple(_result(rule, facts) for rule in chosen)
    situation = collector.situation
    return Judgement(
        results=tuple(_located(collector, result) for result in results),
        tree=situation.tree.name,
        commit=situation.tree.commit,
        base=situation.base.commit if situation.base else None,
        at=situation.now,
    )


def _result(rule: Rule, facts: dict[type, Any]) -> RuleResult:
    try:
        found = list(rule.evaluate(*(_known(facts[fact]) for fact in rule.facts)))
    except Blocked as blocked:
        return RuleResult(rule.id, Verdict.ERROR, reason=f"waits for {blocked}", waits=True)
    except CouldNotJudge as unknown:
        return RuleResult(rule.id, Verdict.ERROR, reason=str(unknown))
    except Exception as error:  # noqa: BLE001 - a rule that breaks must not turn green
        reason = f"the rule itself failed: {type(error).__name__}: {error}"
        return RuleResult(rule.id, Verdict.ERROR, reason=reason)
    findings = tuple(item for item in found if isinstance(item, Finding))
    skipped = [item.reason for item in found if isinstance(item, NotApplicable)]
    if skipped and not findings:
        return RuleResult(rule.id, Verdict.NOT_APPLICABLE, reason=skipped[0])
    return RuleResult(rule.id, worst(findings), findings)


def _known(fact: Any) -> Any:
    if isinstance(fact, CouldNotJudge):
        raise fact
    return fact


def _located(collector: Collector, result: RuleResult) -> RuleResult:
    findings = tuple(replace(found, at=collector.locate(found.at)) for found in result.findings)
    return replace(result, findings=findings)
