"""The judgement for a job summary or a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterator

from checks.formats import text
from checks.judgement import Judgement
from governance.finding import Verdict

MOST = 200
"""Findings shown; a comment has a size limit at every forge."""


def render(judgement: Judgement) -> str:
    """A heading with the outcome, a table of findings, and what was not judged."""
    return "\n".join(_lines(judgement)) + "\n"


def _lines(judgement: Judgement) -> Iterator[str]:
    outcome = {0: "in order", 1: "not in order", 2: "could not be judged"}[judgement.exit_code]
    yield f"## Charter: {outcome}"
    yield ""
    yield cell(text.summary(judgement))
    findings = judgement.findings
    if findings:
        yield ""
        yield "| where | what | fix | rule |"
        yield "|---|---|---|---|"
        for rule, found in findings[:MOST]:
            what = " ".join([found.problem, *(f"({note})" for note in found.notes)])
            yield f"| {cell(str(found.at))} | {cell(what)} | {cell(found.fix)} | {rule} |"
        if len(findings) > MOST:
            yield ""
            yield f"{len(findings) - MOST} more findings: see the log or the SARIF report."
    waiting = [r for r in judgement.results if r.verdict is Verdict.ERROR and not r.findings]
    if waiting:
        yield ""
        yield "Not judged:"
        yield ""
        for result in waiting:
            yield f"- {result.rule}: {cell(result.reason or '')}"


def cell(words: str) -> str:
    """Text that Markdown and HTML show as it is."""
    return text.clean(words).translate(_ACTIVE)


_ACTIVE = {ord(mark): f"&#{ord(mark)};" for mark in "&<>|`*_[]\\~$"}
_ACTIVE |= {ord(mark): f"{mark}&#8203;" for mark in "@#"}
"""Marks by what shows them; people and issues are looked for in the shown text, hence the gap."""
