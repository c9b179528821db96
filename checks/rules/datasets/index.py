"""The index lists every dataset and model that is ready to run.

Demands: `models/index.yaml` equals what `charter index` writes from contracts, landings and
    models.
Why: DVC runs what the index names; a model left out is never retrained, and nobody sees it.
Fix: run `charter index` and commit the result.
"""

from collections.abc import Iterator

from governance.catalogue import Declarations, kind_of
from governance.finding import Blocked, Finding, NotApplicable, Place
from governance.index import PATH, Index, expected


def evaluate(declarations: Declarations) -> Iterator[Finding | NotApplicable]:
    for path in sorted(declarations.broken):
        kind = kind_of(path)
        if kind and kind.name in {"contract", "landing", "model"}:
            raise Blocked(path)
    wanted = expected(declarations)
    if PATH not in declarations.paths:
        if wanted.datasets:
            yield Finding(Place(PATH, line=1), f"{PATH} is missing", "run `charter index`")
        else:
            yield NotApplicable("no dataset has landed")
        return
    if PATH in declarations.broken:
        return
    index = declarations.one(Index, "index")
    for part in ("datasets", "models"):
        have, want = getattr(index.value, part), getattr(wanted, part)
        for name in sorted(want.keys() - have.keys()):
            yield Finding(index.at(part), f"{name} is missing", "run `charter index`")
        for name in sorted(have.keys() - want.keys()):
            problem = f"{name} is listed, but has no landing or no declaration"
            yield Finding(index.at(part, name), problem, "run `charter index`")
        for name in sorted(have.keys() & want.keys()):
            if have[name] != want[name]:
                yield Finding(index.at(part, name), f"{name} is out of date", "run `charter index`")
