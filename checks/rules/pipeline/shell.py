"""Only safe words reach a shell.

Demands: a command in `dvc.yaml` interpolates nothing but `${key}` and `${item.…}`, and each
    value behind these is a lower-case word or a plain path.
Why: DVC pastes values into commands as they are; `name: "x; rm -rf ."` would run.
Fix: rename the dataset or model; pass other values through files.
"""

import re
from collections.abc import Iterator

from governance.catalogue import Declarations
from governance.facts import Pipeline
from governance.finding import Finding, Place
from governance.index import PATH

_MARK = re.compile(r"\$\{([^${}]*)\}")
_ALLOWED = re.compile(r"key|item(\.[a-z_]+)?")


def evaluate(declarations: Declarations, dvc: Pipeline) -> Iterator[Finding]:
    if PATH in declarations.broken:
        yield Finding(Place(PATH, line=1), "the index does not load", "run `charter index`")
    for name, stage in dvc.steps.items():
        body = stage.get("do", stage) if isinstance(stage, dict) else {}
        command = body.get("cmd", "") if isinstance(body, dict) else ""
        lines = command if isinstance(command, list) else [command]
        for line in lines:
            for inside in _MARK.findall(str(line)):
                if not _ALLOWED.fullmatch(inside.strip()):
                    inner = ("do",) if "do" in stage else ()
                    place = Place("dvc.yaml", ("stages", name, *inner, "cmd"))
                    problem = f"stage {name} pastes ${{{inside}}} into a shell command"
                    yield Finding(place, problem, "interpolate only ${key} and ${item.…}")
