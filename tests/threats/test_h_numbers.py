"""Parsing and numbers: B84 to B89 of the catalogue of threats."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import signing
from attacks import POLICY, ROLES, Clone, approved, at_head, demand, proposed, red
from world import World, dump, world

from checks.judgement import Judgement
from governance.bounds import Threshold
from governance.evidence import Metrics
from governance.finding import CouldNotJudge, Verdict
from governance.gates import judge
from governance.tally import Standing

GATES = "policies/gates.yaml"
CREDIT = "models/credit/model.yaml"
METRICS = "artifacts/ml/models/credit/metrics.json"
COUNT = "      - {role: board, count: 1}"


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path / "clone").starts()


def refused(changed: World, path: str) -> None:
    """Asserts that the file is told not to load, and that nothing crashes over it."""
    judgement = at_head(changed).judge(
        ["declarations/loadable", "approvals/required"], base=world(), proposal=proposed()
    )
    told = {(rule, found.at.path) for rule, found in judgement.findings}
    assert ("declarations/loadable", path) in told
    assert red(judgement) == {"declarations/loadable", "approvals/required"}
    assert judgement.exit_code == 1


# B84

TWICE = {
    "a key given twice": (POLICY, COUNT, "      - {role: board, count: 1, count: 0}"),
    "a key given twice in lines": (GATES, "owner: board\n", "owner: board\nowner: mlops\n"),
    "a merged mapping": (POLICY, COUNT, "      - {<<: {count: 1}, role: board}"),
    "an alias": (POLICY, COUNT, "      - &seat {role: board, count: 1}\n      - *seat"),
    "an octal number": (POLICY, "count: 1}\nfree", "count: 01}\nfree"),
    "base sixty": (POLICY, "count: 1}\nfree", "count: 0:01}\nfree"),
    "an underscore": (GATES, "minimum_rows: 1000", "minimum_rows: 1_000"),
    "a version that is a number": (GATES, "version: 1.0.0", "version: 1.10"),
    "Norway": (POLICY, "because: the world says so", "because: NO"),
    "a key that is true": (GATES, "owner: board\n", "owner: board\non: board\n"),
    "a login of digits": (ROLES, "login: lea-example", "login: 0123"),
    "a tag": (POLICY, COUNT, "      - {role: board, count: !!int 1}"),
    "hexadecimal": (POLICY, "count: 1}\nfree", "count: 0x1}\nfree"),
}


@pytest.mark.parametrize(("path", "old", "new"), TWICE.values(), ids=TWICE)
def test_b84_yaml_that_says_two_things_is_refused(path: str, old: str, new: str) -> None:
    refused(world().edit(path, old, new), path)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        (POLICY, COUNT, "      - role: board\n        count: 1"),
        (GATES, "minimum_rows: 1000", "minimum_rows: 1001"),
        (GATES, "version: 1.0.0", "version: 1.10.0"),
        (POLICY, "because: the world says so", "because: 'NO'"),
    ],
)
def test_b84_yaml_that_says_one_thing_loads(clone: Clone, path: str, old: str, new: str) -> None:
    clone.edit(path, old, new).commit()
    assert not red(clone.checked("declarations/loadable"))


def test_b84_a_base_that_says_two_things_is_no_law(tmp_path: Path) -> None:
    clone = Clone(tmp_path / "clone")
    clone.edit(POLICY, COUNT, "      - {role: board, count: 1, count: 1}").commit()
    clone.starts().put("docs/a.md", "x\n").commit()
    with pytest.raises(CouldNotJudge, match="of the base does not load"):
        clone.tally()


# B85


def bomb() -> str:
    """Nine levels of nine aliases each."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]\n"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)]
    return "".join(lines)


def _gates() -> str:
    return world().text(GATES)


