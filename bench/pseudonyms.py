"""One file pseudonymised and written anew: `python pseudonyms.py loop|engine FOLDER`."""

from __future__ import annotations

import hashlib
import hmac
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

KEY = bytes(range(7, 39))


def loop(folder: Path) -> None:
    """As anybody would write it first."""
    table = pq.read_table(folder / "landed.parquet")
    tokens = [
        hmac.new(KEY, value.encode(), hashlib.sha256).hexdigest()[:32]
        for value in table["account"].to_pylist()
    ]
    days = table["billed_at"].cast(pa.date32())
    table = table.set_column(0, "account", pa.array(tokens)).set_column(1, "billed_at", days)
    pq.write_table(table, folder / "loop.parquet", compression="zstd")


def engine(folder: Path) -> None:
    """As the step does it."""
    from governance.contract import Column, Contract  # noqa: PLC0415 - not for the loop
    from governance.keyname import KeyName  # noqa: PLC0415
    from pipelines import prepare  # noqa: PLC0415

    contract = Contract(
        name="bench", version="1.0.0", format="parquet", delimiter=",", event_column=None,
        fresh_days=None, source=None, pseudonym_key=KeyName("bench"), regulations=(),
        retention_class=None, steward=None, purpose=None,
        columns=(
            Column("account", "account", "string", technique="pseudonymise"),
            Column("billed_at", "billed_at", "timestamp", technique="truncate-date"),
            Column("band", "band", "string"),
            Column("income", "income", "number"),
            Column("late", "late", "integer"),
        ),
    )  # fmt: skip
    prepare.rewrite(contract, folder, ["landed.parquet"], KEY, folder / "prepared")


if __name__ == "__main__":
    {"loop": loop, "engine": engine}[sys.argv[1]](Path(sys.argv[2]))
