"""`scan_bias` tells how groups stand in the data, with a tool somebody approved."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import small
from people import CONTRACT, REPORT, column, people, write

from governance.evidence import BiasScan
from pipelines import inputs, proxies
from pipelines.inputs import Refused
from pipelines.scan_bias import scan_bias, wilson

Report = dict[str, Any]
Scan = Callable[..., Report]


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scans prepared rows; what is told."""
    write(tmp_path, people())
    monkeypatch.chdir(tmp_path)

    def run(table: pa.Table | None = None) -> Report:
        write(tmp_path, people() if table is None else table)
        scan_bias("people")
        found: Report = json.loads(REPORT.read_text())
        return found

    return run


def refused(scan: Scan) -> str:
    with pytest.raises(Refused) as caught:
        scan()
    assert not REPORT.exists()
    return str(caught.value)


def change(path: Path | str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def test_the_report_names_data_and_tool(scan: Scan) -> None:
    report = scan()
    assert report["dataset_digest"] == f"sha256:{'a' * 64}"
    assert report["tool"] == {"name": "fairlearn", "version": version("fairlearn")}
    assert report["minimum_cell"] == 10
    assert inputs.read(str(REPORT), BiasScan).dataset == "people"


def test_rates_are_those_of_the_rows(scan: Scan) -> None:
    frame = people().to_pandas()
    about = scan()["attributes"]["sex"]
    assert about["groups"] == frame["sex"].value_counts().to_dict()
    gap = about["labels"]["defaulted"]
    rates = frame.groupby("sex")["defaulted"].mean()
    for sex, facts in gap["groups"].items():
        assert facts["rows"] == about["groups"][sex]
        assert facts["label_mean"] == pytest.approx(rates[sex], abs=1e-6)
        assert (facts["label_low"], facts["label_high"]) == pytest.approx(
            wilson(rates[sex], facts["rows"]), abs=1e-6
        )
    assert gap["difference"] == pytest.approx(rates["f"] - rates["m"], abs=1e-6)
    assert gap["ratio"] == pytest.approx(rates["m"] / rates["f"], abs=1e-6)


def test_means_of_numbers_have_a_difference_and_no_ratio(scan: Scan) -> None:
    frame = people().to_pandas()
    gap = scan()["attributes"]["age"]["labels"]["debt"]
    assert list(gap["groups"]) == ["30 to 60", "60 and above", "below 30"]
    debts = frame.groupby(frame["age"] < 30)["debt"]
    young = gap["groups"]["below 30"]
    half = 1.959964 * debts.std(ddof=0)[True] / math.sqrt(young["rows"])
    assert young["label_mean"] == pytest.approx(debts.mean()[True], abs=1e-5)
    assert young["label_high"] - young["label_mean"] == pytest.approx(half, abs=1e-5)
    assert gap["ratio"] is None
    assert gap["difference"] > 80


@pytest.mark.parametrize(
    ("kind", "positive"),
    [("string", ["no", "yes"]), ("boolean", [False, True]), ("integer", [1, 2])],
)
def test_a_rate_is_that_of_the_last_class(scan: Scan, kind: str, positive: list[Any]) -> None:
    old = column("defaulted", "integer", "logicalTypeOptions: {minimum: 0, maximum: 1}", label=True)
    words = ", ".join(f"{{value: {json.dumps(value)}}}" for value in positive)
    enum = [] if kind == "boolean" else [f"enum: [{words}]"]
    change(CONTRACT, old, column("defaulted", kind, *enum, label=True))
    expected = people()["defaulted"].to_pylist()
    table = small.altered(people(), defaulted=[positive[value] for value in expected])
    gap = scan(table)["attributes"]["sex"]["labels"]["defaulted"]
    rate = sum(f["label_mean"] * f["rows"] for f in gap["groups"].values()) / len(expected)
    assert rate == pytest.approx(sum(expected) / len(expected), abs=1e-6)
    assert gap["ratio"] is not None


def test_missing_values_are_counted_by_group_and_column(scan: Scan) -> None:
    frame = people().to_pandas()
    missing = frame["height"].isna().groupby(frame["sex"]).sum().to_dict()
    assert scan()["attributes"]["sex"]["missing"] == {"height": missing}


def test_no_number_is_a_missing_number(scan: Scan) -> None:
    heights = people()["height"].to_pylist()
    table = small.altered(people(), height=[math.nan if h is None else h for h in heights])
    assert scan(table) == scan(people())


def test_a_feature_that_tells_an_attribute_is_a_proxy(scan: Scan) -> None:
    found = scan()["attributes"]
    sex, age = found["sex"]["proxies"], found["age"]["proxies"]
    assert sex["height"] > 0.8
    assert age["born"] > 0.8
    others = {"age", "born", "colour", "town"}
    assert max(sex[name] for name in others) < 0.15
    assert max(age[name] for name in (others | {"sex", "height"}) - {"age", "born"}) < 0.15
    assert set(sex) == others | {"height"}, "neither labels nor names of rows"


def test_what_is_missing_can_be_a_proxy_as_well(scan: Scan) -> None:
    sexes = people()["sex"].to_pylist()
    heights = pa.array([None if sex == "f" else 1.7 for sex in sexes], pa.float64())
    assert scan(small.altered(people(), height=heights))["attributes"]["sex"]["proxies"][
        "height"
    ] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("level", ["in words that are listed", "in words that are not"])
def test_a_copy_in_words_is_the_strongest_proxy(scan: Scan, level: str) -> None:
    name = "colour" if "not" not in level else "town"
    words = {"f": "red", "m": "blue"}
    table = small.altered(people(), **{name: [words[s] for s in people()["sex"].to_pylist()]})
    assert scan(table)["attributes"]["sex"]["proxies"][name] == pytest.approx(1, abs=0.001)


def test_many_attributes_are_counted_one_by_one(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = scan()
    monkeypatch.setattr(proxies, "MOST_MEETINGS", 1)
    assert scan() == together


def test_attributes_meet_in_pairs(scan: Scan) -> None:
    frame = people().to_pandas()
    bands = ["30 to 60", "60 and above", "below 30"]
    joint = scan()["intersections"]
    assert list(joint) == ["sex & age"]
    assert list(joint["sex & age"]["groups"]) == [f"{s} & {b}" for s, b in product("fm", bands)]
    old = frame[(frame["sex"] == "m") & (frame["age"] >= 60)]
    assert joint["sex & age"]["groups"]["m & 60 and above"] == len(old)
    facts = joint["sex & age"]["labels"]["defaulted"]["groups"]["m & 60 and above"]
    assert facts["label_mean"] == pytest.approx(old["defaulted"].mean(), abs=1e-6)


def test_of_a_few_people_only_their_number_is_told(scan: Scan) -> None:
    sexes = people()["sex"].to_pylist()
    table = small.altered(people(), sex=["rare"] * 9 + ["seldom"] * 4 + sexes[13:])
    report = scan(table)
    about = report["attributes"]["sex"]
    assert (about["small_groups"], about["small_rows"]) == (2, 13)
    assert sum(about["groups"].values()) == 600 - 13
    assert set(about["missing"]["height"]) == {"f", "m"}
    text = REPORT.read_text()
    assert "rare" not in text
    assert "seldom" not in text
    joint = report["intersections"]["sex & age"]
    assert joint["small_rows"] == 13
    assert sum(joint["groups"].values()) + joint["small_rows"] == 600


def test_ten_people_are_a_group_unless_the_policy_asks_for_more(scan: Scan) -> None:
    table = small.altered(people(), sex=["rare"] * 10 + people()["sex"].to_pylist()[10:])
    assert scan(table)["attributes"]["sex"]["groups"]["rare"] == 10
    change("policies/gates.yaml", "minimum_cell_rows: 10", "minimum_cell_rows: 11")
    assert "rare" not in scan(table)["attributes"]["sex"]["groups"]


def test_people_of_whom_nothing_is_known_are_no_small_group(scan: Scan) -> None:
    sexes = [None] * 3 + people()["sex"].to_pylist()[3:]
    about = scan(small.altered(people(), sex=sexes))["attributes"]["sex"]
    assert (about["small_groups"], about["small_rows"]) == (0, 3)


def test_a_label_nobody_has_differs_nowhere(scan: Scan) -> None:
    debts = pa.array([None] * 600, pa.float64())
    gap = scan(small.altered(people(), debt=debts, defaulted=[0] * 600))["attributes"]["sex"]
    assert gap["labels"]["debt"] == {"groups": {}, "difference": 0, "ratio": None}
    assert gap["labels"]["defaulted"]["ratio"] is None
    assert gap["labels"]["defaulted"]["groups"]["f"]["label_high"] < 0.02


def test_the_report_is_the_same_on_every_run(scan: Scan) -> None:
    scan()
    before = REPORT.read_bytes()
    scan()
    assert REPORT.read_bytes() == before


def test_a_version_nobody_approved_is_refused(scan: Scan) -> None:
    found = version("fairlearn")
    change("policies/approved_tools.yaml", f"version: {found}", "version: 0.1.0")
    assert refused(scan) == (
        f"fairlearn {found} is not approved for bias detection in policies/approved_tools.yaml\n"
        "  fix: install an approved version, or have this one approved"
    )


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        (["protected"], ["protected attribute"]),
        (["label"], ["label"]),
        (["protected", "label"], ["protected attribute", "label"]),
    ],
)
def test_a_contract_without_groups_or_labels_is_refused(
    scan: Scan, roles: list[str], told: list[str]
) -> None:
    for role in roles:
        change(CONTRACT, f", {{property: {role}, value: true}}", "")
    lines = [f"{CONTRACT}: no {what} is declared" for what in told]
    assert refused(scan).splitlines()[::2] == lines


@pytest.mark.parametrize(
    ("share", "rows", "low", "high"),
    [(0.0, 10, 0.0, 0.277533), (1.0, 10, 0.722467, 1.0), (0.5, 100, 0.403832, 0.596168)],
)
def test_intervals_are_those_of_wilson(share: float, rows: int, low: float, high: float) -> None:
    assert wilson(share, rows) == pytest.approx((low, high), abs=1e-5)
