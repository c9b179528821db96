"""The judgement for programs; the shape is kept stable."""

from __future__ import annotations

import json
from typing import Any

from checks.judgement import Judgement
from governance import jsontext
from governance.finding import Finding


def render(judgement: Judgement) -> str:
    """One JSON object: what was judged, every rule's verdict, every finding."""
    value = {
        "format": 1,
        "tree": judgement.tree,
        "commit": judgement.commit,
        "base": judgement.base,
        "at": judgement.at.isoformat(),
        "exit_code": judgement.exit_code,
        "rules": [
            {"id": r.rule, "verdict": r.verdict.value, "reason": r.reason}
            for r in judgement.results
        ],
        "findings": [_finding(rule, found) for rule, found in judgement.findings],
    }
    return "".join(map(_visible, jsontext.dump(value).decode()))


def _visible(char: str) -> str:
    """A character, or its JSON escape when nobody would see it."""
    return char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1]


def _finding(rule: str, found: Finding) -> dict[str, Any]:
    return {
        "rule": rule,
        "verdict": found.verdict.value,
        "path": found.at.path.encode(errors="surrogateescape").decode(errors="backslashreplace"),
        "line": found.at.line,
        "column": found.at.column,
        "pointer": found.at.pointer,
        "problem": found.problem,
        "notes": list(found.notes),
        "fix": found.fix,
    }
