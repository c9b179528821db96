"""The workflows hold what they promise; the proposal does what it says, in a real repository."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from governance.forge_settings import BRANCHES, CHECK

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
RETRAIN = ROOT / ".github" / "workflows" / "ml_retrain.yml"

PINNED = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/attest-build-provenance": ("a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32", "v4.1.0"),
    "actions/upload-pages-artifact": ("fc324d3547104276b827a68afc52ff2a11cc49c9", "v5.0.0"),
    "actions/deploy-pages": ("cd2ce8fcbc39b97be8ca5fce6e763baed58fa128", "v5.0.0"),
    "actions/create-github-app-token": ("1b10c78c7865c340bc4f6099eb2f838309f1e8c3", "v3.1.1"),
    "actions/cache": ("27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5"),
}
"""Commit and tag of every action allowed here."""

SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Tree: TypeAlias = dict[Any, Any]
Step: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Workflow:
    """One workflow: its text, and what YAML makes of it."""

    text: str
    tree: Tree = field(init=False)

    def __post_init__(self) -> None:
        """Parse the text once."""
        object.__setattr__(self, "tree", yaml.load(self.text, SAFE))  # noqa: S506 - it is safe

    @property
    def on(self) -> Tree:
        """The triggers; YAML 1.1 reads the key `on` as true."""
        found = self.tree[True]
        return (
            found
            if isinstance(found, dict)
            else dict.fromkeys([found] if isinstance(found, str) else found)
        )

    @property
    def jobs(self) -> dict[str, Tree]:
        """The jobs by name."""
        return dict(self.tree["jobs"])

    def steps(self, job: str = "") -> Iterator[Step]:
        """Walk the steps of one job, or of all."""
        for name, body in self.jobs.items():
            if job in ("", name):
                yield from body.get("steps", ())

    def step(self, job: str, name: str) -> Step:
        """Find the one step of that name."""
        (found,) = (each for each in self.steps(job) if each.get("name") == name)
        return found


# Rules. Each yields what is wrong.


def pins(workflow: Workflow) -> Iterator[str]:
    """Every action is one of ours, by commit, with its tag as comment."""
    for line in re.findall(r"^[ -]*uses:.*$", workflow.text, re.MULTILINE):
        match = re.fullmatch(r"[ -]*uses: ([\w./-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", line)
        if match is None or PINNED.get(match[1]) != (match[2], match[3]):
            yield line.strip()


def permissions(workflow: Workflow) -> Iterator[str]:
    """Nothing is granted to all jobs; each job names what it needs."""
    if workflow.tree.get("permissions") != {}:
        yield "top level"
    for name, job in workflow.jobs.items():
        if not isinstance(job.get("permissions"), dict):
            yield name


def checkouts(workflow: Workflow) -> Iterator[str]:
    """No checkout leaves its token on disk."""
    for step in workflow.steps():
        if (
            "actions/checkout@" in step.get("uses", "")
            and step.get("with", {}).get("persist-credentials") is not False
        ):
            yield str(step)


def triggers(workflow: Workflow) -> Iterator[str]:
    """Code of a stranger never meets a privileged token."""
    yield from {"pull_request_target", "workflow_run", "issue_comment"} & workflow.on.keys()


def scripts(workflow: Workflow) -> Iterator[str]:
    """Values reach a shell through the environment only."""
    yield from (step["run"] for step in workflow.steps() if "${{" in step.get("run", ""))


def exit_codes(workflow: Workflow) -> Iterator[str]:
    """Failures stay failures, in a pipe too."""
    if workflow.tree.get("defaults") != {"run": {"shell": "bash"}}:
        yield "without `shell: bash` a pipe hides a failure"
    for place in (*workflow.jobs.values(), *workflow.steps()):
        if "continue-on-error" in place:
            yield "continue-on-error"
    for step in workflow.steps():
        if "shell" in step or re.search(
            r"\|\|\s*(true|:|exit 0)|set \+|;\s*true$", step.get("run", ""), re.MULTILINE
        ):
            yield str(step)


def bounds(workflow: Workflow) -> Iterator[str]:
    """Every job ends."""
    yield from (
        name
        for name, job in workflow.jobs.items()
        if not isinstance(job.get("timeout-minutes"), int)
    )


def paths(workflow: Workflow) -> Iterator[str]:
    """A push to main starts retraining exactly where data or declarations changed."""
    push = workflow.on["push"]
    if push.get("branches") != ["main"]:
        yield "branches"
    if set(push) != {"branches", "paths"}:
        yield f"filters: {sorted(push)}"
    filters = push.get("paths", ["**"])
    yield from (f"missed: {path}" for path in WAKES if not matches(filters, path))
    yield from (f"woken by: {path}" for path in SLEEPS if matches(filters, path))


def other_starts(workflow: Workflow) -> Iterator[str]:
    """It also runs every day and on request, and by nothing else."""
    if set(workflow.on) != {"push", "schedule", "workflow_dispatch"}:
        yield f"events: {sorted(workflow.on)}"
    for entry in workflow.on.get("schedule") or [{"cron": "none"}]:
        if not re.fullmatch(r"\d+ \d+ \* \* \*", entry["cron"]):
            yield f"not daily: {entry['cron']}"


def turns(workflow: Workflow) -> Iterator[str]:
    """Runs of one ref wait for one another and are never cut short."""
    if workflow.tree.get("concurrency") != {
        "group": "retrain-${{ github.ref }}",
        "cancel-in-progress": False,
    }:
        yield str(workflow.tree.get("concurrency"))


def reach(workflow: Workflow) -> Iterator[str]:
    """The job that runs code reads; the job that writes runs no code of the project."""
    if workflow.jobs["retrain"]["permissions"] != {"contents": "read"}:
        yield "retrain may do more than read"
    if workflow.jobs["retrain"].get("if") != "github.ref == 'refs/heads/main'":
        yield "retrain runs on other branches"
    if workflow.jobs["propose"]["permissions"] != {"contents": "write", "pull-requests": "write"}:
        yield "propose needs to push a branch and open a pull request, no more"
    if (
        workflow.jobs["propose"]["needs"] != "retrain"
        or "outputs.changed == 'true'" not in workflow.jobs["propose"]["if"]
    ):
        yield "propose runs although nothing changed"
    for step in workflow.steps("propose"):
        if re.search(
            r"\.venv|\bmake\b|\bpython|\bpip\b|\buv\b|\bdvc (?!store)|(^|/)charter\b|^\s*\./",
            step.get("run", ""),
            re.MULTILINE,
        ):
            yield f"propose runs code: {step['run']}"


def secrets(workflow: Workflow) -> Iterator[str]:
    """The pseudonym key is in the environment of the retraining step and nowhere else."""
    holders = [
        step.get("name") for step in workflow.steps() if "CHARTER_PSEUDONYM_KEY" in str(step)
    ]
    if holders != ["Retrain"] or workflow.text.count("secrets.CHARTER_PSEUDONYM_KEY") != 1:
        yield f"key in {holders}"
    if "secrets." in str(
        [step for step in workflow.steps("retrain") if step.get("name") != "Retrain"]
    ):
        yield "another step of the job has a secret"


def artefact(workflow: Workflow) -> Iterator[str]:
    """Each run leaves its evidence, for a stated time, and the proposal takes exactly that one."""
    step = workflow.step("retrain", "Keep the evidence")
    settings = step["with"]
    if set(settings["path"].split()) != set(PROPOSED):
        yield "paths"
    if settings.get("retention-days") != 90:
        yield "retention"
    if settings.get("include-hidden-files") is not True:
        yield "without hidden files .dvc/store and .gitignore stay behind"
    if "${{ github.run_id }}" not in settings["name"]:
        yield "name"
    if step.get("if") != "always()":
        yield "a red run leaves no evidence"
    (download,) = (
        each["with"]
        for each in workflow.steps("propose")
        if "download-artifact@" in each.get("uses", "")
    )
    if (
        download.get("artifact-ids") != "${{ needs.retrain.outputs.artefact }}"
        or "runner.temp" not in download["path"]
    ):
        yield "download"


def pushes(workflow: Workflow) -> Iterator[str]:
    """Only the branch of the proposal is ever pushed."""
    if not workflow.jobs["propose"]["env"]["BRANCH"].startswith("retrain/${{ github.run_id }}"):
        yield "branch"
    lines = [
        line
        for step in workflow.steps()
        for line in step.get("run", "").splitlines()
        if re.search(r"\bpush\b", line)
    ]
    for line in lines:
        if not line.endswith(
            (
                ".venv/bin/dvc push",
                ' origin "HEAD:refs/heads/$BRANCH"',
                ' origin --delete "refs/heads/$BRANCH"',
            )
        ):
            yield line


Rule: TypeAlias = Callable[[Workflow], Iterator[str]]
GENERAL: tuple[Rule, ...] = (pins, permissions, checkouts, triggers, scripts, exit_codes, bounds)
OF_RETRAINING: tuple[Rule, ...] = (paths, other_starts, turns, reach, secrets, artefact, pushes)

PROPOSED = ("dvc.lock", "artifacts/ml", ".dvc/store")
WAKES = (
    "datasets.dvc",
    "models/churn/model.yaml",
    "models/index.yaml",
    "data/ml/training/churn/2026-01.csv",
    "data/ml/training/a",
)
SLEEPS = (
    "dvc.lock",
    "dvc.yaml",
    "artifacts/ml/last_retrain.json",
    "artifacts/ml/churn/models/metrics.json",
    ".dvc/store/files/md5/3f/9a1c",
    "records/approvals/churn.json",
    "data/ml/serving/a.csv",
    "docs/models/churn.md",
)


def matches(filters: list[str], path: str) -> bool:
    """Whether GitHub's path filters select `path`; only `*` and `**` are understood here."""

    def one(pattern: str) -> bool:
        assert not set(pattern) & set("!?+[]"), f"this matcher does not know {pattern}"
        parts = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split("**"))
        return re.fullmatch(".*".join(parts), path) is not None

    return any(one(pattern) for pattern in filters)


