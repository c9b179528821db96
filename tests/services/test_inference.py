"""The service answers as the evaluated model does, and serves no other bytes."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small

pytest.importorskip("prometheus_client", reason="the extra `serve` is not installed")
ROOT = Path(__file__).parents[2]
FOLDER = "artifacts/ml/models/returning/model"
ROW = {"spend": 40.0, "channel": "web"}


@pytest.fixture(scope="module", autouse=True)
def _importable() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "services/ml-inference")
        yield
        for name in [name for name in sys.modules if name.partition(".")[0] == "ml_inference"]:
            del sys.modules[name]


@pytest.fixture(scope="module")
def root(shared: Path) -> Path:
    """A repository with a trained model."""
    return small.template(shared, small.ran)


def load(root: Path, folder: Path | None = None, digest: str | None = None) -> Any:
    from ml_inference import model  # noqa: PLC0415

    wanted = digest or model.digest(root / FOLDER)
    declared = root / "models/returning/model.yaml"
    return model.load(folder or root / FOLDER, wanted, declared, root / "policies/registry.yaml")


def ask(app: Any, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    """Status and value of one answer."""
    said: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    asyncio.run(app({"type": "http", "method": method, "path": path}, receive, send))
    text = said[1]["body"].decode()
    json_like = (b"content-type", b"application/json") in said[0]["headers"]
    return said[0]["status"], json.loads(text) if json_like else text


@pytest.fixture(scope="module")
def app(root: Path) -> Any:
    from ml_inference.app import App  # noqa: PLC0415

    return App(load(root))


def test_it_answers_as_the_model_was_evaluated(root: Path, app: Any) -> None:
    import pandas as pd  # noqa: PLC0415

    from adapters import modelfile  # noqa: PLC0415
    from pipelines import evaluate, frames, inputs  # noqa: PLC0415

    rows = [ROW, {"spend": None, "channel": "shop"}, {"spend": 99.0, "channel": None}]
    frame = pd.DataFrame({
        "spend": [40.0, None, 99.0], "channel": ["web", "shop", frames.MISSING],
    })  # fmt: skip
    model = inputs.declared("models/returning/model.yaml", root)
    fitted = modelfile.load(root / FOLDER / modelfile.NAME, ["numpy.dtype"])
    status, found = ask(app, "POST", "/predict", json.dumps({"rows": rows}).encode())
    assert status == 200
    assert found["predictions"] == evaluate.answers(model, fitted, frame).tolist()
    assert found["digest"] == modelfile.digest(root / FOLDER)[0]


def test_other_bytes_are_refused(root: Path, tmp_path: Path) -> None:
    from ml_inference.model import Unfit, digest  # noqa: PLC0415

    folder = tmp_path / "model"
    shutil.copytree(root / FOLDER, folder)
    (folder / "more.txt").write_text("more")
    with pytest.raises(Unfit, match="it is not served"):
        load(root, folder, digest(root / FOLDER))
    (folder / "more.txt").unlink()
    (folder / "link").symlink_to(root)
    with pytest.raises(Unfit, match="is a link"):
        load(root, folder)


def test_a_type_off_the_list_is_refused(root: Path, tmp_path: Path) -> None:
    from ml_inference import model  # noqa: PLC0415

    policy = tmp_path / "registry.yaml"
    text = (root / "policies/registry.yaml").read_text()
    policy.write_text(text.replace("  - numpy.dtype\n", ""))
    declared = root / "models/returning/model.yaml"
    with pytest.raises(model.Unfit, match=r"types that are not allowed: numpy\.dtype"):
        model.load(root / FOLDER, model.digest(root / FOLDER), declared, policy)


@pytest.mark.parametrize(("body", "words"), [
    (b"", "not JSON"),
    (b'{"rows": [{"spend": NaN, "channel": "web"}]}', "NaN"),
    (b'{"rows": []}', "1 to 10000 rows"),
    (b'{"rows": [1]}', "write"),
    (json.dumps({"rows": [{"spend": 1}]}).encode(), "row 0 lacks channel"),
    (json.dumps({"rows": [ROW, ROW | {"name": "somebody"}]}).encode(), "row 1 has 1 fields"),
    (json.dumps({"rows": [ROW | {"spend": "much"}]}).encode(), "spend is no number"),
    (json.dumps({"rows": [ROW | {"spend": True}]}).encode(), "spend is no number"),
    (json.dumps({"rows": [ROW | {"channel": 3}]}).encode(), "channel is no text"),
])  # fmt: skip
def test_an_odd_request_is_refused_by_name(app: Any, body: bytes, words: str) -> None:
    status, found = ask(app, "POST", "/predict", body)
    assert status == 422
    assert words in found["error"]
    assert "somebody" not in str(found)


def test_too_much_is_too_much(app: Any) -> None:
    assert ask(app, "POST", "/predict", b"x" * (8 << 20) + b"x")[0] == 413


def test_health_and_metrics_name_the_digest(root: Path, app: Any) -> None:
    digest = load(root).digest
    assert ask(app, "GET", "/healthz") == (200, {"model": "returning", "digest": digest})
    ask(app, "POST", "/predict", json.dumps({"rows": [ROW, ROW]}).encode())
    status, text = ask(app, "GET", "/metrics")
    assert status == 200
    assert (
        f'charter_requests_total{{digest="{digest}",model="returning",outcome="answered"}}' in text
    )
    assert "charter_seconds_bucket" in text
    assert ask(app, "GET", "/secrets")[0] == 404
