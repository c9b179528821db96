"""The reference datasets give the same bytes of facts and of prepared files on both engines."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small

from pipelines import prepare, scan_bias, validate

NEEDED = (
    ".dvc/config", ".dvc/store", "datasets.dvc", "models", "policies", "records", "artifacts",
)  # fmt: skip
FACTS = ("validation.json", "preparation.json", "bias.json")
DATASETS = ("diabetes_progression", "payment_default")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository with its data, fetched from the store that is part of it."""
    root = tmp_path_factory.mktemp("reference") / "repository"
    for name in NEEDED:
        source, target = small.TOP / name, root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy2(source, target)
    small.git(root, "init", "--quiet")
    fetch = [sys.executable, "-m", "dvc", "pull", "--quiet", "datasets.dvc"]
    environment = small.environment() | {"DVC_SITE_CACHE_DIR": str(root.parent / "dvc")}
    subprocess.run(fetch, cwd=root, check=True, env=environment)
    return root


def facts(dataset: str) -> dict[str, str]:
    """SHA-256 of every file the data steps leave."""
    folder = Path("artifacts/ml/datasets") / dataset
    shutil.rmtree(folder, ignore_errors=True)
    validate.validate(dataset)
    prepare.prepare(dataset)
    scan_bias.scan_bias(dataset)
    files = [*(folder / name for name in FACTS), *sorted((folder / "prepared").rglob("*.parquet"))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_steps_leave_equal_bytes(
    dataset: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    spark = facts(dataset)
    assert os.environ["CHARTER_ENGINE"].startswith("spark")
    monkeypatch.setenv("CHARTER_ENGINE", "duckdb")
    assert facts(dataset) == spark
    assert len(spark) > len(FACTS)
