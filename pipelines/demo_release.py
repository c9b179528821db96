"""A governed repository with data and a model in production, to take the next version there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import governance
from adapters import dvc
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import forge_settings
from governance.approvals import Approvals
from governance.manifest import manifests
from governance.pipeline import DATA
from governance.roles import Roles
from pipelines import approve, demo_files, demo_release_files
from pipelines.approve import Matter, Signer, Word
from pipelines.demo_company import KEYS, SELF, Company, Judge, built, machine_key
from pipelines.demo_files import MACHINE
from pipelines.land import land
from pipelines.register import propose, register
from pipelines.release_review import review
from pipelines.retrain import retrain
from pipelines.review import reviewed
from pipelines.roll_out import apply
from pipelines.snapshot import Window, snapshot, write
from pipelines.train import environment

TRAFFIC: Final = ".git/demo-traffic"
"""Where invented requests lie, from the top of the demonstration."""
_MODEL: Final = "models/credit/model.yaml"
_ROLLOUT: Final = "models/credit/rollout.yaml"
_FIRST: Final = demo_release_files.FIRST
_SYNTHETIC: Final = "invented, and documented"
_OWNER: Final = ("ada.lind", "model-owner", "looked through")
_MLOPS: Final = ("tom.berg", "mlops", "what the machine said is there")
_QUORUM: Final = (
    ("ada.lind", "model-owner", "metrics signed off"),
    ("tom.berg", "mlops", "loads and scores"),
    ("stella.nowak", "data-steward", "trained on confirmed data only"),
    ("rita.costa", "ml-review-board", "within appetite"),
    ("nina.roth", "ml-review-board", "notices are in place"),
    ("boris.adler", "ml-review-board", "the artefact is the scanned one"),
)
_CODE: Final = ("adapters", "governance", "pipelines")
"""Packages that hold the steps: the pipeline depends on each file of theirs it runs."""
_DVC: Final = """\
[core]
    remote = store
    analytics = false
    check_update = false
    autostage = false
['remote "store"']
    url = store
    verify = true
