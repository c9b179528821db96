"""One model folder, loaded by digest: other bytes are refused before they are opened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import skops.io as sio

from governance import catalogue
from governance.model import Model
from governance.registration import root
from governance.registry import Registry
from governance.version import ModelFile

FILE: Final = "model.skops"
_BLOCK: Final = 1 << 20


class Unfit(Exception):
    """The model may not be served; the message says why."""


class Unanswerable(Exception):
    """A request the model has no answer to; the message says which field."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model ready to answer. `digest` is what its bytes were found to be."""

    model: Model
    digest: str
    fitted: Any

    def answer(self, rows: Sequence[Mapping[str, Any]]) -> list[float]:
        """One number per row: the chance of the positive class, or the predicted value.

        Raises:
            Unanswerable: a field is missing, unknown, or of another kind.
        """
        columns = self.model.features
        for number, row in enumerate(rows):
            if missing := [name for name in columns.names if name not in row]:
                msg = f"row {number} lacks {', '.join(missing)}"
                raise Unanswerable(msg)
            if unknown := sorted(row.keys() - set(columns.names)):
                msg = f"row {number} has {len(unknown)} fields the model does not read"
                raise Unanswerable(msg)
            for name in columns.numeric:
                if isinstance(row[name], bool) or not isinstance(row[name], int | float | None):
                    msg = f"row {number}: {name} is no number"
                    raise Unanswerable(msg)
            for name in columns.categorical:
                if not isinstance(row[name], str | None):
                    msg = f"row {number}: {name} is no text"
                    raise Unanswerable(msg)
        frame = pd.DataFrame({
            name: pd.Series([row[name] for row in rows], dtype="float64")
            if name in columns.numeric
            else pd.Series([row[name] for row in rows], dtype="object").fillna("(missing)")
            for name in columns.names
        })  # fmt: skip
        if self.model.task == "classification" and hasattr(self.fitted, "predict_proba"):
            return [float(value) for value in self.fitted.predict_proba(frame)[:, 1]]
        return [float(value) for value in self.fitted.predict(frame)]


def load(folder: Path, wanted: str, declaration: Path, policy: Path) -> Served:
    """The model in a folder, when it is the one that is wanted.

    Args:
        folder: its files.
        wanted: the digest of the approved version, `sha256:…`.
        declaration: `model.yaml`, which names its features.
        policy: `registry.yaml`, which names the types it may hold.

    Raises:
        Unfit: other bytes, another type, or a file that does not load.
    """
    found = digest(folder)
    if found != wanted:
        msg = f"the model is {found[:19]}, approved is {wanted[:19]}: it is not served"
        raise Unfit(msg)
    model = _read(f"models/{declaration.parent.name}/model.yaml", declaration, Model)
    trusted = set(_read("policies/registry.yaml", policy, Registry).trusted_types)
    if unknown := set(sio.get_untrusted_types(file=folder / FILE)) - trusted:
        msg = f"types that are not allowed: {', '.join(sorted(unknown))}"
        raise Unfit(msg)
    return Served(model, found, sio.load(folder / FILE, trusted=sorted(trusted)))


def digest(folder: Path) -> str:
    """Root digest of a model folder, as the registry names it."""
    files = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            msg = f"{path.name} is a link: its bytes may change"
            raise Unfit(msg)
        if path.is_file():
            seen = hashlib.sha256()
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    seen.update(block)
            name = path.relative_to(folder).as_posix()
            size = path.stat().st_size
            files.append(ModelFile(path=name, bytes=size, sha256=seen.hexdigest()))
    if not files:
        msg = f"{folder} holds no model"
        raise Unfit(msg)
    return root(files)


def _read(path: str, file: Path, kind: type) -> Any:
    value, _, findings = catalogue.read(path, file.read_bytes())
    if not isinstance(value, kind):
        msg = "; ".join(found.problem for found in findings) or f"{path} is of another kind"
        raise Unfit(msg)
    return value