@pytest.fixture(scope="module")
def retrain() -> Workflow:
    """Read the retraining workflow."""
    return Workflow(RETRAIN.read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", GENERAL, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_workflow_holds(file: Path, rule: Rule) -> None:
    """Each rule for all workflows finds nothing."""
    assert list(rule(Workflow(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize("rule", OF_RETRAINING, ids=lambda rule: rule.__name__)
def test_retraining_holds(retrain: Workflow, rule: Rule) -> None:
    """Each rule for retraining finds nothing."""
    assert list(rule(retrain)) == []


BREAKS: dict[str, tuple[Rule, str, str]] = {
    "an action by tag": (pins, "@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7.0.1"),
    "a wrong commit": (pins, "3d3c42e5", "3d3c42e6"),
    "a comment that names another tag": (pins, "# v7.0.1", "# v7.0.0"),
    "an unknown action": (pins, "actions/setup-python@", "someone/setup-python@"),
    "rights for all jobs": (permissions, "permissions: {}", "permissions: read-all"),
    "a job with inherited rights": (permissions, "    permissions:\n      contents: read\n", ""),
    "a token left on disk": (checkouts, "persist-credentials: false", "persist-credentials: true"),
    "a checkout by default": (checkouts, "          persist-credentials: false\n", ""),
    "a trigger with a stranger's code": (
        triggers,
        "  workflow_dispatch:",
        "  pull_request_target:\n  workflow_dispatch:",
    ),
    "an input in a script": (scripts, "models=($MODELS)", "models=(${{ inputs.models }})"),
    "a check that cannot fail": (
        exit_codes,
        "check --format github",
        "check --format github || true",
    ),
    "a step that may fail": (
        exit_codes,
        "      - name: Check\n",
        "      - name: Check\n        continue-on-error: true\n",
    ),
    "a job that may fail": (
        exit_codes,
        "    timeout-minutes: 120",
        "    timeout-minutes: 120\n    continue-on-error: true",
    ),
    "a shell that forgets pipes": (exit_codes, "    shell: bash", "    shell: sh"),
    "a job without an end": (bounds, "    timeout-minutes: 10\n", ""),
    "every branch": (paths, "branches: [main]", "branches: ['**']"),
    "no path for data": (paths, "      - datasets.dvc\n", ""),
    "no path for declarations": (paths, "      - models/**\n", ""),
    "declarations one level deep": (paths, "models/**", "models/*"),
    "no path for landed files": (paths, "      - data/ml/training/**\n", ""),
    "a lock that starts itself": (paths, "- datasets.dvc", "- datasets.dvc\n      - dvc.lock"),
    "evidence that starts itself": (
        paths,
        "- datasets.dvc",
        "- datasets.dvc\n      - artifacts/**",
    ),
    "everything starts it": (paths, "- datasets.dvc", "- '**'"),
    "no schedule": (other_starts, '  schedule:\n    - cron: "17 3 * * *"\n', ""),
    "weekly only": (other_starts, "17 3 * * *", "17 3 * * 1"),
    "pull requests start it": (
        other_starts,
        "  workflow_dispatch:",
        "  pull_request:\n  workflow_dispatch:",
    ),
    "runs cut short": (turns, "cancel-in-progress: false", "cancel-in-progress: true"),
    "retraining may write": (reach, "contents: read", "contents: write"),
    "retraining on any branch": (reach, "    if: github.ref == 'refs/heads/main'\n", ""),
    "the proposer installs": (reach, "mkdir -p artifacts\n", "make install\n"),
    "the proposer runs charter": (reach, "mkdir -p artifacts\n", ".venv/bin/charter check\n"),
    "a proposal of nothing": (reach, "needs.retrain.outputs.changed == 'true' && ", ""),
    "a key for the whole job": (
        secrets,
        "    env:\n      BRANCH",
        "    env:\n      KEY: ${{ secrets.CHARTER_PSEUDONYM_KEY }}\n      BRANCH",
    ),
    "a key for a check": (
        secrets,
        "      - name: Check\n",
        "      - name: Check\n        env: {K: '${{ secrets.CHARTER_PSEUDONYM_KEY }}'}\n",
    ),
    "no evidence in the artefact": (artefact, "            artifacts/ml\n", ""),
    "no store in the artefact": (artefact, "            .dvc/store\n", ""),
    "the store left as hidden": (artefact, "          include-hidden-files: true\n", ""),
    "retention by default": (artefact, "          retention-days: 90\n", ""),
    "evidence of green runs only": (artefact, "id: upload\n        if: always()", "id: upload"),
    "any artefact will do": (
        artefact,
        "artifact-ids: ${{ needs.retrain.outputs.artefact }}",
        "pattern: retrain-*",
    ),
    "an artefact over the checkout": (artefact, "${{ runner.temp }}/proposal", "."),
    "a push to main": (pushes, '"HEAD:refs/heads/$BRANCH"', "HEAD:main"),
    "main as the branch": (
        pushes,
        "BRANCH: retrain/${{ github.run_id }}-${{ github.run_attempt }}",
        "BRANCH: main",
    ),
}


@pytest.mark.parametrize(("rule", "old", "new"), BREAKS.values(), ids=BREAKS)
def test_a_break_is_found(retrain: Workflow, rule: Rule, old: str, new: str) -> None:
    """Each rule can fail: one change, and it speaks."""
    assert old in retrain.text
    assert list(rule(Workflow(retrain.text.replace(old, new))))


# Playing the scripts.


class World:
    """An origin with a history, a checkout of its main, and what the runner lends a job."""

    def __init__(self, root: Path) -> None:
        """Name the places and keep the surroundings out."""
        self.origin, self.work, self.temp, self.bin = (
            root / "origin.git",
            root / "work",
            root / "temp",
            root / "bin",
        )
        self.output, self.summary, self.said = root / "output", root / "summary", root / "said"
        for folder in (self.temp, self.bin):
            folder.mkdir(parents=True)
        self.output.touch()
        clean = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("GIT_", "GITHUB_"))
        }
        self.env = clean | {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(root),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "1",
            "SAID": str(self.said),
        }

    def begin(self) -> None:
        """Make the origin, and a checkout of it with one commit on main."""
        self.work.mkdir()
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        self.git("init", "--quiet", "--initial-branch=main", ".")
        self.git("remote", "add", "origin", "../origin.git")
        write(
            self.work,
            {
                ".gitignore": ".venv/\n",
                "datasets.dvc": "outs: []\n",
                "dvc.lock": "old\n",
                "artifacts/ml/.gitignore": "/model\n/train\n",
                "artifacts/ml/metrics.json": "{}\n",
                "artifacts/ml/gone.json": "{}\n",
                ".dvc/store/files/md5/aa/1": "first\n",
            },
        )
        self.git("add", ".")
        self.git(
            "-c",
            "user.name=ana",
            "-c",
            "user.email=ana@example.org",
            "commit",
            "--quiet",
            "--message",
            "Begin",
        )
        self.git("push", "--quiet", "origin", "main")

    def copy(self, root: Path) -> World:
        """Give a test its own copy."""
        copied = World(root)
        shutil.copytree(self.origin, copied.origin)
        shutil.copytree(self.work, copied.work)
        copied.env["GITHUB_SHA"] = copied.main
        return copied

    @property
    def main(self) -> str:
        """The commit at which the checkout began."""
        return self.git("rev-parse", "main")

    def git(self, *words: str, at: Path | None = None) -> str:
        """Ask Git."""
        run = subprocess.run(
            ["git", *words],
            cwd=at or self.work,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )
        return run.stdout.strip()

    def tool(self, path: Path, script: str) -> None:
        """Put a small program at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, step: Step, known: dict[str, str]) -> int:
        """Run one script as the runner would; its exit code."""
        env = {key: fill(value, known) for key, value in step.get("env", {}).items()}
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        return subprocess.run(
            shell, cwd=self.work, env=self.env | env, check=False, capture_output=True
        ).returncode

    def propose(self, workflow: Workflow, **given: str) -> bool:
        """Run the scripts of the proposing job in order; whether all went well."""
        known = {
            "github.run_id": "77",
            "github.run_attempt": self.env["GITHUB_RUN_ATTEMPT"],
            "steps.app.outputs.token || github.token": "token",
            "vars.CHARTER_APP_ID": given.get("app", ""),
            "needs.retrain.result": given.get("result", "success"),
        }
        self.env["BRANCH"] = fill(workflow.jobs["propose"]["env"]["BRANCH"], known)
        green, pushed = True, False
        for step in workflow.steps("propose"):
            if "run" not in step:
                continue
            found = "found=true" in self.output.read_text(encoding="utf-8")
            due = {
                None: green,
                "${{ steps.earlier.outputs.found != 'true' }}": green and not found,
                "${{ failure() && steps.push.outcome == 'success' }}": not green and pushed,
            }[step.get("if")]
            if due:
                passed = self.run(step, known) == 0
                green, pushed = green and passed, pushed or (passed and step.get("id") == "push")
        return green

    @property
    def branches(self) -> dict[str, str]:
        """Every ref of the origin and its commit."""
        rows = self.git(
            "for-each-ref", "--format=%(refname) %(objectname)", at=self.origin
        ).splitlines()
        return dict(row.split() for row in rows)


def fill(text: str, known: dict[str, str]) -> str:
    """Replace each expression by its value; an unknown one is an error."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda match: known[match[1]], str(text))


def write(root: Path, files: dict[str, str]) -> None:
    """Write files under a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


BRANCH = "refs/heads/retrain/77-1"
ARTEFACT = {
    "dvc.lock": "new\n",
    "artifacts/ml/.gitignore": "/model\n/train\n",
    "artifacts/ml/metrics.json": '{"auc": 0.8}\n',
    "artifacts/ml/last_retrain.json": '{"exit_code": 0,\n"note": "```"}\n',
    ".dvc/store/files/md5/aa/1": "first\n",
    ".dvc/store/files/md5/bb/2": "second\n",
}
STRAYS = {
    "artifacts/ml/model/model.skops": "bytes\n",
    "governance/roles.py": "evil\n",
    "models/churn/model.yaml": "evil\n",
    "Makefile": "evil\n",
}


@pytest.fixture(scope="module")
def beginning(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Make the repository once."""
    world = World(tmp_path_factory.mktemp("beginning"))
    world.begin()
    return world


@pytest.fixture
def world(beginning: World, tmp_path: Path) -> World:
    """Lay out the artefact of a run that trained something, and strays in it."""
    world = beginning.copy(tmp_path)
    write(world.temp / "proposal", ARTEFACT | STRAYS)
    world.tool(world.bin / "gh", 'printf "%s\\n" "$@" > "$SAID"\nexit "${GH_EXIT:-0}"')
    return world


def test_proposal_carries_only_what_a_run_makes(world: World, retrain: Workflow) -> None:
    """One branch is pushed, with allowed files only; main stays; nothing in it starts a run."""
    assert world.propose(retrain)

    assert world.branches.keys() == {"refs/heads/main", BRANCH}
    assert world.branches["refs/heads/main"] == world.main
    assert world.git("rev-parse", f"{BRANCH}^", at=world.origin) == world.main
    changed = world.git(
        "diff", "--name-status", "--no-renames", world.main, BRANCH, at=world.origin
    ).splitlines()
    assert sorted(changed) == [
        "A\t.dvc/store/files/md5/bb/2",
        "A\tartifacts/ml/last_retrain.json",
        "D\tartifacts/ml/gone.json",
        "M\tartifacts/ml/metrics.json",
        "M\tdvc.lock",
    ]
    assert not [
        line for line in changed if matches(retrain.on["push"]["paths"], line.split("\t")[1])
    ]


def test_pull_request_asks_main_for_the_branch(world: World, retrain: Workflow) -> None:
    """The request goes to main; its body quotes the record as code and says who starts checks."""
    assert world.propose(retrain)

    words = world.said.read_text(encoding="utf-8").splitlines()
    body = (world.temp / "body.md").read_text(encoding="utf-8")
    assert words[:6] == ["pr", "create", "--base", "main", "--head", "retrain/77-1"]
    assert words[-2:] == ["--body-file", str(world.temp / "body.md")]
    assert body.endswith('\n\n    {"exit_code": 0,\n    "note": "```"}\n')
    assert "Start the checks by hand" in body
    assert "`charter check` was green" in body


def test_body_follows_the_run(world: World, retrain: Workflow) -> None:
    """With an app nobody has to start checks; a red run is called red."""
    assert world.propose(retrain, app="123", result="failure")

    body = (world.temp / "body.md").read_text(encoding="utf-8")
    assert "by hand" not in body
    assert "**That run was red.**" in body


def test_same_lock_is_proposed_once(world: World, retrain: Workflow) -> None:
    """A later run with the same lock adds no branch and no pull request."""
    assert world.propose(retrain)
    world.said.unlink()
    world.git("fetch", "--quiet", "origin")
    world.git("checkout", "--quiet", "main")
    world.env["GITHUB_RUN_ATTEMPT"] = "2"

    assert world.propose(retrain)
    assert world.branches.keys() == {"refs/heads/main", BRANCH}
    assert not world.said.exists()


def test_failed_request_leaves_no_branch(world: World, retrain: Workflow) -> None:
    """Where no pull request can be opened, the job is red and the branch is taken back."""
    world.env["GH_EXIT"] = "4"

    assert not world.propose(retrain)
    assert world.branches == {"refs/heads/main": world.main}


def a_link(proposal: Path) -> None:
    """Evidence that points elsewhere."""
    (proposal / "artifacts/ml/key").symlink_to("/etc/hostname")


def a_repository(proposal: Path) -> None:
    """A repository within the evidence."""
    write(proposal, {"artifacts/ml/.git/config": "[core]\n"})


def a_spoiled_object(proposal: Path) -> None:
    """An object of the store under its old name with new bytes."""
    write(proposal, {".dvc/store/files/md5/aa/1": "forged\n"})


def no_lock(proposal: Path) -> None:
    """A run that lost its lock."""
    (proposal / "dvc.lock").unlink()


@pytest.mark.parametrize(
    "spoil", [a_link, a_repository, a_spoiled_object, no_lock], ids=lambda spoil: spoil.__name__
)
def test_odd_artefact_is_refused(
    world: World, retrain: Workflow, spoil: Callable[[Path], None]
) -> None:
    """Nothing is pushed or opened for an artefact that no honest run makes."""
    spoil(world.temp / "proposal")

    assert not world.propose(retrain)
    assert world.branches == {"refs/heads/main": world.main}
    assert not world.said.exists()


@pytest.mark.parametrize(
    ("given", "models"),
    [
        ("", []),
        ("churn fraud", ["churn", "fraud"]),
        ("churn\nfraud", ["churn", "fraud"]),
        ("* --force", ["*", "--force"]),
        (
            "$(touch owned) `touch owned` ;touch owned",
            ["$(touch", "owned)", "`touch", "owned`", ";touch", "owned"],
        ),
    ],
    ids=["none", "two", "two lines", "globs and options", "shell code"],
)
def test_models_are_words_never_code(
    world: World, retrain: Workflow, given: str, models: list[str]
) -> None:
    """The input reaches `charter retrain` as plain words after `--`."""
    world.tool(world.work / ".venv/bin/charter", 'printf "%s\\n" "$@" > "$SAID"')
    known = {"inputs.models": given, "secrets.CHARTER_PSEUDONYM_KEY": "key"}

    assert world.run(retrain.step("retrain", "Retrain"), known) == 0
    assert world.said.read_text(encoding="utf-8").splitlines() == [
        "retrain",
        "--pull",
        "--",
        *models,
    ]
    assert not (world.work / "owned").exists()


@pytest.mark.parametrize(
    "name", ["Retrain", "Check", "Summarise", "Keep the new outputs in the store"]
)
def test_exit_code_is_kept(world: World, retrain: Workflow, name: str) -> None:
    """What charter or DVC exits with is what the step exits with."""
    for tool in ("charter", "dvc"):
        world.tool(world.work / ".venv/bin" / tool, "exit 3")

    known = {"inputs.models": "churn", "secrets.CHARTER_PSEUDONYM_KEY": "key"}
    assert world.run(retrain.step("retrain", name), known) == 3


@pytest.mark.parametrize(
    ("lock", "said"), [("old\n", "changed=\n"), ("new\n", "changed=true\n")], ids=["same", "moved"]
)
def test_moved_lock_is_told(world: World, retrain: Workflow, lock: str, said: str) -> None:
    """A proposal follows from a changed lock only, not from a new date in the evidence."""
    write(world.work, {"dvc.lock": lock, "artifacts/ml/last_retrain.json": "{}\n"})

    assert world.run(retrain.step("retrain", "Tell whether the lock moved"), {}) == 0
    assert world.output.read_text(encoding="utf-8") == said


def test_evidence_leaves_without_data(world: World, retrain: Workflow) -> None:
    """Files held by DVC stay out of the artefact; evidence, also new one, stays in."""
    write(
        world.work,
        {
            "artifacts/ml/train/rows.csv": "1\n",
            "artifacts/ml/model": "m\n",
            "artifacts/ml/last_retrain.json": "{}\n",
        },
    )

    assert world.run(retrain.step("retrain", "Leave out what DVC holds"), {}) == 0
    left = sorted(path.name for path in (world.work / "artifacts/ml").iterdir())
    assert left == [".gitignore", "gone.json", "last_retrain.json", "metrics.json"]


# The gate: governance.yml, the action around it, and what the rulesets require of both.

GATE = ROOT / ".github" / "workflows" / "governance.yml"
ACTION = ROOT / "action.yml"
TYPES = {
    "pull_request": {
        "opened",
        "reopened",
        "synchronize",
        "edited",
        "labeled",
        "unlabeled",
        "ready_for_review",
        "converted_to_draft",
    },
    "pull_request_review": {"submitted", "edited", "dismissed"},
    "merge_group": {"checks_requested"},
}
COMMAND = '.venv/bin/python -I -m cli check "${subject[@]}" --publish --format github'


def hears(gate: Workflow) -> Iterator[str]:
    """Everything that can change the verdict starts it, whatever is touched (B39, B45, B60)."""
    if set(gate.on) != {*TYPES, "workflow_dispatch"}:
        yield f"events: {sorted(gate.on)}"
    for event, types in TYPES.items():
        settings = gate.on.get(event) or {}
        yield from (f"{event}: no {each}" for each in types - set(settings.get("types", ())))
        yield from (f"{event} filters by {key}" for key in settings.keys() - {"types"})


def always(gate: Workflow) -> Iterator[str]:
    """Nothing can skip it, for what is skipped counts as a success (B59)."""
    for name, job in gate.jobs.items():
        yield from (f"{name}: {key}" for key in ("if", "needs", "strategy", "uses") if key in job)
    yield from (f"{step} may be skipped" for step in gate.steps() if "if" in step)


def base_only(gate: Workflow) -> Iterator[str]:
    """What is run stands on the base; what is proposed comes as objects (B50)."""
    refs = [
        step["with"].get("ref", "the commit of the event")
        for step in gate.steps()
        if "actions/checkout@" in step.get("uses", "")
    ]
    if len(refs) != 1:
        yield f"{len(refs)} checkouts"
    for ref in refs:
        named = re.findall(r"github\.[\w.]+", ref)
        if named != [
            "github.event.merge_group.base_ref",
            "github.event.pull_request.base.ref",
            "github.event.pull_request.base.ref",
            "github.sha",
        ]:
            yield f"checks out {ref}"
    for step in gate.steps():
        if re.search(
            r"\bgit\b.*\b(checkout|switch|restore|reset|merge|pull|apply|archive|worktree|show)\b",
            step.get("run", ""),
        ):
            yield f"brings files of a proposal: {step['run']}"


def isolated(gate: Workflow) -> Iterator[str]:
    """Python never looks for modules where it is started (B51)."""
    for step in gate.steps():
        script = step.get("run", "")
        calls = re.findall(r"(?:bin/python|\$PYTHON\b)\"?+(?! -I\b)[^\n]*", script)
        yield from (f"without -I: {call}" for call in calls)
        if re.search(r"bin/(charter|dvc|pytest|pip)\b", script):
            yield f"a script that reads the environment: {script}"
        if "PYTHONPATH" in str(step):
            yield "PYTHONPATH"


def carries(gate: Workflow) -> Iterator[str]:
    """Nothing of an earlier run is believed: no artefact, no cache (B53, B54)."""
    for step in gate.steps():
        if re.search(r"(cache|artifact)", step.get("uses", "")) or "cache" in step.get("with", {}):
            yield str(step)


def names(gate: Workflow) -> Iterator[str]:
    """No text of a proposal gets into the job: numbers and commit ids only (B55, B56)."""
    allowed = {
        "github.event.merge_group.base_ref",
        "github.event.merge_group.head_sha",
        "github.event.pull_request.base.ref",
        "github.event.pull_request.head.sha",
        "github.event.pull_request.number",
        "github.sha",
        "github.token",
        "inputs.pr",
    }
    for expression in re.findall(r"\$\{\{(.*?)\}\}", gate.text):
        yield from set(re.findall(r"\b(?:github|inputs|env|secrets)\.[\w.]+", expression)) - allowed


def rights(gate: Workflow) -> Iterator[str]:
    """It may read, comment and publish; there is no secret (B18, B50)."""
    for name, job in gate.jobs.items():
        if job["permissions"] != {
            "contents": "read",
            "issues": "read",
            "pull-requests": "write",
            "checks": "write",
        }:
            yield f"{name}: {job['permissions']}"
        yield from (f"{name}: {key}" for key in ("environment", "container", "env") if key in job)
    for step in gate.steps():
        if "token }}" in str(step) and step.get("name") not in {
            "Judge",
            "Fetch what is proposed, as objects",
        }:
            yield f"a token where none is needed: {step}"
    if "secrets." in gate.text:
        yield "a secret"


def last_word(gate: Workflow) -> Iterator[str]:
    """Of two runs about one pull request the newer one publishes last (B41)."""
    found = gate.tree.get("concurrency") or {}
    group = str(found.get("group"))
    if "pull_request.number || inputs.pr" not in group or "merge_group.head_sha" not in group:
        yield group
    if found.get("cancel-in-progress") is not True:
        yield "an older run may publish last"


def publishes(workflow: Workflow) -> bool:
    """Whether it judges pull requests and merge groups, and says so as a check."""
    scripts = " ".join(step.get("run", "") for step in workflow.steps())
    return TYPES.keys() <= workflow.on.keys() and COMMAND in scripts


def unmet(workflows: list[Workflow], required: list[str]) -> Iterator[str]:
    """Tell which required check nobody publishes, or somebody else as well (B57, B58)."""
    published = [CHECK for workflow in workflows if publishes(workflow)]
    yield from (f"nobody publishes {name}" for name in required if name not in published)
    yield from (f"{CHECK} is not required" for name in {*published} - {*required})
    jobs = [
        name
        for workflow in workflows
        for key, job in workflow.jobs.items()
        for name in {key, job.get("name", key)}
    ]
    for name in required:
        if published.count(name) + jobs.count(name) > 1:
            yield f"several sources for {name}"


def required() -> list[str]:
    """Read the required checks from the committed ruleset."""
    rules = json.loads((ROOT / BRANCHES).read_text(encoding="utf-8"))["rules"]
    return [
        check["context"]
        for rule in rules
        for check in rule.get("parameters", {}).get("required_status_checks", ())
    ]


OF_THE_GATE: tuple[Rule, ...] = (
    hears,
    always,
    base_only,
    isolated,
    carries,
    names,
    rights,
    last_word,
)
BASE_REF = "github.event.pull_request.base.ref"
GATE_BREAKS: dict[str, tuple[Rule, str, str]] = {
    "b39 silent about another base": (hears, "synchronize, edited,", "synchronize,"),
    "b45 no queue": (hears, "  merge_group:\n    types: [checks_requested]\n", ""),
    "silent about a dismissal": (hears, "submitted, edited, dismissed", "submitted, edited"),
    "b60 a filter on paths": (
        hears,
        "  pull_request_review:",
        "    paths: [models/**]\n  pull_request_review:",
    ),
    "b60 a filter on branches": (
        hears,
        "  pull_request_review:",
        "    branches: [main]\n  pull_request_review:",
    ),
    "b59 a job with a condition": (
        always,
        "  judge:\n",
        "  judge:\n    if: ${{ !github.event.pull_request.draft }}\n",
    ),
    "b59 a job that waits": (always, "  judge:\n", "  judge:\n    needs: tests\n"),
    "b59 a step with a condition": (
        always,
        "      - name: Judge\n",
        "      - name: Judge\n        if: github.event_name == 'pull_request'\n",
    ),
    "b50 a checkout of the head": (base_only, BASE_REF, "github.event.pull_request.head.sha"),
    "b50 a checkout of an earlier group": (
        base_only,
        "merge_group.base_ref || (",
        "merge_group.base_sha || (",
    ),
    "b50 a checkout of the merge": (base_only, "          ref: ${{", "          # ref: ${{"),
    "b50 the head in the work tree": (
        base_only,
        '"${wanted[@]}"\n',
        '"${wanted[@]}"\n          git checkout FETCH_HEAD\n',
    ),
    "b50 the number of a stranger's tree": (
        base_only,
        "format('refs/heads/{0}', github.event.pull_request.base.ref)",
        "format('refs/pull/{0}/merge', github.event.pull_request.number)",
    ),
    "b51 a path from the directory": (isolated, "python -I -m cli", "python -m cli"),
    "b51 a script": (isolated, "python -I -m cli", "charter"),
    "b51 a path from outside": (
        isolated,
        "          HEAD:",
        "          PYTHONPATH: .\n          HEAD:",
    ),
    "b53 an artefact": (
        carries,
        "      - name: Install",
        "      - uses: actions/download-artifact@v8\n      - name: Install",
    ),
    "b54 a cache": (
        carries,
        '          python-version: "3.11"\n',
        '          python-version: "3.11"\n          cache: pip\n',
    ),
    "b55 a branch name": (
        names,
        "          HEAD: ${{ github.event.pull_request.head.sha }}",
        "          HEAD: ${{ github.event.pull_request.head.ref }}",
    ),
    "b55 a title": (
        names,
        "          HEAD:",
        "          TITLE: ${{ github.event.pull_request.title }}\n          HEAD:",
    ),
    "b18 a right to write code": (rights, "contents: read", "contents: write"),
    "b50 a secret": (
        rights,
        "          HEAD:",
        "          KEY: ${{ secrets.CHARTER_APP_KEY }}\n          HEAD:",
    ),
    "b50 a token while installing": (
        rights,
        "        run: make install\n",
        "        env: {GH_TOKEN: '${{ github.token }}'}\n        run: make install\n",
    ),
    "b41 an old run speaks last": (last_word, "cancel-in-progress: true", ""),
    "b41 one group for all": (last_word, "github.event.pull_request.number || inputs.pr", "1"),
}


@pytest.fixture(scope="module")
def gate() -> Workflow:
    """Read the workflow that judges."""
    return Workflow(GATE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("rule", OF_THE_GATE, ids=lambda rule: rule.__name__)
def test_the_gate_holds(gate: Workflow, rule: Rule) -> None:
    """Each rule for the gate finds nothing."""
    assert list(rule(gate)) == []


@pytest.mark.parametrize(("rule", "old", "new"), GATE_BREAKS.values(), ids=GATE_BREAKS)
def test_a_break_of_the_gate_is_found(gate: Workflow, rule: Rule, old: str, new: str) -> None:
    """Each rule for the gate can fail: one change, and it speaks."""
    assert old in gate.text
    assert list(rule(Workflow(gate.text.replace(old, new))))


def all_of_them() -> list[Workflow]:
    """Read every workflow."""
    return [Workflow(file.read_text(encoding="utf-8")) for file in FILES]


def test_b57_what_is_required_is_published() -> None:
    """The check of the ruleset is the one the gate publishes, and nobody else does."""
    assert required() == [CHECK]
    assert list(unmet(all_of_them(), required())) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (COMMAND, "true"),
        (" --publish --format", " --format"),
        ("  merge_group:\n    types: [checks_requested]\n", ""),
        ("  judge:\n", f"  {CHECK}:\n"),
        ("  judge:\n", f"  judge:\n    name: {CHECK}\n"),
    ],
    ids=["no verdict", "a verdict nobody sees", "no queue", "a job of that name", "a twin"],
)
def test_b57_a_gate_that_lost_its_check_is_found(gate: Workflow, old: str, new: str) -> None:
    """A job that was emptied or renamed no longer answers to the required name."""
    assert old in gate.text
    others = [workflow for workflow in all_of_them() if workflow.text != gate.text]
    assert list(unmet([*others, Workflow(gate.text.replace(old, new))], required()))


def test_b57_a_gate_that_was_deleted_is_found(gate: Workflow) -> None:
    """Without the file nobody publishes what is required; the check stays missing, and blocks."""
    others = [workflow for workflow in all_of_them() if workflow.text != gate.text]
    assert list(unmet(others, required())) == [f"nobody publishes {CHECK}"]


def test_b57_another_required_name_is_found() -> None:
    """A required name that differs in case only is another name."""
    assert list(unmet(all_of_them(), ["Charter"])) == [
        "nobody publishes Charter",
        f"{CHECK} is not required",
    ]
    assert list(unmet(all_of_them(), [])) == [f"{CHECK} is not required"]


def test_b58_a_second_workflow_with_the_name_is_found() -> None:
    """A job called like the check would be a second source for it."""
    twin = Workflow(f"on: pull_request\njobs:\n  {CHECK}:\n    runs-on: x\n    steps: []\n")
    assert list(unmet([*all_of_them(), twin], required())) == [f"several sources for {CHECK}"]


# Playing its scripts.

HEAD_ID = "4" * 40
NUMBER = "github.event.pull_request.number || inputs.pr"
TOKEN = "github.token"  # noqa: S105 - the name of an expression


def event(name: str, number: str = "", head: str = "", group: str = "") -> dict[str, str]:
    """Tell what the expressions of the gate stand for in an event."""
    return {
        "": name,
        TOKEN: "token",
        NUMBER: number,
        "github.event.pull_request.head.sha": head,
        "github.event.merge_group.head_sha": group,
        "github.event.merge_group.base_ref": "refs/heads/main" if group else "",
    }


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (event("pull_request", "7", HEAD_ID), ["--pr", "7", "--expect-head", HEAD_ID]),
        (event("pull_request_review", "7", HEAD_ID), ["--pr", "7", "--expect-head", HEAD_ID]),
        (event("workflow_dispatch", "7"), ["--pr", "7"]),
        (event("merge_group", group=HEAD_ID), ["--queue", HEAD_ID, "--branch", "main"]),
    ],
    ids=lambda known: known[""] if isinstance(known, dict) else "",
)
def test_the_gate_names_what_it_judges(
    world: World, gate: Workflow, known: dict[str, str], words: list[str]
) -> None:
    """Each event becomes one command, with the head by its id (B41), and its exit code counts."""
    world.tool(world.work / ".venv/bin/python", 'printf "%s\\n" "$@" > "$SAID"\nexit 1')
    world.env["GITHUB_EVENT_NAME"] = known[""]

    assert world.run(gate.step("judge", "Judge"), known) == 1
    assert world.said.read_text(encoding="utf-8").splitlines() == [
        *("-I", "-m", "cli", "check"),
        *words,
        *("--publish", "--format", "github"),
    ]


