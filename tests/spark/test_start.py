"""Spark that is not there is refused in words, and a session leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import small


def ask(where: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Counts three rows on an engine, in a process of its own."""
    program = (
        "import sys, ibis, pyarrow as pa\n"
        "from adapters import engine\n"
        "from governance.finding import CouldNotJudge\n"
        "try:\n"
        "    connection = engine.connect()\n"
        "except CouldNotJudge as error:\n"
        "    sys.exit(str(error))\n"
        "table = ibis.memtable(pa.table({'x': [1, 2, 3]}))\n"
        "print(connection.to_pyarrow(table.count()).as_py())\n"
    )
    environment = small.environment() | {
        "CHARTER_ENGINE": where, "PYTHONPATH": str(small.TOP), "TMPDIR": str(tmp_path), **variables,
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", program],
        check=False, capture_output=True, text=True, env=environment, timeout=120,
    )  # fmt: skip


def test_a_session_is_quiet_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = ask("spark:local[1]", tmp_path, CHARTER_MEMORY="200MB")
    assert (done.returncode, done.stdout, done.stderr) == (0, "3\n", "")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("charter-")] == []


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("sc://127.0.0.1:9/;token=hunter2", "Spark Connect does not answer (ConnectionRefused"),
        ("spark://127.0.0.1:9", "Spark does not start on spark://127.0.0.1:9 (ConnectionRefused"),
        ("spark:nonsense", "Spark does not start on nonsense ("),
    ],
)
def test_a_spark_that_does_not_answer_is_refused(where: str, told: str, tmp_path: Path) -> None:
    done = ask(where, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert "\n  fix: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_machine_without_java_is_refused(tmp_path: Path) -> None:
    done = ask("spark", tmp_path, PATH=str(Path(sys.executable).parent), JAVA_HOME="")
    assert done.stderr.startswith("Spark is asked for, but there is no Java\n  fix: ")
