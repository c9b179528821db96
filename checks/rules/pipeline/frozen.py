"""No stage is frozen.

Demands: neither `dvc.yaml` nor `datasets.dvc` holds `frozen: true`, `always_changed` or
    `wdir`.
Why: a frozen stage keeps yesterday's result while its data change, and DVC only warns.
Fix: remove the key.
"""

from collections.abc import Iterator

from governance.facts import Pipeline
from governance.finding import Finding, Place


def evaluate(dvc: Pipeline) -> Iterator[Finding]:
    for name, stage in dvc.steps.items():
        body = stage.get("do", stage) if isinstance(stage, dict) else {}
        inner = ("do",) if isinstance(stage, dict) and "do" in stage else ()
        for key in ("frozen", "always_changed", "wdir"):
            if isinstance(body, dict) and body.get(key):
                place = Place("dvc.yaml", ("stages", name, *inner, key))
                yield Finding(place, f"stage {name} has `{key}`", "remove the key")
    for key in ("frozen", "wdir"):
        if dvc.pointer.get(key):
            yield Finding(
                Place("datasets.dvc", (key,)), f"the pointer has `{key}`", "remove the key"
            )
