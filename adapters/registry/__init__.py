"""The model registry's bucket: approved bytes, written once; `file://` or `s3://`.

Below `models/<name>/<version>/` lie a version's files and, written last, `manifest.json`; below
`serving/` lies one pointer per model, the only thing that is ever replaced.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from adapters.registry.place import Bucket
from adapters.registry.values import Changed, Item, Leftover, Overtaken, Pointer, Taken
from governance.finding import CouldNotJudge

__all__ = [
    "Bucket", "Changed", "Item", "Leftover", "Overtaken", "Pointer", "Taken", "open_bucket",
]  # fmt: skip


def open_bucket(url: str, root: Path, *, locked_until: datetime | None = None) -> Bucket:
    """The bucket a policy names.

    Args:
        url: `file://folder` (beside the clone), `file:///folder`, or `s3://bucket/folder`.
        root: top of the repository, from which a relative folder is found.
        locked_until: until when an S3 bucket with object lock refuses to delete what is written.

    Raises:
        CouldNotJudge: the machine lacks what an S3 bucket needs.
    """
    if url.startswith("file://"):
        from adapters.registry.folder import Folder  # noqa: PLC0415

        given = url.removeprefix("file://")
        return Folder(url, root / given, absent=not given.startswith("/"))
    try:
        from adapters.registry.s3 import S3  # noqa: PLC0415

        return S3(url, locked_until=locked_until)
    except ImportError:
        msg = f"{url} is an S3 bucket\n  fix: install `ml-charter[s3]`"
        raise CouldNotJudge(msg) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "botocore":
            raise
        said = " ".join(str(error).split())
        msg = f"{url}: {said}\n  fix: set AWS_DEFAULT_REGION and the credentials"
        raise CouldNotJudge(msg) from None
