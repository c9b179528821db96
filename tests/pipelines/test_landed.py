"""Folders `key=value/` give rows a column, at landing and ever after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import small

from adapters import engine
from governance import catalogue
from pipelines import inputs, landed
from pipelines.inputs import Refused
from pipelines.land import Landed, land
from pipelines.validate import validate

CONTRACT = small.visits_contract().replace(
    "- name: channel\n", "- name: channel\n        partitioned: true\n"
)


@pytest.fixture
def parted(bare: Path) -> Path:
    """A repository whose visits stand in folders named after their channel."""
    (bare / "policies/datasets/visits.yaml").write_text(CONTRACT)
    return bare


def export(folder: Path, channels: dict[str, int], rows: int = 60) -> Path:
    """A folder as Spark or Hive leaves it: one file for each channel, by its first number."""
    for channel, first in channels.items():
        table = small.altered(small.visits(first, rows), channel=None)
        small.put(folder / f"channel={channel}" / "part-0.parquet", table)
    small.put(folder / "_SUCCESS", b"")
    return folder


def act(root: Path, *sources: Path, **options: Any) -> tuple[Landed, list[str]]:
    said: list[str] = []
    return land(root, "visits", sources, small.NOW, say=said.append, **options), said


def refused(root: Path, *sources: Path, **options: Any) -> str:
    with small.unchanged(root), pytest.raises(Refused) as caught:
        act(root, *sources, **options)
    return str(caught.value)


def test_a_folder_lands_with_its_paths(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, said = act(parted, export(tmp_path / "export", {"web": 1, "shop": 100}))
    assert (done.files, done.rows) == (2, 120)
    assert f"left out below {tmp_path}/export: 1 names beginning with _ or ." in said
    paths = [file.path for file in inputs.declared(done.record, parted).files]
    assert paths == ["channel=shop/part-0.parquet", "channel=web/part-0.parquet"]
    monkeypatch.chdir(parted)
    validate("visits")
    assert inputs.differences("visits", inputs.manifest("visits")) == []


def test_rows_have_the_value_of_their_folder(parted: Path, tmp_path: Path) -> None:
    contract = inputs.contract("visits", parted)
    export(tmp_path / "export", {"web": 1})
    folder = tmp_path / "export"
    table = landed.table(engine.connect(), folder, "channel=web/part-0.parquet", contract)
    typed = engine.typed(table, contract).channel.to_pyarrow().to_pylist()
    assert typed == ["web"] * 60


def test_a_folder_inside_the_export_keeps_its_name(parted: Path, tmp_path: Path) -> None:
    export(tmp_path / "export", {"web": 1, "shop": 100})
    act(parted, tmp_path / "export" / "channel=web")
    done, _ = act(parted, tmp_path / "export" / "channel=shop" / "part-0.parquet")
    assert inputs.declared(done.record, parted).files[0].path == "channel=shop/part-0.parquet"


def test_the_value_of_a_folder_is_held_to_the_contract(parted: Path, tmp_path: Path) -> None:
    told = refused(parted, export(tmp_path / "export", {"web": 1, "fax": 100}))
    assert told.startswith(
        "visits/channel=fax/part-0.parquet: column channel: is none of web, shop: row 1 ("
    )


def test_a_folder_without_value_is_an_empty_one(parted: Path, tmp_path: Path) -> None:
    told = refused(
        parted, export(tmp_path / "export", {"web": 1, "__HIVE_DEFAULT_PARTITION__": 100})
    )
    assert "column channel: all 60 values are empty  [known]" in told


def test_a_folder_has_the_type_of_its_column(bare: Path, tmp_path: Path) -> None:
    text = small.visits_contract().replace(
        "- name: age\n", "- name: age\n        partitioned: true\n"
    )
    (bare / "policies/datasets/visits.yaml").write_text(text)
    table = small.altered(small.visits(), age=None)
    for age, where in (("40", "good"), ("old", "bad"), ("17", "young")):
        small.put(tmp_path / where / f"age={age}" / "a.parquet", table)
    assert "is no integer: row 1 (3 characters)" in refused(bare, tmp_path / "bad")
    assert "is below 18: row 1 (2 characters)" in refused(bare, tmp_path / "young")
    assert act(bare, tmp_path / "good")[0].rows == 120


def test_keys_are_unique_across_folders(parted: Path, tmp_path: Path) -> None:
    told = refused(parted, export(tmp_path / "export", {"web": 1, "shop": 31}))
    assert "visits/channel=web/part-0.parquet: column visit_id: repeats a value" in told
    assert "and 25 more  [primary-key]" in told


def test_good_rows_of_a_folder_land_without_its_column(parted: Path, tmp_path: Path) -> None:
    table = small.altered(small.with_cell(small.visits(1, 60), "age", 4, 17), channel=None)
    small.put(tmp_path / "export" / "channel=web" / "a.parquet", table)
    done, _ = act(parted, tmp_path / "export", without_bad_rows=True)
    assert (done.rows, done.set_aside) == (59, 1)
    here = pq.ParquetFile(parted / small.VISITS / "channel=web" / "a.parquet")
    assert here.schema_arrow.names == table.column_names
    (aside,) = (parted / "quarantine").rglob("*.parquet")
    assert aside.parent.name == "channel=web"
    assert pq.ParquetFile(aside).read()["channel"].to_pylist() == ["web"]


def test_a_landing_of_folders_that_fails_leaves_nothing(
    parted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("adapters.dvc.add", full)
    with small.unchanged(parted), pytest.raises(OSError, match="No space left"):
        act(parted, export(tmp_path / "export", {"web": 1}))


PATHS = {
    "no folder": ("a.parquet", "it lies in no folder channel=…"),
    "another folder": ("year=2026/channel=web/a.parquet", "folder year=… names no partitioned"),
    "a folder twice": ("channel=web/channel=shop/a.parquet", "two of its folders name channel"),
}


@pytest.mark.parametrize(("path", "says"), PATHS.values(), ids=PATHS)
def test_a_path_holds_the_partitions_of_the_contract(
    path: str, says: str, parted: Path, tmp_path: Path
) -> None:
    small.put(tmp_path / "export" / path, small.altered(small.visits(), channel=None))
    assert says in refused(parted, tmp_path / "export")


def test_folders_stand_in_the_order_of_the_contract() -> None:
    text = CONTRACT.replace("- name: sex\n", "- name: sex\n        partitioned: true\n")
    contract, _, _ = catalogue.read("policies/datasets/visits.yaml", text.encode())
    assert list(landed.path_problems("sex=F/channel=web/a.parquet", contract)) == []
    assert list(landed.path_problems("channel=web/sex=F/a.parquet", contract)) == [
        "its folders are not in the order of the contract: sex/channel"
    ]


def test_a_column_stands_in_the_file_or_in_the_path(parted: Path, tmp_path: Path) -> None:
    small.put(tmp_path / "export" / "channel=web" / "a.parquet", small.visits())
    told = refused(parted, tmp_path / "export")
    assert "column channel stands in the file and in the name of its folder" in told


UNSAFE = {
    "a space": "channel=web/my file.parquet",
    "a percent sign": "channel=a%2Fb/a.parquet",
    "a letter beyond ASCII": "channel=süd/a.parquet",
    "a line end": "channel=web/\n.parquet",
}


@pytest.mark.parametrize("path", UNSAFE.values(), ids=UNSAFE)
def test_every_part_of_a_path_is_checked(path: str, parted: Path, tmp_path: Path) -> None:
    small.put(tmp_path / "export" / path, small.visits())
    told = refused(parted, tmp_path / "export")
    assert "a file name begins with a letter, digit or '_'" in told
    assert all(line.isprintable() for line in told.splitlines())


def test_links_below_a_folder_are_refused(parted: Path, tmp_path: Path) -> None:
    export(tmp_path / "export", {"web": 1})
    outside = small.put(tmp_path / "outside.parquet", small.visits(200))
    (tmp_path / "export/channel=web/b.parquet").symlink_to(outside)
    told = refused(parted, tmp_path / "export")
    assert "visits/channel=web/b.parquet: a symbolic link" in told
