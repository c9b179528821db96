"""A record of a person's word is whole, loads, and is never written over another."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import signing
from history import begin, commit, git, put
from killed import forked, on_change
from world import world

from adapters.reading import Reading
from governance import catalogue, opinions
from governance.approvals import Approvals
from governance.changeset import Opinion
from governance.declaration import Declared
from governance.records import Approval
from governance.roles import Roles
from pipelines import append
from pipelines.approve import (
    Matter,
    Signer,
    Word,
    draft,
    find_role,
    find_signer,
    refuse_reason,
    said_already,
    sign,
    spoken,
)
from pipelines.inputs import Refused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = NOW.date()
SEEN = f"sha256:{'5e' * 32}"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys that ssh-keygen made: lea's, and one of nobody."""
    folder = tmp_path_factory.mktemp("keyring")
    for name, kind in {"lea": "ed25519", "eve": "ecdsa"}.items():
        command = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "x y", "-f", folder / name]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return folder


def declared(keyring: Path, **more: object) -> tuple[Roles, Approvals]:
    """The people of the world, lea with the key of the ring."""
    public = " ".join((keyring / "lea.pub").read_text().split()[:2])
    key = {"public": public, "valid_from": "2026-01-01", **more}
    changed = world().set("policies/roles.yaml", ("people", "lea", "keys"), [key])
    found = Reading(changed).declarations
    return found.one(Roles, "roles").value, found.one(Approvals, "approvals").value


@pytest.fixture(scope="module")
def matter(keyring: Path) -> Matter:
    roles, policy = declared(keyring)
    return Matter("change", SEEN, "ba5e" * 10, "main", roles, policy)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return begin(tmp_path / "a repo, \u00fc \U0001f600")


def word(said: str = "approve", **more: object) -> Word:
    return Word(**({"role": "legal", "said": said, "because": "it fits", "at": NOW} | more))  # type: ignore[arg-type]


def signed(root: Path, matter: Matter, keyring: Path, spoken_word: Word) -> str:
    """Path of a record that lea signed."""
    made = draft(root, matter, "lea", spoken_word)
    public = matter.roles.people["lea"].keys[0].public
    sign(root, made, Signer("lea", public, keyring / "lea"), spoken_word.at)
    return made.path


# The record


BECAUSE = {
    "plain": "it fits",
    "quotes": "\"it\" 'fits' \\ # : - &a *b !c",
    "several lines": "first\nsecond\n\n  third",
    "other scripts": "\u043f\u043e\u0434\u0445\u043e\u0434\u0438\u0442 \u00fc \u6cd5",
    "a tab": "a\tb",
    "long": "a b" * 10_000,
    "dashes": "--- fits ---",
}


@pytest.mark.parametrize("because", BECAUSE.values(), ids=BECAUSE)
def test_a_record_says_what_was_said(root, matter, keyring, because):
    path = signed(root, matter, keyring, word(because=because))
    value, _, findings = catalogue.read(path, (root / path).read_bytes())
    assert (type(value), findings) == (Approval, ())
    assert value.id == Path(path).stem
    assert value.at == NOW
    read = opinions.statement_of(Declared(path, value)).statement
    assert read is not None
    assert read.predicate.because == because
    assert (read.about, read.digest, read.predicate.by) == ("change", SEEN, "lea")
    (opinion,) = spoken(root, matter, NOW)
    assert (opinion.person, opinion.invalid, opinion.said) == ("lea", None, "approve")


def test_a_records_name_says_who_what_and_when(root, matter, keyring):
    path = signed(root, matter, keyring, word())
    assert path.startswith("records/approvals/2026-11-22-lea-legal-5e5e5e5e-")
    assert len(Path(path).stem) == len("2026-11-22-lea-legal-5e5e5e5e-0000")


def test_a_long_name_still_fits(root, matter):
    made = draft(root, matter, "p" * 64, word(role="r" * 64))
    assert len(made.identity) == 100
    assert catalogue.kind_of(made.path)


HIDDEN = {
    "a turned line": "it \u202efits",
    "a blank letter": "it\u3164fits",
    "a bell": "it\x9ffits",
}


