"""People's SSH keys: signing with one, and finding out whose key made a signature.

OpenSSH does the cryptography, so keys in an agent and on a token work like those in a file. Which
keys are whose comes from the caller, who reads it from the base; nothing that a commit or an
agent says about names counts.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from adapters import files, git
from governance.finding import CouldNotJudge

COMMITS: Final = "git"
"""The namespace in which Git signs commits."""

_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----"
_END: Final = "-----END SSH SIGNATURE-----"
_PREAMBLE: Final = b"SSHSIG\0\0\0\1"  # magic and version; PROTOCOL.sshsig of OpenSSH
_LONGEST: Final = 1 << 16
"""Characters of the longest signature looked at; an RSA key of 16384 bits needs a tenth."""

_VERSION: Final = "1"
_MAGIC: Final = f"charter signatures {_VERSION}\n".encode()
_ENTRY: Final = 33
_KEPT: Final = 20_000
"""Answers a cache file holds at most, those of the last run first."""

_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PERSON: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
_NAMESPACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@_-]*")
_HEADERS: Final = {40: b"gpgsig", 64: b"gpgsig-sha256"}

_CHATTER: Final = ("Signing file ", "Write signature to ")
_UNREAD: Final = (
    "Couldn't read signature file",
    "Unable to open allowed keys file",
    "memory allocation failed",
    "unknown or unsupported key type",  # of the declared key: this ssh-keygen is too old for it
)
"""What ssh-keygen says when it refuses a signature without having judged it."""
_NO_KEY: Final = re.compile(
    r"^Couldn't load public key |^Load key .*: (?:invalid format|error in libcrypto)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Job:
    """A question: did one of a person's keys sign this text for this purpose?"""

    text: bytes
    signature: str
    person: str
    publics: tuple[str, ...]
    namespace: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What a commit's signature covers, and the signature in its armour."""

    payload: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class _Seal:
    """A signature taken apart: the key it names, the purpose it names, all its bytes."""

    public: bytes
    namespace: str
    blob: bytes

    @property
    def armour(self) -> str:
        """The text ssh-keygen reads, made anew: both readers see the same signature."""
        text = base64.b64encode(self.blob).decode()
        lines = [text[start : start + 70] for start in range(0, len(text), 70)]
        return "\n".join([_BEGIN, *lines, _END, ""])


def sign(text: bytes, key: Path | str, namespace: str) -> str:
    """The signature of `text` in its armour; the terminal asks for a passphrase, PIN or touch.

    Args:
        text: what is signed.
        key: a private key file, or a public one whose private half is beside it or in the agent.
        namespace: what the signature is for; it counts for nothing else.

    Raises:
        CouldNotJudge: there is no such key, the agent has not its private half, the passphrase is
            wrong, or ssh-keygen is missing.
    """
    path = _located(key)
    _plain(namespace, _NAMESPACE, "a namespace")
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        target = Path(folder, "text")
        target.write_bytes(text)
        _asking("-Y", "sign", "-f", str(path), "-n", namespace, str(target), key=path)
        return Path(folder, "text.sig").read_text("ascii")


def public_of(key: Path | str) -> str:
    """Type and base64 text of a key, without comment, whichever half the file holds.

    Raises:
        CouldNotJudge: there is no such key, or ssh-keygen is missing.
    """
    path = _located(key)
    said = _asking("-e", "-m", "RFC4716", "-f", str(path), key=path)
    text = "".join(line for line in said.splitlines() if not line.startswith(("----", "Comment:")))
    return _public(base64.b64decode(text))


