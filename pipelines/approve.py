"""Approving offline: a person's key signs a statement, which becomes a record."""

from __future__ import annotations

import difflib
import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal

from adapters import git, keys
from adapters.opinions import made_with
from governance import catalogue, opinions, statement
from governance.approvals import Approvals
from governance.changeset import CHANGE, Opinion
from governance.declaration import Declared
from governance.records import Approval
from governance.roles import Key, Roles
from pipelines.append import append, loads, real
from pipelines.inputs import Refused

Said = Literal["approve", "reject", "withdraw", "break-glass"]
FOLDER: Final = "records/approvals"
_LONGEST: Final = 75
"""Characters of person and role in a record's name, which holds 100 in all."""
_SEAL: Final = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"
"""Stands for the signature while nobody has been asked for one."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A person and the key they sign with. `path` is None for a key that only an agent holds."""

    person: str
    public: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Matter:
    """What is spoken about, and under which law. `settled` are the records of the base."""

    subject: str
    digest: str
    base: str
    branch: str
    roles: Roles
    policy: Approvals
    settled: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says about it."""

    role: str
    said: Said
    because: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A record before it is signed."""

    path: str
    identity: str
    statement: str


def find_signer(  # noqa: PLR0913 - the law, the day, and what the person said of their key
    root: Path, roles: Roles, day: date, *, base: str, key: Path | None = None,
    person: str | None = None,
) -> Signer:  # fmt: skip
    """Who signs: the person of the base to whom the key belongs.

    Args:
        root: top of the repository, whose Git settings may name a key.
        roles: people and keys of the base.
        day: the day of signing.
        base: what people call the base.
        key: a key file; else Git's signing key, else the one declared key in `~/.ssh` or the agent.
        person: who it has to be.

    Raises:
        Refused: the key is nobody's, of several people, or does not count on that day.
        CouldNotJudge: there is no such key file.
    """
    if person is not None and person not in roles.people:
        raise Refused(_nobody(person, roles, base))
    if key is not None:
        path = key.expanduser().absolute()
        return _owner(Signer("", keys.public_of(path), path), roles, day, base, person)
    if (found := _configured(root)) is not None:
        return _owner(found, roles, day, base, person)
    return _at_home(roles, day, base, person)


def _nobody(person: str, roles: Roles, base: str) -> str:
    near = difflib.get_close_matches(person, list(roles.people), 1)
    fix = f"did you mean {near[0]}?" if near else "people are the keys below `people`"
    return f"{person} is nobody in policies/roles.yaml of {base}\n  fix: {fix}"


def _configured(root: Path) -> Signer | None:
    """The key Git signs commits with, when that is an SSH key."""
    listing = git.run(root, "config", "--null", "--list").decode(errors="replace").split("\0")
    settings = dict(entry.partition("\n")[::2] for entry in listing)
    value = settings.get("user.signingkey", "").removeprefix("key::")
    if settings.get("gpg.format") != "ssh" or not value:
        return None
    if value.startswith(("ssh-", "ecdsa-", "sk-")):
        return Signer("", " ".join(value.split()[:2]), None)
    path = Path(value).expanduser().absolute()
    return Signer("", keys.public_of(path), path)


def _at_home(roles: Roles, day: date, base: str, person: str | None) -> Signer:
    """The one key of `~/.ssh` or the agent that the base declares; of several, today's."""
    found: list[Signer] = []
    for path in sorted(Path("~/.ssh").expanduser().glob("*.pub")):
        public = " ".join(path.read_text(errors="replace").split()[:2])
        if owners := [p for p in _owners(public, roles) if person in {None, p}]:
            found.append(Signer(owners[0], public, path.with_suffix("")))
    known = {signer.public for signer in found}
    for public in _offered():
        owners = [p for p in _owners(public, roles) if person in {None, p}]
        if owners and public not in known:
            found.append(Signer(owners[0], public, None))
    fit = [s for s in found if _declared(s.public, s.person, roles).active(day)] or found
    if not fit:
        msg = (
            f"no key in ~/.ssh or an agent is declared in policies/roles.yaml of {base}"
            f"{f' for {person}' if person else ''}\n"
            "  fix: name yours with --key, or have it added to your entry there"
        )
        raise Refused(msg)
    if len(fit) > 1:
        some = ", ".join(f"{signer.path or 'in the agent'} ({signer.person})" for signer in fit)
        msg = f"several keys could sign: {some}\n  fix: name one with --key"
        raise Refused(msg)
    return _owner(fit[0], roles, day, base, person)


