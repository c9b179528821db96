"""Fixtures of whole repositories on disk: templates made once per run, copied per test."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that all processes of this run see; DVC keeps its notes there, not in the home."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_SITE_CACHE_DIR", str(folder / "dvc"))
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        _let_dvc_follow()
        yield folder


class _Current:
    """Standard output or error as it is at the moment of writing, not of importing."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(sys, self._name), name)


def _let_dvc_follow() -> None:
    """Lets DVC's loggers write where pytest looks in each test."""
    import dvc.logger  # noqa: F401, PLC0415 - makes the handlers

    for name in ("dvc", "dvc_objects", "dvc_data"):
        for handler in logging.getLogger(name).handlers:
            stream = "stderr" if handler.level >= logging.WARNING else "stdout"
            handler.stream = _Current(stream)  # type: ignore[attr-defined]


@pytest.fixture
def bare(shared: Path, tmp_path: Path) -> Path:
    """A repository into which nothing has landed."""
    return small.copied(small.template(shared, small.bare), tmp_path / "bare")


@pytest.fixture
def landed(shared: Path, tmp_path: Path) -> Path:
    """A repository with landed data, never trained."""
    return small.copied(small.template(shared, small.landed), tmp_path / "landed")


@pytest.fixture
def ran(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository after every step, which is the current folder as well."""
    root = small.copied(small.template(shared, small.ran), tmp_path / "ran")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def trained(shared: Path, tmp_path: Path) -> Path:
    """A repository whose models are trained and committed."""
    return small.copied(small.template(shared, small.trained), tmp_path / "trained")


@pytest.fixture(scope="module")
def still(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with landed data, for tests that leave it as it is and assert so."""
    folder = tmp_path_factory.mktemp("still")
    return small.copied(small.template(shared, small.landed), folder / "landed")