class Verifier:
    """Says which key made a signature; remembers what ssh-keygen answered.

    An entry of the cache is found by the SHA-256 of all that the answer depends on and holds one
    bit. Purpose and key are compared in every run. Whoever can write the file can forge an answer:
    keep it in the repository's own Git folder, and judge what must hold without one.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._known = _read(path) if path else {}

    def verify(
        self, text: bytes, signature: str, person: str, publics: tuple[str, ...], namespace: str
    ) -> str | None:
        """The one of a person's public keys that signed `text` for `namespace`, else None.

        Raises:
            CouldNotJudge: ssh-keygen is missing or did not finish.
        """
        return self.verify_many([Job(text, signature, person, publics, namespace)])[0]

    def verify_many(self, jobs: Iterable[Job]) -> list[str | None]:
        """The answers to several questions in their order; new ones are kept.

        Raises:
            CouldNotJudge: ssh-keygen is missing or did not finish.
        """
        questions = [_question(job) for job in jobs]
        new = {asked.id: asked for asked in questions if asked and asked.id not in self._known}
        if new:
            with ThreadPoolExecutor(min(len(new), os.cpu_count() or 1)) as pool:
                found = dict(zip(new, pool.map(_answer, new.values()), strict=True))
            answers = self._known | found
            used = {asked.id: answers[asked.id] for asked in questions if asked}
            self._known = used | answers
            self._save()
        return [asked.public if asked and self._known[asked.id] else None for asked in questions]

    def _save(self) -> None:
        """Writes the answers; a folder that cannot be written costs only time."""
        if self.path is None:
            return
        kept = list(self._known.items())[:_KEPT]
        body = b"".join(key + bytes([answer]) for key, answer in kept)
        try:
            files.write(self.path, _MAGIC + hashlib.sha256(body).digest() + body)
        except OSError:
            return


def commit_signatures(root: Path, commits: Iterable[str]) -> dict[str, Signed | None]:
    """What each commit's SSH signature covers, by commit id; None without one.

    Raises:
        CouldNotJudge: an id names no commit of this clone.
    """
    wanted = list(dict.fromkeys(commits))
    for commit in wanted:
        _plain(commit, _COMMIT, "the id of a commit")
    if not wanted:
        return {}
    stream = git.run(root, "cat-file", "--batch", data="".join(f"{c}\n" for c in wanted).encode())
    found: dict[str, Signed | None] = {}
    position = 0
    for commit in wanted:
        end = stream.index(b"\n", position)
        fields = stream[position:end].split()
        if fields[:2] != [commit.encode(), b"commit"]:
            msg = f"{commit} is no commit of this clone: it is shallow, partial or damaged"
            raise CouldNotJudge(msg)
        start, size = end + 1, int(fields[2])
        found[commit] = _split(stream[start : start + size], _HEADERS[len(commit)])
        position = start + size + 1
    return found


def signer(
    root: Path, commits: Iterable[str], people: Mapping[str, tuple[str, ...]], verifier: Verifier
) -> dict[str, str]:
    """Who signed each commit, by commit id; a commit signed with nobody's key is left out.

    Each commit speaks for itself: a signature says nothing about the parents. A key of several
    people tells them apart no more than a shared password, so it is nobody's.

    Args:
        root: the repository.
        commits: full ids.
        people: public keys of each person, as the base declares them.
        verifier: checks the signatures.
    """
    holders: dict[bytes, set[str]] = {}
    for person, publics in people.items():
        for public in publics:
            if blob := _blob(public):
                holders.setdefault(blob, set()).add(person)
    jobs: dict[str, Job] = {}
    for commit, signed in commit_signatures(root, commits).items():
        seal = _parse(signed.signature) if signed else None
        if signed is None or seal is None or len(who := holders.get(seal.public, set())) != 1:
            continue
        (person,) = who
        jobs[commit] = Job(signed.payload, signed.signature, person, people[person], COMMITS)
    answers = verifier.verify_many(jobs.values())
    return {
        commit: job.person
        for (commit, job), public in zip(jobs.items(), answers, strict=True)
        if public
    }


@dataclass(frozen=True, slots=True)
class _Question:
    """What is left to ask ssh-keygen once purpose and key are right."""

    id: bytes
    job: Job
    seal: _Seal
    public: str


def _question(job: Job) -> _Question | None:
    """What ssh-keygen must answer; None when purpose or key are wrong already."""
    _plain(job.person, _PERSON, "the id of a person")
    _plain(job.namespace, _NAMESPACE, "a namespace")
    seal = _parse(job.signature)
    if seal is None or seal.namespace != job.namespace:
        return None
    declared = [public for public in job.publics if _blob(public) == seal.public]
    if not declared:
        return None
    parts = (_VERSION, job.person, job.namespace, job.signature, *sorted(job.publics))
    found = hashlib.sha256()
    for part in (job.text, *(part.encode() for part in parts)):
        found.update(len(part).to_bytes(8, "big") + part)
    return _Question(found.digest(), job, seal, declared[0])


def _answer(asked: _Question) -> bool:
    """Whether ssh-keygen finds the signature good; it is told of the one key that may be."""
    person, namespace = asked.job.person, asked.job.namespace
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        allowed, seal = Path(folder, "allowed"), Path(folder, "signature")
        allowed.write_text(f'{person} namespaces="{namespace}" {_public(asked.seal.public)}\n')
        seal.write_text(asked.seal.armour)
        options = ["-f", str(allowed), "-I", person, "-n", namespace, "-s", str(seal)]
        try:
            done = subprocess.run(
                ["ssh-keygen", "-Y", "verify", *options],
                input=asked.job.text,
                capture_output=True,
                check=False,
                env=_environment(),
            )
        except OSError as error:
            _missing(error)
    said, trouble = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode == 0 and said.startswith(f'Good "{namespace}" signature for {person} with '):
        return True
    judged = done.returncode > 0 and said.startswith("Could not verify signature.")
    if not judged or any(words in trouble for words in _UNREAD):
        msg = f"ssh-keygen judged no signature (exit {done.returncode}): {_last(trouble)}"
        raise CouldNotJudge(msg)
    return False


def _environment() -> dict[str, str]:
    """The process environment with everything removed that could reach agents and other code."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SSH_", "OPENSSL_"))}
    return kept | {"LC_ALL": "C"}


