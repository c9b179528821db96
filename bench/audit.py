"""Auditing 10,000 commits with 1,000 approvals, beside reading every protected file at each."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import yaml

from adapters.keys import public_of, sign
from bench import repository
from bench.rounds import CHARTER, Bar, Command, measure, report
from governance import changeset
from governance.changeset import Touched, Version
from governance.statement import NAMESPACE, text

BARS = (
    Bar("charter audit", "every protected file at every merge", 1.5),
    Bar("charter audit", "the three files of the law at every merge"),
    Bar("charter audit, signatures anew", "every protected file at every merge"),
    Bar("charter audit, signatures anew", "charter audit"),
)
NOW = "2026-11-22"
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(minutes=30)
AUTHOR, MERGER = "tomas.lindqvist", "samuel.osei"
LAW = ("policies/approvals.yaml", "policies/roles.yaml", "policies/gates.yaml")
PROTECTED = ("policies/", "models/", "governance/")


@dataclass(frozen=True, slots=True)
class Size:
    """How long the history is; half of its commits merge a branch, half squash one."""

    commits: int
    approvals: int


FULL = Size(commits=10_000, approvals=1_000)


def run(folder: Path, rounds: int | None = None, size: Size = FULL) -> bool:
    """Whether the bar was kept."""
    root = folder / "repository"
    write(root, size)
    commands = [
        Command("every protected file at every merge", [_yardstick(root, protected(root))], root),
        Command("the three files of the law at every merge", [_yardstick(root, LAW)], root),
        Command("charter audit", [[CHARTER, "audit", "--now", NOW]], root),
        Command("charter audit, signatures anew",
                [[CHARTER, "audit", "--now", NOW, "--no-cache"]], root),
    ]  # fmt: skip
    told = subprocess.run(
        [CHARTER, "audit", "--now", NOW, "--format", "json"], cwd=root, capture_output=True,
        check=False,
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert found["exit_code"] == 0, found["findings"][:3]
    parts = ", ".join(f"{name} {taken:.2f} s" for name, taken in found["seconds"].items())
    print(f"  {len(found['commits'])} commits, {size.approvals} approvals; first run: {parts}")
    return report(measure(commands, rounds or 5), BARS)


def protected(root: Path) -> tuple[str, ...]:
    """Declarations and code that nobody may change without approval; records are left out."""
    listing = _git(root, "ls-tree", "-r", "--name-only", "HEAD").split()
    return tuple(path for path in listing if path.startswith(PROTECTED))


def _yardstick(root: Path, paths: tuple[str, ...]) -> list[str]:
    """What an auditor would write first: each file at each commit, through one pipe."""
    names = root / ".git" / f"bench-{len(paths)}"
    names.write_text("".join(f"{path}\n" for path in paths))
    expand = (
        'FNR == NR { paths[++n] = $0; next } { for (i = 1; i <= n; i++) print $1 ":" paths[i] }'
    )
    pipe = f"git rev-list --first-parent HEAD | awk '{expand}' {names} - | git cat-file --batch"
    return ["sh", "-c", f"{pipe} > /dev/null"]


def write(root: Path, size: Size) -> None:
    """Builds the history: one signed approval per seat, each in the commit it approves."""
    repository.write(root, repository.SMALL)
    with tempfile.TemporaryDirectory(prefix="charter-bench-") as folder:
        key = Path(folder, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        public = public_of(key)
        changes = list(_changes(root, size, public))
        with ThreadPoolExecutor() as pool:
            for change in changes:
                change.approvals = [
                    pool.submit(_approval, key, change, role, number)
                    for number, role in enumerate(change.roles)
                ]
            stream = b"".join(_stream(changes))
    _git(root, "fast-import", "--quiet", "--force", data=stream)
    _git(root, "symbolic-ref", "HEAD", "refs/heads/main")
    _git(root, "reset", "--quiet", "--hard")
    _git(root, "gc", "--quiet")
    _git(root, "commit-graph", "write", "--reachable")


@dataclass
class _Change:
    """One pull request: what it does to a file, and who has to approve that."""

    number: int
    path: str
    data: bytes
    before: bytes | None
    roles: tuple[str, ...] = ()
    approvals: list[Future[tuple[str, bytes]]] = field(default_factory=list)

    @property
    def at(self) -> datetime:
        return BEGIN + self.number * STEP

    @property
    def digest(self) -> str:
        before = None if self.before is None else Version("file", sha256(self.before).hexdigest())
        after = Version("file", sha256(self.data).hexdigest())
        return changeset.digest_of((Touched(self.path, before, after),), {})


HOLDERS = {
    "mlops": "mei.tanaka", "model-owner": "nadia.okafor", "legal": "helen.marsh",
    "privacy-office": "ingrid.solberg", "ml-review-board": "laura.benitez",
}  # fmt: skip


def _changes(root: Path, size: Size, public: str) -> Iterator[_Change]:
    """The rules first; then mostly words and tests, and as many changes as approvals allow."""
    for path, data in _adoption(root, public):
        yield _Change(0, path, data, None)
    kept: dict[str, bytes] = {p.relative_to(root).as_posix(): p.read_bytes()
                              for p in root.rglob("*.yaml")}  # fmt: skip
    kept["policies/roles.yaml"] = b""
    model = next(path for path in kept if path.endswith("/model.yaml"))
    left = size.approvals
    every = max(size.commits * 5 // (size.approvals * 4), 1)
    for number in range(1, size.commits + 1):
        path, roles = f"docs/page-{number % 50}.md", ()
        if number % every == 0 and left:
            kind = number // every % 8
            path, roles = f"governance/part_{number % 20}.py", ("mlops",)
            if kind == 0 and left >= 3:  # noqa: PLR2004 - people a policy asks for
                path = "policies/gates.yaml"
                roles = ("legal", "privacy-office", "ml-review-board")
            elif kind == 1:
                path, roles = model, ("model-owner",)
            left -= len(roles)
        before = kept.get(path)
        plain = path.endswith(".yaml")
        base = (before or b"").split(b"# change ")[0] if plain else b""
        words = b"# change %d\n" % number if plain else b"change %d\n" % number * 20
        kept[path] = base + words
        yield _Change(number, path, kept[path], before, roles)


def _adoption(root: Path, public: str) -> Iterator[tuple[str, bytes]]:
    """Every file of the beginning; everybody has the one key."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if not path.is_file() or name.startswith(".git/"):
            continue
        data = path.read_bytes()
        if name == "policies/roles.yaml":
            value = yaml.safe_load(data)
            for person in value["people"].values():
                person["keys"] = [{"public": public, "valid_from": "2026-01-01"}]
            data = yaml.safe_dump(value).encode()
        if name == "policies/approvals.yaml":
            data += b"unverified_authorship: accept\n"
        yield name, data


