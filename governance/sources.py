"""Where a dataset's files came from, and what is made from them in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from governance.contract import Contract
from governance.model import Model
from governance.records import Landing

if TYPE_CHECKING:
    from datetime import date

    from governance.catalogue import Declarations
    from governance.records import Source


def in_force(landing: Landing, contracts: Mapping[str, Contract]) -> Source:
    """The source of a landing with the terms that hold now.

    The contract's source stands in for a landed one of the same id: a licence that was renewed
    is written there, for the record of the landing never changes.
    """
    contract = contracts.get(landing.dataset)
    if contract and contract.source and contract.source.id == landing.source.id:
        return contract.source
    return landing.source


def ended(source: Source, today: date) -> str | None:
    """That the licence of a source is over, in words; None while it holds."""
    if source.licence_ends is None or source.licence_ends >= today:
        return None
    return f"licence {source.licence} of {source.id} ended on {source.licence_ends}"


def contracts(declarations: Declarations) -> dict[str, Contract]:
    """Contracts by the name of their dataset."""
    return {found.value.name: found.value for found in declarations.all(Contract)}


def parents(landing: Landing) -> dict[str, str | None]:
    """Datasets a landing was made from, with the digest each had; None where nobody recorded it."""
    return {name: landing.parents.get(name) for name in (*landing.source.parents, *landing.parents)}


def fed_by(declarations: Declarations, dataset: str) -> set[str]:
    """A dataset, and all that were made from it or from what was made from it."""
    made = [
        (landing.value.dataset, parents(landing.value).keys())
        for landing in declarations.all(Landing)
    ]
    found = {dataset}
    while more := {name for name, above in made if name not in found and above & found}:
        found |= more
    return found


def models_on(declarations: Declarations, datasets: Iterable[str]) -> list[str]:
    """Models that are declared to train on one of some datasets."""
    wanted = set(datasets)
    return sorted(m.value.name for m in declarations.all(Model) if m.value.dataset in wanted)
