"""Tables of one broken thing each: how the world is changed, and what has to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from world import NOW, World, world

from adapters.proposal import Proposal
from checks.judgement import Judgement
from governance.finding import Verdict

Change = Callable[[World], World]
Table = Mapping[str, Mapping[str, "Red"]]


class Red:
    """A world in which something is told.

    Each of `told` is a path, words of the line pointed at (empty for a file that is not
    there), words of the problem, and the rule where it is not the table's own. `waits` names
    rules that cannot judge because of a finding; `only` asks no other rule, for changes that
    several rules speak about.
    """

    def __init__(
        self,
        change: Change,
        *told: tuple[str, ...],
        now: datetime = NOW,
        base: Change | None = None,
        waits: tuple[str, ...] = (),
        only: bool = False,
        verdict: Verdict = Verdict.FAIL,
        proposal: Proposal | None = None,
    ) -> None:
        self.change, self.told, self.now = change, told, now
        self.base, self.waits, self.only, self.verdict = base, waits, only, verdict
        self.proposal = proposal


@dataclass(frozen=True)
class Green:
    """A world in which nothing is told."""

    change: Change
    now: datetime = NOW
    base: Change | None = None
    proposal: Proposal | None = None


def rows(table: Mapping[str, Mapping[str, Any]]) -> Any:
    """Decorates a test with one run for each row of a table."""
    found = [
        pytest.param(rule, case, id=f"{rule}: {name}")
        for rule, cases in table.items()
        for name, case in cases.items()
    ]
    return pytest.mark.parametrize(("rule", "case"), found)


def tells(rule: str, case: Red) -> Judgement:
    """Asserts that a change is told by exactly this rule, in the right places."""
    changed = case.change(world())
    base = case.base(world()) if case.base else None
    judgement = changed.judge(
        [rule] if case.only else (), now=case.now, base=base, proposal=case.proposal
    )
    wanted = sorted((told[0], told[3] if len(told) > 3 else rule) for told in case.told)
    found = [(finding.at.path, name) for name, finding in judgement.findings]
    assert sorted(found) == wanted, shown(judgement)
    left = list(judgement.findings)
    for path, line, problem, *_ in case.told:
        match = next((f for f in left if _fits(changed, f[1], path, line, problem)), None)
        assert match is not None, f"nothing says {problem!r} at {line!r}\n{shown(judgement)}"
        left.remove(match)
    reds = {r.rule for r in judgement.results if not r.verdict.green and not r.waits}
    assert reds == {name for _, name in wanted} | {rule}, shown(judgement)
    assert {r.rule for r in judgement.results if r.waits} == set(case.waits), shown(judgement)
    own = next(result for result in judgement.results if result.rule == rule)
    assert own.verdict is case.verdict, shown(judgement)
    assert judgement.exit_code == (2 if case.verdict is Verdict.ERROR else 1)
    for _, finding in judgement.findings:
        assert finding.fix.strip()
        assert finding.problem.strip()
        if finding.at.path in changed.files:
            lines = changed.files[finding.at.path].count(b"\n") + 1
            assert finding.at.line is not None
            assert 1 <= finding.at.line <= lines
    return judgement


def keeps_quiet(case: Green) -> None:
    """Asserts that a change is told by no rule at all."""
    base = case.base(world()) if case.base else None
    judgement = case.change(world()).judge(now=case.now, base=base, proposal=case.proposal)
    assert judgement.exit_code == 0, shown(judgement)


def shown(judgement: Judgement) -> str:
    """What a failed test prints."""
    lines = [f"{f.at}: {f.verdict}: {f.problem}  [{rule}]" for rule, f in judgement.findings]
    lines += [
        f"{r.verdict}: {r.reason}  [{r.rule}]" for r in judgement.results if r.verdict == "error"
    ]
    return "\n" + "\n".join(lines)


def _fits(changed: World, finding: Any, path: str, line: str, problem: str) -> bool:
    if finding.at.path != path or problem not in finding.problem:
        return False
    if path not in changed.files:
        return line == "" and finding.at.line in {None, 1}
    return finding.at.line is not None and line in changed.line(path, finding.at.line)
