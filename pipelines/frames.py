"""Training and evaluation rows of a model, the same ones on every run.

Only the columns a model declares are read; scikit-learn needs them in memory, the checks never
do (ADR 5).
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from governance.evidence import of_dataset
from pipelines.inputs import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from governance.contract import Contract
    from governance.model import Model

MISSING = "(missing)"
"""The category of a missing value."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Features, target and protected attributes of some rows, in file order."""

    features: pd.DataFrame
    target: np.ndarray
    protected: pd.DataFrame

    def where(self, chosen: np.ndarray) -> Rows:
        """Some of the rows, in the same order."""
        return Rows(
            self.features[chosen].reset_index(drop=True),
            self.target[chosen],
            self.protected[chosen].reset_index(drop=True),
        )


def split(model: Model, contract: Contract) -> tuple[Rows, Rows]:
    """The rows to train on and the rows held out.

    Raises:
        Refused: a column is missing, the target is constant, or one side has no rows.
    """
    folder = Path(of_dataset(model.dataset, "preparation")).parent / "prepared"
    names = dict.fromkeys((*model.features.names, model.target.column, *model.protected))
    held = _held_out(model, contract, folder)
    table = _prepared(folder)
    absent = [name for name in names if name not in table.schema.names]
    if absent:
        msg = f"models/{model.name}/model.yaml: column {absent[0]} is not in the prepared data"
        raise Refused(msg)
    numbers = [*model.features.numeric]
    numbers += [model.target.column] if model.task == "regression" else []
    for name in numbers:
        if not _is_number(table.schema.field(name).type):
            kind = table.schema.field(name).type
            msg = f"models/{model.name}/model.yaml: column {name} holds {kind}, not numbers"
            raise Refused(msg)
    frame = table.to_table(columns=list(names)).to_pandas(date_as_object=False)
    known = frame[model.target.column].notna().to_numpy()
    parts = (
        _part(frame[~held & known], model, contract),
        _part(frame[held & known], model, contract),
    )
    for rows, what in zip(parts, ("train on", "evaluate on"), strict=True):
        if not len(rows.target):
            msg = f"{model.name}: no rows to {what}; change `training.holdout`"
            raise Refused(msg)
        if len(np.unique(rows.target)) < 2:  # noqa: PLR2004 - a constant teaches nothing
            msg = f"{model.name}: {model.target.column} has a single value in the rows to {what}"
            raise Refused(msg)
    return parts


def answered(paths: Sequence[Path], model: Model, contract: Contract) -> tuple[Rows, np.ndarray]:
    """Requests a model answered, and which of them have an outcome, shape (rows,).

    Where there is none, the target is 0.

    Raises:
        Refused: a file is damaged, or lacks a column, or a column holds no numbers.
    """
    frame = pd.concat([_requests(path, model) for path in paths], ignore_index=True)
    outcome = frame[model.target.column]
    known = outcome.notna().to_numpy()
    target = np.zeros(len(frame), "int64" if model.task == "classification" else "float64")
    if known.any():
        target[known] = _target(outcome[known].infer_objects(), model)
    return Rows(_features(frame, model), target, _groups(frame, model, contract)), known


def _requests(path: Path, model: Model) -> pd.DataFrame:
    """The columns of one file that a model reads or is judged by; an absent outcome is null."""
    wanted = dict.fromkeys((*model.features.names, *model.protected))
    try:
        form = "parquet" if path.suffix == ".parquet" else "csv"
        table = ds.dataset(str(path), format=form)
        schema = table.schema
        problems = [
            f"{path}: column {name} is missing" for name in wanted if name not in schema.names
        ]
        problems += [
            f"{path}: column {name} holds {schema.field(name).type}, not numbers"
            for name in model.features.numeric
            if name in schema.names and not _is_number(schema.field(name).type)
        ]
        if problems:
            raise Refused(*problems)
        if model.target.column in schema.names:
            wanted[model.target.column] = None
        frame = table.to_table(columns=list(wanted)).to_pandas(date_as_object=False)
    except (pa.ArrowException, OSError):
        raise Refused(f"{path}: no whole Parquet or CSV file") from None
    return frame if model.target.column in frame else frame.assign(**{model.target.column: None})