DOORS = {
    "two documents": f"{_gates()}---\n{_gates()}".encode(),
    "UTF-16": _gates().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + _gates().encode(),
    "text turned round": _gates().replace("owner: board", "owner: board  # \u202e").encode(),
    "aliases that explode": f"{_gates()}{bomb()}".encode(),
    "a day that is none": _gates().replace('"2026-11-01"', "2025-02-30").encode(),
    "a list at the top": b"- id: gates\n",
    "a text at the top": b"gates\n",
    "nothing": b"",
    "deep": b"a: " + b"[" * 5000 + b"]" * 5000 + b"\n",
    "long": b"# " + b"x" * (2 << 20) + b"\n" + _gates().encode(),
    "a control character": _gates().replace("board", "bo\x07ard").encode(),
    "no text": b"\xff\xfe\x00\n",
}


@pytest.mark.parametrize("data", DOORS.values(), ids=DOORS)
def test_b85_yaml_by_another_door_is_refused(data: bytes) -> None:
    refused(world().put(GATES, data), GATES)


def test_b85_what_is_refused_in_memory_is_refused_in_a_commit(clone: Clone) -> None:
    clone.put(GATES, DOORS["UTF-16"]).commit()
    judgement = clone.checked("declarations/loadable", "approvals/required")
    assert red(judgement) == {"declarations/loadable", "approvals/required"}


def test_b85_a_comment_of_umlauts_loads(clone: Clone) -> None:
    clone.put(GATES, f"# Schwellen für Börsen\n{_gates()}").commit()
    assert not red(clone.checked("declarations/loadable"))


# B86


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rows": 2000,\n  "task', '"rows": 2000,\n  "rows": 9000,\n  "task'),
        ('"value": 0.82', '"value": 0.5, "value": 0.99'),
        ('"value": 0.82', '"value": NaN'),
        ('"value": 0.82', '"value": Infinity'),
        ('"value": 0.82', '"value": 1e400'),
        ('"value": 0.82', f'"value": {"9" * 5000}'),
        ('"value": 0.82', '"value": 0.82, "v\\u0061lue": 0.99'),
    ],
    ids=["rows", "value", "NaN", "Infinity", "1e400", "huge", "escaped"],
)
def test_b86_json_that_says_two_things_is_no_evidence(old: str, new: str) -> None:
    assert not red(judged(world(), "runs/readable"))
    assert red(judged(world().edit(METRICS, old, new), "runs/readable")) == {"runs/readable"}


def test_b86_a_statement_that_says_two_things_is_no_approval(clone: Clone) -> None:
    clone.edit(GATES, "at_least: 0.7,", "at_least: 0.6,").commit()
    of = clone.digest()
    approved(clone, ("boris", "board"))
    text = signing.stated("lea", "legal", "change", of)
    text = text.replace('"by":"lea"', '"by":"lars","by":"lea"')
    assert text.count('"by"') == 2
    sign = signing.sign("lea", text).replace("\n", "\n  ")
    at = "2026-11-20T08:00:00Z"
    clone.put(
        "records/approvals/n-1.yaml",
        f'id: n-1\nat: "{at}"\nstatement: |\n  {text}\nsignature: |\n  {sign}\n',
    ).commit()
    policy = demand(clone.tally(), "policy-change")
    assert policy.standing is Standing.MISSING
    assert "approvals/records" in red(clone.checked("approvals/records"))
    clone.approve("lea", "legal", of=of)
    assert demand(clone.tally(), "policy-change").standing is Standing.APPROVED


# B87


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "true", "'0.7'", "1e400", "null"])
def test_b87_a_bound_that_is_no_number_is_refused(value: str) -> None:
    refused(world().edit(GATES, "at_least: 0.7,", f"at_least: {value},"), GATES)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 90.0, -0.1])
