"""Spark gives what DuckDB gives, value by value and refusal by refusal."""

# ruff: noqa: DTZ001, RUF001 - times without zone and odd digits are the subject

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small

from adapters import engine
from governance import catalogue
from governance.contract import Column, Contract
from governance.finding import CouldNotJudge

ENGINES = ("duckdb", os.environ["CHARTER_ENGINE"])


def contract(text: str) -> Contract:
    value, _, findings = catalogue.read("policies/datasets/d.yaml", text.encode())
    assert isinstance(value, Contract), findings
    return value


VISITS, FLATS = contract(small.visits_contract()), contract(small.flats_contract())


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A connection to each engine, DuckDB first."""
    found = []
    for name in ENGINES:
        monkeypatch.setenv("CHARTER_ENGINE", name)
        found.append(engine.connect())
    assert [connection.name for connection in found] == ["duckdb", "pyspark"]
    return found


def both(engines: list[Any], look: Any) -> Any:
    """What each engine answers or why it refuses, which must be the same."""
    answers = []
    for connection in engines:
        try:
            answers.append(look(connection))
        except engine.Unreadable as error:
            answers.append(f"Unreadable: {error}")
    # Compared by their spelling, in which NaN equals NaN and 1 differs from 1.0.
    assert repr(answers[1]) == repr(answers[0])
    return answers[0]


def rows(table: ibis.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.run(lambda: table.to_pyarrow().to_pylist(), "parquet")
    return found


HEAD = "flat_id;district;area;rooms;rent"
CSV: dict[str, str | bytes] = {
    "plain": f"{HEAD}\n1;north;2.5;3;4\n2;süd;1;;5\n",
    "windows lines": f"{HEAD}\r\n1;north;2.5;3;4\r\n2;süd;1;;5\r\n",
    "old lines": f"{HEAD}\r1;north;2.5;3;4\r2;süd;1;;5\r",
    "mixed lines": f"{HEAD}\n1;north;2.5;3;4\r\n2;süd;1;;5\n",
    "byte order mark": f"\ufeff{HEAD}\n1;north;2.5;3;4\n",
    "no last newline": f"{HEAD}\n1;north;2.5;3;4",
    "quotes": f'{HEAD}\n1;"no;rth";"";"3";"x ""y"""\n',
    "newline in quotes": f'{HEAD}\n1;"no\nrth";2;3;4\n2;"a\r\nb";2;3;4\n',
    "quoted nothing": f'{HEAD}\n"";;"";;\n',
    "spaces": f"{HEAD}\n 1 ; north ;2;3; 4\n",
    "empty line": f"{HEAD}\n1;north;2;3;4\n\n2;süd;1;;5\n",
    "only a header": f"{HEAD}\n",
    "hash and words for null": f"{HEAD}\n#1;NULL;nan;NA;-\n",
    "too few fields": f"{HEAD}\n1;north;2;3;4\n2;süd\n",
    "too many fields": f"{HEAD}\n1;north;2;3;4;5\n",
    "stray quote": f'{HEAD}\n1;no"rth;2;3;4\n',
    "text after quote": f'{HEAD}\n1;"no"rth;2;3;4\n',
    "quote never closed": f'{HEAD}\n1;"north;2;3;4\n2;süd;1;;5\n',
    "cut in a row": f"{HEAD}\n1;north;2;3;4\n2;sü",
    "not UTF-8": f"{HEAD}\n1;".encode() + b"s\xfcd;2;3;4\n",
    "nul": f"{HEAD}\n1;no\0rth;2;3;4\n",
    "other delimiter": "flat_id,district\n1,north\n",
    "header twice": "flat_id;flat_id;area\n1;2;3\n",
    "case of a header": "Flat_id;flat_id;area\n1;2;3\n",
    "header without a name": "flat_id;;area\n1;2;3\n",
    "dots and ticks": "a.b;c`d;e f\n1;2;3\n",
    "one column": "flat_id\n1\n2\n",
    "binary": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("content", CSV.values(), ids=CSV)
