"""A little repository whose data DVC keeps in a cache and a remote, without any pipeline."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from pathlib import Path
from typing import Any, Self

import yaml
from click.testing import CliRunner, Result
from small import git

from adapters import dvc
from governance.finding import CouldNotJudge

DATASET = "data/ml/training/visits"
FIRST = {"a.csv": b"key\n1\n2\n", "b.csv": b"key\n3\n"}
SECOND = {"c.csv": b"key\n4\n"}


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Kept:
    """Two landings of one dataset, pushed to a remote called `store` and committed."""

    def __init__(self, root: Path, remote: str = "") -> None:
        self.root = root
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch", "main")
        self.write(".gitignore", "/data/ml/training/*\n")
        self.write(".dvc/.gitignore", "/cache\n/tmp\n/config.local\n")
        if not remote:
            (root.parent / "far").mkdir()
            remote = "['remote \"store\"']\n    url = ../../far\n"
        self.write(".dvc/config", f"[core]\n    remote = store\n    analytics = false\n{remote}")
        self.write("datasets.dvc", f"outs:\n- path: {DATASET}\n  hash: md5\n")
        self.land("first", FIRST)
        self.land("second", SECOND)

    @classmethod
    def copied(cls, template: Path, target: Path) -> Self:
        """A copy of a repository, with its remote, that shares nothing with it."""
        shutil.copytree(template, target, symlinks=True)
        found = cls.__new__(cls)
        found.root = target / "repository"
        return found

    def write(self, path: str, text: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def record(self, path: str, value: dict[str, Any]) -> None:
        self.write(path, yaml.safe_dump(value, sort_keys=False))

    def land(self, name: str, files: dict[str, bytes], **more: Any) -> None:
        """Files, their record, their bytes in the cache and the remote, and a commit."""
        for path, data in files.items():
            self.write(f"{DATASET}/{path}", data)
        self.record(f"records/landings/visits/{name}.yaml", landing(name, files, **more))
        self.push()
        self.commit(f"land {name}")

    def push(self) -> None:
        dvc.add(self.root, DATASET)
        with dvc.opened(self.root) as repo:
            repo.push()

    def commit(self, message: str) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--message", message)

    def erase(self, **fields: Any) -> None:
        """A tombstone, without a single byte gone."""
        value = {"id": "t-1", "at": "2026-11-10T08:00:00Z", "dataset": "visits", "removal": "rm-1"}
        self.record("records/tombstones/t-1.yaml", value | {"ground": "GDPR 17"} | fields)

    def object(self, place: str, name: str) -> Path:
        """Where a place keeps an object."""
        top = self.root / ".dvc/cache" if place == "cache" else self.root.parent / "far"
        return top / "files/md5" / name[:2] / name[2:]

    def pointer(self) -> str:
        """DVC's name for the list of files."""
        found: str = yaml.safe_load((self.root / "datasets.dvc").read_text())["outs"][0]["md5"]
        return found

    def flip(self, place: str, name: str) -> None:
        """Changes one byte; file mode and size stay."""
        file = self.object(place, name)
        mode, data = file.stat().st_mode, bytearray(file.read_bytes())
        data[-1] ^= 1
        file.chmod(0o644)
        file.write_bytes(data)
        file.chmod(mode & 0o777)

    def green_to_dvc(self) -> bool:
        """Whether `dvc status` and `dvc status --cloud` find nothing."""
        with dvc.opened(self.root) as repo:
            return not repo.status() and not repo.status(cloud=True)

    def charter(self, *arguments: str) -> Result:
        """A command, called in this process; a refusal is told as `main` tells it."""
        from cli.main import charter  # noqa: PLC0415 - settles the environment

        with contextlib.chdir(self.root):
            result = CliRunner().invoke(charter, arguments)
        if isinstance(result.exception, CouldNotJudge):
            result.exit_code, result.stdout_bytes = 2, f"{result.exception}\n".encode()
            result.output_bytes = result.stdout_bytes
        elif result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result


def landing(name: str, files: dict[str, bytes], **more: Any) -> dict[str, Any]:
    """The record of a landing."""
    source = {"kind": "synthetic", "id": "made", "uri": "here", "licence": "Apache-2.0"}
    return {
        "id": name,
        "at": f"2026-11-0{1 + (name == 'second')}T08:00:00Z",
        "dataset": "visits",
        "source": source,
        "files": [
            {"path": path, "bytes": len(data), "rows": 1, "sha256": sha256(data)}
            for path, data in files.items()
        ],
    } | more
