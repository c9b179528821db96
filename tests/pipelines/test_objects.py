"""Files land from an S3 store as they do from a folder, and the store's faults are told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small
from buckets import Buckets, buckets, server

from governance.finding import CouldNotJudge
from pipelines import inputs, objects
from pipelines.inputs import Refused
from pipelines.land import Landed, land

__all__ = ["buckets", "server"]
"""The fixtures behind `store`."""

NEW = small.visits(900, 20)


class Store:
    """A bucket on this machine."""

    def __init__(self, buckets: Buckets) -> None:
        self.buckets = buckets
        self.bucket = buckets.make()

    def put(self, key: str, table: pa.Table) -> bytes:
        stream = pa.BufferOutputStream()
        pq.write_table(table, stream)
        data = bytes(stream.getvalue())
        self.raw(key, data)
        return data

    def raw(self, key: str, data: bytes) -> None:
        self.buckets.client.put_object(Bucket=self.bucket, Key=key, Body=data)

    def at(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def ask_rights(self, after: str) -> None:
        """After how many requests the server looks at rights."""
        url, headers = f"{self.buckets.url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        with urlopen(Request(url, after.encode(), headers, method="POST")) as answer:  # noqa: S310
            answer.read()


@pytest.fixture
def store(buckets: Buckets, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty bucket, and an environment that leads to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", buckets.url)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    objects.store.cache_clear()
    yield Store(buckets)
    objects.store.cache_clear()


def act(root: Path, *sources: str) -> Landed:
    return land(root, "visits", sources, small.NOW, say=lambda _: None)


def unanswered(root: Path, *sources: str) -> str:
    with small.unchanged(root), pytest.raises(CouldNotJudge) as caught:
        act(root, *sources)
    return str(caught.value)


def test_an_object_lands_byte_for_byte(store: Store, landed: Path) -> None:
    data = store.put("in/new.parquet", NEW)
    assert act(landed, store.at("in/new.parquet")).rows == 20
    assert (landed / small.VISITS / "new.parquet").read_bytes() == data


def test_a_prefix_lands_with_its_folders(store: Store, bare: Path) -> None:
    contract = bare / "policies/datasets/visits.yaml"
    name = "- name: channel\n"
    contract.write_text(contract.read_text().replace(name, f"{name}        partitioned: true\n"))
    for channel, first in (("web", 1), ("shop", 100)):
        table = small.altered(small.visits(first, 40), channel=None)
        store.put(f"export/channel={channel}/part-0.parquet", table)
    store.raw("export/_SUCCESS", b"")
    done = act(bare, store.at("export"))
    paths = [file.path for file in inputs.declared(done.record, bare).files]
    assert paths == ["channel=shop/part-0.parquet", "channel=web/part-0.parquet"]


def test_a_bad_object_is_refused_like_a_bad_file(store: Store, still: Path) -> None:
    store.put("new.parquet", small.with_cell(NEW, "age", 4, 17))
    with small.unchanged(still), pytest.raises(Refused, match="age: is below 18: row 5"):
        act(still, store.at("new.parquet"))


def test_what_is_not_there_is_told(store: Store, still: Path) -> None:
    told = unanswered(still, store.at("absent.parquet"))
    assert told == f"{store.at('absent.parquet')}: not found\n  fix: check bucket and key"
    assert unanswered(still, "s3://nobody/x.parquet").startswith("s3://nobody/x.parquet: not found")


def test_a_store_that_does_not_answer_is_told(
    store: Store, still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    told = unanswered(still, store.at("new.parquet"))
    assert told == (
        f"{store.at('new.parquet')}: the store does not answer\n"
        "  fix: check the network and AWS_ENDPOINT_URL"
    )


def test_a_store_that_denies_is_told(store: Store, still: Path) -> None:
    store.put("new.parquet", NEW)
    store.ask_rights(after="0")
    try:
        told = unanswered(still, store.at("new.parquet"))
    finally:
        store.ask_rights(after="inf")
    assert told.startswith(f"{store.at('new.parquet')}: access denied\n  fix: check the key")


def test_an_object_replaced_while_it_is_read_is_refused(
    store: Store, still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("new.parquet", NEW)
    identity = objects._identity

    def replaced(stream: Any) -> Any:
        found = identity(stream)
        store.put("new.parquet", small.visits(950, 20))
        return found

    monkeypatch.setattr(objects, "_identity", replaced)
    with small.unchanged(still), pytest.raises(Refused, match="changed while it was read"):
        act(still, store.at("new.parquet"))


ADDRESSES = {
    "an object": ("s3://bucket/a/b.parquet", "bucket/a/b.parquet"),
    "a prefix": ("s3://bucket/a/", "bucket/a"),
    "a bucket": ("s3://bucket", "bucket"),
    "a path": (Path("s3/bucket"), None),
    "another store": ("gs://bucket/a", None),
    "no bucket": ("s3:///a", None),
}


@pytest.mark.parametrize(("source", "key"), ADDRESSES.values(), ids=ADDRESSES)
def test_an_address_names_bucket_and_key(source: str | Path, key: str | None) -> None:
    assert objects.address(source) == key
