"""The engine reads what stands in a file, and hashes as Python does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
import small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import engine
from adapters.engine import Unreadable
from governance import catalogue, pseudonym
from governance.contract import Column, Contract
from governance.pseudonym import token


def contract(text: str) -> Contract:
    value, _, findings = catalogue.read("policies/datasets/d.yaml", text.encode())
    assert isinstance(value, Contract), findings
    return value


VISITS, FLATS = contract(small.visits_contract()), contract(small.flats_contract())
KEYS = {
    "short": b"k" * 32,
    "one block": b"k" * 64,
    "one byte more": b"k" * 65,
    "long": b"key " * 200,
    "not text": bytes(range(256)),
    "with quotes": b"' OR '1'='1'; -- " * 3,
}
VALUES = [
    "AC-1", "", " ", "a" * 1000, "é", "e\N{COMBINING ACUTE ACCENT}", "日本", "🙂", "x'y", 'x"y',
    "back\\slash", "line\nend", "nul\0inside", "-- drop", "%s", "{}", None,
]  # fmt: skip


def keyed(values: list[Any], key: bytes, kind: str = "string") -> list[str | None]:
    connection = engine.connect()
    table = ibis.memtable({"value": values}, schema={"value": kind})
    found: list[str | None] = (
        connection.to_pyarrow(table.select(token=engine.keyed(table.value, key)))
        .column("token")
        .to_pylist()
    )
    return found


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_pseudonyms_are_those_of_python(key: bytes) -> None:
    expected = [None if value is None else token(key, value) for value in VALUES]
    assert keyed(VALUES, key) == expected


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=1),
    st.binary(min_size=1, max_size=130),
)
def test_pseudonyms_of_any_text_and_key_are_those_of_python(
    values: list[str | None], key: bytes
) -> None:
    assert keyed(values, key) == [None if v is None else token(key, v) for v in values]


def test_numbers_are_hashed_as_they_are_written() -> None:
    assert keyed([17, None], b"k" * 32, "int64") == [token(b"k" * 32, "17"), None]


def test_the_fingerprint_names_the_key_alone() -> None:
    assert pseudonym.fingerprint(b"k") == pseudonym.fingerprint(b"k")
    assert pseudonym.fingerprint(b"k") != pseudonym.fingerprint(b"l")


def cast(text: str | None, column: Column) -> Any:
    table = ibis.memtable({column.physical: [text]}, schema={column.physical: "string"})
    found = engine.connect().to_pyarrow(table.select(value=engine.cast(table, column)))
    return found.column("value").to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("7", "integer", 7),
        (" -7 ", "integer", -7),
        ("1.5", "integer", None),
        ("1e3", "integer", None),
        ("0x10", "integer", None),
        ("9223372036854775808", "integer", None),
        ("", "integer", None),
        ("1.5", "number", 1.5),
        ("1,5", "number", None),
        ("much", "number", None),
        ("2026-11-20", "date", small.NOW.date()),
        ("2026-02-30", "date", None),
        ("20.11.2026", "date", None),
        ("2026-11-20 09:30:00", "timestamp", small.NOW.replace(tzinfo=None)),
        ("true", "boolean", True),
        ("perhaps", "boolean", None),
        ("", "string", ""),
        (None, "string", None),
    ],
)
def test_text_becomes_the_declared_type_or_nothing(text: str | None, kind: Any, value: Any) -> None:
    assert cast(text, replace(VISITS.columns[0], type=kind)) == value


def test_a_file_is_read_under_its_own_name_only(tmp_path: Path) -> None:
    small.put(tmp_path / "a.parquet", small.visits(1, 3))
    odd = small.put(tmp_path / "year=2024" / "[a]*.parquet", small.visits(50, 2))
    table = engine.read(engine.connect(), odd, VISITS)
    assert "year" not in table.columns
    assert table.select("visit_id").to_pyarrow().column(0).to_pylist() == ["V-000050", "V-000051"]


def test_rows_keep_their_order_however_many_are_read_at_once(tmp_path: Path) -> None:
    path = small.put(tmp_path / "many.parquet", small.visits(1, 5000))
    connection = engine.connect()
    table = engine.read(connection, path, VISITS).select("visit_id")
    batches = list(engine.batches(connection, table, 700))
    assert pa.Table.from_batches(batches).column(0).to_pylist() == [
        f"V-{number:06d}" for number in range(1, 5001)
    ]


def test_csv_cells_are_read_as_they_are_written(tmp_path: Path) -> None:
    lines = ["flat_id;district;area;rooms;rent", '007;"a;b";1.50;;"x ""y"""', "# 8;NULL;nan;'1';-"]
    path = small.put(tmp_path / "a.csv", "\n".join(lines))
    assert engine.read(engine.connect(), path, FLATS).to_pyarrow().to_pylist() == [
        {"flat_id": "007", "district": "a;b", "area": "1.50", "rooms": None, "rent": 'x "y"'},
        {"flat_id": "# 8", "district": "NULL", "area": "nan", "rooms": "'1'", "rent": "-"},
    ]


def test_a_fault_of_the_program_is_not_taken_for_a_damaged_file() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.run(broken, "parquet")


def test_messages_quote_no_row(tmp_path: Path) -> None:
    text = "flat_id;district;area;rooms;rent\n" + "1;north;2;3;4\n" * 30000 + "Jane Doe;1\n"
    path = small.put(tmp_path / "a.csv", text)
    with pytest.raises(Unreadable, match="at line 30002: check delimiter") as caught:
        engine.run(lambda: engine.read(engine.connect(), path, FLATS).to_pyarrow(), "csv")
    assert "Jane" not in str(caught.value)
