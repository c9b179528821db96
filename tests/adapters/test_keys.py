"""A signature counts for one text, one purpose and one person; only ssh-keygen says so."""

from __future__ import annotations

import base64
import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from history import begin, commit, git, put

from adapters import keys
from adapters.keys import Job, Verifier, public_of, sign
from governance.finding import CouldNotJudge

HERE = Path(__file__).resolve().parents[2]
FOR = "charter-approval"
SECRET = "open sesame"  # noqa: S105 - of keys that live for one test
TEXT = b'{"said":"approve"}'
KINDS = {"ann": "ed25519", "bob": "ecdsa", "eve": "rsa"}


def made(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new private key, its public half beside it."""
    size = ["-b", "2048"] if kind == "rsa" else []
    command = ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "x y", "-f", path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A private key of each person."""
    folder = tmp_path_factory.mktemp("ring")
    return {person: made(folder / person, kind) for person, kind in KINDS.items()}


@pytest.fixture(scope="module")
def people(ring: dict[str, Path]) -> dict[str, tuple[str, ...]]:
    """The public keys of each person."""
    return {person: (public_of(key),) for person, key in ring.items()}


@pytest.fixture(scope="module")
def signature(ring: dict[str, Path]) -> str:
    """Ann's signature of the text."""
    return sign(TEXT, ring["ann"], FOR)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "charter" / "signatures"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often ssh-keygen was run since the start of the test."""
    log = put(tmp_path, "log", "")
    real = shutil.which("ssh-keygen")
    instead(tmp_path, monkeypatch, f'echo run >> "{log}"; exec {real} "$@"')
    return lambda: len(log.read_text().splitlines())


def instead(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Another ssh-keygen."""
    put(folder, "bin/ssh-keygen", f"#!/bin/sh\n{script}\n").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")


# One signature


@pytest.mark.parametrize("person", KINDS)
def test_a_signature_names_the_key_that_made_it(person, ring, people):
    signature = sign(TEXT, ring[person], FOR)
    assert Verifier().verify(TEXT, signature, person, people[person], FOR) == people[person][0]


def test_the_space_a_record_strips_is_no_part_of_a_signature(signature, people):
    stripped = signature.strip()
    assert Verifier().verify(TEXT, stripped, "ann", people["ann"], FOR) == people["ann"][0]


@pytest.mark.parametrize("person", KINDS)
def test_the_public_half_is_the_same_whichever_file_is_named(person, ring):
    kind, text, *_ = ring[person].with_suffix(".pub").read_text().split()
    assert public_of(ring[person]) == f"{kind} {text}"
    assert public_of(str(ring[person]) + ".pub") == f"{kind} {text}"


def test_the_public_half_of_an_encrypted_key_needs_no_passphrase(tmp_path):
    key = made(tmp_path / "key", passphrase=SECRET)
    public = key.with_suffix(".pub").read_text().rsplit(" ", 2)[0]
    key.with_suffix(".pub").unlink()
    assert public_of(key) == public


def test_one_of_several_keys_is_told_apart(ring, people, tmp_path):
    new = made(tmp_path / "new")
    both = (*people["ann"], public_of(new))
    assert Verifier().verify(TEXT, sign(TEXT, new, FOR), "ann", both, FOR) == public_of(new)
    assert Verifier().verify(TEXT, sign(TEXT, ring["ann"], FOR), "ann", both, FOR) == both[0]


def test_a_key_of_two_people_verifies_for_both(signature, people):
    for person in ("ann", "bob"):
        assert Verifier().verify(TEXT, signature, person, people["ann"], FOR) == people["ann"][0]


def test_a_key_declared_without_padding_is_the_same_key(ring, people):
    public = people["bob"][0].rstrip("=")
    assert public != people["bob"][0]
    assert Verifier().verify(TEXT, sign(TEXT, ring["bob"], FOR), "bob", (public,), FOR) == public


@pytest.mark.parametrize("at", range(len(TEXT)))
def test_one_byte_changed_is_another_text(at, signature, people):
    text = TEXT[:at] + bytes([TEXT[at] ^ 1]) + TEXT[at + 1 :]
    assert Verifier().verify(text, signature, "ann", people["ann"], FOR) is None


@pytest.mark.parametrize("text", [b"", TEXT + b"\n", TEXT + b"\0", b" " + TEXT])
def test_a_longer_or_shorter_text_is_another_text(text, signature, people):
    assert Verifier().verify(text, signature, "ann", people["ann"], FOR) is None


def test_a_commits_signature_is_no_approval(ring, people):
    signature = sign(TEXT, ring["ann"], "git")
    assert Verifier().verify(TEXT, signature, "ann", people["ann"], FOR) is None
    assert Verifier().verify(TEXT, signature, "ann", people["ann"], "git") is not None


def test_a_changed_purpose_does_not_make_a_signature_fit(ring, people):
    signature = sign(TEXT, ring["ann"], "git")
    blob = base64.b64decode("".join(signature.splitlines()[1:-1]))
    forged = blob.replace(b"\0\0\0\3git", len(FOR).to_bytes(4, "big") + FOR.encode())
    assert Verifier().verify(TEXT, armour(forged), "ann", people["ann"], FOR) is None


def test_a_changed_key_does_not_make_a_signature_fit(signature, people, tmp_path):
    other = public_of(made(tmp_path / "other"))
    blob = base64.b64decode("".join(signature.splitlines()[1:-1]))
    mine, theirs = (base64.b64decode(key.split()[1]) for key in (people["ann"][0], other))
    assert mine in blob
    forged = armour(blob.replace(mine, theirs))
    assert Verifier().verify(TEXT, forged, "bob", (other,), FOR) is None


def test_another_persons_key_is_refused(signature, people, runs):
    assert Verifier().verify(TEXT, signature, "bob", people["bob"], FOR) is None
    assert Verifier().verify(TEXT, signature, "ann", (), FOR) is None
    assert runs() == 0


def armour(blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n"


def wire(*strings: bytes) -> bytes:
    return b"".join(len(string).to_bytes(4, "big") + string for string in strings)


HEAD = b"SSHSIG\0\0\0\1"
GARBAGE = {
    "nothing": "",
    "words": "approved by ann",
    "no armour": "U1NIU0lH",
    "the armour alone": "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n",
    "one line of armour": "-----BEGIN SSH SIGNATURE-----",
    "no base64": "-----BEGIN SSH SIGNATURE-----\n!!!\n-----END SSH SIGNATURE-----\n",
    "letters of another script": (
        "-----BEGIN SSH SIGNATURE-----\n\u0430\n-----END SSH SIGNATURE-----\n"
    ),
    "another armour": "-----BEGIN PGP SIGNATURE-----\nU1NI\n-----END PGP SIGNATURE-----\n",
    "magic alone": armour(HEAD),
    "another version": armour(b"SSHSIG\0\0\0\2" + wire(b"", b"", b"", b"", b"")),
    "no magic": armour(wire(wire(b"ssh-ed25519"), FOR.encode(), b"", b"sha512", b"")),
    "empty strings": armour(HEAD + wire(b"", b"", b"", b"", b"")),
    "too few strings": armour(HEAD + wire(wire(b"ssh-ed25519"), FOR.encode())),
    "a string longer than all": armour(HEAD + b"\xff\xff\xff\xff"),
    "half a length": armour(HEAD + b"\0\0"),
    "1 MB of zeros": armour(bytes(1 << 20)),
    "1 MB of junk": os.urandom(1 << 20).hex(),
    "1 MB of line ends": "\n" * (1 << 20),
}


@pytest.mark.parametrize("junk", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_signature_is_nobodys(junk, people, runs):
    assert Verifier().verify(TEXT, junk, "ann", people["ann"], FOR) is None
    assert runs() == 0


def test_a_seal_of_the_right_key_with_junk_inside_is_nobodys(people):
    public = base64.b64decode(people["ann"][0].split()[1])
    for inner in (b"", b"junk", wire(b"ssh-ed25519", b"junk"), wire(b"ssh-ed25519", bytes(64))):
        for hashed in (b"sha512", b"sha256", b"md5", b""):
            forged = armour(HEAD + wire(public, FOR.encode(), b"", hashed, inner))
            assert Verifier().verify(TEXT, forged, "ann", people["ann"], FOR) is None


def test_every_damaged_byte_of_a_signature_voids_it(signature, people):
    blob = base64.b64decode("".join(signature.splitlines()[1:-1]))
    jobs = [
        Job(
            TEXT,
            armour(blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]),
            "ann",
            people["ann"],
            FOR,
        )
        for at in range(len(blob))
    ]
    assert set(Verifier().verify_many(jobs)) == {None}


@pytest.mark.parametrize("around", ["hello\n{}", "{}hello\n", "{0}{0}"])
def test_a_signature_among_other_text_is_none(around, signature, people):
    text = around.format(signature)
    assert Verifier().verify(TEXT, text, "ann", people["ann"], FOR) is None


@pytest.mark.parametrize(
    "person", ["*", "a*", "ann,bob", "!ann", "ann bob", "", "-n", 'a"b', "a\nb"]
)
def test_a_person_who_could_mean_several_is_refused(person, signature, people):
    with pytest.raises(CouldNotJudge, match="not the id of a person"):
        Verifier().verify(TEXT, signature, person, people["ann"], FOR)


@pytest.mark.parametrize("namespace", ["*", "git,file", "", 'a"', "a b", "a\n"])
def test_a_purpose_that_could_mean_several_is_refused(namespace, ring, signature, people):
    with pytest.raises(CouldNotJudge, match="not a namespace"):
        Verifier().verify(TEXT, signature, "ann", people["ann"], namespace)
    with pytest.raises(CouldNotJudge, match="not a namespace"):
        sign(TEXT, ring["ann"], namespace)


ODD = {
    "another type before it": "ssh-rsa {text}",
    "a comment behind it": "{key} ann@example.org",
    "another line behind it": "{key}\n* ssh-rsa AAAA",
    "options before it": 'namespaces="*" {key}',
    "no type": "{text}",
    "no text": "ssh-ed25519",
    "nothing": "",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_oddly_declared_key_is_no_key(odd, signature, people):
    key = people["ann"][0]
    public = odd.format(key=key, text=key.split()[1])
    assert Verifier().verify(TEXT, signature, "ann", (public,), FOR) is None
    assert Verifier().verify(TEXT, signature, "ann", (public, key), FOR) == key


def test_answers_come_in_the_order_of_the_questions(ring, people):
    signatures = {person: sign(TEXT, key, FOR) for person, key in ring.items()}
    jobs = [
        Job(TEXT, signatures[by], person, people[person], FOR)
        for by in ring
        for person in ring
        for _ in range(3)
    ]
    expected = [people[p][0] if by == p else None for by in ring for p in ring for _ in range(3)]
    assert Verifier().verify_many(jobs) == expected
    assert Verifier().verify_many([]) == []


def test_ssh_settings_of_the_environment_change_nothing(signature, people, monkeypatch):
    for name in ("SSH_AUTH_SOCK", "SSH_ASKPASS", "SSH_SK_PROVIDER", "SSH_SK_HELPER", "DISPLAY"):
        monkeypatch.setenv(name, "/nowhere")
    assert Verifier().verify(TEXT, signature, "ann", people["ann"], FOR) == people["ann"][0]


# ssh-keygen that cannot answer


BROKEN = {
    "killed": "kill -9 $$",
    "too old": "echo 'unknown option -- Y' >&2; exit 1",
    "silent": "exit 0",
    "good for somebody else": "echo 'Good \"charter-approval\" signature for bob with RSA key'",
    "unable to read its files": (
        "echo 'Could not verify signature.'; echo \"Couldn't read signature file: x\" >&2; exit 255"
    ),
    "unknown user": "echo 'No user exists for uid 4711' >&2; exit 255",
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_run_that_did_not_finish_is_no_answer_and_not_kept(
    script, signature, people, cache, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        instead(tmp_path, patch, script)
        with pytest.raises(CouldNotJudge, match="ssh-keygen judged no signature"):
            Verifier(cache).verify(TEXT, signature, "ann", people["ann"], FOR)
    assert not cache.exists()
    assert Verifier(cache).verify(TEXT, signature, "ann", people["ann"], FOR) is not None


def test_without_ssh_keygen_nothing_is_judged(
    signature, people, ring, cache, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotJudge, match="ssh-keygen is not installed"):
        Verifier(cache).verify(TEXT, signature, "ann", people["ann"], FOR)
    assert not cache.exists()
    with pytest.raises(CouldNotJudge, match="ssh-keygen is not installed"):
        sign(TEXT, ring["ann"], FOR)
    with pytest.raises(CouldNotJudge, match="ssh-keygen is not installed"):
        public_of(ring["ann"])


def test_a_kind_of_key_this_ssh_keygen_does_not_know_is_not_judged(cache):
    public = wire(b"ssh-new", bytes(32))
    seal = armour(HEAD + wire(public, FOR.encode(), b"", b"sha512", wire(b"ssh-new", bytes(64))))
    declared = (f"ssh-new {base64.b64encode(public).decode()}",)
    with pytest.raises(CouldNotJudge, match="unknown or unsupported key type"):
        Verifier(cache).verify(TEXT, seal, "ann", declared, FOR)
    assert not cache.exists()


def test_an_ssh_keygen_that_does_not_start_is_named(signature, people, tmp_path, monkeypatch):
    put(tmp_path, "ssh-keygen", "no program").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CouldNotJudge, match="ssh-keygen does not start"):
        Verifier().verify(TEXT, signature, "ann", people["ann"], FOR)


# The cache


def test_an_answer_is_asked_for_once(signature, people, cache, runs):
    wrong = TEXT + b"x"
    for _ in range(3):
        verifier = Verifier(cache)
        for _ in range(2):
            assert verifier.verify(TEXT, signature, "ann", people["ann"], FOR) == people["ann"][0]
            assert verifier.verify(wrong, signature, "ann", people["ann"], FOR) is None
    assert runs() == 2


def test_equal_questions_in_one_go_are_asked_once(signature, people, runs):
    jobs = [Job(TEXT, signature, "ann", people["ann"], FOR)] * 5
    assert Verifier().verify_many(jobs) == [people["ann"][0]] * 5
    assert runs() == 1


def test_without_a_cache_every_run_asks(signature, people, runs):
    for _ in range(2):
        assert Verifier().verify(TEXT, signature, "ann", people["ann"], FOR)
    assert runs() == 2


def test_the_order_of_keys_does_not_matter_to_the_cache(signature, people, cache, runs):
    both = (*people["ann"], *people["bob"])
    for publics in (both, both[::-1]):
        answer = Verifier(cache).verify(TEXT, signature, "ann", publics, FOR)
        assert answer == people["ann"][0]
    assert runs() == 1


def test_an_entry_answers_for_nothing_else(signature, ring, people, cache, runs):
    verifier = Verifier(cache)
    mine, others = people["ann"], people["bob"]
    assert verifier.verify(TEXT, signature, "ann", mine, FOR)
    before = runs()
    assert verifier.verify(TEXT + b" ", signature, "ann", mine, FOR) is None
    assert verifier.verify(TEXT, signature, "bob", mine, FOR) == mine[0]
    assert verifier.verify(TEXT, signature, "ann", mine + others, FOR) == mine[0]
    assert runs() == before + 3, "another text, person or set of keys is another question"
    assert verifier.verify(TEXT, signature, "ann", others, FOR) is None
    assert verifier.verify(TEXT, signature, "ann", (), FOR) is None
    assert verifier.verify(TEXT, signature, "ann", mine, "git") is None
    assert runs() == before + 3, "these need no answer at all"
    again = sign(TEXT, ring["bob"], FOR)
    assert verifier.verify(TEXT, again, "ann", mine, FOR) is None
    assert verifier.verify(TEXT, again, "ann", mine + others, FOR) == others[0]


def test_where_one_part_ends_and_the_next_begins_is_part_of_the_question(signature, people):
    ids = {
        keys._question(Job(text, signature, person, people["ann"], FOR)).id
        for text, person in ((b"x", "ann"), (b"xa", "nn"), (b"", "xann"), (b"xan", "n"))
    }
    assert len(ids) == 4


DAMAGE = {
    "nothing": lambda _: b"",
    "another file": lambda _: b"hello\n",
    "another version": lambda data: data.replace(b" 1\n", b" 0\n", 1),
    "half the head": lambda data: data[:10],
    "a byte less": lambda data: data[:-1],
    "an entry less": lambda data: data[:-33],
    "the last answer turned": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "an entry twice": lambda data: data + data[-33:],
    "zeros": lambda data: data[:21] + bytes(999),
    "rubbish behind the end": lambda data: data + b"rubbish",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_cache_costs_only_time(damage, signature, people, cache, runs):
    def answers() -> list[str | None]:
        verifier = Verifier(cache)
        return [verifier.verify(t, signature, "ann", people["ann"], FOR) for t in (TEXT, b"x")]

    right = answers()
    assert right == [people["ann"][0], None]
    cache.write_bytes(damage(cache.read_bytes()))
    before = runs()
    assert answers() == right
    assert runs() == before + 2
    assert answers() == right
    assert runs() == before + 2, "the cache is whole again"


def test_a_cache_that_cannot_be_written_or_read_costs_only_time(signature, people, tmp_path):
    for blocked in (put(tmp_path, "file", "x\n") / "signatures", tmp_path):
        verifier = Verifier(blocked)
        assert verifier.verify(TEXT, signature, "ann", people["ann"], FOR)


def test_a_full_cache_forgets_what_was_not_used(signature, people, cache, runs, monkeypatch):
    monkeypatch.setattr(keys, "_KEPT", 2)

    def ask(text: bytes) -> None:
        Verifier(cache).verify(text, signature, "ann", people["ann"], FOR)

    ask(b"a")
    ask(b"b")
    ask(b"c")
    assert cache.stat().st_size == len(keys._MAGIC) + 32 + 2 * 33
    assert runs() == 3
    ask(b"c")
    assert runs() == 3


# Signing


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that holds no key."""
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        socket = Path(folder, "s")
        process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
        try:
            end = time.monotonic() + 10
            while not socket.exists() and time.monotonic() < end:
                time.sleep(0.01)
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            yield
        finally:
            process.terminate()
            process.wait()


@pytest.mark.usefixtures("agent")
def test_a_key_in_an_agent_signs_though_only_its_public_half_is_here(tmp_path):
    key = made(tmp_path / "key")
    subprocess.run(["ssh-add", "-q", key], check=True)
    public = public_of(key)
    key.unlink()
    for name in ("key.pub", "key"):
        signature = sign(TEXT, tmp_path / name, FOR)
        assert Verifier().verify(TEXT, signature, "ann", (public,), FOR) == public


@pytest.mark.usefixtures("agent")
def test_an_agent_without_the_key_is_named(tmp_path):
    key = made(tmp_path / "key")
    key.unlink()
    with pytest.raises(CouldNotJudge, match=r"key\.pub is not beside it and the agent does not"):
        sign(TEXT, tmp_path / "key.pub", FOR)


def test_a_missing_agent_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    made(tmp_path / "key").unlink()
    with pytest.raises(CouldNotJudge, match="no agent runs: add it with ssh-add"):
        sign(TEXT, tmp_path / "key.pub", FOR)


def test_a_missing_key_is_named(tmp_path):
    for ask in (public_of, lambda key: sign(TEXT, key, FOR)):
        with pytest.raises(CouldNotJudge, match=f"there is no key {tmp_path}/none"):
            ask(tmp_path / "none")


def test_a_key_below_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert public_of(made(tmp_path / "key")) == public_of("~/key")


def test_a_key_whose_name_begins_with_a_dash_is_a_key(tmp_path, monkeypatch):
    key = made(tmp_path / "-n")
    monkeypatch.chdir(tmp_path)
    assert Verifier().verify(TEXT, sign(TEXT, "-n", FOR), "ann", (public_of(key),), FOR)


def test_a_file_that_is_no_key_is_named(tmp_path):
    put(tmp_path, "note", "hello\n").chmod(0o600)
    for ask in (public_of, lambda key: sign(TEXT, key, FOR)):
        with pytest.raises(CouldNotJudge, match="note is no SSH key"):
            ask(tmp_path / "note")


def test_a_key_that_others_may_read_is_named(tmp_path):
    key = made(tmp_path / "key")
    key.chmod(0o644)
    with pytest.raises(CouldNotJudge, match=r"others may read .*/key, so ssh-keygen refuses it"):
        sign(TEXT, key, FOR)


SIGN = """
import sys
from adapters.keys import sign
from governance.finding import CouldNotJudge
try:
    print(sign(b'{"said":"approve"}', sys.argv[1], "charter-approval"))
except CouldNotJudge as error:
    print("refused:", error)
"""


def test_an_encrypted_key_without_a_terminal_is_refused_and_input_is_left_alone(tmp_path):
    key = made(tmp_path / "key", passphrase=SECRET)
    quiet = {k: v for k, v in os.environ.items() if not k.startswith("SSH_") and k != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", f"{SIGN}print('left:', sys.stdin.readline())", key],
        input=f"{SECRET}\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=HERE,
        env=quiet,
        start_new_session=True,
        timeout=60,
    )
    assert f"refused: {key} has a passphrase and no terminal can ask for it" in done.stdout
    assert f"left: {SECRET}" in done.stdout


@pytest.mark.parametrize("typed", [SECRET, "wrong"])
def test_the_terminal_asks_for_a_passphrase(typed, tmp_path):
    key = made(tmp_path / "key", passphrase=SECRET)
    said = at_a_terminal(
        f"import os; os.close(os.open(os.ttyname(0), os.O_RDWR))\n{SIGN}", key, typed
    )
    if typed == "wrong":
        assert f"refused: wrong passphrase for {key}" in said
        return
    signature = said[said.index("-----BEGIN") :].replace("\r\n", "\n")
    assert Verifier().verify(TEXT, signature, "ann", (public_of(key),), FOR)


def at_a_terminal(code: str, key: Path, typed: str) -> str:
    """What a program says to somebody who types a passphrase when asked."""
    ours, theirs = pty.openpty()
    quiet = {k: v for k, v in os.environ.items() if not k.startswith("SSH_") and k != "DISPLAY"}
    process = subprocess.Popen(
        [sys.executable, "-c", code, key],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=HERE,
        env=quiet,
        start_new_session=True,
    )
    os.close(theirs)
    said, asked = b"", False
    try:
        while select.select([ours], [], [], 60)[0]:
            try:
                said += os.read(ours, 4096)
            except OSError:  # Linux: nobody holds the other end any more
                break
            if not asked and b"passphrase" in said:
                time.sleep(0.2)  # the prompt throws away what was typed before it
                os.write(ours, f"{typed}\n".encode())
                asked = True
    finally:
        os.close(ours)
        process.kill()
        process.wait()
    return said.decode()


def test_a_token_that_waits_for_a_touch_says_so(ring, tmp_path, monkeypatch, capsys):
    real = shutil.which("ssh-keygen")
    script = f'echo "Confirm user presence for key ED25519-SK SHA256:x" >&2; exec {real} "$@"'
    instead(tmp_path, monkeypatch, script)
    assert sign(TEXT, ring["ann"], FOR)
    assert capsys.readouterr().err == "Confirm user presence for key ED25519-SK SHA256:x\n"


# Commits


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return begin(tmp_path / "repository")


def signed_by(root: Path, key: Path, message: str = "change", *more: str) -> str:
    """A commit that carries a key's signature; its author is Ann, as for every commit here."""
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")
    git(root, *settings, "commit", "-S", "--quiet", "--allow-empty", "-m", message, *more)
    return git(root, "rev-parse", "HEAD")


def stored(root: Path, data: bytes) -> str:
    """A commit object of exactly these bytes."""
    return git(root, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", data=data)


def raw(root: Path, commit: str) -> bytes:
    return subprocess.check_output(["git", "cat-file", "commit", commit], cwd=root)


@pytest.mark.parametrize("person", KINDS)
def test_a_commit_is_the_key_holders_whoever_it_names_as_author(person, root, ring, people):
    tip = signed_by(root, ring[person], "change", "--author", "Bob <bob@example.org>")
    assert keys.signer(root, [tip], people, Verifier()) == {tip: person}


def test_an_unsigned_commit_is_nobodys(root, people):
    assert keys.signer(root, [commit(root)], people, Verifier()) == {}
    assert keys.signer(root, [], people, Verifier()) == {}


def test_a_signed_tip_says_nothing_about_the_commits_below_it(root, ring, people):
    below = [commit(root, "one"), commit(root, "two")]
    tip = signed_by(root, ring["bob"])
    assert keys.signer(root, [*below, tip], people, Verifier()) == {tip: "bob"}


def test_each_commit_has_its_own_signer(root, ring, people):
    made = {
        signed_by(root, ring[person], person): person for person in ("eve", "ann", "bob", "ann")
    }
    assert keys.signer(root, list(made), people, Verifier()) == made


def test_a_key_nobody_declared_signs_for_nobody(root, people, tmp_path):
    tip = signed_by(root, made(tmp_path / "stranger"))
    assert keys.signer(root, [tip], people, Verifier()) == {}
    assert keys.signer(root, [tip], {}, Verifier()) == {}


def test_a_key_of_two_people_signs_for_nobody(root, ring, people):
    tip = signed_by(root, ring["ann"])
    shared = people | {"bob": people["ann"] + people["bob"]}
    assert keys.signer(root, [tip], shared, Verifier()) == {}


def test_a_signature_moved_to_another_commit_is_nobodys(root, ring, people):
    tip = signed_by(root, ring["ann"], "harmless")
    forged = stored(root, raw(root, tip).replace(b"\nharmless", b"\nharmful"))
    assert keys.signer(root, [tip, forged], people, Verifier()) == {tip: "ann"}


def test_an_approval_pasted_into_a_commit_is_nobodys(root, ring, people):
    plain = raw(root, commit(root))
    seal = sign(plain, ring["ann"], FOR).strip().replace("\n", "\n ").encode()
    good = sign(plain, ring["ann"], "git").strip().replace("\n", "\n ").encode()
    head, _, message = plain.partition(b"\n\n")
    wrong = stored(root, head + b"\ngpgsig " + seal + b"\n\n" + message)
    right = stored(root, head + b"\ngpgsig " + good + b"\n\n" + message)
    assert keys.signer(root, [wrong, right], people, Verifier()) == {right: "ann"}


def test_what_is_signed_is_what_git_signs(root, ring):
    tip = signed_by(root, ring["ann"], "subject\n\nbody\n\ngpgsig in the text\n continued")
    signed = keys.commit_signatures(root, [tip])[tip]
    assert signed is not None
    assert b"gpgsig -----" not in signed.payload
    assert signed.payload.endswith(b"\n\nsubject\n\nbody\n\ngpgsig in the text\n continued\n")
    assert stored(root, signed.payload) == git(
        root,
        "commit-tree",
        f"{tip}^{{tree}}",
        "-m",
        "subject\n\nbody\n\ngpgsig in the text\n continued",
    )


def test_a_pgp_signature_is_nobodys(root, people):
    plain = raw(root, commit(root))
    head, _, message = plain.partition(b"\n\n")
    seal = b"-----BEGIN PGP SIGNATURE-----\n \n iQEz\n =x\n -----END PGP SIGNATURE-----"
    tip = stored(root, head + b"\ngpgsig " + seal + b"\n\n" + message)
    assert keys.commit_signatures(root, [tip]) == {tip: None}
    assert keys.signer(root, [tip], people, Verifier()) == {}


def test_a_merged_tags_signature_is_not_the_merges(root, ring, people):
    base = commit(root, "base")
    git(root, "checkout", "--quiet", "-b", "side")
    commit(root, "side")
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={ring['bob']}")
    git(root, *settings, "tag", "-s", "-m", "tagged", "v1")
    git(root, "checkout", "--quiet", "main")
    git(root, "merge", "--quiet", "--no-ff", "--no-edit", "v1")
    unsigned = git(root, "rev-parse", "HEAD")
    git(root, "reset", "--quiet", "--hard", base)
    settings = ("-c", "gpg.format=ssh", "-c", f"user.signingkey={ring['eve']}")
    git(root, *settings, "merge", "-S", "--quiet", "--no-ff", "--no-edit", "v1")
    signed = git(root, "rev-parse", "HEAD")
    assert b"\nmergetag object" in raw(root, unsigned)
    assert b"\nmergetag object" in raw(root, signed)
    assert keys.signer(root, [unsigned, signed], people, Verifier()) == {signed: "eve"}


def headers(root: Path, tip: str) -> tuple[bytes, bytes, bytes]:
    """A signed commit: what stands before its signature, the signature, and the rest."""
    head, _, message = raw(root, tip).partition(b"\n\n")
    before, _, seal = head.partition(b"\ngpgsig ")
    return before, b"\ngpgsig " + seal, b"\n\n" + message


ALTERED = {
    "as it was": (lambda before, seal, rest: before + seal + rest, True),
    "a signature of the other hash function": (
        lambda before, seal, rest: before + seal + b"\ngpgsig-sha256 x\n y" + rest,
        True,
    ),
    "that one first": (
        lambda before, seal, rest: before + b"\ngpgsig-sha256 x\n y" + seal + rest,
        True,
    ),
    "two signatures": (lambda before, seal, rest: before + seal + seal + rest, False),
    "a look-alike header": (
        lambda before, seal, rest: before + seal + b"\ngpgsigx y" + rest,
        False,
    ),
    "only that of the other hash function": (
        lambda before, seal, rest: before + seal.replace(b"gpgsig", b"gpgsig-sha256") + rest,
        False,
    ),
    "a header added": (lambda before, seal, rest: before + b"\nx y" + seal + rest, False),
    "a line continued": (lambda before, seal, rest: before + b"\n more" + seal + rest, False),
    "the signature in the message": (lambda before, seal, rest: before + rest + seal, False),
    "the signature inside another header": (
        lambda before, seal, rest: before + b"\nx y" + seal.replace(b"\n", b"\n ") + rest,
        False,
    ),
    "a zero byte behind": (lambda before, seal, rest: before + seal + rest + b"\0x", False),
    "no message": (lambda before, seal, _: before + seal + b"\n", False),
}


@pytest.mark.parametrize(("alter", "counts"), ALTERED.values(), ids=ALTERED)
def test_only_what_git_would_have_signed_counts(alter, counts, root, ring, people):
    tip = signed_by(root, ring["ann"])
    altered = stored(root, alter(*headers(root, tip)))
    found = keys.signer(root, [altered], people, Verifier())
    assert found == ({altered: "ann"} if counts else {})


def test_a_repository_of_long_ids_is_read_alike(tmp_path, ring, people):
    root = tmp_path / "long"
    root.mkdir()
    git(root, "init", "--quiet", "--object-format=sha256", "--initial-branch", "main")
    below = commit(root)
    tip = signed_by(root, ring["bob"])
    assert len(tip) == 64
    assert keys.signer(root, [below, tip], people, Verifier()) == {tip: "bob"}


def test_a_replaced_commit_is_judged_by_its_own_bytes(root, ring, people):
    tip = signed_by(root, ring["ann"])
    plain = commit(root)
    git(root, "replace", plain, tip)
    assert keys.signer(root, [plain, tip], people, Verifier()) == {tip: "ann"}


@pytest.mark.parametrize("name", ["HEAD", "main", "abc", "", f"{'0' * 40}\n{'0' * 40}", "A" * 40])
def test_only_full_ids_are_looked_up(name, root, people):
    commit(root)
    with pytest.raises(CouldNotJudge, match="is not the id of a commit"):
        keys.signer(root, [name], people, Verifier())


def test_an_id_of_something_else_or_nothing_is_no_unsigned_commit(root, people):
    tip = commit(root)
    for other in ("0" * 40, git(root, "rev-parse", f"{tip}^{{tree}}")):
        with pytest.raises(CouldNotJudge, match=f"{other} is no commit of this clone"):
            keys.signer(root, [tip, other], people, Verifier())


def test_signers_are_found_through_the_cache(root, ring, people, cache, runs):
    tips = [signed_by(root, ring[person], person) for person in KINDS]
    before = runs()
    first = keys.signer(root, tips, people, Verifier(cache))
    assert runs() == before + 3
    assert keys.signer(root, tips, people, Verifier(cache)) == first
    assert runs() == before + 3
