"""Spark: the engine for data that do not fit one machine.

Text is parsed by DuckDB alone (`csv`), whole numbers never pass through pandas, and each file
is one partition, so that its rows stay in order. Files are named to Spark through links in a
private folder: their own names may hold globs, or begin with what Spark hides.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from adapters.engine import duckdb, room
from adapters.engine.faults import Unreadable
from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

_EVERY_BYTE: Final = str(1 << 50)
_LEAST: Final = 512_000_000
"""Bytes without which a Spark driver does not start."""
_SETTINGS: Final = {
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, as in DuckDB
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": str(2 * room.cores()),
    "spark.sql.files.maxPartitionBytes": _EVERY_BYTE,  # a file is one partition
    "spark.sql.files.openCostInBytes": _EVERY_BYTE,  # and a partition is one file
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.parquet.binaryAsString": "false",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.execution.arrow.pyspark.selfDestruct.enabled": "false",
}
_FIX: Final = "fix: pip install 'ml-charter[spark]' and a Java runtime, 17 or later"


def connect(where: str) -> Any:
    """A connection to the Spark of this process, which the first call starts.

    Args:
        where: `spark`, `spark:MASTER`, `spark://HOST:PORT` or `sc://HOST:PORT`.

    Raises:
        CouldNotJudge: pyspark or Java is missing, or Spark does not answer.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # pandas 3, which is not used here
            from adapters.engine.dialect import Backend  # noqa: PLC0415 - an extra

            session = _session(where)
    except ImportError as error:
        msg = f"Spark is asked for, but {error.name} is not installed\n  {_FIX}"
        raise CouldNotJudge(msg) from None
    for name, value in _SETTINGS.items():
        session.conf.set(name, value)
    connection = Backend().connect(session)
    connection.folder = room.private_folder(connection)
    connection.copies = {}
    return connection


def parquet(connection: Any, paths: Sequence[Path]) -> ibis.Table:
    """Parquet files below one another, each a partition.

    Raises:
        Unreadable: DuckDB would rename one of two columns.
    """
    links = []
    for path in paths:
        links.append(_next(connection))
        links[-1].symlink_to(path.resolve())
    table = _view(connection, links)
    if len({name.lower() for name in table.columns}) < len(table.columns):
        msg = "the names of two columns differ in capital letters only"
        raise Unreadable(msg)
    return table


def csv(connection: Any, path: Path, delimiter: str) -> ibis.Table:
    """A CSV file, every column as text, parsed by DuckDB into a private copy.

    Spark's own parser takes for rows what DuckDB refuses: stray quotes, missing fields, bytes
    that are no UTF-8.
    """
    state = path.stat()
    identity = (path.resolve(), state.st_mtime_ns, state.st_size, delimiter)
    if identity not in connection.copies:
        embedded = duckdb.connect(threads=None, only=None)
        connection.copies[identity] = _copy(connection, duckdb.csv(embedded, path, delimiter))
    return _view(connection, [connection.copies[identity]])


def sniff(connection: Any, path: Path) -> tuple[ibis.Table, str]:
    """A CSV file with the types DuckDB guesses, and its delimiter."""
    table, delimiter = duckdb.sniff(duckdb.connect(threads=None, only=None), path)
    return _view(connection, [_copy(connection, table)]), delimiter


def batches(connection: Any, table: ibis.Table, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a table in order, through a private file: Spark itself hands over a whole
    partition at a time, and a file is a partition.
    """  # noqa: D205 - one sentence
    import pyarrow.parquet as pq  # noqa: PLC0415 - see `adapters.engine.batches`

    folder = _next(connection).with_suffix("")
    frame = connection.frame(table)
    frame.write.parquet(f"file://{folder}", compression="lz4")
    try:
        for part in sorted(folder.glob("part-*.parquet")):
            yield from pq.ParquetFile(part).iter_batches(batch_size=rows)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(connection: Any, table: ibis.Table) -> Path:
    path = _next(connection)
    table.to_parquet(path)
    return path


def _view(connection: Any, paths: Sequence[Path]) -> ibis.Table:
    return connection.files([f"file://{path}" for path in paths])


def _next(connection: Any) -> Path:
    """A name that nobody has used in the private folder of a connection."""
    connection.count = getattr(connection, "count", 0) + 1
    return connection.folder / f"{connection.count:06d}.parquet"  # type: ignore[no-any-return]


@cache
def _session(where: str) -> Any:
    """The Spark of this process."""
    if where.startswith("sc://"):
        return _remote(where)
    master = where if where.startswith("spark://") else where.partition(":")[2] or "local[*]"
    return _started(master)


def _remote(url: str) -> Any:
    """A session on a Spark Connect server; its URL may hold a token and is not repeated."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    try:
        _reach(url, 15002)
        session = SparkSession.builder.remote(url).getOrCreate()
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001 - gRPC's, Spark's and the network's own
        msg = f"Spark Connect does not answer ({type(error).__name__})\n  fix: check its URL"
        raise CouldNotJudge(msg) from None
    atexit.register(session.stop)  # left to the interpreter's end, it would wait for ever
    return session


def _reach(url: str, port: int) -> None:
    """Raises OSError when nothing listens there; Spark itself would try for minutes."""
    server = urlsplit(url)
    socket.create_connection((server.hostname or "", server.port or port), timeout=10).close()


def _started(master: str) -> Any:
    """A session whose Java process says nothing on this process's streams."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415 - an extra
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        msg = f"Spark is asked for, but there is no Java\n  {_FIX}"
        raise CouldNotJudge(msg)
    folder = Path(tempfile.mkdtemp(prefix="charter-spark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    settings = {
        "spark.master": master,
        "spark.app.name": "charter",
        "spark.driver.memory": f"{max(room.memory(), _LEAST) // 1_000_000}m",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
    }
    if master.startswith("local"):  # nobody else has to reach it
        host = "127.0.0.1"
        settings |= {"spark.driver.host": host, "spark.driver.bindAddress": host}
        settings["spark.local.dir"] = str(folder)
        os.environ.setdefault("SPARK_LOCAL_IP", host)
    conf = SparkConf().setAll(list(settings.items()))
    try:
        if master.startswith("spark://"):
            _reach(master.partition(",")[0], 7077)
        with (folder / "spark.log").open("wb") as log:
            gateway = launch_gateway(conf, {"stdout": log, "stderr": log})
        context = SparkContext(conf=conf, gateway=gateway)
    except Exception as error:  # noqa: BLE001 - Py4J's, Spark's and Java's own
        msg = (
            f"Spark does not start on {master} ({type(error).__name__})\n"
            "  fix: see that the master runs, and that Java is 17 or later"
        )
        raise CouldNotJudge(msg) from None
    atexit.register(context.stop)
    return SparkSession(context)
