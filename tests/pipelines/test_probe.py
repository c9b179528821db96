"""The evidence keeps what the model said of every held-out row, as a digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from adapters import modelfile
from governance.model import Model
from pipelines import frames, inputs

FOLDER = Path("artifacts/ml/models/returning")


@pytest.mark.usefixtures("ran")
def test_the_probe_is_the_sha256_of_all_scores_in_their_order() -> None:
    model: Model = inputs.model("returning")
    _, held = frames.split(model, inputs.contract("visits"))
    fitted = modelfile.load(FOLDER / "model" / modelfile.NAME, ["numpy.dtype"])
    scores = np.asarray(fitted.predict_proba(held.features)[:, 1], dtype="<f8")
    wanted = {
        "rows": len(scores),
        "digest": f"sha256:{hashlib.sha256(scores.tobytes()).hexdigest()}",
    }
    for name in ("metrics", "metadata"):
        assert json.loads((FOLDER / f"{name}.json").read_text())["probe"] == wanted
