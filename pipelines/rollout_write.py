"""What a rollout changes: pointer, flags and statement, each complete or untouched."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from adapters import git
from adapters.registry import Overtaken
from governance import attestation, flagd, jsontext, serving
from governance.attestation import DEPLOYMENT, OWN
from governance.deployment import OF
from governance.finding import CouldNotJudge
from governance.serving import Serving
from pipelines import attest
from pipelines.append import append, loads
from pipelines.attest import Machine
from pipelines.inputs import Refused
from pipelines.rollout_state import State, deployed, identity, moment, record_of

_TRIES: Final = 8
"""Times the flags are read again when other models are rolled out at the same moment."""


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Keeps rollouts of one clone apart.

    Raises:
        CouldNotJudge: one runs already.
    """
    folder = git.git_folder(root) / "charter"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rollout.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = "another rollout is running in this repository\n  fix: wait for it"
            raise CouldNotJudge(msg) from None
        yield


def signed(here: State, found: Serving, by: Machine) -> Serving:
    """The pointer with the statement of a machine about it."""
    what = deployed(here.release, found)
    own = {
        OF: what.model_dump(mode="json"), "at": moment(found.at), "by": by.signer.machine,
        "repository": by.law.policy.repository,
    }  # fmt: skip
    subjects = {f"model:{found.model}@{found.version}": what.digest}
    payload = attestation.stated(subjects, DEPLOYMENT, {OWN: own})
    return found.model_copy(update={"envelope": by.signer.sign(payload)})


def point(here: State, found: Serving, expected: str | None) -> str:
    """The bucket says what is served; the pointer's new mark.

    Raises:
        Overtaken: somebody else changed it since it was read.
    """
    return here.bucket.replace(serving.key(found.model), found.data, expected)


def record(root: Path, found: Serving) -> str | None:
    """The statement inside a pointer stands in the records; its path, None when it did before."""
    one = record_of(found)
    if one is None:
        return None
    text = attest.render(identity(found), moment(found.at), str(found.envelope))
    loads(one.path, text)
    try:
        append(root, one.path, text)
    except FileExistsError:
        if (root / one.path).read_text(encoding="utf-8") != text:
            msg = f"{one.path} is there and holds something else"
            raise Refused(f"{msg}\n  fix: look at it, then remove it") from None
        return None
    return one.path


def flags(here: State, found: Serving, *, dry: bool = False) -> bool:
    """The flags say what the pointer says; False when they did before.

    Raises:
        CouldNotJudge: they are no flags, or others kept changing them.
    """
    for _ in range(_TRIES):
        known = here.bucket.pointer(serving.FLAGS)
        value: Any = {}
        if known is not None:
            try:
                value = jsontext.load(known.data)
            except jsontext.Ambiguous as error:
                msg = f"{here.bucket.url}: {serving.FLAGS}: {error}"
                raise CouldNotJudge(
                    f"{msg}\n  fix: remove the file; apply writes it anew"
                ) from None
        data = jsontext.dump(flagd.merged(value if isinstance(value, dict) else {}, found))
        if known is not None and known.data == data:
            return False
        if dry:
            return True
        try:
            here.bucket.replace(serving.FLAGS, data, known.mark if known else None)
        except Overtaken:
            continue
        return True
    msg = f"{here.bucket.url}: {serving.FLAGS} keeps changing\n  fix: run the command again"
    raise CouldNotJudge(msg)
