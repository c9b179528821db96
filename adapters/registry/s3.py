"""An S3 bucket as registry: conditional writes, parts for large files, retention locks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, BinaryIO, Final, cast

from adapters.registry.place import Bucket
from adapters.registry.values import BLOCK, Item, Leftover, Pointer, Source

_PART: Final = 16 * BLOCK
_PARTS: Final = 9_000
"""Parts a file is cut into at most; S3 takes 10,000."""
_CONNECT, _READ = 10, 60
"""Seconds the bucket is waited for: to connect, and between two bytes."""
_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_GONE: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_FULL: Final = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "507"})
_CLOSED: Final = frozenset({"AccessDenied", "403", "MethodNotAllowed", "AllAccessDisabled"})
_SLOW: Final = frozenset({"SlowDown", "503", "ServiceUnavailable", "RequestTimeout"})


class S3(Bucket):
    """A bucket, or a folder in one.

    Credentials and the endpoint are those of the machine (`AWS_…`, `~/.aws`), never of the
    repository. With `locked_until`, what is written once can be deleted by nobody before then.
    """

    def __init__(self, url: str, *, locked_until: datetime | None = None) -> None:
        super().__init__(url)
        self._bucket, _, inside = url.removeprefix("s3://").strip("/").partition("/")
        self._inside = f"{inside}/" if inside else ""
        self._lock: dict[str, Any] = {}
        if locked_until is not None:
            self._lock = {
                "ObjectLockMode": "COMPLIANCE",
                "ObjectLockRetainUntilDate": locked_until,
            }
        self._client = _client()

    def _holds(self, key: str) -> bool:
        try:
            self._client.head_object(**self._at(key))
        except self._refusal() as error:
            if _code(error) in _GONE:
                self._client.head_bucket(Bucket=self._bucket)  # a bucket that is gone is no answer
                return False
            raise
        return True

    def _create(self, key: str, source: Source) -> bool:
        try:
            if source.size <= _PART:
                body = b"".join(source.blocks(BLOCK))
                self._client.put_object(**self._at(key), Body=body, IfNoneMatch="*", **self._lock)
            else:
                self._create_in_parts(key, source, max(_PART, -(-source.size // _PARTS)))
        except self._refusal() as error:
            if _code(error) in _LOST:
                return False
            raise
        return True

    def _create_in_parts(self, key: str, source: Source, part: int) -> None:
        begun = self._client.create_multipart_upload(**self._at(key), **self._lock)
        upload = {**self._at(key), "UploadId": begun["UploadId"]}
        try:
            parts = []
            for number, block in enumerate(source.blocks(part), start=1):
                sent = self._client.upload_part(**upload, PartNumber=number, Body=block)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            self._client.complete_multipart_upload(
                **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            with contextlib.suppress(*self._trouble()):
                self._client.abort_multipart_upload(**upload)
            raise

    def _open(self, key: str) -> BinaryIO:
        try:
            return cast("BinaryIO", self._client.get_object(**self._at(key))["Body"])
        except self._refusal() as error:
            if _code(error) in _GONE:
                self._client.head_bucket(Bucket=self._bucket)
                raise FileNotFoundError(key) from None
            raise

    def _listed(self, prefix: str) -> Iterator[Item]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=f"{self._inside}{prefix}"):
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self._inside)
                yield Item(key, found["Size"], found["LastModified"])

    def _pointer(self, key: str) -> Pointer | None:
        try:
            found = self._client.get_object(**self._at(key))
        except self._refusal() as error:
            if _code(error) in _GONE:
                self._client.head_bucket(Bucket=self._bucket)
                return None
            raise
        return Pointer(found["Body"].read(), found["ETag"])

    def _swap(self, key: str, data: bytes, expected: str | None) -> str | None:
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        try:
            done = self._client.put_object(**self._at(key), Body=data, **condition)
        except self._refusal() as error:
            if _code(error) in _LOST | _GONE:  # S3 answers 404 to a mark of what is gone
                return None
            raise
        return cast("str", done["ETag"])

    def _remove(self, key: str) -> None:
        self._client.delete_object(**self._at(key))

    def _leftovers(self) -> Iterator[Leftover]:
        pages = self._client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._inside):
            for found in page.get("Uploads", ()):
                key = found["Key"].removeprefix(self._inside)
                yield Leftover(f"{key} {found['UploadId']}", found["Initiated"])

    def _discard(self, name: str) -> None:
        key, _, upload = name.rpartition(" ")
        self._client.abort_multipart_upload(**self._at(key), UploadId=upload)

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._inside}{key}"}

    def _refusal(self) -> type[Exception]:
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
            ClientError,
        )

        return cast("type[Exception]", ClientError)

    def _trouble(self) -> tuple[type[Exception], ...]:
        from botocore.exceptions import (  # noqa: PLC0415
            BotoCoreError,
            HTTPClientError,
        )

        return (OSError, BotoCoreError, HTTPClientError, self._refusal())

    def _meaning(self, error: Exception) -> str:
        code = _code(error)
        if code in _FULL:
            return "is full\n  fix: make room, and run the same command again"
        if code in _CLOSED:
            return f"lets nobody write or read here ({code})\n  fix: ask who runs it for access"
        if code in _SLOW:
            return "is too slow: it asks to wait\n  fix: run the same command again later"
        return super()._meaning(error)


def _client() -> Any:
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415

    patience = Config(connect_timeout=_CONNECT, read_timeout=_READ)
    return _session().create_client("s3", config=patience)


@cache
def _session() -> Any:
    """What the library knows of S3, which takes a second to read."""
    from botocore.session import Session  # type: ignore[import-untyped]  # noqa: PLC0415

    return Session()


def _code(error: Exception) -> str:
    response: dict[str, Any] | None = getattr(error, "response", None)  # a timeout has none
    return str((response or {}).get("Error", {}).get("Code", ""))
