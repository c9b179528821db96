"""`charter approve`, from the key on disk to the judgement of the change."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import signing
from history import commit, git, put, settle
from world import world

from checks.collect import Collector
from cli import main as entry
from cli.situate import situate
from governance.tally import Standing, Tally

NOW = "2026-11-22T12:00:00Z"
GATES = "policies/gates.yaml"
RULES = [
    {
        "id": "policy-change",
        "because": "the test says so",
        "when": {"paths": ["policies/**"]},
        "require": [{"role": "legal", "count": 1}, {"role": "board", "count": 1}],
    },
    {
        "id": "landing",
        "because": "the test says so",
        "when": {"changes": ["lands-data"]},
        "require": [{"role": "data-steward", "count": 1}],
    },
    {
        "id": "release",
        "because": "the test says so",
        "when": {"changes": ["registers-version", "promotes-to-production"]},
        "require": [{"role": "board", "function": "risk", "count": 1}],
        "veto": ["privacy-office"],
    },
]

Run = Callable[..., tuple[int, str, str]]


def ssh_key(path: Path) -> str:
    """The public half of a key that ssh-keygen makes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "x", "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of each person; those of lea, mina and a stranger by ssh-keygen."""
    folder = tmp_path_factory.mktemp("keyring")
    for name in ("lea", "mina", "eve"):
        ssh_key(folder / name)
    for name in ("ann", "boris", "rita", "stella", "priya", "omar"):
        put(folder, name, signing.private_file(name)).chmod(0o600)
        put(folder, f"{name}.pub", f"{signing.public(name)} {name}\n")
    return folder


