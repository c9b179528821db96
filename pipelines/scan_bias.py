"""Step `scan_bias`: how groups of each protected attribute stand in the data, before training.

The engine counts, fairlearn computes the gaps from the counts, so the size of the data does
not matter. `train` refuses a dataset without this report (IE-MGP-2025.01 §2).
"""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import engine
from governance.digest import rounded
from governance.evidence import BiasScan, GroupFacts, LabelBias, Preparation, ToolUsed, of_dataset
from governance.tools import ApprovedTools
from pipelines import inputs
from pipelines.inputs import Refused

if TYPE_CHECKING:
    import ibis

    from governance.contract import Column, Contract

TOOL = "fairlearn"
_Z95 = 1.959964


def scan_bias(name: str) -> None:
    """Writes the bias report of one dataset.

    Raises:
        Refused: no protected attribute or label is declared, or the tool is not approved.
    """
    contract: Contract = inputs.contract(name)
    tools: ApprovedTools = inputs.declared("policies/approved_tools.yaml")
    found = version(TOOL)
    if not tools.approved(TOOL, found, "bias-detection"):
        msg = f"{TOOL} {found} is not approved for bias detection in policies/approved_tools.yaml"
        raise Refused(msg)
    if not contract.protected or not contract.labels:
        what = "protected attribute" if not contract.protected else "label"
        mark = what.split(maxsplit=1)[0]
        msg = (
            f"policies/datasets/{name}.yaml: no {what} is declared\n  fix: mark one `{mark}: true`"
        )
        raise Refused(msg)
    preparation = inputs.read(of_dataset(name, "preparation"), Preparation)
    folder = Path(of_dataset(name, "preparation")).parent / "prepared"
    connection = engine.connect()
    table = connection.read_parquet(f"{folder}/*.parquet")
    report = BiasScan(
        dataset=name,
        dataset_digest=preparation.dataset_digest,
        tool=ToolUsed(name=TOOL, version=found),
        attributes={
            attribute: {
                label: _gaps(table, contract, attribute, label) for label in contract.labels
            }
            for attribute in contract.protected
        },
    )
    inputs.write(of_dataset(name, "bias"), report)
    for attribute, labels in report.attributes.items():
        for label, gaps in labels.items():
            between = f"{len(gaps.groups)} groups of {attribute}"
            print(f"{name}: {label} differs by {gaps.difference:g} between {between}")


def _gaps(table: ibis.Table, contract: Contract, attribute: str, label: str) -> LabelBias:
    import numpy as np  # noqa: PLC0415 - late, see the design on start-up
    from fairlearn.metrics import MetricFrame, mean_prediction  # noqa: PLC0415

    value = _numeric(table[label], contract.column(label))
    others = [
        c.name
        for c in contract.columns
        if c.name in table.columns and c.name not in {attribute, label}
    ]
    missing = sum(
        (table[c].isnull().cast("int64") for c in others), start=table[label].isnull().cast("int64")
    )
    cells = table.select(
        group=engine.grouped(table[attribute], _column(contract, attribute)),
        value=value,
        missing=missing,
    )
    counts = (
        cells.group_by("group")
        .aggregate(
            rows=cells.count(),
            known=cells.value.count(),
            total=cells.value.sum(),
            square=(cells.value * cells.value).sum(),
            missing=cells.missing.sum(),
        )
        .order_by("group")
        .to_pyarrow()
        .to_pylist()
    )
    usable = [row for row in counts if row["known"]]
    means = np.array([row["total"] / row["known"] for row in usable])
    frame = MetricFrame(
        metrics=mean_prediction,
        y_true=means,
        y_pred=means,
        sensitive_features=[row["group"] for row in usable],
        sample_params={"sample_weight": np.array([row["known"] for row in usable])},
    )
    binary = _is_binary(contract.column(label))
    return LabelBias(
        groups={row["group"]: _group(row, len(others) + 1, binary=binary) for row in usable},
        difference=rounded(float(frame.difference(method="between_groups"))),
        smallest_group=min(row["rows"] for row in counts),
    )


def _column(contract: Contract, name: str) -> Column:
    found = contract.column(name)
    if found is None:
        msg = f"policies/datasets/{contract.name}.yaml has no column {name}"
        raise Refused(msg)
    return found


def _is_binary(label: Column | None) -> bool:
    return label is not None and (label.type == "boolean" or len(label.values) == 2)  # noqa: PLR2004


def _numeric(value: ibis.Value, label: Column | None) -> ibis.Value:
    """The label as a number; of a label in words, whether it is the last one declared."""
    if label is not None and label.type == "string":
        return (value == str(label.values[-1] if label.values else "")).cast("float64")
    return value.cast("float64")


def _group(row: dict[str, float], cells: int, *, binary: bool) -> GroupFacts:
    known, mean = row["known"], row["total"] / row["known"]
    if binary:
        low, high = wilson(mean, int(known))
    else:
        spread = math.sqrt(max(row["square"] / known - mean * mean, 0) / known) * _Z95
        low, high = mean - spread, mean + spread
    return GroupFacts(
        rows=int(row["rows"]),
        label_mean=rounded(mean),
        label_low=rounded(low),
        label_high=rounded(high),
        missing_share=rounded(row["missing"] / (row["rows"] * cells)),
    )


def wilson(share: float, rows: int) -> tuple[float, float]:
    """95 % interval of a share of `rows` trials (Wilson 1927)."""
    z2 = _Z95 * _Z95
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z95 * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows)) / (1 + z2 / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    inputs.main(scan_bias)
