"""Step `scan_bias`: how groups of each protected attribute stand in the data, before training.

The engine counts, fairlearn computes the gaps from the counts, so the size of the data does
not matter. `train` refuses a dataset without this report (IE-MGP-2025.01 §2).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters import engine
from governance.bias import UNKNOWN
from governance.digest import rounded
from governance.evidence import (
    AttributeBias,
    BiasScan,
    GroupFacts,
    Groups,
    LabelBias,
    Preparation,
    ToolUsed,
    of_dataset,
)
from pipelines import group_counts, inputs, proxies
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from governance.contract import Column, Contract
    from governance.gates import Gates
    from governance.tools import ApprovedTools
    from pipelines.group_counts import Counts, Group, Sums

TOOL: Final = "fairlearn"
JOINT: Final = " & "
"""Between the names of attributes that meet, and of their groups."""
_Z95: Final = 1.959964


def scan_bias(name: str) -> None:
    """Writes the bias report of one dataset.

    Raises:
        Refused: no protected attribute or label is declared, or the tool is not approved.
    """
    contract: Contract = inputs.contract(name)
    found = _tool()
    _declared(contract)
    gates: Gates = inputs.declared("policies/gates.yaml")
    least = gates.bias.minimum_cell_rows
    preparation = inputs.read(of_dataset(name, "preparation"), Preparation)
    folder = Path(of_dataset(name, "preparation")).parent / "prepared"
    connection = engine.connect(contract.engine)
    table = engine.parquet(connection, sorted(folder.rglob("*.parquet")))
    counts = group_counts.count(table, contract)
    strengths = proxies.strengths(table, contract, counts)
    report = BiasScan(
        dataset=name,
        dataset_digest=preparation.dataset_digest,
        tool=found,
        minimum_cell=least,
        attributes={
            attribute: _attribute(counts, contract, attribute, strengths[attribute], least)
            for attribute in contract.protected
        },
        intersections={
            JOINT.join(pair): _groups(counts.by(pair), contract, least)
            for pair in itertools.combinations(contract.protected, 2)
        },
    )
    inputs.write(of_dataset(name, "bias"), report)
    for attribute, about in report.attributes.items():
        for label, gaps in about.labels.items():
            between = f"{len(gaps.groups)} groups of {attribute}"
            print(f"{name}: {label} differs by {gaps.difference:g} between {between}")


def _tool() -> ToolUsed:
    tools: ApprovedTools = inputs.declared("policies/approved_tools.yaml")
    found = version(TOOL)
    if not tools.approved(TOOL, found, "bias-detection"):
        msg = (
            f"{TOOL} {found} is not approved for bias detection in policies/approved_tools.yaml\n"
            "  fix: install an approved version, or have this one approved"
        )
        raise Refused(msg)
    return ToolUsed(name=TOOL, version=found)


def _declared(contract: Contract) -> None:
    kinds = {"protected attribute": contract.protected, "label": contract.labels}
    lines = [
        f"policies/datasets/{contract.name}.yaml: no {what} is declared\n"
        f"  fix: mark one `{what.split()[0]}: true`"
        for what, names in kinds.items()
        if not names
    ]
    if lines:
        raise Refused(*lines)


def _attribute(
    counts: Counts, contract: Contract, attribute: str, proxies: Mapping[str, float], least: int
) -> AttributeBias:
    found = counts.by([attribute])
    told = {key[0]: group.missing for key, group in found.items() if group.rows >= least}
    lacking = sorted({column for missing in told.values() for column in missing if missing[column]})
    return AttributeBias(
        **dict(_groups(found, contract, least)),
        missing={
            column: {group: missing[column] for group, missing in told.items()}
            for column in lacking
            if column != attribute
        },
        proxies=dict(sorted(proxies.items())),
    )


def _groups(found: Mapping[tuple[str, ...], Group], contract: Contract, least: int) -> Groups:
    """What may be told of groups: nothing about those of hardly any rows but how many they are."""
    told = {JOINT.join(key): group for key, group in found.items() if group.rows >= least}
    small = {key: group.rows for key, group in found.items() if group.rows < least}
    labels = [column for column in contract.columns if column.label]
    return Groups(
        groups={name: group.rows for name, group in told.items()},
        small_groups=sum(UNKNOWN not in key for key in small),
        small_rows=sum(small.values()),
        labels={
            label.name: _label(
                {name: group.labels[label.name] for name, group in told.items()}, label
            )
            for label in labels
        },
    )


def _label(groups: Mapping[str, Sums], label: Column) -> LabelBias:
    """How a label differs; rates carry Wilson's interval, means that of the normal law."""
    import numpy as np  # noqa: PLC0415 - late, see the design on start-up
    from fairlearn.metrics import MetricFrame, mean_prediction  # noqa: PLC0415

    known = {name: sums for name, sums in groups.items() if sums.known}
    if not known:
        return LabelBias(groups={}, difference=0.0, ratio=None)
    means = np.array([sums.mean for sums in known.values()])
    frame = MetricFrame(
        metrics=mean_prediction,
        y_true=means,
        y_pred=means,
        sensitive_features=list(known),
        sample_params={"sample_weight": np.array([sums.known for sums in known.values()])},
    )
    rate = group_counts.is_rate(label)
    ratio = float(frame.ratio(method="between_groups")) if rate and means.any() else None
    return LabelBias(
        groups={name: _facts(sums, rate=rate) for name, sums in known.items()},
        difference=rounded(float(frame.difference(method="between_groups"))),
        ratio=None if ratio is None else rounded(ratio),
    )


def _facts(sums: Sums, *, rate: bool) -> GroupFacts:
    if rate:
        low, high = wilson(sums.mean, sums.known)
    else:
        spread = math.sqrt(sums.variance / sums.known) * _Z95
        low, high = sums.mean - spread, sums.mean + spread
    return GroupFacts(
        rows=sums.known,
        label_mean=rounded(sums.mean),
        label_low=rounded(low),
        label_high=rounded(high),
    )


def wilson(share: float, rows: int) -> tuple[float, float]:
    """95 % interval of a share of `rows` trials (Wilson 1927)."""
    z2 = _Z95 * _Z95
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z95 * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows)) / (1 + z2 / rows)
    return max(0.0, middle - half), min(1.0, middle + half)


if __name__ == "__main__":
    inputs.main(scan_bias)