@pytest.mark.parametrize("because", HIDDEN.values(), ids=HIDDEN)
def test_words_that_hide_something_are_refused_before_anybody_signs(root, matter, because):
    with pytest.raises(Refused):
        draft(root, matter, "lea", word(because=because))


@pytest.mark.parametrize("because", ["", "  ", "\n", "...", "it fits \udcff"])
def test_a_reason_says_something(because):
    with pytest.raises(Refused, match="--because"):
        refuse_reason(because)


@pytest.mark.parametrize("folder", ["records", "records/approvals"])
def test_a_link_leads_nowhere(root, matter, keyring, tmp_path, folder):
    (tmp_path / "elsewhere").mkdir()
    (root / folder).parent.mkdir(parents=True, exist_ok=True)
    (root / folder).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        signed(root, matter, keyring, word())
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_wrong_signature_is_not_kept(root, matter, keyring):
    made = draft(root, matter, "lea", word())
    signer = Signer("lea", matter.roles.people["lea"].keys[0].public, keyring / "eve")
    with pytest.raises(Refused, match="the signature is not by"):
        sign(root, made, signer, NOW)
    assert not (root / "records").exists()


# Written once


def test_nothing_is_written_over(root):
    put(root, "records/x.yaml", "old")
    with pytest.raises(FileExistsError):
        append.append(root, "records/x.yaml", "new")
    assert [p.name for p in (root / "records").iterdir()] == ["x.yaml"]
    assert (root / "records/x.yaml").read_text() == "old"


def test_a_disk_without_links_gets_the_record_too(root, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    append.append(root, "records/x.yaml", "new")
    with pytest.raises(FileExistsError):
        append.append(root, "records/x.yaml", "newer")
    assert [p.read_text() for p in (root / "records").iterdir()] == ["new"]


def test_a_killed_process_leaves_the_record_whole_or_absent(root, matter, keyring):
    made = draft(root, matter, "lea", word())
    signer = Signer("lea", matter.roles.people["lea"].keys[0].public, keyring / "lea")
    target = root / made.path
    states = set()
    for at in range(12):

        def killed(left: int = at) -> None:
            def one() -> None:
                nonlocal left
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

            on_change(root, one)
            sign(root, made, signer, NOW)

        code, _ = forked(killed)
        value = catalogue.read(made.path, target.read_bytes())[0] if target.exists() else None
        assert target.exists() == (value is not None)
        states.add((code, target.exists()))
        target.unlink(missing_ok=True)
    assert states == {(-signal.SIGKILL, False), (-signal.SIGKILL, True), (0, True)}


def test_a_commit_takes_the_record_and_leaves_the_rest(root):
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    put(root, "kept", "old")
    commit(root)
    put(root, "kept", "new")
    put(root, "staged", "staged")
    put(root, "loose", "loose")
    git(root, "add", "kept", "staged")
    append.append(root, "records/x.yaml", "new")
    made = append.commit(root, "records/x.yaml", "Record x")
    assert git(root, "show", "--name-only", "--format=%s", made).split("\n") == [
        "Record x", "", "records/x.yaml",
    ]  # fmt: skip
    assert git(root, "status", "--porcelain").split("\n") == ["M  kept", "A  staged", "?? loose"]


def test_a_commit_that_fails_leaves_the_record(root):
    git(root, "config", "user.name", "Ann")
    git(root, "config", "user.email", "ann@example.org")
    commit(root)
    put(root, ".git/hooks/pre-commit", "#!/bin/sh\necho not today >&2\nexit 1\n").chmod(0o755)
    append.append(root, "records/x.yaml", "new")
    with pytest.raises(Exception, match="is written but not committed: git commit: not today"):
        append.commit(root, "records/x.yaml", "Record x")
    assert git(root, "status", "--porcelain") == "?? records/"


# Whose key


def test_a_named_key_finds_its_person(root, matter, keyring):
    found = find_signer(root, matter.roles, DAY, base="main", key=keyring / "lea")
    assert (found.person, found.path) == ("lea", keyring / "lea")


def test_gits_signing_key_is_taken_next(root, matter, keyring):
    git(root, "config", "gpg.format", "ssh")
    git(root, "config", "user.signingkey", str(keyring / "lea.pub"))
    assert find_signer(root, matter.roles, DAY, base="main").person == "lea"


def test_a_signing_key_may_be_the_key_itself(root, matter, keyring):
    git(root, "config", "gpg.format", "ssh")
    git(root, "config", "user.signingkey", f"key::{(keyring / 'lea.pub').read_text().strip()}")
    found = find_signer(root, matter.roles, DAY, base="main")
    assert (found.person, found.path) == ("lea", None)


def test_a_key_that_only_an_agent_holds_signs(root, matter, keyring, monkeypatch):
    with tempfile.TemporaryDirectory() as folder:  # a socket's path has to be short
        socket = f"{folder}/agent"
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        try:
            while not Path(socket).exists():
                time.sleep(0.01)
            monkeypatch.setenv("SSH_AUTH_SOCK", socket)
            subprocess.run(["ssh-add", "-q", keyring / "lea"], check=True)
            made = draft(root, matter, "lea", word())
            signer = find_signer(root, matter.roles, DAY, base="main")
            assert (signer.person, signer.path) == ("lea", None)
            sign(root, made, signer, NOW)
        finally:
            agent.terminate()
            agent.wait()
    assert [opinion.invalid for opinion in spoken(root, matter, NOW)] == [None]


def test_an_agent_that_does_not_answer_holds_no_key(root, matter, tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "gone"))
    with pytest.raises(Refused, match=r"no key in ~/\.ssh or an agent is declared"):
        find_signer(root, matter.roles, DAY, base="main")


