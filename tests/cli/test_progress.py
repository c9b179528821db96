"""Progress is for people who watch."""

from __future__ import annotations

import io
import sys

import pytest

from cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work() -> None:
    with progress() as seen:
        for done in range(4):
            seen("copying", done, 3)


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    work()
    assert "copying" in terminal.getvalue()


def test_a_pipe_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
