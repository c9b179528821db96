"""What went wrong inside an engine, told without quoting a row."""

from __future__ import annotations

import re
from typing import Any, Final

from adapters.engine import room
from governance.finding import CouldNotJudge

_FOREIGN: Final = frozenset({"duckdb", "_duckdb", "pyarrow", "pyspark", "py4j"})
_NO_ROOM: Final = ("OutOfMemory", "Out of Memory", "No space left", "max_temp_directory_size")
_CUT: Final = ("magic bytes", "too small to be a parquet", "footer", "is not a parquet file")


class Unreadable(Exception):
    """A data file is not what its name says; the message tells why, without its content."""


def run(action: Any, form: str) -> Any:
    """The result of looking into a file; a fault of the program passes through.

    Raises:
        Unreadable: the bytes turn out to be damaged.
        CouldNotJudge: the engine had no room or stopped, which says nothing about the bytes.
    """
    try:
        return action()
    except Exception as error:
        foreign = type(error).__module__.split(".")[0]
        if foreign not in _FOREIGN and not isinstance(error, UnicodeDecodeError):
            raise
        text = f"{type(error).__name__} {error}"
        own_folder = "duckdb" in foreign and room.PREFIX in text
        if own_folder or any(sign in text for sign in _NO_ROOM):
            msg = (
                "the engine ran out of memory or of room for temporary files\n"
                "  fix: raise CHARTER_MEMORY, or point TMPDIR at a larger disk"
            )
            raise CouldNotJudge(msg) from None
        if foreign in {"pyspark", "py4j"} and "parquet" not in text.lower():
            raise CouldNotJudge(_stopped(error)) from None
        raise Unreadable(reason(error, form)) from None


def reason(error: Exception, form: str) -> str:
    """What is wrong with a file."""
    text = str(error)
    if any(sign in text.lower() for sign in _CUT):
        return "not a complete Parquet file: its end is missing or damaged (still being written?)"
    if form == "parquet":
        return "damaged Parquet file: it breaks off or makes no sense inside"
    line = re.search(r"CSV Error on Line: (\d+)", text)
    where = f" at line {line[1]}" if line else ""
    if "Invalid unicode" in text or "not utf-8 encoded" in text:
        return f"not UTF-8 text{where}"
    return f"not a CSV file as declared{where}: check delimiter, quotes and fields per line"


def _stopped(error: Any) -> str:
    """Spark's own name of what happened; its message may hold values."""
    name = getattr(error, "getCondition", lambda: None)() or type(error).__name__
    return f"Spark stopped ({name})\n  fix: run it again, or without CHARTER_ENGINE on this machine"
