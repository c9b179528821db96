"""What is served, written for another platform: a manifest and a container, both by digest."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import yaml

from adapters import files
from governance import argo
from pipelines.inputs import Refused
from pipelines.rollout_state import service, state


def export(  # noqa: PLR0913 - what, when, where to, for which container
    root: Path, model: str, now: datetime, folder: Path, image: str, *, argo_rollouts: bool
) -> Path:
    """The file written: what the bucket's pointer says, by digest.

    Raises:
        Refused: nothing is served, or the image is named by a tag that may move.
        CouldNotJudge: the bucket does not answer.
    """
    if not argo.by_digest(image):
        msg = f"{image} is not named by its digest: a tag may point elsewhere tomorrow"
        raise Refused(f"{msg}\n  fix: write NAME@sha256:… as the registry of images shows it")
    here = state(root, now)
    found = service(here, model)
    if found.serving is None or found.odd:
        raise Refused(f"{found.odd or f'{model} serves nothing'}\n  fix: charter apply {model}")
    if argo_rollouts:
        value = argo.manifest(found.serving, here.release, image)
        path, text = folder / f"{model}.rollout.yaml", yaml.safe_dump(value, sort_keys=False)
    else:
        value = argo.reference(found.serving, image)
        path, text = folder / f"{model}.container.json", json.dumps(value, indent=2) + "\n"
    files.write(path, text.encode())
    return path
