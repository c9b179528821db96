"""A version goes from an idea into production by commands alone, or is stopped where it should be.

The story of docs/releasing.md, in the repository `charter demo --release` makes.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import small
from click.testing import CliRunner, Result

from cli.demo import _release_guide
from cli.main import charter
from governance.finding import CouldNotJudge
from pipelines.demo_company import KEYS
from pipelines.demo_files import MACHINE
from pipelines.demo_release import TRAFFIC
from pipelines.demo_release_files import loans, model, rollout

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
VERSION = "model:credit@1.1.0"
QUORUM = (
    ("ada.lind", "model-owner"),
    ("tom.berg", "mlops"),
    ("stella.nowak", "data-steward"),
    ("rita.costa", "ml-review-board"),
    ("nina.roth", "ml-review-board"),
    ("boris.adler", "ml-review-board"),
)


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


class Demo:
    """The demonstration, and the hands of its people."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, NOW

    def charter(self, *words: str) -> Result:
        with contextlib.chdir(self.root):
            told = CliRunner().invoke(charter, words)
        if told.exception is not None and not isinstance(told.exception, SystemExit):
            assert isinstance(told.exception, CouldNotJudge), told.exc_info
        return told

    def done(self, *words: str) -> str:
        told = self.charter(*words)
        assert told.exit_code == 0, (words, told.output, told.exception)
        return told.output

    def refused(self, *words: str) -> str:
        told = self.charter(*words)
        assert told.exit_code == 1, (words, told.output, told.exception)
        return told.output

    def git(self, *words: str) -> str:
        dates = {"GIT_AUTHOR_DATE": iso(self.now), "GIT_COMMITTER_DATE": iso(self.now)}
        run = subprocess.run(
            ["git", *words], cwd=self.root, check=True, capture_output=True, text=True,
            env=small.environment() | dates,
        )  # fmt: skip
        return run.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def put(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def yes(self, subject: str, *people: tuple[str, str]) -> str:
        """What the last of them was shown before signing."""
        told = ""
        for person, role in people:
            self.now += timedelta(seconds=1)
            told = self.done(
                "approve", subject, "--role", role, "--key", f"{KEYS}/{person}",
                "--because", "looked through", "--commit", "--yes", "--now", iso(self.now),
            )  # fmt: skip
        return told

    def train(self, text: str) -> None:
        """A branch with another model.yaml and what its training left."""
        self.git("switch", "--quiet", "--create", "candidate")
        self.put("models/credit/model.yaml", text)
        self.commit("Try something else")
        self.done("retrain")
        self.commit("Train it")

    def merge(self, branch: str) -> None:
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge {branch}", branch)
        self.git("branch", "--quiet", "--delete", branch)

    def judged(self) -> Result:
        return self.charter("check", "--base", "main", "--now", iso(self.now))

    def wanted(self, step: str) -> None:
        """A branch that wants the new version on a step."""
        self.git("switch", "--quiet", "--create", "step")
        self.put("models/credit/rollout.yaml", rollout("1.1.0", step, "1.0.0"))
        self.commit(f"Put credit 1.1.0 on {step}")

    def drop(self) -> None:
        """The branch comes to nothing."""
        self.git("switch", "--quiet", "main")
        self.git("branch", "--quiet", "-D", "step")

    def apply(self) -> str:
        told = self.done("apply", "--now", iso(self.now))
        self.commit("Say what is served")
        return told

    def watch(self, begins: datetime, seed: int) -> None:
        """The telemetry of a step until now."""
        (self.root / TRAFFIC / "now.csv").write_text(loans(seed, 3000, 500_000))
        self.done(
            "snapshot", "credit", f"{TRAFFIC}/now.csv", "--begins", iso(begins),
            "--ends", iso(self.now), "--errors", "0.001", "--p50", "12", "--p95", "40",
        )  # fmt: skip
        self.commit("Publish telemetry")


def built(root: Path) -> None:
    """The demonstration as it is made."""
    told = CliRunner().invoke(charter, ["demo", "--release", str(root), "--now", iso(NOW)])
    assert told.exit_code == 0, told.output


@pytest.fixture(scope="module")
def made(shared: Path) -> Path:
    return small.template(shared, built)


@pytest.fixture
def demo(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Demo:
    root = Path(shutil.copytree(made, tmp_path / "demo", symlinks=True))
    here = Demo(root)
    here.git("config", "user.signingkey", str(root / KEYS / "mei.sato"))
    monkeypatch.setenv("CHARTER_MACHINE_KEY", str(root / KEYS / MACHINE))
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    return here


def test_the_demonstration_is_in_order(demo: Demo) -> None:
    at = ("--now", iso(NOW))
    assert demo.done("check", *at).startswith("0 findings")
    assert demo.done("audit", *at).startswith("0 findings")
    assert demo.done("plan", *at) == "credit: 1.0.0 on full, as wanted\n"
    assert demo.done("verify-release", "credit@1.0.0", *at).strip().endswith("in order")
    assert "in order" in demo.done("registry", "verify")


def test_a_better_candidate_reaches_production(demo: Demo) -> None:
    at = iso(NOW)
    demo.train(model("income", "debt", "late_payments", champion="1.0.0"))
    assert "replay PASSED" in demo.done("replay", "credit", "--now", at)
    told = demo.done("review", "credit", "--now", at)
    assert "passed  performance: roc_auc" in told
    assert told.count("PASSED") == 3
    assert "1.0.0" in told, "it is compared with the champion"
    demo.commit("Review and replay it")
    assert "is not approved: registration: model-owner 0 of 1" in demo.refused(
        "register", "credit", "--now", at
    )
    demo.commit("Register it")
    assert "is MISSING" in demo.judged().output
    shown = demo.yes(VERSION, *QUORUM)
    assert "roc_auc: 0.78" in shown, "metrics and history are reviewed side by side"
    assert "in service: 1.0.0 on full" in shown
    demo.yes("main..HEAD", ("ada.lind", "model-owner"), ("tom.berg", "mlops"))
    assert demo.judged().exit_code == 0, demo.judged().output
    demo.merge("candidate")
    assert "is now stored and now tagged" in demo.done("register", "credit", "--now", at)
    assert demo.git("tag", "--list", "credit@v1.1.0").strip()
    assert "in order" in demo.done("registry", "verify")

    _steps(demo)
    _served(demo)


def _steps(demo: Demo) -> None:
    """Canary, limited, full; each only when the one before has soaked and is well."""
    demo.wanted("full")
    assert "[rollout/step]" in demo.judged().output
    demo.drop()
    demo.wanted("canary")
    assert demo.judged().exit_code == 0, demo.judged().output
    demo.merge("step")
    begins = demo.now
    assert "staging: 1.1.0 10%, 1.0.0 90%" in demo.apply()
    assert demo.done("apply", "--now", iso(demo.now)) == "credit: served as wanted\n"

    demo.now = begins + timedelta(hours=2)
    demo.wanted("limited")
    assert "it has soaked on" in demo.judged().output
    demo.drop()
    demo.now = begins + timedelta(days=1, minutes=1)
    demo.watch(begins, 21)
    demo.wanted("limited")
    assert demo.judged().exit_code == 0, demo.judged().output
    demo.merge("step")
    assert "production: 1.1.0 10%, 1.0.0 90%" in demo.apply()

    begins, demo.now = demo.now, demo.now + timedelta(days=3, minutes=1)
    demo.watch(begins, 22)
    demo.wanted("full")
    assert demo.judged().exit_code == 0, demo.judged().output
    demo.merge("step")
    assert "production: 1.1.0 100%" in demo.apply()
    demo.git("switch", "--quiet", "--create", "champion")
    text = (demo.root / "models/credit/model.yaml").read_text()
    demo.put("models/credit/model.yaml", text.replace("champion: 1.0.0", "champion: 1.1.0"))
    demo.commit("Call credit 1.1.0 the champion")
    demo.yes("main..HEAD", ("ada.lind", "model-owner"))
    assert demo.judged().exit_code == 0, demo.judged().output
    demo.merge("champion")


def _served(demo: Demo) -> None:
    """Everybody meets the new version; its review falls due; it is taken back by one command."""
    at = iso(demo.now)
    assert demo.done("verify-release", "credit@1.1.0", "--now", at).strip().endswith("in order")
    flags = json.loads((demo.root / ".charter/registry/serving/flags.json").read_text())["flags"][
        "credit-version"
    ]
    assert "1.1.0" in json.dumps(flags)

    late = iso(demo.now + timedelta(days=8))
    calendar = demo.charter("obligations", "credit", "--now", late).output
    assert "1.1.0" in calendar
    assert "post-release-review:credit@1.1.0  1 day late" in calendar
    told = demo.done("rollback", "credit", "--because", "clients call", "--now", at)
    assert "1.0.0" in told
    serving = json.loads((demo.root / ".charter/registry/serving/credit.json").read_text())
    assert [one["version"] for one in serving["stages"]["production"]] == ["1.0.0"]
    assert list((demo.root / "records/incidents").glob("*.yaml"))


def test_the_first_move_of_the_how_to_is_the_better_candidate(demo: Demo) -> None:
    text = (small.TOP / "docs/releasing.md").read_text()
    (line,) = (line[2:] for line in text.splitlines() if line.startswith("$ sed "))
    assert line in "\n".join(_release_guide(Path("demo")))
    subprocess.run(["bash", "-c", line], cwd=demo.root, check=True)
    wanted = model("income", "debt", "late_payments", champion="1.0.0")
    assert (demo.root / "models/credit/model.yaml").read_text() == wanted


def test_a_worse_candidate_is_stopped(demo: Demo) -> None:
    demo.train(model("income", "debt", champion="1.0.0"))
    assert "roc_auc at least 0.7: 0.6" in demo.judged().output
    told = demo.refused("review", "credit", "--now", iso(NOW))
    assert "performance: FAILED" in told
    assert "failed  performance: roc_auc" in told
    demo.commit("Review it all the same")
    assert "FAILED" in demo.refused("register", "credit", "--now", iso(NOW)).upper()
    assert not list((demo.root / "models/credit/versions").glob("1.1.0*"))


def test_few_rows_need_the_decision_of_the_board(demo: Demo) -> None:
    at = iso(NOW)
    demo.train(model("income", "debt", "late_payments", champion="1.0.0", share=0.02))
    assert "inconclusive: credit: roc_auc at least 0.7" in demo.judged().output
    assert "performance: WARNED" in demo.done("review", "credit", "--now", at)
    demo.commit("Review it")
    demo.refused("register", "credit", "--now", at)
    demo.commit("Register it")
    demo.yes(VERSION, *QUORUM)
    demo.yes("main..HEAD", ("ada.lind", "model-owner"), ("tom.berg", "mlops"))
    told = demo.judged()
    assert told.exit_code == 1
    assert "inconclusive" in told.output
    demo.now += timedelta(seconds=1)
    demo.done(
        "decide", VERSION, "--decision", "approve", "--because", "a pilot of twenty loans a day",
        "--now", iso(demo.now),
    )  # fmt: skip
    demo.commit("Decide on it")
    told = demo.judged()
    assert told.exit_code == 0, told.output
    demo.merge("candidate")
    told_ = demo.done("register", "credit", "--now", iso(demo.now))
    assert "is now stored and now tagged" in told_


def test_telemetry_that_tells_nothing_is_refused(demo: Demo) -> None:
    def asked(file: str, begins: datetime = NOW, ends: datetime = NOW + timedelta(hours=1)) -> str:
        return demo.refused(
            "snapshot", "credit", file, "--begins", iso(begins), "--ends", iso(ends),
            "--errors", "0", "--p50", "1", "--p95", "2",
        )  # fmt: skip

    whole = f"{TRAFFIC}/0.csv"
    text = (demo.root / whole).read_text()
    assert "ends before it begins\n  fix: " in asked(whole, NOW, NOW - timedelta(hours=1))
    assert "no Parquet or CSV file\n  fix: " in asked("models")
    demo.put("short.csv", "\n".join(line.split(",")[0] for line in text.splitlines()))
    told = asked("short.csv")
    assert "column income is missing" in told
    assert "column sex is missing" in told
    demo.put("words.csv", text.replace(text.splitlines()[1].split(",")[1], "much", 1))
    assert "column income holds string, not numbers" in asked("words.csv")
    words = ("snapshot", "credit", whole, "--begins", iso(NOW), "--ends",
             iso(NOW + timedelta(hours=1)), "--errors", "0", "--p50", "1", "--p95")  # fmt: skip
    first = demo.done(*words, "2")
    assert demo.done(*words, "2") == first, "the same window again is the same file"
    assert "a window is measured once" in demo.refused(*words, "3")
    demo.put("open.csv", "\n".join(line.rsplit(",", 1)[0] for line in text.splitlines()))
    late = (iso(NOW + timedelta(hours=1)), iso(NOW + timedelta(hours=2)))
    told = demo.done("snapshot", "credit", "open.csv", "--begins", late[0], "--ends", late[1],
                     "--errors", "0", "--p50", "1", "--p95", "2", "--format", "json")  # fmt: skip
    value = json.loads(told)
    assert (value["rows"], value["labelled_rows"], value["performance"]) == (3000, 0, {})
    assert value["drift"]