def test_b61_an_unknown_event_is_red(world: World, gate: Workflow) -> None:
    """An event nobody thought of is judged by nobody."""
    world.tool(world.work / ".venv/bin/python", "exit 0")
    world.env["GITHUB_EVENT_NAME"] = "push"

    assert world.run(gate.step("judge", "Judge"), event("push", "7")) == 2


@pytest.fixture
def proposed(world: World) -> str:
    """Propose a commit that replaces the checker and brings a hook, as #7 of the origin."""
    world.git("switch", "--quiet", "--create", "proposal")
    evil = 'import pathlib; pathlib.Path("owned").touch()\n'
    write(world.work, {"cli/__main__.py": evil, "json.py": evil, ".gitattributes": "* filter=x\n"})
    world.git("add", ".")
    world.git(
        *("-c", "user.name=eve", "-c", "user.email=eve@example.org"),
        *("commit", "--quiet", "--message", "Help"),
    )
    head = world.git("rev-parse", "HEAD")
    world.git("push", "--quiet", "origin", "HEAD:refs/pull/7/head")
    world.git("switch", "--quiet", "main")
    world.git("branch", "--quiet", "--delete", "--force", "proposal")
    world.git("reflog", "expire", "--expire=now", "--all")
    world.git("prune", "--expire=now")
    return head


