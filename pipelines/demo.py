"""A governed repository to play with: people, keys, a history, and a branch in every state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from governance import forge_settings
from governance.approvals import Approvals
from governance.roles import Roles
from governance.tally import Standing
from pipelines import demo_files, demo_reviews
from pipelines.demo_company import SELF, Company, Judge, built

OLD: Final = "ada.lind-old"
"""A key that expired."""

MODEL: Final = "models/credit/model.yaml"
SCORE: Final = "scripts/score.py"


@dataclass(frozen=True, slots=True)
class Branch:
    """An open branch, the state its approvals are in, and what brought it there."""

    name: str
    standing: Standing
    about: str


BRANCHES: Final = (
    Branch(
        "approved", Standing.APPROVED, "puts credit 1.1.0 on the canary; the quorum is complete"
    ),
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
    with built(target) as folder:
        _Making(folder, now.replace(microsecond=0), judge).all(say)


class _Making(Company):
    """What happened, and a branch in every state."""

    def all(self, say: Callable[[str], None]) -> None:
        """Everything, in the order in which it would have happened."""
        self.runs = {
            "1.0.0": demo_files.evidence("1.0.0", 0.78),
            "1.1.0": demo_files.evidence("1.1.0", 0.81),
            "1.2.0": demo_files.evidence("1.2.0", 0.83),
        }
        say("keys")
        self.git("init", "--quiet", "--template=", "--initial-branch=main")
        start = self.day(400)
        spans = {name: (name, start, None) for name in demo_files.PEOPLE}
        spans |= {"ada.lind": ("ada.lind", self.day(25), None)}
        spans |= {demo_files.MACHINE: (demo_files.MACHINE, start, None)}
        self.make_keys({**spans, OLD: ("ada.lind", start, self.day(20))})
        say("history")
        self._begin()
        self._history()
        say("branches")
        for branch in BRANCHES:
            start_at = "early" if branch.name == "expired" else "main"
            self.git("checkout", "--quiet", "-b", branch.name, start_at)
            getattr(self, f"_{branch.name.replace('-', '_')}")()
        self.git("checkout", "--quiet", "main")
        self.git("branch", "--quiet", "-D", "early")

    def _begin(self) -> None:
        day = self.day(60)
        self.put(demo_files.tree(day, self.keys))
        policy, roles = self.read("approvals", Approvals), self.read("roles", Roles)
        self.put(forge_settings.expected(policy, roles, day))
        self.reviews = demo_reviews.signed(
            self.root, self.runs, roles, policy.repository, self.moment(60)
        )
        self.commit(SELF, 60, "Begin", {})

    def _entry(self, number: str, ago: float) -> str:
        run, reviews = self.runs[number], self.reviews[number]
        return demo_files.version(number, run, self.stamp(ago), reviews)

    def _history(self) -> None:
        self._register("1.0.0", 52)
        settings, people = self.acting(SELF, 51)
        self.git(*settings, "tag", "-s", "-m", "credit 1.0.0", "credit@v1.0.0", **people)
        self._promote("1.0.0", 48)
        self.merge("work", SELF, 48, "Promote credit 1.0.0")
        self.git("branch", "early")
        self.commit(
            "tom.berg", 30, "Raise the limit, pushed past everybody",
            {SCORE: '"""Scores a loan."""\n\nLIMIT = 0.6\n'},
        )  # fmt: skip
        self._register("1.1.0", 12)
        self.git("checkout", "--quiet", "-b", "hotfix")
        self.commit(
            "tom.berg", 1.3, "Stop scoring with yesterday's limit",
            {SCORE: '"""Scores a loan."""\n\nLIMIT = 0.4\n'},
        )  # fmt: skip
        why = "every second loan is refused; clients are calling"
        self.speak("mei.sato", "mlops", 1.2, why, said="break-glass")
        self.speak("boris.adler", "ml-review-board", 1.1, why, said="break-glass")
        self.merge("hotfix", "tom.berg", 1, "Stop scoring with yesterday's limit")

    def _register(self, number: str, ago: float) -> None:
        run = self.runs[number]
        self.git("checkout", "--quiet", "-b", "register")
        self.commit(
            SELF, ago, f"Register credit {number}",
            {
                **run,
                f"models/credit/versions/{number}.yaml": self._entry(number, ago),
            },
        )  # fmt: skip
        self.speak("ada.lind", "model-owner", ago - 0.2, "metrics signed off")
        self.speak("tom.berg", "mlops", ago - 0.3, "loads and scores")
        self.merge("register", SELF, ago - 0.5, f"Register credit {number}")

    def _promote(self, number: str, ago: float) -> None:
        """A branch `work` that promotes a version, with the whole quorum."""
        self.git("checkout", "--quiet", "-b", "work")
        self._promotion(number, ago)

    def _promotion(self, number: str, ago: float) -> None:
        self.commit(
            SELF, ago + 1, f"Promote credit {number}", {MODEL: demo_files.model(champion=number)}
        )
        for person, role, why in (
            ("ada.lind", "model-owner", "metrics signed off"),
            ("stella.nowak", "data-steward", "trained on landed data only"),
            ("rita.costa", "ml-review-board", "within appetite"),
            ("nina.roth", "ml-review-board", "notices are in place"),
            ("boris.adler", "ml-review-board", "the artefact is the scanned one"),
        ):
            self.speak(person, role, ago + 0.5, why)

    # One branch for each state.

    def _approved(self) -> None:
        self.commit(
            SELF, 1.5, "Put credit 1.1.0 on canary",
            {"models/credit/rollout.yaml": "model: credit\nversion: 1.1.0\nstep: canary\n"},
        )  # fmt: skip
        self.speak("ada.lind", "model-owner", 1, "metrics signed off")
        self.speak("tom.berg", "mlops", 0.9, "staging is ready")

    def _missing(self) -> None:
        stricter = demo_files.gates(self.day(0), "1.1.0", "0.75")
        self.commit(SELF, 0.9, "Ask more of classifiers", {"policies/gates.yaml": stricter})
        self.speak("lea.martin", "legal", 0.8, "nothing in the contracts speaks against it")

    def _stale(self) -> None:
        path = "models/credit/versions/1.2.0.yaml"
        self.commit(SELF, 0.9, "Register credit 1.2.0", {path: self._entry("1.2.0", 0.9)})
        for person, role in (("ada.lind", "model-owner"), ("tom.berg", "mlops")):
            self.speak(person, role, 0.8, "metrics seen", subject="model:credit@1.2.0")
        later = self._entry("1.2.0", 0.7)
        self.commit(SELF, 0.7, "Correct the moment of registration", {path: later})

    def _expired(self) -> None:
        longer = demo_files.retention(self.day(45), "1.1.0", 730)
        self.commit(SELF, 45, "Keep loans for two years", {"policies/retention.yaml": longer})
        for person, role, why in (
            ("lea.martin", "legal", "the contracts allow it"),
            ("priya.nair", "privacy-office", "the basis covers two years"),
            ("rita.costa", "ml-review-board", "needed to see seasons"),
        ):
            self.speak(person, role, 40, why)

    def _sod_violation(self) -> None:
        self.commit("tom.berg", 0.9, "Log scores", {"scripts/log.py": '"""Logs scores."""\n'})
        self.speak("tom.berg", "mlops", 0.8, "looks good to me")

    def _invalid(self) -> None:
        text = demo_files.model(champion="1.0.0", intended="Help a clerk plan calls.")
        self.commit(SELF, 0.9, "Use credit for planning calls", {MODEL: text})
        self.speak("ada.lind", "model-owner", 0.8, "a smaller risk than before", key=OLD)

    def _rejected(self) -> None:
        name = f"{self.day(0):%Y%m%d}-thin-data"
        text = demo_files.waiver(name, self.stamp(0.9), self.day(-30))
        self.commit("ada.lind", 0.9, "Ask for a waiver", {f"records/waivers/{name}.yaml": text})
        self.speak("mei.sato", "mlops", 0.8, "the pipeline copes")
        self.speak(
            "rita.costa", "ml-review-board", 0.7, "thin data is when models err", said="reject"
        )

    def _unattributed(self) -> None:
        self.put({"scripts/export.py": '"""Exports scores."""\n'})
        self.git("add", "--all")
        stranger = {"NAME": "Some Contractor", "EMAIL": "contractor@elsewhere.example"}
        stranger["DATE"] = self.stamp(0.9)
        people = {
            f"GIT_{kind}_{k}": v for kind in ("AUTHOR", "COMMITTER") for k, v in stranger.items()
        }
        self.git("commit", "--quiet", "-m", "Export scores", **people)
        self.speak("mei.sato", "mlops", 0.8, "useful")

    def _overridden(self) -> None:
        self.commit("tom.berg", 0.9, "Stop the queue", {"scripts/queue.py": '"""Stops."""\n'})
        why = "the queue sends every letter twice"
        self.speak("mei.sato", "mlops", 0.8, why, said="break-glass")
        self.speak("boris.adler", "ml-review-board", 0.7, why, said="break-glass")
