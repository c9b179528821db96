"""Quality rules stop what they should, and say what they measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import small
import yaml

from pipelines.inputs import Refused
from pipelines.land import Landed, land
from pipelines.validate import validate

NEW = small.visits(900, 20)
REPORT = Path("artifacts/ml/datasets/visits/validation.json")
CONTRACT = Path("policies/datasets/visits.yaml")


def demand(root: Path, rule: str, column: str = "spend", key: str = "quality") -> None:
    """Puts a rule below a column of the contract."""
    path = root / CONTRACT
    path.write_text(
        path.read_text().replace(
            f"- name: {column}\n", f"- name: {column}\n        {key}: [{rule}]\n"
        )
    )


def put(root: Path, tmp_path: Path, table: Any, **options: Any) -> tuple[Landed, list[str]]:
    said: list[str] = []
    path = small.put(tmp_path / "new.parquet", table)
    return land(root, "visits", [path], small.NOW, say=said.append, **options), said


def refused(root: Path, tmp_path: Path, table: Any) -> list[str]:
    with small.unchanged(root), pytest.raises(Refused) as caught:
        put(root, tmp_path, table)
    return str(caught.value).splitlines()


def measured(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Rules below columns as `validate` leaves them behind."""
    monkeypatch.chdir(root)
    validate("visits")
    found: list[dict[str, Any]] = json.loads(REPORT.read_text())["quality"]
    return [fact for fact in found if fact["metric"] != "rowCount"]


NULLS = 22
"""Visits of `small.landed` without a value of `spend`, of 220."""
BY_SEX = "WITH x AS (SELECT COUNT(*) AS n FROM {table} GROUP BY sex) SELECT SUM(n) FROM x"
MEASURED = {
    "nulls": ("{metric: nullValues, mustBe: 22}", "spend", NULLS),
    "nulls in percent": (
        "{metric: nullValues, mustBeLessOrEqualTo: 10, unit: percent}", "spend", 10,
    ),
    "missing values": (
        "{metric: missingValues, arguments: {missingValues: [null]}, mustBe: 22}", "spend", NULLS,
    ),
    "missing numbers": (
        "{metric: missingValues, arguments: {missingValues: [-99]}, mustBe: 0}", "spend", 0,
    ),
    "missing words": (
        "{metric: missingValues, arguments: {missingValues: [web, shop]}, mustBe: 220}",
        "channel", 220,
    ),
    "invalid words": (
        "{metric: invalidValues, arguments: {validValues: [pigeon]}, mustBe: 220}", "channel", 220,
    ),
    "words of a form": (
        "{metric: invalidValues, arguments: {pattern: 'w.b|shop'}, mustBe: 0}", "channel", 0,
    ),
    "duplicates": ("{metric: duplicateValues, mustBe: 218}", "channel", 218),
    "duplicates of a key": ("{metric: duplicateValues, mustBe: 0}", "visit_id", 0),
    "SQL": (
        "{type: sql, query: 'SELECT COUNT(*) FROM ${table} WHERE ${column} IS NULL', mustBe: 22}",
        "spend", NULLS,
    ),
    "SQL with a common table": (
        f"{{type: sql, query: '{BY_SEX}', mustBe: 220}}",
        "spend", 220,
    ),
    "SQL over identifiers": (
        "{type: sql, query: 'SELECT COUNT(DISTINCT {column}) FROM {table}', mustBe: 220}",
        "email", 220,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "column", "number"), MEASURED.values(), ids=MEASURED)
