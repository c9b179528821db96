"""The judgement as SARIF 2.1.0, the form code-scanning tools read."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from checks.engine import rules
from checks.formats.text import clean
from checks.judgement import Judgement
from governance import jsontext
from governance.finding import Finding, Verdict

_LEVEL = {
    Verdict.FAIL: "error",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.ERROR: "error",
    Verdict.PASS: "note",
}


def render(judgement: Judgement) -> str:
    """One SARIF log with one run; rules that could not judge are tool notifications."""
    judged = {result.rule for result in judgement.results}
    pages = [rule for rule in rules() if rule.id in judged]
    index = {rule.id: number for number, rule in enumerate(pages)}
    notes = [
        {
            "level": "error",
            "message": {"text": clean(f"not judged: {result.reason}")},
            "associatedRule": {"id": result.rule, "index": index[result.rule]},
        }
        for result in judgement.results
        if result.verdict is Verdict.ERROR and not result.findings
    ]
    run = {
        "tool": {
            "driver": {
                "name": "charter",
                "rules": [
                    {
                        "id": rule.id,
                        "shortDescription": {"text": rule.page.title},
                        "fullDescription": {"text": rule.page.demands or rule.page.title},
                        "help": {"text": f"{rule.page.why}\n\n{rule.page.fix}".strip()},
                    }
                    for rule in pages
                ],
            }
        },
        "invocations": [
            {
                "executionSuccessful": judgement.exit_code != 2,  # noqa: PLR2004 - could not judge
                "exitCode": judgement.exit_code,
                "toolExecutionNotifications": notes,
            }
        ],
        "results": [_result(rule, found, index) for rule, found in judgement.findings],
        "columnKind": "unicodeCodePoints",
    }
    return jsontext.dump(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    ).decode()


def _result(rule: str, found: Finding, index: dict[str, int]) -> dict[str, Any]:
    lines = [found.problem, *found.notes, f"Fix: {found.fix}"]
    text = "\n".join(clean(line) for line in lines).replace("](", "] (")  # no links
    mark = hashlib.sha256(
        f"{rule}\x00{found.at.path}\x00{found.at.pointer}\x00{found.problem}".encode(
            errors="surrogatepass"
        )
    )
    region: dict[str, int] = {"startLine": found.at.line or 1}
    if found.at.column:
        region["startColumn"] = found.at.column
    return {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": _LEVEL[found.verdict],
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(found.at.path, errors="surrogateescape")},
                    "region": region,
                }
            }
        ],
        "partialFingerprints": {"charter/v1": mark.hexdigest()},
    }