@pytest.mark.parametrize("name", ["pull_request", "pull_request_review", "workflow_dispatch"])
def test_b50_a_proposal_comes_as_objects(
    world: World, gate: Workflow, proposed: str, name: str
) -> None:
    """Its commits can be read; not one of its files is in the work tree."""
    world.env["GITHUB_EVENT_NAME"] = name
    before = sorted(path.name for path in world.work.iterdir())
    step = gate.step("judge", "Fetch what is proposed, as objects")

    assert world.run(step, event(name, "7", proposed)) == 0
    assert world.git("cat-file", "-t", proposed) == "commit"
    assert world.git("rev-parse", "HEAD") == world.main
    assert world.git("status", "--porcelain", "--untracked-files=no") == ""
    assert sorted(path.name for path in world.work.iterdir()) == before


def test_b45_a_group_comes_with_its_heads(world: World, gate: Workflow, proposed: str) -> None:
    """Of a merge group both the joint commit and the heads of the pull requests come."""
    world.env["GITHUB_EVENT_NAME"] = "merge_group"
    step = gate.step("judge", "Fetch what is proposed, as objects")

    assert world.run(step, event("merge_group", group=world.main)) == 0
    assert world.git("rev-parse", "refs/charter/pull/7") == proposed


@pytest.mark.parametrize(
    "number", ["", "0", "07", "7/merge", "--upload-pack=touch owned", "7;touch owned", "$(id)"]
)
def test_b55_a_number_is_a_number(world: World, gate: Workflow, number: str) -> None:
    """What somebody types as a number reaches no command unless it is one."""
    world.env["GITHUB_EVENT_NAME"] = "workflow_dispatch"
    step = gate.step("judge", "Fetch what is proposed, as objects")

    assert world.run(step, event("workflow_dispatch", number)) == 2
    assert not (world.work / "owned").exists()


