"""Objects of an S3 store: listed, and streamed to disk.

The environment says where the store is and who asks, as for every AWS tool: `AWS_ENDPOINT_URL`,
`AWS_REGION`, the key variables or a role. `AWS_NO_SIGN_REQUEST=YES` asks without a name.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from governance.finding import CouldNotJudge

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

_ADDRESS: Final = re.compile(r"s3:/{1,2}([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
"""One slash stands where a path object has taken the other away."""
_BLOCK: Final = 8 << 20
_REASONS: Final = (
    ("ACCESS_DENIED|FORBIDDEN|HTTP status code 403|INVALID_ACCESS_KEY|SIGNATURE", "access denied",
     "check the key or role in the environment and its right to list and read"),
    ("NO_SUCH_BUCKET|RESOURCE_NOT_FOUND|HTTP status code 404|not exist|Path does not", "not found",
     "check bucket and key"),
    ("NETWORK_CONNECTION|curlCode|timed? ?out|resolve|ENDPOINT", "the store does not answer",
     "check the network and AWS_ENDPOINT_URL"),
)  # fmt: skip


class Moved(Exception):
    """A file is not what it was when its copy began."""


@dataclass(frozen=True, slots=True)
class Remote:
    """An object that asks to join a dataset."""

    name: str
    key: str
    bytes: int

    def copy(self, target: Path) -> None:
        """Streams it to disk.

        Raises:
            Moved: size or ETag differ before and after.
            CouldNotJudge: the store stops answering.
        """
        source = store()
        try:
            with source.open_input_stream(self.key) as stream, target.open("wb") as out:
                before = _identity(stream)
                while block := stream.read(_BLOCK):
                    out.write(block)
            with source.open_input_stream(self.key) as stream:
                after = _identity(stream)
        except OSError as error:
            raise _unanswered(self.key, error) from None
        if before != after or target.stat().st_size != self.bytes:
            raise Moved


def address(source: Path | str) -> str | None:
    """Bucket and key in an `s3://` address; None when it is none."""
    found = _ADDRESS.fullmatch(str(source))
    return f"{found[1]}/{found[2] or ''}".rstrip("/") if found else None


def below(key: str) -> list[Remote]:
    """The object of that key, or all objects below it as a prefix, by key.

    Raises:
        CouldNotJudge: there is none, access is denied, or the store does not answer.
    """
    from pyarrow.fs import FileSelector, FileType  # noqa: PLC0415 - landings from S3 alone need it

    source = store()
    try:
        info = source.get_file_info(key)
        if info.type == FileType.File:
            return [Remote(_named(key, PurePosixPath(key).parent), key, info.size)]
        found = source.get_file_info(FileSelector(key, recursive=True))
    except OSError as error:
        raise _unanswered(key, error) from None
    return [
        Remote(_named(item.path, PurePosixPath(key)), item.path, item.size)
        for item in sorted(found, key=lambda item: item.path)
        if item.type == FileType.File
    ]


def _named(key: str, folder: PurePosixPath) -> str:
    """A key below a folder, with the `key=value` folders in which that one ends."""
    parts = PurePosixPath(key).parts
    start = len(folder.parts)
    while start > 1 and "=" in parts[start - 1]:
        start -= 1
    return "/".join(parts[start:])


@cache
def store() -> S3FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem  # noqa: PLC0415

    options: dict[str, Any] = {
        "anonymous": os.environ.get("AWS_NO_SIGN_REQUEST", "").lower() in {"1", "yes", "true"},
        "connect_timeout": 10,
        "request_timeout": 60,
        "retry_strategy": AwsStandardS3RetryStrategy(max_attempts=3),
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        scheme, _, host = endpoint.rpartition("://")
        options |= {"endpoint_override": host, "scheme": scheme or "https"}
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region:
        options["region"] = region
    return S3FileSystem(**options)


def _identity(stream: Any) -> tuple[str | None, str | None]:
    found = stream.metadata()
    return found.get("ETag"), found.get("Content-Length")


def _unanswered(key: str, error: OSError) -> CouldNotJudge:
    """What kept the store from answering, without what it said: that may carry a signed address."""
    for pattern, problem, fix in _REASONS:
        if re.search(pattern, str(error), re.IGNORECASE):
            return CouldNotJudge(f"s3://{key}: {problem}\n  fix: {fix}")
    return CouldNotJudge(f"s3://{key}: not readable\n  fix: try again; check bucket and key")