def _asking(*arguments: str, key: Path) -> str:
    """Standard output of ssh-keygen, which asks at the terminal and never eats a pipe's input."""
    try:
        process = subprocess.Popen(
            ["ssh-keygen", *arguments],
            stdin=None if os.isatty(0) else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"LC_ALL": "C"},
        )
    except OSError as error:
        _missing(error)
    said = []
    with process:
        for line in process.stderr or ():
            said.append(line)
            if line.startswith("Confirm "):  # a token waits for a touch: this line must not wait
                sys.stderr.write(line)
                sys.stderr.flush()
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise CouldNotJudge(_reason("".join(said), key))
    return output


def _reason(said: str, key: Path) -> str:
    """Why ssh-keygen would not work with a key, and what to do."""
    if "No private key found for" in said and "UNPROTECTED" not in said:
        agent = "the agent does not hold it" if "SSH_AUTH_SOCK" in os.environ else "no agent runs"
        return f"the private half of {key} is not beside it and {agent}: add it with ssh-add"
    if "incorrect passphrase" in said:
        if _can_ask():
            return f"wrong passphrase for {key}"
        return f"{key} has a passphrase and no terminal can ask for it: add it with ssh-add"
    if "UNPROTECTED" in said:
        return f"others may read {key}, so ssh-keygen refuses it: chmod 600 it, if it is a key"
    if _NO_KEY.search(said):
        return f"{key} is no SSH key"
    return f"ssh-keygen cannot use {key}: {_last(said)}"


def _can_ask() -> bool:
    if os.isatty(0) or "SSH_ASKPASS" in os.environ:
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith(_CHATTER)]
    return lines[-1].strip() if lines else "it said nothing"


def _missing(error: OSError) -> NoReturn:
    if isinstance(error, FileNotFoundError):
        msg = "ssh-keygen is not installed (package openssh-client)"
    else:
        msg = f"ssh-keygen does not start: {error}"
    raise CouldNotJudge(msg) from None


