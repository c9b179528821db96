"""`charter erase` makes a person disappear for good, and tells nobody who it was."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import erasing
import pytest
import small
from buckets import Buckets, buckets, server
from erasing import ADA, LATER, TOKEN

from adapters import dvc
from cli.main import main

__all__ = ["buckets", "server"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter`; exit code, standard output and standard error."""

    def command(*words: object, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["charter", *map(str, words)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capsys.readouterr()
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        else:
            code = 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@dataclass(frozen=True)
class Everywhere:
    """Two clones of one repository, a folder and a bucket with versions for their data."""

    root: Path
    stale: Path
    folder: Path
    bucket: str
    server: Buckets

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Every version of every object of the bucket."""
        for key, version in self.server.versions(self.bucket):
            try:
                got = self.server.client.get_object(Bucket=self.bucket, Key=key, VersionId=version)
            except self.server.client.exceptions.ClientError:  # a delete marker holds no bytes
                continue
            yield f"{key}@{version}", got["Body"].read()

    def ada(self) -> list[str]:
        """Where she still is, in this clone, the folder and the bucket."""
        return [*erasing.found(erasing.below(self.root, self.folder)),
                *erasing.found(self.objects())]  # fmt: skip


@pytest.fixture
def everywhere(shared: Path, tmp_path: Path, buckets: Buckets) -> Everywhere:
    root = small.copied(small.template(shared, erasing.trained), tmp_path / "root")
    folder, bucket = tmp_path / "folder", buckets.make(versioned=True)
    folder.mkdir()
    config = "[core]\n    remote = near\n    analytics = false\n['remote \"near\"']\n"
    config += f"    url = {folder}\n{buckets.remote(bucket, 'far', 'data')}"
    (root / ".dvc/config").write_text(config)
    small.commit(root, "remotes")
    found = Everywhere(root, tmp_path / "stale", folder, bucket, buckets)
    cache = root / ".dvc/cache"
    for name, data in erasing.below(cache):  # remotes and caches are laid out alike
        key = Path(name).relative_to(cache)
        small.put(folder / key, data)
        buckets.client.put_object(Bucket=bucket, Key=f"data/{key}", Body=data)
    small.git(root, "clone", "--quiet", str(root), str(found.stale))
    shutil.copytree(cache, found.stale / ".dvc/cache")
    with dvc.opened(found.stale) as repo:
        repo.checkout()
    _clutter(found)
    return found


def _clutter(every: Everywhere) -> None:
    """Old versions, a delete marker, bytes nobody names, rows set aside, a killed transfer."""
    client = every.server.client
    for key, _ in list(every.server.versions(every.bucket)):
        body = client.get_object(Bucket=every.bucket, Key=key)["Body"].read()
        client.put_object(Bucket=every.bucket, Key=key, Body=body)
    client.delete_object(Bucket=every.bucket, Key=every.server.versions(every.bucket)[0][0])
    for stray in (
        f"name,customer\nAda,{ADA}\n".encode(),
        f"token;{TOKEN}\n".encode(),
        (every.root / small.VISITS / "b.parquet").read_bytes() + b"",
    ):
        name = hashlib.md5(stray, usedforsecurity=False).hexdigest()
        small.put(every.folder / "files/md5" / name[:2] / name[2:], stray)
    small.put(every.folder / "files/md5/ab/cdef.tmp", f"x,{ADA}\n".encode())
    aside = erasing.visits(9, 3, LATER, ADA)
    small.put(every.root / "quarantine/visits/20261101t000000z/q.bad.parquet", aside)


def test_one_person_is_erased_everywhere_and_stays_erased(run: Run, everywhere: Everywhere) -> None:
    every, root = everywhere, everywhere.root
    assert len(every.ada()) > 10
    words = ("erase", "-", "--ground", "gdpr-17", "--repo", root, "--now", LATER.isoformat())
    told = [run(*words, stdin=f"{ADA}\n")]
    assert told[0][0] == 1
    assert "privacy-office 0 of 1" in told[0][2]
    (identity,) = erasing.removals(root)
    assert len(every.ada()) > 10  # nothing goes before people said yes
    erasing.approve(root, identity)
    told.append(run(*words, stdin=f"{ADA}\n"))
    assert told[1][0] == 0, told[1]
    assert "erased 7 rows in 2 files" in told[1][1]

    assert every.ada() == []
    for _, out, err in told:
        assert not erasing.occurs(f"{out}{err}".encode())
    assert {row["customer"] for row in erasing.rows(root, "b.parquet")} >= set(erasing.NEAR)
    assert len(erasing.rows(root, "b.parquet")) == 96
    assert len(erasing.rows(root, "c.parquet")) == 87

    assert "charter-rehearsal" not in str(every.server.versions(every.bucket))
    certificate = (root / f"records/certificates/{identity}.yaml").read_text()
    tainted = certificate.partition("tainted:")[2].partition("limits:")[0]
    assert tainted.count("model:") == 1
    assert 'model: "returning"' in tainted
    small.commit(root, "erase")
    _others_check_out(root)
    _the_new_version_is_in_both_remotes(every)
    _a_stale_clone_is_found_out(run, every, identity)


def _others_check_out(root: Path) -> None:
    """A version without her is byte for byte what it was, from a cold cache."""
    wanted = hashlib.sha256((root / small.VISITS / "a.parquet").read_bytes()).hexdigest()
    other = root.parent / "other"
    small.git(root, "clone", "--quiet", str(root), str(other))
    small.git(other, "checkout", "--quiet", "a")
    (other / ".dvc/config").write_text((root / ".dvc/config").read_text())
    for remote in ("near", "far"):
        with dvc.opened(other) as repo:
            repo.pull(targets=["data/ml/training/visits"], remote=remote, force=True)
        found = sorted(path.name for path in (other / small.VISITS).iterdir())
        assert found == ["a.parquet"]
        data = (other / small.VISITS / "a.parquet").read_bytes()
        assert hashlib.sha256(data).hexdigest() == wanted


def _the_new_version_is_in_both_remotes(every: Everywhere) -> None:
    for remote in ("near", "far"):
        new = every.root.parent / f"new-{remote}"
        small.git(every.root, "clone", "--quiet", str(every.root), str(new))
        with dvc.opened(new) as repo:
            repo.pull(targets=["data/ml/training/visits"], remote=remote)
        for name in ("a.parquet", "b.parquet", "c.parquet"):
            here = (every.root / small.VISITS / name).read_bytes()
            assert (new / small.VISITS / name).read_bytes() == here


def _a_stale_clone_is_found_out(run: Run, every: Everywhere, identity: str) -> None:
    """What it pushes back is found by name, refused by the rule, and deleted again."""
    root = every.root
    assert run("store", "sweep", "--repo", root)[0] == 0
    with dvc.opened(every.stale) as repo:
        repo.push(remote="near", all_commits=True, run_cache=True)
    assert every.ada() != []
    code, out, _ = run("store", "sweep", "--repo", root)
    assert code == 1
    assert f"{identity} erased it" in out
    code, out, _ = run("check", "--only", "retention/tombstoned", "--repo", root)
    assert code == 1  # the lock still names the prepared files until the next retraining
    old = (every.stale / "datasets.dvc").read_text()
    new = (root / "datasets.dvc").read_text()
    (root / "datasets.dvc").write_text(old)
    code, out, _ = run("check", "--only", "retention/tombstoned", "--repo", root)
    assert (code, "datasets.dvc" in out) == (1, True)
    (root / "datasets.dvc").write_text(new)
    code, _, err = run(
        "land", "visits", every.stale / small.VISITS / "b.parquet", "--repo", root,
        "--now", LATER.isoformat(),
    )  # fmt: skip
    assert code == 1
    code, out, err = run("store", "sweep", "--delete", "--repo", root, "--now", LATER.isoformat())
    assert code == 0, err
    assert f"certificate: records/certificates/{identity}-sweep-" in out
    assert every.ada() == []
