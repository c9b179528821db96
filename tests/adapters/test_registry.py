"""Every registry bucket writes once, gives back what was written, and says when it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from buckets import Buckets, buckets, server

from adapters import registry
from adapters.registry import Bucket, Changed, Overtaken, Taken, open_bucket, s3
from governance.finding import CouldNotJudge

__all__ = ["buckets", "server"]

KEY = "models/credit/1.0.0/model.skops"
SHA = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of hello
PART = 5 << 20
LARGE = 6 << 20
LATER = datetime.now(UTC) + timedelta(days=400)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "_PART", PART)  # the smallest S3 takes


@pytest.fixture
def at_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)


@pytest.fixture(params=["folder", "bucket", "folder of a bucket", "locked bucket"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    if request.param == "folder":
        return open_bucket("file://.charter/registry", tmp_path)
    request.getfixturevalue("at_server")
    found: Buckets = request.getfixturevalue("buckets")
    if request.param != "locked bucket":
        inside = "/far/away" if "folder" in request.param else ""
        return open_bucket(f"s3://{found.make()}{inside}", tmp_path)
    name = f"locked-{os.urandom(8).hex()}"
    found.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return open_bucket(f"s3://{name}", tmp_path, locked_until=LATER)


def large(folder: Path) -> Path:
    path = folder / "large"
    path.write_bytes(os.urandom(1 << 20) * (LARGE >> 20))
    return path


def test_what_is_put_is_there(bucket: Bucket) -> None:
    assert not bucket.exists(KEY)
    assert bucket.put_once(KEY, b"hello", SHA)
    assert bucket.exists(KEY)
    assert bucket.read(KEY) == b"hello"
    assert bucket.sha256(KEY) == SHA
    assert [(item.key, item.bytes) for item in bucket.list("models/")] == [(KEY, 5)]
    assert list(bucket.list("serving/")) == []


def test_the_same_bytes_again_are_no_second_write(bucket: Bucket) -> None:
    bucket.put_once(KEY, b"hello")
    assert not bucket.put_once(KEY, b"hello")


def test_other_bytes_are_refused_and_change_nothing(bucket: Bucket) -> None:
    bucket.put_once(KEY, b"hello")
    with pytest.raises(Taken, match="with other bytes"):
        bucket.put_once(KEY, b"other")
    assert bucket.read(KEY) == b"hello"


def test_a_write_that_comes_second_finds_the_name_taken(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_once(KEY, b"hello")
    monkeypatch.setattr(type(bucket), "_holds", lambda *_: False)  # as if it came in between
    assert not bucket.put_once(KEY, b"hello")
    with pytest.raises(Taken):
        bucket.put_once(KEY, b"other")


def test_a_large_file_goes_in_parts_once(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = large(tmp_path)
    assert bucket.put_once(KEY, path)
    assert not bucket.put_once(KEY, path)
    monkeypatch.setattr(type(bucket), "_holds", lambda *_: False)
    assert not bucket.put_once(KEY, path)
    (tmp_path / "other").write_bytes(b"x" * LARGE)
    with pytest.raises(Taken):
        bucket.put_once(KEY, tmp_path / "other")
    assert [item.bytes for item in bucket.list()] == [LARGE]
    assert list(bucket.leftovers(LATER)) == []


@pytest.mark.parametrize("size", [5, LARGE])
def test_a_file_that_is_not_what_it_has_to_be_is_not_written(
    bucket: Bucket, tmp_path: Path, size: int
) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    with pytest.raises(Changed):
        bucket.put_once(KEY, tmp_path / "file", SHA)
    assert not bucket.exists(KEY)
    assert list(bucket.list()) == []
    assert list(bucket.leftovers(LATER)) == []


def test_many_who_put_at_once_agree_on_one(bucket: Bucket) -> None:
    texts = [b"one", b"two"] * 4

    def put(data: bytes) -> bytes | None:
        try:
            return data if bucket.put_once(KEY, data) else None
        except Taken:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [data for data in pool.map(put, texts) if data]
    assert won == [bucket.read(KEY)]


def test_what_is_absent_is_told_apart_from_no_answer(bucket: Bucket) -> None:
    with pytest.raises(FileNotFoundError):
        bucket.read(KEY)
    with pytest.raises(FileNotFoundError):
        bucket.sha256(KEY)
    assert bucket.pointer("serving/credit.json") is None


def test_a_pointer_is_replaced_by_whoever_knows_it(bucket: Bucket) -> None:
    key = "serving/credit.json"
    first = bucket.replace(key, b"1", None)
    second = bucket.replace(key, b"2", first)
    for stale in (None, first, "nothing"):
        with pytest.raises(Overtaken, match="changed by somebody else"):
            bucket.replace(key, b"3", stale)
    found = bucket.pointer(key)
    assert found is not None
    assert (found.data, found.mark) == (b"2", second)


def test_of_many_who_replace_at_once_one_wins(bucket: Bucket) -> None:
    key = "serving/credit.json"
    mark = bucket.replace(key, b"0", None)

    def swap(number: int) -> int:
        try:
            bucket.replace(key, b"%d" % number, mark)
        except Overtaken:
            return 0
        return number

    with ThreadPoolExecutor(8) as pool:
        won = [number for number in pool.map(swap, range(1, 9)) if number]
    found = bucket.pointer(key)
    assert found is not None
    assert [b"%d" % number for number in won] == [found.data]


def test_a_pointer_that_was_removed_is_not_replaced_by_its_mark(bucket: Bucket) -> None:
    mark = bucket.replace("serving/credit.json", b"1", None)
    bucket.remove("serving/credit.json")
    with pytest.raises(Overtaken):
        bucket.replace("serving/credit.json", b"2", mark)


@pytest.mark.parametrize(
    "key", ["", "/a", "../a", "a/../b", "a//b", ".hidden", "a/.part", "a\nb", "a\\b", "a/"]
)
def test_a_key_that_leads_astray_is_refused(tmp_path: Path, key: str) -> None:
    bucket = open_bucket("file://far", tmp_path)
    for act in (bucket.read, bucket.exists, bucket.pointer, bucket.remove):
        with pytest.raises(CouldNotJudge, match="no key of a bucket"):
            act(key)
    with pytest.raises(CouldNotJudge):
        bucket.put_once(key, b"x")


def test_what_is_locked_stays_for_its_time(
    buckets: Buckets, at_server: None, tmp_path: Path
) -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    del at_server
    name = f"locked-{os.urandom(8).hex()}"
    buckets.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    found = open_bucket(f"s3://{name}", tmp_path, locked_until=LATER)
    found.put_once(KEY, b"hello")
    found.replace("serving/credit.json", b"1", None)
    for key, version in buckets.versions(name):
        if key.startswith("serving/"):
            buckets.client.delete_object(Bucket=name, Key=key, VersionId=version)
            continue
        with pytest.raises(ClientError, match="AccessDenied"):
            buckets.client.delete_object(Bucket=name, Key=key, VersionId=version)


def test_a_large_file_is_asked_to_be_locked_too(
    buckets: Buckets, at_server: None, tmp_path: Path
) -> None:
    del at_server
    name = f"locked-{os.urandom(8).hex()}"
    buckets.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    found = s3.S3(f"s3://{name}", locked_until=LATER)
    asked: list[dict[str, str]] = []
    found._client.meta.events.register(
        "before-call.s3.CreateMultipartUpload", lambda params, **_: asked.append(params["headers"])
    )
    found.put_once(KEY, large(tmp_path))
    assert [headers["x-amz-object-lock-mode"] for headers in asked] == ["COMPLIANCE"]


def test_a_killed_upload_is_found_and_cleared(
    buckets: Buckets, at_server: None, tmp_path: Path
) -> None:
    del at_server
    name = buckets.make()
    buckets.client.create_multipart_upload(Bucket=name, Key=KEY)
    found = open_bucket(f"s3://{name}", tmp_path)
    (left,) = found.leftovers(LATER)
    assert left.name.startswith(KEY)
    assert list(found.leftovers(left.since - timedelta(hours=1))) == []
    found.discard(left)
    assert list(found.leftovers(LATER)) == []


def test_a_write_killed_half_way_leaves_no_key(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import os, pathlib, signal, sys
        sys.path.insert(0, {str(Path(registry.__file__).parents[2])!r})
        from adapters.registry import open_bucket
        os.link = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        open_bucket("file://far", pathlib.Path({str(tmp_path)!r})).put_once({KEY!r}, b"hello")
    """)
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode < 0
    found = open_bucket("file://far", tmp_path)
    assert list(found.list()) == []
    assert not found.exists(KEY)
    (left,) = found.leftovers(LATER)
    found.discard(left)
    found.discard(left)
    assert list(found.leftovers(LATER)) == []
    assert found.put_once(KEY, b"hello")


