"""The benchmark of removals compares like with like; how fast they are is no test."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import removal


def test_both_keep_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(removal, "ROWS", 3_000)
    monkeypatch.setattr(removal, "MANY", 5_000)
    removal.run(tmp_path, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  purge / pandas: ")
    assert lines[1].startswith("  peak memory at 5,000 rows: ")
