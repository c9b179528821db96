"""What is judged, by whose law, and when: fixed before the first fact is collected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.parses import Parses
from adapters.proposal import Proposal
from adapters.tree import Tree


@dataclass(frozen=True, slots=True)
class Situation:
    """What is judged, by whose law, and when."""

    root: Path
    tree: Tree
    now: datetime
    base: Tree | None = None
    parses: Parses | None = None
    read_data: bool = True
    proposal: Proposal | None = None
