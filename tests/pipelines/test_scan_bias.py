"""`scan_bias` tells how groups stand in the data, with a tool somebody approved."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.inputs import Refused
from pipelines.scan_bias import scan_bias, wilson

REPORT = Path("artifacts/ml/datasets/visits/bias.json")
CONTRACT = Path("policies/datasets/visits.yaml")


def refused() -> str:
    with pytest.raises(Refused) as caught:
        scan_bias("visits")
    return str(caught.value)


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.usefixtures("ran")
def test_rates_are_those_of_the_rows() -> None:
    frame = pq.read_table(REPORT.parent / "prepared").to_pandas()
    report = json.loads(REPORT.read_text())
    assert report["tool"] == {"name": "fairlearn", "version": version("fairlearn")}
    found = report["attributes"]["sex"]["returned"]
    rates = frame.groupby("sex")["returned"].mean()
    for sex, facts in found["groups"].items():
        assert facts["label_mean"] == pytest.approx(rates[sex], abs=1e-6)
        assert facts["rows"] == int((frame["sex"] == sex).sum())
        assert facts["label_low"] < facts["label_mean"] < facts["label_high"]
    assert found["difference"] == pytest.approx(abs(rates["F"] - rates["M"]), abs=1e-6)
    assert found["smallest_group"] == int(frame["sex"].value_counts().min())


@pytest.mark.usefixtures("ran")
def test_a_version_nobody_approved_is_refused() -> None:
    change(
        Path("policies/approved_tools.yaml"), f"version: {version('fairlearn')}", "version: 0.1.0"
    )
    assert refused() == (
        f"fairlearn {version('fairlearn')} is not approved for bias detection"
        " in policies/approved_tools.yaml"
    )


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize(
    ("role", "what"), [("protected", "protected attribute"), ("label", "label")]
)
def test_a_contract_without_groups_or_labels_is_refused(role: str, what: str) -> None:
    change(CONTRACT, f", {{property: {role}, value: true}}", "")
    assert f"no {what} is declared" in refused()


@pytest.mark.parametrize(
    ("share", "rows", "low", "high"),
    [(0.0, 10, 0.0, 0.277533), (1.0, 10, 0.722467, 1.0), (0.5, 100, 0.403832, 0.596168)],
)
def test_intervals_are_those_of_wilson(share: float, rows: int, low: float, high: float) -> None:
    assert wilson(share, rows) == pytest.approx((low, high), abs=1e-5)
