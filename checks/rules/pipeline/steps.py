"""The steps of `dvc.yaml` are those that were designed.

Demands: the designed stages are there, word for word, and nothing beside them but stages of
    your own that write below `own/`. `charter retrain` never runs those.
Why: a changed command can print any metric it likes, and DVC would call it reproduced.
Fix: run `charter pipeline`; a change of the design is a change of `governance/pipeline.py`.
"""

import re
from collections.abc import Iterator
from typing import Any

from governance.facts import Files, Pipeline
from governance.finding import Finding, NotApplicable, Place, Route
from governance.index import PATH
from governance.pipeline import designed

FILE = "dvc.yaml"
FIX = "run `charter pipeline`"
_LOOPS = ("${datasets}", "${models}")
_BODY = 3
"""Length of the route to the body of a designed stage."""
_OWN = re.compile(r"own/[A-Za-z0-9_.${}/-]+")


def evaluate(files: Files, dvc: Pipeline) -> Iterator[Finding | NotApplicable]:
    for path in sorted(files.modes):
        if path.endswith(f"/{FILE}"):
            yield Finding(Place(path, line=1), f"a second {FILE}", "move its stages to the top")
    yield from dvc.problems
    for key in dvc.others:
        yield Finding(Place(FILE, (key,)), f"`{key}` is not designed", FIX)
    if not dvc.steps:
        yield Finding(Place(FILE, line=1), "dvc.yaml has no stages", FIX)
        return
    if list(dvc.variables) != [PATH]:
        yield Finding(Place(FILE, ("vars",)), f"vars is not [{PATH}]", FIX)
    wanted = designed()["stages"]
    for name, stage in wanted.items():
        if name not in dvc.steps:
            yield Finding(Place(FILE, ("stages",)), f"stage {name} is missing", FIX)
        else:
            yield from _differences(("stages", name), dvc.steps[name], stage)
    for name in dvc.steps.keys() - wanted.keys():
        yield from _foreign(name, dvc.steps[name])


def _differences(route: Route, have: Any, want: Any) -> Iterator[Finding]:
    if isinstance(have, dict) and isinstance(want, dict):
        for key in sorted(have.keys() | want.keys()):
            if key == "frozen" and len(route) == _BODY:
                continue  # pipeline/frozen speaks of it
            if key not in want:
                yield Finding(Place(FILE, (*route, key)), f"`{key}` is not designed", FIX)
            elif key not in have:
                problem = f"`{key}` is missing in {'.'.join(map(str, route))}"
                yield Finding(Place(FILE, route), problem, FIX)
            else:
                yield from _differences((*route, key), have[key], want[key])
    elif isinstance(have, list) and isinstance(want, list):
        for index, item in enumerate(have):
            if item not in want:
                yield Finding(Place(FILE, (*route, index)), f"{item} is not designed", FIX)
        for item in want:
            if item not in have:
                yield Finding(Place(FILE, route), f"{item} is missing", FIX)
    elif have != want:
        yield Finding(
            Place(FILE, route), f"reads {have!r}", f"restore {want!r}: run `charter pipeline`"
        )


def _foreign(name: str, stage: Any) -> Iterator[Finding]:
    """What a stage of the organisation's own may not be: DVC deletes what a stage writes."""
    place = Place(FILE, ("stages", name))
    body = stage.get("do") if isinstance(stage, dict) and "foreach" in stage else stage
    if not isinstance(body, dict) or not isinstance(body.get("cmd"), str | list):
        yield Finding(place, f"stage {name} is no stage", "give it a `cmd`, or remove it")
        return
    if "matrix" in stage or stage.get("foreach", "${models}") not in _LOOPS:
        problem = f"stage {name} loops over values nobody checked"
        yield Finding(place, problem, f"loop over {' or '.join(_LOOPS)}")
    for key in ("outs", "metrics", "plots"):
        entries = body.get(key, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            for path in entry if isinstance(entry, dict) else [entry]:
                if not _OWN.fullmatch(str(path)) or ".." in str(path):
                    problem = f"stage {name} writes {path}, where governed results may stand"
                    yield Finding(place, problem, "write below own/")
