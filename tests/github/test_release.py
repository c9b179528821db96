"""Releasing: verified before anything else happens, apart from application code."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "workflows", Path(__file__).with_name("test_workflows.py")
)
assert _SPEC is not None
assert _SPEC.loader is not None
workflows = sys.modules.setdefault("workflows", importlib.util.module_from_spec(_SPEC))
_SPEC.loader.exec_module(workflows)
Workflow, carries, isolated = workflows.Workflow, workflows.carries, workflows.isolated

ROOT = Path(__file__).parents[2]
FILE = ROOT / ".github" / "workflows" / "release.yml"
SERVICE = ROOT / "services" / "ml-inference"


@pytest.fixture(scope="module")
def release() -> Workflow:
    """Read the releasing workflow."""
    return Workflow(FILE.read_text(encoding="utf-8"))


def unverified(workflow: Workflow) -> Iterator[str]:
    """Every job waits for the one that verifies, and that one does nothing before."""
    for name, job in workflow.jobs.items():
        needs = job.get("needs", [])
        if name != "verify" and "verify" not in ([needs] if isinstance(needs, str) else needs):
            yield name
        if "if" in job and name != "verify":
            yield f"{name} may run after a red verification"
    names = [step.get("name", step.get("uses", "")) for step in workflow.steps("verify")]
    before = names[: names.index("Verify the release")]
    if [n.partition("@")[0] for n in before] != [
        "actions/checkout", "actions/setup-python", "Install from the locks",
    ]:  # fmt: skip
        yield f"before it: {before}"
    script = workflow.step("verify", "Verify the release")["run"]
    if "-m cli verify-release " not in script or "|| true" in script:
        yield script


def attached(workflow: Workflow) -> Iterator[str]:
    """A copy of the evidence stays with the run, for a stated time."""
    step = workflow.step("verify", "Attach the evidence")
    if step["with"].get("retention-days") != 90:
        yield "retention"
    if "evidence.zip" not in step["with"]["path"] or step["with"]["if-no-files-found"] != "error":
        yield "path"
    if "-m cli evidence " not in workflow.step("verify", "Pack the evidence")["run"]:
        yield "pack"


def guarded(workflow: Workflow) -> Iterator[str]:
    """Secrets reach the steps that need them, in an environment; writing rights the build alone."""
    for name, job in workflow.jobs.items():
        holders = [step["name"] for step in job["steps"] if "secrets." in str(step)]
        if holders and (name != "roll-out" or job.get("environment") != "release"):
            yield f"{name}: {holders}"
        rights = set(job["permissions"].values())
        if "write" in rights and name != "build":
            yield f"{name} may write"
    if workflow.jobs["verify"].get("if") != "github.ref == 'refs/heads/main'":
        yield "from another branch"
    if set(workflow.on) != {"workflow_dispatch"}:
        yield f"starts by {sorted(workflow.on)}"


def test_releasing_holds(release: Workflow) -> None:
    """Each rule finds nothing."""
    assert list(unverified(release)) == []
    assert list(attached(release)) == []
    assert list(guarded(release)) == []
    assert list(isolated(release)) == []
    assert [s for s in carries(release) if "upload-artifact" not in s] == []


@pytest.mark.parametrize(("rule", "old", "new"), [
    (unverified, "    needs: verify\n", ""),
    (unverified, "needs: [verify, build]", "needs: [build]"),
    (unverified, "-m cli verify-release ", "-m cli check "),
    (unverified, "- uses: actions/setup-python", "- uses: actions/setup"),
    (attached, "retention-days: 90", ""),
    (attached, "${{ runner.temp }}/evidence.zip", "evidence"),
    (guarded, "if: github.ref == 'refs/heads/main'", "if: true"),
    (guarded, "  workflow_dispatch:", "  pull_request:\n  workflow_dispatch:"),
], ids=lambda part: getattr(part, "__name__", None))  # fmt: skip
def test_a_break_is_found(rule: object, old: str, new: str) -> None:
    """Each rule is red for what breaks it."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    assert list(rule(Workflow(text.replace(old, new, 1))))  # type: ignore[operator]