def _approval(key: Path, change: _Change, role: str, number: int) -> tuple[str, bytes]:
    """A signed record, as `charter approve` writes it."""
    moment = change.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    predicate = {
        "repository": "example/charter",
        "branch": "main",
        "base": "0" * 40,
        "by": HOLDERS[role],
        "role": role,
        "said": "approve",
        "because": "as asked",
        "at": moment,
        "nonce": f"{change.number:016x}{number:016x}",
    }
    statement = text("change", change.digest, predicate)
    signature = sign(statement.encode(), key, NAMESPACE)
    name = f"{change.number:05d}-{role}"
    record = {"id": name, "at": moment, "statement": statement, "signature": signature}
    return f"records/approvals/{name}.yaml", yaml.safe_dump(record).encode()


def _stream(changes: list[_Change]) -> Iterator[bytes]:
    """What `git fast-import` reads: by turns a squash, and a branch with the merge of it."""
    first = [change for change in changes if not change.number]
    yield _head("main", AUTHOR, first[0], "Adopt the rules", 1)
    yield from (_file(change.path, change.data) for change in first)
    last = mark = 1
    for change in changes[len(first) :]:
        files = [_file(change.path, change.data)]
        files += [_file(*done.result()) for done in change.approvals]
        squash, title = change.number % 2 == 1, f"Change {change.number}"
        mark += 1
        yield _head("main" if squash else "side", AUTHOR, change, title, mark)
        yield b"from :%d\n" % last
        yield from files
        if not squash:
            mark += 1
            yield _head("main", MERGER, change, f"Merge {title}", mark)
            yield b"from :%d\nmerge :%d\n" % (last, mark - 1)
            yield from files
        last = mark
    yield b"done\n"


def _head(branch: str, who: str, change: _Change, title: str, mark: int) -> bytes:
    person = f"{who} <{who}@example.org> {int(change.at.timestamp())} +0000"
    head = f"commit refs/heads/{branch}\nmark :{mark}\nauthor {person}\ncommitter {person}\n"
    return f"{head}data {len(title)}\n{title}\n".encode()


def _file(path: str, data: bytes) -> bytes:
    return f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n"


def _git(root: Path, *arguments: str, data: bytes | None = None) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=root, input=data, capture_output=True, check=True
    )
    return done.stdout.decode()
