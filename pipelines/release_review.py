"""The review after a release becomes a record that names the telemetry it looked at."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from adapters import files
from governance import deployment
from governance.evidence import SNAPSHOTS, Snapshot
from governance.obligations import RELEASE_REVIEW
from pipelines.append import append, loads
from pipelines.inputs import Refused
from pipelines.rollout_state import state


def review(  # noqa: PLR0913 - what, by whom, with which result
    root: Path, model: str, version: str, now: datetime, *, by: tuple[str, ...], notes: str,
    in_order: bool = True,
) -> str:  # fmt: skip
    """Path of the record of a review after a release.

    Raises:
        Refused: the version never answered everybody, the person does not hold the role, or no
            telemetry of it is on the governed branch.
    """
    here = state(root, now)
    last, release = here.release.steps[-1].id, here.release
    since = deployment.begun(here.ground.history(model), last).get(version)
    if since is None:
        raise Refused(
            f"{version} of {model} was never on {last}\n  fix: there is nothing to review"
        )
    role = here.law.roles.roles.get(release.review_by)
    holders = {m.person for m in role.members if m.active(now.date())} if role else set()
    if not holders & set(by):
        some = ", ".join(sorted(holders)) or "nobody"
        raise Refused(f"{', '.join(by)} does not hold {release.review_by}\n  fix: ask {some}")
    evidence = {
        path: here.ground.sources.digests[path]
        for path, shot in sorted(here.ground.sources.evidence.items())
        if isinstance(shot, Snapshot)
        and path.startswith(f"{SNAPSHOTS}/{model}/")
        and shot.version == version
        and shot.ends > since
    }
    if not evidence:
        msg = f"no telemetry of {version} since {since:%Y-%m-%d} is on {here.law.name}"
        raise Refused(f"{msg}\n  fix: publish its snapshots first")
    metrics = root / f"artifacts/ml/models/{model}/metrics.json"
    if metrics.is_file():
        path = metrics.relative_to(root).as_posix()
        evidence[path] = f"sha256:{files.sha256(metrics)}"
    identity = f"{now:%Y-%m-%d-%H%M%S}-{model}-{version}-release"
    path = f"records/reviews/{identity}.yaml"
    lines = "".join(f"  {name}: {seen}\n" for name, seen in evidence.items())
    text = (
        "# yaml-language-server: $schema=../../schemas/review.json\n"
        f"id: {identity}\nat: {json.dumps(f'{now:%Y-%m-%dT%H:%M:%SZ}')}\n"
        f"obligation: {RELEASE_REVIEW}\nsubject: model:{model}@{version}\n"
        f"by: [{', '.join(by)}]\noutcome: {'in-order' if in_order else 'changes-needed'}\n"
        f"notes: {json.dumps(notes, ensure_ascii=False)}\nevidence:\n{lines}"
    )
    loads(path, text)
    append(root, path, text)
    return path