@pytest.fixture(scope="module")
def template(keyring: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an open change: ann lowers a bound."""
    new = world()
    for name in ("lea", "mina"):
        public = " ".join((keyring / f"{name}.pub").read_text().split()[:2])
        key = {"public": public, "valid_from": "2026-01-01"}
        if name == "mina":
            key["valid_until"] = "2026-11-30"
        new.set("policies/roles.yaml", ("people", name, "keys"), [key])
    policy = "policies/approvals.yaml"
    new.set(policy, ("rules",), RULES).set(policy, ("unverified_authorship",), "accept")
    way_out = {"require": [{"role": "mlops", "count": 1}], "due_within": "P3D"}
    new.set(policy, ("break_glass",), way_out)
    root = settle(tmp_path_factory.mktemp("template") / "repo", new)
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    git(root, "checkout", "--quiet", "-b", "feature")
    text = (root / GATES).read_text().replace("0.7", "0.6").replace("1.0.0", "1.1.0")
    put(root, GATES, text)
    commit(root, "Lower a bound")
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    target = tmp_path / "a repo \u00fc \U0001f600"
    shutil.copytree(template, target)
    return target


@pytest.fixture
def run(keyring: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter approve` with a person's key."""
    monkeypatch.setitem(entry._COMMANDS, "approve", ("cli.approve:approve", "Sign."))

    def command(
        root: Path, subject: str, who: str | None, *more: str, consent: bool = True
    ) -> tuple[int, str, str]:
        words = ["approve", subject, "--repo", str(root), *more]
        words += [] if who is None else ["--key", str(keyring / who)]
        words += [] if "--because" in more else ["--because", "it fits"]
        words += [] if "--now" in more else ["--now", NOW]
        words += ["--yes"] if consent else []
        monkeypatch.setattr("sys.argv", ["charter", *words])
        with pytest.raises(SystemExit) as end:
            entry.main()
        said = capsys.readouterr()
        code = end.value.code
        return code if isinstance(code, int) else 0, said.out, said.err

    return command


def tally(root: Path, now: str = NOW) -> Tally:
    found = Collector(situate(root, base="main", head="HEAD", now=now)).get(Tally | None)
    assert found is not None
    return found


def records(root: Path) -> list[Path]:
    """Records that were signed here."""
    return sorted((root / "records/approvals").glob("2026-11-2[2-9]-*.yaml"))


def statement(path: Path) -> dict[str, Any]:
    line = next(x for x in path.read_text().splitlines() if x.startswith("  {"))
    found: dict[str, Any] = json.loads(line)
    return found


# From signature to standing


def test_all_seats_signed_is_approved(root: Path, run: Run):
    code, out, err = run(root, "main..HEAD", "lea")
    assert (code, err) == (0, "")
    assert "policy-change wants legal (0 of 1); now MISSING\n" in out
    assert "lea as legal says approve: it fits\n" in out
    assert "next: git add records/approvals/2026-11-22-lea-legal-" in out
    assert tally(root).standing is Standing.MISSING  # the record is not committed yet
    commit(root, "Record lea's approval")
    assert run(root, "main..", "boris", "--commit")[0] == 0
    found = tally(root)
    assert found.standing is Standing.APPROVED
    assert sorted(o.who for d in found.demands for o in d.counted) == ["boris", "lea"]


def test_who_commits_their_own_approval_is_no_author(root: Path, run: Run):
    run(root, "main..HEAD", "lea", "--commit")
    git(root, "config", "user.email", "rita@example.org")
    assert run(root, "main..HEAD", "rita", "--commit")[0] == 0
    assert tally(root).standing is Standing.APPROVED


def test_the_digest_is_what_the_judgement_asks_for(root: Path, run: Run):
    code, out, _ = run(root, "main..HEAD", "lea", "--format", "json")
    value = json.loads(out)
    assert (code, value["written"], value["doubts"]) == (0, True, [])
    assert value["digest"] == tally(root).change.digest
    (path,) = records(root)
    assert str(path.relative_to(root)) == value["record"]
    predicate = statement(path)["predicate"]
    assert predicate["base"] == git(root, "rev-parse", "main")
    assert (predicate["branch"], predicate["repository"]) == ("main", "example/world")


def test_an_objection_stops_the_change(root: Path, run: Run):
    run(root, "main..HEAD", "lea")
    run(root, "main..HEAD", "boris", "--reject", "--because", "too low")
    commit(root, "Record what was said")
    found = tally(root)
    assert found.standing is Standing.REJECTED
    assert [o.rationale for d in found.demands for o in d.objections] == ["too low"]


def test_an_objection_without_a_seat_is_signed_all_the_same(root: Path, run: Run):
    code, out, _ = run(root, "main..HEAD", "mina", "--reject")
    assert code == 0
    assert "will not count: mlops has neither seat nor veto here" in out
    assert len(records(root)) == 1


def test_what_was_withdrawn_counts_no_more(root: Path, run: Run):
    run(root, "main..HEAD", "lea")
    run(root, "main..HEAD", "boris")
    run(root, "main..HEAD", "lea", "--withdraw", "--now", "2026-11-22T12:00:01Z")
    commit(root, "Record what was said")
    found = tally(root)
    assert found.standing is Standing.MISSING
    assert [(i.opinion.who, i.reason) for d in found.demands for i in d.ignored][-1] == (
        "lea", "withdrawn",
    )  # fmt: skip


def test_one_byte_later_the_approval_is_stale(root: Path, run: Run):
    run(root, "main..HEAD", "lea", "--commit")
    run(root, "main..HEAD", "boris", "--commit")
    assert tally(root).green
    put(root, GATES, (root / GATES).read_text() + "#")
    commit(root, "One byte")
    assert tally(root).standing is Standing.STALE
    code, out, _ = run(root, "main..HEAD", "lea", "--now", "2026-11-22T13:00:00Z")
    assert (code, len(records(root))) == (0, 3), out


def test_a_broken_glass_lets_the_change_through(root: Path, run: Run):
    code, out, err = run(root, "main..HEAD", "mina", "--break-glass", "--because", "it burns")
    assert (code, err) == (0, ""), out
    commit(root, "Break the glass")
    found = tally(root)
    assert found.standing is Standing.OVERRIDDEN
    assert str(found.due) == "2026-11-25"


def test_not_everybody_breaks_the_glass(root: Path, run: Run):
    code, out, _ = run(root, "main..HEAD", "lea", "--break-glass")
    assert code == 1
    assert "will not count: legal may not break the glass: mlops may" in out
    assert run(root, "dataset:loans", "mina", "--break-glass")[0] == 1


def test_a_dataset_is_approved_as_it_landed(root: Path, run: Run):
    code, out, _ = run(root, "dataset:loans", "stella")
    assert code == 0
    assert "landing wants data-steward (1)\n" in out
    found = statement(records(root)[0])
    known = situate(root, head="HEAD", now=NOW)
    from governance.facts import Subjects  # noqa: PLC0415

    digests = Collector(known).get(Subjects).digests
    assert f"sha256:{found['subject'][0]['digest']['sha256']}" == digests["dataset:loans"]
    assert run(root, "loans", "stella")[1].startswith("already recorded, not committed yet: ")


def test_a_version_is_approved(root: Path, run: Run):
    code, out, _ = run(root, "credit@1.0.0", "boris")
    assert code == 0
    assert "credit@1.0.0: model:credit@1.0.0 at " in out
    assert statement(records(root)[0])["subject"][0]["name"] == "model:credit@1.0.0"
    assert run(root, "model:credit@1.0.0", "rita")[0] == 1  # for risk, she is for legal
    assert run(root, "model:credit@1.0.0", "priya", "--reject")[0] == 0


def test_the_keys_are_those_of_the_base(root: Path, run: Run, keyring: Path):
    text = (root / "policies/roles.yaml").read_text()
    public = " ".join((keyring / "lea.pub").read_text().split()[:2])
    other = " ".join((keyring / "eve.pub").read_text().split()[:2])
    put(root, "policies/roles.yaml", text.replace(public, other))
    commit(root, "Take lea's place")
    code, _, err = run(root, "main..HEAD", "eve")
    assert code == 1
    assert "is nobody's in policies/roles.yaml of main" in err
    assert run(root, "main..HEAD", "lea")[0] == 0
    assert run(root, "credit@1.0.0", "eve")[0] == 1


# What would not count is not signed


def test_an_author_does_not_approve(root: Path, run: Run):
    code, out, err = run(root, "main..HEAD", "ann")
    assert (code, records(root)) == (1, [])
    assert "will not count: ann is a contributor of the change (author)" in out
    assert err == (
        "not signed: it would not count\n  fix: see above, or sign all the same with --force\n"
    )
    assert run(root, "main..HEAD", "ann", "--force")[0] == 0
    assert len(records(root)) == 1


def test_a_role_without_a_seat_does_not_approve(root: Path, run: Run):
    code, out, _ = run(root, "main..HEAD", "stella")
    assert (code, records(root)) == (1, [])
    assert "will not count: stella fills no seat as data-steward: wanted are board, legal" in out


REFUSED: dict[str, tuple[tuple[str, str, tuple[str, ...]], str]] = {
    "a stranger": (("main..HEAD", "eve", ()), "is nobody's in policies/roles.yaml of main"),
    "an expired key": (
        ("main..HEAD", "mina", ("--now", "2026-12-01")), "of mina expired on 2026-11-30",
    ),
    "a role not held": (("main..HEAD", "lea", ("--role", "board")), "lea holds legal on"),
    "a role that is none": (("main..HEAD", "lea", ("--role", "leagl")), "did you mean legal?"),
    "somebody else": (("main..HEAD", "lea", ("--as", "rita")), "belongs to lea, not to rita"),
    "no reason": (("main..HEAD", "lea", ("--because", " ")), "--because says nothing"),
    "a hidden character": (("main..HEAD", "lea", ("--because", "a\u202eb")), "fix:"),
    "a dataset misspelt": (("dataset:loan", "stella", ()), "did you mean dataset:loans?"),
    "a bare name misspelt": (("lonas", "stella", ()), "did you mean dataset:loans?"),
    "a version misspelt": (("credit@1.0.1", "boris", ()), "did you mean model:credit@1.0.0?"),
    "something far off": (("zzz", "boris", ()), "or a change, such as main..HEAD"),
    "three dots": (("main...HEAD", "lea", ()), "write BASE..HEAD with two dots"),
    "no base": (("..HEAD", "lea", ()), "write BASE..HEAD with two dots"),
    "two bases": (("main..HEAD", "lea", ("--base", "main")), "leave out --base"),
    "no change": (("main..main", "lea", ()), "changes nothing that anybody could approve"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_why_and_signs_nothing(root: Path, run: Run, words, told):
    subject, who, more = words
    code, _, err = run(root, subject, who, *more)
    assert code == 1, err
    assert told in err
    assert not records(root)
    assert "Traceback" not in err


def test_a_version_of_another_branch_is_told(root: Path, run: Run):
    path = "models/credit/versions/1.0.0.yaml"
    git(root, "rm", "--quiet", path)
    git(root, "commit", "--quiet", "--message", "Take it out")
    code, _, err = run(root, "credit@1.0.0", "boris")
    told = "model:credit@1.0.0 is registered on main, not in HEAD\n  fix: check out main\n"
    assert (code, err) == (1, told)


def test_a_dataset_that_has_not_landed_is_told(root: Path, run: Run):
    git(root, "rm", "--quiet", "-r", "records/landings/loans")
    git(root, "commit", "--quiet", "--message", "Take it out")
    code, _, err = run(root, "loans", "stella")
    assert code == 1
    told = "dataset:loans is declared in policies/datasets/loans.yaml, but nothing of it has landed"
    assert err.startswith(told)


UNJUDGED: dict[str, tuple[tuple[str, str, tuple[str, ...]], str]] = {
    "no such base": (("mian..HEAD", "lea", ()), "mian names no commit here"),
    "no such key": (("main..HEAD", "nobody", ()), "there is no key "),
    "no governed branch": (("main..HEAD", "lea", ("--branch", "x")), "x is no governed branch"),
    "two words at once": (("main..HEAD", "lea", ("--reject", "--withdraw")), "not several"),
}


@pytest.mark.parametrize(("words", "told"), UNJUDGED.values(), ids=UNJUDGED)
def test_what_cannot_be_told_is_no_refusal(root: Path, run: Run, words, told):
    subject, who, more = words
    code, _, err = run(root, subject, who, *more)
    assert code == 2, err
    assert told in err
    assert not records(root)


# What is not committed


def test_what_is_not_committed_is_not_signed(root: Path, run: Run):
    put(root, GATES, (root / GATES).read_text() + "#")
    code, _, err = run(root, "main..HEAD", "lea")
    assert code == 1
    assert err == (
        f"main..HEAD has changes that are not committed: {GATES}\n"
        "  fix: commit or stash them; a signature covers commits only\n"
    )
    assert run(root, "dataset:loans", "stella")[0] == 0


def test_a_landing_that_is_not_committed_is_not_signed(root: Path, run: Run):
    text = (root / "records/landings/loans/first.yaml").read_text()
    put(root, "records/landings/loans/second.yaml", text.replace("first", "second"))
    code, _, err = run(root, "loans", "stella")
    assert code == 1
    assert "records/landings/loans/second.yaml" in err
    assert run(root, "homes", "stella")[0] == 0


def test_a_landing_that_does_not_load_leaves_the_dataset_without_a_digest(root: Path, run: Run):
    put(root, "records/landings/loans/second.yaml", "id: second\n")
    commit(root, "Break it")
    code, _, err = run(root, "loans", "stella")
    assert code == 1
    assert "records/landings/loans/second.yaml does not load, so dataset:loans has no digest" in err


def test_other_changes_are_told(root: Path, run: Run):
    put(root, "docs/new.md", "new")
    code, out, _ = run(root, "main..HEAD", "lea")
    assert code == 0
    assert "note: 1 files are not committed and no part of it\n" in out


def test_a_change_that_is_not_checked_out_can_be_signed(root: Path, run: Run):
    git(root, "checkout", "--quiet", "main")
    code, out, _ = run(root, "main..feature", "lea")
    assert code == 0
    assert "note: main..feature is not checked out here: the record belongs on its branch" in out
    code, _, err = run(root, "main..feature", "boris", "--commit")
    assert code == 1
    assert "is not checked out here, so --commit would reach another branch" in err


def test_a_follow_up_is_committed_where_the_change_landed(root: Path, run: Run):
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "feature")
    span = f"{git(root, 'rev-parse', 'main~1')[:12]}..{git(root, 'rev-parse', 'main')[:12]}"
    put(root, "docs/new.md", "new")
    commit(root, "Go on")
    code, out, err = run(root, span, "lea", "--commit")
    assert (code, err) == (0, "")
    assert "note: main holds it already: the record belongs on main\n" in out
    name = str(records(root)[0].relative_to(root))
    assert git(root, "show", "--name-only", "--format=", "main") == name
    git(root, "checkout", "--quiet", "-b", "later")
    assert run(root, span, "boris", "--commit")[0] == 0
    git(root, "checkout", "--quiet", "--detach", "main~3")
    code, _, err = run(root, span, "rita", "--commit")
    assert code == 1
    assert err.startswith("the record belongs on main, which holds ")


# Twice


def test_the_same_word_is_recorded_once(root: Path, run: Run):
    run(root, "main..HEAD", "lea")
    (path,) = records(root)
    before = path.read_bytes()
    code, out, _ = run(root, "main..HEAD", "lea", "--now", "2026-11-23")
    name = path.relative_to(root)
    told = f"already recorded, not committed yet: {name}"
    assert (code, out.splitlines()[0]) == (0, told)
    code, out, _ = run(root, "main..HEAD", "lea", "--commit", "--dry-run")
    assert (code, out.splitlines()[0]) == (0, f"{told}; dry run: nothing was signed")
    code, _, err = run(root, "main..HEAD", "lea", "--because", "other", "--commit")
    assert code == 1
    assert err.startswith("already recorded with another reason; --again signs anew")
    code, out, _ = run(root, "main..HEAD", "lea", "--commit")
    made = git(root, "rev-parse", "HEAD")[:12]
    assert (code, out) == (0, f"already recorded; committed as {made}: {name}\n")
    assert git(root, "show", "--name-only", "--format=", "HEAD") == str(name)
    code, out, _ = run(root, "main..HEAD", "lea", "--commit")
    assert (code, out) == (0, f"already recorded: {name}\n")
    assert records(root) == [path]
    assert path.read_bytes() == before
    assert run(root, "main..HEAD", "lea", "--again", "--now", "2026-11-23")[0] == 0
    assert len(records(root)) == 2


def test_a_dry_run_writes_nothing(root: Path, run: Run):
    code, out, _ = run(root, "main..HEAD", "lea", "--dry-run")
    assert (code, out.splitlines()[-1]) == (0, "dry run: nothing was signed")
    assert not records(root)


def test_a_commit_holds_the_record_alone(root: Path, run: Run):
    put(root, "docs/new.md", "new")
    git(root, "add", "docs/new.md")
    code, out, _ = run(root, "main..HEAD", "lea", "--commit")
    assert code == 0
    assert "committed as " in out
    named = git(root, "show", "--name-only", "--format=%s", "HEAD").split("\n")
    digest = tally(root).change.digest[7:19]
    assert named[0] == f"Approve the change {digest} as legal"
    assert named[2:] == [str(records(root)[0].relative_to(root))]
    assert git(root, "status", "--porcelain") == "A  docs/new.md"


# With nothing to take back


def test_who_said_nothing_has_nothing_to_withdraw(root: Path, run: Run):
    run(root, "main..HEAD", "boris", "--reject")
    code, _, err = run(root, "main..HEAD", "lea", "--withdraw")
    assert code == 1
    assert err.startswith("lea said nothing about main..HEAD that could be withdrawn\n")
    assert len(records(root)) == 1


def test_an_objection_of_somebody_else_is_not_lifted_offline(root: Path, run: Run):
    policy = "policies/approvals.yaml"
    git(root, "checkout", "--quiet", "main")
    put(root, policy, (root / policy).read_text().rstrip() + "\nlifts: [legal]\n")
    commit(root, "Let legal lift")
    git(root, "checkout", "--quiet", "feature")
    git(root, "rebase", "--quiet", "main")
    run(root, "main..HEAD", "boris", "--reject")
    code, _, err = run(root, "main..HEAD", "lea", "--withdraw")
    assert code == 1
    assert "an objection cannot be lifted offline" in err
    assert "boris withdraws it, or a holder of legal dismisses it at the forge" in err
    assert len(records(root)) == 1


# Consent


def test_nobody_signs_without_being_asked_or_saying_yes(root: Path, run: Run):
    code, _, err = run(root, "main..HEAD", "lea", consent=False)
    assert (code, err) == (
        1,
        "not signed: no terminal can ask\n  fix: give --yes to sign without being asked\n",
    )
    assert not records(root)
    assert run(root, "main..HEAD", "lea", "--dry-run", consent=False)[0] == 0


# At a terminal


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_at_a_terminal_a_person_is_asked(root: Path, keyring: Path, answer: str, code: int):
    script = (
        "from cli import main\n"
        "main._COMMANDS['approve'] = ('cli.approve:approve', '')\n"
        "main.main()\n"
    )
    words = ["approve", "main..HEAD", "--key", str(keyring / "lea"), "--because", "it fits"]
    near, far = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", script, *words, "--repo", str(root), "--now", NOW],
        stdin=far, stdout=far, stderr=far, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    os.close(far)
    said = b""
    while b"[y/N]" not in said:
        said += os.read(near, 1024)
    assert b"it fits" in said
    os.write(near, answer.encode())
    assert process.wait(60) == code
    os.close(near)
    assert len(records(root)) == (code == 0)