def _part(frame: pd.DataFrame, model: Model, contract: Contract) -> Rows:
    target = _target(frame[model.target.column], model)
    groups = _groups(frame, model, contract).reset_index(drop=True)
    return Rows(_features(frame, model).reset_index(drop=True), target, groups)


def _features(frame: pd.DataFrame, model: Model) -> pd.DataFrame:
    features = {name: frame[name].astype("float64") for name in model.features.numeric}
    for name in model.features.categorical:
        features[name] = _text(frame[name])
    return pd.DataFrame(features)


def _target(column: pd.Series, model: Model) -> np.ndarray:
    """1 for the positive class and 0 for others, or the numbers themselves."""
    if model.task == "classification":
        found: np.ndarray = (column.astype(str) == _spelled(model, column)).to_numpy()
        return found.astype("int64")
    numbers: np.ndarray = column.to_numpy(dtype="float64")
    return numbers


def _groups(frame: pd.DataFrame, model: Model, contract: Contract) -> pd.DataFrame:
    return pd.DataFrame({name: _group(frame[name], contract) for name in model.protected})


def _group(values: pd.Series, contract: Contract) -> pd.Series:
    """The group of each row, as `adapters.engine.grouped` names it."""
    column = contract.column(str(values.name))
    if column is None or not column.groups:
        return _text(values)
    numbers = values.astype("float64")
    names = np.array(column.group_names)[np.searchsorted(column.groups, numbers, side="right")]
    return pd.Series(np.where(numbers.isna(), MISSING, names), index=values.index)


def _is_number(kind: pa.DataType) -> bool:
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(check(kind) for check in checks)


def _spelled(model: Model, target: pd.Series) -> str:
    """The positive class as the column's own values are spelled."""
    positive = model.target.positive
    with contextlib.suppress(ValueError):
        if target.dtype != bool or positive in {0, 1}:
            return str(pd.Series([positive]).astype(target.dtype).iloc[0])
    msg = f"{model.name}: {positive!r} is no value of {model.target.column}, a {target.dtype}"
    raise Refused(msg)


def _text(column: pd.Series) -> pd.Series:
    return column.astype("object").where(column.notna(), MISSING).astype(str)


def _held_out(model: Model, contract: Contract, folder: Path) -> np.ndarray:
    """Which rows are held out, one flag per row in file order."""
    holdout = model.training.holdout
    table = _prepared(folder)
    wanted = {
        "time": [contract.event_column] if contract.event_column else [],
        "key": list(contract.key),
        "content": table.schema.names,
    }[holdout.by]
    if not wanted:
        what = "an event time" if holdout.by == "time" else "a primary key"
        msg = f"{model.name}: holdout by {holdout.by} needs a contract with {what}"
        raise Refused(msg)
    columns = table.to_table(columns=wanted).columns
    if holdout.by == "time":
        times = columns[0].to_pandas(date_as_object=False).to_numpy().astype("datetime64[s]")
        ordered = np.sort(times)
        cut = ordered[min(int(len(ordered) * (1 - holdout.share)), len(ordered) - 1)]
        late: np.ndarray = times >= cut
        return late
    limit = int(holdout.share * 2**64)
    seed = f"{model.training.seed}:"
    texts = [column.cast("string").to_pylist() for column in columns]
    places = (_place(seed, key) for key in zip(*texts, strict=True))
    return np.fromiter((place < limit for place in places), dtype=bool)


def _prepared(folder: Path) -> ds.Dataset:
    """The prepared files in order of their names."""
    return ds.dataset(sorted(str(path) for path in folder.rglob("*.parquet")), format="parquet")


def _place(seed: str, key: tuple[str | None, ...]) -> int:
    """Where a row stands between 0 and 2**64, decided by its key alone."""
    text = seed + "\x1f".join("" if part is None else part for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
