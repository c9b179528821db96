"""Landing: every bad file is refused with its reason, and then nothing has changed."""

from __future__ import annotations

import math
import os
import re
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from small import NOW, altered, with_cell

from governance.finding import CouldNotJudge
from pipelines import inputs, journal
from pipelines.inputs import Refused
from pipelines.land import Landed, land

NEW = small.visits(900, 20)
FLATS = small.flats(900, 20)
LINES = FLATS.splitlines()


def act(root: Path, dataset: str, *paths: Path, **options: Any) -> Landed:
    return land(root, dataset, paths, NOW, say=lambda _: None, **options)


def refused(root: Path, dataset: str, *paths: Path, **options: Any) -> str:
    with small.unchanged(root), pytest.raises(Refused) as caught:
        act(root, dataset, *paths, **options)
    return str(caught.value)


@dataclass(frozen=True)
class Bad:
    """A file no dataset should take in, and a line of what is said about it."""

    case: str
    name: str
    content: pa.Table | str | bytes
    says: str

    def __str__(self) -> str:
        return self.case


def spoilt(column: str, value: Any, row: int = 4) -> pa.Table:
    return with_cell(NEW, column, row, value)


def csv(*lines: str) -> str:
    return "\n".join(lines) + "\n"


def cell(line: int, field: int, text: str) -> str:
    """The CSV file with another text in one field; line 0 is the header."""
    fields = LINES[line].split(";")
    fields[field] = text
    return csv(*LINES[:line], ";".join(fields), *LINES[line + 1 :])


def parquet_bytes(table: pa.Table) -> bytes:
    stream = pa.BufferOutputStream()
    pq.write_table(table, stream)
    return bytes(stream.getvalue())


def flipped(data: bytes) -> bytes:
    """Bytes inverted in the middle: the pages break, the footer stays whole."""
    start, end = len(data) // 10, len(data) // 3
    return data[:start] + bytes(byte ^ 0xFF for byte in data[start:end]) + data[end:]


