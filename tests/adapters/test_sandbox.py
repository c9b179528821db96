"""What runs in the sandbox has no network, no foreign variables and sees no other process."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from adapters import sandbox as module
from adapters.sandbox import sandbox

REACH = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1" if sys.argv[2:] else "192.0.2.1", int(sys.argv[1])), 2)
except OSError as error:
    print(type(error).__name__)
else:
    print("reached")
"""


@pytest.fixture(params=["namespace", "blocked"])
def kind(request, monkeypatch):
    """The best that the machine gives, and what is left without namespaces."""
    if request.param == "blocked":
        monkeypatch.setattr(module, "_NAMESPACES", ())
    return request.param


def said(folder: Path, code: str, *arguments: str, **variables: str) -> str:
    with sandbox() as apart:
        command = [sys.executable, "-P", "-c", code, *arguments]
        done = apart.run(command, folder, {"PATH": "/usr/bin:/bin", **variables})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def test_the_world_is_out_of_reach(kind, tmp_path):
    del kind
    assert said(tmp_path, REACH, "9") in {"OSError", "PermissionError"}


def test_a_server_of_this_machine_is_out_of_reach_where_namespaces_are(tmp_path):
    if not module._works(module._NAMESPACES[1]):
        return
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert said(tmp_path, REACH, port, "here") != "reached"


def test_only_given_variables_are_seen(kind, tmp_path, monkeypatch):
    del kind
    monkeypatch.setenv("CHARTER_SECRET", "x")
    code = "import os; print('CHARTER_SECRET' in os.environ, os.environ['GIVEN'])"
    assert said(tmp_path, code, GIVEN="yes") == "False yes"


def test_other_processes_are_out_of_sight_where_namespaces_are(tmp_path):
    if not module._works(module._NAMESPACES[0]):
        return
    code = "import os; print(sum(name.isdigit() for name in os.listdir('/proc')))"
    assert int(said(tmp_path, code)) < 5


def test_what_the_sandbox_is_stands_in_the_result(kind):
    with sandbox() as apart:
        blocked = "by Python only" in apart.about
    works = any(module._works(prefix) for prefix in module._NAMESPACES)
    assert blocked is (kind == "blocked" or not works)


def test_a_command_that_ends_badly_is_told_as_such(kind, tmp_path):
    del kind
    with sandbox() as apart:
        done = apart.run([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, {})
    assert done.returncode == 3