def _offered() -> tuple[str, ...]:
    """Public keys the agent holds; none where no agent answers."""
    if not os.environ.get("SSH_AUTH_SOCK"):
        return ()
    try:
        done = subprocess.run(
            ["ssh-add", "-L"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    lines = done.stdout.decode(errors="replace").splitlines() if done.returncode == 0 else []
    return tuple(dict.fromkeys(" ".join(line.split()[:2]) for line in lines))


def _owners(public: str, roles: Roles) -> list[str]:
    return [
        person
        for person, human in roles.people.items()
        if any(key.public.rstrip("=") == public.rstrip("=") for key in human.keys)
    ]


def _declared(public: str, person: str, roles: Roles) -> Key:
    mine = roles.people[person].keys
    return next(key for key in mine if key.public.rstrip("=") == public.rstrip("="))


def _owner(found: Signer, roles: Roles, day: date, base: str, person: str | None) -> Signer:
    """The signer once it is known whose key it is."""
    owners = _owners(found.public, roles)
    name = Key.model_construct(public=found.public, valid_from=day).fingerprint
    where = f"policies/roles.yaml of {base}"
    if not owners:
        msg = (
            f"the key {name} is nobody's in {where}\n"
            f"  fix: add it to your entry: keys: [{{public: {found.public}, "
            f'valid_from: "{day}"}}]; that change needs approval like any other'
        )
        raise Refused(msg)
    if person is not None and person not in owners:
        msg = f"the key {name} belongs to {', '.join(owners)}, not to {person}, in {where}"
        raise Refused(f"{msg}\n  fix: name a key of {person} with --key")
    if person is None and len(owners) > 1:
        msg = f"the key {name} belongs to {', '.join(owners)} in {where}"
        raise Refused(f"{msg}\n  fix: say who signs with --as")
    who = person or owners[0]
    key = _declared(found.public, who, roles)
    if day < key.valid_from:
        raise Refused(f"the key {name} of {who} counts from {key.valid_from} only, in {where}")
    if key.valid_until is not None and day > key.valid_until:
        msg = f"the key {name} of {who} expired on {key.valid_until}, in {where}"
        raise Refused(f"{msg}\n  fix: declare a new key there, and sign with it")
    return Signer(who, found.public, found.path)


def find_role(
    given: str | None, person: str, roles: Roles, day: date, usable: tuple[str, ...]
) -> str:
    """The role a person speaks in: the one named, else the only one that could count.

    Raises:
        Refused: they do not hold it, or several could be meant.
    """
    held = roles.held_by(person, day)
    holds = f"{person} holds {', '.join(held) or 'no role'} on {day}"
    if given is not None and given not in roles.roles:
        near = difflib.get_close_matches(given, list(roles.roles), 1)
        fix = f"did you mean {near[0]}?" if near else f"known: {', '.join(roles.roles)}"
        raise Refused(f"no role is called {given}; {holds}\n  fix: {fix}")
    if given is not None and given not in held:
        raise Refused(f"{person} does not hold {given}; {holds}")
    if given is not None:
        return given
    fit = usable or held
    if not fit:
        raise Refused(f"{holds}, so nothing they sign counts")
    if len(fit) > 1:
        raise Refused(f"{holds}\n  fix: say in which role with --role: {' or '.join(fit)}")
    return fit[0]


def spoken(root: Path, matter: Matter, now: datetime) -> tuple[Opinion, ...]:
    """Signed opinions about a subject that lie in the work tree, those that do not count too.

    Raises:
        CouldNotJudge: ssh-keygen is missing or did not finish.
    """
    real(root, f"{FOLDER}/x")
    signed = []
    for file in sorted((root / FOLDER).glob("*.yaml")):
        path = f"{FOLDER}/{file.name}"
        if file.is_symlink() or catalogue.kind_of(path) is None:
            continue
        value, _, _ = catalogue.read(path, file.read_bytes())
        if isinstance(value, Approval):
            found = opinions.statement_of(Declared(path, value))
            if found.statement is not None and found.statement.about == matter.subject:
                signed.append(found)
    made = made_with(signed, matter.roles, keys.Verifier().verify_many)
    heard = [
        opinions.recorded(
            item, made[item.record.path], roles=matter.roles, policy=matter.policy,
            branch=matter.branch, now=now, settled=item.record.path in matter.settled,
        )
        for item in signed
    ]  # fmt: skip
    return tuple(opinion for opinion in heard if opinion is not None)


def said_already(said: Iterable[Opinion], person: str, word: Word, seen: str) -> Opinion | None:
    """The opinion that says just this and still stands.

    Raises:
        Refused: the person said something later than that: nobody could tell which is newer.
    """
    mine = sorted(
        (
            o for o in said
            if o.person == person and o.invalid is None
            and (o.said == "break-glass") == (word.said == "break-glass")
        ),
        key=lambda o: o.at,
        reverse=True,
    )  # fmt: skip
    for opinion in mine:
        if (opinion.said, opinion.digest, opinion.role) == (word.said, seen, word.role):
            return opinion
        if {opinion.said, word.said} != {"approve"} or opinion.role == word.role:
            break
    for opinion in mine[:1]:
        if opinion.at > word.at or (opinion.at == word.at and opinion.said != word.said):
            msg = (
                f"{opinion.source} is signed at {opinion.at:%Y-%m-%dT%H:%M:%SZ}, which is not"
                " before now: nobody could tell which word is newer\n"
                "  fix: wait a second, or set the clock"
            )
            raise Refused(msg)
    return None


def refuse_idle(  # noqa: PLR0913 - who, on what, and by whose law
    said: Iterable[Opinion], person: str, spelled: str, roles: Roles, policy: Approvals, day: date
) -> None:
    """Nothing; the person said something that stands and that they can take back.

    Raises:
        Refused: they did not.
    """
    standing: dict[str, Opinion] = {}
    for opinion in sorted(said, key=lambda o: o.at):
        if opinion.invalid is None and opinion.person is not None:
            standing[opinion.person] = opinion
    mine = standing.pop(person, None)
    if mine is not None and mine.said != "withdraw":
        return
    msg = f"{person} said nothing about {spelled} that could be withdrawn"
    others = sorted(who for who, opinion in standing.items() if opinion.said == "reject")
    able = sorted({*roles.held_by(person, day)} & {*policy.lifts})
    if others and able:
        msg += (
            f"; an objection cannot be lifted offline\n  fix: {' and '.join(others)} withdraws it,"
        )
        msg += f" or a holder of {' or '.join(able)} dismisses it at the forge"
    else:
        msg += "\n  fix: `charter approvals` shows what was said"
    raise Refused(msg)


def draft(root: Path, matter: Matter, signer: str, word: Word) -> Draft:
    """The record as it will be, all but its signature.

    Raises:
        Refused: it would not load.
    """
    at = f"{word.at:%Y-%m-%dT%H:%M:%SZ}"
    while True:
        nonce = secrets.token_hex(16)
        who = f"{signer}-{word.role}"[:_LONGEST].rstrip("-._")
        seen = matter.digest.removeprefix("sha256:")[:8]
        identity = f"{word.at:%Y-%m-%d}-{who}-{seen}-{nonce[:4]}"
        path = f"{FOLDER}/{identity}.yaml"
        if not os.path.lexists(root / path):
            break
    text = statement.text(
        matter.subject, matter.digest,
        {
            "repository": matter.policy.repository, "branch": matter.branch,
            "base": matter.base, "by": signer, "role": word.role, "said": word.said,
            "because": word.because, "at": at, "nonce": nonce,
        },
    )  # fmt: skip
    made = Draft(path, identity, text)
    _check(made, at, _SEAL)
    return made


def _check(made: Draft, at: str, seal: str) -> str:
    """The text of the record, once it is certain that it says what was meant."""
    whole = render(made.identity, at, made.statement, seal)
    value = loads(made.path, whole)
    assert isinstance(value, Approval)  # noqa: S101 - of its place
    read = opinions.statement_of(Declared(made.path, value))
    if value.statement != made.statement or read.statement is None:
        msg = f"the statement cannot be kept as it is: {read.problem or 'YAML would change it'}"
        raise Refused(f"{msg}\n  fix: write --because in plain words")
    return whole


def render(identity: str, at: str, text: str, signature: str) -> str:
    """An approval record as the strict loader accepts it."""
    seal = "".join(f"  {line}\n" for line in signature.strip().splitlines())
    return (
        "# yaml-language-server: $schema=../../schemas/approval.json\n"
        f"id: {json.dumps(identity)}\nat: {json.dumps(at)}\n"
        f"statement: |-\n  {text}\nsignature: |-\n{seal}"
    )


def refuse_reason(because: str) -> None:
    """Nothing; the words say something, in text that can be kept.

    Raises:
        Refused: they are blank, or no text.
    """
    if not any(character.isalnum() for character in because):
        msg = "--because says nothing\n  fix: say why, for those who read it in a year"
        raise Refused(msg)
    try:
        because.encode()
    except UnicodeEncodeError:
        msg = "--because holds bytes that are no text\n  fix: write it in UTF-8"
        raise Refused(msg) from None


def sign(
    root: Path, made: Draft, signer: Signer, at: datetime,
    with_key: Callable[[bytes, Path | str, str], str] = keys.sign,
) -> None:  # fmt: skip
    """Asks for the signature and writes the record.

    Raises:
        CouldNotJudge: the key could not sign.
        Refused: the signature does not verify with the declared key.
    """
    data = made.statement.encode()
    with tempfile.TemporaryDirectory(prefix="charter-") as folder:
        path = signer.path
        if path is None:
            path = Path(folder, "key.pub")
            path.write_text(f"{signer.public}\n")
        signature = with_key(data, path, statement.NAMESPACE)
    publics = (signer.public,)
    verifier = keys.Verifier()
    if not verifier.verify(data, signature, signer.person, publics, statement.NAMESPACE):
        msg = f"the signature is not by {signer.public}\n  fix: name the right key with --key"
        raise Refused(msg)
    append(root, made.path, _check(made, f"{at:%Y-%m-%dT%H:%M:%SZ}", signature))


def about(subject: str, seen: str) -> str:
    """A subject with its digest, short enough to read aloud."""
    short = seen.removeprefix("sha256:")[:12]
    return f"the change {short}" if subject == CHANGE else f"{subject} at {short}"
