"""Every place that keeps DVC's bytes answers the same questions, or says that it cannot."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from buckets import Buckets, buckets, server
from hypothesis import given
from hypothesis import strategies as st

from adapters.store import Place, places, replica
from adapters.store.folder import Folder
from governance.finding import CouldNotJudge

__all__ = ["buckets", "server"]

ABSENT = "0" * 32


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def key(name: str) -> str:
    return f"files/md5/{name[:2]}/{name[2:]}"


def declare(root: Path, config: str) -> Path:
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text(config)
    return root


@dataclass
class Kept:
    """A place, and a way into it that is not the one under test."""

    place: Place
    put: Callable[[str, bytes], None]
    left: Callable[[], list[str]]


@pytest.fixture(params=["folder", "bucket", "bucket with versions", "folder of a bucket"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    if request.param == "folder":
        root = declare(tmp_path, "['remote \"store\"']\n    url = ../far\n")
        far = root / "far"
        far.mkdir()

        def put(path: str, data: bytes) -> None:
            (far / path).parent.mkdir(parents=True, exist_ok=True)
            (far / path).write_bytes(data)

        def left() -> list[str]:
            return [file.relative_to(far).as_posix() for file in far.rglob("*") if file.is_file()]

        return Kept(places(root, ["store"])[0], put, left)
    found: Buckets = request.getfixturevalue("buckets")
    bucket = found.make(versioned=request.param == "bucket with versions")
    inside = "some/folder" if request.param == "folder of a bucket" else ""
    prefix = f"{inside}/" if inside else ""
    root = declare(tmp_path, found.remote(bucket, inside=inside))
    found.client.put_object(Bucket=bucket, Key="elsewhere/of/another", Body=b"not ours")
    return Kept(
        places(root, ["store"])[0],
        lambda path, data: found.client.put_object(Bucket=bucket, Key=prefix + path, Body=data),
        lambda: [k.removeprefix(prefix) for k, _ in found.versions(bucket) if "elsewhere" not in k],
    )


def test_objects_are_listed_with_their_sizes(kept: Kept) -> None:
    one, two = b"one", b"twotwo"
    kept.put(key(md5(one)), one)
    kept.put(f"{key(md5(one))}.dir", b"[]")
    kept.put(key(md5(two)), two)
    found = {o.md5: (o.size, o.versions, o.live) for o in kept.place.objects()}
    assert found == {
        md5(one): (3, 1, True),
        f"{md5(one)}.dir": (2, 1, True),
        md5(two): (6, 1, True),
    }


def test_nothing_in_it_is_an_answer(kept: Kept) -> None:
    assert list(kept.place.objects()) == []
    assert list(kept.place.runs()) == []
    assert list(kept.place.strays()) == []
    assert not kept.place.has(ABSENT)
    assert kept.place.delete(ABSENT) == 0


def test_bytes_come_as_a_stream(kept: Kept) -> None:
    data = os.urandom(3 << 20) + b"end"
    kept.put(key(md5(data)), data)
    with kept.place.open(md5(data)) as stream:
        assert stream.read(5) == data[:5]
        assert stream.read() == data[5:]
    blocks = list(kept.place.blocks(md5(data)))
    assert b"".join(blocks) == data
    assert max(map(len, blocks)) <= 1 << 20


def test_what_is_not_there_cannot_be_opened(kept: Kept) -> None:
    with pytest.raises(FileNotFoundError):
        kept.place.open(ABSENT)


def test_an_object_is_deleted_once_and_nothing_else_is(kept: Kept) -> None:
    data, other = b"data", b"other"
    kept.put(key(md5(data)), data)
    kept.put(f"{key(md5(data))}.dir", b"[]")
    kept.put(key(md5(other)), other)
    assert kept.place.has(md5(data))
    assert kept.place.delete(md5(data)) == 1
    assert kept.place.delete(md5(data)) == 0
    assert not kept.place.has(md5(data))
    assert sorted(kept.left()) == sorted([f"{key(md5(data))}.dir", key(md5(other))])


def test_the_layout_of_dvc_2_counts_as_well(kept: Kept) -> None:
    data, old = b"data", b"old"
    name = md5(data)
    kept.put(key(name), data)
    kept.put(f"{name[:2]}/{name[2:]}", data)
    kept.put(f"{md5(old)[:2]}/{md5(old)[2:]}", old)
    assert {o.md5: o.versions for o in kept.place.objects()} == {name: 2, md5(old): 1}
    assert b"".join(kept.place.blocks(md5(old))) == old
    assert kept.place.delete(name) == 2
    assert kept.place.delete(md5(old)) == 1
    assert kept.left() == []


def test_the_run_cache_tells_what_it_mentions(kept: Kept) -> None:
    name, value = "a" * 64, "b" * 64
    text = f"cmd: x\ndeps:\n- path: d\n  md5: {md5(b'in')}.dir\nouts:\n- md5: {md5(b'out')}\n"
    kept.put(f"runs/aa/{name}/{value}", text.encode())
    (run,) = kept.place.runs()
    assert run.path == f"runs/aa/{name}/{value}"
    assert run.md5s == {f"{md5(b'in')}.dir", md5(b"out")}
    assert list(kept.place.objects()) == []
    assert kept.place.forget(run) == 1
    assert kept.place.forget(run) == 0
    assert kept.left() == []


def test_what_a_killed_transfer_left_is_a_stray(kept: Kept) -> None:
    name = md5(b"data")
    kept.put(key(name), b"data")
    kept.put(f"{key(name)}.AbCdEf.tmp", b"da")
    kept.put("README.md", b"a note")
    assert list(kept.place.strays()) == [f"{key(name)}.AbCdEf.tmp"]
    assert kept.place.discard(f"{key(name)}.AbCdEf.tmp") == 1
    assert list(kept.place.strays()) == []


# What a bucket with versions remembers.


@pytest.fixture
def versioned(buckets: Buckets, tmp_path: Path) -> tuple[Place, Any, str]:
    bucket = buckets.make(versioned=True)
    root = declare(tmp_path, buckets.remote(bucket, inside="far"))
    return places(root, ["store"])[0], buckets, bucket


def test_old_versions_and_delete_markers_go_as_well(versioned: tuple[Place, Any, str]) -> None:
    place, buckets_, bucket = versioned
    name = md5(b"data")
    for _ in range(3):
        buckets_.client.put_object(Bucket=bucket, Key=f"far/{key(name)}", Body=b"data")
    buckets_.client.delete_object(Bucket=bucket, Key=f"far/{key(name)}")
    (found,) = place.objects()
    assert (found.size, found.versions, found.live) == (0, 4, False)
    with pytest.raises(FileNotFoundError):
        place.open(name)
    assert place.has(name), "the bytes are still there"
    assert place.delete(name) == 4
    assert buckets_.versions(bucket) == []
    assert not place.has(name)


def test_a_delete_marker_alone_is_found(versioned: tuple[Place, Any, str]) -> None:
    place, buckets_, bucket = versioned
    at = {"Bucket": bucket, "Key": f"far/{key(ABSENT)}"}
    version = buckets_.client.put_object(**at, Body=b"data")["VersionId"]
    buckets_.client.delete_object(**at)
    buckets_.client.delete_object(**at, VersionId=version)
    assert len(buckets_.versions(bucket)) == 1
    assert place.has(ABSENT)
    assert place.delete(ABSENT) == 1
    assert buckets_.versions(bucket) == []


def test_a_listing_of_several_pages_misses_nothing(versioned: tuple[Place, Any, str]) -> None:
    place, buckets_, bucket = versioned
    names = [md5(str(number).encode()) for number in range(400)]
    for name in names:
        for _ in range(3):  # the page of a thousand ends in the middle of a key
            buckets_.client.put_object(Bucket=bucket, Key=f"far/{key(name)}", Body=b"x")
    found = {o.md5: o.versions for o in place.objects()}
    assert found == dict.fromkeys(names, 3)


# What a folder can be.


def cached(root: Path, data: bytes) -> tuple[Place, Path]:
    file = declare(root, "") / ".dvc" / "cache" / key(md5(data))
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return places(root)[0], file


def test_a_read_only_file_in_a_read_only_folder_is_deleted(tmp_path: Path) -> None:
    place, file = cached(tmp_path, b"data")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    assert place.delete(md5(b"data")) == 1
    assert not file.exists()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o555


def test_other_names_of_the_same_bytes_are_counted(tmp_path: Path) -> None:
    place, file = cached(tmp_path, b"data")
    (tmp_path / "twin").hardlink_to(file)
    assert [found.links for found in place.objects()] == [1]
    assert place.delete(md5(b"data")) == 1
    assert (tmp_path / "twin").read_bytes() == b"data"


def test_a_link_to_elsewhere_is_never_deleted(tmp_path: Path) -> None:
    place, file = cached(tmp_path, b"data")
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    assert [found.md5 for found in place.objects()] == [md5(b"data")]
    with pytest.raises(CouldNotJudge, match="is a link, its bytes lie elsewhere"):
        place.delete(md5(b"data"))
    assert elsewhere.read_bytes() == b"data"


@given(st.sets(st.binary(max_size=20), max_size=8), st.data())
def test_a_folder_holds_what_was_put_and_not_deleted(
    tmp_path_factory: pytest.TempPathFactory, data: set[bytes], draw: st.DataObject
) -> None:
    far = tmp_path_factory.mktemp("far")
    place = Folder("far", far)
    for one in data:
        path = far / draw.draw(st.sampled_from([key(md5(one)), key(md5(one))[10:]]))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)
    gone = draw.draw(st.sets(st.sampled_from(sorted(data)))) if data else set()
    assert sum(place.delete(md5(one)) for one in gone) == len(gone)
    assert {found.md5 for found in place.objects()} == {md5(one) for one in data - gone}


# Which places there are.


def test_the_cache_comes_first_then_the_remotes(tmp_path: Path) -> None:
    config = "['remote \"b\"']\n    url = ../b\n['remote \"a\"']\n    url = ../a\n"
    root = declare(tmp_path, config)
    (root / ".dvc/config.local").write_text("['remote \"mine\"']\n    url = /nowhere\n")
    assert [place.name for place in places(root)] == ["cache", "a", "b", "mine"]
    assert [place.name for place in places(root, ["mine", "cache"])] == ["cache", "mine"]


def test_a_cache_that_was_never_made_is_empty(tmp_path: Path) -> None:
    (place,) = places(declare(tmp_path, ""))
    assert list(place.objects()) == []


def test_a_cache_that_is_declared_has_to_be_there(tmp_path: Path) -> None:
    (place,) = places(declare(tmp_path, "[cache]\n    dir = ../shared\n"))
    with pytest.raises(CouldNotJudge, match="cache is not there"):
        list(place.objects())


REFUSED = {
    "an unknown name": ("", ["far"], "no place is called far; known: cache"),
    "a remote called like the cache": (
        "['remote \"cache\"']\n    url = ../far\n", [], "a remote is called cache",
    ),
    "a remote that keeps versions itself": (
        "['remote \"far\"']\n    url = s3://far\n    version_aware = true\n",
        [],
        "far is version_aware",
    ),
    "a remote of a kind nobody searches": (
        "['remote \"far\"']\n    url = https://far.example/store\n",
        [],
        "far is a https remote: only folders and s3 can be searched",
    ),
    "a config that is none": ("[core\n", [], ".dvc/config"),
    "a setting nobody knows": ("[core]\n    nonsense = 1\n", [], ".dvc/config"),
}  # fmt: skip


@pytest.mark.parametrize(("config", "only", "said"), REFUSED.values(), ids=REFUSED)
def test_a_place_that_cannot_be_searched_is_named(
    tmp_path: Path, config: str, only: list[str], said: str
) -> None:
    with pytest.raises(CouldNotJudge, match=said):
        places(declare(tmp_path, config), only)


QUESTIONS: dict[str, Callable[[Place], object]] = {
    "objects": lambda place: list(place.objects()),
    "runs": lambda place: list(place.runs()),
    "has": lambda place: place.has(ABSENT),
    "open": lambda place: place.open(ABSENT),
    "delete": lambda place: place.delete(ABSENT),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_folder_that_is_away_is_no_empty_one(
    tmp_path: Path, question: Callable[[Place], object]
) -> None:
    root = declare(tmp_path, "['remote \"far\"']\n    url = ../far\n")
    with pytest.raises(CouldNotJudge, match=r"far is not there(.|\n)*fix: mount it"):
        question(places(root, ["far"])[0])


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_bucket_that_is_not_there_is_no_empty_one(
    buckets: Buckets, tmp_path: Path, question: Callable[[Place], object]
) -> None:
    root = declare(tmp_path, buckets.remote("no-such-bucket", "far"))
    with pytest.raises(CouldNotJudge, match="far does not answer: The specified bucket does not"):
        question(places(root, ["far"])[0])


def test_a_server_that_is_off_is_no_empty_bucket(server: str, tmp_path: Path) -> None:
    del server  # its credentials are used
    off = "['remote \"far\"']\n    url = s3://far\n    endpointurl = http://127.0.0.1:9\n"
    (place,) = places(declare(tmp_path, off), ["far"])
    with pytest.raises(CouldNotJudge, match="far does not answer: Could not connect"):
        list(place.objects())


def test_a_file_nobody_may_read_is_told(tmp_path: Path) -> None:
    far = tmp_path / "store"
    (far / "files").mkdir(parents=True)
    (far / "files" / "md5").write_bytes(b"")  # a file where a folder belongs
    place = Folder("far", far)
    with pytest.raises(CouldNotJudge, match=r"far does not answer: .*Not a directory"):
        place.open(ABSENT)


def test_a_replica_needs_no_declaration(buckets: Buckets, tmp_path: Path) -> None:
    root = declare(tmp_path, "")
    (root / "copy").mkdir()
    place = replica("copy", "copy", root)
    assert (place.name, list(place.objects())) == ("copy", [])
    with pytest.raises(CouldNotJudge, match="far is not there"):
        list(replica("far", "/nowhere/at/all", root).objects())
    del buckets
