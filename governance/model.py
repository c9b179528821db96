"""What is claimed about a model (`models/<m>/model.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, model_validator

from governance.bounds import ChampionBound, SliceBound, Threshold
from governance.declaration import Declaration, Name, Part, Person, Semver, Text
from governance.strictness import More

Column = Annotated[str, Field(pattern=r"^[^\W\d]\w*$", max_length=128)]
"""A column name: a word of letters, digits and underscores."""

Task = Literal["classification", "regression"]


class Purpose(Part):
    """What the model is for. Edits here retrain nothing."""

    intended: Text
    """The decision the model supports."""
    out_of_scope: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Uses that are refused."""
    users: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Who acts on its output."""


class Features(Part):
    """Columns the model reads, by role."""

    numeric: tuple[Column, ...] = ()
    """Columns read as numbers."""
    categorical: tuple[Column, ...] = ()
    """Columns read as categories."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        names = self.numeric + self.categorical
        if not names:
            msg = "name at least one feature"
            raise ValueError(msg)
        if len(set(names)) < len(names):
            msg = "a column is named twice"
            raise ValueError(msg)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """All feature columns, numeric ones first."""
        return self.numeric + self.categorical


class Preprocessing(Part):
    """Steps before the estimator, by column role."""

    numeric: tuple[
        Literal["impute-median", "impute-mean", "indicate-missing", "standardise"], ...
    ] = ()
    """Steps for numeric columns, in order."""
    categorical: tuple[Literal["one-hot", "ordinal"], ...] = ("one-hot",)
    """Steps for categorical columns; a missing value is a category of its own."""


class Target(Part):
    """What the model predicts."""

    column: Column
    """The column."""
    positive: str | int | bool | None = None
    """The class that counts as positive; needed for classification."""


class Holdout(Part):
    """Rows kept away from training, the same ones on every run."""

    share: Annotated[float, Field(gt=0, lt=0.9)]
    """Fraction of rows held out."""
    by: Literal["key", "time", "content"]
    """`key`: by a hash of the primary key. `time`: the newest rows. `content`: by a hash of the
    whole row, for data without a key."""


class Training(Part):
    """How the model is fitted. A change here retrains."""

    estimator: (
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*\.[A-Z][A-Za-z0-9_]*$")] | None
    ) = None
    """Dotted name of a scikit-learn estimator."""
    trainer: (
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[a-z_][A-Za-z0-9_]*$")] | None
    ) = None
    """`module:function` that returns a fitted model, instead of an estimator."""
    params: dict[str, JsonValue] = {}
    """Keyword arguments of the estimator or trainer."""
    preprocessing: Preprocessing = Preprocessing()
    """Steps before the estimator."""
    holdout: Holdout
    """Rows kept for evaluation."""
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    """Seed of everything random."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads of numeric libraries; more than one may change the last digits."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.estimator is None) == (self.trainer is None):
            msg = "give exactly one of estimator and trainer"
            raise ValueError(msg)
        return self


class ModelGates(Part):
    """Bounds beyond those of `policies/gates.yaml`; they may only be stricter."""

    performance: Annotated[tuple[Threshold, ...], More] = ()
    """Further performance bounds."""
    fairness: Annotated[tuple[Threshold, ...], More] = ()
    """Further fairness bounds."""
    champion: Annotated[tuple[ChampionBound, ...], More] = ()
    """Further bounds on what it may lose against the version in production."""
    slices: Annotated[tuple[SliceBound, ...], More] = ()
    """Further bounds inside slices."""


class Model(Declaration):
    """A model: its purpose, its data, how it is trained and what it must reach."""

    name: Name
    """The folder's name."""
    title: Text
    """What people call it."""
    owner: Person
    """The model owner, a person."""
    risk_tier: Literal["minimal", "limited", "high"]
    """Tier under the organisation's risk policy."""
    purpose: Purpose
    """What it is for."""
    task: Task
    """What it predicts: a class or a number."""
    dataset: Name
    """The dataset it is trained on."""
    target: Target
    """What it predicts."""
    protected: Annotated[tuple[Column, ...], Field(min_length=1)]
    """Protected attributes for which fairness is measured."""
    features: Features
    """The columns it reads."""
    training: Training
    """How it is fitted."""
    gates: ModelGates = ModelGates()
    """Bounds of its own."""
    champion: Semver | None = None
    """The version in production."""

    @model_validator(mode="after")
    def _positive_class(self) -> Self:
        if (self.task == "classification") == (self.target.positive is None):
            msg = "classification names its positive class, regression has none"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _target_is_no_feature(self) -> Self:
        if self.target.column in self.features.names:
            msg = f"the target {self.target.column} is also a feature"
            raise ValueError(msg)
        return self