IMAGE = "images.example.org/credit/ml-inference"


@pytest.mark.parametrize("base", ["", "python:3.11", "python@sha256:abc", f"x@sha256:{'a' * 63}"])
def test_a_base_without_a_digest_builds_nothing(
    release: Workflow, base: str, tmp_path: Path
) -> None:
    """The script ends before it reaches the builder."""
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ntouch "$TOUCHED"\n')
    docker.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:/usr/bin:/bin", "BASE": base, "IMAGE": IMAGE, "VERSION": "1.0.0",
        "GITHUB_RUN_ID": "1", "TOUCHED": str(tmp_path / "touched"),
    }  # fmt: skip
    script = release.step("build", "Build from a pinned base")["run"]
    run = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(run, env=env, check=False, capture_output=True)
    assert done.returncode == 2
    assert not (tmp_path / "touched").exists()
    whole = env | {"BASE": f"x@sha256:{'a' * 64}"}
    assert subprocess.run(run, env=whole | {"IMAGE": "x"}, check=False).returncode == 2
    assert not (tmp_path / "touched").exists()
    subprocess.run(run, env=whole, check=True)
    assert (tmp_path / "touched").exists()


@pytest.mark.parametrize("model", ["", "../x", "a b", "-x", "a;id", "$(id)", "A"])
def test_a_name_is_a_name(release: Workflow, model: str, tmp_path: Path) -> None:
    """What somebody types as a model reaches no command unless it is a name."""
    script = release.step("verify", "Verify the release")["run"]
    env = {"PATH": "/usr/bin:/bin", "MODEL": model, "RUNNER_TEMP": str(tmp_path)}
    run = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(run, env=env, check=False, capture_output=True, cwd=tmp_path)
    assert done.returncode == 2


# The container.


def test_the_container_is_pinned_and_runs_as_nobody() -> None:
    """No base by tag, no root, nothing without a hash, and no model or secret inside."""
    text = (SERVICE / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if line.startswith(("ARG", "FROM"))] == [
        "ARG BASE", "FROM ${BASE}",
    ]  # fmt: skip
    assert re.search(r"^USER (?!0\b|root\b)\d+:\d+$", text, re.MULTILINE)
    assert text.index("USER ") < text.index("ENTRYPOINT")
    for flag in ("--require-hashes", "--no-deps", "--only-binary :all:"):
        assert flag in text
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    for source in copied:
        assert (ROOT / source).exists(), source
        assert not source.startswith(("artifacts", "data", "records", "."))


def test_the_container_installs_what_the_lock_names() -> None:
    """Every pin with its hashes stands in `locks/serve.txt` just so."""
    lock = (ROOT / "locks" / "serve.txt").read_text()
    wanted = (SERVICE / "requirements.txt").read_text()
    blocks = re.findall(r"^[a-z0-9][^\n]*\\\n(?:    --hash[^\n]*\n)+", wanted, re.MULTILINE)
    assert len(blocks) == len(re.findall(r"^[a-z0-9].*==", wanted, re.MULTILINE)) > 20
    assert [block.split("\n")[0] for block in blocks if block not in lock] == []
    assert "dvc==" not in wanted


def test_what_is_overdue_is_looked_for_every_day() -> None:
    """The audit ends red while something is overdue; it reads, and holds no secret."""
    audit = Workflow((ROOT / ".github/workflows/audit.yml").read_text(encoding="utf-8"))
    step = audit.step("obligations", "Look for what is overdue")
    assert step["run"] == ".venv/bin/python -I -m cli obligations"
    assert audit.jobs["obligations"]["permissions"] == {"contents": "read"}
    assert "secrets." not in str(audit.jobs["obligations"])
