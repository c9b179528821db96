"""Step `prepare`: pseudonymise, minimise, and keep what training may see.

Each landed file becomes one Parquet file with the columns the contract does not drop. Rows
keep their order, so the bytes are the same on every run.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from adapters import engine, files, secrets
from governance import pseudonym
from governance.disclosure import seen
from governance.evidence import FileFacts, KeyUsed, Preparation, of_dataset
from governance.privacy import Privacy
from pipelines import disclosure, inputs, landed
from pipelines.inputs import Refused

if TYPE_CHECKING:
    import ibis

    from governance.contract import Column, Contract

ROWS_PER_GROUP: Final = 131_072
_UNITS: Final = {"day": "D", "month": "M", "year": "Y"}


def prepare(name: str) -> None:
    """Writes the prepared files of one dataset, and says what was done and what they tell.

    Raises:
        Refused: a column's technique is not allowed for its class, the key is missing or weak,
            or the prepared data would tell who people are.
    """
    contract: Contract = inputs.contract(name)
    privacy: Privacy = inputs.declared("policies/privacy.yaml")
    _allowed(contract, privacy)
    key = _key(contract, privacy)
    manifest = inputs.manifest(name)
    out = Path(of_dataset(name, "preparation")).parent / "prepared"
    rows = rewrite(contract, inputs.data_folder(name), manifest.rows, key, out)
    found = disclosure.report(contract, manifest, out, privacy.pseudonyms.attack_budget)
    inputs.write(of_dataset(name, "privacy"), found)
    if problems := list(disclosure.refusals(found)):
        shutil.rmtree(out)
        raise Refused(*problems)
    facts = tuple(
        FileFacts(path=path, bytes=file.bytes, sha256=file.sha256)
        for path, file in files.digests(out).items()
    )
    report = Preparation(
        dataset=name,
        dataset_digest=manifest.digest,
        rows=rows,
        techniques={column.name: column.technique for column in contract.columns},
        key=_used(contract, key),
        files=facts,
    )
    inputs.write(of_dataset(name, "preparation"), report)
    dropped = sum(1 for c in contract.columns if c.technique == "drop")
    hidden = sum(1 for c in contract.columns if _is_hidden(c))
    for hint in found.identifiers:
        print(f"{name}: {hint.confidence} confidence: {seen(hint)}")
    print(f"{name}: {rows:,} rows prepared; {dropped} columns dropped, {hidden} pseudonymised")


def rewrite(
    contract: Contract, folder: Path, paths: Iterable[str], key: bytes | None, out: Path
) -> int:
    """Writes each landed file anew as training may see it; the number of rows.

    Args:
        contract: what becomes of each column.
        folder: the folder of the landed files.
        paths: the files, below it.
        key: the pseudonym key, when a column needs one.
        out: the folder to write to; what stood there is gone.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    connection = engine.connect(contract.engine, threads=None)
    hidden = {c.name: pseudonym.tokens(key) for c in contract.columns if key and _is_hidden(c)}
    rows = 0
    for path in sorted(paths):
        table = engine.typed(landed.table(connection, folder, path, contract), contract)
        kept = {
            c.name: _treated(table[c.name], c) for c in contract.columns if c.technique != "drop"
        }
        target = out / Path(path).with_suffix(".parquet")
        rows += _write(connection, table.select(**kept), target, hidden)
    return rows


def _allowed(contract: Contract, privacy: Privacy) -> None:
    path = f"policies/datasets/{contract.name}.yaml"
    lines = [
        f"{path}: column {misuse.column} is {misuse.problem}\n  fix: {misuse.fix}"
        for misuse in privacy.misuses(contract)
    ]
    lines += [
        f"{path}: regulation {name} is not among those of policies/privacy.yaml\n"
        "  fix: correct the name, or add the regulation there"
        for name in privacy.unknown(contract)
    ]
    lines += [
        f"{path}: column {column.name}: a number with fractions has no one spelling to hash\n"
        "  fix: declare it as string or integer, or drop it"
        for column in contract.columns
        if _is_hidden(column) and column.type == "number"
    ]
    if lines:
        raise Refused(*lines)


def _key(contract: Contract, privacy: Privacy) -> bytes | None:
    """The pseudonym key; None when no column needs one."""
    if not any(map(_is_hidden, contract.columns)):
        return None
    wanted = contract.pseudonym_key
    if wanted.is_sample:
        kind = contract.source.kind if contract.source else None
        if kind not in privacy.pseudonyms.sample_key_sources:
            msg = (
                f"{contract.name}: the published sample key does not protect data of kind {kind}\n"
                "  fix: replace `pseudonym_key: sample` by the name and version of a secret key"
            )
            raise Refused(msg)
        return pseudonym.SAMPLE_KEY
    try:
        key = secrets.key(wanted.name, wanted.version)
    except secrets.Unusable as error:
        msg = f"{contract.name}: {error}"
        raise Refused(msg) from None
    weakness = pseudonym.weakness(key, privacy.pseudonyms.minimum_key_bytes)
    if weakness:
        msg = (
            f"{contract.name}: the key {wanted} {weakness}\n"
            "  fix: make a new one, such as `openssl rand -hex 32`; keep it in your secret store"
        )
        raise Refused(msg)
    return key


def _used(contract: Contract, key: bytes | None) -> KeyUsed | None:
    named = contract.pseudonym_key
    if key is None:
        return None
    mark = pseudonym.fingerprint(key)
    return KeyUsed(name=named.name, version=named.version, fingerprint=mark)


def _is_hidden(column: Column) -> bool:
    return column.technique == "pseudonymise"


def _treated(value: ibis.Value, column: Column) -> ibis.Value:
    """A column as it may be seen; one to be pseudonymised as the text to hash."""
    if _is_hidden(column):
        return value.cast("string")
    if column.technique == "truncate-date":
        return value.cast("date").truncate(_UNITS[column.truncate_to])
    if column.technique == "generalise" and column.type == "string":
        return value.left(int(column.generalise_to or 1))
    if column.technique == "generalise":
        width = column.generalise_to or 10
        return ((value / width).floor() * width).cast(engine.TYPES[column.type])
    return value


def _write(
    connection: Any, table: ibis.Table, path: Path, hidden: Mapping[str, Callable[[str], str]]
) -> int:
    """Streams a table into one Parquet file, some columns hashed; its number of rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = table.schema().to_pyarrow()
    rows = 0
    # Where nearly every value is another, a dictionary costs time and room.
    few = [name for name, kind in table.schema().items() if not kind.is_floating()]
    settings = {"compression": "zstd", "use_dictionary": [n for n in few if n not in hidden]}
    with pq.ParquetWriter(path, schema, **settings) as writer, ThreadPoolExecutor(1) as thread:
        writing = None
        for batch in engine.batches(connection, table, ROWS_PER_GROUP):
            ready = pa.Table.from_batches([batch])
            for name, token in hidden.items():
                place = ready.column_names.index(name)
                texts = batch[name].to_pylist()
                made = [None if text is None else token(text) for text in texts]
                ready = ready.set_column(place, schema.field(name), pa.array(made, pa.string()))
            if writing:
                writing.result()
            writing = thread.submit(writer.write_table, ready, ROWS_PER_GROUP)
            rows += batch.num_rows
        if writing:
            writing.result()
    return rows


if __name__ == "__main__":
    inputs.main(prepare)
