"""A rewritten file is the old one without the rows that go, and otherwise the old one."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.engine import Unreadable
from governance import catalogue
from governance.anonymise import Unfit, treatments
from governance.contract import Column, Contract
from pipelines import rewrite as module
from pipelines.rewrite import Flags, rewrite

KEY = b"k" * 32


def contract(text: str, name: str) -> Contract:
    value, _, findings = catalogue.read(f"policies/datasets/{name}.yaml", text.encode())
    assert isinstance(value, Contract), findings
    return value


VISITS = contract(small.visits_contract(), "visits")
FLATS = contract(small.flats_contract(), "flats")


def flags(*values: int) -> Flags:
    return np.array(values, dtype=np.bool_)


def every(rows: int, nth: int) -> Flags:
    return np.arange(rows) % nth == 0


def test_parquet_keeps_schema_row_groups_codecs_and_order(tmp_path: Path) -> None:
    table = small.visits(1, 100).replace_schema_metadata({"owner": "them"})
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table, source, row_group_size=30, compression={"email": "gzip", "age": "zstd"})
    gone = every(100, 4)
    assert rewrite(source, target, gone, VISITS) == 75
    assert pq.read_table(target).equals(table.filter(pa.array(~gone)), check_metadata=True)
    old, new = pq.read_metadata(source), pq.read_metadata(target)
    assert [new.row_group(i).num_rows for i in range(new.num_row_groups)] == [22, 23, 22, 8]
    for index in range(old.num_columns):
        before, after = (meta.row_group(0).column(index) for meta in (old, new))
        assert (before.compression, before.encodings) == (after.compression, after.encodings)


def test_what_only_erased_rows_said_is_in_no_dictionary(tmp_path: Path) -> None:
    words = [None if n % 7 == 0 else "secret" if n % 4 == 0 else f"w{n % 5}" for n in range(100)]
    table = small.altered(small.visits(1, 100), channel=words)
    source, target = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(table, source, row_group_size=30, compression="none")
    gone = every(100, 4)
    rewrite(source, target, gone, VISITS)
    assert pq.read_table(target).equals(table.filter(pa.array(~gone)))
    assert b"secret" in source.read_bytes()
    assert b"secret" not in target.read_bytes()


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    source = small.put(tmp_path / "a.parquet", small.visits(1, 500))
    for name in ("b", "c"):
        rewrite(source, tmp_path / name, every(500, 3), VISITS)
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


def test_a_huge_row_group_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LARGEST", 40)
    table = small.visits(1, 100)
    source, gone = small.put(tmp_path / "a.parquet", table), every(100, 7)
    rewrite(source, tmp_path / "b", gone, VISITS)
    assert pq.read_table(tmp_path / "b").equals(table.filter(pa.array(~gone)))
    assert pq.read_metadata(tmp_path / "b").num_row_groups == 3


def test_row_groups_that_go_whole_leave_nothing(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    pq.write_table(small.visits(1, 60), source, row_group_size=20)
    gone = np.arange(60) < 40
    assert rewrite(source, tmp_path / "b", gone, VISITS) == 20
    assert pq.read_metadata(tmp_path / "b").num_row_groups == 1
    assert rewrite(source, tmp_path / "c", np.ones(60, np.bool_), VISITS) == 0


@pytest.mark.parametrize("name", ["parquet", "csv"])
def test_another_number_of_rows_is_refused(tmp_path: Path, name: str) -> None:
    content: Any = small.visits(1, 9) if name == "parquet" else small.flats(1, 9)
    source = small.put(tmp_path / f"a.{name}", content)
    for count in (8, 10):
        with pytest.raises(Unreadable, match="rows by one count"):
            rewrite(source, tmp_path / "b", np.zeros(count, np.bool_),
                    VISITS if name == "parquet" else FLATS)  # fmt: skip


@pytest.mark.parametrize(
    ("case", "text", "left"),
    [
        ("plain", b"flat_id;rent\n1;2\n3;4\n", b"flat_id;rent\n3;4\n"),
        ("windows ends of line", b"flat_id;rent\r\n1;2\r\n3;4\r\n", b"flat_id;rent\r\n3;4\r\n"),
        ("no end of the last line", b"flat_id;rent\n1;2\n3;4", b"flat_id;rent\n3;4"),
        ("a byte order mark", b"\xef\xbb\xbfflat_id;rent\n1;2\n3;4\n",
         b"\xef\xbb\xbfflat_id;rent\n3;4\n"),
        ("needless quotes stay", b'"flat_id";rent\n"1";2\n"3";"4"\n', b'"flat_id";rent\n"3";"4"\n'),
        ("lines inside a field", b'flat_id;rent\n1;"a\nb"\n3;"c""\n\nd"\n',
         b'flat_id;rent\n3;"c""\n\nd"\n'),
    ],
)  # fmt: skip
def test_csv_lines_that_stay_keep_their_bytes(
    tmp_path: Path, case: str, text: bytes, left: bytes
) -> None:
    source = small.put(tmp_path / "a.csv", text)
    assert rewrite(source, tmp_path / "b.csv", flags(1, 0), FLATS) == 1, case
    assert (tmp_path / "b.csv").read_bytes() == left


_CELLS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from('\n";'), max_size=6
)


@settings(max_examples=150)
@given(rows=st.lists(st.tuples(st.integers(1, 9), _CELLS, st.booleans()), max_size=12))
def test_csv_agrees_with_a_reader_of_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, str, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerows([("flat_id", "district"), *((number, cell) for number, cell, _ in rows)])
    source = small.put(folder / "a.csv", text.getvalue())
    rewrite(source, folder / "b.csv", flags(*(gone for *_, gone in rows)), FLATS)
    with (folder / "b.csv").open(newline="") as stream:
        found = list(csv.reader(stream, delimiter=";"))
    assert found[1:] == [[str(number), cell] for number, cell, gone in rows if not gone]


def test_anonymised_rows_stay_and_name_nobody(tmp_path: Path) -> None:
    table = small.visits(1, 40)
    source, gone = small.put(tmp_path / "a.parquet", table), every(40, 5)
    changed = treatments(VISITS.columns, KEY)
    assert rewrite(source, tmp_path / "b", gone, VISITS, changed) == 40
    new = pq.read_table(tmp_path / "b")
    assert new.schema.equals(table.schema, check_metadata=True)
    for row, (old, now) in enumerate(zip(table.to_pylist(), new.to_pylist(), strict=True)):
        if row % 5:
            assert now == old
            continue
        assert {name for name in old if old[name] != now[name]} >= {"visit_id", "email"}
        assert now["age"] is None
        assert now["seen_at"] == old["seen_at"].replace(hour=0, minute=0)
        kept = ("sex", "spend", "channel", "returned")
        assert [now[name] for name in kept] == [old[name] for name in kept]


def test_anonymised_csv_rows_keep_their_line_end(tmp_path: Path) -> None:
    columns = tuple(
        replace(c, subject="tenant") if c.name == "flat_id"
        else c for c in FLATS.columns
    )  # fmt: skip
    flats = replace(FLATS, columns=columns)
    source = small.put(tmp_path / "a.csv", b'flat_id;district\r\n7;"a;b"\r\n8;c\r\n')
    rewrite(source, tmp_path / "b.csv", flags(1, 0), flats, treatments(columns, KEY))
    head, first, second, end = (tmp_path / "b.csv").read_bytes().split(b"\r\n")
    assert (head, second, end) == (b"flat_id;district", b"8;c", b"")
    number, rest = first.split(b";", 1)
    assert int(number) > 1_000_000
    assert rest == b'"a;b"'


COLUMN = Column("c", "c", "string", required=True, classification="direct-identifier")


@pytest.mark.parametrize(
    ("case", "column", "value", "shape"),
    [
        ("free text becomes a token", COLUMN, "Ada", r"[0-9a-f]{32}"),
        ("an address", replace(COLUMN, pattern="^[^@ ]+@[^@ ]+$"), "ada@x.org",
         r"[a-z]{3}@[a-z][.][a-z]{3}"),
        ("a number with letters before", replace(COLUMN, pattern="^AC-[0-9]{10}$"),
         "AC-0000000042", r"AC-\d{10}"),
        ("a phone", replace(COLUMN, pattern="^[+][0-9 ]+$"), "+61 400 123 456",
         r"\+\d\d \d{3} \d{3} \d{3}"),
    ],
)  # fmt: skip
def test_surrogates_keep_the_shape_that_is_demanded(
    case: str, column: Column, value: str, shape: str
) -> None:
    import re  # noqa: PLC0415

    change = treatments((column,), KEY)["c"]
    found = change(value)
    assert re.fullmatch(shape, found), case
    assert found != value
    assert found == change(value)
    assert found != treatments((column,), b"j" * 32)["c"](value)


def test_where_no_surrogate_fits_it_is_said() -> None:
    column = replace(COLUMN, pattern="^[A-C]$")
    with pytest.raises(Unfit, match="column c has clauses that no surrogate satisfies"):
        treatments((column,), KEY)["c"]("A")
    assert treatments((replace(column, required=False),), KEY)["c"]("A") in {"", "B", "C"}