"""
_IGNORED: Final = """\
__pycache__/
quarantine/
/.charter/
*.evidence.zip
/data/ml/training/*
/artifacts/ml/datasets/*/prepared
/artifacts/ml/models/*/model
"""


def create(target: Path, now: datetime, judge: Judge, say: Callable[[str], None]) -> None:
    """Makes the demonstration at `target`; a run that fails or is killed leaves nothing there.

    Args:
        target: a folder that is empty or not there yet.
        now: the moment up to which its history reaches.
        judge: says what a change is, so that people can sign it.
        say: is told what is being done.

    Raises:
        Refused: something is there already.
        CouldNotJudge: a tool is missing or failed.
    """
    with built(target) as folder:
        _Making(folder, now.replace(microsecond=0), judge).all(say)


class _Making(Company):
    """How the first version came into production."""

    def all(self, say: Callable[[str], None]) -> None:
        """Everything, in the order in which it would have happened."""
        say("keys")
        self.git("init", "--quiet", "--template=", "--initial-branch=main")
        start = self.day(400)
        people = {name: (name, start, None) for name in demo_files.PEOPLE}
        self.make_keys({**people, MACHINE: (MACHINE, start, None)})
        say("declarations")
        self._begin()
        say("data")
        self._land()
        say("training")
        self._train()
        self._as_self()
        with machine_key(self.root / KEYS / MACHINE):
            say("the first version")
            self._register()
            say("its way into production")
            self._roll_out()

    def _begin(self) -> None:
        day = self.day(60)
        top = Path(governance.__file__).parents[1]
        for package in _CODE:
            shutil.copytree(
                top / package, self.root / package, ignore=shutil.ignore_patterns("__pycache__")
            )
        self.put({
            ".gitignore": _IGNORED,
            ".dvc/config": _DVC,
            ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
            "locks/runtime.txt": "".join(_lock()),
            **demo_release_files.tree(day, self.keys),
        })  # fmt: skip
        policy, roles = self.read("approvals", Approvals), self.read("roles", Roles)
        self.put(forge_settings.expected(policy, roles, day))
        self.commit(SELF, 60, "Begin", {})

    @contextmanager
    def _change(self, ago: float, message: str, *yes: tuple[str, str, str]) -> Iterator[None]:
        """What is done meanwhile, as a change: committed on a branch, approved, merged.

        Args:
            ago: days before now on which it is merged.
            message: of the commit.
            yes: person, role and reason of each approval.
        """
        self.git("checkout", "--quiet", "-b", "work")
        yield
        self.commit(SELF, ago + 0.1, message, {})
        for person, role, why in yes:
            self.speak(person, role, ago + 0.05, why)
        self.merge("work", SELF, ago, message)

    def _land(self) -> None:
        file = self.root / ".git/loans.csv"
        file.write_text(demo_release_files.loans())
        with self._change(55, "Land loans", ("stella.nowak", "data-steward", _SYNTHETIC), _MLOPS):
            land(self.root, "loans", [file], self.moment(55), say=_silent, by=SELF)
            dvc.push(self.root, [f"{DATA}/loans"], "store")
        file.unlink()
        self.git("checkout", "--quiet", "-b", "work")
        self._confirm("stella.nowak", 54)
        self.merge("work", SELF, 54, "Confirm the loans")

    def _confirm(self, steward: str, ago: float) -> None:
        """The steward's word about the loans as they lie there."""
        declarations = Reading(Worktree(self.root)).declarations
        matter = Matter(
            "dataset:loans", manifests(declarations)["loans"].digest,
            self.git("rev-parse", "HEAD"), "main", self.read("roles", Roles),
            self.read("approvals", Approvals),
        )  # fmt: skip
        word = Word("data-steward", "approve", _SYNTHETIC, self.moment(ago))
        made = approve.draft(self.root, matter, steward, word)
        key = self.key(steward, ago)
        signer = Signer(steward, key.public, self.root / KEYS / key.name)
        approve.sign(self.root, made, signer, self.moment(ago))
        self.commit(steward, ago, "Confirm the loans", {})

    def _train(self) -> None:
        with self._change(16, "Train credit", _OWNER, _MLOPS):
            declarations = Reading(Worktree(self.root)).declarations
            retrain(self.root, declarations, (), command=["charter", "retrain"], say=_silent)
            dvc.push(self.root, ["prepare@loans", "train@credit"], "store")

    def _as_self(self) -> None:
        """Tags are signed as `SELF`."""
        for name, value in (
            ("user.name", demo_files.name(SELF)), ("user.email", demo_files.address(SELF)),
            ("gpg.format", "ssh"), ("user.signingkey", str(self.root / KEYS / SELF)),
        ):  # fmt: skip
            self.git("config", "--local", name, value)

    def _register(self) -> None:
        with self._change(15.5, "Review credit", _MLOPS):
            reviewed(self.root, "credit", self.moment(15.6), say=_silent)
        self.git("checkout", "--quiet", "-b", "register")
        propose(self.root, "credit", self.moment(15.4), by=SELF, say=_silent)
        self.commit(SELF, 15.4, "Register credit 1.0.0", {})
        for person, role, why in _QUORUM:
            self.speak(person, role, 15.2, why, subject="model:credit@1.0.0")
        self.merge("register", SELF, 15, "Register credit 1.0.0")
        register(self.root, "credit", "1.0.0", self.moment(15), say=_silent)

    def _roll_out(self) -> None:
        ends = {"canary": 12.0, "limited": 8.0, "full": 0.5}
        for number, (step, begins) in enumerate((("canary", 14), ("limited", 12), ("full", 8))):
            with self._change(begins, f"Put credit 1.0.0 on {step}"):
                self.put({_ROLLOUT: demo_release_files.rollout("1.0.0", step)})
            with self._change(begins - 0.1, f"Say that credit 1.0.0 is on {step}", _MLOPS):
                apply(self.root, "credit", self.moment(begins), say=_silent)
            self._watch(begins, ends[step], number)
        with self._change(7.5, "Call credit 1.0.0 the champion", _OWNER):
            self.put({_MODEL: demo_release_files.model(*_FIRST, champion="1.0.0")})
        with self._change(0.4, "Review the release of credit 1.0.0", _MLOPS):
            review(
                self.root, "credit", "1.0.0", self.moment(0.45), by=(SELF,),
                notes="nothing moved, nobody complained",
            )  # fmt: skip

    def _watch(self, begins: float, ends: float, number: int) -> None:
        """A snapshot of the requests of one step."""
        file = self.root / TRAFFIC / f"{number}.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(demo_release_files.loans(number + 2, 3000, 100_000 * (number + 1)))
        window = Window(self.moment(begins), self.moment(ends), 0.001, 12, 40)
        with self._change(ends, "Publish telemetry of credit", _OWNER):
            write(self.root, snapshot(self.root, "credit", [file], window))


def _lock() -> Iterator[str]:
    """The lock of what this runs with: a demonstration is replayed where it was made."""
    for library, version in environment().items():
        if library != "python":
            yield f"{library}=={version}\n"


def _silent(_: str) -> None:
    pass