# The action.


@pytest.fixture(scope="module")
def action() -> Workflow:
    """Read the action as if it were a workflow with one job."""
    text = ACTION.read_text(encoding="utf-8")
    found = Workflow(text)
    found.tree["jobs"] = {"action": {"steps": found.tree["runs"]["steps"]}}
    return found


@pytest.mark.parametrize("rule", [pins, scripts, isolated, carries], ids=lambda rule: rule.__name__)
def test_the_action_holds(action: Workflow, rule: Rule) -> None:
    """Pinned actions, values by environment, Python by itself, nothing of an earlier run."""
    assert list(rule(action)) == []


def test_the_action_installs_outside_from_hashes(action: Workflow) -> None:
    """B51, B63: no file of the workspace is run, nothing without a hash is installed."""
    script = action.step("action", "Install from the locks")["run"]
    assert 'venv="$RUNNER_TEMP/charter"' in script
    installs = re.findall(r"-m pip install[^\n]*", script)
    assert installs
    for line in installs:
        assert {"--require-hashes", "--no-build-isolation"} <= set(line.split())
    assert all(step["shell"] == "bash" for step in action.steps() if "run" in step)


INPUTS = ("command", "pr", "head", "queue", "branch", "token")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"pr": "7"}, ["check", "--pr", "7", "--publish"]),
        (
            {"pr": "7", "head": HEAD_ID},
            ["check", "--pr", "7", "--publish", "--expect-head", HEAD_ID],
        ),
        ({"queue": "MAIN"}, ["check", "--queue", "MAIN", "--publish"]),
        (
            {"queue": "MAIN", "branch": "refs/heads/main"},
            ["check", "--queue", "MAIN", "--publish", "--branch", "main"],
        ),
        ({"command": "audit"}, ["audit"]),
        ({}, None),
        ({"pr": "7;id"}, None),
        ({"queue": "main"}, None),
        ({"command": "land", "pr": "7"}, None),
        ({"command": "audit", "queue": "MAIN"}, None),
        ({"command": "", "pr": "7"}, None),
    ],
    ids=str,
)
def test_the_action_runs_what_it_was_asked(
    world: World,
    action: Workflow,
    proposed: str,
    given: dict[str, str],
    words: list[str] | None,
) -> None:
    """One command for what was given; anything else is refused with 2."""
    main = world.main
    world.tool(world.temp / "charter/bin/python", 'printf "%s\\n" "$@" > "$SAID"\nexit 1')
    given = {"command": "check", "token": "t"} | given
    known = {f"inputs.{key}": given.get(key, "").replace("MAIN", main) for key in INPUTS}

    code = world.run(action.step("action", "Judge"), known)
    if words is None:
        assert code == 2
        assert not world.said.exists()
        return
    assert code == 1
    said = world.said.read_text(encoding="utf-8").splitlines()
    wanted = [word.replace("MAIN", main) for word in words]
    assert said == ["-I", "-m", "cli", *wanted, "--format", "github"]
    if "audit" not in words:
        assert world.git("rev-parse", "refs/charter/pull/7") == proposed


