"""A tiny repository with a version that was reviewed, proposed, approved and decided on."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

import attesting
import registering
import small
from registering import MODEL, NOW

from adapters import attest
from pipelines import review

SUBJECT = f"model:{MODEL}@1.0.0"


def keyed(root: Path) -> None:
    """A repository with a trained model, a machine in its policies, and no review yet."""
    registering.reviewed(root)
    for path in (root / "records/attestations").glob("*.yaml"):
        path.unlink()
    small.commit(root, "nothing is reviewed yet")


def signing_as(root: Path, name: str = "ci") -> mock._patch_dict:
    """Sets the machine key for what runs inside."""
    folder = root.parent / "keys"
    folder.mkdir(exist_ok=True)
    return mock.patch.dict(os.environ, {attest.FILE: str(attesting.key_file(folder, name))})


def reviewed(root: Path, **more: object) -> tuple[review.Reviewed, ...]:
    """Reviews the model as `charter review` would."""
    with signing_as(root):
        return review.reviewed(root, MODEL, NOW, say=lambda _: None, **more)  # type: ignore[arg-type]


def registered(root: Path) -> None:
    """A repository whose governed branch holds a version people approved."""
    from pipelines import register  # noqa: PLC0415 - loads Git and keys
    from pipelines.registry_standing import subject_digest  # noqa: PLC0415

    keyed(root)
    reviewed(root)
    small.commit(root, "review")
    made = register.propose(root, MODEL, NOW, by="samuel.osei", say=lambda _: None)
    seen = subject_digest(root, made.entry)
    registering.approve(root, SUBJECT, seen)
    registering.decide(root, SUBJECT, seen)
    small.commit(root, "register")
