"""Every remote verifies what it gives.

Demands: `.dvc/config` names a default remote, and each remote has `verify = true`; the cache
    stays where it is, and no second file of settings is in Git.
Why: without it `dvc pull` accepts an object whose bytes were replaced, and nothing in a cache
    elsewhere is verified at all.
Fix: add `verify = true` to the section of the remote; keep settings of one machine out of Git.
"""

from collections.abc import Iterator

from governance.facts import Files, Pipeline
from governance.finding import Finding, NotApplicable, Place

FILE = ".dvc/config"
_KEPT = (FILE, f"{FILE}.local", ".dvc/.gitignore")
_S3 = {"region", "endpointurl", "profile", "version_aware", "sse", "sse_kms_key_id"}
_KNOWN = {
    "core": frozenset({"analytics", "autostage", "check_update", "remote"}),
    "remote": frozenset({"url", "verify", *_S3}),
}


def evaluate(files: Files, dvc: Pipeline) -> Iterator[Finding | NotApplicable]:
    if "datasets.dvc" not in files and FILE not in files:
        yield NotApplicable("this repository keeps no data")
        return
    remotes = {name: body for name, body in dvc.config.items() if name.startswith("remote ")}
    named = f'remote "{dvc.config.get("core", {}).get("remote", "")}"'
    place = Place(FILE, line=1)
    if named not in remotes:
        yield Finding(place, "no default remote", "set `remote` in [core] to a declared remote")
    for name, body in sorted(remotes.items()):
        if body.get("verify", "").lower() != "true":
            yield Finding(place, f"{name} does not verify", "add `verify = true`")
    for name, body in sorted(dvc.config.items()):
        for key in sorted(body.keys() - _KNOWN.get(name.split(" ")[0], frozenset())):
            problem = f"[{name}] sets `{key}`, which could move or redirect data"
            yield Finding(place, problem, "remove it; set it in .dvc/config.local on one machine")
    for path in files.modes:
        kept = path in _KEPT or path.startswith(".dvc/store/")
        if "/.dvc/" in path or (path.startswith(".dvc/") and not kept):
            yield Finding(Place(path, line=1), "a file DVC would obey", "take it out of Git")
    if f"{FILE}.local" in files:
        problem = f"these settings replace those of {FILE}"
        yield Finding(Place(f"{FILE}.local", line=1), problem, "take the file out of Git")
