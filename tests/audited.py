"""Small governed repositories whose people have real keys, for tests of what was merged."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from history import begin, put
from history import git as command
from world import dump

from adapters.keys import public_of, sign
from checks.collect import Collector
from cli.situate import situate
from governance.statement import NAMESPACE, text
from governance.tally import Tally

PEOPLE = ("ann", "bob", "cid", "dee")
REPOSITORY = "example/small"
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY: dict[str, Any] = {
    "id": "approvals",
    "version": "1.0.0",
    "effective": "2026-01-01",
    "owner": "board",
    "review_every": "P3M",
    "repository": REPOSITORY,
    "branches": ["main"],
    "rules": [
        {
            "id": "code",
            "because": "code",
            "when": {"changes": ["touches-code"]},
            "require": [{"role": "mlops", "count": 1}],
            "expires_after": "P30D",
        },
        {
            "id": "policy",
            "because": "policies",
            "when": {"paths": ["policies/**"]},
            "require": [{"role": "board", "count": 1}],
        },
        {
            "id": "past-record",
            "because": "records are append-only",
            "when": {"changes": ["edits-record"]},
            "require": [{"role": "board", "count": 2}],
        },
        {
            "id": "large",
            "because": "size",
            "when": {"all": [{"changes": ["touches-code"]}, {"size": {"lines_above": 50}}]},
            "require": [{"role": "board", "count": 1}],
        },
        {
            "id": "landing",
            "because": "data",
            "when": {"changes": ["lands-data"]},
            "require": [{"role": "mlops", "count": 1}],
        },
    ],
    "otherwise": [{"role": "mlops", "count": 1}],
    "free": [{"paths": ["docs/**"], "because": "words"}],
    "unverified_authorship": "accept",
    "break_glass": {
        "require": [{"role": "mlops", "count": 1}, {"role": "board", "count": 1}],
        "due_within": "P3D",
    },
}


@cache
def ring() -> dict[str, tuple[Path, str]]:
    """Private key and public text of each person, made once per process."""
    import tempfile  # noqa: PLC0415 - the keys outlive every test

    folder = Path(tempfile.mkdtemp(prefix="charter-ring-"))
    found = {}
    for person in (*PEOPLE, "judge", "stranger"):
        key = folder / person
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True
        )
        found[person] = (key, public_of(key))
    return found


def roles(*, judge: bool = False, **changes: Any) -> str:
    people = {
        person: {
            "name": person.title(),
            "email": f"{person}@example.org",
            "github": [{"login": person, "id": number}],
            "keys": [{"public": ring()[person][1], "valid_from": "2026-01-01"}],
        }
        for number, person in enumerate(PEOPLE, start=1)
    }
    held = {"mlops": ("ann", "bob", "cid"), "board": ("cid", "dee")}
    if judge:
        people["judge"] = {
            "name": "Judge",
            "kind": "bot",
            "keys": [{"public": ring()["judge"][1], "valid_from": "2026-01-01"}],
        }
        held["judge"] = ("judge",)
    return dump(
        {
            "id": "roles",
            "version": "1.0.0",
            "effective": "2026-01-01",
            "owner": "board",
            "review_every": "P3M",
            "people": people,
            "roles": {
                role: {
                    "title": role,
                    "members": [{"person": p, "valid_from": "2026-01-01"} for p in members],
                }
                for role, members in held.items()
            },
        }
        | changes
    )


class Ledger:
    """A repository whose `main` is governed; every commit is an hour after the one before."""

    def __init__(self, root: Path, *, judge: bool = False, **policy: Any) -> None:
        self.root = begin(root)
        self.at = BEGIN
        self.number = 0
        self.put("policies/approvals.yaml", dump(POLICY | policy))
        self.put("policies/roles.yaml", roles(judge=judge))
        self.put("governance/code.py", "one = 1\n")
        self.first = self.commit("Adopt the rules", by="ann")

    def git(self, *arguments: str, data: bytes | None = None) -> str:
        return command(self.root, *arguments, data=data)

    def put(self, path: str, data: str | bytes) -> Ledger:
        put(self.root, path, data)
        return self

    def tick(self, **by: float) -> datetime:
        self.at += timedelta(**by) if by else timedelta(hours=1)
        return self.at

    def commit(
        self, title: str = "change", *, by: str = "ann", options: tuple[str, ...] = ()
    ) -> str:
        """The id of a commit of everything that stands in the folder."""
        self.git("add", "--all")
        return self.made("commit", "--quiet", "--allow-empty", "--message", title, *options, by=by)

    def made(self, *arguments: str, by: str = "ann") -> str:
        """The new head, after a Git command that a person ran at the next full hour."""
        at = self.tick().isoformat()
        people = [f"user.name={by.title()}", f"user.email={by}@example.org"]
        names = [part for setting in people for part in ("-c", setting)]
        self.run(*names, *arguments, by=by, at=at)
        return self.git("rev-parse", "HEAD")

    def run(self, *arguments: str, by: str, at: str) -> None:
        import os  # noqa: PLC0415

        person = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (
                ("NAME", by.title()), ("EMAIL", f"{by}@example.org"), ("DATE", at),
            )
        }  # fmt: skip
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, check=False,
            env=kept | quiet | person,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    def branch(self, name: str, at: str = "main") -> Ledger:
        self.git("switch", "--quiet", "--create", name, at)
        return self

    def main(self) -> Ledger:
        self.git("switch", "--quiet", "main")
        return self

    def digest(self, base: str, head: str) -> str:
        """The digest of a change as `charter approvals` computes it."""
        found = Collector(situate(self.root, base=base, head=head, branch="main")).get(Tally | None)
        return found.change.digest

    def sign(
        self,
        by: str,
        digest: str,
        *,
        role: str = "mlops",
        said: str = "approve",
        subject: str = "change",
        key: str | None = None,
        because: str = "read it",
        at: datetime | None = None,
    ) -> str:
        """The path of a new signed record."""
        moment = (at or self.tick(minutes=1)).isoformat().replace("+00:00", "Z")
        self.number += 1
        predicate = {
            "repository": REPOSITORY,
            "branch": "main",
            "base": self.first,
            "by": by,
            "role": role,
            "said": said,
            "because": because,
            "at": moment,
            "nonce": f"{self.number:032x}",
        }
        statement = text(subject, digest, predicate)
        signature = sign(statement.encode(), ring()[key or by][0], NAMESPACE)
        name = f"{self.number:04d}-{by}"
        path = f"records/approvals/{name}.yaml"
        record = {"id": name, "at": moment, "statement": statement, "signature": signature}
        self.put(path, dump(record))
        return path

    def merge(self, branch: str, *, by: str = "dee", squash: bool = False) -> str:
        """The new head of `main` with a branch in it."""
        self.main()
        if squash:
            self.git("merge", "--quiet", "--squash", branch)
            return self.commit(f"Squash {branch}", by=by)
        return self.made("merge", "--quiet", "--no-ff", "--no-edit", branch, by=by)

    def change(
        self,
        name: str,
        path: str = "governance/code.py",
        data: str | None = None,
        *,
        by: str = "ann",
        approve: tuple[tuple[str, str], ...] = (("bob", "mlops"),),
        squash: bool = False,
        merger: str = "dee",
    ) -> str:
        """The new head after a change was made on a branch, approved there and merged."""
        self.branch(name).put(path, data or f"{name} = 1\n").commit(name, by=by)
        digest = self.digest("main", name)
        for person, role in approve:
            self.sign(person, digest, role=role)
        if approve:
            self.commit(f"Approve {name}", by=approve[0][0])
        return self.merge(name, by=by if squash else merger, squash=squash)


def version(name: str, number: str) -> str:
    """A registered version."""
    made = f"sha256:{'a' * 64}"
    return dump(
        {
            "model": name,
            "version": number,
            "digest": made,
            "dataset_digest": made,
            "training_hash": made,
            "registered_at": "2026-03-01T08:00:00Z",
            "registered_by": "ann",
            "evidence": {"metrics": made},
        }
    )


def signed_tag(ledger: Ledger, name: str, commit: str = "HEAD", by: str = "bob") -> None:
    """A tag as a person signs it."""
    key = ring()[by][0]
    at = ledger.at.isoformat()
    signing = ("-c", "gpg.format=ssh", "-c", f"user.signingKey={key}")
    arguments = ("tag", "--sign", "--force", "--message", name, name, commit)
    ledger.run(*signing, *arguments, by=by, at=at)
