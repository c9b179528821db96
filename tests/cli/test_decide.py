"""`charter decide` counts what members of the board signed, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import signing
from history import commit, git, put, settle
from world import World, world

from checks.collect import Collector
from cli import main as entry
from cli.situate import situate
from governance import catalogue
from governance.facts import Subjects
from governance.records import Decision
from governance.tally import Standing, Tally

NOW = "2026-11-22T12:00:00Z"
MODEL = "model:credit@1.0.0"
ROLES, POLICY = "policies/roles.yaml", "policies/approvals.yaml"
GATES = "policies/gates.yaml"

Run = Callable[..., tuple[int, str, str]]
Signed = Callable[..., None]


def declared() -> World:
    """The world; its board has a third member, and a deputy for legal."""
    new = world().set(POLICY, ("unverified_authorship",), "accept")
    rule = {
        "id": "policy-change",
        "because": "the test says so",
        "when": {"paths": ["policies/**"]},
        "require": [{"role": "legal", "count": 1}],
        "decision_required": True,
    }
    new.set(POLICY, ("rules",), [rule])
    since = {"valid_from": "2026-01-01"}
    members = [
        {"person": "boris", "function": "risk", **since},
        {"person": "rita", "function": "legal", **since},
        {"person": "mina", "function": "security", **since},
        {"person": "lea", "function": "legal", "capacity": "deputy", **since},
    ]
    return new.set(ROLES, ("roles", "board", "members"), members)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an open change by ann."""
    root = settle(tmp_path_factory.mktemp("template") / "repo", declared())
    git(root, "checkout", "--quiet", "-b", "feature")
    put(root, GATES, (root / GATES).read_text().replace("0.7", "0.6"))
    commit(root, "Lower a bound")
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    target = tmp_path / "a repo \u00fc"
    shutil.copytree(template, target)
    return target


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `charter decide`."""
    monkeypatch.setitem(entry._COMMANDS, "decide", ("cli.decide:decide", "Decide."))

    def command(root: Path, subject: str, outcome: str, *more: str) -> tuple[int, str, str]:
        words = ["decide", subject, "--repo", str(root), "--decision", outcome, *more]
        words += [] if "--because" in more else ["--because", "it helps"]
        words += [] if "--now" in more else ["--now", NOW]
        monkeypatch.setattr("sys.argv", ["charter", *words])
        with pytest.raises(SystemExit) as end:
            entry.main()
        said = capsys.readouterr()
        code = end.value.code
        return code if isinstance(code, int) else 0, said.out, said.err

    return command


def seen(root: Path, subject: str) -> str:
    """The digest of a subject."""
    if subject != "change":
        found = Collector(situate(root, head="HEAD", now=NOW)).get(Subjects)
        return str(found.digests[subject])
    return tally(root).change.digest


def tally(root: Path) -> Tally:
    found = Collector(situate(root, base="main", head="HEAD", now=NOW)).get(Tally | None)
    assert found is not None
    return found


@pytest.fixture
def signed(root: Path) -> Signed:
    """Signs a record by a person of the world and puts it into the repository."""
    number = 0

    def sign(by: str, said: str = "approve", subject: str = MODEL, **more: str) -> None:
        nonlocal number
        number += 1
        role, of = more.pop("role", "board"), more.pop("of", None) or seen(root, subject)
        more.setdefault("at", f"2026-11-22T11:00:{number:02}Z")
        text = signing.record(f"s-{number}", by, role, subject, of, said=said, **more)
        put(root, f"records/approvals/s-{number}.yaml", text)

    return sign


def decision(root: Path) -> Decision:
    """The one decision that was recorded here, which has to load."""
    (path,) = (root / "records/decisions").glob("2026-*.yaml")
    value, _, findings = catalogue.read(f"records/decisions/{path.name}", path.read_bytes())
    assert findings == ()
    assert isinstance(value, Decision)
    assert value.id == path.stem
    return value


def test_a_decision_holds_what_was_signed(root: Path, run: Run, signed: Signed):
    signed("boris")
    signed("mina", "reject")
    signed("rita")
    more = ("--option", "wait: until spring", "--option", "no", "--because", 'it "helps"\nmuch')
    code, out, err = run(root, "credit@1.0.0", "approve", *more)
    assert (code, err) == (0, "")
    assert "\nrecord: records/decisions/2026-11-22-model-credit-1.0.0-1.yaml\n" in out
    found = decision(root)
    assert found.votes == {"boris": "yes", "mina": "no", "rita": "yes"}
    assert (found.subject, found.digest) == (MODEL, seen(root, MODEL))
    assert (found.decision, found.rationale) == ("approve", 'it "helps"\nmuch')
    assert found.options == ("wait: until spring", "no")
    assert found.evidence == {
        f"artifacts/ml/models/credit/{name}.json": f"sha256:{'a' * 64}"
        for name in ("metadata", "metrics")
    }
    assert found.at == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_decision_on_a_dataset_names_its_landings(root: Path, run: Run, signed: Signed):
    signed("boris", subject="dataset:loans")
    assert run(root, "loans", "approve")[0] == 0
    assert list(decision(root).evidence) == ["records/landings/loans/first.yaml"]


def test_a_decision_on_a_change_is_what_its_rule_waits_for(root: Path, run: Run, signed: Signed):
    signed("lea", subject="change", role="legal")
    signed("boris", subject="change")
    commit(root, "Record what was said")
    problem = "the board's decision on it is not recorded"
    assert [p for d in tally(root).demands for p in d.problems] == [problem]
    code, _, err = run(root, "main..HEAD", "approve")
    assert (code, err) == (0, "")
    assert list(decision(root).evidence) == [GATES]
    commit(root, "Record the decision")
    assert tally(root).standing is Standing.APPROVED


def test_the_records_at_the_head_are_counted(root: Path, run: Run, signed: Signed):
    signed("boris", subject="change")
    commit(root, "Record what was said")
    git(root, "checkout", "--quiet", "main")
    signed("rita", subject="change", of=f"sha256:{'0' * 64}")
    code, out, err = run(root, "main..feature", "approve")
    assert (code, err) == (0, "")
    assert "rita" not in out
    assert decision(root).votes == {"boris": "yes"}


def test_words_about_earlier_changes_are_not_listed(root: Path, run: Run, signed: Signed):
    git(root, "checkout", "--quiet", "main")
    signed("rita", subject="change", of=f"sha256:{'0' * 64}")
    commit(root, "Record what was said of another change")
    git(root, "checkout", "--quiet", "feature")
    git(root, "rebase", "--quiet", "main")
    signed("boris", subject="change")
    code, out, err = run(root, "main..HEAD", "approve")
    assert (code, err, "rita" in out) == (0, "", False)
    assert decision(root).votes == {"boris": "yes"}


def test_abstentions_are_recorded(root: Path, run: Run, signed: Signed):
    signed("boris")
    assert run(root, MODEL, "approve", "--abstain", "rita", "--abstain", "mina")[0] == 0
    assert decision(root).votes == {"boris": "yes", "mina": "abstain", "rita": "abstain"}


UNSIGNED: dict[str, tuple[tuple[str, str, str, dict[str, str]] | None, str]] = {
    "nobody": (None, "no member of the board signed a vote"),
    "another digest": (("boris", "approve", MODEL, {"of": f"sha256:{'0' * 64}"}), "boris (saw 000"),
    "another subject": (("boris", "approve", "dataset:loans", {}), "no member"),
    "another's key": (("boris", "approve", MODEL, {"key": "rita"}), "is by no key of theirs"),
    "another purpose": (("boris", "approve", MODEL, {"namespace": "git"}), "by no key of theirs"),
    "another repository": (("boris", "approve", MODEL, {"repository": "x/y"}), "repository x/y"),
    "another role": (("lea", "approve", MODEL, {"role": "legal"}), "lea (signed as legal, not"),
    "a role not held": (("omar", "approve", MODEL, {}), "omar (signed as board, not as a member"),
    "a deputy": (("lea", "approve", MODEL, {}), "lea (a deputy, while a member can vote)"),
    "an emergency": (("boris", "break-glass", MODEL, {}), "no member"),
    "the future": (("boris", "approve", MODEL, {"at": "2026-11-23T00:00:00Z"}), "in the future"),
}


@pytest.mark.parametrize(("vote", "told"), UNSIGNED.values(), ids=UNSIGNED)
def test_a_vote_nobody_signed_so_is_not_counted(root: Path, run: Run, signed: Signed, vote, told):
    if vote is not None:
        signed(vote[0], vote[1], vote[2], **vote[3])
    code, _, err = run(root, MODEL, "approve")
    assert code == 1
    assert err.startswith("no member of the board signed a vote; votes nobody signed are not cou")
    assert told in err
    assert not list((root / "records/decisions").glob("2026-*"))


def test_an_author_has_no_vote(root: Path, run: Run, signed: Signed):
    put(root, GATES, (root / GATES).read_text().replace("0.6", "0.5"))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--author", "Rita <rita@example.org>", "--message", "lower")
    signed("rita", subject="change")
    code, _, err = run(root, "main..HEAD", "approve")
    assert code == 1
    assert "not counted: rita (author)" in err
    signed("lea", subject="change")
    assert run(root, "main..HEAD", "approve")[0] == 0
    assert decision(root).votes == {"lea": "yes"}


def test_a_vote_that_was_withdrawn_is_none(root: Path, run: Run, signed: Signed):
    signed("boris")
    signed("boris", "withdraw", role="legal")
    code, _, err = run(root, MODEL, "approve")
    assert code == 1
    assert "not counted: boris (withdrawn)" in err


def test_the_newest_word_is_the_vote(root: Path, run: Run, signed: Signed):
    signed("boris", "reject")
    signed("boris")
    assert run(root, MODEL, "approve")[0] == 0
    assert decision(root).votes == {"boris": "yes"}


@pytest.mark.parametrize("no", [("mina",), ("mina", "rita")])
def test_without_a_majority_nothing_is_approved(root: Path, run: Run, signed: Signed, no):
    signed("boris")
    for member in no:
        signed(member, "reject")
    code, _, err = run(root, MODEL, "approve")
    assert code == 1
    assert f"no majority: 1 yes, {len(no)} no" in err
    assert run(root, MODEL, "defer")[0] == 0
    assert decision(root).decision == "defer"


def test_against_a_majority_nothing_is_rejected(root: Path, run: Run, signed: Signed):
    signed("boris")
    code, _, err = run(root, MODEL, "reject")
    assert code == 1
    assert "the majority is for it: 1 yes, 0 no" in err
    signed("mina", "reject")
    assert run(root, MODEL, "reject")[0] == 0


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "an abstainer who signed": (("--abstain", "boris"), "boris signed yes and cannot abstain too"),
    "an abstainer elsewhere": (("--abstain", "omar"), "omar is a member of no board"),
    "an abstainer misspelt": (("--abstain", "ritta"), "did you mean rita?"),
    "no reason": (("--because", " . "), "--because says nothing"),
    "a hidden character": (("--because", "a\u202eb"), "fix:"),
    "an empty option": (("--option", ""), "says nothing"),
}


@pytest.mark.parametrize(("more", "told"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_why_and_writes_nothing(root: Path, run: Run, signed: Signed, more, told):
    signed("boris")
    code, _, err = run(root, MODEL, "approve", *more)
    assert code == 1
    assert told in err
    assert not list((root / "records/decisions").glob("2026-*"))


def test_a_past_decision_stays_as_it_is(root: Path, run: Run, signed: Signed):
    signed("boris")
    run(root, MODEL, "defer")
    folder = root / "records/decisions"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, out, _ = run(root, MODEL, "approve")
    assert (code, "model-credit-1.0.0-2.yaml" in out) == (0, True)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after.items() > before.items()
    assert len(after) == len(before) + 1


def test_a_number_somebody_else_took_is_left_to_them(
    root: Path, run: Run, signed: Signed, monkeypatch: pytest.MonkeyPatch
):
    from pipelines import append, decide  # noqa: PLC0415

    signed("boris")
    taken: list[str] = []

    def late(top: Path, path: str, text: str) -> None:
        if not taken:
            taken.append(path)
            put(top, path, "theirs")
        append.append(top, path, text)

    monkeypatch.setattr(decide, "append", late)
    assert run(root, MODEL, "approve")[0] == 0
    assert (root / taken[0]).read_text() == "theirs"
    assert (root / "records/decisions/2026-11-22-model-credit-1.0.0-2.yaml").is_file()


def test_a_dry_run_shows_the_record(root: Path, run: Run, signed: Signed):
    signed("boris")
    code, out, _ = run(root, MODEL, "approve", "--dry-run")
    assert code == 0
    assert '\nvotes:\n  "boris": "yes"\n' in out
    assert not list((root / "records/decisions").glob("2026-*"))
