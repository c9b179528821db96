"""The embedded engine keeps to its room: its memory, its folder, the files it was given."""

from __future__ import annotations

import gc
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
import small

from adapters import engine
from adapters.engine import room
from governance.finding import CouldNotJudge


@pytest.fixture(autouse=True)
def embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHARTER_ENGINE", raising=False)
    monkeypatch.delenv("CHARTER_MEMORY", raising=False)


def setting(connection: Any, name: str) -> str:
    found: str = connection.raw_sql(f"SELECT current_setting('{name}')").fetchone()[0]
    return str(found)


@pytest.mark.parametrize(
    "statement",
    ["SET threads = 2", "SET memory_limit = '9GB'", "INSTALL spatial", "LOAD httpfs",
     "SET enable_external_access = true", "RESET lock_configuration"],
)  # fmt: skip
def test_a_query_changes_no_setting_and_loads_nothing(statement: str) -> None:
    connection = engine.connect()
    with pytest.raises(Exception, match=r"locked|disabled|not found|no extensions"):
        connection.raw_sql(statement)
    assert setting(connection, "threads") == "1"


def test_only_the_given_files_are_opened(tmp_path: Path) -> None:
    inside = small.put(tmp_path / "in" / "a.parquet", small.visits(1, 3))
    outside = small.put(tmp_path / "out" / "b.parquet", small.visits(1, 5))
    (tmp_path / "in" / "link.parquet").symlink_to(outside)
    connection = engine.connect(only=[inside])
    assert engine.one(engine.parquet(connection, [inside]).aggregate(n=ibis._.count())) == {"n": 3}
    for other in (outside, tmp_path / "in" / "link.parquet"):
        with pytest.raises(engine.Unreadable):
            engine.parquet(connection, [other])
    for statement in (f"FROM read_text('{outside}')", f"ATTACH '{tmp_path}/x.db'",
                      f"COPY (SELECT 1) TO '{tmp_path}/x.csv'"):  # fmt: skip
        with pytest.raises(Exception, match="Permission"):
            connection.raw_sql(statement)


@pytest.mark.parametrize("name", ["o'k", "a [b] c", "wh*t?"])
def test_a_folder_opens_what_lies_in_it_whatever_its_name(tmp_path: Path, name: str) -> None:
    inside = small.put(tmp_path / name / "a.parquet", small.visits(1, 3))
    beside = small.put(tmp_path / "b.parquet", small.visits(1, 5))
    connection = engine.connect(only=[inside.parent])
    assert engine.one(engine.parquet(connection, [inside]).aggregate(n=ibis._.count())) == {"n": 3}
    with pytest.raises(engine.Unreadable):
        engine.parquet(connection, [beside])


def test_the_folder_for_spilled_rows_is_private_and_goes_with_its_owner() -> None:
    connection = engine.connect()
    folder = Path(setting(connection, "temp_directory"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    del connection
    gc.collect()
    assert not folder.exists()


def repeats(connection: Any, path: Path) -> Any:
    """Rows whose key stands more than once."""
    table = engine.parquet(connection, [path])
    times = table.group_by("key").aggregate(n=ibis._.count())
    asked = times.filter(times.n > 1).aggregate(rows=times.n.sum())
    return engine.run(lambda: engine.one(asked), "parquet")["rows"]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of more than 120 MB: two million keys, the first of them twice."""
    path = tmp_path_factory.mktemp("large") / "keys.parquet"
    connection = engine.connect(threads=None)
    connection.raw_sql(
        "COPY (SELECT sha256((i % 1999999)::VARCHAR) AS key FROM range(2000000) t(i))"  # noqa: S608
        f" TO '{path}' (FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1)"
    )
    assert path.stat().st_size > 120_000_000
    return path


def test_keys_larger_than_memory_are_counted_on_disk(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTER_MEMORY", "100MB")
    assert repeats(engine.connect(threads=None), large) == 2


def test_no_room_to_spill_says_nothing_about_the_file(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTER_MEMORY", "100MB")
    connection = engine.connect(threads=None)
    folder = Path(setting(connection, "temp_directory"))
    shutil.rmtree(folder)
    folder.write_text("no folder")
    try:
        with pytest.raises(CouldNotJudge, match="ran out of memory or of room"):
            repeats(connection, large)
    finally:
        folder.unlink()


@pytest.mark.parametrize("threads", [1, None])
def test_counts_and_the_order_of_rows_do_not_depend_on_threads(
    large: Path, threads: int | None
) -> None:
    connection = engine.connect(threads=threads)
    table = engine.parquet(connection, [large]).mutate(row=ibis.row_number())
    rows = [batch.column("row") for batch in engine.batches(connection, table.select("row"), 99999)]
    assert pa.chunked_array(rows).equals(pa.chunked_array([pa.array(range(2_000_000))]))
    assert setting(connection, "threads") == str(threads or room.cores())


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("1.5 GiB", 3 * 2**29), ("200mb", 2 * 10**8), ("512M", 512 * 10**6),
     ("1000000", 10**6)],
)  # fmt: skip
def test_memory_is_what_the_environment_says(
    text: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTER_MEMORY", text)
    assert room.memory() == size


@pytest.mark.parametrize("text", ["much", "-1GB", "0", "2XB", "GB"])
def test_memory_that_is_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTER_MEMORY", text)
    with pytest.raises(CouldNotJudge, match="is no size\n  fix: "):
        engine.connect()


def test_memory_is_at_most_a_share_of_the_machine_and_of_its_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 < room.memory() < room._free()
    monkeypatch.setattr(room, "_CGROUPS", tmp_path)
    assert room._group_limit() == float("inf")
    (tmp_path / "memory.max").write_text("max\n")
    assert room._group_limit() == float("inf")
    (tmp_path / "memory.max").write_text("1000000\n")
    assert room.memory() == 600_000


@pytest.mark.parametrize("name", ["polars", "Spark", "sc:/host"])
def test_an_unknown_engine_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTER_ENGINE", name)
    with pytest.raises(CouldNotJudge, match="CHARTER_ENGINE names no engine\n  fix: use duckdb"):
        engine.connect("duckdb")


def test_the_environment_goes_before_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTER_ENGINE", "duckdb")
    assert engine.connect("spark").name == "duckdb"


def test_spark_without_pyspark_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "adapters.engine.dialect", raising=False)
    monkeypatch.delitem(sys.modules, "ibis.backends.pyspark", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(CouldNotJudge, match=r"pyspark is not installed\n  fix: pip install 'ml-"):
        engine.connect("spark")


def test_what_a_killed_process_spilled_is_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, signal; from pathlib import Path; from adapters import engine;"
        "c = engine.connect(); f = c.raw_sql(\"SELECT current_setting('temp_directory')\");"
        "Path(f.fetchone()[0], 'rows').write_text('personal'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=False, cwd=small.TOP, env=environment)
    (left,) = tmp_path.glob("*/rows")
    one = engine.connect()
    assert not left.exists()
    two = engine.connect()
    assert Path(setting(one, "temp_directory")).is_dir(), "it belongs to a living process"
    assert Path(setting(two, "temp_directory")).is_dir()