def faults(folder: Path, limit: str) -> subprocess.CompletedProcess[str]:
    """Puts and replaces in a process whose disk takes no more, or that may write nothing."""
    program = textwrap.dedent(f"""
        import os, pathlib, resource, sys
        sys.path.insert(0, {str(Path(registry.__file__).parents[2])!r})
        from adapters.registry import open_bucket
        from governance.finding import CouldNotJudge
        bucket = open_bucket({f"file://{folder}"!r}, pathlib.Path("."))
        {limit}
        for act in (lambda: bucket.put_once({KEY!r}, b"x" * 5000),
                    lambda: bucket.replace("serving/credit.json", b"x" * 5000, {None!r})):
            try:
                act()
            except CouldNotJudge as error:
                print(str(error).replace(chr(10), " "))
    """)
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = faults(tmp_path, "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))")
    assert done.stdout.count("is full   fix: make room, and run the same command again") == 2
    found = open_bucket(f"file://{tmp_path}", tmp_path)
    assert list(found.list()) == []
    assert list(found.leftovers(LATER)) == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_folder_nobody_may_write_to_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "far"
    folder.mkdir(mode=0o555)
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    done = faults(folder, "import encodings.idna, hashlib, tempfile; os.setuid(65534)")
    assert done.stdout.count("lets nobody write or read here   fix: ask who runs it") == 2
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there_is_no_empty_one(tmp_path: Path) -> None:
    away = open_bucket(f"file://{tmp_path}/away", tmp_path)
    for act in _questions(away):
        with pytest.raises(CouldNotJudge, match="is no folder\n  fix: mount it"):
            act()
    assert not (tmp_path / "away").exists()


