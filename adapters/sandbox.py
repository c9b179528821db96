"""A command without network and without sight of other processes, as far as the machine allows.

Linux gives both to any user through namespaces. Where they are switched off, Python itself is
kept from opening connections, which stops mistakes and not a determined program: the result says
which of the two it was.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

_NAMESPACES: Final = (
    ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc"),
    ("unshare", "--map-root-user", "--net"),
)
_LOOPBACK: Final = 'ip link set lo up 2>/dev/null; exec "$@"'
"""An engine that talks to itself needs the loopback, which a new namespace has switched off."""
_BLOCKED: Final = """\
import socket


class _Refused(socket.socket):
    def connect(self, address):
        self._local(address)
        return super().connect(address)

    def connect_ex(self, address):
        self._local(address)
        return super().connect_ex(address)

    def sendto(self, data, *rest):
        self._local(rest[-1])
        return super().sendto(data, *rest)

    def _local(self, address):
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise PermissionError("a replay has no network")


socket.socket = _Refused
"""
"""What Python loads before anything else in a command that has no namespace."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How commands are kept apart: `prefix` stands before each, `extra` before its PYTHONPATH."""

    prefix: tuple[str, ...]
    extra: str
    about: str

    def run(
        self, command: Sequence[str], folder: Path, variables: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """A command that ended, in a folder, with these variables and no others."""
        paths = [self.extra, variables.get("PYTHONPATH", "")]
        given = {**variables, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        return subprocess.run(
            [*self.prefix, *command], cwd=folder, env=given, capture_output=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """The best sandbox this machine gives."""
    for prefix in _NAMESPACES:
        if _works(prefix):
            yield Sandbox(
                (*prefix, "sh", "-c", _LOOPBACK, "sh"), "",
                "no network: the steps ran in a network namespace of their own",
            )  # fmt: skip
            return
    with tempfile.TemporaryDirectory(prefix="charter-blocked-") as folder:
        Path(folder, "sitecustomize.py").write_text(_BLOCKED, encoding="utf-8")
        yield Sandbox(
            (), folder,
            "network refused by Python only: this machine gives no namespaces, so a step that"
            " wants to can go round it",
        )  # fmt: skip


@cache
def _works(prefix: tuple[str, ...]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    done = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return done.returncode == 0
