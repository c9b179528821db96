"""An S3 server in this process: buckets that come and go with a test."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest


class Buckets:
    """Buckets of one server, by the client every program uses."""

    def __init__(self, url: str) -> None:
        import boto3  # noqa: PLC0415 - most tests need no bucket

        self.url = url
        self.client: Any = boto3.client("s3", endpoint_url=url, region_name="us-east-1")

    def make(self, *, versioned: bool = False) -> str:
        """The name of a fresh bucket."""
        name = f"bucket-{uuid.uuid4()}"
        self.client.create_bucket(Bucket=name)
        if versioned:
            self.client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
        return name

    def remote(self, bucket: str, name: str = "store", inside: str = "") -> str:
        """The section of `.dvc/config` that declares a bucket."""
        url = f"url = s3://{bucket}/{inside}"
        return f"['remote \"{name}\"']\n    {url}\n    endpointurl = {self.url}\n"

    def versions(self, bucket: str) -> list[tuple[str, str]]:
        """Key and id of every version and every delete marker."""
        found = self.client.list_object_versions(Bucket=bucket)
        both = [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]
        return sorted((entry["Key"], entry["VersionId"]) for entry in both)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of an S3 server that forgets everything with this run."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    found = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    found.start()
    host, port = found.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield f"http://{host}:{port}"
    found.stop()


@pytest.fixture
def buckets(server: str) -> Buckets:
    """An S3 server to make buckets on."""
    return Buckets(server)
