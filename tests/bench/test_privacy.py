"""The corpus that measures the search is one the search does well on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import privacy


def test_identifiers_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(privacy, "CELLS", 120)
    kept = privacy._found(tmp_path)
    assert kept, capsys.readouterr().out


def test_pseudonyms_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "ROWS", 1000)
    assert privacy._speed(tmp_path, 1) in {True, False}
