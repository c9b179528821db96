"""The lock is the lock of these declarations.

Demands: every stage of the index has an entry in `dvc.lock` with its command, its parameters
    as declared, the hash of each dependency as it stands in the tree, and the hash of each
    result in Git.
Why: a lock that lags behind means that what is declared was never run. This is a claim only;
    only running the steps again in a clean tree proves it.
Fix: run `charter retrain` and commit `dvc.lock` with the results.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from governance.catalogue import Declarations
from governance.facts import Contents, Pipeline, Sections
from governance.finding import Finding, NotApplicable, Place
from governance.index import PATH, Index
from governance.pipeline import Stage, folder_md5, section, stages

LOCK = "dvc.lock"
FIX = "run `charter retrain` and commit the result"


def evaluate(
    declarations: Declarations, dvc: Pipeline, contents: Contents, sections: Sections
) -> Iterator[Finding | NotApplicable]:
    if PATH not in declarations.paths:
        yield NotApplicable("no dataset has landed")
        return
    index = declarations.one(Index, "index").value
    wanted = list(
        stages(
            {name: entry.model_dump() for name, entry in index.datasets.items()},
            {name: entry.model_dump() for name, entry in index.models.items()},
        )
    )
    if not wanted:
        yield NotApplicable("the index is empty")
    produced = _landings(index, contents) | _produced(dvc)
    steps = {stage.step.name for stage in wanted}
    for stage in wanted:
        entry = dvc.lock.get(stage.name)
        if not isinstance(entry, dict):
            yield Finding(Place(LOCK, ("stages",)), f"{stage.name} never ran", FIX)
            continue
        yield from _stage(stage, entry, contents, sections, produced)
    for name in sorted(dvc.lock.keys() - {stage.name for stage in wanted}):
        if name.split("@")[0] in steps:
            fix = f"remove the entry {name} from dvc.lock"
            yield Finding(Place(LOCK, ("stages", name)), f"{name} is no stage any more", fix)


def _landings(index: Index, contents: Contents) -> dict[str, str]:
    """DVC's name for each dataset's folder of landing records that is not empty."""
    found: dict[str, dict[str, str]] = {entry.landings: {} for entry in index.datasets.values()}
    for path, md5 in contents.md5.items():
        for slash in re.finditer("/", path):
            if path[: slash.start()] in found:
                found[path[: slash.start()]][path[slash.end() :]] = md5
    return {folder: folder_md5(files) for folder, files in found.items() if files}


def _produced(dvc: Pipeline) -> dict[str, str]:
    """MD5 of every cached result and dataset, by path, as the lock and the pointer claim."""
    found: dict[str, str] = {}
    for entry in dvc.lock.values():
        found |= _sums(entry, "outs") if isinstance(entry, dict) else {}
    return found | _sums(dvc.pointer, "outs")


def _sums(entry: Mapping[str, Any], key: str) -> dict[str, str]:
    """MD5 by path of a list of dependencies or results; what has another shape claims nothing."""
    listed = entry.get(key)
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {str(item.get("path")): str(item.get("md5")) for item in items}


def _stage(
    stage: Stage,
    entry: dict[str, Any],
    contents: Contents,
    sections: Sections,
    produced: dict[str, str],
) -> Iterator[Finding]:
    at = Place(LOCK, ("stages", stage.name))
    command = stage.fill(stage.step.command)
    if entry.get("cmd") != command:
        yield Finding(at, f"{stage.name} ran {entry.get('cmd')!r}, not {command!r}", FIX)
    locked = _sums(entry, "deps")
    for path in stage.paths((*stage.step.deps, *stage.step.code)):
        actual = contents.md5.get(path, produced.get(path))
        if path not in locked:
            yield Finding(at, f"{stage.name} ran without {path}", FIX)
        elif actual is None:
            yield Finding(at, f"{stage.name} depends on {path}, which is not there", "restore it")
        elif locked[path] != actual:
            yield Finding(at, f"{path} changed since {stage.name} ran", FIX)
    results = _sums(entry, "outs")
    for path in stage.paths((*stage.step.evidence, *stage.step.metrics)):
        actual = contents.md5.get(path)
        if actual is None:
            yield Finding(at, f"{path}, a result of {stage.name}, is not in Git", FIX)
        elif results.get(path) != actual:
            problem = f"not what {stage.name} wrote: edited by hand, or not committed"
            yield Finding(Place(path, line=1), problem, FIX)
    for path in stage.paths(stage.step.cached):
        if path not in results:
            yield Finding(at, f"{stage.name} left no {path}", FIX)
    yield from _params(stage, entry, sections)


def _params(stage: Stage, entry: dict[str, Any], sections: Sections) -> Iterator[Finding]:
    params = entry.get("params")
    locked = params if isinstance(params, dict) else {}
    for file, keys in stage.params:
        declared = sections.documents.get(file)
        if declared is None:
            continue  # declarations/loadable or declarations/references speaks of it
        noted = locked.get(file)
        ran = noted if isinstance(noted, dict) else {}
        for key in keys:
            try:
                wanted = section(declared, key)
            except KeyError:
                problem = f"`{key}` is missing, and {stage.name} depends on it"
                yield Finding(Place(file, line=1), problem, f"add `{key}`")
                continue
            if key not in ran or ran[key] != wanted:
                problem = f"`{key}` changed since {stage.name} ran"
                yield Finding(Place(file, tuple(key.split("."))), problem, FIX)