def test_validate_measures(
    rule: str, column: str, number: float, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(landed, rule, column)
    (fact,) = measured(landed, monkeypatch)
    assert (fact["number"], fact["outcome"], fact["columns"]) == (number, "pass", [column])


BROKEN = "{metric: nullValues, mustBe: 0%s}"


def test_an_error_refuses_and_is_written(landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demand(landed, BROKEN % "")
    with pytest.raises(Refused, match="visits: nullValues of spend is 22, must be 0"):
        measured(landed, monkeypatch)
    fact = json.loads(REPORT.read_text())["quality"][-1]
    assert (fact["severity"], fact["number"], fact["outcome"]) == ("error", NULLS, "fail")


@pytest.mark.parametrize(("severity", "told"), [("warning", True), ("info", False)])
def test_what_is_no_error_never_refuses(
    severity: str, told: bool, landed: Path, monkeypatch: pytest.MonkeyPatch,  # noqa: FBT001
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    demand(landed, BROKEN % f", severity: {severity}")
    (fact,) = measured(landed, monkeypatch)
    assert (fact["severity"], fact["outcome"]) == (severity, "fail")
    said = capsys.readouterr().out
    assert ("visits: warning: nullValues of spend is 22, must be 0" in said) is told


def test_a_warning_is_told_at_landing_and_the_file_lands(landed: Path, tmp_path: Path) -> None:
    demand(landed, BROKEN % ", severity: warning")
    done, said = put(landed, tmp_path, NEW)
    assert done.rows == 20
    assert "warning: visits: nullValues of spend is 24, must be 0" in said


def test_landing_judges_all_rows_and_blames_the_new(landed: Path, tmp_path: Path) -> None:
    demand(landed, "{metric: nullValues, mustBeLessOrEqualTo: 23}")
    (told, *_) = refused(landed, tmp_path, NEW)
    assert told == (
        "visits/new.parquet: column spend: nullValues of spend is 24, must be at most 23:"
        " row 1, row 11  [nullValues]"
    )
    (aside,) = (landed / "quarantine").rglob("*.parquet")
    assert pq.read_table(aside)["charter_reason"].to_pylist() == ["spend: nullValues"] * 2


def test_rows_behind_a_rule_are_set_aside_when_asked(landed: Path, tmp_path: Path) -> None:
    demand(landed, "{metric: nullValues, mustBeLessOrEqualTo: 22}")
    done, _ = put(landed, tmp_path, NEW, without_bad_rows=True)
    assert (done.rows, done.set_aside) == (18, 2)


def test_a_rule_that_landed_rows_break_blames_no_new_one(landed: Path, tmp_path: Path) -> None:
    demand(landed, BROKEN % "")
    told = refused(landed, tmp_path, NEW.filter(NEW["spend"].is_valid()))
    assert told[0] == ("visits: column spend: nullValues of spend is 22, must be 0  [nullValues]")


def test_duplicates_beyond_the_limit_are_blamed(landed: Path, tmp_path: Path) -> None:
    demand(landed, "{metric: duplicateValues, mustBe: 0}", "email")
    table = small.with_cell(NEW, "email", 3, "person1@example.org")
    assert refused(landed, tmp_path, table)[0] == (
        "visits/new.parquet: column email: duplicateValues of email is 1, must be 0:"
        " row 4 (p…, 19 characters)  [duplicateValues]"
    )


def test_a_query_that_gives_a_bad_number_refuses_the_landing(landed: Path, tmp_path: Path) -> None:
    demand(landed, "{type: sql, query: 'SELECT COUNT(*) FROM {table}', mustBeLessThan: 230}")
    assert refused(landed, tmp_path, NEW)[0] == (
        "visits: column spend: sql of spend is 240, must be less than 230  [sql]"
    )


ANSWERS = {
    "nothing": "SELECT MAX(spend) FROM {table} WHERE spend < 0",
    "a word": "SELECT MAX(channel) FROM {table}",
}


@pytest.mark.parametrize("query", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_number_is_not_good_enough(
    query: str, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(landed, f"{{type: sql, query: '{query}', mustNotBe: 1}}")
    with pytest.raises(Refused, match="sql of spend is no number, must not be 1"):
        measured(landed, monkeypatch)


UNANSWERED = {
    "many rows": "SELECT spend FROM {table}",
    "a cast that fails": "SELECT MAX(CAST(channel AS DOUBLE)) FROM {table}",
    "types that do not fit": "SELECT SUM(channel) FROM {table}",
}


@pytest.mark.parametrize("query", UNANSWERED.values(), ids=UNANSWERED)
def test_a_query_without_an_answer_is_refused_without_values(
    query: str, landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(landed, f"{{type: sql, query: '{query}', mustBe: 1}}")
    with pytest.raises(Refused) as caught:
        measured(landed, monkeypatch)
    told = str(caught.value)
    assert told.startswith("visits: rule sql of spend: the engine cannot answer its query (")
    assert "web" not in told
    assert "shop" not in told


def test_a_query_opens_no_file_even_unparsed(landed: Path, tmp_path: Path) -> None:
    """The engine itself is closed, should the list of what is allowed ever have a hole."""
    from governance import catalogue  # noqa: PLC0415
    from pipelines import quality  # noqa: PLC0415

    demand(landed, "{type: sql, query: 'SELECT COUNT(*) FROM {table}', mustBe: 1}")
    contract, _, _ = catalogue.read(str(CONTRACT), (landed / CONTRACT).read_bytes())
    secret = small.put(tmp_path / "secret.csv", "a\n1\n")
    connection = quality.connect(contract, landed / "data")
    with pytest.raises(Exception, match="Permission Error"):
        connection.read_csv(secret)


# References: `flats` has ids 1 to 120.
TO_FLATS = "{to: flats.flat_id%s}"


def test_a_reference_counts_what_the_other_dataset_lacks(
    landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    demand(landed, TO_FLATS % "", "age", "relationships")
    (fact,) = measured(landed, monkeypatch)
    assert (fact["metric"], fact["number"], fact["outcome"]) == ("references", 0, "pass")
    digests = json.loads(REPORT.read_text())["references"]
    assert list(digests) == ["flats"]
    assert digests["flats"].startswith("sha256:")


def test_new_rows_of_a_dataset_have_those_judged_anew_that_refer_to_it(
    landed: Path, tmp_path: Path
) -> None:
    def noted() -> dict[str, str]:
        index = yaml.safe_load((landed / "models/index.yaml").read_text())
        found: dict[str, str] = index["datasets"]["visits"]["references"]
        return found

    assert noted() == {}
    demand(landed, TO_FLATS % "", "age", "relationships")
    put(landed, tmp_path, NEW)
    before = noted()
    path = small.put(tmp_path / "b.csv", small.flats(500))
    land(landed, "flats", [path], small.NOW, say=lambda _: None)
    after = noted()
    assert before.keys() == after.keys() == {"flats"}
    assert before != after


def test_a_new_row_that_refers_to_nothing_is_blamed(landed: Path, tmp_path: Path) -> None:
    demand(landed, TO_FLATS % "", "returned", "relationships")
    (told, *_) = refused(landed, tmp_path, small.altered(NEW, returned=[1] * 19 + [0]))
    assert told.startswith("visits/new.parquet: column returned: references flats.flat_id is ")
    assert told.endswith("must be 0: row 20 (0)  [references]")


def test_a_reference_may_only_warn(landed: Path, tmp_path: Path) -> None:
    severity = ", customProperties: [{property: severity, value: warning}]"
    demand(landed, TO_FLATS % severity, "returned", "relationships")
    _, said = put(landed, tmp_path, NEW)
    assert any(line.startswith("warning: visits: references flats.flat_id is ") for line in said)


def test_a_reference_to_its_own_dataset_sees_the_new_rows(landed: Path, tmp_path: Path) -> None:
    demand(landed, "{to: visits.email}", "channel", "relationships")
    (told, *_) = refused(landed, tmp_path, NEW)
    assert "column channel: references visits.email is 240, must be 0: row 1 (" in told


def test_a_dataset_that_never_landed_has_no_values(bare: Path, tmp_path: Path) -> None:
    demand(bare, TO_FLATS % "", "age", "relationships")
    (told, *_) = refused(bare, tmp_path, small.visits())
    assert "column age: references flats.flat_id is 120, must be 0: row 1 (" in told


LEADS_NOWHERE = {
    "an unknown dataset": ("people.id", "policies/datasets/people.yaml is missing"),
    "an unknown column": ("flats.number", "spend refers to flats.number, which does not exist"),
    "another type": ("flats.flat_id", "which holds integer values, spend does not"),
}


@pytest.mark.parametrize(("target", "says"), LEADS_NOWHERE.values(), ids=LEADS_NOWHERE)
def test_a_reference_leads_somewhere(target: str, says: str, landed: Path, tmp_path: Path) -> None:
    demand(landed, f"{{to: {target}}}", "spend", "relationships")
    assert any(says in line for line in refused(landed, tmp_path, NEW))


def test_numbers_that_name_a_person_stay_out_of_evidence(
    landed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = landed / "policies/datasets/flats.yaml"
    text = path.read_text()
    named = "- name: flat_id\n        logicalType: integer\n        classification: "
    path.write_text(text.replace(f"{named}none", f"{named}direct-identifier"))
    monkeypatch.chdir(landed)
    validate("flats")
    facts = json.loads(Path("artifacts/ml/datasets/flats/validation.json").read_text())["columns"]
    assert "minimum" not in facts["flat_id"] or facts["flat_id"]["minimum"] is None
    assert facts["area"]["minimum"] > 0