@pytest.mark.parametrize("way", ["at_least", "at_most"])
def test_b87_a_measure_that_is_no_number_passes_no_bound(way: str, value: float) -> None:
    metrics = Metrics.model_validate_json(world().files[METRICS], strict=True)
    name = "roc_auc" if way == "at_least" else "brier_score"
    bound = Threshold.model_validate({"metric": name, way: 0.7, "minimum_rows": 1})
    measure = metrics.performance["roc_auc"]
    twisted = metrics.model_copy(
        update={"performance": {name: measure.model_copy(update={"value": value})}}
    )
    (result,) = judge([bound], [], twisted, [])
    assert result.verdict is Verdict.ERROR
    good = 0.82 if way == "at_least" else 0.5
    honest = metrics.model_copy(
        update={"performance": {name: measure.model_copy(update={"value": good})}}
    )
    assert next(judge([bound], [], honest, [])).verdict is Verdict.PASS


# B88


def judged(changed: World, *only: str) -> Judgement:
    return changed.judge(only or ("gates/*", "runs/*"))


def renamed(w: World) -> World:
    measures = w.value(METRICS)["performance"]
    measures["auc"] = measures.pop("roc_auc")
    return w.set(METRICS, ("performance",), measures).retrain()


def ungrouped(w: World) -> World:
    groups = w.value(METRICS)["fairness"]["sex"]["groups"]
    del groups["f"]
    return w.set(METRICS, ("fairness", "sex", "groups"), groups).retrain()


def unmeasured(w: World) -> World:
    return w.set(METRICS, ("fairness",), {}).retrain()


LACKING = {
    "a metric under another name": renamed,
    "a protected group left out": ungrouped,
    "no protected attribute": unmeasured,
    "an empty file": lambda w: w.put(METRICS, ""),
    "an empty value": lambda w: w.put(METRICS, "{}\n"),
    "no file": lambda w: w.remove(METRICS),
}


@pytest.mark.parametrize("change", LACKING.values(), ids=LACKING)
def test_b88_no_metric_is_no_pass(change: object) -> None:
    assert judged(world()).exit_code == 0
    assert callable(change)
    assert judged(change(world())).exit_code != 0


def test_b88_a_bound_nobody_measures_is_an_error(clone: Clone) -> None:
    bound = "    - {metric: f1, at_least: 0.1, minimum_rows: 1}\n  fairness"
    text = (clone.root / GATES).read_text().replace("  fairness", bound, 1)
    clone.put(GATES, text).commit()
    assert red(clone.checked("gates/thresholds")) == {"gates/thresholds"}


def test_b88_the_verdict_says_how_much_was_judged(clone: Clone) -> None:
    from checks import engine  # noqa: PLC0415 - only here
    from cli.check import write  # noqa: PLC0415 - only here

    judgement = clone.checked()
    assert len(judgement.results) == len(engine.rules())
    assert f"{len(engine.rules())} rules" in write(judgement, "text")
    with pytest.raises(CouldNotJudge):
        engine.select(["nothing/*"])


# B89


def measured(value: float) -> World:
    return world().set(METRICS, ("performance", "roc_auc", "value"), value).retrain()


@pytest.mark.parametrize(
    ("value", "green"), [(0.75, True), (0.7499999, False), (0.7496, False), (75, False)]
)
def test_b89_a_bound_is_met_exactly(value: float, green: bool) -> None:  # noqa: FBT001
    assert (judged(measured(value), "gates/thresholds").exit_code == 0) is green


@pytest.mark.parametrize("value", ['"0.95"', "true", "[0.95]", "null"])
def test_b89_a_number_is_a_number(value: str) -> None:
    attack = world().edit(METRICS, '"value": 0.82', f'"value": {value}')
    assert "runs/readable" in red(judged(attack, "runs/readable"))


def test_b89_a_bound_says_its_direction_once() -> None:
    value = world().value(GATES)
    value["classification"]["performance"][0] |= {"at_most": 0.9}
    refused(world().put(GATES, dump(value)), GATES)


def test_b89_the_worst_group_decides_and_not_the_mean() -> None:
    wide = world().set(
        METRICS, ("fairness", "sex", "disparities", "demographic_parity_difference"), 0.11
    )
    assert judged(wide.retrain(), "gates/thresholds").exit_code == 1
