"""The sample data are what `pipelines/samples.py` and their contracts say they are."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from governance import catalogue
from governance.contract import Column, Contract
from pipelines import samples

TOP = Path(__file__).parents[2]
TYPES = {
    "integer": pa.types.is_integer,
    "number": pa.types.is_floating,
    "string": pa.types.is_string,
    "timestamp": pa.types.is_timestamp,
}


@pytest.fixture(scope="module")
def payments() -> pa.Table:
    return pa.concat_tables(sample.table for sample in samples.payment_default())


def contract(dataset: str) -> Contract:
    path = f"policies/datasets/{dataset}.yaml"
    value, _, findings = catalogue.read(path, (TOP / path).read_bytes())
    assert not findings
    assert isinstance(value, Contract)
    return value


def sums(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.parquet")
    }


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    for run in ("first", "second"):
        samples.main([str(tmp_path / run)])
    assert sums(tmp_path / "first") == sums(tmp_path / "second")
    assert len(sums(tmp_path / "first")) == 25


def test_a_month_alone_is_that_month_of_the_full_run(tmp_path: Path) -> None:
    full = {sample.path: sample for sample in samples.payment_default()}
    alone = samples.Sample("alone.parquet", samples.payment_month(2025, 12))
    month = samples.write(full["payment_default/2025-12.parquet"], tmp_path)
    assert samples.write(alone, tmp_path).read_bytes() == month.read_bytes()


def test_another_seed_gives_other_rows() -> None:
    assert not samples.payment_month(2025, 1).equals(samples.payment_month(2025, 1, base_seed=1))


def test_the_files_stay_small_enough_for_a_repository(tmp_path: Path) -> None:
    samples.main([str(tmp_path)])
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.parquet")) <= 1_500_000


def test_only_the_named_dataset_is_written(tmp_path: Path) -> None:
    samples.main([str(tmp_path), "diabetes_progression"])
    assert list(sums(tmp_path)) == ["diabetes_progression/patients.parquet"]


def test_an_unknown_dataset_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        samples.main([str(tmp_path), "payment_defaults"])
    assert "known: diabetes_progression, payment_default" in capsys.readouterr().err


@pytest.mark.parametrize("dataset", sorted(samples.DATASETS))
def test_the_rows_keep_their_contract(dataset: str) -> None:
    demanded = contract(dataset)
    table = pa.concat_tables(sample.table for sample in samples.DATASETS[dataset]())
    assert table.column_names == [column.name for column in demanded.columns]
    (rows,) = [rule for rule in demanded.rules if rule.metric == "rowCount"]
    assert rows.kept(table.num_rows)
    assert [broken for column in demanded.columns for broken in violations(column, table)] == []


def violations(column: Column, table: pa.Table) -> list[str]:
    values = table[column.name]
    known = pc.drop_null(values)
    broken = {
        "type": not TYPES[column.type](values.type),
        "required": column.required and values.null_count > 0,
        "unique": column.unique and len(known.unique()) < len(known),
        "minimum": column.minimum is not None and pc.min(known).as_py() < column.minimum,
        "maximum": column.maximum is not None and pc.max(known).as_py() > column.maximum,
        "enum": bool(column.values) and set(known.unique().to_pylist()) != set(column.values),
        "pattern": column.pattern is not None
        and not all(re.fullmatch(column.pattern, text) for text in known.to_pylist()),
    }
    return [f"{column.name}: {clause}" for clause, is_broken in broken.items() if is_broken]


def test_there_are_enough_statements_and_both_labels(payments: pa.Table) -> None:
    assert payments.num_rows >= 20_000
    assert 0.12 < pc.mean(payments["defaulted"]).as_py() < 0.18


def test_each_statement_was_billed_in_the_month_of_its_file() -> None:
    for sample in samples.payment_default():
        billed = pc.strftime(sample.table["billed_at"], "%Y-%m").unique().to_pylist()
        assert billed == [Path(sample.path).stem]


def test_income_is_missing_more_often_below_thirty(payments: pa.Table) -> None:
    missing = {
        band: pc.mean(pc.is_null(part["income"]).cast(pa.int8())).as_py()
        for band in samples.AGE_BANDS
        if (part := payments.filter(pc.equal(payments["age_band"], band))).num_rows
    }
    assert missing["18-29"] > 2 * max(missing[band] for band in samples.AGE_BANDS[1:])


@pytest.mark.parametrize(
    ("band", "youngest", "oldest"),
    [("18-29", 18, 29), ("30-44", 30, 44), ("45-59", 45, 59), ("60+", 60, 90)],
)
def test_bands_follow_ages(payments: pa.Table, band: str, youngest: int, oldest: int) -> None:
    ages = payments.filter(pc.equal(payments["age_band"], band))["age"]
    assert youngest <= pc.min(ages).as_py() <= pc.max(ages).as_py() <= oldest


def test_nobody_can_be_reached(payments: pa.Table) -> None:
    domains = {address.split("@")[1] for address in payments["email"].to_pylist()}
    assert domains == set(samples.MAIL_DOMAINS)
    assert all(
        re.fullmatch(r"\+44 7700 900\d{3}", number) for number in payments["phone"].to_pylist()
    )


def test_no_text_holds_a_card_number(payments: pa.Table) -> None:
    for name in ("account_id", "full_name", "email", "phone", "postcode"):
        longest = max(len(re.sub(r"\D", "", text)) for text in payments[name].to_pylist())
        assert longest < 13, f"{name} holds {longest} digits; card numbers have 13 to 19"


def test_the_diabetes_rows_are_the_published_ones() -> None:
    (sample,) = samples.diabetes_progression()
    first = sample.table.slice(0, 1).to_pylist()[0]
    assert sample.table.num_rows == 442
    assert {name: first[name] for name in ("age", "sex", "bmi", "glucose", "progression")} == {
        "age": 59, "sex": "2", "bmi": 32.1, "glucose": 87.0, "progression": 151.0,
    }  # fmt: skip