def _located(key: Path | str) -> Path:
    """Where a key lies; of a key in an agent, only the public half need be there."""
    path = Path(key).expanduser().absolute()
    if not path.is_file() and not Path(f"{path}.pub").is_file():
        msg = f"there is no key {path}"
        raise CouldNotJudge(msg)
    return path


def _plain(value: str, pattern: re.Pattern[str], meaning: str) -> None:
    """Refuses what could mean more than itself in a list of signers or of objects."""
    if not pattern.fullmatch(value):
        msg = f"{value!r} is not {meaning}"
        raise CouldNotJudge(msg)


def _parse(signature: str) -> _Seal | None:
    """A signature taken apart; None for anything else, or anything around it but space."""
    if len(signature) > _LONGEST:
        return None
    first, *lines = signature.strip().split("\n")
    if first != _BEGIN or not lines or lines.pop() != _END:
        return None
    try:
        blob = base64.b64decode("".join(lines), validate=True)
        public, namespace, _, _, _ = _strings(blob.removeprefix(_PREAMBLE))
        _public(public)
        name = namespace.decode("ascii")
    except ValueError:
        return None
    return _Seal(public, name, blob) if blob.startswith(_PREAMBLE) else None


def _strings(data: bytes) -> Iterator[bytes]:
    """The strings of SSH's wire form, each behind its length.

    Raises:
        ValueError: the bytes end inside one.
    """
    position = 0
    while position < len(data):
        start = position + 4
        position = start + int.from_bytes(data[position:start], "big")
        if start > len(data) or position > len(data):
            msg = "a string is cut off"
            raise ValueError(msg)
        yield data[start:position]


def _public(blob: bytes) -> str:
    """A key as type and base64 text.

    Raises:
        ValueError: it names no type.
    """
    kind = next(_strings(blob), b"").decode("ascii")
    if not re.fullmatch(r"[a-z0-9@.-]+", kind):
        msg = "a key without a type"
        raise ValueError(msg)
    return f"{kind} {base64.b64encode(blob).decode()}"


def _blob(public: str) -> bytes | None:
    """The bytes of a declared key; None when it is none."""
    kind, _, text = public.partition(" ")
    text = text.rstrip("=")
    try:
        blob = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        return blob if _public(blob).startswith(f"{kind} ") else None
    except ValueError:
        return None


def _split(commit: bytes, header: bytes) -> Signed | None:
    """A commit without its signatures, as Git signs it, and its SSH signature.

    Git leaves out the signatures of both hash functions before it signs. Lines that begin with a
    space belong to the header above them, so a merged tag's own signature is none of this commit.
    """
    head, gap, message = commit.partition(b"\n\n")
    kept: list[bytes] = []
    found: dict[bytes, list[bytes]] = {}
    name = b""
    for line in head.split(b"\n"):
        if line.startswith(b" ") and name in found:
            found[name].append(line[1:])
            continue
        if not line.startswith(b" "):
            name, _, value = line.partition(b" ")
            if name.startswith(b"gpgsig"):
                if name in found or name not in _HEADERS.values():
                    return None  # Git would join or drop them: nobody can say what was signed
                found[name] = [value]
                continue
        kept.append(line)
    signature = b"\n".join(found.get(header, ()))
    if not signature.startswith(_BEGIN.encode()) or not signature.isascii():
        return None
    return Signed(b"\n".join(kept) + gap + message, signature.decode("ascii"))


def _read(path: Path) -> dict[bytes, bool]:
    """The answers in a cache file; none when it is absent, damaged or of another version."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    start = len(_MAGIC) + 32
    body = data[start:]
    if data[:start] != _MAGIC + hashlib.sha256(body).digest():
        return {}
    return {body[at : at + 32]: bool(body[at + 32]) for at in range(0, len(body) - 32, _ENTRY)}
