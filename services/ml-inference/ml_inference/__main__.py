"""Starts the service: `python -m ml_inference`, told by its environment what to serve."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import uvicorn

from ml_inference.app import App
from ml_inference.model import Unfit, load


def main() -> None:
    """Serves the model of the environment; any other bytes end the process."""
    try:
        name, wanted = os.environ["CHARTER_MODEL"], os.environ["CHARTER_MODEL_DIGEST"]
        folder = Path(os.environ.get("CHARTER_MODEL_FOLDER", "/model"))
        top = Path(os.environ.get("CHARTER_DECLARATIONS", "/srv"))
        served = load(
            folder, wanted, top / "models" / name / "model.yaml", top / "policies/registry.yaml"
        )
    except KeyError as missing:
        sys.exit(f"set {missing.args[0]}")
    except (Unfit, OSError) as reason:
        sys.exit(str(reason))
    uvicorn.run(App(served), host="0.0.0.0", port=8080, access_log=False)  # noqa: S104 - a container


if __name__ == "__main__":
    main()