# The audit.


@pytest.fixture(scope="module")
def audit() -> Workflow:
    """Read the auditing workflow."""
    return Workflow((ROOT / ".github/workflows/audit.yml").read_text(encoding="utf-8"))


def test_the_audit_runs_after_every_push_and_every_day(audit: Workflow) -> None:
    """What went round the gate is found within a day; no filter, and nothing is skipped."""
    assert audit.on["push"] == {"branches": ["main"]}
    assert re.fullmatch(r"\d+ \d+ \* \* \*", audit.on["schedule"][0]["cron"])
    assert list(always(audit)) == []
    assert list(isolated(audit)) == []
    assert list(carries(audit)) == []


def test_erased_data_are_looked_for_every_day(audit: Workflow) -> None:
    """What a stale clone pushed back is found by whoever may read the remotes."""
    step = audit.step("store", "Look for erased data that came back")
    assert step["run"] == ".venv/bin/python -I -m cli store sweep"
    assert audit.jobs["store"]["permissions"] == {"contents": "read"}


def test_the_settings_token_is_near_nothing_else(audit: Workflow) -> None:
    """One step of one job sees it, in an environment of its own."""
    holders = [
        name for name, job in audit.jobs.items() if "secrets." in str(job) or "environment" in job
    ]
    assert holders == ["settings"]
    assert audit.jobs["settings"]["environment"] == "auditing"
    assert audit.jobs["settings"]["permissions"] == {"contents": "read"}
    steps = [step.get("name") for step in audit.steps("settings") if "secrets." in str(step)]
    assert steps == ["Compare the settings in force"]


@pytest.mark.parametrize(("may_see", "option"), [("everything", "--bypass"), ("", "--no-bypass")])
def test_the_settings_are_compared_with_any_token(
    world: World, audit: Workflow, may_see: str, option: str
) -> None:
    """Without the token all is compared that everybody may see."""
    world.tool(world.work / ".venv/bin/python", 'printf "%s\\n" "$@" > "$SAID"\nexit 1')
    known = {
        "secrets.CHARTER_SETTINGS_TOKEN || github.token": "token",
        "secrets.CHARTER_SETTINGS_TOKEN && 'everything'": may_see,
    }

    assert world.run(audit.step("settings", "Compare the settings in force"), known) == 1
    said = world.said.read_text(encoding="utf-8").splitlines()
    assert said == ["-I", "-m", "cli", "forge", "--live", option]
