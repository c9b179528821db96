"""The judgement as workflow commands: the worst findings become annotations.

GitHub shows ten annotations per step; the job summary (`--format markdown`) holds them all.
"""

from __future__ import annotations

import hashlib

from checks.formats import text
from checks.judgement import Judgement
from governance.finding import Finding, Verdict

MOST = 10
_ORDER = (Verdict.ERROR, Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS)
_LEVEL = {Verdict.INCONCLUSIVE: "warning", Verdict.PASS: "notice"}


def render(judgement: Judgement) -> str:
    """Ten annotations, the rest as plain lines, then the sum."""
    ranked = sorted(judgement.findings, key=lambda pair: _ORDER.index(pair[1].verdict))
    lines = [_annotation(rule, found) for rule, found in ranked[:MOST]]
    lines += _quoted([line for pair in ranked[MOST:] for line in text.finding(*pair)])
    for result in judgement.results:
        if result.verdict is Verdict.ERROR and not result.findings:
            lines.append(
                f"::error title={_value(result.rule)}::{_data(f'not judged: {result.reason}')}"
            )
    return "\n".join([*lines, text.summary(judgement)]) + "\n"


def _quoted(lines: list[str]) -> list[str]:
    """Lines in which the runner looks for no commands; their writer cannot foresee the mark."""
    if not lines:
        return []
    mark = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return [f"::stop-commands::{mark}", *lines, f"::{mark}::"]


def _annotation(rule: str, found: Finding) -> str:
    level = _LEVEL.get(found.verdict, "error")
    message = "\n".join([found.problem, *found.notes, f"fix: {found.fix}"])
    place = f"file={_value(found.at.path)},line={found.at.line or 1}"
    if found.at.column:
        place += f",col={found.at.column}"
    return f"::{level} {place},title={_value(rule)}::{_data(message)}"


def _data(words: str) -> str:
    """Escapes that keep a message from becoming a second command."""
    shown = "\n".join(text.clean(line) for line in words.split("\n"))
    return shown.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(words: str) -> str:
    return _data(words).replace(":", "%3A").replace(",", "%2C")
