"""`charter store` finds what DVC takes for whole, what is nowhere, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from buckets import Buckets, buckets, server
from keeping import FIRST, SECOND, Kept, md5, sha256
from small import git

__all__ = ["buckets", "server"]

A, B, C = md5(FIRST["a.csv"]), md5(FIRST["b.csv"]), md5(SECOND["c.csv"])
IN_ORDER = """\
cache: 5 objects, 345 B, all hashed
store: 5 objects, 345 B, all hashed
in order
"""


@pytest.fixture(scope="module")
def template(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del shared  # DVC keeps its notes there
    return Kept(tmp_path_factory.mktemp("kept") / "repository").root.parent


@pytest.fixture
def kept(template: Path, tmp_path: Path) -> Kept:
    return Kept.copied(template, tmp_path / "copy")


def told(kept: Kept, *arguments: str) -> tuple[int, str]:
    result = kept.charter("store", "verify", *arguments)
    return result.exit_code, result.stdout


def test_what_is_whole_is_green(kept: Kept) -> None:
    assert told(kept) == (0, IN_ORDER)


@pytest.mark.parametrize("place", ["cache", "store"])
def test_a_flipped_byte_is_found_that_dvc_never_notices(kept: Kept, place: str) -> None:
    kept.flip(place, A)
    assert kept.green_to_dvc()
    code, out = told(kept)
    assert code == 1
    assert out.splitlines()[:3] == [
        f"{place}:{A}: the bytes are not those its name says",
        "  named by visits (landed) a.csv",
        "  fix: delete it there, then `dvc fetch` or `dvc push` it from a place that is whole",
    ]
    assert out.endswith("1 finding\n")


def test_a_flipped_byte_of_a_former_version_is_found(kept: Kept) -> None:
    git(kept.root, "checkout", "--quiet", "HEAD~1")
    former = kept.pointer()
    git(kept.root, "checkout", "--quiet", "main")
    kept.flip("store", former)
    assert f"store:{former}: the bytes are not those its name says" in told(kept)[1]


def test_a_flipped_byte_in_a_bucket_is_found(
    shared: Path, buckets: Buckets, tmp_path: Path
) -> None:
    del shared
    bucket = buckets.make(versioned=True)
    kept = Kept(tmp_path / "repository", buckets.remote(bucket))
    assert told(kept) == (0, IN_ORDER)
    at = f"files/md5/{B[:2]}/{B[2:]}"
    buckets.client.put_object(Bucket=bucket, Key=at, Body=b"kez\n3\n")
    assert kept.green_to_dvc()
    code, out = told(kept)
    assert (code, out.count("fix:")) == (1, 1)
    assert f"store:{B}: the bytes are not those its name says" in out


def test_erased_bytes_under_a_delete_marker_are_found(
    shared: Path, buckets: Buckets, tmp_path: Path
) -> None:
    del shared
    bucket = buckets.make(versioned=True)
    kept = Kept(tmp_path / "repository", buckets.remote(bucket))
    kept.erase(objects=[A])
    kept.object("cache", A).unlink()
    buckets.client.delete_object(Bucket=bucket, Key=f"files/md5/{A[:2]}/{A[2:]}")
    code, out = told(kept)
    assert (code, out.count("fix:")) == (1, 1)
    assert f"store:{A}: bytes that rm-1 erased are here, in 2 old versions" in out


def test_bytes_that_fit_their_name_but_not_their_landing(kept: Kept) -> None:
    record = kept.root / "records/landings/visits/first.yaml"
    record.write_text(record.read_text().replace(sha256(FIRST["a.csv"]), "f" * 64))
    code, out = told(kept)
    assert code == 1
    wrong = r"^(\w+):\w+: visits a.csv has other bytes than were landed$"
    assert re.findall(wrong, out, re.MULTILINE) == ["cache", "store"]


def test_data_that_are_nowhere(kept: Kept) -> None:
    kept.object("cache", C).unlink()
    assert told(kept) == (
        0, IN_ORDER.replace("cache: 5 objects, 345 B", "note: cache: lacks 1 object of visits "
        "(landed)\ncache: 4 objects, 339 B"),
    )  # fmt: skip
    kept.object("store", C).unlink()
    code, out = told(kept)
    assert code == 1
    assert f"{C}: visits c.csv is not in cache or store\n  fix: `dvc push`" in out
    code, out = told(kept, "--remote", "store")
    assert f"{C}: visits c.csv is not in store\n" in out


def test_a_list_of_files_that_is_nowhere(kept: Kept) -> None:
    name = kept.pointer()
    for place in ("cache", "store"):
        kept.object(place, name).unlink()
    code, out = told(kept)
    assert code == 1
    assert f"{name}: the list of files of visits is not in cache or store" in out


ERASED = {
    "by DVC's name": {"objects": [A]},
    "by the digest of a file": {"files": [{"path": "a.csv", "sha256": sha256(FIRST["a.csv"]),
                                           "rows": 1}]},
    "by the digest of what was made of it": {"digests": [f"sha256:{sha256(FIRST['a.csv'])}"]},
}  # fmt: skip


@pytest.mark.parametrize("fields", ERASED.values(), ids=ERASED)
def test_erased_bytes_that_are_still_there(kept: Kept, fields: dict[str, object]) -> None:
    kept.erase(**fields)
    code, out = told(kept)
    assert code == 1
    found = re.findall(rf"^(\w+):{A}: bytes that rm-1 erased are here$", out, re.MULTILINE)
    assert found == ["cache", "store"]


def test_what_took_the_place_of_erased_rows_is_no_other_landing(kept: Kept) -> None:
    left = b"key\n2\n"
    kept.write("data/ml/training/visits/a.csv", left)
    becomes = {"path": "a.csv", "bytes": len(left), "rows": 1, "sha256": sha256(left)}
    kept.erase(
        files=[{"path": "a.csv", "sha256": sha256(FIRST["a.csv"]), "rows": 1, "becomes": becomes}],
        objects=[A],
    )
    kept.push()
    kept.commit("erase")
    for place in ("cache", "store"):
        kept.object(place, A).unlink()
    code, out = told(kept)
    assert (code, out.splitlines()[-1]) == (0, "in order"), out


def test_what_no_commit_names_is_a_note(kept: Kept) -> None:
    stray = kept.object("store", md5(b"stray"))
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    stray.with_name("x.tmp").write_bytes(b"s")
    code, out = told(kept)
    assert code == 0
    assert "note: store: 1 object that no commit names\n" in out
    assert "note: store: 1 stray file among the objects" in out


def _on_a_branch(kept: Kept) -> None:
    git(kept.root, "checkout", "--quiet", "-b", "other")
    kept.land("third", {"d.csv": b"key\n5\n"})
    git(kept.root, "checkout", "--quiet", "main")


def _under_a_tag(kept: Kept) -> None:
    _on_a_branch(kept)
    git(kept.root, "tag", "kept", "other")
    git(kept.root, "branch", "--quiet", "-D", "other")
    git(kept.root, "reflog", "expire", "--expire=now", "--all")


def _in_a_stash(kept: Kept) -> None:
    kept.write("data/ml/training/visits/d.csv", b"key\n5\n")
    kept.push()
    git(kept.root, "stash", "--quiet")


def _in_the_reflog(kept: Kept) -> None:
    kept.land("third", {"d.csv": b"key\n5\n"})
    git(kept.root, "reset", "--quiet", "--hard", "HEAD~1")


def _in_the_index(kept: Kept) -> None:
    kept.write("data/ml/training/visits/d.csv", b"key\n5\n")
    kept.push()
    git(kept.root, "add", "datasets.dvc")
    git(kept.root, "restore", "--worktree", "--source", "HEAD", "datasets.dvc")


def _in_the_work_tree(kept: Kept) -> None:
    kept.write("data/ml/training/visits/d.csv", b"key\n5\n")
    kept.push()


REMEMBERED: dict[str, Callable[[Kept], None]] = {
    "on another branch": _on_a_branch,
    "under a tag": _under_a_tag,
    "in a stash": _in_a_stash,
    "in the reflog": _in_the_reflog,
    "in the index": _in_the_index,
    "in the work tree": _in_the_work_tree,
}


@pytest.mark.parametrize("remember", REMEMBERED.values(), ids=REMEMBERED)
def test_every_version_git_remembers_is_known(kept: Kept, remember: Callable[[Kept], None]) -> None:
    remember(kept)
    assert kept.object("store", md5(b"key\n5\n")).exists()
    code, out = told(kept)
    assert code == 0
    assert "that no commit names" not in out


def test_json_says_the_same(kept: Kept) -> None:
    kept.flip("store", A)
    code, out = told(kept, "--format", "json")
    value = json.loads(out)
    assert code == 1
    assert [found["at"] for found in value["findings"]] == [f"store:{A}"]
    assert value["findings"][0].keys() == {"at", "problem", "fix", "notes"}
    assert value["places"] == [
        {"name": "cache", "objects": 5, "bytes": 345},
        {"name": "store", "objects": 5, "bytes": 345},
    ]


def _away(kept: Kept) -> None:
    (kept.root.parent / "far").rename(kept.root.parent / "further")


def _shallow(kept: Kept) -> None:
    git(kept.root.parent, "clone", "--quiet", "--depth", "1", f"file://{kept.root}", "shallow")
    kept.root = kept.root.parent / "shallow"


def _broken(kept: Kept) -> None:
    kept.write("records/landings/visits/first.yaml", "id: first\n")


SILENT: dict[str, tuple[Callable[[Kept], object], tuple[str, ...], str]] = {
    "a remote that is away": (_away, (), "store is not there"),
    "a remote nobody declared": (lambda _: None, ("--remote", "x"), "no place is called x"),
    "a history that is cut off": (_shallow, (), "the clone is shallow"),
    "a landing that does not load": (_broken, (), "records/landings/visits/first.yaml:1"),
}


@pytest.mark.parametrize("command", ["verify", "list"])
@pytest.mark.parametrize(("change", "arguments", "said"), SILENT.values(), ids=SILENT)
def test_what_cannot_be_judged_is_never_green(
    kept: Kept, command: str, change: Callable[[Kept], object], arguments: tuple[str, ...],
    said: str,
) -> None:  # fmt: skip
    change(kept)
    result = kept.charter("store", command, *arguments)
    assert result.exit_code == 2
    assert said in result.stdout


def test_the_list_says_what_lies_where(kept: Kept) -> None:
    kept.object("store", B).unlink()
    result = kept.charter("store", "list")
    lines = [re.sub(r"\b[0-9a-f]{8}\b", "########", line) for line in result.stdout.splitlines()]
    assert (result.exit_code, lines) == (
        0,
        [
            "   what    kind    version   commit    files  size  cache  store",
            "*  visits  landed  ########  ########  3      20 B  all    2",
            "   visits  landed  ########  ########  2      14 B  all    1",
        ],
    )


def test_the_list_marks_what_was_erased(kept: Kept) -> None:
    kept.erase(objects=[kept.pointer()])
    rows = json.loads(kept.charter("store", "list", "--format", "json").stdout)
    assert [(row["erased"], row["current"], row["files"]) for row in rows] == [
        (True, True, 3),
        (False, False, 2),
    ]
    assert kept.charter("store", "list").stdout.splitlines()[1].startswith("†")
