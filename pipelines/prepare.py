"""Step `prepare`: pseudonymise, minimise, and keep what training may see.

Each landed file becomes one Parquet file with the columns the contract does not drop. Rows
keep their order, so the bytes are the same on every run.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from adapters import engine, files
from governance import pseudonym
from governance.evidence import FileFacts, Preparation, of_dataset
from governance.privacy import Privacy
from pipelines import inputs
from pipelines.inputs import Refused

if TYPE_CHECKING:
    import ibis
    from ibis.backends.duckdb import Backend

    from governance.contract import Column, Contract

ROWS_PER_GROUP = 131_072


def prepare(name: str) -> None:
    """Writes the prepared files of one dataset and says what was done.

    Raises:
        Refused: a column's technique is not allowed for its class, or the key is missing.
    """
    contract: Contract = inputs.contract(name)
    privacy: Privacy = inputs.declared("policies/privacy.yaml")
    _allowed(name, contract, privacy)
    key = _key(contract, privacy)
    manifest = inputs.manifest(name)
    out = Path(of_dataset(name, "preparation")).parent / "prepared"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    connection = engine.connect()
    rows = 0
    for path in sorted(manifest.rows):
        raw = engine.read(connection, inputs.data_folder(name) / path, contract)
        table = engine.typed(raw, contract)
        kept = {
            c.name: _treated(table[c.name], c, key)
            for c in contract.columns
            if c.technique != "drop"
        }
        rows += _write(connection, table.select(**kept), out / Path(path).with_suffix(".parquet"))
    facts = tuple(
        FileFacts(path=path, bytes=file.bytes, sha256=file.sha256)
        for path, file in files.digests(out).items()
    )
    report = Preparation(
        dataset=name,
        dataset_digest=manifest.digest,
        rows=rows,
        techniques={column.name: column.technique for column in contract.columns},
        key_fingerprint=pseudonym.fingerprint(key) if key else None,
        files=facts,
    )
    inputs.write(of_dataset(name, "preparation"), report)
    dropped = sum(1 for c in contract.columns if c.technique == "drop")
    hidden = sum(1 for c in contract.columns if c.technique == "pseudonymise")
    print(f"{name}: {rows:,} rows prepared; {dropped} columns dropped, {hidden} pseudonymised")


def _allowed(name: str, contract: Contract, privacy: Privacy) -> None:
    lines = [
        f"policies/datasets/{name}.yaml: column {misuse.column} is {misuse.problem}\n"
        f"  fix: {misuse.fix}"
        for misuse in privacy.misuses(contract.columns)
    ]
    if lines:
        raise Refused(*lines)


def _key(contract: Contract, privacy: Privacy) -> bytes | None:
    """The pseudonym key; None when no column needs one."""
    if all(column.technique != "pseudonymise" for column in contract.columns):
        return None
    if contract.pseudonym_key == "sample":
        kind = contract.source.kind if contract.source else None
        if kind not in privacy.pseudonyms.sample_key_sources:
            msg = (
                f"{contract.name}: the published sample key does not protect data of kind {kind}\n"
                "  fix: remove `pseudonym_key: sample` and set CHARTER_PSEUDONYM_KEY"
            )
            raise Refused(msg)
        return pseudonym.SAMPLE_KEY
    text = os.environ.get("CHARTER_PSEUDONYM_KEY", "")
    key = text.encode()
    if len(key) < privacy.pseudonyms.minimum_key_bytes:
        state = "is not set" if not key else f"has {len(key)} bytes"
        msg = (
            f"{contract.name}: CHARTER_PSEUDONYM_KEY {state};"
            f" at least {privacy.pseudonyms.minimum_key_bytes} bytes are needed\n"
            "  fix: set it from your secret store; it never goes into Git"
        )
        raise Refused(msg)
    return key


def _treated(value: ibis.Value, column: Column, key: bytes | None) -> ibis.Value:
    if column.technique == "pseudonymise" and key is not None:
        return engine.keyed(value, key)
    if column.technique == "truncate-date":
        return value.cast("date")
    if column.technique == "generalise" and column.type == "string":
        return value.left(int(column.generalise_to or 1))
    if column.technique == "generalise":
        width = column.generalise_to or 10
        return ((value / width).floor() * width).cast(engine.TYPES[column.type])
    return value


def _write(connection: Backend, table: ibis.Table, path: Path) -> int:
    """Streams a table into one Parquet file; its number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = table.schema().to_pyarrow()
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=9) as writer:
        for batch in engine.batches(connection, table, ROWS_PER_GROUP):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema), ROWS_PER_GROUP)
            rows += batch.num_rows
    return rows


if __name__ == "__main__":
    inputs.main(prepare)