def test_a_signing_key_for_gpg_is_none(root, matter):
    git(root, "config", "user.signingkey", "0xC0FFEE")
    with pytest.raises(Refused, match=r"no key in ~/\.ssh or an agent is declared"):
        find_signer(root, matter.roles, DAY, base="main")


def test_the_one_declared_key_at_home_is_taken_last(root, matter, keyring, tmp_path):
    for name in ("lea", "eve"):
        public = (keyring / f"{name}.pub").read_text()
        put(tmp_path, f"home/.ssh/id_{name}.pub", public)
    put(tmp_path, "home/.ssh/broken.pub", b"\xff\xfe")
    found = find_signer(root, matter.roles, DAY, base="main")
    assert (found.person, found.path) == ("lea", tmp_path / "home/.ssh/id_lea")


def test_several_keys_at_home_are_not_guessed_from(root, matter, tmp_path):
    for name in ("boris", "rita"):
        put(tmp_path, f"home/.ssh/{name}.pub", f"{signing.public(name)} {name}\n")
    with pytest.raises(Refused, match=r"(?s)several keys could sign: .*boris.*rita.*--key"):
        find_signer(root, matter.roles, DAY, base="main")
    assert find_signer(root, matter.roles, DAY, base="main", person="rita").person == "rita"


def test_a_strangers_key_is_told_how_to_join(root, matter, keyring):
    with pytest.raises(Refused) as refusal:
        find_signer(root, matter.roles, DAY, base="main", key=keyring / "eve")
    public = " ".join((keyring / "eve.pub").read_text().split()[:2])
    assert "is nobody's in policies/roles.yaml of main" in str(refusal.value)
    assert f'keys: [{{public: {public}, valid_from: "2026-11-22"}}]' in str(refusal.value)


LAPSED = {
    "expired": ({"valid_until": "2026-11-21"}, "expired on 2026-11-21"),
    "not yet": ({"valid_from": "2026-11-23"}, "counts from 2026-11-23 only"),
}


@pytest.mark.parametrize(("days", "words"), LAPSED.values(), ids=LAPSED)
def test_a_key_counts_on_its_days_only(root, keyring, days, words):
    roles, _ = declared(keyring, **days)
    with pytest.raises(Refused, match=words):
        find_signer(root, roles, DAY, base="main", key=keyring / "lea")


def test_a_key_counts_on_its_last_day(root, keyring):
    roles, _ = declared(keyring, valid_until="2026-11-22")
    assert find_signer(root, roles, DAY, base="main", key=keyring / "lea").person == "lea"


def test_a_person_signs_with_their_own_key(root, matter, keyring):
    with pytest.raises(Refused, match="belongs to lea, not to rita"):
        find_signer(root, matter.roles, DAY, base="main", key=keyring / "lea", person="rita")
    with pytest.raises(Refused, match="did you mean rita"):
        find_signer(root, matter.roles, DAY, base="main", key=keyring / "lea", person="ritta")


