"""A repository to attack: a valid world in real Git, people with real keys, a protected branch."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import signing
from history import QUIET, begin, put
from world import World, world

NOW = "2026-11-22T12:00:00Z"


class Attacked:
    """A clone on disk. `main` holds the valid world; `change` begins a branch from it."""

    def __init__(self, root: Path, start: World | None = None) -> None:
        self.root = root
        self.keys = root.parent / f"{root.name}-keys"
        begin(root)
        (start or world()).write_to(root)
        self.commit("valid world", by="ann")

    def git(self, *arguments: str, **environment: str) -> str:
        """What a Git command says."""
        done = subprocess.run(
            ["git", "-c", "core.quotePath=false", *arguments],
            cwd=self.root,
            capture_output=True,
            check=False,
            env={k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
            | QUIET
            | environment,
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return os.fsdecode(done.stdout).strip()

    def key(self, person: str) -> Path:
        """The file of a person's key."""
        path = self.keys / person
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(signing.private_file(person))
            path.with_suffix(".pub").write_text(f"{signing.public(person)}\n")
        return path

    def put(self, path: str, data: str | bytes) -> Attacked:
        """A file in the work tree."""
        put(self.root, path, data)
        return self

    def edit(self, path: str, old: str, new: str) -> Attacked:
        """A file in the work tree with one text replaced."""
        text = (self.root / path).read_text()
        assert text.count(old) == 1, f"{path} holds {old!r} not exactly once"
        return self.put(path, text.replace(old, new))

    def commit(
        self, message: str = "change", *, by: str = "ann", signed: bool = True,
        committer: str | None = None, **environment: str,
    ) -> str:  # fmt: skip
        """The id of a commit of everything, written (and signed) by a person of the world."""
        self.git("add", "--all")
        sign: tuple[str, ...] = ()
        if signed:
            sign = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.key(committer or by)}")
        people = {
            "GIT_AUTHOR_NAME": by.title(),
            "GIT_AUTHOR_EMAIL": f"{by}@example.org",
            "GIT_COMMITTER_NAME": (committer or by).title(),
            "GIT_COMMITTER_EMAIL": f"{committer or by}@example.org",
        }
        flags = ("-S",) if signed else ()
        self.git(
            *sign, "commit", "--quiet", "--allow-empty", *flags, "-m", message,
            **(people | environment),
        )  # fmt: skip
        return self.git("rev-parse", "HEAD")

    def branch(self, name: str = "change", start: str = "main") -> Attacked:
        """A new branch, checked out."""
        self.git("checkout", "--quiet", "-b", name, start)
        return self

    def judged(self, *arguments: str, base: str = "main", now: str = NOW) -> Judged:
        """What `charter approvals` says of HEAD, in a process of its own."""
        import sys  # noqa: PLC0415 - only here

        done = subprocess.run(
            [sys.executable, "-c", "from cli.main import main; main()", "approvals",
             "--base", base, "--now", now, "--format", "json", *arguments],
            cwd=self.root, capture_output=True, check=False,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        )  # fmt: skip
        return Judged(done.returncode, done.stdout.decode(), done.stderr.decode())

    def digest(self, **how: Any) -> str:
        """The digest of the change at HEAD."""
        return str(self.judged(**how).value["change"]["digest"])

    def approve(
        self, by: str, role: str, subject: str = "change", *, commit: bool = True, **more: Any
    ) -> Attacked:
        """Adds a signed approval of the change at HEAD (or of digest `of`) and commits it."""
        of = more.pop("of", None) or self.digest()
        name = more.pop("name", f"2026-11-20-{by}-{role}-{of[7:15]}-{more.get('said', 'approve')}")
        self.put(
            f"records/approvals/{name}.yaml", signing.record(name, by, role, subject, of, **more)
        )
        if commit:
            self.commit(f"approval of {by}")
        return self


class Judged:
    """An answer of `charter approvals --format json`."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def value(self) -> dict[str, Any]:
        """The whole document."""
        assert self.out, self.err
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def standing(self) -> str:
        """How the change stands; `error` when it could not be judged."""
        return str(self.value["standing"]) if self.code != 2 else "error"

    def rule(self, name: str) -> dict[str, Any]:
        """What one rule demands."""
        return next(rule for rule in self.value["rules"] if rule["rule"] == name)

    def ignored(self, who: str) -> list[str]:
        """Why opinions of somebody were ignored."""
        return [
            f"{item['standing']}: {item['reason']}"
            for rule in self.value["rules"]
            for item in rule["ignored"]
            if item["who"] == who
        ]