def test_csv(content: str | bytes, engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.csv", content)
    both(
        engines, lambda c: (rows(engine.read(c, path, FLATS)), engine.read(c, path, FLATS).columns)
    )


def test_csv_is_guessed_alike(engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.csv", f"{HEAD};seen;ok\n1;süd;2.5;3;4;2026-01-02;true\n")
    table, delimiter = both(
        engines, lambda c: [str(part) if isinstance(part, str) else
                            [rows(part), part.schema()] for part in engine.sniff(c, path, "csv")]
    )  # fmt: skip
    assert (delimiter, table[0][0]["rooms"]) == (";", 3)


def damaged() -> dict[str, bytes]:
    """Bytes of Parquet files that are not what they should be."""
    sink = pa.BufferOutputStream()
    pq.write_table(small.visits(1, 3000), sink, compression="none", use_dictionary=False)
    good = sink.getvalue().to_pybytes()
    return {
        "nothing": b"",
        "cut": good[:-100],
        "half": good[: len(good) // 2],
        "no Parquet": b"visit_id,email\nV-000001,jane@example.org\n" * 50,
        "two magic words": b"PAR1" * 4,
        "no footer": b"PAR1" + b"\0" * 500 + b"PAR1",
        "pages overwritten": good[:4] + b"\xff" * 20000 + good[20004:],
    }


@pytest.mark.parametrize("content", damaged().values(), ids=damaged())
def test_damaged_parquet(content: bytes, engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.parquet", content)
    found = both(engines, lambda c: rows(engine.read(c, path, VISITS)))
    assert found.startswith("Unreadable: ")
    assert "jane" not in found


@pytest.mark.parametrize(
    "name", ["_hidden.parquet", ".hidden.parquet", "[a]*.parquet", "a:b{c,d}?.parquet",
             "sp ace'.parquet", "year=2024/x.parquet", "tick`%20.parquet"],
)  # fmt: skip
def test_a_file_of_any_name(name: str, engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / name, small.visits(1, 3))
    small.put(tmp_path / "a.parquet", small.visits(10, 3))
    found = both(engines, lambda c: rows(engine.read(c, path, VISITS)))
    assert [row["visit_id"] for row in found] == ["V-000001", "V-000002", "V-000003"]
    assert "year" not in found[0]


TYPED = pa.table({
    "large": pa.array([2**53 + 1, None, -(2**63)], pa.int64()),
    "small": pa.array([1, None, -7], pa.int8()),
    "float": pa.array([float("nan"), None, float("inf")], pa.float64()),
    "single": pa.array([0.1, None, -0.0], pa.float32()),
    "decimal": pa.array([None, 1, 2], pa.decimal128(12, 2)),
    "flag": pa.array([True, None, False]),
    "text": pa.array(["", None, "🙂\0"]),
    "day": pa.array([None, datetime(1500, 3, 1).date(), datetime(2026, 1, 2).date()], pa.date32()),
    "naive": pa.array([None, datetime(1800, 1, 1), datetime(2026, 3, 29, 2, 30)],
                      pa.timestamp("us")),
    "utc": pa.array([None, datetime(1800, 1, 1), datetime(2026, 3, 29, 2, 30)],
                    pa.timestamp("us", "UTC")),
    "milli": pa.array([None, datetime(1970, 1, 1), datetime(2026, 3, 29, 2, 30)],
                      pa.timestamp("ms")),
})  # fmt: skip


def test_columns_that_duckdb_would_rename_are_refused(engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.parquet", pa.table({"text": ["a"], "Text": ["b"]}))
    assert engine.parquet(engines[0], [path]).columns == ("text", "Text_1")
    with pytest.raises(engine.Unreadable, match="capital letters only"):
        engine.parquet(engines[1], [path])


def test_typed_columns(engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.parquet", TYPED)

    def typed(connection: Any) -> ibis.Table:
        table = engine.parquet(connection, [path])
        return table.mutate(utc=table.utc.cast("timestamp"))  # Ibis on Spark knows no zones

    both(engines, lambda c: rows(typed(c)))

    def facts(connection: Any) -> Any:
        table = typed(connection)
        asked = {}
        for name in table.columns:
            column = table[name]
            asked |= {f"{name} nulls": column.isnull().sum(), f"{name} known": column.count(),
                      f"{name} low": column.min(), f"{name} high": column.max(),
                      f"{name} there": column.notnull().sum()}  # fmt: skip
            if column.type().is_floating():
                asked |= {f"{name} nan": column.isnan().sum(), f"{name} inf": column.isinf().sum()}
        return engine.one(table.aggregate(**asked))

    found = both(engines, facts)
    assert (found["large high"], found["float nulls"]) == (2**53 + 1, 1)


TEXTS = [
    None, "", " ", "1", " 1 ", "\t1", "1\n", "\xa01", "+1", "-0", "--1", "007", "1.0", "1.5", "1,5",
    ".5",
    "5.", ".", "1e3", "1E+3", "1e400", "1e-400", "1d", "1f", "1.5D", "0x10", "0x1p3", "1_000", "１",
    "inf", "-Infinity", "nan", "-nan", "NaN", "0.1", "123456789.123456789", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "true", "TRUE", " true ", "t", "F", "yes", "n",
    "on", "01", "2", "2026", "2026-11", "20261120", "2026/11/20", "2026-11-20", " 2026-11-20 ",
    "2026-1-5", "2026-02-30", "2024-02-29", "1500-02-29", "1582-10-10", "0000-01-01", "0999-01-01",
    "9999-12-31", "10000-01-01", "+10000-01-01", "epoch", "infinity", "now", "today",
    "2026-11-20 09:30", "2026-11-20T09:30:00", "2026-11-20 9:30:00", "2026-11-20 09:30:00.5",
    "2026-11-20 09:30:00.123456", "2026-11-20 09:30:00.123456789", "2026-11-20 09:30:00.9999999",
    "2026-11-20T09:30:00Z", "2026-11-20T09:30:00+02:00", "2026-11-20 09:30:00-0530",
    "2026-11-20 09:30:00+02", "2026-11-20 00:30:00+14:00", "2026-11-20 09:30:00+99:00",
    "2026-11-20 09:30:00 UTC",
    "2026-11-20 09:30:00 Europe/Berlin", "2026-11-20 24:00:00", "2026-11-20 23:59:60",
    "2026-03-29 02:30:00", "1700-01-01 00:00:00", "2026-11-20T", "2026-11-20x",
]  # fmt: skip


@pytest.mark.parametrize("kind", engine.TYPES)
def test_texts_become_the_same_values(kind: Any, engines: list[Any]) -> None:
    column = replace(VISITS.columns[0], name="x", physical="x", type=kind)
    table = ibis.memtable(pa.table({"x": pa.array(TEXTS), "n": range(len(TEXTS))}))

    def values(connection: Any) -> Any:
        found = connection.to_pyarrow(
            table.order_by("n").select(text=table.x, value=engine.cast(table, column))
        )
        assert str(found.schema.field("value").type) == str(
            ibis.dtype(engine.TYPES[kind]).to_pyarrow()
        )
        return found.to_pylist()

    found = {row["text"]: row["value"] for row in both(engines, values)}
    if kind == "timestamp":
        assert found["2026-11-20T09:30:00+02:00"] == datetime(2026, 11, 20, 7, 30)


def test_fractions_are_no_integers(engines: list[Any]) -> None:
    column = Column(name="x", physical="x", type="integer")
    given = pa.table({"x": pa.array([1.0, 1.5, None, float("nan"), float("inf"), 1e30, -2.0])})
    table = ibis.memtable(given)
    found = both(
        engines, lambda c: c.to_pyarrow(table.select(v=engine.cast(table, column)))["v"].to_pylist()
    )
    assert found == [1, None, None, None, None, None, -2]


@pytest.mark.parametrize(
    "pattern", ["V-[0-9]{6}", "(?i)straße|é+", "a.c", r"\d+\w", "[^a]*", "(a|b)$", r"x\\y", "'\"`"],
)  # fmt: skip
def test_patterns(pattern: str, engines: list[Any]) -> None:
    texts = ["V-000001", "V-000001\n", "STRASSE", "STRAẞE", "ÉÉ", "a\rc", "a\u2028c", "abc", "٣x",
             "3_", "a", "b\n", "x\\y", "'\"`", "", None]  # fmt: skip
    table = ibis.memtable(pa.table({"x": pa.array(texts)}))
    both(
        engines,
        lambda c: c.to_pyarrow(table.select(v=engine.matches(table.x, pattern))).to_pylist(),
    )


@pytest.mark.parametrize(
    "pattern", [r"[[:alpha:]]+", r"a\s", r"\bx", r"[a-z&&[^b]]", r"a++", r"\pL", r"(?P<x>a)"]
)
def test_patterns_that_java_reads_otherwise_are_refused(pattern: str, engines: list[Any]) -> None:
    table = ibis.memtable(pa.table({"x": ["a"]}))
    with pytest.raises(CouldNotJudge, match="means something else to Spark"):
        engines[1].to_pyarrow(table.select(v=engine.matches(table.x, pattern)))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several row groups, whose rows stand in no order of their values."""
    path = tmp_path_factory.mktemp("many") / "many.parquet"
    values = [(i * 7919) % 300_007 for i in range(300_000)]
    pq.write_table(
        pa.table({"place": range(300_000), "value": values}), path, row_group_size=20_000
    )
    return path


def test_rows_keep_their_order_and_batches_their_size(engines: list[Any], many: Path) -> None:
    def sizes(connection: Any) -> Any:
        table = engine.parquet(connection, [many])
        found = list(engine.batches(connection, table.filter(table.value % 3 > 0), 65_536))
        assert pa.Table.from_batches(found)["place"].to_pylist() == [
            i for i in range(300_000) if (i * 7919) % 300_007 % 3
        ]
        return [batch.num_rows for batch in found], str(found[0].schema)

    counted, _ = both(engines, sizes)
    assert counted[:3] == [65_536] * 3


def test_rows_are_numbered_as_they_stand_in_each_file(engines: list[Any], many: Path) -> None:
    def numbered(connection: Any) -> Any:
        parts = [
            engine.parquet(connection, [many]).mutate(
                file=ibis.literal(n), row=ibis.row_number() + 1
            )
            for n in range(2)
        ]
        table = ibis.union(*parts, distinct=False)
        wrong = (table.row != table.place + 1).sum()
        asked = table.group_by("file").aggregate(wrong=wrong, last=table.row.max())
        return rows(asked.order_by("file"))

    assert both(engines, numbered) == [
        {"file": 0, "wrong": 0, "last": 300_000}, {"file": 1, "wrong": 0, "last": 300_000},
    ]  # fmt: skip


def test_keys_across_files(engines: list[Any], tmp_path: Path) -> None:
    first = small.put(tmp_path / "a.parquet", small.visits(1, 50))
    second = small.put(tmp_path / "b.parquet", small.visits(40, 30))

    def again(connection: Any) -> Any:
        parts = [
            engine.read(connection, path, VISITS)
            .select("visit_id")
            .mutate(file=ibis.literal(n), row=ibis.row_number() + 1)
            for n, path in enumerate([first, second])
        ]
        table = ibis.union(*parts, distinct=False)
        window = ibis.window(group_by="visit_id", order_by=["file", "row"])
        nth = table.mutate(nth=ibis.row_number().over(window))
        return rows(nth.filter(nth.nth > 0).order_by(["file", "row"]))

    found = both(engines, again)
    assert [(row["file"], row["row"]) for row in found] == [(1, n) for n in range(1, 12)]


def test_a_sum_that_overflows_is_an_error_not_a_number(engines: list[Any], tmp_path: Path) -> None:
    path = small.put(tmp_path / "a.parquet", pa.table({"x": [2**62, 2**62]}))
    table = engine.parquet(engines[1], [path])
    with pytest.raises(CouldNotJudge, match=r"Spark stopped \(ARITHMETIC_OVERFLOW"):
        engine.run(lambda: engine.one(table.aggregate(s=table.x.sum())), "parquet")


def test_spark_says_nothing(engines: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    table = ibis.memtable(pa.table({"x": [1, 2]}))
    engines[1].to_pyarrow(table.aggregate(s=table.x.sum()))
    assert capfd.readouterr() == ("", "")