def test_a_folder_beside_the_clone_is_made_at_the_first_write(tmp_path: Path) -> None:
    found = open_bucket("file://.charter/registry", tmp_path)
    assert list(found.list()) == []
    assert not (tmp_path / ".charter").exists()
    found.put_once(KEY, b"hello")
    assert (tmp_path / ".charter/registry" / KEY).read_bytes() == b"hello"


@pytest.mark.parametrize("at", ["models", "models/credit/1.0.0", KEY])
def test_a_link_in_the_bucket_leads_nowhere(tmp_path: Path, at: str) -> None:
    found = open_bucket("file://far", tmp_path)
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "far" / at
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "elsewhere")
    for act in (found.read, found.exists, found.remove, lambda key: found.put_once(key, b"x")):
        with pytest.raises(CouldNotJudge, match="goes through a link"):
            act(KEY)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def _questions(found: Bucket) -> list[Callable[[], Any]]:
    return [
        lambda: found.exists(KEY), lambda: found.read(KEY), lambda: list(found.list()),
        lambda: found.pointer("serving/credit.json"), lambda: found.put_once(KEY, b"x"),
        lambda: found.replace("serving/credit.json", b"x", None),
        lambda: list(found.leftovers(LATER)),
    ]  # fmt: skip


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return lambda: answer(self)
            raise AttributeError(name)

        def log_message(self, *_: Any) -> None: ...

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def saying(status: int, code: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "lets nobody write or read here"),
        (507, "InsufficientStorage", "is full"),
        (503, "SlowDown", "is too slow: it asks to wait"),
        (404, "NoSuchBucket", "does not answer"),
    ],
)
def test_a_bucket_that_says_no_is_told(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, status: int, code: str, words: str
) -> None:
    del server  # has set the credentials
    with answering(saying(status, code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        found = open_bucket("s3://far", tmp_path)
        for act in _questions(found):
            with pytest.raises(CouldNotJudge, match=words if code != "NoSuchBucket" else "far"):
                act()


def test_a_bucket_that_is_offline_is_told(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del server
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        for act in _questions(open_bucket("s3://far", tmp_path)):
            with pytest.raises(CouldNotJudge, match="Could not connect"):
                act()


def test_a_bucket_that_never_answers_is_given_up(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del server
    monkeypatch.setattr(s3, "_READ", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        for act in _questions(open_bucket("s3://far", tmp_path)):
            with pytest.raises(CouldNotJudge, match="timeout"):
                act()