WHOLE = parquet_bytes(NEW)
FOLLOWS = "visits/new.parquet: column "
BAD = (
    Bad(
        "a column is missing",
        "new.parquet",
        altered(NEW, spend=None),
        f"{FOLLOWS}spend: the column is missing  [present]",
    ),
    Bad(
        "a column has another case",
        "new.parquet",
        NEW.rename_columns([n.replace("sex", "Sex") for n in NEW.column_names]),
        f"{FOLLOWS}sex: the column is missing; the file has Sex  [present]",
    ),
    Bad(
        "a column is undeclared",
        "new.parquet",
        altered(NEW, shoe_size=list(range(20))),
        f"{FOLLOWS}shoe_size: the column is not in the contract  [declared]",
    ),
    Bad(
        "text where numbers belong",
        "new.parquet",
        altered(NEW, age=["old"] * 20),
        f"{FOLLOWS}age: the file holds string, the contract says integer  [type]",
    ),
    Bad(
        "decimals where integers belong",
        "new.parquet",
        altered(NEW, age=[40.5] * 20),
        f"{FOLLOWS}age: the file holds float64, the contract says integer  [type]",
    ),
    Bad(
        "a list where text belongs",
        "new.parquet",
        altered(NEW, channel=[["web"]] * 20),
        f"{FOLLOWS}channel: the file holds array<string>, the contract says string  [type]",
    ),
    Bad(
        "a number beyond 64 bits",
        "new.parquet",
        altered(NEW, age=pa.array([2**64 - 1] * 20, pa.uint64())),
        f"{FOLLOWS}age: is no integer: row 1 (1…, 20 characters), row 2 (1…, 20 characters)",
    ),
    Bad(
        "no bytes",
        "new.parquet",
        b"",
        "visits/new.parquet: the file is empty (0 bytes)  [readable]",
    ),
    Bad(
        "no rows",
        "new.parquet",
        NEW.slice(0, 0),
        "visits/new.parquet: the file has no rows (0 rows)  [rows]",
    ),
    Bad(
        "an optional column without a value",
        "new.parquet",
        altered(NEW, spend=pa.array([None] * 20, pa.float64())),
        f"{FOLLOWS}spend: all 20 values are empty  [known]",
    ),
    Bad(
        "a required column without a value",
        "new.parquet",
        altered(NEW, email=pa.array([None] * 20, pa.string())),
        f"{FOLLOWS}email: is empty: row 1, row 2, row 3, row 4, row 5 and 15 more  [required]",
    ),
    Bad(
        "a key twice in the file",
        "new.parquet",
        spoilt("visit_id", "V-000900"),
        f"{FOLLOWS}visit_id: repeats a value that may stand only once: row 5 (V…, 8 characters)",
    ),
    Bad(
        "a key of a landed row",
        "new.parquet",
        spoilt("visit_id", "V-000001"),
        f"{FOLLOWS}visit_id: repeats a value that may stand only once: row 5 (V…, 8 characters)",
    ),
    Bad(
        "a key without value",
        "new.parquet",
        spoilt("visit_id", None),
        f"{FOLLOWS}visit_id: is empty: row 5  [required]",
    ),
    Bad(
        "tomorrow's row",
        "new.parquet",
        spoilt("seen_at", NOW.replace(tzinfo=None) + timedelta(days=1)),
        f"{FOLLOWS}seen_at: lies after 2026-11-20 09:30: row 5 (2…, 19 characters)  [future]",
    ),
    Bad(
        "a value too low",
        "new.parquet",
        spoilt("age", 17),
        f"{FOLLOWS}age: is below 18: row 5 (2 characters)  [minimum]",
    ),
    Bad(
        "a value too high",
        "new.parquet",
        spoilt("age", 1234),
        f"{FOLLOWS}age: is above 90: row 5 (1…, 4 characters)  [maximum]",
    ),
    Bad(
        "a value that is not listed",
        "new.parquet",
        spoilt("sex", "X"),
        f"{FOLLOWS}sex: is none of F, M: row 5 (1 character)  [enum]",
    ),
    Bad(
        "a number that is not listed",
        "new.parquet",
        spoilt("returned", 2),
        f"{FOLLOWS}returned: is none of 0, 1: row 5 (2)  [enum]",
    ),
    Bad(
        "a value of another form",
        "new.parquet",
        spoilt("email", "Jane Doe"),
        f"{FOLLOWS}email: does not match the pattern: row 5 (J…, 8 characters)  [pattern]",
    ),
    Bad(
        "a form that only a line matches",
        "new.parquet",
        spoilt("visit_id", "V-000904\nV-000905"),
        f"{FOLLOWS}visit_id: does not match the pattern: row 5 (V…, 17 characters)  [pattern]",
    ),
    Bad(
        "an escape sequence in a value",
        "new.parquet",
        spoilt("email", "\x1b[31mJane"),
        f"{FOLLOWS}email: does not match the pattern: row 5 (9 characters)  [pattern]",
    ),
    Bad(
        "NaN",
        "new.parquet",
        spoilt("spend", math.nan),
        f"{FOLLOWS}spend: is not finite: row 5 (nan)  [finite]",
    ),
    Bad(
        "infinity",
        "new.parquet",
        spoilt("spend", math.inf),
        f"{FOLLOWS}spend: is not finite: row 5 (inf)  [finite]",
    ),
    Bad(
        "bytes flipped in the middle",
        "new.parquet",
        flipped(WHOLE),
        "visits/new.parquet: damaged Parquet file: it breaks off or makes no sense inside",
    ),
    Bad(
        "a file cut short",
        "new.parquet",
        WHOLE[: len(WHOLE) // 2],
        "visits/new.parquet: not a complete Parquet file",
    ),
    Bad(
        "nothing but a footer's mark",
        "new.parquet",
        b"PAR1",
        "visits/new.parquet: not a complete Parquet file",
    ),
    Bad(
        "random bytes",
        "new.parquet",
        bytes(range(256)) * 8,
        "visits/new.parquet: not a complete Parquet file",
    ),
    Bad(
        "CSV by another name",
        "new.parquet",
        FLATS,
        "visits/new.parquet: not a complete Parquet file",
    ),
    Bad(
        "a cell that is no number",
        "new.csv",
        cell(3, 2, "much"),
        "flats/new.csv: column area: is no number: row 3 (m…, 4 characters)  [type]",
    ),
    Bad(
        "a decimal comma",
        "new.csv",
        cell(3, 2, "55,5"),
        "flats/new.csv: column area: is no number: row 3 (5…, 4 characters)  [type]",
    ),
    Bad(
        "a fraction of a room",
        "new.csv",
        cell(3, 3, "2.5"),
        "flats/new.csv: column rooms: is no integer: row 3 (3 characters)  [type]",
    ),
    Bad(
        "NaN in words",
        "new.csv",
        cell(3, 2, "nan"),
        "flats/new.csv: column area: is not finite: row 3 (3 characters)  [finite]",
    ),
    Bad(
        "infinity in words",
        "new.csv",
        cell(3, 2, "inf"),
        "flats/new.csv: column area: is not finite: row 3 (3 characters)  [finite]",
    ),
    Bad(
        "an empty cell",
        "new.csv",
        cell(3, 4, ""),
        "flats/new.csv: column rent: is empty: row 3  [required]",
    ),
    Bad(
        "only a header",
        "new.csv",
        csv(LINES[0]),
        "flats/new.csv: the file has no rows (0 rows)  [rows]",
    ),
    Bad("an empty line for a file", "new.csv", "\n", "flats/new.csv: "),
    Bad(
        "another delimiter",
        "new.csv",
        FLATS.replace(";", ","),
        "flats/new.csv: the first line names no column of the contract; delimiter ';'?  [header]",
    ),
    Bad(
        "no header",
        "new.csv",
        csv(*LINES[1:]),
        "flats/new.csv: the first line names no column of the contract; delimiter ';'?  [header]",
    ),
    Bad(
        "a remark above the header",
        "new.csv",
        csv("# export of 2026-11-19", *LINES),
        "flats/new.csv: ",
    ),
    Bad(
        "a column twice",
        "new.csv",
        csv(*(f"{line};{line.split(';')[1]}" for line in LINES)),
        "flats/new.csv: column district_1: the column is not in the contract  [declared]",
    ),
    Bad(
        "a value where a column's name belongs",
        "new.csv",
        csv(f"{LINES[0]};Jane Doe", *(f"{line};1" for line in LINES[1:])),
        "flats/new.csv: column J…, 8 characters: the column is not in the contract  [declared]",
    ),
    Bad(
        "a field too many",
        "new.csv",
        csv(*LINES[:5], f"{LINES[5]};1", *LINES[6:]),
        "flats/new.csv: not a CSV file as declared",
    ),
    Bad(
        "a field too few",
        "new.csv",
        csv(*LINES[:5], "904;north", *LINES[6:]),
        "flats/new.csv: not a CSV file as declared",
    ),
    Bad(
        "a quote that never ends",
        "new.csv",
        cell(5, 1, '"north'),
        "flats/new.csv: not a CSV file as declared",
    ),
    Bad("Latin-1", "new.csv", cell(5, 1, "süd").encode("latin-1"), "flats/new.csv: not UTF-8 text"),
    Bad("UTF-16", "new.csv", FLATS.encode("utf-16"), "flats/new.csv: "),
    Bad("NUL bytes", "new.csv", b"\0" * 512, "flats/new.csv: "),
    Bad("Parquet by another name", "new.csv", WHOLE, "flats/new.csv: "),
)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_with_its_reason_and_nothing_lands(
    bad: Bad, still: Path, tmp_path: Path
) -> None:
    dataset = "flats" if bad.name.endswith(".csv") else "visits"
    told = refused(still, dataset, small.put(tmp_path / bad.name, bad.content))
    assert any(line.startswith(bad.says) for line in told.splitlines()), told
    assert f"nothing landed in {dataset}" in told.splitlines()
    personal = re.search(r"person\d|@|V-\d|Jane|much|\x1b|\x00", told)
    assert not personal, told


def test_all_problems_of_all_files_are_told_at_once(still: Path, tmp_path: Path) -> None:
    files = [
        small.put(tmp_path / "one.parquet", with_cell(spoilt("age", 17), "sex", 5, "X")),
        small.put(tmp_path / "two.parquet", b""),
    ]
    told = refused(still, "visits", *files).splitlines()
    assert told[:3] == [
        "visits/one.parquet: column age: is below 18: row 5 (2 characters)  [minimum]",
        "visits/one.parquet: column sex: is none of F, M: row 6 (1 character)  [enum]",
        "visits/two.parquet: the file is empty (0 bytes)  [readable]",
    ]


def test_a_key_may_not_stand_in_two_files_of_one_landing(still: Path, tmp_path: Path) -> None:
    files = [
        small.put(tmp_path / "one.parquet", NEW),
        small.put(tmp_path / "two.parquet", small.altered(NEW, spend=[1.5] * NEW.num_rows)),
    ]
    told = refused(still, "visits", *files)
    assert "visits/one.parquet" not in told
    assert "visits/two.parquet: column visit_id: repeats a value" in told
    assert "and 15 more  [primary-key]" in told


ODD_NAMES = {
    "a space": "new file.parquet",
    "a letter beyond ASCII": "märz.parquet",
    "a leading dash": "-rf.parquet",
    "a leading dot": ".new.parquet",
    "glob characters": "[ab]*.parquet",
    "a line end": "new\nfile.parquet",
    "an escape sequence": "new\x1b[31m.parquet",
    "a right-to-left mark": "new\u202etelrap.parquet",
    "a quote": "new'.parquet",
    "a dollar": "$(touch x).parquet",
    "a name of 300 letters": f"{'n' * 240}é.parquet",
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
def test_a_file_of_an_odd_name_is_refused(name: str, still: Path, tmp_path: Path) -> None:
    told = refused(still, "visits", small.put(tmp_path / name, NEW))
    shown = name if name.isprintable() else ascii(name)
    assert told.splitlines()[0].startswith(f"visits/{shown}: a file name begins with a letter")
    assert all(line.isprintable() for line in told.splitlines())


def test_a_path_that_climbs_lands_under_its_last_part(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.put(tmp_path / "x.parquet", NEW)
    monkeypatch.chdir(landed)
    act(landed, "visits", Path("../x.parquet"))
    assert (landed / small.VISITS / "x.parquet").is_file()
    assert inputs.differences("visits", inputs.manifest("visits", landed), landed) == []


def test_two_files_of_one_name_are_refused(still: Path, tmp_path: Path) -> None:
    one = small.put(tmp_path / "one" / "new.parquet", NEW)
    two = small.put(tmp_path / "two" / "NEW.parquet", small.visits(950, 20))
    assert "visits/NEW.parquet: two files would get this name" in refused(still, "visits", one, two)
    assert "visits/new.parquet: two files would get this name" in refused(still, "visits", one, one)


@pytest.mark.parametrize("name", ["a.parquet", "A.parquet"])
def test_a_landed_name_is_never_used_again(name: str, still: Path, tmp_path: Path) -> None:
    told = refused(still, "visits", small.put(tmp_path / name, NEW))
    assert f"visits/{name}: landed before and never overwritten" in told


def test_only_plain_files_land(still: Path, tmp_path: Path) -> None:
    real = small.put(tmp_path / "real.parquet", NEW)
    (tmp_path / "link.parquet").symlink_to(real)
    (tmp_path / "folder.parquet").mkdir()
    os.mkfifo(tmp_path / "pipe.parquet")
    names = ("link", "folder", "pipe", "absent")
    told = refused(still, "visits", *(tmp_path / f"{name}.parquet" for name in names)).splitlines()
    assert told[:4] == [
        f"{tmp_path}/folder.parquet: no files below it",
        "visits/link.parquet: a symbolic link; name the file itself",
        f"visits/pipe.parquet: no file {tmp_path}/pipe.parquet",
        f"visits/absent.parquet: no file {tmp_path}/absent.parquet",
    ]


def test_a_file_of_another_format_is_refused(still: Path, tmp_path: Path) -> None:
    told = refused(still, "visits", small.put(tmp_path / "new.csv", FLATS))
    assert "visits/new.csv: the contract says parquet, the name says otherwise" in told


def test_an_unreadable_file_is_refused(
    still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")  # root may read what chmod forbids

    monkeypatch.setattr(shutil, "copyfile", denied)
    told = refused(still, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert told.startswith("visits/new.parquet: not readable: Permission denied")


def test_a_file_open_for_writing_is_refused(still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", NEW)
    with path.open("ab"):
        told = refused(still, "visits", path)
    assert "visits/new.parquet: some process is still writing it" in told


def test_a_file_that_grows_while_it_is_copied_is_refused(
    still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copyfile = small.put(tmp_path / "new.parquet", NEW), shutil.copyfile

    def slow(source: Path, target: Path, **options: bool) -> None:
        copyfile(source, target, **options)
        with path.open("ab") as more:
            more.write(b"more")

    monkeypatch.setattr(shutil, "copyfile", slow)
    told = refused(still, "visits", path)
    assert told.startswith("visits/new.parquet: changed while it was read")


SPELLINGS = {
    "quotes": csv(*(re.sub(r"([^;]+)", r'"\1"', line) for line in LINES)),
    "a byte order mark": "\ufeff" + FLATS,
    "carriage returns": FLATS.replace("\n", "\r\n"),
    "no line end at the end": FLATS.rstrip("\n"),
    "columns in another order": csv(*(";".join(reversed(line.split(";"))) for line in LINES)),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_csv_may_be_spelt_in_several_ways(text: str, landed: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.csv", text)
    assert act(landed, "flats", path).rows == 20
    assert (landed / "data/ml/training/flats/new.csv").read_bytes() == path.read_bytes()


def test_a_landing_leaves_record_pointer_index_and_data(bare: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", NEW)
    done = act(bare, "visits", path, by="nadia.okafor")
    assert (done.files, done.rows, done.set_aside) == (1, 20, 0)
    record = inputs.declared(done.record, bare)
    assert (record.by, record.at, record.dataset) == ("nadia.okafor", NOW, "visits")
    assert str(record.source.collected_from) == "2026-11-18"
    assert str(record.source.collected_until) == "2026-11-19"
    assert (bare / small.VISITS / "new.parquet").read_bytes() == path.read_bytes()
    assert (
        "- path: data/ml/training/visits\n  hash: md5\n  md5: "
        in (bare / small.POINTER).read_text()
    )
    assert "visits" in (bare / "models/index.yaml").read_text()
    assert small.git(bare, "status", "--porcelain", "--untracked-files=all").splitlines() == [
        "?? datasets.dvc", "?? models/index.yaml", f"?? {done.record}",
    ]  # fmt: skip


def test_two_landings_of_one_second_have_two_records(landed: Path, tmp_path: Path) -> None:
    records = {
        act(landed, "visits", small.put(tmp_path / f"{n}.parquet", small.visits(n, 20))).record
        for n in (900, 950)
    }
    assert len(records) == 2


def test_a_copy_never_lands(landed: Path, tmp_path: Path) -> None:
    contract = landed / "policies/datasets/flats.yaml"
    contract.write_text(contract.read_text().replace("primaryKey: true", "required: true"))
    one, two = (small.put(tmp_path / name, FLATS) for name in ("one.csv", "two.csv"))
    assert "flats/two.csv: the same bytes as one.csv" in refused(landed, "flats", one, two)
    act(landed, "flats", one)
    assert "flats/two.csv: the same bytes as one.csv" in refused(landed, "flats", two)


@pytest.mark.parametrize("linked", ["quarantine", "data", "data/ml/training/visits"])
def test_nothing_is_written_through_a_link(linked: str, landed: Path, tmp_path: Path) -> None:
    place, elsewhere = landed / linked, tmp_path / "elsewhere"
    if place.exists():
        place.rename(elsewhere)
    else:
        elsewhere.mkdir()
    before = sorted(elsewhere.rglob("*"))
    place.symlink_to(elsewhere)
    new = small.put(tmp_path / "new.parquet", small.visits(900, 20))
    with pytest.raises(Refused, match=f"{linked} is a symbolic link"):
        act(landed, "visits", new)
    assert sorted(elsewhere.rglob("*")) == before


@pytest.mark.parametrize("folder", ["year=2024", "[ab]*", "ü x"])
def test_the_name_of_the_folder_changes_nothing(folder: str, bare: Path, tmp_path: Path) -> None:
    root = bare.rename(tmp_path / folder)
    done = act(root, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert done.rows == 20


def test_bad_rows_are_set_aside_with_their_reasons(still: Path, tmp_path: Path) -> None:
    table = with_cell(spoilt("age", 17), "sex", 4, "X")
    told = refused(still, "visits", small.put(tmp_path / "new.parquet", table))
    where = "quarantine/visits/20261120t093000z"
    assert f"bad rows with their reasons: {where}" in told
    aside = pq.read_table(still / where / "new.parquet.bad.parquet").to_pylist()
    assert [(row["charter_row"], row["charter_reason"]) for row in aside] == [
        (5, "age: minimum; sex: enum")
    ]
    assert [aside[0][name] for name in ("visit_id", "email", "age", "sex", "channel")] == [
        "V…, 8 characters", "p…, 21 characters", "2 characters", "1 character",
        NEW["channel"][4].as_py(),
    ]  # fmt: skip
    assert "quarantine" not in small.git(still, "status", "--porcelain")
    assert (still / where).stat().st_mode & 0o077 == 0


def test_good_rows_land_when_that_is_asked(landed: Path, tmp_path: Path) -> None:
    later = NOW.replace(tzinfo=None) + timedelta(days=400)
    table = with_cell(spoilt("age", 17), "seen_at", 7, later)
    done = act(landed, "visits", small.put(tmp_path / "new.parquet", table), without_bad_rows=True)
    assert (done.rows, done.set_aside) == (18, 2)
    here = pq.read_table(landed / small.VISITS / "new.parquet")
    assert here["visit_id"].to_pylist() == [
        f"V-{number:06d}" for number in range(900, 920) if number not in {904, 907}
    ]
    source = inputs.declared(done.record, landed).source
    assert str(source.collected_until) == "2026-11-19"  # the row set aside says nothing


def test_good_rows_of_csv_land_with_their_text_unchanged(landed: Path, tmp_path: Path) -> None:
    text = cell(3, 2, "much").replace("904;", "+0904;")
    done = act(landed, "flats", small.put(tmp_path / "new.csv", text), without_bad_rows=True)
    assert (done.rows, done.set_aside) == (19, 1)
    here = (landed / "data/ml/training/flats/new.csv").read_text().replace('"', "").splitlines()
    assert here == [line for line in text.splitlines() if "much" not in line]


def test_a_file_of_bad_rows_only_does_not_land(still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", small.altered(NEW, age=[17] * 20))
    told = refused(still, "visits", path, without_bad_rows=True)
    assert "visits/new.parquet: the file has no rows (0 rows)  [rows]" in told


def test_what_good_rows_leave_is_checked_again(bare: Path, tmp_path: Path) -> None:
    table = altered(NEW, returned=[0] * 5 + [1] * 15, age=[17] * 5 + [40] * 15)
    path = small.put(tmp_path / "new.parquet", table)
    told = refused(bare, "visits", path, without_bad_rows=True)
    assert "the label has one value only in all 15 rows  [classes]" in told


def test_a_month_without_positives_lands_beside_others(landed: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", altered(NEW, returned=[0] * 20))
    assert act(landed, "visits", path).rows == 20


def test_a_dataset_of_one_class_does_not_begin(bare: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", altered(NEW, returned=[0] * 20))
    told = refused(bare, "visits", path)
    assert told.startswith(
        "visits: column returned: the label has one value only in all 20 rows  [classes]"
    )


def test_leaving_rows_out_does_not_mend_a_missing_column(still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", altered(spoilt("age", 17), spend=None))
    told = refused(still, "visits", path, without_bad_rows=True)
    assert told.endswith("nothing landed in visits\nfix: correct the file")


def test_nothing_lands_beside_files_that_changed(landed: Path, tmp_path: Path) -> None:
    folder = landed / small.VISITS
    small.put(folder / "a.parquet", NEW)
    small.put(folder / "stray.parquet", NEW)
    (folder / "b.parquet").unlink()
    path = small.put(tmp_path / "new.parquet", small.visits(950, 20))
    told = refused(landed, "visits", path).splitlines()
    assert [line.partition(": ")[2] for line in told if line.startswith("data/")] == [
        "other bytes than were landed", "missing", "uncatalogued",
    ]  # fmt: skip
    assert "  fix: dvc pull data/ml/training/visits" in told


def test_a_file_may_land_from_where_it_lies(landed: Path) -> None:
    path = small.put(landed / small.VISITS / "new.parquet", NEW)
    assert act(landed, "visits", path).rows == 20
    assert path.is_file()
    assert inputs.differences("visits", inputs.manifest("visits", landed), landed) == []


def test_a_file_that_lies_in_the_way_is_not_replaced(landed: Path, tmp_path: Path) -> None:
    small.put(landed / small.VISITS / "new.parquet", b"the only copy of something")
    told = refused(landed, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert "data/ml/training/visits/new.parquet: other bytes lie there under this name" in told


@pytest.mark.parametrize("name", ["unknown", "../datasets/visits", "visits/../visits", "$(id)"])
def test_an_unknown_dataset_is_refused(name: str, still: Path, tmp_path: Path) -> None:
    told = refused(still, name, small.put(tmp_path / "new.parquet", NEW))
    assert f"policies/datasets/{name}.yaml" in told


def test_a_dataset_without_source_is_refused(landed: Path, tmp_path: Path) -> None:
    contract = landed / "policies/datasets/visits.yaml"
    text = contract.read_text()
    begin = text.index("  - property: source")
    contract.write_text(text[:begin] + text[text.index("  - {property: pseudonym_key") :])
    told = refused(landed, "visits", small.put(tmp_path / "new.parquet", NEW))
    assert told.startswith("policies/datasets/visits.yaml names no source")


def test_only_one_process_acts_at_a_time(still: Path, tmp_path: Path) -> None:
    path = small.put(tmp_path / "new.parquet", NEW)
    with journal.alone(still), small.unchanged(still), pytest.raises(CouldNotJudge) as caught:
        act(still, "visits", path)
    assert str(caught.value).startswith("another landing")


def test_a_landing_that_fails_half_way_leaves_nothing(
    landed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adapters.dvc.add", full)
    with small.unchanged(landed), pytest.raises(OSError, match="No space left"):
        act(landed, "visits", small.put(tmp_path / "new.parquet", NEW))


def test_a_new_column_of_the_contract_does_not_hide_in_old_files(
    landed: Path, tmp_path: Path
) -> None:
    contract = landed / "policies/datasets/flats.yaml"
    contract.write_text(contract.read_text().replace("name: flat_id", "name: flat_number"))
    told = refused(
        landed, "flats", small.put(tmp_path / "new.csv", FLATS.replace("flat_id", "flat_number"))
    )
    assert told.startswith("flats/a.csv, landed before, has no column flat_number")


def test_columns_may_have_other_names_in_the_files(landed: Path, tmp_path: Path) -> None:
    contract = landed / "policies/datasets/visits.yaml"
    for name, physical in (("spend", "Spend (EUR)"), ("visit_id", "ID")):
        text = contract.read_text()
        new = f"- name: {name}\n        physicalName: {physical}\n"
        contract.write_text(text.replace(f"- name: {name}\n", new))
    table = with_cell(NEW, "spend", 4, -1.0).rename_columns({"spend": "Spend (EUR)"})
    told = refused(landed, "visits", small.put(tmp_path / "new.parquet", table))
    assert "visits/new.parquet: column ID: the column is missing  [present]" in told
    assert "visits/new.parquet: column visit_id: the column is not in the contract" in told
    table = table.rename_columns({"visit_id": "ID"})
    told = refused(landed, "visits", small.put(tmp_path / "new.parquet", table))
    assert "visits/a.parquet, landed before, has no column ID" in told
