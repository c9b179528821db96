"""What people and programs read: golden files, and text that tries to steer its reader.

`python -m pytest tests/checks/test_formats.py --golden` writes the golden files anew.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checks import engine
from checks.formats import github, markdown, sarif, text
from checks.formats import json as json_format
from checks.judgement import Judgement, RuleResult, worst
from cli.check import write
from governance.finding import Finding, Place, Verdict

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAMES = {"text": "txt", "json": "json", "sarif": "sarif.json", "github": "github.txt",
         "markdown": "md"}  # fmt: skip

EVIL = (
    "x\n::error::forged%0A::set-output name=ok::1\r\x1b[2J\u202e\u200b `*_[a](http://b)_*` "
    "<img src=x onerror=alert(1)> <!-- @everyone #1 | a \\| b ~~c~~ $d$ &lt;"
)


def result(rule: str, *findings: Finding, reason: str | None = None) -> RuleResult:
    verdict = worst(findings)
    if reason is not None:
        verdict = Verdict.ERROR
    return RuleResult(rule, verdict, findings, reason, waits=(reason or "").startswith("waits"))


def judgement(*results: RuleResult, base: str | None = None) -> Judgement:
    return Judgement(results, "HEAD", "c0ffee" * 6 + "c0ff", base, AT)


FEW = judgement(
    result(
        "datasets/source",
        Finding(
            Place("records/landings/loans/first.yaml", ("source", "licence_ends"), 9, 3),
            "licence CC-BY-4.0 of loans-register ended on 2026-11-21",
            "renew it",
            ("affected models: credit, hardship",),
        ),
    ),
    result("declarations/names"),
    result(
        "declarations/present",
        Finding(Place("policies/gates.yaml"), "policies/gates.yaml is missing", "restore it"),
    ),
    RuleResult("declarations/version", Verdict.NOT_APPLICABLE, reason="no base to compare with"),
    result(
        "gates/thresholds",
        Finding(
            Place("artifacts/ml/models/credit/metrics.json", ("performance", "roc_auc"), 27, 5),
            "credit: roc_auc at least 0.7: 0.82 [0.8, 0.84], n=9; too few rows, 1000 are needed",
            "evaluate on more rows, or ask for a recorded decision",
            verdict=Verdict.INCONCLUSIVE,
        ),
    ),
    result("gates/stricter", reason="waits for policies/gates.yaml is missing"),
    result("runs/last_retrain", reason="the clone is shallow"),
    base="ba5e" * 10,
)
NOTHING = judgement(result("declarations/names"), result("declarations/paths"))
HOSTILE = judgement(
    result(
        "declarations/paths",
        Finding(Place("docs/a\n::warning::b,c:d%.md", (), 1), EVIL, EVIL, (EVIL,)),
        Finding(Place("::error::all is well.md", (), 1), "a", "b"),
        Finding(Place("docs/\udcff.md", (), 1), "bytes that are no text", "b"),
    ),
    result("runs/readable", reason=EVIL),
)
MANY = judgement(
    result(
        "declarations/paths",
        *(
            Finding(
                Place(f"docs/{number:02}.md", (), number),
                f"problem {number}",
                "mend it",
                verdict=Verdict.INCONCLUSIVE if number < 6 else Verdict.FAIL,
            )
            for number in range(1, 26)
        ),
    )
)
CASES = {"few": FEW, "nothing": NOTHING, "hostile": HOSTILE, "many": MANY}


def without_pages(written: str) -> str:
    """A SARIF log without the texts of the rules, which change with their docstrings."""
    texts = {
        part
        for rule in engine.rules()
        for part in (rule.page.title, rule.page.demands, f"{rule.page.why}\n\n{rule.page.fix}")
    }
    for page_text in sorted(texts, key=len, reverse=True):
        written = written.replace(json.dumps(page_text, ensure_ascii=False), '"…"')
    return written


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("name", CASES)
def test_a_report_reads_as_agreed(name: str, form: str, request: pytest.FixtureRequest) -> None:
    written = without_pages(write(CASES[name], form, verbose=True))
    path = GOLDEN / f"{name}.{NAMES[form]}"
    if request.config.getoption("--golden"):
        path.write_text(written, encoding="utf-8", newline="")
    assert written == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", NAMES)
@pytest.mark.parametrize("name", CASES)
def test_a_report_can_be_written_anywhere(name: str, form: str) -> None:
    """No half characters, no control characters but line ends, and a line end at the end."""
    written = write(CASES[name], form)
    written.encode()
    assert written.endswith("\n")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\u200b]", written.replace(
        "&#8203;", "")), written  # fmt: skip


def test_a_quiet_report_leaves_out_what_is_green() -> None:
    loud, quiet = text.render(FEW, verbose=True), text.render(FEW)
    assert "pass  [declarations/names]" in loud
    assert "not applicable: no base to compare with  [declarations/version]" in loud
    assert "[declarations/names]" not in quiet
    assert "[declarations/version]" not in quiet
    assert quiet.splitlines()[-1] == loud.splitlines()[-1]


def test_hostile_text_starts_no_line_of_its_own() -> None:
    lines = text.render(HOSTILE).splitlines()
    assert len(lines) == 9
    assert not [line for line in lines if line.lstrip().startswith(("::", "##["))]


def commands(written: str) -> list[str]:
    """The commands a runner obeys in a log, as its documentation describes them."""
    obeyed, stopped = [], None
    for line in written.splitlines():
        command = re.match(r"\s*::([A-Za-z0-9-]+)[ :]?.*?::", line)
        if stopped is not None:
            stopped = None if line.strip() == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
        elif command:
            obeyed.append(command[1])
    assert stopped is None
    return obeyed


def test_ten_findings_are_annotated_and_the_rest_is_told() -> None:
    written = github.render(MANY)
    assert commands(written) == ["error"] * 10
    assert len(re.findall(r"^docs/\d\d\.md:\d+: ", written, re.MULTILINE)) == 15
    assert all(f"problem {number}" in written for number in range(1, 26))


def test_what_is_inconclusive_is_annotated_last_and_as_a_warning() -> None:
    assert commands(github.render(FEW)) == ["error", "error", "warning", "error", "error"]
    written = github.render(MANY).splitlines()
    assert [line for line in written[:10] if "docs/0" in line and "problem 5" in line] == []


SETTLED = judgement(
    result(
        "gates/thresholds",
        Finding(
            Place("a.json", (), 3), "too few rows", "nothing", ("settled by d-1.yaml: it helps",),
            Verdict.PASS,
        ),
    )
)  # fmt: skip


def test_what_a_decision_settled_is_told_and_stops_nothing() -> None:
    assert SETTLED.exit_code == 0
    lines = text.render(SETTLED).splitlines()
    assert lines[:2] == [
        "a.json:3: settled: too few rows  [gates/thresholds]", "  settled by d-1.yaml: it helps",
    ]  # fmt: skip
    assert lines[-1].startswith("0 findings, 1 settled; 1 rules: 1 pass")
    assert github.render(SETTLED).startswith("::notice file=a.json,line=3,")
    assert json.loads(sarif.render(SETTLED))["runs"][0]["results"][0]["level"] == "note"
    assert "| too few rows (settled by d-1.yaml: it helps) |" in markdown.render(SETTLED)


def test_hostile_text_gives_the_runner_no_command() -> None:
    assert commands(github.render(HOSTILE)) == ["error"] * 4
    padded = judgement(
        result("declarations/paths", *(f for _ in range(11) for f in HOSTILE.results[0].findings))
    )
    assert commands(github.render(padded)) == ["error"] * 10


def test_an_annotation_keeps_its_properties_apart() -> None:
    line = next(x for x in github.render(HOSTILE).splitlines() if "warning" in x)
    properties = line.split("::")[1]
    assert properties.count(",") == 2
    assert "%3A%3Awarning%3A%3Ab%2Cc%3Ad%25.md" in properties


def test_markdown_shows_hostile_text_as_it_is() -> None:
    written = markdown.render(HOSTILE)
    table = [line for line in written.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table} == {5}
    body = written.split("| rule |")[1]
    assert not re.search(r"[<>`*_\[\]~$\\]", body.replace("(http://b)", ""))
    assert not re.search(r"@(?!&#8203;)|(?<!&)#(?!&#8203;)", body)
    assert "<img" not in written


def test_markdown_shows_no_more_than_fits() -> None:
    wide = judgement(
        result("declarations/paths", *(Finding(Place("a", (), n), "b", "c") for n in range(1, 251)))
    )
    written = markdown.render(wide)
    assert written.count("\n| a:") == markdown.MOST
    assert "50 more findings" in written


def test_a_program_reads_json() -> None:
    value = json.loads(json_format.render(FEW))
    assert value["exit_code"] == 2
    assert [rule["verdict"] for rule in value["rules"]].count("error") == 2
    first = value["findings"][0]
    assert first["pointer"] == "/performance/roc_auc"
    assert set(first) == {
        "rule", "verdict", "path", "line", "column", "pointer", "problem", "notes", "fix",
    }  # fmt: skip
    assert json.loads(json_format.render(HOSTILE))["findings"][0]["problem"] == "a"


STRING = {"type": "string"}
MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": STRING},
    "additionalProperties": False,
}
COUNT = {"type": "integer", "minimum": 1}
SARIF: dict[str, Any] = {
    # What SARIF 2.1.0 says of the properties in use (sections 3.13 to 3.58), closed to others.
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "additionalProperties": False,
                    "properties": {"driver": {"$ref": "#/$defs/component"}},
                },
                "invocations": {"type": "array", "items": {"$ref": "#/$defs/invocation"}},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            },
        },
        "component": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": STRING,
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "additionalProperties": False,
                        "properties": {
                            "id": STRING,
                            "shortDescription": MESSAGE,
                            "fullDescription": MESSAGE,
                            "help": MESSAGE,
                        },
                    },
                },
            },
        },
        "invocation": {
            "type": "object",
            "required": ["executionSuccessful"],
            "additionalProperties": False,
            "properties": {
                "executionSuccessful": {"type": "boolean"},
                "exitCode": {"type": "integer"},
                "toolExecutionNotifications": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["message"],
                        "additionalProperties": False,
                        "properties": {
                            "message": MESSAGE,
                            "level": {"enum": ["none", "note", "warning", "error"]},
                            "associatedRule": {
                                "type": "object",
                                "additionalProperties": False,
                                "properties": {"id": STRING, "index": {"minimum": 0}},
                            },
                        },
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": STRING,
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": MESSAGE,
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
                "partialFingerprints": {"type": "object", "additionalProperties": STRING},
            },
        },
        "location": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation"],
                    "additionalProperties": False,
                    "properties": {
                        "artifactLocation": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {
                                "uri": {"type": "string", "pattern": r"^[A-Za-z0-9%/._~-]+$"}
                            },
                        },
                        "region": {
                            "type": "object",
                            "required": ["startLine"],
                            "additionalProperties": False,
                            "properties": {"startLine": COUNT, "startColumn": COUNT},
                        },
                    },
                }
            },
        },
    },
}


@pytest.mark.parametrize("name", CASES)
def test_sarif_has_the_shape_of_the_standard(name: str) -> None:
    log = json.loads(sarif.render(CASES[name]))
    problems = [error.message for error in Draft202012Validator(SARIF).iter_errors(log)]
    assert problems == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for told in run["results"]:
        assert rules[told["ruleIndex"]]["id"] == told["ruleId"]
    for note in run["invocations"][0]["toolExecutionNotifications"]:
        assert rules[note["associatedRule"]["index"]]["id"] == note["associatedRule"]["id"]
    for rule in rules:
        assert all(rule[part]["text"] for part in ("shortDescription", "fullDescription", "help"))


def test_sarif_knows_a_finding_again_when_lines_move() -> None:
    def mark(line: int, problem: str) -> str:
        found = Finding(Place("a.yaml", ("b",), line), problem, "c")
        log = json.loads(sarif.render(judgement(result("declarations/paths", found))))
        marks: dict[str, str] = log["runs"][0]["results"][0]["partialFingerprints"]
        return marks["charter/v1"]

    assert mark(1, "x") == mark(99, "x")
    assert mark(1, "x") != mark(1, "y")


def test_sarif_gives_a_reader_no_link() -> None:
    log = json.loads(sarif.render(HOSTILE))
    assert not [told for told in log["runs"][0]["results"] if "](" in told["message"]["text"]]


def test_the_sum_says_what_was_judged_by_whose_law() -> None:
    assert text.summary(FEW) == (
        "3 findings; 7 rules: 1 pass, 2 fail, 1 inconclusive, 1 not applicable, 2 error "
        "(HEAD c0ffeec0ffee against ba5eba5eba5e)"
    )
    assert text.summary(NOTHING) == "0 findings; 2 rules: 2 pass (HEAD c0ffeec0ffee)"