# In which role


@pytest.mark.parametrize(
    ("given", "usable", "found"),
    [("legal", (), "legal"), (None, ("legal",), "legal"), (None, (), "legal")],
)
def test_a_role_is_found(matter, given, usable, found):
    assert find_role(given, "lea", matter.roles, DAY, usable) == found


@pytest.mark.parametrize(
    ("given", "day", "words"),
    [
        ("board", DAY, "lea does not hold board; lea holds legal on 2026-11-22"),
        ("legl", DAY, "no role is called legl; lea holds legal on 2026-11-22\n  fix: did you mean"),
        ("legal", date(2025, 1, 1), "lea does not hold legal; lea holds no role on 2025-01-01"),
        (None, date(2025, 1, 1), "lea holds no role on 2025-01-01, so nothing they sign counts"),
    ],
)
def test_a_role_is_not_held(matter, given, day, words):
    with pytest.raises(Refused, match=words):
        find_role(given, "lea", matter.roles, day, ())


def test_several_roles_are_not_guessed_from():
    held = {"person": "lea", "valid_from": "2026-01-01"}
    route = ("roles", "mlops", "members")
    changed = world().set("policies/roles.yaml", route, [held])
    roles = Reading(changed).declarations.one(Roles, "roles").value
    with pytest.raises(Refused, match="say in which role with --role: mlops or legal"):
        find_role(None, "lea", roles, DAY, ())
    assert find_role(None, "lea", roles, DAY, ("mlops",)) == "mlops"


# Said before


def test_a_word_is_recorded_once(root, matter, keyring):
    path = signed(root, matter, keyring, word())
    said = spoken(root, matter, NOW)
    later = NOW + timedelta(hours=1)
    found = said_already(said, "lea", word(at=later, because="still fits"), SEEN)
    assert found is not None
    assert found.source == path


NEW = {
    "another word": (word("reject", at=NOW + timedelta(1)), SEEN),
    "other bytes": (word(at=NOW + timedelta(1)), f"sha256:{'0' * 64}"),
    "another role": (word(role="board"), SEEN),
    "an emergency": (word("break-glass"), SEEN),
}


@pytest.mark.parametrize(("said", "seen"), NEW.values(), ids=NEW)
def test_anything_else_is_a_new_word(root, matter, keyring, said, seen):
    signed(root, matter, keyring, word())
    assert said_already(spoken(root, matter, NOW), "lea", said, seen) is None


def test_what_was_withdrawn_can_be_said_again(root, matter, keyring):
    signed(root, matter, keyring, word())
    signed(root, matter, keyring, word("withdraw", at=NOW + timedelta(minutes=1)))
    again = word(at=NOW + timedelta(minutes=2))
    assert said_already(spoken(root, matter, NOW), "lea", again, SEEN) is None


@pytest.mark.parametrize("earlier", [0, 1])
def test_a_word_is_newer_than_the_one_before(root, matter, keyring, earlier):
    signed(root, matter, keyring, word())
    said = spoken(root, matter, NOW)
    with pytest.raises(Refused, match="nobody could tell which word is newer"):
        said_already(said, "lea", word("reject", at=NOW - timedelta(earlier)), SEEN)


def test_a_word_that_does_not_count_is_no_word(root, matter, keyring):
    path = signed(root, matter, keyring, word())
    put(root, path, (root / path).read_text().replace("it fits", "it FITS"))
    (opinion,) = spoken(root, matter, NOW)
    assert opinion.invalid == "the signature is by no key of theirs"
    assert said_already((opinion,), "lea", word(), SEEN) is None


def test_files_that_are_no_records_are_passed_over(root, matter, keyring):
    signed(root, matter, keyring, word())
    put(root, "records/approvals/broken.yaml", "a: [")
    put(root, "records/approvals/Odd Name.yaml", "a: 1\n")
    (root / "records/approvals/link.yaml").symlink_to("/dev/zero")
    said = spoken(root, matter, NOW)
    assert [type(opinion) for opinion in said] == [Opinion]
