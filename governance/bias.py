"""What a bias report must show before anybody trains (`bias` in `policies/gates.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from governance.declaration import Part, Share
from governance.strictness import Higher, Lower

if TYPE_CHECKING:
    from governance.evidence import BiasScan

RULE: Final = "datasets/bias"
"""The rule a waiver names to let small groups pass; its subject is the dataset's contract."""
UNKNOWN: Final = "(missing)"
"""The group of rows that do not say theirs; nobody belongs to it."""


class BiasLimits(Part):
    """Bounds on groups of protected attributes before training."""

    minimum_group_rows: Annotated[int, Field(ge=1), Higher] = 50
    """Rows of the smallest group with which a model may be trained."""
    minimum_cell_rows: Annotated[int, Field(ge=1), Higher] = 10
    """Rows below which a group, or where attributes meet, is not told apart in a report."""
    proxy_at_most: Annotated[Share, Lower] = 0.5
    """Largest strength (bias-corrected Cramér's V) of a feature that gives an attribute away."""
    rate_difference_at_most: Annotated[Share, Lower] = 0.2
    """Largest difference between the label's rates of two groups."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Something about an attribute that stands in the way of training."""

    attribute: str
    problem: str
    scanned: bool = True


def lacks(
    scan: BiasScan, attributes: Iterable[str], limits: Iterable[BiasLimits]
) -> Iterator[Lack]:
    """Attributes without scan, with one group only, or with a group too small for any limit."""
    least = max(limit.minimum_group_rows for limit in limits)
    for attribute in attributes:
        found = scan.attributes.get(attribute)
        if found is None:
            yield Lack(attribute, f"protected attribute {attribute} was not scanned", scanned=False)
            continue
        known = {group: rows for group, rows in found.groups.items() if group != UNKNOWN}
        few = [f"{group} ({rows})" for group, rows in known.items() if rows < least]
        if found.small_groups:
            few.append(f"{found.small_groups} of fewer than {scan.minimum_cell} rows each")
        if few:
            yield Lack(attribute, f"groups of {attribute} below {least} rows: {', '.join(few)}")
        elif len(known) < 2:  # noqa: PLR2004 - a gap lies between two
            yield Lack(attribute, f"{attribute} has one group only: nothing can be compared")


def fix(lack: Lack, contract: str) -> str:
    """What mends it; `contract` is the path of the dataset's contract."""
    if not lack.scanned:
        return f"mark {lack.attribute} `protected: true` in {contract}, and run `charter retrain`"
    return f"land more rows, join groups, or have a waiver of {RULE} for {contract} merged"
