"""The people of a demonstration at work: they commit, sign, approve and merge, each as themselves.

Everything is made with the tools a person would use: ssh-keygen makes the keys and the signatures,
Git the commits. Nothing of it is worth anything elsewhere; the private keys lie in the Git folder
of the demonstration, which no commit, clone or push carries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from adapters import git, keys
from adapters.attest import FILE
from governance import catalogue
from governance.approvals import Approvals
from governance.changeset import CHANGE, Changeset
from governance.finding import CouldNotJudge
from governance.roles import Roles
from pipelines import approve, demo_files
from pipelines.approve import Matter, Said, Signer, Word
from pipelines.demo_files import Key
from pipelines.inputs import Refused

KEYS: Final = ".git/demo-keys"
"""Where the private keys lie, from the top of the demonstration."""
SELF: Final = "mei.sato"
"""Whoever works in the demonstration does so as this person."""

Judge = Callable[[Path, str, str, datetime], Changeset]
"""The change between two revisions, as of a moment."""
T = TypeVar("T")


@contextmanager
def built(target: Path) -> Iterator[Path]:
    """A folder that becomes `target` when all went well; else nothing is left there.

    Raises:
        Refused: something is there already.
    """
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        msg = f"{target} is there and not empty\n  fix: name a folder that is not there yet"
        raise Refused(msg)
    target = Path(os.path.abspath(target))  # noqa: PTH100 - a link to the folder stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder
        _work_as(folder, target)
        folder.chmod(0o755)
        folder.replace(target)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _work_as(folder: Path, target: Path) -> None:
    """Lets Git commit and sign as one of the people, in this repository only."""
    settings = {
        "user.name": demo_files.name(SELF),
        "user.email": demo_files.address(SELF),
        "user.signingkey": str(target / KEYS / SELF),
        "gpg.format": "ssh",
        "commit.gpgsign": "true",
    }
    for name, value in settings.items():
        git.run(folder, "config", "--local", name, value)


@contextmanager
def machine_key(path: Path) -> Iterator[None]:
    """The environment names a machine's key."""
    before = os.environ.get(FILE)
    os.environ[FILE] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[FILE]
        else:
            os.environ[FILE] = before


class Company:
    """A repository that its people make grow, day by day.

    Args:
        root: where it stands.
        now: the moment up to which its history reaches.
        judge: says what a change is, so that people can sign it.
    """

    def __init__(self, root: Path, now: datetime, judge: Judge) -> None:
        self.root, self.now, self.judge = root, now, judge
        self.keys: dict[str, tuple[Key, ...]] = {}
        self.change: Changeset | None = None

    def day(self, ago: float) -> date:
        """The day so many days before now."""
        return (self.now - timedelta(days=ago)).date()

    def moment(self, ago: float) -> datetime:
        """The moment so many days before now."""
        return self.now - timedelta(days=ago)

    def stamp(self, ago: float) -> str:
        """The same as records write it."""
        return f"{self.moment(ago):%Y-%m-%dT%H:%M:%SZ}"

    def make_keys(self, spans: Mapping[str, tuple[str, date, date | None]]) -> None:
        """Keys by the name of their file: whose each is, and the days on which it counts."""
        folder = self.root / KEYS
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, (person, since, until) in spans.items():
            mine = (*self.keys.get(person, ()), Key(name, _keygen(folder / name), since, until))
            self.keys[person] = tuple(sorted(mine, key=lambda key: key.since))

    def key(self, person: str, ago: float) -> Key:
        """The newest key of a person that counts on a day."""
        day = self.day(ago)
        fit = [k for k in self.keys[person] if k.since <= day and (not k.until or day <= k.until)]
        return fit[-1]

    def git(self, *arguments: str, **environment: str) -> str:
        """What a Git command says that reads no settings but those of the repository."""
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        try:
            done = subprocess.run(
                ["git", "-C", str(self.root), *arguments],
                capture_output=True,
                check=False,
                env=git.environment() | quiet | environment,
            )
        except FileNotFoundError:
            msg = "git is not installed"
            raise CouldNotJudge(msg) from None
        if done.returncode:
            msg = f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}"
            raise CouldNotJudge(msg)
        return done.stdout.decode(errors="replace").strip()

    def acting(self, person: str, ago: float) -> tuple[tuple[str, ...], dict[str, str]]:
        """Settings and environment in which Git commits and signs as a person, on a day."""
        key = self.root / KEYS / self.key(person, ago).name
        who = {"NAME": demo_files.name(person), "EMAIL": demo_files.address(person)}
        who["DATE"] = self.stamp(ago)
        people = {f"GIT_{kind}_{k}": v for kind in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"), people

    def put(self, files: Mapping[str, str]) -> None:
        """Writes files, by path."""
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())

    def commit(self, person: str, ago: float, message: str, files: Mapping[str, str]) -> None:
        """A signed commit of everything, files given included, by a person on a day."""
        self.change = None
        self.put(files)
        settings, people = self.acting(person, ago)
        self.git("add", "--all")
        self.git(*settings, "commit", "--quiet", "-S", "-m", message, **people)

    def speak(  # noqa: PLR0913 - who says what, as what, about what, why and when
        self, person: str, role: str, ago: float, because: str, *, said: Said = "approve",
        subject: str = CHANGE, key: str | None = None,
    ) -> None:  # fmt: skip
        """A signed word about the change at HEAD, committed by who gave it."""
        at = self.moment(ago)
        # An opinion changes nothing that anybody approves, so the change stays what it is.
        change = self.change or self.judge(self.root, "main", "HEAD", at)
        seen = change.digest if subject == CHANGE else change.subjects[subject]
        matter = Matter(
            subject, seen, change.base, "main", self.read("roles", Roles),
            self.read("approvals", Approvals),
        )  # fmt: skip
        mine = next(k for k in self.keys[person] if k.name == (key or self.key(person, ago).name))
        signer = Signer(person, mine.public, self.root / KEYS / mine.name)
        made = approve.draft(self.root, matter, person, Word(role, said, because, at))
        approve.sign(self.root, made, signer, at)
        self.commit(person, ago, f"{_VERBS[said]} {subject} as {role}", {})
        self.change = change

    def read(self, name: str, kind: type[T]) -> T:
        """A policy as it stands."""
        path = f"policies/{name}.yaml"
        value, _, _ = catalogue.read(path, (self.root / path).read_bytes())
        assert isinstance(value, kind), path  # noqa: S101 - written here
        return value

    def merge(self, branch: str, person: str, ago: float, message: str) -> None:
        """Merges a branch into main, and removes it."""
        settings, people = self.acting(person, ago)
        self.git("checkout", "--quiet", "main")
        self.git(*settings, "merge", "--quiet", "--no-ff", "-S", "-m", message, branch, **people)
        self.git("branch", "--quiet", "-D", branch)


_VERBS: Final[Mapping[Said, str]] = {
    "approve": "Approve",
    "reject": "Object to",
    "withdraw": "Withdraw the word on",
    "break-glass": "Break the glass for",
}


def _keygen(path: Path) -> str:
    """A new key without passphrase; its public half."""
    try:
        done = subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", path.name, "-f", str(path)],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        msg = "ssh-keygen is not installed (package openssh-client)"
        raise CouldNotJudge(msg) from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        msg = f"ssh-keygen made no key: {reason}"
        raise CouldNotJudge(msg)
    return keys.public_of(path)
