"""A governed repository to play with: people, keys, a history, and a branch in every state.

Everything is made with the tools a person would use: ssh-keygen makes the keys and the signatures,
Git the commits. Nothing of it is worth anything elsewhere; the private keys lie in the Git folder
of the demonstration, which no commit, clone or push carries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from adapters import git, keys
from governance import catalogue, forge_settings
from governance.approvals import Approvals
from governance.changeset import CHANGE, Changeset
from governance.finding import CouldNotJudge
from governance.roles import Roles
from governance.tally import Standing
from pipelines import approve, demo_files
from pipelines.approve import Matter, Said, Signer, Word
from pipelines.demo_files import Key
from pipelines.inputs import Refused

KEYS: Final = ".git/demo-keys"
"""Where the private keys lie, from the top of the demonstration."""
SELF: Final = "mei.sato"
"""Whoever works in the demonstration does so as this person."""
OLD: Final = "ada.lind-old"
"""A key that expired."""

Judge = Callable[[Path, str, str, datetime], Changeset]
"""The change between two revisions, as of a moment."""

MODEL: Final = "models/credit/model.yaml"
SCORE: Final = "scripts/score.py"


@dataclass(frozen=True, slots=True)
class Branch:
    """An open branch, the state its approvals are in, and what brought it there."""

    name: str
    standing: Standing
    about: str


BRANCHES: Final = (
    Branch("approved", Standing.APPROVED, "promotes credit 1.1.0; the quorum is complete"),
    Branch("missing", Standing.MISSING, "a stricter gate that legal alone has approved"),
    Branch("stale", Standing.STALE, "registers credit 1.2.0; edited after it was approved"),
    Branch("expired", Standing.EXPIRED, "a longer retention window, approved 40 days ago"),
    Branch("sod-violation", Standing.SOD_VIOLATION, "a script approved by who wrote it"),
    Branch("invalid", Standing.INVALID, "a new purpose, approved with a key that had expired"),
    Branch("rejected", Standing.REJECTED, "a waiver that the board objects to"),
    Branch("unattributed", Standing.UNATTRIBUTED, "a commit of somebody nobody knows"),
    Branch("overridden", Standing.OVERRIDDEN, "a fix for which the glass was broken"),
)


def create(target: Path, now: datetime, judge: Judge, say: Callable[[str], None]) -> None:
    """Makes the demonstration at `target`; a run that fails or is killed leaves nothing there.

    Args:
        target: a folder that is empty or not there yet.
        now: the moment up to which its history reaches.
        judge: says what a change is, so that people can sign it.
        say: is told what is being done.

    Raises:
        Refused: something is there already.
        CouldNotJudge: Git or ssh-keygen is missing or failed.
    """
    if os.path.lexists(target) and (not target.is_dir() or any(target.iterdir())):
        msg = f"{target} is there and not empty\n  fix: name a folder that is not there yet"
        raise Refused(msg)
    target = Path(os.path.abspath(target))  # noqa: PTH100 - a link to the folder stays one
    target.parent.mkdir(parents=True, exist_ok=True)
    built = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _Making(built, now.replace(microsecond=0), judge, say).all()
        _work_as(built, target)
        built.chmod(0o755)
        built.replace(target)
    except BaseException:
        shutil.rmtree(built, ignore_errors=True)
        raise


def _work_as(built: Path, target: Path) -> None:
    """Lets Git commit and sign as one of the people, in this repository only."""
    settings = {
        "user.name": demo_files.name(SELF),
        "user.email": demo_files.address(SELF),
        "user.signingkey": str(target / KEYS / SELF),
        "gpg.format": "ssh",
        "commit.gpgsign": "true",
    }
    for name, value in settings.items():
        git.run(built, "config", "--local", name, value)


T = TypeVar("T")


class _Making:
    """A repository that grows, day by day."""

    def __init__(self, root: Path, now: datetime, judge: Judge, say: Callable[[str], None]) -> None:
        self.root, self.now, self.judge, self.say = root, now, judge, say
        self.keys: dict[str, tuple[Key, ...]] = {}
        self.change: Changeset | None = None
        self.runs = {
            "1.0.0": demo_files.evidence("1.0.0", 0.78),
            "1.1.0": demo_files.evidence("1.1.0", 0.81),
        }

    def all(self) -> None:
        """Everything, in the order in which it would have happened."""
        self.say("keys")
        self._make_keys()
        self.say("history")
        self._begin()
        self._history()
        self.say("branches")
        for branch in BRANCHES:
            start = "early" if branch.name == "expired" else "main"
            self._git("checkout", "--quiet", "-b", branch.name, start)
            getattr(self, f"_{branch.name.replace('-', '_')}")()
        self._git("checkout", "--quiet", "main")
        self._git("branch", "--quiet", "-D", "early")

    # What people do.

    def _day(self, ago: float) -> date:
        return (self.now - timedelta(days=ago)).date()

    def _moment(self, ago: float) -> datetime:
        return self.now - timedelta(days=ago)

    def _stamp(self, ago: float) -> str:
        return f"{self._moment(ago):%Y-%m-%dT%H:%M:%SZ}"

    def _make_keys(self) -> None:
        folder = self.root / KEYS
        self._git("init", "--quiet", "--template=", "--initial-branch=main")
        folder.mkdir(mode=0o700)
        start, turned = self._day(400), self._day(20)
        for name in (*demo_files.PEOPLE, OLD):
            public = _keygen(folder / name)
            person = "ada.lind" if name == OLD else name
            until = turned if name == OLD else None
            since = self._day(25) if name == "ada.lind" else start
            mine = (*self.keys.get(person, ()), Key(name, public, since, until))
            self.keys[person] = tuple(sorted(mine, key=lambda key: key.since))

    def _key(self, person: str, ago: float) -> Key:
        """The newest key of a person that counts on a day."""
        day = self._day(ago)
        fit = [k for k in self.keys[person] if k.since <= day and (not k.until or day <= k.until)]
        return fit[-1]

    def _git(self, *arguments: str, **environment: str) -> str:
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

    def _as(self, person: str, ago: float) -> tuple[tuple[str, ...], dict[str, str]]:
        """Settings and environment in which Git commits and signs as a person, on a day."""
        key = self.root / KEYS / self._key(person, ago).name
        who = {"NAME": demo_files.name(person), "EMAIL": demo_files.address(person)}
        who["DATE"] = self._stamp(ago)
        people = {f"GIT_{kind}_{k}": v for kind in ("AUTHOR", "COMMITTER") for k, v in who.items()}
        return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}"), people

    def _put(self, files: Mapping[str, str]) -> None:
        if files:
            self.change = None
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())

    def _commit(self, person: str, ago: float, message: str, files: Mapping[str, str]) -> None:
        self._put(files)
        settings, people = self._as(person, ago)
        self._git("add", "--all")
        self._git(*settings, "commit", "--quiet", "-S", "-m", message, **people)

    def _speak(  # noqa: PLR0913 - who says what, as what, about what, why and when
        self, person: str, role: str, ago: float, because: str, *, said: Said = "approve",
        subject: str = CHANGE, key: str | None = None,
    ) -> None:  # fmt: skip
        """A signed word about the change at HEAD, committed by who gave it."""
        at = self._moment(ago)
        # An opinion changes nothing that anybody approves, so the change stays what it is.
        change = self.change = self.change or self.judge(self.root, "main", "HEAD", at)
        seen = change.digest if subject == CHANGE else change.subjects[subject]
        matter = Matter(
            subject, seen, change.base, "main", self._read("roles", Roles),
            self._read("approvals", Approvals),
        )  # fmt: skip
        mine = next(k for k in self.keys[person] if k.name == (key or self._key(person, ago).name))
        signer = Signer(person, mine.public, self.root / KEYS / mine.name)
        made = approve.draft(self.root, matter, person, Word(role, said, because, at))
        approve.sign(self.root, made, signer, at)
        self._commit(person, ago, f"{_VERBS[said]} {subject} as {role}", {})

    def _read(self, name: str, kind: type[T]) -> T:
        path = f"policies/{name}.yaml"
        value, _, _ = catalogue.read(path, (self.root / path).read_bytes())
        assert isinstance(value, kind), path  # noqa: S101 - written here
        return value

    def _merge(self, branch: str, person: str, ago: float, message: str) -> None:
        settings, people = self._as(person, ago)
        self._git("checkout", "--quiet", "main")
        self._git(*settings, "merge", "--quiet", "--no-ff", "-S", "-m", message, branch, **people)
        self._git("branch", "--quiet", "-D", branch)

    # What happened.

    def _begin(self) -> None:
        day = self._day(60)
        self._put(demo_files.tree(day, self.keys))
        policy, roles = self._read("approvals", Approvals), self._read("roles", Roles)
        self._put(forge_settings.expected(policy, roles, day))
        self._commit(SELF, 60, "Begin", {})

    def _history(self) -> None:
        self._register("1.0.0", 52)
        settings, people = self._as(SELF, 51)
        self._git(*settings, "tag", "-s", "-m", "credit 1.0.0", "credit@v1.0.0", **people)
        self._promote("1.0.0", 48)
        self._merge("work", SELF, 48, "Promote credit 1.0.0")
        self._git("branch", "early")
        self._commit(
            "tom.berg", 30, "Raise the limit, pushed past everybody",
            {SCORE: '"""Scores a loan."""\n\nLIMIT = 0.6\n'},
        )  # fmt: skip
        self._register("1.1.0", 12)
        self._git("checkout", "--quiet", "-b", "hotfix")
        self._commit(
            "tom.berg", 1.3, "Stop scoring with yesterday's limit",
            {SCORE: '"""Scores a loan."""\n\nLIMIT = 0.4\n'},
        )  # fmt: skip
        why = "every second loan is refused; clients are calling"
        self._speak("mei.sato", "mlops", 1.2, why, said="break-glass")
        self._speak("boris.adler", "ml-review-board", 1.1, why, said="break-glass")
        self._merge("hotfix", "tom.berg", 1, "Stop scoring with yesterday's limit")

    def _register(self, number: str, ago: float) -> None:
        run = self.runs[number]
        self._git("checkout", "--quiet", "-b", "register")
        self._commit(
            SELF, ago, f"Register credit {number}",
            {
                **run,
                f"models/credit/versions/{number}.yaml": demo_files.version(
                    number, run, self._stamp(ago)
                ),
            },
        )  # fmt: skip
        self._speak("ada.lind", "model-owner", ago - 0.2, "metrics signed off")
        self._speak("tom.berg", "mlops", ago - 0.3, "loads and scores")
        self._merge("register", SELF, ago - 0.5, f"Register credit {number}")

    def _promote(self, number: str, ago: float) -> None:
        """A branch `work` that promotes a version, with the whole quorum."""
        self._git("checkout", "--quiet", "-b", "work")
        self._promotion(number, ago)

    def _promotion(self, number: str, ago: float) -> None:
        self._commit(
            SELF, ago + 1, f"Promote credit {number}", {MODEL: demo_files.model(champion=number)}
        )
        for person, role, why in (
            ("ada.lind", "model-owner", "metrics signed off"),
            ("stella.nowak", "data-steward", "trained on landed data only"),
            ("rita.costa", "ml-review-board", "within appetite"),
            ("nina.roth", "ml-review-board", "notices are in place"),
            ("boris.adler", "ml-review-board", "the artefact is the scanned one"),
        ):
            self._speak(person, role, ago + 0.5, why)

    # One branch for each state.

    def _approved(self) -> None:
        self._promotion("1.1.0", 0.5)

    def _missing(self) -> None:
        stricter = demo_files.gates(self._day(0), "1.1.0", "0.75")
        self._commit(SELF, 0.9, "Ask more of classifiers", {"policies/gates.yaml": stricter})
        self._speak("lea.martin", "legal", 0.8, "nothing in the contracts speaks against it")

    def _stale(self) -> None:
        path = "models/credit/versions/1.2.0.yaml"
        run = demo_files.evidence("1.2.0", 0.83)
        text = demo_files.version("1.2.0", run, self._stamp(0.9))
        self._commit(SELF, 0.9, "Register credit 1.2.0", {path: text})
        for person, role in (("ada.lind", "model-owner"), ("tom.berg", "mlops")):
            self._speak(person, role, 0.8, "metrics seen", subject="model:credit@1.2.0")
        later = demo_files.version("1.2.0", run, self._stamp(0.7))
        self._commit(SELF, 0.7, "Correct the moment of registration", {path: later})

    def _expired(self) -> None:
        longer = demo_files.retention(self._day(45), "1.1.0", 730)
        self._commit(SELF, 45, "Keep loans for two years", {"policies/retention.yaml": longer})
        for person, role, why in (
            ("lea.martin", "legal", "the contracts allow it"),
            ("priya.nair", "privacy-office", "the basis covers two years"),
            ("rita.costa", "ml-review-board", "needed to see seasons"),
        ):
            self._speak(person, role, 40, why)

    def _sod_violation(self) -> None:
        self._commit("tom.berg", 0.9, "Log scores", {"scripts/log.py": '"""Logs scores."""\n'})
        self._speak("tom.berg", "mlops", 0.8, "looks good to me")

    def _invalid(self) -> None:
        text = demo_files.model(champion="1.0.0", intended="Help a clerk plan calls.")
        self._commit(SELF, 0.9, "Use credit for planning calls", {MODEL: text})
        self._speak("ada.lind", "model-owner", 0.8, "a smaller risk than before", key=OLD)

    def _rejected(self) -> None:
        name = f"{self._day(0):%Y%m%d}-thin-data"
        text = demo_files.waiver(name, self._stamp(0.9), self._day(-30))
        self._commit("ada.lind", 0.9, "Ask for a waiver", {f"records/waivers/{name}.yaml": text})
        self._speak("mei.sato", "mlops", 0.8, "the pipeline copes")
        self._speak(
            "rita.costa", "ml-review-board", 0.7, "thin data is when models err", said="reject"
        )

    def _unattributed(self) -> None:
        self._put({"scripts/export.py": '"""Exports scores."""\n'})
        self._git("add", "--all")
        stranger = {"NAME": "Some Contractor", "EMAIL": "contractor@elsewhere.example"}
        stranger["DATE"] = self._stamp(0.9)
        people = {
            f"GIT_{kind}_{k}": v for kind in ("AUTHOR", "COMMITTER") for k, v in stranger.items()
        }
        self._git("commit", "--quiet", "-m", "Export scores", **people)
        self._speak("mei.sato", "mlops", 0.8, "useful")

    def _overridden(self) -> None:
        self._commit("tom.berg", 0.9, "Stop the queue", {"scripts/queue.py": '"""Stops."""\n'})
        why = "the queue sends every letter twice"
        self._speak("mei.sato", "mlops", 0.8, why, said="break-glass")
        self._speak("boris.adler", "ml-review-board", 0.7, why, said="break-glass")


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
