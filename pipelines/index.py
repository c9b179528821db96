"""The generated index: which datasets and models DVC runs."""

from __future__ import annotations

from pathlib import Path

from adapters import files
from adapters.reading import Reading
from adapters.worktree import Worktree
from governance import index
from governance.finding import CouldNotJudge


def write_index(root: Path) -> bool:
    """Brings the index up to date; whether it changed.

    Raises:
        CouldNotJudge: a contract, model or landing does not load, so the list would be partial.
    """
    declarations = Reading(Worktree(root)).declarations
    broken = sorted(path for path in declarations.broken if path != index.PATH)
    if broken:
        msg = f"{broken[0]} does not load; run `charter check`"
        raise CouldNotJudge(msg)
    text = index.render(index.expected(declarations))
    return files.write_if_changed(root / index.PATH, text.encode())
