"""A candidate beside the champion: both answer the same held-out rows, one after the other."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters import modelfile
from governance import digest
from governance.comparison import Comparison
from pipelines import frames, inputs, paired
from pipelines.evaluate import answers
from pipelines.inputs import Refused

if TYPE_CHECKING:
    import pandas as pd

    from governance.model import Model
    from governance.registry import Registry

AT_ONCE: Final = 100_000
"""Rows a model answers at once."""


def compare(  # noqa: PLR0913 - two models, and what is known of the older
    root: Path, name: str, candidate: Path, champion: Path, *, declared: Model | None = None,
    version: str | None = None,
) -> Comparison:  # fmt: skip
    """What both models reach on the rows that are held out from the candidate's training.

    One model is in memory at a time, and answers a part of the rows at once.

    Args:
        root: top of the repository.
        name: the model.
        candidate: folder of the candidate's files.
        champion: folder of the champion's files, of the digest the governed branch names.
        declared: the declaration the champion was trained by, when its features were others.
        version: the champion's version.

    Raises:
        Refused: a model file does not load, both are the same bytes, or a metric is not finite.
    """
    candidate, champion = candidate.resolve(), champion.resolve()
    with contextlib.chdir(root):
        model: Model = inputs.model(name)
        registry: Registry = inputs.declared("policies/registry.yaml")
        digests = modelfile.digest(candidate)[0], modelfile.digest(champion)[0]
        if digests[0] == digests[1]:
            msg = (
                f"{name}: candidate and champion are the same bytes, {digest.short(digests[0])}\n"
                "  fix: compare with the version in production on the governed branch"
            )
            raise Refused(msg)
        held, before = _rows(model, declared)
        said = (
            _said(model, candidate, registry, held.features),
            _said(model, champion, registry, before),
        )
    return Comparison(
        model=name,
        candidate=digests[0],
        champion=digests[1],
        champion_version=version,
        rows=len(held.target),
        rows_digest=_digest(held, before),
        seed=model.training.seed,
        metrics=paired.beside(
            model.task, held.target, champion=said[1], candidate=said[0], seed=model.training.seed
        ),
    )


def _rows(model: Model, declared: Model | None) -> tuple[frames.Rows, pd.DataFrame]:
    """The held-out rows, and the champion's features of the same rows."""
    contract = inputs.contract(model.dataset)
    _, held = frames.split(model, contract)
    if declared is None or declared.features == model.features:
        return held, held.features
    other = model.model_copy(update={"features": declared.features})
    _, before = frames.split(other, contract)
    return held, before.features


def _said(model: Model, folder: Path, registry: Registry, features: pd.DataFrame) -> np.ndarray:
    """What the model in a folder answers; it is not kept."""
    try:
        fitted = modelfile.load(folder / modelfile.NAME, registry.trusted_types)
    except modelfile.Untrusted as error:
        raise Refused(str(error)) from None
    lacking = sorted(set(getattr(fitted, "feature_names_in_", ())) - set(features.columns))
    if lacking:
        msg = (
            f"{folder}: reads {', '.join(lacking)}, which models/{model.name}/model.yaml does not\n"
            "  fix: compare with the declaration that model was trained by"
        )
        raise Refused(msg)
    parts = [
        answers(model, fitted, features.iloc[start : start + AT_ONCE])
        for start in range(0, len(features), AT_ONCE)
    ]
    return np.concatenate(parts)


def _digest(held: frames.Rows, before: pd.DataFrame) -> str:
    """Names the rows that were answered: every feature either model reads, and the target."""
    import pandas as pd  # noqa: PLC0415 - half a second of imports

    total = hashlib.sha256()
    sides = [held.features] if before is held.features else [held.features, before]
    for side in sides:
        total.update("\x1f".join(side.columns).encode())
        total.update(pd.util.hash_pandas_object(side, index=False).to_numpy().tobytes())
    total.update(np.ascontiguousarray(held.target).tobytes())
    return f"sha256:{total.hexdigest()}"
