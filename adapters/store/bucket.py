"""An S3 bucket that keeps DVC's bytes, with every version it has of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from adapters.store.place import BLOCK, Entry, Place


class Bucket(Place):
    """A bucket, or a folder in one.

    Listings are those of versions: in a bucket without versioning each key has one, called null,
    and in one with it a delete marker hides bytes that are still there.
    """

    def __init__(self, name: str, filesystem: Any, path: str) -> None:
        super().__init__(name)
        self._fs = filesystem
        self._bucket, _, inside = path.strip("/").partition("/")
        self._inside = f"{inside}/" if inside else ""

    def entries(self) -> Iterator[Entry]:
        """Every key with its versions; a page of a thousand is held at a time."""
        waiting: dict[str, Entry] = {}
        for page in self._pages(self._inside):
            for key, size, newest in page:
                path = key.removeprefix(self._inside)
                known = waiting.get(path, Entry(path, 0, versions=0, live=False))
                live = newest and size is not None
                bytes_ = size if live and size is not None else known.size
                waiting[path] = Entry(path, bytes_, known.versions + 1, known.live or live)
            for path in sorted(waiting)[:-1]:  # the last key may go on in the next page
                yield waiting.pop(path)
        yield from waiting.values()

    def _pages(self, prefix: str) -> Iterator[list[tuple[str, int | None, bool]]]:
        """Key, size (none for a delete marker) and whether it is the newest, page by page."""
        for page in self._listing(prefix):
            found = [(v["Key"], v["Size"], v["IsLatest"]) for v in page.get("Versions", ())]
            found += [(m["Key"], None, m["IsLatest"]) for m in page.get("DeleteMarkers", ())]
            yield found

    def _listing(self, prefix: str) -> Iterator[dict[str, Any]]:
        at: dict[str, str] = {}
        while True:
            page = self._call("list_object_versions", Prefix=prefix, **at)
            yield page
            if not page.get("IsTruncated"):
                return
            at = {"KeyMarker": page["NextKeyMarker"]}
            if page.get("NextVersionIdMarker"):
                at["VersionIdMarker"] = page["NextVersionIdMarker"]

    def stream(self, path: str) -> BinaryIO:
        """The newest bytes of a key."""
        key = f"{self._bucket}/{self._inside}{path}"
        try:
            return cast("BinaryIO", self._fs.open(key, "rb", block_size=8 * BLOCK))
        except FileNotFoundError:
            self._ids(path)  # refuses where it is the bucket that is not there
            raise

    def count(self, path: str) -> int:
        """Versions and delete markers of a key."""
        return len(self._ids(path))

    def remove(self, path: str) -> int:
        """Deletes every version and delete marker of a key."""
        found = self._ids(path)
        for version in found:
            self._call("delete_object", Key=f"{self._inside}{path}", VersionId=version)
        return len(found)

    def _ids(self, path: str) -> list[str]:
        key = f"{self._inside}{path}"
        found: list[str] = []
        for page in self._listing(key):
            both = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            found += [entry["VersionId"] for entry in both if entry["Key"] == key]
        return found

    def _call(self, method: str, **arguments: str) -> Any:
        try:
            return self._fs.call_s3(method, Bucket=self._bucket, **arguments)
        except FileNotFoundError as error:  # a bucket that is not there is no empty one
            raise OSError(str(error)) from None

    def put(self, path: str, data: bytes) -> None:
        """Writes a key."""
        self._fs.pipe_file(f"{self._bucket}/{self._inside}{path}", data)

    def _trouble(self) -> tuple[type[Exception], ...]:
        from botocore.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415
            BotoCoreError,
            ClientError,
        )

        return (OSError, BotoCoreError, ClientError)
